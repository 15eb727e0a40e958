//! What is counted: integers only, so that any order of merging gives the same results.

use fqbuf::RefRecord;
use serde::{Deserialize, Serialize};

/// Quality bytes counted one by one: Phred 0 to 93 in Sanger's encoding. Others count as the nearest.
pub(crate) const QUALITIES: usize = 94;

/// How positions are binned, in words that change with it.
pub(crate) const BINNING: &str = "1..=256 single, then 16 a power of two";

/// Positions that have a bin of their own; behind them 16 bins share each power of two.
const SINGLE: usize = 256;

/// Bins there are: for reads of a quarter of the address space.
const BINS: usize = bin_of(usize::MAX / 4) + 1;

/// Records, bases and bytes that may be counted: two tallies of so many can be added, and plots of them drawn.
const MOST: u64 = 1 << 53;

/// Bases with a column of their own, in either case; everything else is in a fifth.
pub(crate) const BASES: [u8; 4] = *b"ACGT";

/// Counts of one bin of positions.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Bin {
    /// A, C, G, T, other.
    pub(crate) bases: [u64; 5],
    /// Times each Phred value stands in the bin.
    pub(crate) qualities: Vec<u64>,
}

impl Default for Bin {
    fn default() -> Self {
        Self { bases: [0; 5], qualities: vec![0; QUALITIES] }
    }
}

/// Results of an input, or of a part of one.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) records: u64,
    pub(crate) bases: u64,
    /// Sum of quality byte minus 33; wide enough for every input, and below zero for odd encodings only.
    pub(crate) qualsum: i64,
    /// Shortest and longest read, in bases.
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    /// Least and greatest quality byte.
    pub(crate) min_quality: Option<u8>,
    pub(crate) max_quality: Option<u8>,
    /// Bases that are G or C, and those that are A, C, G or T.
    pub(crate) gc: u64,
    pub(crate) acgt: u64,
    /// Bad records passed over, and their bytes.
    pub(crate) skipped_records: u64,
    pub(crate) skipped_bytes: u64,
    /// Good records passed over with their bad mates.
    #[serde(default)]
    pub(crate) dropped_records: u64,
    /// Reads by length, in the bins of positions.
    pub(crate) lengths: Vec<u64>,
    /// Reads by percent of G and C among A, C, G and T.
    pub(crate) gc_percent: Vec<u64>,
    /// Reads by mean quality, rounded down.
    pub(crate) mean_quality: Vec<u64>,
    /// Counts by position in the read.
    pub(crate) positions: Vec<Bin>,
}

/// The bin of a position, from 0.
pub(crate) const fn bin_of(position: usize) -> usize {
    if position < SINGLE {
        return position;
    }
    let power = position.ilog2() as usize;
    SINGLE + (power - SINGLE.ilog2() as usize) * 16 + ((position >> (power - 4)) & 15)
}

/// The first position of a bin, from 0.
pub(crate) fn bin_start(bin: usize) -> usize {
    match bin.checked_sub(SINGLE) {
        None => bin,
        Some(rest) => (16 + rest % 16) << (rest / 16 + SINGLE.ilog2() as usize - 4),
    }
}

impl Tally {
    /// Counts totals only: what `--tsv` prints.
    pub(crate) fn add_totals(&mut self, record: &RefRecord<'_>) {
        self.records += 1;
        self.bases += record.len() as u64;
        self.qualsum += record.quality_sum();
    }

    /// Counts everything.
    pub(crate) fn add(&mut self, record: &RefRecord<'_>) {
        let before = self.qualsum;
        self.add_totals(record);
        let (seq, qual) = (record.seq(), record.qual());
        let length = seq.len();
        self.min_length = Some(self.min_length.map_or(length as u64, |min| min.min(length as u64)));
        self.max_length = self.max_length.max(Some(length as u64));
        count(&mut self.lengths, bin_of(length));
        if length == 0 {
            return;
        }
        let (low, high) = qual.iter().fold((u8::MAX, 0), |(low, high), q| (low.min(*q), high.max(*q)));
        self.min_quality = Some(self.min_quality.map_or(low, |min| min.min(low)));
        self.max_quality = self.max_quality.max(Some(high));
        let mean = (self.qualsum - before) / length as i64;
        count(&mut self.mean_quality, mean.clamp(0, QUALITIES as i64 - 1) as usize);
        self.add_gc(record);
        self.add_positions(seq, qual);
    }

    fn add_gc(&mut self, record: &RefRecord<'_>) {
        let gc = record.gc_count() as u64;
        let at = record.seq().iter().filter(|base| matches!(*base & !0x20, b'A' | b'T')).count() as u64;
        self.gc += gc;
        self.acgt += gc + at;
        if let Some(percent) = (100 * gc).checked_div(gc + at) {
            count(&mut self.gc_percent, percent as usize);
        }
    }

    fn add_positions(&mut self, seq: &[u8], qual: &[u8]) {
        let bins = bin_of(seq.len() - 1) + 1;
        if self.positions.len() < bins {
            self.positions.resize_with(bins, Bin::default);
        }
        for (position, (base, q)) in seq.iter().zip(qual).enumerate() {
            let bin = &mut self.positions[bin_of(position)];
            bin.bases[usize::from(COLUMN[usize::from(*base)])] += 1;
            bin.qualities[usize::from(q.saturating_sub(33)).min(QUALITIES - 1)] += 1;
        }
    }

