//! The fast path: an index of whole, well-formed records, made many records at a time.
//!
//! It accepts a record only when every rule is known to hold, and stops otherwise, without a verdict: the exact parser in
//! `strict.rs` then takes that one record, finds the error or the need for more bytes, or accepts what is well-formed but
//! rare. So no error is ever raised here, and speed and strictness stay apart.
//!
//! Where reads have one length, `uniform.rs` guesses them; else newlines are found first, as masks of 64 bytes for a span of 3 or
//! 5 KiB; then their places are read off eight masks at a time, without a branch that depends on the data. As long as third
//! lines are a bare `+`, their ends are struck from the masks on the way, and every three of the others are looked at as a record;
//! else every four of all. Where the quality's length is trusted and records are long, a record is one search after the other instead,
//! and its qualities are never touched.
//!
//! Other ways of the general search, in GB/s for 300 MB in memory of trimmed reads (Zen 5 guest with AVX-512, 2026-11-26,
//! median of seven runs, where a 64-bit sum over the same bytes has 32 to 36): this one 28 to 29, from a cached file 15.5. All
//! four ends of a record, of which three often lie in 64 bytes, more than are read off without a branch, 26 and 14.8. Three,
//! each rule a flag and all flags looked at together 25.5 and 14.4. Spans of 4 KiB with memory asked for 8 KiB ahead 27.6 and 15.3,
//! of 6 and 12 28.1 and 15.6, of 7 and 12 27.7 and 15.7, of 8 and 8 26.4 and 16.0, of 8 and 16 25.7 and 15.8. Masks copied before
//! ends are struck 18.
//!
//! The same of four ends and spans of 4 KiB (2026-11-25): this 26.5; memory asked for by the pass that
//! makes the masks, a burst that is waited for 24.0, and half of it record by record 24.3; places read off one mask after the
//! other in ordinary registers, 256 bytes at a step 24.0, by which four of a mask were 18 and byte compression 23; the same,
//! and a CR of each line subtracted without a branch 22.9; the same, and memory asked for record by record 21.4; calls that
//! stop after 16 KiB 20; no array of records, each judged from the line ends when it is asked for 18.
//!
//! With AVX2 three ends take 2 % less time than four, with SSE2 4 % more.
//!
//! On a 2-core Cascade Lake guest (Intel family 6 model 85, AVX-512 without VBMI2, 2026-11-26; ratios of medians of 8 to 24 interleaved
//! processes, 100 MB of trimmed reads in memory, where a 64-bit sum has 9 to 10 GB/s), in units of memory asked for as above, which
//! has 6.5: while records are looked at as well, two lines of 128 bytes a record, 18 KiB ahead, and 8 KiB in the search, **1.31 to
//! 1.36**; 12 and 6, 16 and 6, 18 and 12 1.31, 1.32, 1.28; four lines of 64 bytes 1.16, three of 128 1.17; none in the search 1.07 to
//! 1.11. In the search alone, 2 to 24 KiB ahead: 0.98 to 1.05; nothing asked for 0.93. With AVX2 0.77 of it either way. That processor
//! waits for what is asked for beyond ten or twelve lines at once, and had its memory idle while records were looked at. What is asked
//! for behind the bases of a long read whose qualities are then jumped over is fetched in vain: 1, 2, 3, 4 and 8 KiB ahead 1.21, 1.14,
//! 1.12, 1.09 and 1.06 in units of 12, and nothing asked for there 1.03 times the first of these (2026-11-27); where the search lands,
//! 0, 256, 768, 1024, 1536, 2048 and 3072 bytes asked for instead of 512 then 0.92, 0.96, 1.00, 1.01, 1.01 to 1.02, 1.00 and 0.98. None
//! of it was measured on processors with VBMI2, whose figures are those above.
//!
//! All that was with spans of 5 KiB and ends struck in a pass of its own. In units of it (2026-11-26, medians of seven to nine, 8.05
//! GB/s where the sum has 10.5): spans of 3 KiB 1.05, of 2, 2.5, 3.5, 4 and 8 1.01, 1.03, 1.04, 1.04, 0.95; of 3, and ends struck
//! as they are read, **1.08**, which on 2 to 4 KiB gives the same within 2 %; memory asked for 4, 6, 10, 12 and 16 KiB ahead of the
//! search 0.98, 1.01, 0.98, 1.00 and 0.87; 12, 24 and 32 ahead of the look 1.00.
//!
//! On a 2-core Zen 4 guest (AMD EPYC family 25 model 17, 2026-11-27, ratios of medians of nine interleaved processes, 300 MB in memory,
//! where a 64-bit sum has 28 GB/s), in units of memory asked for as on Zen 5: nothing asked for trimmed reads **0.81 to 0.86**, long
//! ones **0.75**; 2, 4, 8 and 20 KiB ahead 1.04, 0.95, 0.98, 1.04 and 0.99, 1.09, 0.95, 1.00; for the second level (T1, T2), 4 and 12 KiB
//! ahead, 0.84 to 0.91 and 0.96 to 0.99; not to stay (NTA) 0.96, 1.00 and 1.09, 0.99; spans of 2, 3, 8 and 12 KiB instead of 5, nothing
//! asked for, 0.93, 0.84, 0.93 and 1.12. What is asked for there seems to keep the processor's own reading ahead from learning. Where the
//! search lands that jumps over qualities, it pays: 0, 512 and 1536 bytes 0.96, 0.88, 0.86.
//! Trimmed reads there take 1.5 times what the sum does, since they take as long from the second cache level, 0.046 ns a byte: a third is
//! the pass that makes the masks, a third their places. Two places a mask in ordinary registers take 1.27, all by AVX2 1.29.

