//! The pass that finds line ends: what its ways have in common, and the choice of one.

use crate::portable;
#[cfg(target_arch = "x86_64")]
use crate::simd;

/// Line ends that one search finds at most.
pub(crate) const FOUND: usize = 512;

/// Bytes searched once something was found; much more would leave the first-level cache before it is read. From a file, 24 and
/// 32 KiB were level on 150-base reads, 8 KiB 2 % and 4 KiB 3 % slower (two-core Zen 5 guest, 2026-11-25).
pub(crate) const STRETCH: usize = 16 << 10;

/// Where lines begin: the first entry is the caller's, the others are for those behind the line ends that are found.
pub(crate) type Starts = [usize; FOUND + 1];

/// Writes where lines begin behind the line ends of `text`, which itself begins at `from`, to `starts` from its second entry
/// on. Returns their number, and how much of the text was searched: all when nothing was found.
pub(crate) fn find_lines(text: &[u8], from: usize, starts: &mut Starts) -> (usize, usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(found) = simd::find_lines(text, from, starts) {
        return found;
    }
    portable::find_lines(text, from, starts)
}

/// Writes the places of all bits of `mask`, ascending, `from` added to each, to the first of `starts`; returns their number.
#[inline]
pub(crate) fn push(mut mask: u64, from: usize, starts: &mut [usize]) -> usize {
    let mut count = 0;
    while mask != 0 {
        starts[count] = from + mask.trailing_zeros() as usize;
        mask &= mask - 1;
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests;
