//! The counts with AVX-512 and AVX2: loops and masks, over loads that are in `simd.rs`.
//!
//! A short read has no loop: a fixed number of loads, each as far into the read as it can be and still lie in it, and of what
//! a load before has seen already nothing is counted.

use std::arch::x86_64::*;

use super::{KEPT, scores};
use crate::simd::{load_32, load_64, load_up_to_64};

/// Most bases counted without a loop, and without a call.
const SHORT_512: usize = 192;
/// The same with AVX2.
const SHORT_256: usize = 160;

/// Bases that are G or C. To become part of a function compiled for AVX-512.
#[inline]
#[target_feature(enable = "avx512bw,bmi2,popcnt")]
pub(crate) fn gc_count_avx512(seq: &[u8]) -> usize {
    let count = |found: u64| found.count_ones() as usize;
    match Places::of(seq.len()) {
        Places::None => long_gc_count_avx512(seq),
        Places::One => count(is_gc_64(load_up_to_64(seq))),
        Places::Three { second, last, in_second, in_last } => {
            count(is_gc_64(at(seq, 0)))
                + count(is_gc_64(at(seq, second)) & in_second)
                + count(is_gc_64(at(seq, last)) & in_last)
        }
    }
}

/// The sum of the scores. To become part of a function compiled for AVX-512.
#[inline]
#[target_feature(enable = "avx512bw,bmi2,popcnt")]
pub(crate) fn quality_sum_avx512(qual: &[u8]) -> i64 {
    let sums = match Places::of(qual.len()) {
        Places::None => return long_quality_sum_avx512(qual),
        Places::One => sums_64(load_up_to_64(qual)),
        Places::Three { second, last, in_second, in_last } => {
            let first = sums_64(at(qual, 0));
            let second = sums_64(_mm512_maskz_mov_epi8(in_second, at(qual, second)));
            let last = sums_64(_mm512_maskz_mov_epi8(in_last, at(qual, last)));
            _mm512_add_epi64(_mm512_add_epi64(first, second), last)
        }
    };
    scores(folded_512(sums), qual.len())
}

/// Where loads of 64 bytes begin, and which bytes of them count.
enum Places {
    /// Too many bytes.
    None,
    /// There are fewer than 64.
    One,
    /// The first at 0; masks for the others.
    Three { second: usize, last: usize, in_second: u64, in_last: u64 },
}

impl Places {
    #[inline]
    #[target_feature(enable = "bmi2")]
    fn of(len: usize) -> Self {
        if len > SHORT_512 {
            return Self::None;
        }
        let Some(last) = len.checked_sub(64) else { return Self::One };
        // All 64 bits from 64 on.
        let low = |bits: usize| _bzhi_u64(u64::MAX, bits as u32);
        Self::Three {
            second: last.min(64),
            last,
            // What lies between the first load and the last, and what of the last is behind the first.
            in_second: low(len.saturating_sub(128)),
            in_last: !low(128_usize.saturating_sub(len)),
        }
    }
}

/// The 64 bytes from `from` on.
#[inline]
#[target_feature(enable = "avx512bw")]
fn at(bytes: &[u8], from: usize) -> __m512i {
    match bytes[from..].first_chunk() {
        Some(chunk) => load_64(chunk),
        None => unreachable!("places lie in the bytes"),
    }
}

#[inline]
#[target_feature(enable = "avx512bw")]
fn is_gc_64(bases: __m512i) -> u64 {
    let kept = _mm512_and_si512(bases, _mm512_set1_epi8(KEPT as i8));
    _mm512_cmpeq_epi8_mask(kept, _mm512_set1_epi8(b'C' as i8))
}

#[inline]
#[target_feature(enable = "avx512bw")]
fn sums_64(bytes: __m512i) -> __m512i {
    _mm512_sad_epu8(bytes, _mm512_setzero_si512())
}

#[inline]
#[target_feature(enable = "avx512bw")]
fn folded_512(sums: __m512i) -> u64 {
    folded(_mm256_add_epi64(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64::<1>(sums)))
}

