//! Where the lines end that were found and not yet taken.
//!
//! A search call a line costs more than the line: the index finds many line ends in one pass over a stretch of bytes
//! that then is in the first-level cache for whoever reads the lines. It has a fixed size, so that a megabyte of empty
//! lines takes no more memory than any other.
//!
//! The pass compares 64 bytes at a time and keeps one bit a byte. Stable Rust has no safe move-mask instruction, and what
//! the compiler makes of the obvious loop (`mask |= (byte == b'\n') << i`) is slow. So bit `k` of byte `j` says that byte
//! `8k + j` is a line end: that takes only `and` and `or` of whole vectors. A mask with one or two bits is then read off
//! through a table of places, and a fuller one is turned like an 8 by 8 bit matrix. There are two loops over [`MASKS`]
//! masks, with memory between them, because the compiler takes the vectors to pieces when it sees both halves in one. No
//! `unsafe`, and the same source is vectorised for every target.
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
//!
//! Run-time dispatch would save 0.008 ns a byte of the 0.175 that lines of 150-base reads from a file take: not worth an
//! `unsafe` file. Lines handed to a closure straight from the index saved 0.003, and are not offered for that.

use memchr::memchr;

/// Line ends that the index holds.
const ENTRIES: usize = 256;

/// Masks of 64 bytes that are made at a time where line ends are frequent.
const MASKS: usize = 16;

/// Masks that are made at a time until two such groups in a row held a line end: behind a long line often comes another.
const FEW_MASKS: usize = 4;

/// Bytes searched once something was found; more would leave the first-level cache before it is read.
const STRETCH: usize = 16 << 10;

/// Bytes that one call searches at most, so that offsets fit an entry. Tests do not have as many.
const REACH: usize = if cfg!(test) { 1 << 12 } else { 1 << 31 };

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

/// Line ends of a block's data. All offsets count from the first byte held.
pub(crate) struct LineIndex {
    /// Offsets of line ends less `origin`, ascending; those at `next..count` are not yet taken.
    ends: [u32; ENTRIES],
    /// Where the entries count from; below zero (wrapped) when what they count from is no longer held.
    origin: usize,
    /// `next <= count`.
    next: usize,
    /// `count <= ENTRIES`.
    count: usize,
    /// Every line end before this offset is in the index or taken.
    searched: usize,
}

/// How far an index had come before its data changed hands; see [`LineIndex::suspend`].
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    next: usize,
    count: usize,
    searched: usize,
}

impl LineIndex {
    pub(crate) const fn new() -> Self {
        Self { ends: [0; ENTRIES], origin: 0, next: 0, count: 0, searched: 0 }
    }

    /// The first line end not yet taken, if it was found already.
    #[inline(always)]
    pub(crate) fn first(&self) -> Option<usize> {
        if self.next < self.count {
            Some(self.origin.wrapping_add(self.ends[self.next % ENTRIES] as usize))
        } else {
            None
        }
    }

    /// Counts the first line end as taken.
    #[inline(always)]
    pub(crate) fn take(&mut self) {
        self.next += 1;
    }

    /// The first line end in `data` not yet taken; searches on when the index is used up.
    pub(crate) fn find(&mut self, data: &[u8]) -> Option<usize> {
        while self.next >= self.count && self.searched < data.len() {
            self.search(data);
        }
        self.first()
    }

    /// Follows the data when its first `n` bytes are dropped; the line ends among them are taken.
    pub(crate) fn shift(&mut self, n: usize) {
        self.origin = self.origin.wrapping_sub(n);
        self.searched = self.searched.saturating_sub(n);
    }

    /// Knows nothing until [`LineIndex::resume`]: right whatever becomes of the data.
    pub(crate) fn suspend(&mut self) -> Mark {
        let mark = Mark { next: self.next, count: self.count, searched: self.searched };
        (self.next, self.count, self.searched) = (0, 0, 0);
        mark
    }

    /// Goes on from `mark`, the data being as it was, but for more behind it.
    pub(crate) fn resume(&mut self, mark: Mark) {
        (self.next, self.count, self.searched) = (mark.next, mark.count, mark.searched);
    }

    /// Replaces the used-up index by the line ends of the next stretch of `data`, which is not empty.
    fn search(&mut self, data: &[u8]) {
        let text = &data[self.searched..];
        let text = &text[..text.len().min(REACH)];
        let mut masks = [[0; 16]; MASKS];
        let mut count = 0;
        let mut at = 0;
        let (mut masks_now, mut follows) = (FEW_MASKS, false);
        loop {
            let (chunks, tail) = text[at..].as_chunks();
            let chunks = &chunks[..chunks.len().min(masks_now)];
            if chunks.is_empty() {
                for (i, _) in tail.iter().enumerate().filter(|&(_, &byte)| byte == b'\n') {
                    self.ends[count] = (at + i) as u32;
                    count += 1;
                }
                at = text.len();
                break;
            }
            mark_ends(chunks, &mut masks);
            let before = count;
            for mask in &masks[..chunks.len()] {
                let bits = fold(mask);
                if bits != 0 {
                    count += put(bits, at as u32, &mut self.ends[count..]);
                }
                at += 64;
                if count > ENTRIES - 64 {
                    break;
                }
            }
            if count > ENTRIES - 64 || (count > 0 && at >= STRETCH) {
                break;
            }
            if count == before {
                at += memchr(b'\n', &text[at..]).unwrap_or(text.len() - at);
                (masks_now, follows) = (FEW_MASKS, false);
            } else if std::mem::replace(&mut follows, true) {
                masks_now = MASKS;
            }
        }
        self.origin = self.searched;
        self.searched += at;
        self.next = 0;
        self.count = count;
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

/// Writes where the line ends are that `bits` (not zero) stand for, ascending, `at` added to each; returns their number.
#[inline(always)]
fn put(bits: u64, at: u32, ends: &mut [u32]) -> usize {
    let but_one = bits & (bits - 1);
    if but_one & but_one.wrapping_sub(1) == 0 {
        // One or two, the same one written twice: no branch to mispredict between the two cases.
        let a = PLACE[bits.trailing_zeros() as usize] as u32;
        let b = PLACE[63 - bits.leading_zeros() as usize] as u32;
        ends[..2].copy_from_slice(&[at + a.min(b), at + a.max(b)]);
        return 1 + usize::from(but_one != 0);
    }
    let mut places = transpose(bits);
    let mut n = 0;
    while places != 0 {
        ends[n] = at + places.trailing_zeros();
        places &= places - 1;
        n += 1;
    }
    n
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
