//! Newline masks of 64 bytes, loads for counts, and the calls of what is compiled for a vector unit.
//!
//! The one file of this crate with `unsafe`: loads of vectors behind a reference, and calls of functions compiled for a
//! unit whose presence was asked for. Every variant is compared with a byte-by-byte oracle in the tests below. The search with
//! AVX-512 is made of what `fqbuf-line` searches lines with.

#![allow(unsafe_code)]

use crate::checks::{self, Checks};
use crate::counts;
use crate::scan::{Entry, Index, LANES, Pacing, scan};
#[cfg(target_arch = "x86_64")]
use fqbuf_line::simd::Unit;
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) use x86::checking_ways;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{load_32, load_64, load_up_to_64};

/// Bytes that are looked at together.
pub(crate) const CHUNK: usize = 64;

/// Paces of the scans with AVX-512, for which a number can stand among a type's parameters.
#[cfg(target_arch = "x86_64")]
const PACINGS: [Pacing; 3] = [Pacing::NARROW, Pacing::WIDE, Pacing::UNASKED];
#[cfg(target_arch = "x86_64")]
const NARROW: usize = 0;
#[cfg(target_arch = "x86_64")]
const WIDE: usize = 1;
#[cfg(target_arch = "x86_64")]
const UNASKED: usize = 2;

/// Ways to look at 64 bytes.
pub(crate) trait Masks {
    /// How far a call goes, and how far ahead memory is asked for.
    const PACING: Pacing = Pacing::WIDE;

    /// Bit `i` is set exactly when `chunk[i]` is a newline.
    fn newlines(chunk: &[u8; 64]) -> u64;

    /// Writes the places of the bits of masks, `at` added to each, to the first of `slots`; returns their number. `None` when
    /// a mask has more than two bits.
    ///
    /// Two are written for each mask, whether there are as many or not: reads differ in length, and a branch on the number
    /// would be mispredicted about once a record.
    #[inline(always)]
    fn places(masks: &[u64; LANES], at: u32, slots: &mut [u32; 2 * LANES]) -> Option<usize> {
        let mut count = 0;
        for (lane, &mask) in masks.iter().enumerate() {
            let at = at + 64 * lane as u32;
            let rest = mask & mask.wrapping_sub(1);
            let found = mask.count_ones() as usize;
            if found > 2 {
                return None;
            }
            // Before the last lane's two there are at most 14: the mask keeps the compiler from looking.
            slots[count % 16] = at + mask.trailing_zeros();
            slots[(count + 1) % 16] = at + rest.trailing_zeros();
            count += found;
        }
        Some(count)
    }

    /// Asks for the cache line that lies `ahead` bytes behind the first byte of `chunk`.
    #[inline(always)]
    fn prefetch(_chunk: &[u8; 64], _ahead: usize) {}

    /// The same, unless `ahead` is 0.
    #[inline(always)]
    fn ask(chunk: &[u8; 64], ahead: usize) {
        if ahead > 0 {
            Self::prefetch(chunk, ahead);
        }
    }
}

/// Finds whole well-formed records in `data` from an offset on; see [`scan`].
pub(crate) type Scan = fn(data: &[u8], from: usize, index: &mut Index) -> usize;

/// The scans for the widest unit of this processor: one that verifies the quality's length, and one that trusts it.
pub(crate) fn scans() -> (Scan, Scan) {
    #[cfg(target_arch = "x86_64")]
    {
        if Unit::Avx512Zen4.is_there() {
            return x86::scans_avx512::<UNASKED>();
        }
        if Unit::Avx512Vbmi2.is_there() {
            return x86::scans_avx512::<WIDE>();
        }
        if Unit::Avx512.is_there() {
            return x86::scans_avx512::<NARROW>();
        }
        if Unit::Avx2.is_there() {
            return (x86::scan_avx2::<false>, x86::scan_avx2::<true>);
        }
        (x86::scan_sse2::<false>, x86::scan_sse2::<true>)
    }
    #[cfg(not(target_arch = "x86_64"))]
    (scan::<Words, false>, scan::<Words, true>)
}

