//! The search for line ends with AVX-512, where the processor has it.
//!
//! The one file of this crate with `unsafe`: loads and stores of vectors behind references, and the call of a function compiled
//! for units whose presence was just asked for. It is compared with a search byte by byte in `search/tests.rs`.
//!
//! Each 64 bytes become a mask with one bit a byte. Two places are read off every mask, whether there are as many or not:
//! lines differ in length, and a branch on their number would be mispredicted about once a line. That is done for eight
//! masks at once, in 64-bit lanes. Masks of 4 KiB are made before they are read: a vector that is loaded right behind
//! the stores of its parts waits for them.
//!
//! Cycles for 256 bytes of 150-base reads in the second-level cache, of which loads and comparisons take 6 (two-core Zen 5
//! guest, AMD EPYC family 26 model 2, 4.26 GHz, 2026-11-25; a scratch program, best of seven rounds):
//!
//! | variant | cycles |
//! |---|---|
//! | this one | 11 |
//! | masks of 512 bytes, 1, 2, 16 KiB before they are read | 34, 20, 13, 12 |
//! | the lowest bit by `m & (m - 1)`, for which see below | 24 |
//! | two places a mask in ordinary registers, 256 bytes at a step | 20 |
//! | four places a mask | 36 |
//! | eight places a mask by AVX-512's byte compression | 21 |
//! | AVX2, two places a mask in ordinary registers; with masks in memory in between | 27; 28 |
//! | the portable way | 30 |
//! | `memchr_iter` | 60 |
//!
//! 300 MB of such reads from the page cache, of which `read(2)` takes 9.6 ms, are delivered as lines in 17.1 ms, with the portable
//! way in 23.4; asking for memory ahead of the search saved 0.2. AVX2 is left out: beside the portable way it took 6 % less
//! for these, 25 % less for trimmed reads and 9 % more for long ones, and two of four spellings of it were compiled to code
//! four times as slow.

#![allow(unsafe_code)]

use crate::search::{FOUND, STRETCH, Starts};
use std::arch::x86_64::*;

/// Masks that are read together.
const LANES: usize = 8;

/// Bytes of as many masks.
const GROUP: usize = LANES * 64;

/// Groups whose masks are made before they are read.
const GROUPS: usize = 8;

/// Places that are written for a group, whether there are as many or not.
const PLACES: usize = 2 * LANES;

/// [`find_lines`](crate::search::find_lines) on processors with AVX-512; `None` on others.
pub(crate) fn find_lines(text: &[u8], from: usize, starts: &mut Starts) -> Option<(usize, usize)> {
    use std::arch::is_x86_feature_detected as detected;
    let vectors = detected!("avx512f") && detected!("avx512bw") && detected!("avx512cd");
    if vectors && detected!("bmi1") && detected!("popcnt") {
        // SAFETY: all units that the function is compiled for were detected.
        return Some(unsafe { find_lines_avx512(text, from, starts) });
    }
    None
}

