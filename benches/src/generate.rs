//! Data sets of a kind, a seed and a size, streamed to any writer.

use std::{
    fmt,
    io::{self, Write},
    str::FromStr,
};

use crate::{
    rng::Rng,
    shape::{Cluster, long_length, push_binned, push_long_header, push_walking},
};

const SHORT: &[u8] = b"LH00417:88:22FKQ7LT3";
const SHORT_INDEX: &[u8] = b"GCCATAGT+ACTAGGAC";
const TRIMMED: &[u8] = b"D00311:214:H2YJCBCX2";
const TRIMMED_INDEX: &[u8] = b"CGATGT";

/// What kind of reads a data set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads of 150 bases with four quality bins.
    Illumina,
    /// Reads trimmed to 35..=151 bases, most of them whole, with qualities from 2 to 41; some begin with `@` or `+`.
    Trimmed,
    /// Long reads of a lognormal length: median 8 kb, at most 500 kb.
    Long,
    /// Pairs of 150 bases in one stream: R1, R2, R1, R2. Always whole pairs.
    Interleaved,
}

impl Kind {
    /// All kinds, in the order in which the task lists them.
    pub const ALL: [Self; 4] = [Self::Illumina, Self::Trimmed, Self::Long, Self::Interleaved];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Illumina => "illumina",
            Self::Trimmed => "trimmed",
            Self::Long => "long",
            Self::Interleaved => "interleaved",
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(UnknownKind)
    }
}

/// No kind has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKind;

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown kind of reads; there are: illumina, trimmed, long, interleaved")
    }
}

impl std::error::Error for UnknownKind {}

/// How much to write. The last record (or pair) is always whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// At least so many bytes: the record that reaches the number is the last.
    Bytes(u64),
    /// At least so many records: interleaved data rounds up to whole pairs.
    Records(u64),
}

impl Size {
    fn reached(self, totals: &Totals) -> bool {
        match self {
            Self::Bytes(bytes) => totals.bytes >= bytes,
            Self::Records(records) => totals.records >= records,
        }
    }
}

/// Reads `300MB`, `64MiB`, `1GB`, `4096` (bytes) or `20000r` (records).
impl FromStr for Size {
    type Err = ParseSizeError;

    fn from_str(text: &str) -> Result<Self, ParseSizeError> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| ParseSizeError)?;
        let unit = match unit {
            "r" | "records" => return Ok(Self::Records(number)),
            "" | "B" => 1,
            "kB" | "KB" => 1000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(ParseSizeError),
        };
        number.checked_mul(unit).map(Self::Bytes).ok_or(ParseSizeError)
    }
}

/// The text is no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseSizeError;

impl fmt::Display for ParseSizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no size; write bytes as 300MB, 64MiB or 4096, records as 20000r")
    }
}

impl std::error::Error for ParseSizeError {}

/// What a data set holds: the answers that a reader of it must give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Number of records.
    pub records: u64,
    /// Sum of the sequences' lengths.
    pub bases: u64,
    /// Sum of all quality bytes minus 33 each.
    pub qualsum: u64,
    /// Number of bytes, line ends included.
    pub bytes: u64,
}

impl Totals {
    /// Counts one four-line record with line feeds and a quality as long as the sequence.
    fn count(&mut self, record: &[u8], bases: usize) {
        let quality = &record[record.len() - 1 - bases..record.len() - 1];
        self.records += 1;
        self.bases += bases as u64;
        self.qualsum += quality.iter().map(|byte| u64::from(byte - b'!')).sum::<u64>();
        self.bytes += record.len() as u64;
    }
}

/// Makes one record or pair after the other.
struct Generator {
    kind: Kind,
    rng: Rng,
    /// Clusters or long reads made so far.
    number: u64,
}

impl Generator {
    fn new(kind: Kind, seed: u64) -> Self {
        Self { kind, rng: Rng::new(seed), number: 0 }
    }