#[inline(never)]
#[target_feature(enable = "avx512bw,bmi2,popcnt")]
fn long_gc_count_avx512(seq: &[u8]) -> usize {
    let (chunks, rest) = seq.as_chunks();
    let of_rest = is_gc_64(load_up_to_64(rest)).count_ones() as usize;
    let mut count = of_rest;
    for chunk in chunks {
        count += is_gc_64(load_64(chunk)).count_ones() as usize;
    }
    count
}

#[inline(never)]
#[target_feature(enable = "avx512bw,bmi2,popcnt")]
fn long_quality_sum_avx512(qual: &[u8]) -> i64 {
    let (chunks, rest) = qual.as_chunks();
    let mut sums = sums_64(load_up_to_64(rest));
    for chunk in chunks {
        sums = _mm512_add_epi64(sums, sums_64(load_64(chunk)));
    }
    scores(folded_512(sums), qual.len())
}

/// Bases that are G or C.
#[target_feature(enable = "avx2")]
pub(crate) fn gc_count_avx2(seq: &[u8]) -> usize {
    let zero = _mm256_setzero_si256();
    // Bytes that are -1 where there is one, added up to no less than -255.
    let sums = |found: __m256i| _mm256_sad_epu8(_mm256_sub_epi8(zero, found), zero);
    let mut all = zero;
    if let Some(steps) = steps(seq) {
        for step in steps {
            all = _mm256_add_epi8(all, is_gc_32(step));
        }
        return folded(sums(all)) as usize;
    }
    let (chunks, rest) = seq.as_chunks();
    for run in chunks.chunks(255) {
        let mut found = zero;
        for chunk in run {
            found = _mm256_add_epi8(found, is_gc_32(load_32(chunk)));
        }
        all = _mm256_add_epi64(all, sums(found));
    }
    folded(all) as usize + super::plain_gc_count(rest)
}

/// The sum of the scores.
#[target_feature(enable = "avx2")]
pub(crate) fn quality_sum_avx2(qual: &[u8]) -> i64 {
    let zero = _mm256_setzero_si256();
    let mut all = zero;
    if let Some(steps) = steps(qual) {
        for step in steps {
            all = _mm256_add_epi64(all, _mm256_sad_epu8(step, zero));
        }
        return scores(folded(all), qual.len());
    }
    let (chunks, rest) = qual.as_chunks();
    for chunk in chunks {
        all = _mm256_add_epi64(all, _mm256_sad_epu8(load_32(chunk), zero));
    }
    scores(folded(all), qual.len() - rest.len()) + super::plain_quality_sum(rest)
}

/// A short read as five vectors, each byte in one of them, zeros beside; `None` of one shorter than a vector, and of a long one.
#[inline]
#[target_feature(enable = "avx2")]
fn steps(bytes: &[u8]) -> Option<[__m256i; 5]> {
    /// As many zeros as ones.
    const ZEROS_ONES: [u8; 64] = {
        let mut bytes = [0; 64];
        let mut at = 32;
        while at < 64 {
            bytes[at] = 0xff;
            at += 1;
        }
        bytes
    };
    if bytes.len() > SHORT_256 {
        return None;
    }
    let last = bytes.len().checked_sub(32)?;
    let mut steps = [_mm256_setzero_si256(); 5];
    for (step, wanted) in steps.iter_mut().zip((0..).step_by(32)) {
        let from = last.min(wanted);
        let seen = (wanted - from).min(32);
        let mask = load_32(ZEROS_ONES[32 - seen..].first_chunk()?);
        *step = _mm256_and_si256(load_32(bytes[from..].first_chunk()?), mask);
    }
    Some(steps)
}

#[inline]
#[target_feature(enable = "avx2")]
fn is_gc_32(bases: __m256i) -> __m256i {
    let kept = _mm256_and_si256(bases, _mm256_set1_epi8(KEPT as i8));
    _mm256_cmpeq_epi8(kept, _mm256_set1_epi8(b'C' as i8))
}

#[inline]
#[target_feature(enable = "avx2")]
fn folded(sums: __m256i) -> u64 {
    let sums = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    _mm_cvtsi128_si64(_mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums))) as u64
}