use crate::checks::QualityLength;
use crate::simd::{Masks, Scan, scans};
use crate::uniform::Uniform;

/// Most records that one call indexes.
pub(crate) const RECORDS: usize = 64;

/// The most bytes that are searched at a time.
const SPAN: usize = 5 << 10;

/// How far a call goes, and how far ahead of what is looked at memory is asked for, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Pacing {
    /// A call stops after so much once it has a record: what it touched is still in the first cache level for the user, and the
    /// search is never away for long from memory, which goes on loading what was asked for. Whole groups, up to [`SPAN`].
    pub(crate) span: usize,
    /// Of the search for line ends, a line of 64 bytes for each that is searched; 0 where nothing is asked for, as below.
    pub(crate) searching: usize,
    /// Of the search through long lines, where nothing else is done.
    pub(crate) passing: usize,
    /// Of the look at records, four lines for each.
    pub(crate) judging: usize,
    /// Of the search that jumps over what it need not see, and so over what it asked for.
    pub(crate) jumping: usize,
    /// Where that search lands, so many bytes; a multiple of 64.
    pub(crate) landing: usize,
    /// Of the look at records of one length, all their lines.
    pub(crate) guessing: usize,
    /// Whether line ends are counted, from front to back, before records of one length are guessed among them.
    pub(crate) counting: bool,
}

#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
impl Pacing {
    /// For processors that have many lines on their way to the first cache level, and keep them coming while records are looked at.
    pub(crate) const WIDE: Self = Self {
        span: SPAN,
        searching: 12 << 10,
        passing: 8 << 10,
        judging: 0,
        jumping: 12 << 10,
        landing: 512,
        guessing: 12 << 10,
        counting: false,
    };
    /// For those that have ten or twelve, after which they wait, and whose memory is idle once these have come.
    pub(crate) const NARROW: Self =
        Self { span: 3 << 10, searching: 8 << 10, judging: 18 << 10, jumping: 0, landing: 1536, ..Self::WIDE };
    /// For those that bring memory faster where nothing is asked for.
    pub(crate) const UNASKED: Self =
        Self { searching: 0, passing: 0, jumping: 0, guessing: 0, counting: true, ..Self::WIDE };
}

