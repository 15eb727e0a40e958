//! The sample that the facade ships: 20,000 reads of 150 bases.

use crate::generate::{Kind, Size, Totals, to_vec};

/// Records in the sample.
pub const SAMPLE_RECORDS: u64 = 20_000;
/// Seed of the sample.
pub const SAMPLE_SEED: u64 = 2026;

/// The uncompressed sample, and what it holds.
#[must_use]
pub fn sample() -> (Vec<u8>, Totals) {
    to_vec(Kind::Illumina, SAMPLE_SEED, Size::Records(SAMPLE_RECORDS))
}

#[cfg(test)]
mod tests;
