//! The search for line ends on processors that have no way of their own; without `unsafe`, vectorised by the compiler for
//! every target.
//!
//! The pass compares 64 bytes at a time and keeps one bit a byte. Stable Rust has no safe move-mask instruction, and what
//! the compiler makes of the obvious loop (`mask |= (byte == b'\n') << i`) is slow. So bit `k` of byte `j` says that byte
//! `8k + j` is a line end: that takes only `and` and `or` of whole vectors. A mask with one or two bits is then read off
//! through a table of places, and a fuller one is turned like an 8 by 8 bit matrix. There are two loops over [`MASKS`]
//! masks, with memory between them, because the compiler takes the vectors to pieces when it sees both halves in one.
//!
//! Searching 256 KiB blocks in the second-level cache, portable build, GB/s for 150-base / trimmed / long reads (two-core
//! Zen 4 guest, AMD EPYC family 25 model 17, 2026-11-23; a scratch program, best of five interleaved rounds, CPU time):
//!
//! | variant | 150-base | trimmed | long |
//! |---|---|---|---|
//! | this one | 28.3 | 13.9 | 65 |
//! | every mask turned, no table | 22.1 | 10.1 | 63 |
//! | the same, without `memchr` for stretches that hold no line end | 23.4 | 10.9 | 43 |
//! | this one without a branch for empty masks | 21.0 | 17.5 | 53 |
//! | SSE2 move-mask (unsafe) | 25.3 | 11.9 | 30 |
//! | AVX2 move-mask, two entries without a branch (unsafe, run-time dispatch) | 36.5 | 12.7 | 47 |
//! | AVX-512 compare (unsafe, run-time dispatch) | 36.9 | 12.7 | 69 |
//! | multiply and shift eight bytes to a mask | 8.0 | 6.4 | 11 |
//! | bits of eight neighbours added to one byte | 13.6 | 7.3 | 16 |
//! | the obvious loop | 1.7 | 1.6 | 1.7 |
//! | the obvious loop with AVX2 enabled | 9.8 | 5.6 | 10 |
//! | `memchr` a line, which dispatches to AVX2 at run time | 11.1 | 5.5 | 74 |
//! | `memchr_iter` | 13.1 | 6.0 | 92 |

use memchr::memchr;

use crate::search::{FOUND, STRETCH, Starts, push};

/// Masks of 64 bytes that are made at a time where line ends are frequent.
const MASKS: usize = 16;

/// Masks that are made at a time until two such groups in a row held a line end: behind a long line often comes another.
const FEW_MASKS: usize = 4;

/// For each byte of a mask's 64 the bit that stands for it.
const BITS: [u8; 64] = {
    let mut bits = [0; 64];
    let mut i = 0;
    while i < 64 {
        bits[i] = 1 << (i / 8);
        i += 1;
    }
    bits
};

/// For each bit of a mask the place in the chunk that it stands for.
const PLACE: [u8; 64] = {
    let mut place = [0; 64];
    let mut i = 0;
    while i < 64 {
        place[i] = (i % 8 * 8 + i / 8) as u8;
        i += 1;
    }
    place
};

/// See [`find_lines`](crate::search::find_lines).
pub(crate) fn find_lines(text: &[u8], from: usize, starts: &mut Starts) -> (usize, usize) {
    let starts = &mut starts[1..];
    let mut masks = [[0; 16]; MASKS];
    let mut count = 0;
    let mut at = 0;
    let (mut masks_now, mut follows) = (FEW_MASKS, false);
    loop {
        let (chunks, tail) = text[at..].as_chunks();
        let chunks = &chunks[..chunks.len().min(masks_now)];
        if chunks.is_empty() {
            for (i, _) in tail.iter().enumerate().filter(|&(_, &byte)| byte == b'\n') {
                starts[count] = from + at + i + 1;
                count += 1;
            }
            return (count, text.len());
        }
        mark_ends(chunks, &mut masks);
        let before = count;
        for mask in &masks[..chunks.len()] {
            let bits = fold(mask);
            if bits != 0 {
                count += put(bits, from + at + 1, &mut starts[count..]);
            }
            at += 64;
            if count > FOUND - 64 {
                break;
            }
        }
        if count > FOUND - 64 || (count > 0 && at >= STRETCH) {
            return (count, at);
        }
        if count == before {
            at += memchr(b'\n', &text[at..]).unwrap_or(text.len() - at);
            (masks_now, follows) = (FEW_MASKS, false);
        } else if std::mem::replace(&mut follows, true) {
            masks_now = MASKS;
        }
    }
}

/// Marks the line ends of each chunk: byte `j` and byte `8 + j` of its mask together have bit `k` set when byte `8k + j` of
/// the chunk is one.
fn mark_ends(chunks: &[[u8; 64]], masks: &mut [[u8; 16]; MASKS]) {
    for (chunk, mask) in chunks.iter().zip(masks) {
        let mut bits = [0; 64];
        for (bit, (byte, of)) in bits.iter_mut().zip(chunk.iter().zip(&BITS)) {
            *bit = if *byte == b'\n' { *of } else { 0 };
        }
        for (j, byte) in mask.iter_mut().enumerate() {
            *byte = bits[j] | bits[16 + j] | bits[32 + j] | bits[48 + j];
        }
    }
}

/// The bits of a chunk, one a byte: bit `k` of byte `j` says that byte `8k + j` is a line end.
#[inline(always)]
fn fold(mask: &[u8; 16]) -> u64 {
    let both = u128::from_le_bytes(*mask);
    (both | both >> 64) as u64
}

/// Writes the places that `bits` (not zero) stand for, ascending, `from` added to each; returns their number.
#[inline(always)]
fn put(bits: u64, from: usize, starts: &mut [usize]) -> usize {
    let but_one = bits & (bits - 1);
    if but_one & but_one.wrapping_sub(1) == 0 {
        // One or two, the same one written twice: no branch to mispredict between the two cases.
        let a = PLACE[bits.trailing_zeros() as usize] as usize;
        let b = PLACE[63 - bits.leading_zeros() as usize] as usize;
        starts[..2].copy_from_slice(&[from + a.min(b), from + a.max(b)]);
        return 1 + usize::from(but_one != 0);
    }
    push(transpose(bits), from, starts)
}

/// Exchanges the rows and columns of an 8 by 8 bit matrix: in squares of one bit, of two, of four.
#[inline(always)]
fn transpose(mut rows: u64) -> u64 {
    for (distance, mask) in [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0x0000_0000_F0F0_F0F0)] {
        let swap = (rows ^ rows >> distance) & mask;
        rows ^= swap ^ swap << distance;
    }
    rows
}

#[cfg(test)]
mod tests;
