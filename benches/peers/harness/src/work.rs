//! What is done with each record in the rows of whole programs: GC count and mean quality.
//!
//! The source is the same for all contenders, in words of eight bytes that the compiler makes vectors of. In binaries built
//! for this machine these are wider, which favours who is built so.

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
    // 'C' and 'G' differ in one bit; what is left of them is zero, and of all zeros the highest bit is set.
    const KEEP: u64 = u64::from_ne_bytes([!(b'C' ^ b'G'); 8]);
    const WANTED: u64 = u64::from_ne_bytes([b'C'; 8]);
    by_words(seq, |word| {
        let other = (word & KEEP) ^ WANTED;
        pairs(!(((other & LOW) + LOW) | other | LOW) >> 7)
    })
}

/// The sum of the qualities.
#[inline]
#[must_use]
pub fn sum(qual: &[u8]) -> u64 {
    by_words(qual, pairs).saturating_sub(33 * qual.len() as u64)
}

/// The mean quality, in hundredths; 0 of none.
#[inline]
#[must_use]
pub fn mean(qual: &[u8]) -> u64 {
    (100 * sum(qual)).checked_div(qual.len() as u64).unwrap_or(0)
}

/// Every other byte of a word.
const EVEN: u64 = 0x00ff_00ff_00ff_00ff;

/// All bits of each byte but the highest.
const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// Four words of eight bytes.
type Step = [u64; 4];

/// Adds up over steps of 32 bytes, the last one filled up with zeros: `add` puts a word's share into four lanes of 16 bits, 510
/// a lane at most.
#[inline(always)]
fn by_words(bytes: &[u8], add: impl Fn(u64) -> u64) -> u64 {
    let words = |step: &[u8; 32]| -> Step {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(step.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        words
    };
    let (steps, rest) = bytes.as_chunks::<32>();
    let mut last = [0; 32];
    last[..rest.len()].copy_from_slice(rest);
    let mut lanes = words(&last).map(&add);
    let mut total = 0;
    // 127 steps beside the last one: 128 times 510 is less than a lane holds.
    for run in steps.chunks(127) {
        for step in run {
            for (lane, word) in lanes.iter_mut().zip(words(step)) {
                *lane += add(word);
            }
        }
        total += of_lanes(std::mem::take(&mut lanes));
    }
    total + of_lanes(lanes)
}

fn of_lanes(lanes: Step) -> u64 {
    lanes.into_iter().map(|word| (0..4).map(|lane| (word >> (16 * lane)) & 0xffff).sum::<u64>()).sum()
}

/// A word's bytes, in pairs.
#[inline(always)]
fn pairs(word: u64) -> u64 {
    (word & EVEN) + ((word >> 8) & EVEN)
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