/// Masks whose bits are read together.
pub(crate) const LANES: usize = 8;

/// Bytes of as many masks.
const GROUP: usize = 64 * LANES;

/// Newlines of a record that are looked for: all.
pub(crate) const LINES: usize = 4;

/// The same where the third line is a bare `+`: its end lies two bytes behind another and is left out.
pub(crate) const BARE: usize = 3;

/// Bytes of `\n+\n`.
const BARE_TITLE: usize = 3;

/// Room for the line ends of a full index, of one more group, and for those that are always written.
const LINE_ENDS: usize = LINES * RECORDS + GROUP + 2 * LANES;

/// Where a record lies in the bytes that it was found in.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Offset of its `@`.
    pub(crate) start: usize,
    /// Bytes, line ends included.
    pub(crate) size: usize,
    pub(crate) layout: Layout,
}

/// Offsets of a record's parts from its `@`.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Just past the header, without line end.
    pub(crate) head_end: usize,
    /// Of the first base.
    pub(crate) seq_start: usize,
    /// Bases, and qualities: a number, no offset.
    pub(crate) len: usize,
    /// Of the first quality.
    pub(crate) qual_start: usize,
}

impl Layout {
    /// Of a record with a header of `head_end` bytes and `len` bases, and nothing but line ends and a `+` besides.
    #[inline(always)]
    pub(crate) fn bare(head_end: usize, len: usize) -> Self {
        let seq_start = head_end + 1;
        Self { head_end, seq_start, len, qual_start: seq_start + len + BARE_TITLE }
    }

    /// Whether `\n+\n` stands between bases and qualities.
    #[inline(always)]
    fn is_bare(&self) -> bool {
        self.qual_start == self.seq_start + self.len + BARE_TITLE
    }
}

impl Entry {
    /// Offset of the record after it: just past the last line end, or the end of input.
    #[inline(always)]
    pub(crate) fn end(&self) -> usize {
        self.start + self.size
    }

    /// The same record where its `@` has another offset.
    #[inline(always)]
    pub(crate) fn at(self, start: usize) -> Self {
        Self { start, ..self }
    }
}

/// Records found by a scan, and room for it to work in.
pub(crate) struct Index {
    pub(crate) entries: [Entry; RECORDS],
    /// Newlines of the span that was searched last, as bits, behind an empty mask.
    masks: [u64; 1 + SPAN / 64],
    /// Offsets of newlines; room behind the last one for those of a whole step.
    ends: [u32; LINE_ENDS],
    /// Whether the last records found were larger than a span.
    long: bool,
    /// Whether the last record found had a bare `+` and no CR.
    bare: bool,
    /// What the records so far had in common.
    uniform: Uniform,
}

impl Index {
    pub(crate) const fn new() -> Self {
        const NOWHERE: Layout = Layout { head_end: 0, seq_start: 0, len: 0, qual_start: 0 };
        const EMPTY: Entry = Entry { start: 0, size: 0, layout: NOWHERE };
        Self {
            entries: [EMPTY; RECORDS],
            masks: [0; 1 + SPAN / 64],
            ends: [0; LINE_ENDS],
            long: false,
            bare: true,
            uniform: Uniform::new(),
        }
    }
}

/// Indexes whole well-formed records of `data` that begin at `from` and follow each other without a gap; returns their
/// number. Zero says nothing about what stands there. Guesses where that goes, else searches.
// Nothing in here is a closure or an iterator adapter over masks: such a function of its own would be compiled without the
// vector unit of the caller.
#[inline(always)]
pub(crate) fn scan<M: Masks, const TRUSTED: bool>(data: &[u8], from: usize, index: &mut Index) -> usize {
    // What is guessed is verified, and the same for those who would have trusted.
    let guessed = index.uniform.scan::<M>(data, from, &mut index.entries);
    if guessed > 0 {
        return guessed;
    }
    // So is what is searched and verified, which for short records takes less time than to trust.
    let mut found = 0;
    if !(TRUSTED && index.long) {
        if index.bare && !index.long {
            found = verifying::<M, BARE>(data, from, index);
        }
        if found == 0 {
            found = verifying::<M, LINES>(data, from, index);
            index.bare = found == 0 || index.entries[found - 1].layout.is_bare();
        }
    }
    if TRUSTED && found == 0 {
        found = trusting::<M>(data, from, index);
        index.long = index.entries[..found].first().is_some_and(|first| first.size > M::PACING.span);
    }
    index.uniform.learn(&index.entries[..found]);
    found
}

