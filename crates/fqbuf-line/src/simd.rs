//! Newlines with AVX-512: two parts of this crate's search, for crates that search lines in their own way; and which vector
//! units there are.
//!
//! Not for who wants lines: [`LineReader`](crate::LineReader) chooses what the processor has by itself. On x86-64 only.
//!
//! Both functions may be called from a function for which the same units are enabled; from any other, they are `unsafe`, and
//! right once the units were detected. They become part of such a function, and neither blocks nor allocates.
//!
//! # Examples
//!
//! ```
//! use fqbuf_line::simd::{Unit, newlines, places};
//!
//! /// Where the newlines of 512 bytes are, unless there are more than two in 64.
//! #[target_feature(enable = "avx512f,avx512bw,avx512cd,popcnt")]
//! fn ends(text: &[u8; 512]) -> Option<Vec<u32>> {
//!     let mut masks = [0; 8];
//!     for (mask, chunk) in masks.iter_mut().zip(text.as_chunks().0) {
//!         *mask = newlines(chunk);
//!     }
//!     let mut slots = [0; 16];
//!     let found = places(&masks, 0, &mut slots)?;
//!     Some(slots[..found].to_vec())
//! }
//!
//! let mut text = [b'A'; 512];
//! text[3] = b'\n';
//! text[200] = b'\n';
//! if Unit::Avx512.is_there() {
//!     // SAFETY: the unit has all that the function is compiled for.
//!     assert_eq!(unsafe { ends(&text) }, Some(vec![3, 200]));
//! }
//! ```
//!
//! # How, and what was slower
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

// The one file of this crate with `unsafe`: loads and stores of vectors behind references, and the call of a function compiled
// for units whose presence was just asked for. It is compared with a search byte by byte in `search/tests.rs`.
#![allow(unsafe_code)]

use crate::search::{FOUND, STRETCH, Starts, push};
pub use crate::unit::Unit;
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
    if Unit::Avx512.is_there() {
        // SAFETY: the unit has all that the function is compiled for.
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
            *masks = newlines_of(group);
            made += 1;
        }
        if made == 0 {
            let mut group = [0; GROUP];
            group[..tail.len()].copy_from_slice(tail);
            masks[0] = newlines_of(&group);
            made = 1;
        }
        for masks in &masks[..made] {
            if at >= STRETCH && count > 0 {
                return (count, at);
            }
            let Some(slots) = starts[1 + count..].first_chunk_mut::<PLACES>() else { return (count, at) };
            let mut near = [0; PLACES];
            if let Some(found) = places(masks, 1, &mut near) {
                // All slots: that is two vectors. None behind an empty group, or it took long reads in cache 4 % more.
                if found > 0 {
                    for (start, near) in slots.iter_mut().zip(near) {
                        *start = from + at + near as usize;
                    }
                }
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
fn newlines_of(group: &[u8; GROUP]) -> [u64; LANES] {
    let mut masks = [0; LANES];
    for (mask, chunk) in masks.iter_mut().zip(group.as_chunks().0) {
        *mask = newlines(chunk);
    }
    masks
}

/// The newlines of 64 bytes: bit `i` is set exactly when `chunk[i]` is one. An example is [above](self).
///
/// # Safety
///
/// Where avx512f and avx512bw are not enabled for the caller, the processor must have them.
#[inline]
#[must_use]
#[target_feature(enable = "avx512f,avx512bw")]
pub fn newlines(chunk: &[u8; 64]) -> u64 {
    // SAFETY: the reference is valid for 64 bytes, and the load needs no alignment.
    let bytes = unsafe { _mm512_loadu_si512(chunk.as_ptr().cast()) };
    _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'\n' as i8))
}

/// Writes where the bits of eight masks are to the first of `slots`, ascending, and returns their number, at most 16.
///
/// The place of bit `i` of mask `j` is `at + 64 * j + i`, modulo 2^32. Slots behind the places may be overwritten too. `None`
/// when a mask has more than two bits; nothing is written then. An example is [above](self).
///
/// # Safety
///
/// Where avx512f, avx512cd and popcnt are not enabled for the caller, the processor must have them.
#[inline]
#[target_feature(enable = "avx512f,avx512cd,popcnt")]
pub fn places(masks: &[u64; 8], at: u32, slots: &mut [u32; 16]) -> Option<usize> {
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
    // The place behind a lone bit is 64 less the zeros above it. No such place is zero: that marks lanes without one.
    let behind = _mm512_setr_epi64(64, 128, 192, 256, 320, 384, 448, 512);
    let more = _mm512_test_epi64_mask(second, second);
    let first = _mm512_maskz_sub_epi64(any, behind, _mm512_lzcnt_epi64(first));
    let second = _mm512_maskz_sub_epi64(more, behind, _mm512_lzcnt_epi64(second));
    let both = _mm512_or_si512(first, _mm512_slli_epi64::<32>(second));
    let there = _mm512_test_epi32_mask(both, both);
    let places = _mm512_maskz_compress_epi32(there, both);
    let places = _mm512_add_epi32(places, _mm512_set1_epi32(at.wrapping_sub(1) as i32));
    // SAFETY: the reference is valid for 64 bytes, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(slots.as_mut_ptr().cast(), places) };
    Some(there.count_ones() as usize)
}
