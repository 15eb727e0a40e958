//! Lengths from which on memory is written in another way, with what was measured.

use std::ops::RangeInclusive;

/// The most that is zeroed ahead of what was asked for: short slices then cost a comparison each, and their zeros are written
/// in whole cache lines.
pub(crate) const AHEAD: usize = 1024;
/// A cache line.
pub(crate) const LINE: usize = 64;
/// Bytes of an arena that stays in the first cache.
pub(crate) const NEAREST: usize = 32 << 10;
/// Lengths of copies for which the lines so far [ahead](AHEAD) are asked for: the processor sees less of a row of stores than of one of
/// loads. Shorter ones cost less than to ask, and longer ones it sees by itself.
///
/// On a 2-core Cascade Lake guest, Intel family 6 model 85, 2026-11-27, ns a slice of 150, 250, 500 and 1000 bytes, asked for or not:
/// in 256 KiB 8.8, 9.2, 14.1, 23.0 or 9.8, 11.0, 17.1, 25.0; in 8 MiB 9.1, 11.6, 22.7, 44.8 or 12.4, 15.9, 30, 54. In 16 KiB 9.4 and
/// 9.7 or 6.8 and 7.1; 64 bytes 5.8 or 4.5; 2000 in 256 KiB 48.7 or 41.8. 512 bytes ahead is no different in 256 KiB, and up to
/// a tenth slower in 8 MiB. Where copies are made in parts, nothing is asked for: on a 2-core Zen 4 guest (AMD EPYC family 25 model 17,
/// 2026-11-27) it took 0.99 of 150 bytes, 1.16 where lines of 4 KiB were asked for as well, and other processors were not measured.
pub(crate) const ASKED_FOR: RangeInclusive<usize> = 65..=1024;

/// What a longer copy or fill, of [`MOST_IN_PIECES`] at most, does at once.
///
/// From about 2 KiB on the system's `memset` uses the processor's string instructions, and so does `memcpy` where they are said to be
/// fast; they are made for memory far away. In the second cache, vectors are faster; and copies by string instructions take half as
/// long again, or twice as long, in about every third process, by where its pages happen to lie.
pub(crate) const PIECE: usize = 1024;
/// Fewer bytes are written faster at once.
pub(crate) const FEWEST_IN_PIECES: usize = 2560;
/// More bytes are written as fast at once, but for copies where pages lie badly, and zeros in the second cache.
pub(crate) const MOST_IN_PIECES: usize = 8192;
/// Bytes of a chunk that stays in the second cache.
pub(crate) const CLOSE: usize = 512 << 10;
/// There, more is zeroed in pieces: 16 KiB in 87 ns instead of 105; in chunks of 1, 2 and 4 MiB 114, 138 and 153 instead of 108, 138
/// and 136 (2-core Zen 5 guest, second cache of 1 MiB, 2026-11-26). Copied, it is 127 instead of 108 in 256 KiB.
pub(crate) const MOST_ZEROED_CLOSE: usize = 32 << 10;
