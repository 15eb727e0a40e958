//! What is done with each record in the rows of whole programs: GC count and mean quality.
//!
//! The code is the same for all contenders, and so is the vector unit it runs on: it is chosen at run time, in binaries built
//! portably and for this machine alike, so that only the way there differs.

use std::sync::LazyLock;

use crate::Answer;

/// GC bases and mean qualities, added up over records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    records: u64,
    gc: u64,
    means: u64,
}

impl Work {
    /// Counts `G` and `C` in `seq` and takes the mean of `qual`.
    #[inline(always)]
    pub fn add(&mut self, seq: &[u8], qual: &[u8]) {
        self.records += 1;
        self.gc += gc(seq);
        self.means += mean(qual);
    }

    /// Both together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self { records: self.records + other.records, gc: self.gc + other.gc, means: self.means + other.means }
    }

    /// Records, GC bases, sum of mean qualities in hundredths.
    #[must_use]
    pub fn answer(self) -> Answer {
        [self.records, self.gc, self.means]
    }
}

/// The number of `G` and `C`, upper case.
#[inline]
#[must_use]
pub fn gc(seq: &[u8]) -> u64 {
    (UNIT.gc)(seq)
}

/// The sum of the qualities.
#[inline]
#[must_use]
pub fn sum(qual: &[u8]) -> u64 {
    (UNIT.sum)(qual).saturating_sub(33 * qual.len() as u64)
}

/// The mean quality, in hundredths; 0 of none.
#[inline]
#[must_use]
pub fn mean(qual: &[u8]) -> u64 {
    (100 * sum(qual)).checked_div(qual.len() as u64).unwrap_or(0)
}

/// The two loops, for a vector unit.
struct Unit {
    gc: fn(&[u8]) -> u64,
    sum: fn(&[u8]) -> u64,
}

static UNIT: LazyLock<Unit> = LazyLock::new(|| {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the unit is there.
        return Unit { gc: |seq| unsafe { avx2::gc(seq) }, sum: |qual| unsafe { avx2::sum(qual) } };
    }
    Unit {
        gc: |seq| seq.iter().filter(|&&base| is_gc(base)).count() as u64,
        sum: |qual| qual.iter().map(|&quality| u64::from(quality)).sum(),
    }
});

/// 'C' and 'G' differ in one bit.
const CASE: u8 = b'C' ^ b'G';

fn is_gc(base: u8) -> bool {
    base & !CASE == b'C'
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::CASE;

    /// Bytes at a step.
    const LANES: usize = 32;

    #[target_feature(enable = "avx2")]
    fn load(chunk: &[u8; LANES]) -> __m256i {
        // SAFETY: 32 bytes are there to read.
        unsafe { _mm256_loadu_si256(chunk.as_ptr().cast()) }
    }

    /// The last bytes, at least 32 in all, with zeros for all but the `rest` last ones.
    #[target_feature(enable = "avx2")]
    fn tail(bytes: &[u8], rest: usize) -> __m256i {
        static MASK: [[u8; LANES]; 2] = [[0; LANES], [0xff; LANES]];
        match (bytes.last_chunk(), MASK.as_flattened()[rest..].first_chunk()) {
            (Some(last), Some(mask)) => _mm256_and_si256(load(last), load(mask)),
            _ => _mm256_setzero_si256(),
        }
    }

    #[target_feature(enable = "avx2")]
    fn total(words: __m256i) -> u64 {
        let half = _mm_add_epi64(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
        (_mm_cvtsi128_si64(half) + _mm_extract_epi64::<1>(half)) as u64
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn gc(seq: &[u8]) -> u64 {
        if seq.len() < LANES {
            return seq.iter().filter(|&&base| super::is_gc(base)).count() as u64;
        }
        let zero = _mm256_setzero_si256();
        let (keep, wanted) = (_mm256_set1_epi8(!CASE as i8), _mm256_set1_epi8(b'C' as i8));
        let hits = |bases| _mm256_cmpeq_epi8(_mm256_and_si256(bases, keep), wanted);
        let (chunks, rest) = seq.as_chunks::<LANES>();
        let mut words = _mm256_sad_epu8(_mm256_sub_epi8(zero, hits(tail(seq, rest.len()))), zero);
        // A lane of bytes counts 255 steps before it overflows.
        for run in chunks.chunks(255) {
            let mut lanes = zero;
            for chunk in run {
                lanes = _mm256_sub_epi8(lanes, hits(load(chunk)));
            }
            words = _mm256_add_epi64(words, _mm256_sad_epu8(lanes, zero));
        }
        total(words)
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn sum(qual: &[u8]) -> u64 {
        if qual.len() < LANES {
            return qual.iter().map(|&quality| u64::from(quality)).sum();
        }
        let zero = _mm256_setzero_si256();
        let (chunks, rest) = qual.as_chunks::<LANES>();
        let mut words = _mm256_sad_epu8(tail(qual, rest.len()), zero);
        for chunk in chunks {
            words = _mm256_add_epi64(words, _mm256_sad_epu8(load(chunk), zero));
        }
        total(words)
    }
}

#[cfg(test)]
mod tests {
    use super::{gc, mean};

    #[test]
    fn both_are_those_of_a_loop_over_bytes() {
        let seq: Vec<u8> = (0..20_000_usize).map(|n| b"ACGTNG"[n * n % 7 % 6]).collect();
        let qual: Vec<u8> = (0..20_000_usize).map(|n| 33 + (n * n % 60) as u8).collect();
        for len in (0..200).chain([8159, 8160, 8161, 20_000]) {
            let count = seq[..len].iter().filter(|base| b"GC".contains(base)).count();
            assert_eq!(gc(&seq[..len]), count as u64, "{len} bases");
            let sum: u64 = qual[..len].iter().map(|&quality| u64::from(quality) - 33).sum();
            assert_eq!(mean(&qual[..len]), (100 * sum).checked_div(len as u64).unwrap_or(0), "{len} qualities");
        }
    }
}