#[target_feature(enable = "avx512f,avx512bw,avx512cd,bmi1,popcnt")]
fn find_lines_avx512(text: &[u8], from: usize, starts: &mut Starts) -> (usize, usize) {
    let mut masks = [[0; LANES]; GROUPS];
    let mut count = 0;
    let mut at = 0;
    while at < text.len() {
        let (groups, tail) = text[at..].as_chunks();
        let mut made = 0;
        for (masks, group) in masks.iter_mut().zip(groups) {
            *masks = newlines(group);
            made += 1;
        }
        if made == 0 {
            let mut group = [0; GROUP];
            group[..tail.len()].copy_from_slice(tail);
            masks[0] = newlines(&group);
            made = 1;
        }
        for masks in &masks[..made] {
            if at >= STRETCH && count > 0 {
                return (count, at);
            }
            let Some(slots) = starts[1 + count..].first_chunk_mut() else { return (count, at) };
            if let Some(found) = places(masks, from + at, slots) {
                count += found;
                at += GROUP;
                continue;
            }
            for &mask in masks {
                if count > FOUND - 64 {
                    return (count, at.min(text.len()));
                }
                count += push(mask, from + at + 1, &mut starts[1 + count..]);
                at += 64;
            }
        }
    }
    (count, at.min(text.len()))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn newlines(group: &[u8; GROUP]) -> [u64; LANES] {
    let (chunks, _) = group.as_chunks::<64>();
    let wanted = _mm512_set1_epi8(b'\n' as i8);
    let mut masks = [0; LANES];
    for (mask, chunk) in masks.iter_mut().zip(chunks) {
        // SAFETY: the reference is valid for 64 bytes, and the load needs no alignment.
        let bytes = unsafe { _mm512_loadu_si512(chunk.as_ptr().cast()) };
        *mask = _mm512_cmpeq_epi8_mask(bytes, wanted);
    }
    masks
}

/// Writes the places behind the line ends of a group that begins at `from`: the first and the second of every mask at once,
/// those that there are moved together. Returns their number; `None` when a mask has more than two.
#[inline]
#[target_feature(enable = "avx512f,avx512cd,popcnt")]
fn places(masks: &[u64; LANES], from: usize, slots: &mut [usize; PLACES]) -> Option<usize> {
    // SAFETY: the reference is valid for 64 bytes, and the load needs no alignment.
    let masks = unsafe { _mm512_loadu_si512(masks.as_ptr().cast()) };
    let any = _mm512_test_epi64_mask(masks, masks);
    if any == 0 {
        return Some(0);
    }
    // The lowest bit by `m & -m`, not `m & (m - 1)`: the compiler makes the ones that it adds for the latter from whatever
    // a register holds, and the processor waits for that, which takes twice the time.
    let zero = _mm512_setzero_si512();
    let first = _mm512_and_si512(masks, _mm512_sub_epi64(zero, masks));
    let but_one = _mm512_xor_si512(masks, first);
    let second = _mm512_and_si512(but_one, _mm512_sub_epi64(zero, but_one));
    if _mm512_cmpneq_epi64_mask(but_one, second) != 0 {
        return None;
    }
    // The place behind a lone bit is 64 less the zeros above it. No place is zero: that marks lanes without one.
    let ends = _mm512_setr_epi64(64, 128, 192, 256, 320, 384, 448, 512);
    let more = _mm512_test_epi64_mask(second, second);
    let first = _mm512_maskz_sub_epi64(any, ends, _mm512_lzcnt_epi64(first));
    let second = _mm512_maskz_sub_epi64(more, ends, _mm512_lzcnt_epi64(second));
    let both = _mm512_or_si512(first, _mm512_slli_epi64::<32>(second));
    let there = _mm512_test_epi32_mask(both, both);
    let places = _mm512_maskz_compress_epi32(there, both);

    let from = _mm512_set1_epi64(from as i64);
    let low = _mm512_add_epi64(from, _mm512_cvtepu32_epi64(_mm512_castsi512_si256(places)));
    let high = _mm512_add_epi64(from, _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64::<1>(places)));
    let (halves, _) = slots.as_chunks_mut::<LANES>();
    // SAFETY: the reference is valid for eight `usize` of 64 bits, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(halves[0].as_mut_ptr().cast(), low) };
    // SAFETY: as above.
    unsafe { _mm512_storeu_si512(halves[1].as_mut_ptr().cast(), high) };
    Some(there.count_ones() as usize)
}

/// Writes the places of all bits of a mask, `from` added to each; returns their number.
fn push(mut mask: u64, from: usize, starts: &mut [usize]) -> usize {
    let mut count = 0;
    while mask != 0 {
        starts[count] = from + mask.trailing_zeros() as usize;
        mask &= mask - 1;
        count += 1;
    }
    count
}