/// The scan for the widest unit of this processor.
pub(crate) fn widest(quality: QualityLength) -> Scan {
    let (verifying, trusting) = scans();
    match quality {
        QualityLength::Verified => verifying,
        QualityLength::Trusted => trusting,
    }
}

/// The records that newlines tell: all four of each record ([`LINES`]), or three ([`BARE`]).
#[inline(always)]
pub(crate) fn verifying<M: Masks, const ENDS: usize>(data: &[u8], from: usize, index: &mut Index) -> usize {
    let text = &data[from..];
    let found = find_line_ends::<M, ENDS>(text, index);
    let (records, _) = index.ends[..found].as_chunks::<ENDS>();
    let mut start = 0;
    let mut count = 0;
    for (ends, entry) in records.iter().zip(&mut index.entries) {
        let next = ends[ENDS - 1] as usize + 1;
        let Some(bytes) = text.get(start..next) else { break };
        let layout = if ENDS == BARE { bare(bytes, start, ends) } else { record(bytes, start, ends) };
        let Some(layout) = layout else { break };
        if M::PACING.judging > 0
            && let Some(chunk) = bytes.first_chunk()
        {
            // What lies between comes along, into the second level.
            M::prefetch(chunk, M::PACING.judging);
            M::prefetch(chunk, M::PACING.judging + 128);
        }
        *entry = Entry { start: from + start, size: bytes.len(), layout };
        start = next;
        count += 1;
    }
    count
}

/// The record that `bytes`, which begin at `start`, are and whose header, bases and qualities end where it is said, if it keeps
/// every rule, and its third line is no more than a `+` and a newline.
///
/// Of the newlines, those two bytes behind another were left out. In a record that one is the end of the third line. Of others,
/// the first would lie two bytes behind one that is known: at the second byte of another line. So there is none if these
/// are none.
#[inline(always)]
fn bare(bytes: &[u8], start: usize, ends: &[u32]) -> Option<Layout> {
    let &[head_nl, seq_nl, _] = ends else { return None };
    let (head_nl, seq_nl) = (head_nl as usize - start, seq_nl as usize - start);
    // Cut and matched so, each part is held against its length once, and no place in it again.
    let (head, rest) = bytes.split_at_checked(head_nl + 1)?;
    let (seq, rest) = rest.split_at_checked(seq_nl - head_nl)?;
    if rest.len() != seq.len() + 2 {
        return None;
    }
    let &[b'@', second, .., before_head_nl, _] = head else { return None };
    let &[base, second_base, .., before_seq_nl, _] = seq else { return None };
    let &[b'+', b'\n', _, second_qual, .., before_qual_nl, _] = rest else { return None };
    if before_head_nl == b'\r' || before_seq_nl == b'\r' || before_qual_nl == b'\r' || base == b'@' {
        return None;
    }
    if second == b'\n' || second_base == b'\n' || second_qual == b'\n' {
        return None;
    }
    Some(Layout::bare(head_nl, seq.len() - 1))
}