/// Bases that are G or C; see [`counts::gc_count`].
#[inline(always)]
pub(crate) fn gc_count(seq: &[u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if Unit::Avx512.was_found() {
            // SAFETY: the unit has all that the function is compiled for.
            return unsafe { counts::vectors::gc_count_avx512(seq) };
        }
        x86::narrower_gc_count(seq)
    }
    #[cfg(not(target_arch = "x86_64"))]
    counts::plain_gc_count(seq)
}

/// The sum of the scores; see [`counts::quality_sum`].
#[inline(always)]
pub(crate) fn quality_sum(qual: &[u8]) -> i64 {
    #[cfg(target_arch = "x86_64")]
    {
        if Unit::Avx512.was_found() {
            // SAFETY: the unit has all that the function is compiled for.
            return unsafe { counts::vectors::quality_sum_avx512(qual) };
        }
        x86::narrower_quality_sum(qual)
    }
    #[cfg(not(target_arch = "x86_64"))]
    counts::plain_quality_sum(qual)
}

/// How many of the first records pass the checks; see [`checks::passing`].
pub(crate) fn passing(checks: &Checks, data: &[u8], entries: &[Entry]) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if Unit::Avx512.is_there() {
            // SAFETY: the unit has all that the function is compiled for.
            return unsafe { x86::passing_avx512(checks, data, entries) };
        }
        if Unit::Avx2.is_there() {
            // SAFETY: the unit has all that the function is compiled for.
            return unsafe { x86::passing_avx2(checks, data, entries) };
        }
    }
    checks::passing(checks, data, entries)
}

/// Eight bytes at a time in ordinary registers, for processors without a variant of their own.
#[cfg_attr(target_arch = "x86_64", cfg_attr(not(test), allow(dead_code)))]
pub(crate) struct Words;

