//! Copies into and out of a ring of one thread, which mostly lies in the nearer caches.
//!
//! From about 2 KiB on the system's `memcpy` uses the string instructions of processors that say they are fast, which are made for
//! memory far away: in rings that are near, vectors are faster, and pieces of 2 KiB are copied by them. The lengths of a read's
//! lines are copied inline, as a block from the front and one at the end that may overlap, in safe code: of a read that follows a
//! write closely, the processor waits for each instruction between the two.
//!
//! GB/s written and read on one thread, through 64 KiB with 40 bytes always held and with none (2-core Zen 5 guest, AMD EPYC
//! family 26 model 2, 2026-11-25, medians of five to seven interleaved processes of the rows `held` and `alone` of `cargo
//! xtask bench ring`; two copies by the system's `memcpy` are 9.4 and 56 in both):
//!
//! | | held, 64 B | held, 4 KiB | 64 B | 4 KiB |
//! |---|---|---|---|---|
//! | these | 8.3 | 64 | 9.2 | 99 |
//! | the system's `memcpy` for all | 6.7 | 48 | 9.5 | 56 |
//! | the same, one check for the place and its bounds | 6.5 | 47.6 | 9.5 | 56 |
//! | the same, lengths by a branch instead of a minimum, so that no copy waits for one | 6.6 | 48.9 | 8.8 | 56 |
//! | the same, in memory that begins 16 bytes past a page | 6.1 | 46.9 | 8.9 | 48.5 |
//! | pieces of 1 KiB | 8.2 | 61 | 9.2 | 92 |
//! | 17 to 32 bytes inline as well | 7.9 | | 9.0 | |
//!
//! Pieces in a ring of 1 MiB, 8 MiB, 64 MiB nearly full: 35, 27, 9 where `memcpy` has 36, 44, 18. Of 64 KiB at a time: 33
//! where it has 63. Of 2.1 KB, 2 to 9 % slower.
//!
//! On a 2-core Cascade Lake guest (Intel family 6 model 85, 2026-11-26, medians of nine interleaved processes, times of pieces of
//! 2 KiB), whose `memcpy` uses vectors up to 16 KiB, pieces lose: 4 KiB held and alone by the system's `memcpy` 0.84 and 0.83, as two
//! copies and `VecDeque` take, in pieces of 3 KiB 0.97 and 0.97, of 1 KiB 1.11 and 1.10. So pieces are made where they were seen to gain
//! (`memcpy.rs`). Without them, held and alone take 0.87 and 0.90 of the time there.
//!
//! From 16 KiB on that `memcpy` uses string instructions, which are slower wherever the memory is. GB/s written and read there in calls of
//! 16, 64 and 256 KiB (2026-11-27, medians of seven), by `memcpy` and in pieces of 8 KiB: through a nearly full ring of 256 KiB 18.5, 18.3,
//! 17.6 and 20.0, 20.7, 19.0; of 8 MiB 12.2, 12.4, 9.6 and 13.5, 14.2, 12.1; of 64 MiB 7.6, 7.1, 6.5 and 8.0, 7.8, 6.9. To another
//! thread, through the halves of one of 256 KiB 11.2, 13.2, 12.4 and 15.4, 15.4, 15.5, of 64 MiB 3.3, 3.0, 2.9 and 3.4, 3.3, 3.3. Pieces
//! of 4 KiB are level with these, of 1 and 2 KiB a tenth slower to another thread; pieces on one side alone, the writer's or the
//! reader's, take 0.87 and 0.99 of the time instead of 0.72.
//!
//! On a 2-core Zen 4 guest (AMD EPYC family 25 model 17, 2026-11-27, ratios of medians of nine interleaved processes), 4 KiB alone and
//! held, in units of pieces of 2 KiB: `VecDeque` 1.18 to 1.21 and 0.91 to 0.94, two copies 1.13 to 1.16 and 0.89; all by `memcpy` 1.08 and
//! 1.03 (from 0.93 to 1.24, by where the bytes lie); pieces of 1 KiB 1.05 and 1.04; blocks of 64 bytes in 16-byte registers 1.70 and 1.45.
//! That was in memory that began on a page, which is what cost the 0.09 (`memory.rs`). In memory that does not, 4 KiB held takes 0.87 in
//! pieces, and 0.90 by `memcpy`, with none held 1.00 and 1.17.

use crate::memcpy::{LONG, LONG_PIECE, long_parts_are_faster, parts_are_faster};

/// The largest ring that is near: it and what goes through it fit the second cache level of most processors.
const NEAR: usize = 512 << 10;
/// Bytes of a piece.
const PIECE: usize = 2 << 10;
/// Fewer bytes are not worth two pieces.
const FEWEST: usize = PIECE + PIECE / 4;
/// More bytes are copied as fast as one.
const MOST: usize = 8 << 10;

/// Copies `from` to `to`, which are of one length, and of which one lies in a ring of `capacity` bytes.
#[inline(always)]
pub(crate) fn copy(from: &[u8], to: &mut [u8], capacity: usize) {
    match from.len() {
        33..=64 => copy_ends::<32>(from, to),
        65..=128 => copy_ends::<64>(from, to),
        FEWEST..=MOST if capacity <= NEAR && parts_are_faster() => copy_pieces(from, to, PIECE),
        _ => copy_by_memcpy(from, to),
    }
}

/// Copies `from` to `to`, which are of one length, by the system's `memcpy`: what is long in pieces where these are faster.
#[inline(always)]
pub(crate) fn copy_by_memcpy(from: &[u8], to: &mut [u8]) {
    if from.len() < LONG {
        to.copy_from_slice(from);
    } else {
        copy_long(from, to);
    }
}

/// Out of line, so that what is short has the registers.
#[inline(never)]
fn copy_long(from: &[u8], to: &mut [u8]) {
    copy_pieces(from, to, if long_parts_are_faster() { LONG_PIECE } else { usize::MAX });
}

/// Copies the first and the last `N` bytes, which together are all.
#[inline(always)]
fn copy_ends<const N: usize>(from: &[u8], to: &mut [u8]) {
    assert_eq!(from.len(), to.len());
    if let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) {
        *to.first_chunk_mut().expect("as long") = *first;
        *to.last_chunk_mut().expect("as long") = *last;
    }
}

#[inline(never)]
fn copy_pieces(from: &[u8], to: &mut [u8], piece: usize) {
    for (from, to) in from.chunks(piece).zip(to.chunks_mut(piece)) {
        copy_piece(from, to);
    }
}

/// Not inlined, or the pieces were made one again.
#[inline(never)]
fn copy_piece(from: &[u8], to: &mut [u8]) {
    to.copy_from_slice(from);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the processor of whoever runs this takes pieces or not.
    #[test]
    fn pieces_are_all_of_a_copy() {
        let from: Vec<u8> = (0..=250).cycle().take(2 * LONG + 1).collect();
        let short = [0, 1, PIECE - 1, PIECE, PIECE + 1, FEWEST, 2 * PIECE, MOST - 1, MOST];
        for size in short.into_iter().chain([LONG - 1, LONG, LONG + 1, LONG + LONG_PIECE, from.len()]) {
            for piece in [PIECE, LONG_PIECE, usize::MAX] {
                let mut to = vec![255; size];
                copy_pieces(&from[..size], &mut to, piece);
                assert_eq!(to, from[..size], "pieces of {piece}");
            }
            let mut to = vec![255; size];
            copy_by_memcpy(&from[..size], &mut to);
            assert_eq!(to, from[..size]);
        }
    }
}