/// The record that `bytes`, which begin at `start`, are and whose lines end where it is said, if it keeps every rule.
#[inline(always)]
fn record(bytes: &[u8], start: usize, ends: &[u32]) -> Option<Layout> {
    let &[head_nl, seq_nl, title_nl, qual_nl] = ends else { return None };
    let (head_nl, seq_nl) = (head_nl as usize - start, seq_nl as usize - start);
    let (title_nl, qual_nl) = (title_nl as usize - start, qual_nl as usize - start);
    let (seq_start, qual_start) = (head_nl + 1, title_nl + 1);
    // A newline stands at each of the four ends, so every line has a first byte.
    if bytes[0] != b'@' || bytes[seq_start] == b'@' || bytes[seq_nl + 1] != b'+' {
        return None;
    }
    let (mut head_end, mut seq_end, mut qual_end) = (head_nl, seq_nl, qual_nl);
    // Mostly none has one: then nothing is subtracted, nor waited for.
    if bytes[head_nl - 1] == b'\r' || bytes[seq_nl - 1] == b'\r' || bytes[qual_nl - 1] == b'\r' {
        head_end = content_end(bytes, head_nl);
        seq_end = content_end(bytes, seq_nl);
        qual_end = content_end(bytes, qual_nl);
    }
    let len = seq_end - seq_start;
    (len == qual_end - qual_start).then_some(Layout { head_end, seq_start, len, qual_start })
}

/// End of the line without a CR before its newline. Of an empty line, what stands before is the newline of another: no
/// record's first line is empty.
#[inline(always)]
fn content_end(data: &[u8], newline: usize) -> usize {
    newline - usize::from(data[newline - 1] == b'\r')
}

/// The same as [`verifying`], but for line ends among the qualities: a record ends where its quality has to.
#[inline(always)]
fn trusting<M: Masks>(data: &[u8], from: usize, index: &mut Index) -> usize {
    let mut start = from;
    let mut count = 0;
    for entry in &mut index.entries {
        if start - from >= M::PACING.span {
            break;
        }
        let Some(found) = trusted::<M>(data, start) else { break };
        start = found.end();
        *entry = found;
        count += 1;
    }
    count
}

/// The record that begins at `start`, if a line end stands where its quality has to end, and all else keeps the rules.
#[inline(always)]
fn trusted<M: Masks>(data: &[u8], start: usize) -> Option<Entry> {
    if data.get(start) != Some(&b'@') {
        return None;
    }
    let head_nl = newline::<M>(data, start + 1)?;
    let seq_start = head_nl + 1;
    let seq_nl = newline::<M>(data, seq_start)?;
    let head_end = content_end(data, head_nl);
    let seq_end = content_end(data, seq_nl);
    let title = data.get(seq_nl + 1..seq_nl + 3)?;
    if data[seq_start] == b'@' || title[0] != b'+' {
        return None;
    }
    let title_nl = if title[1] == b'\n' { seq_nl + 2 } else { newline::<M>(data, seq_nl + 2)? };
    let qual_start = title_nl + 1;
    let next = trusted_end(data, qual_start, seq_end - seq_start)?;
    if let Some(chunk) = data.get(next..).and_then(|rest| rest.first_chunk()) {
        for ahead in (0..M::PACING.landing).step_by(64) {
            M::prefetch(chunk, ahead);
        }
    }
    let layout = Layout {
        head_end: head_end - start,
        seq_start: seq_start - start,
        len: seq_end - seq_start,
        qual_start: qual_start - start,
    };
    Some(Entry { start, size: next - start, layout })
}

/// Just past the line end of a quality line of exactly `len` bytes, if there is one where it has to be. What stands before
/// it is not looked at, but for a CR that would be a part of the line end.
#[inline(always)]
pub(crate) fn trusted_end(data: &[u8], qual_start: usize, len: usize) -> Option<usize> {
    let end = qual_start + len;
    match data.get(end)? {
        b'\n' if len == 0 || data[end - 1] != b'\r' => Some(end + 1),
        b'\r' if data.get(end + 1) == Some(&b'\n') => Some(end + 2),
        _ => None,
    }
}