impl Masks for Words {
    #[inline(always)]
    fn newlines(chunk: &[u8; 64]) -> u64 {
        const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
        let mut mask = 0;
        for (i, word) in chunk.chunks_exact(8).enumerate() {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(word);
            let x = u64::from_le_bytes(bytes) ^ 0x0a0a_0a0a_0a0a_0a0a;
            // The top bit of each byte that is zero, exact for every byte; then gathered into the low eight bits.
            let zero = !(((x & LOW) + LOW) | x | LOW);
            mask |= ((zero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * i);
        }
        mask
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Checks, Entry, Index, LANES, Masks, PACINGS, Pacing, Scan, checks, counts, scan};
    use fqbuf_line::simd::{self, Unit};
    use std::arch::x86_64::*;

    /// Where AVX-512 was not found, or not yet.
    #[inline(never)]
    pub(super) fn narrower_gc_count(seq: &[u8]) -> usize {
        if Unit::Avx2.was_found() {
            // SAFETY: the unit has all that the function is compiled for.
            return unsafe { counts::vectors::gc_count_avx2(seq) };
        }
        plain_gc_count(seq)
    }

    /// The same for the sum.
    #[inline(never)]
    pub(super) fn narrower_quality_sum(qual: &[u8]) -> i64 {
        if Unit::Avx2.was_found() {
            // SAFETY: the unit has all that the function is compiled for.
            return unsafe { counts::vectors::quality_sum_avx2(qual) };
        }
        plain_quality_sum(qual)
    }

    /// Where no unit was found, or nobody has asked yet. Kept apart: what it keeps in registers, it has to put away first.
    #[inline(never)]
    fn plain_gc_count(seq: &[u8]) -> usize {
        if Unit::Avx2.is_there() { super::gc_count(seq) } else { counts::plain_gc_count(seq) }
    }

    /// The same for the sum.
    #[inline(never)]
    fn plain_quality_sum(qual: &[u8]) -> i64 {
        if Unit::Avx2.is_there() { super::quality_sum(qual) } else { counts::plain_quality_sum(qual) }
    }

    /// Every way to count that this processor has: its name, bases that are G or C, the sum of scores.
    #[cfg(test)]
    pub(super) fn counting_ways() -> Vec<super::CountingWay> {
        let mut ways: Vec<super::CountingWay> = Vec::new();
        if Unit::Avx512.is_there() {
            // SAFETY: the unit has all that the function is compiled for.
            let gc: fn(&[u8]) -> usize = |seq| unsafe { counts::vectors::gc_count_avx512(seq) };
            // SAFETY: as above.
            ways.push(("AVX-512", gc, |qual| unsafe { counts::vectors::quality_sum_avx512(qual) }));
        }
        if Unit::Avx2.is_there() {
            // SAFETY: the unit has all that the function is compiled for.
            let gc: fn(&[u8]) -> usize = |seq| unsafe { counts::vectors::gc_count_avx2(seq) };
            // SAFETY: as above.
            ways.push(("AVX2", gc, |qual| unsafe { counts::vectors::quality_sum_avx2(qual) }));
        }
        ways
    }

    /// Every way to check records that this processor has.
    #[cfg(test)]
    pub(crate) fn checking_ways() -> Vec<super::CheckingWay> {
        let mut ways: Vec<super::CheckingWay> = Vec::new();
        if Unit::Avx512.is_there() {
            // SAFETY: the unit has all that the function is compiled for.
            ways.push(("AVX-512", |checks, data, entries| unsafe { passing_avx512(checks, data, entries) }));
        }
        if Unit::Avx2.is_there() {
            // SAFETY: the unit has all that the function is compiled for.
            ways.push(("AVX2", |checks, data, entries| unsafe { passing_avx2(checks, data, entries) }));
        }
        ways
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn load_32(bytes: &[u8; 32]) -> __m256i {
        // SAFETY: the reference is valid for 32 bytes, and the load needs no alignment.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512bw")]
    pub(crate) fn load_64(bytes: &[u8; 64]) -> __m512i {
        // SAFETY: the reference is valid for 64 bytes, and the load needs no alignment.
        unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
    }

    /// The first 64 bytes, or as many as there are and zeros.
    #[inline]
    #[target_feature(enable = "avx512bw,bmi2")]
    pub(crate) fn load_up_to_64(bytes: &[u8]) -> __m512i {
        let there = _bzhi_u64(u64::MAX, bytes.len().min(64) as u32);
        // SAFETY: the bytes that the mask names are the slice's, others are not touched, and the load needs no alignment.
        unsafe { _mm512_maskz_loadu_epi8(there, bytes.as_ptr().cast()) }
    }

    /// 64 bytes in one comparison, at the pace of one of [`PACINGS`].
    pub(super) struct Avx512<const PACE: usize>;
    /// 32 bytes a comparison.
    struct Avx2;
    /// 16 bytes a comparison; every x86-64 has it.
    pub(super) struct Sse2;

    #[inline(always)]
    fn prefetch_read(chunk: &[u8; 64], ahead: usize) {
        let address = chunk.as_ptr().wrapping_add(ahead);
        // SAFETY: a prefetch reads nothing and never faults, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }

    impl<const PACE: usize> Masks for Avx512<PACE> {
        const PACING: Pacing = PACINGS[PACE];

        #[inline(always)]
        fn newlines(chunk: &[u8; 64]) -> u64 {
            // SAFETY: this type is used by `scan_avx512_bw` alone, which runs where the unit was found.
            unsafe { simd::newlines(chunk) }
        }

        #[inline(always)]
        fn places(masks: &[u64; LANES], at: u32, slots: &mut [u32; 2 * LANES]) -> Option<usize> {
            // SAFETY: as above.
            unsafe { simd::places(masks, at, slots) }
        }

        #[inline(always)]
        fn prefetch(chunk: &[u8; 64], ahead: usize) {
            prefetch_read(chunk, ahead);
        }
    }

    /// The newlines of half a chunk. No closure: where it is called often, that was a function of its own, without the unit.
    #[inline(always)]
    fn half(chunk: &[u8; 32]) -> u32 {
        // SAFETY: the reference is valid for 32 bytes; the load needs no alignment; `Avx2` is used by `scan_avx2_bw` alone,
        // which runs after avx2 was detected.
        let bytes = unsafe { _mm256_loadu_si256(chunk.as_ptr().cast()) };
        // SAFETY: as above, the unit was detected.
        let wanted = unsafe { _mm256_set1_epi8(b'\n' as i8) };
        // SAFETY: as above, the unit was detected.
        let equal = unsafe { _mm256_cmpeq_epi8(bytes, wanted) };
        // SAFETY: as above, the unit was detected.
        unsafe { _mm256_movemask_epi8(equal) as u32 }
    }

    impl Masks for Avx2 {
        #[inline(always)]
        fn newlines(chunk: &[u8; 64]) -> u64 {
            let (halves, _) = chunk.as_chunks();
            u64::from(half(&halves[0])) | u64::from(half(&halves[1])) << 32
        }

        #[inline(always)]
        fn prefetch(chunk: &[u8; 64], ahead: usize) {
            prefetch_read(chunk, ahead);
        }
    }

    /// The newlines of a quarter of a chunk.
    #[inline(always)]
    fn quarter(chunk: &[u8; 16]) -> u64 {
        // SAFETY: the reference is valid for 16 bytes; the load needs no alignment; sse2 is part of x86-64.
        let bytes = unsafe { _mm_loadu_si128(chunk.as_ptr().cast()) };
        // SAFETY: sse2 is part of x86-64.
        let wanted = unsafe { _mm_set1_epi8(b'\n' as i8) };
        // SAFETY: sse2 is part of x86-64.
        let equal = unsafe { _mm_cmpeq_epi8(bytes, wanted) };
        // SAFETY: sse2 is part of x86-64.
        unsafe { _mm_movemask_epi8(equal) as u64 }
    }

    impl Masks for Sse2 {
        #[inline(always)]
        fn newlines(chunk: &[u8; 64]) -> u64 {
            let (quarters, _) = chunk.as_chunks();
            quarter(&quarters[0])
                | quarter(&quarters[1]) << 16
                | quarter(&quarters[2]) << 32
                | quarter(&quarters[3]) << 48
        }

        #[inline(always)]
        fn prefetch(chunk: &[u8; 64], ahead: usize) {
            prefetch_read(chunk, ahead);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512cd,bmi1,bmi2,lzcnt,popcnt")]
    fn scan_avx512_bw<const TRUSTED: bool, const PACE: usize>(data: &[u8], from: usize, index: &mut Index) -> usize {
        scan::<Avx512<PACE>, TRUSTED>(data, from, index)
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn scan_avx2_bw<const TRUSTED: bool>(data: &[u8], from: usize, index: &mut Index) -> usize {
        scan::<Avx2, TRUSTED>(data, from, index)
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn passing_avx512(checks: &Checks, data: &[u8], entries: &[Entry]) -> usize {
        checks::passing(checks, data, entries)
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn passing_avx2(checks: &Checks, data: &[u8], entries: &[Entry]) -> usize {
        checks::passing(checks, data, entries)
    }

    /// The two scans at a pace, for where the unit is there.
    pub(super) fn scans_avx512<const PACE: usize>() -> (Scan, Scan) {
        (scan_avx512::<false, PACE>, scan_avx512::<true, PACE>)
    }

    fn scan_avx512<const TRUSTED: bool, const PACE: usize>(data: &[u8], from: usize, index: &mut Index) -> usize {
        debug_assert!(Unit::Avx512.is_there());
        // SAFETY: these are handed out only where the unit is there, which has all that they are compiled for.
        unsafe { scan_avx512_bw::<TRUSTED, PACE>(data, from, index) }
    }

    pub(super) fn scan_avx2<const TRUSTED: bool>(data: &[u8], from: usize, index: &mut Index) -> usize {
        debug_assert!(Unit::Avx2.is_there());
        // SAFETY: `scans` hands this function out only where the unit is there, which has all that it is compiled for.
        unsafe { scan_avx2_bw::<TRUSTED>(data, from, index) }
    }

    pub(super) fn scan_sse2<const TRUSTED: bool>(data: &[u8], from: usize, index: &mut Index) -> usize {
        scan::<Sse2, TRUSTED>(data, from, index)
    }
}

/// A way to check records, for tests of each: its name, and how many of the first pass.
#[cfg(test)]
pub(crate) type CheckingWay = (&'static str, fn(&Checks, &[u8], &[Entry]) -> usize);

/// A way to count, for tests of each: its name, bases that are G or C, the sum of scores.
#[cfg(test)]
type CountingWay = (&'static str, fn(&[u8]) -> usize, fn(&[u8]) -> i64);

#[cfg(test)]
mod tests;