    /// Appends the next record, of an interleaved set the next pair, and counts it.
    fn push(&mut self, out: &mut Vec<u8>, totals: &mut Totals) {
        let start = out.len();
        let rng = &mut self.rng;
        let bases = match self.kind {
            Kind::Illumina => {
                Cluster::new(self.number, rng).push_header(SHORT, 1, SHORT_INDEX, out);
                push_binned(rng, 150, out);
                150
            }
            Kind::Trimmed => {
                Cluster::new(self.number, rng).push_header(TRIMMED, 1, TRIMMED_INDEX, out);
                let len = if rng.below(5) < 3 { 151 } else { rng.between(35, 151) } as usize;
                let first = if rng.one_in(12) { 10 } else { rng.between(28, 34) as u8 };
                push_walking(rng, len, first, 2, 41, out);
                len
            }
            Kind::Long => {
                push_long_header(rng, self.number, out);
                let len = long_length(rng);
                let first = rng.between(4, 20) as u8;
                push_walking(rng, len, first, 1, 50, out);
                len
            }
            Kind::Interleaved => {
                let cluster = Cluster::new(self.number, rng);
                self.number += 1;
                self.push_mate(cluster, 1, out, totals);
                self.push_mate(cluster, 2, out, totals);
                return;
            }
        };
        self.number += 1;
        totals.count(&out[start..], bases);
    }

    fn push_mate(&mut self, cluster: Cluster, mate: u8, out: &mut Vec<u8>, totals: &mut Totals) {
        let start = out.len();
        cluster.push_header(SHORT, mate, SHORT_INDEX, out);
        push_binned(&mut self.rng, 150, out);
        totals.count(&out[start..], 150);
    }
}

/// Bytes gathered before they are written.
const CHUNK: usize = 256 << 10;

/// Writes a data set, and says what it holds. The bytes depend on the arguments alone.
///
/// # Errors
///
/// Those of `out`.
///
/// # Examples
///
/// ```
/// use fqbuf_benches::{Kind, Size, write};
///
/// let totals = write(Kind::Long, 1, Size::Bytes(100_000), &mut std::io::sink())?;
/// assert!(totals.bytes >= 100_000);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write(kind: Kind, seed: u64, size: Size, out: &mut impl Write) -> io::Result<Totals> {
    let mut generator = Generator::new(kind, seed);
    let mut totals = Totals::default();
    let mut chunk = Vec::with_capacity(CHUNK + CHUNK / 4);
    while !size.reached(&totals) {
        generator.push(&mut chunk, &mut totals);
        if chunk.len() >= CHUNK {
            out.write_all(&chunk)?;
            chunk.clear();
        }
    }
    out.write_all(&chunk)?;
    out.flush()?;
    Ok(totals)
}

/// Writes the two files of a paired data set of 150-base reads; `size` is that of each.
///
/// The same seed and twice the records of [`Kind::Interleaved`] hold the same pairs in one stream.
///
/// # Errors
///
/// Those of `first` and `second`.
pub fn write_pair(seed: u64, size: Size, first: &mut impl Write, second: &mut impl Write) -> io::Result<[Totals; 2]> {
    let mut generator = Generator::new(Kind::Interleaved, seed);
    let mut totals = [Totals::default(); 2];
    let mut chunks = [Vec::with_capacity(CHUNK + CHUNK / 4), Vec::with_capacity(CHUNK + CHUNK / 4)];
    while !size.reached(&totals[0]) {
        let cluster = Cluster::new(generator.number, &mut generator.rng);
        generator.number += 1;
        generator.push_mate(cluster, 1, &mut chunks[0], &mut totals[0]);
        generator.push_mate(cluster, 2, &mut chunks[1], &mut totals[1]);
        if chunks[0].len() >= CHUNK {
            first.write_all(&chunks[0])?;
            second.write_all(&chunks[1])?;
            chunks[0].clear();
            chunks[1].clear();
        }
    }
    first.write_all(&chunks[0])?;
    second.write_all(&chunks[1])?;
    first.flush()?;
    second.flush()?;
    Ok(totals)
}

/// A data set in memory, and what it holds.
#[must_use]
pub fn to_vec(kind: Kind, seed: u64, size: Size) -> (Vec<u8>, Totals) {
    let mut generator = Generator::new(kind, seed);
    let mut totals = Totals::default();
    let mut out = Vec::new();
    while !size.reached(&totals) {
        generator.push(&mut out, &mut totals);
    }
    (out, totals)
}

#[cfg(test)]
mod tests;