/// The first newline at or after `from`, unless it is among the last bytes, too few for a mask.
#[inline(always)]
fn newline<M: Masks>(data: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    // Mostly a short line.
    for _ in 0..4 {
        let mask = M::newlines(data.get(at..)?.first_chunk()?);
        if mask != 0 {
            return Some(at + mask.trailing_zeros() as usize);
        }
        at += 64;
    }
    while let Some(step) = data[at..].first_chunk::<256>() {
        let (chunks, _) = step.as_chunks::<64>();
        for chunk in chunks {
            M::ask(chunk, M::PACING.jumping);
        }
        let (a, b) = (M::newlines(&chunks[0]), M::newlines(&chunks[1]));
        let (c, d) = (M::newlines(&chunks[2]), M::newlines(&chunks[3]));
        if a | b | c | d != 0 {
            let (mask, at) = match (a, b, c) {
                (0, 0, 0) => (d, at + 192),
                (0, 0, _) => (c, at + 128),
                (0, _, _) => (b, at + 64),
                _ => (a, at),
            };
            return Some(at + mask.trailing_zeros() as usize);
        }
        at += 256;
    }
    while let Some(chunk) = data[at..].first_chunk() {
        let mask = M::newlines(chunk);
        if mask != 0 {
            return Some(at + mask.trailing_zeros() as usize);
        }
        at += 64;
    }
    None
}

/// Writes the places of newlines, `ENDS` of a record, up to enough for a full index, up to a span once a record is whole, or up
/// to the last whole group in `data`; returns their number.
#[inline(always)]
fn find_line_ends<M: Masks, const ENDS: usize>(data: &[u8], index: &mut Index) -> usize {
    let Index { masks, ends, long, .. } = index;
    let (groups, _) = data.as_chunks::<GROUP>();
    let mut rest = &groups[..groups.len().min(u32::MAX as usize / GROUP)];
    let mut count = 0;
    let mut at = 0;
    while !rest.is_empty() {
        // Lines are long: they are passed without their masks being kept.
        while *long && let [group, more @ ..] = rest {
            let (chunks, _) = group.as_chunks::<64>();
            let mut any = 0;
            for chunk in chunks {
                M::ask(chunk, M::PACING.passing);
                any |= M::newlines(chunk);
            }
            if any != 0 {
                break;
            }
            at += GROUP as u32;
            rest = more;
        }
        let (span, more) = rest.split_at(rest.len().min(if *long { 1 } else { M::PACING.span / GROUP }));
        for (mask, chunk) in masks[1..].iter_mut().zip(span.as_flattened().as_chunks().0) {
            *mask = M::newlines(chunk);
        }
        for (first, group) in (0..).step_by(LANES).zip(span) {
            for chunk in group.as_chunks::<64>().0 {
                M::ask(chunk, M::PACING.searching);
            }
            let Some(made) = masks[first..].first_chunk::<{ 1 + LANES }>() else { return count };
            let mut kept = [0; LANES];
            for (kept, two) in kept.iter_mut().zip(made.windows(2)) {
                // Without what stands two bytes behind another.
                *kept = if ENDS == BARE { two[1] & !(two[1] << 2 | two[0] >> 62) } else { two[1] };
            }
            let Some(slots) = ends[count..].first_chunk_mut() else { return count };
            count += match M::places(&kept, at, slots) {
                Some(found) => found,
                None => push_all(&kept, at, &mut ends[count..]),
            };
            if count >= ENDS * RECORDS {
                return count;
            }
            at += GROUP as u32;
        }
        if count >= ENDS {
            *long = at > M::PACING.span as u32;
            break;
        }
        rest = more;
        *long = true;
    }
    count
}

/// Writes the places of all bits of masks to the first of `ends`; returns their number.
#[inline(never)]
fn push_all(masks: &[u64; LANES], at: u32, ends: &mut [u32]) -> usize {
    let mut count = 0;
    for (&mask, at) in masks.iter().zip((at..).step_by(64)) {
        let mut rest = mask;
        while rest != 0 {
            ends[count] = at + rest.trailing_zeros();
            rest &= rest - 1;
            count += 1;
        }
    }
    count
}
