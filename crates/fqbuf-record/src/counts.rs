//! What is counted of nearly every record: bases that are G or C, and the sum of its qualities.
//!
//! With AVX-512 a read of up to 192 bases takes three loads of 64 bytes that overlap as they must to lie in it, and with AVX2
//! one of up to 160 five loads of 32; what an earlier load has seen is masked off. So there is no loop over it: trimmed reads
//! differ in length, and a branch mispredicted at the end of a loop, and one for the bytes left over, cost more than all the rest.
//! Processors without either run what the compiler makes of plain loops.
//!
//! The unit is chosen in every call, by a load and a branch that is always predicted: callers need not know of it. In a loop
//! that is compiled for AVX-512 already, as `fqbuf-parallel` has them, the counts become part of it.
//!
//! Both counts and a mean of one record, ns (2-core Zen 5 guest, 4.3 GHz, 2026-11-25; a scratch program, portable build, records
//! in cache, lengths that do not repeat, best of five rounds; 1.6 of it the loop and the division); in brackets where the
//! loop is compiled for AVX-512:
//!
//! | variant | 150 bases | 35 to 151 bases | 35 bases | 5 to 15 kb |
//! |---|---|---|---|---|
//! | this one | 6.8 (6.6) | 7.7 (7.3) | 4.6 (4.7) | 125 (129) |
//! | this one with AVX2 | 7.7 (7.8) | 7.7 (7.6) | 7.6 (7.6) | 178 (179) |
//! | plain loops | 13.6 (11.6) | 23.7 (23.0) | 5.6 (5.9) | 828 (438) |
//! | eight bytes in an ordinary register, the rest by two loads of four | 13.3 | 25.3 | 8.6 | 544 |
//! | arrays of 64 bytes, the last a copy, left to the compiler | 29.8 | 26.1 | 16.7 | 883 |
//! | 16 bytes with SSE2, the last a copy: a load waits for the stores of the copy | 21.8 | 22.0 | 20.9 | 362 |
//! | AVX2, a loop over 32 bytes, the last overlapping | 7.5 (5.5) | 12.8 (10.2) | 6.8 (4.9) | 174 (171) |
//! | AVX-512, a loop over 64 bytes, the rest a masked load | 5.5 (5.3) | 7.6 (7.2) | 4.1 (4.0) | 114 (114) |
//! | AVX-512, three masked loads whatever the length | 7.4 (6.2) | 6.9 (5.9) | 6.1 (5.1) | 116 (111) |
//! | AVX-512, as here, both counts in one call | 5.9 (5.5) | 6.9 (6.3) | 4.3 (4.2) | 116 (115) |
//!
//! The last one is not offered: a nanosecond is 3 % of what reading takes, and few want exactly these two. Variants
//! other than the first two do not choose a unit, which takes half a nanosecond.

#[cfg(target_arch = "x86_64")]
pub(crate) mod vectors;

use crate::simd;

/// The number of bases that are G or C, in either case.
///
/// No other letter counts, ambiguous ones (`S`) included. Neither blocks nor allocates.
///
/// # Examples
/// ```
/// use fqbuf_record::gc_count;
///
/// assert_eq!(gc_count(b"ACGTNacgtn"), 4);
/// ```
#[inline(always)]
#[must_use]
pub fn gc_count(seq: &[u8]) -> usize {
    simd::gc_count(seq)
}

/// The sum of Phred scores in Sanger's encoding: of each byte less 33.
///
/// It is exact for every byte, and below zero where bytes below `!` outweigh the others: no FASTQ has those, and
/// [`Checks`](crate::Checks) refuse them on request. Neither blocks nor allocates.
///
/// # Examples
/// ```
/// use fqbuf_record::quality_sum;
///
/// assert_eq!(quality_sum(b"II5!"), 40 + 40 + 20);
/// assert_eq!(quality_sum(b" "), -1);
/// ```
#[inline(always)]
#[must_use]
pub fn quality_sum(qual: &[u8]) -> i64 {
    simd::quality_sum(qual)
}

/// The arithmetic mean of Phred scores, `None` of none: the [sum](quality_sum) by the number.
///
/// Not the score of the mean error probability, which is lower.
///
/// # Examples
/// ```
/// use fqbuf_record::mean_quality;
///
/// assert_eq!(mean_quality(b"I5!"), Some(20.0));
/// assert_eq!(mean_quality(b""), None);
/// ```
#[inline(always)]
#[must_use]
pub fn mean_quality(qual: &[u8]) -> Option<f64> {
    (!qual.is_empty()).then(|| quality_sum(qual) as f64 / qual.len() as f64)
}

/// Whether the byte is G or C: 'C' and 'G' differ in one bit, either case in another.
const KEPT: u8 = !(b'C' ^ b'G' | 0x20);

/// [`gc_count`] as the compiler makes vectors of it.
#[inline(always)]
pub(crate) fn plain_gc_count(seq: &[u8]) -> usize {
    // No more than a byte can count at once.
    let count = |run: &[u8]| run.iter().map(|&base| u8::from(base & KEPT == b'C')).sum::<u8>();
    seq.chunks(255).map(|run| usize::from(count(run))).sum()
}

/// [`quality_sum`] as the compiler makes vectors of it.
#[inline(always)]
pub(crate) fn plain_quality_sum(qual: &[u8]) -> i64 {
    // Half as wide a sum goes twice as fast.
    let sum = |run: &[u8]| run.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    scores(qual.chunks(1 << 16).map(|run| u64::from(sum(run))).sum(), qual.len())
}

/// The sum of scores, from that of as many bytes. No slice is long enough for either to overflow.
#[inline(always)]
fn scores(sum: u64, len: usize) -> i64 {
    sum as i64 - 33 * len as i64
}
