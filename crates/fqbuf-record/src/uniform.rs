//! Reads of one length: records that are guessed from those before, and proved right together.
//!
//! Where all reads have as many bases, a record is known by its header's line end alone: its other three line ends stand
//! where the length says. So only that one is searched for, and the places of the others are looked at. That no line end
//! stands anywhere else is not asked record by record: up to its last record, the stretch must have four times as many line
//! ends as records. Where it has more, nothing of it is believed, and the general search does it over.
//!
//! Line ends are first written as bits, one a byte, by a pass over the whole stretch. A record's search begins where the one
//! before has ended, and among bits that is far sooner than from a comparison of bytes. The general search has no such chain
//! from record to record, but writes the place of every line end.
//!
//! GB/s for 150-base reads in the second cache level / in memory / from a cached file (Zen 5 guest, 2026-11-25, median of seven
//! runs, where a bare `read(2)` had 23 to 27): with AVX-512 36 / 31 / 16, where the general search has 37 / 29 / 16; with AVX2 33 /
//! 28.5 / 15.2 and 26 / 24.7 / 13.7; with SSE2 23.7 / 22 / 12.5 and 18.7 / 18 / 10.5. On the way, with AVX-512, where this one had
//! 37 / 32 / 17: each search begun from the record's start, not from the header's end before it 36 / 30 / 16.8; memory asked for in
//! the pass, not record by record 36 / 28 / 15.5; stretches of 8 KiB 40 / 29 / 17; the bits in words, shifted by pairs 33 / 30
//! / 15.7; the header's end by comparison of bytes 29 / 26 / 14.2; the same, and line ends counted in each record 30 / 29 /
//! 14.4; the same with a branch on which 64 bytes a header ends in, mispredicted at every other one where headers have 62 to
//! 64 bytes, 31 / 21 / 12.6. And reads of any length in the same way, by a search for the end of the header and one for that of
//! the bases: trimmed reads 26 / 20.5 / 13.4, where the general search has 32 / 26.5 / 14.

use crate::scan::{AHEAD, Entry, Layout, RECORDS};
use crate::simd::Masks;

/// Bytes of a stretch.
const SPAN: usize = 4 << 10;

/// Words of the bits of a stretch.
const WORDS: usize = SPAN / 64;

/// With fewer records in a stretch, the general search does as well.
const FEWEST: usize = 4;

/// Bytes by which headers may be shorter than the longest seen, for their ends to be found. They may be longer by as many.
const SLACK: usize = 24;

/// What records have in common.
#[derive(Clone, Copy)]
struct Shape {
    /// Bytes of a record among which its header's end is not searched for; at least 1.
    head: usize,
    /// Bases; at least 1.
    len: usize,
    /// Cache lines of a record.
    lines: usize,
}

/// What the last records had in common, and room for the bits of a stretch.
pub(crate) struct Uniform {
    shape: Option<Shape>,
    /// Bit `i % 8` of byte `i / 8`: whether byte `i` of the stretch is a newline. Behind them a word of zeros, so that eight
    /// bytes can be read from any of them.
    bits: [[u8; 8]; WORDS + 1],
}

impl Uniform {
    pub(crate) const fn new() -> Self {
        Self { shape: None, bits: [[0; 8]; WORDS + 1] }
    }

    /// Takes over what the records that were just found have in common, if they are alike.
    #[inline(always)]
    pub(crate) fn learn(&mut self, found: &[Entry]) {
        self.shape = None;
        let [first, ..] = found else { return };
        let (mut head_end, mut size) = (0, 0);
        for entry in found {
            if entry.layout.len != first.layout.len {
                return;
            }
            head_end = head_end.max(entry.layout.head_end);
            size = size.max(entry.size);
        }
        if found.len() >= FEWEST && size <= SPAN / FEWEST && first.layout.len > 0 {
            let head = head_end.saturating_sub(SLACK).max(1);
            self.shape = Some(Shape { head, len: first.layout.len, lines: size.div_ceil(64) });
        }
    }

    /// Indexes records like those before, from `from` on; returns their number. After a stretch with hardly any it gives up
    /// until it has [learned](Uniform::learn) again.
    #[inline(always)]
    pub(crate) fn scan<M: Masks>(&mut self, data: &[u8], from: usize, entries: &mut [Entry; RECORDS]) -> usize {
        let Some(shape) = self.shape else { return 0 };
        let Some(stretch) = data.get(from..).and_then(|rest| rest.first_chunk::<SPAN>()) else { return 0 };
        let (chunks, _) = stretch.as_chunks::<64>();
        for (chunk, bits) in chunks.iter().zip(&mut self.bits) {
            *bits = M::newlines(chunk).to_le_bytes();
        }
        let bits = self.bits.as_flattened();
        let (mut count, mut start) = (0, 0);
        // Where the next search begins hangs on the one before: this way by the fewest steps.
        let (mut at, step) = (shape.head, 2 * shape.len + 5 + shape.head);
        for entry in entries {
            let Some(word) = bits.get(at / 8..).and_then(|bits| bits.first_chunk()) else { break };
            let head_end = at + (u64::from_le_bytes(*word) >> (at % 8)).trailing_zeros() as usize;
            at = head_end + step;
            let Some(found) = guess(stretch, start, head_end, shape.len) else { break };
            // Loads between the looks at one record and the next, not all of a stretch at once, which would be waited for.
            if let Some(chunk) = stretch[start..].first_chunk() {
                for line in 0..shape.lines {
                    M::prefetch(chunk, AHEAD + 64 * line);
                }
            }
            start = found.end();
            *entry = found.at(from + found.start);
            count += 1;
        }
        let right = newlines(&self.bits, start) == 4 * count;
        if count < FEWEST || !right {
            self.shape = None;
        }
        if right { count } else { 0 }
    }
}

/// The record that begins at `start`, if line ends stand where the shape says and all rules are kept, as far as that can be
/// said without a look at what else is a line end.
#[inline(always)]
fn guess(stretch: &[u8; SPAN], start: usize, head_end: usize, len: usize) -> Option<Entry> {
    let seq_start = head_end + 1;
    let seq_end = seq_start + len;
    let qual_start = seq_end + 3;
    let end = qual_start + len + 1;
    if end > SPAN {
        return None;
    }
    let [before_head_end, at_head_end, base] = *stretch[head_end - 1..].first_chunk()?;
    let [before_seq_end, between @ ..] = *stretch[seq_end - 1..].first_chunk::<4>()?;
    let [before_qual_end, at_qual_end] = *stretch[end - 2..].first_chunk()?;
    let right = stretch[start] == b'@'
        && at_head_end == b'\n'
        && before_head_end != b'\r'
        && base != b'@'
        && between == *b"\n+\n"
        && before_seq_end != b'\r'
        && at_qual_end == b'\n'
        && before_qual_end != b'\r';
    let layout =
        Layout { head_end: head_end - start, seq_start: seq_start - start, len, qual_start: qual_start - start };
    right.then_some(Entry { start, size: end - start, layout })
}

/// Newlines among the first `end` bytes of a stretch: all, which is a loop of fixed length over vectors, less those behind.
#[inline(always)]
fn newlines(bits: &[[u8; 8]; WORDS + 1], end: usize) -> usize {
    let mut all = 0;
    for word in bits {
        all += u64::from_le_bytes(*word).count_ones();
    }
    let mut behind = (u64::from_le_bytes(bits[end / 64]) >> (end % 64)).count_ones();
    for word in &bits[end / 64 + 1..] {
        behind += u64::from_le_bytes(*word).count_ones();
    }
    (all - behind) as usize
}
