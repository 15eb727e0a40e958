//! The fast path: an index of whole, well-formed records, made many records at a time.
//!
//! It accepts a record only when every rule is known to hold, and stops otherwise, without a verdict: the exact parser in
//! `strict.rs` then takes that one record, finds the error or the need for more bytes, or accepts what is well-formed but
//! rare. So no error is ever raised here, and speed and strictness stay apart.
//!
//! Header and sequence lines are searched with masks of 64 bytes; the `+` is looked at; the quality line is jumped over by
//! the sequence's length and then verified to hold no newline. Lines of up to 256 bytes take no data-dependent branch, so
//! reads of varying length cost no mispredictions.

use crate::simd::Masks;

/// Most records that one call indexes.
pub(crate) const RECORDS: usize = 64;

/// Bytes after which a call stops indexing, so that what it touched is still in the first cache level for the user.
const SPAN: usize = 16 << 10;

/// Bytes ahead of the scan that are asked for.
const AHEAD: usize = 2048;

/// Offsets of one record in the bytes that it was found in.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Of its `@`.
    pub(crate) start: usize,
    /// Just past the header, without line end.
    pub(crate) head_end: usize,
    /// Of the first base.
    pub(crate) seq_start: usize,
    /// Just past the last base.
    pub(crate) seq_end: usize,
    /// Of the first quality; there are as many as bases.
    pub(crate) qual_start: usize,
    /// Of the record after it: just past the last line end, or the end of input.
    pub(crate) next: usize,
}

impl Entry {
    /// The same record after what stood at `from` was moved to `to`.
    #[inline(always)]
    pub(crate) fn moved(self, from: usize, to: usize) -> Self {
        let moved = |at: usize| at - from + to;
        Self {
            start: moved(self.start),
            head_end: moved(self.head_end),
            seq_start: moved(self.seq_start),
            seq_end: moved(self.seq_end),
            qual_start: moved(self.qual_start),
            next: moved(self.next),
        }
    }
}

/// Indexes whole well-formed records of `data` that begin at `from` and follow each other without a gap; returns their
/// number. Zero says nothing about what stands there.
#[inline(always)]
pub(crate) fn scan<M: Masks>(data: &[u8], from: usize, index: &mut [Entry]) -> usize {
    let stop = from.saturating_add(SPAN);
    let mut at = from;
    let mut count = 0;
    for entry in index {
        if at >= stop {
            break;
        }
        let Some(found) = record::<M>(data, at) else { break };
        *entry = found;
        at = found.next;
        count += 1;
    }
    count
}

#[inline(always)]
fn record<M: Masks>(data: &[u8], start: usize) -> Option<Entry> {
    if *data.get(start)? != b'@' {
        return None;
    }
    let head_nl = newline::<M>(data, start + 1)?;
    let seq_start = head_nl + 1;
    if *data.get(seq_start)? == b'@' {
        return None;
    }
    let seq_nl = newline::<M>(data, seq_start)?;
    M::prefetch(data, seq_nl + AHEAD);
    let seq_end = seq_nl - usize::from(data[seq_nl - 1] == b'\r' && seq_nl > seq_start);
    let qual_start = match data.get(seq_nl + 1..)?.first_chunk::<3>()? {
        [b'+', b'\n', _] => seq_nl + 3,
        [b'+', b'\r', b'\n'] => seq_nl + 4,
        [b'+', _, _] => newline::<M>(data, seq_nl + 2)? + 1,
        _ => return None,
    };
    let qual_end = qual_start + (seq_end - seq_start);
    if any_newline::<M>(data, qual_start, qual_end)? {
        return None;
    }
    let next = match *data.get(qual_end)? {
        // A line that ends in `\r\n` has that CR stripped: it cannot be the last quality.
        b'\n' if data[qual_end - 1] != b'\r' => qual_end + 1,
        b'\r' if *data.get(qual_end + 1)? == b'\n' => qual_end + 2,
        _ => return None,
    };
    Some(Entry {
        start,
        head_end: head_nl - usize::from(data[head_nl - 1] == b'\r'),
        seq_start,
        seq_end,
        qual_start,
        next,
    })
}

#[inline(always)]
fn chunk(data: &[u8], at: usize) -> Option<&[u8; 64]> {
    data.get(at..)?.first_chunk()
}

/// Four consecutive chunks.
#[inline(always)]
fn wide(data: &[u8], at: usize) -> Option<[&[u8; 64]; 4]> {
    let wide = data.get(at..)?.first_chunk::<256>()?;
    let (chunks, _) = wide.as_chunks::<64>();
    Some([&chunks[0], &chunks[1], &chunks[2], &chunks[3]])
}

/// Offset of the first newline at or after `at`; `None` also when it is too near the end of `data` to look in chunks.
#[inline(always)]
fn newline<M: Masks>(data: &[u8], mut at: usize) -> Option<usize> {
    loop {
        // Two chunks are looked at before a branch is taken: the lengths of reads vary, and a branch a chunk would be
        // mispredicted about once a line.
        let two = data.get(at..)?.first_chunk::<128>()?;
        let (chunks, _) = two.as_chunks::<64>();
        let (first, second) = (M::newlines(&chunks[0]), M::newlines(&chunks[1]));
        if first | second != 0 {
            let low = first.trailing_zeros() as usize;
            let high = 64 + second.trailing_zeros() as usize;
            return Some(at + if first != 0 { low } else { high });
        }
        at += 128;
    }
}

/// Whether a newline stands in `data[from..to]`; `None` when `to` is too near the end of `data` to look in chunks.
#[inline(always)]
fn any_newline<M: Masks>(data: &[u8], from: usize, to: usize) -> Option<bool> {
    let mut at = from;
    let mut found = 0;
    while to - at > 256 {
        let [a, b, c, d] = wide(data, at)?;
        found |= M::newlines(a) | M::newlines(b) | M::newlines(c) | M::newlines(d);
        at += 256;
    }
    while to - at > 64 {
        found |= M::newlines(chunk(data, at)?);
        at += 64;
    }
    // 0..=64 bytes are left: the mask's bits behind them are shifted out.
    let rest = M::newlines(chunk(data, at)?);
    let left = to - at;
    found |= if left == 0 { 0 } else { rest << (64 - left) };
    Some(found != 0)
}