    /// Adds the results of another part.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.bases += other.bases;
        self.qualsum += other.qualsum;
        self.gc += other.gc;
        self.acgt += other.acgt;
        self.skipped_records += other.skipped_records;
        self.skipped_bytes += other.skipped_bytes;
        self.dropped_records += other.dropped_records;
        self.min_length = least(self.min_length, other.min_length);
        self.max_length = self.max_length.max(other.max_length);
        self.min_quality = least(self.min_quality, other.min_quality);
        self.max_quality = self.max_quality.max(other.max_quality);
        add_all(&mut self.lengths, &other.lengths);
        add_all(&mut self.gc_percent, &other.gc_percent);
        add_all(&mut self.mean_quality, &other.mean_quality);
        if self.positions.len() < other.positions.len() {
            self.positions.resize_with(other.positions.len(), Bin::default);
        }
        for (bin, other) in self.positions.iter_mut().zip(&other.positions) {
            bin.bases.iter_mut().zip(&other.bases).for_each(|(a, b)| *a += b);
            add_all(&mut bin.qualities, &other.qualities);
        }
    }

    /// What shows that this was not counted, if anything does.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let Self { records, bases, gc, acgt, skipped_records, skipped_bytes, dropped_records, .. } = *self;
        if [records, bases, skipped_records, skipped_bytes, dropped_records].iter().any(|n| *n > MOST) {
            return Some("more counted than there can be");
        }
        let bins = self.lengths.len().max(self.positions.len());
        let qualities = self.positions.iter().map(|bin| bin.qualities.len()).max().unwrap_or(0);
        if bins > BINS || qualities.max(self.mean_quality.len()) > QUALITIES || self.gc_percent.len() > 101 {
            return Some("more bins than there are");
        }
        let empty = self.lengths.first().copied().unwrap_or(0);
        let adds_up = sum(&self.lengths) == records.into()
            && sum(&self.mean_quality) + u128::from(empty) == records.into()
            && sum(&self.gc_percent) <= records.into()
            && sum(self.positions.iter().flat_map(|bin| &bin.bases)) == bases.into()
            && sum(self.positions.iter().flat_map(|bin| &bin.qualities)) == bases.into()
            && self.qualsum.unsigned_abs() <= bases * 255
            && gc <= acgt
            && acgt <= bases;
        (!adds_up).then_some("counts that do not add up")
    }

    /// Mean Phred value of all bases.
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.bases > 0).then(|| self.qualsum as f64 / self.bases as f64)
    }

    /// Mean length of the reads.
    pub(crate) fn mean_length(&self) -> Option<f64> {
        (self.records > 0).then(|| self.bases as f64 / self.records as f64)
    }

    /// Percent of G and C among A, C, G and T.
    pub(crate) fn gc_of_all(&self) -> Option<f64> {
        (self.acgt > 0).then(|| 100.0 * self.gc as f64 / self.acgt as f64)
    }

    /// Percent of bases of at least this Phred value.
    pub(crate) fn at_least(&self, phred: usize) -> Option<f64> {
        let good: u64 = self.positions.iter().flat_map(|bin| bin.qualities.iter().skip(phred)).sum();
        (self.bases > 0).then(|| 100.0 * good as f64 / self.bases as f64)
    }
}

impl Bin {
    /// Mean Phred value.
    pub(crate) fn mean(&self) -> f64 {
        let bases: u64 = self.qualities.iter().sum();
        let sum: u64 = self.qualities.iter().zip(0..).map(|(n, phred)| n * phred).sum();
        if bases == 0 { 0.0 } else { sum as f64 / bases as f64 }
    }

    /// The Phred value below which this share of the bases is.
    pub(crate) fn quantile(&self, share: f64) -> usize {
        let bases: u64 = self.qualities.iter().sum();
        let mut left = (bases as f64 * share) as u64;
        for (phred, n) in self.qualities.iter().enumerate() {
            if left < *n {
                return phred;
            }
            left -= n;
        }
        QUALITIES - 1
    }
}

/// The column of each base. A table: bases are random, and a branch on one is mispredicted mostly.
const COLUMN: [u8; 256] = {
    let mut columns = [4; 256];
    let mut i = 0;
    while i < BASES.len() {
        columns[BASES[i] as usize] = i as u8;
        columns[BASES[i].to_ascii_lowercase() as usize] = i as u8;
        i += 1;
    }
    columns
};

fn count(counts: &mut Vec<u64>, at: usize) {
    if counts.len() <= at {
        counts.resize(at + 1, 0);
    }
    counts[at] += 1;
}

/// Sum of counts of any size.
fn sum<'c>(counts: impl IntoIterator<Item = &'c u64>) -> u128 {
    counts.into_iter().map(|n| u128::from(*n)).sum()
}

fn add_all(sums: &mut Vec<u64>, more: &[u64]) {
    if sums.len() < more.len() {
        sums.resize(more.len(), 0);
    }
    sums.iter_mut().zip(more).for_each(|(a, b)| *a += b);
}

fn least<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
