//! Reads of one length: records that are guessed from those before, and proved right together.
//!
//! Where all reads have as many bases, records differ in size only by what their headers do: so each one's end is looked for
//! where it is expected from here, within 64 bytes, and no search waits for another. All else follows from the ends. That line
//! ends stand where they should is looked at. That none stands anywhere else is proved by the least byte of all bases and
//! qualities of a stretch, which must be greater than any line end, and by a search of the headers. Where it is not so,
//! nothing of the stretch is believed, and the general search does it over.
//!
//! GB/s for 150-base reads in the second cache level / in memory / from a cached file (Zen 5 guest, 2026-11-25, medians, where a
//! 64-bit sum had 30 to 35 in memory and a bare `read(2)` 27.6): with AVX-512 43.5 / 35 / 17.1, where the general search has 37 /
//! 29 / 16; with AVX2 40 / 33 and 26 / 25; with SSE2 30 / 28 and 19 / 18. On the way, with AVX-512, in the cache and, where known,
//! in memory:
//!
//! - Ends searched in one loop with the rest 38 / 33; the same without bounds checks 42; the chunks of a line counted at
//!   run time 37 / 31; what is least of both lines in one register 41.
//! - Stretches of 8 KiB 44.5 / 29, of 16 KiB 45 / 22.
//! - Each header's end searched for, behind the record before: 31 / 29, a chain of waits of 4.5 ns a record. The same
//!   among bits of line ends, made by a pass over the stretch, and proved by their count: 36 / 30, with AVX2 32 / 28, with
//!   SSE2 24 / 22.5. From the record's start 36 / 30; memory asked for in that pass 36 / 28; the bits in words 33 / 30; line ends
//!   counted in each record 30 / 29; a branch on which chunk a header ends in 31 / 21.
//! - Memory asked for 8 KiB ahead 43 / 32, 16 KiB 42 / 35, 24 KiB 36 / 32. For the first cache level alone 37.5 in memory, but what
//!   the user's work drives out from there would have to be loaded again.
//! - No delivery at all, but the least byte of everything, memory asked for in 24 patterns: 38 to 42 in memory, which is what
//!   one core of this machine can read in pages of 4 KiB.
//! - Reads of any length by a search for the end of the header and one for that of the bases: trimmed reads 26 / 20.5, where the
//!   general search has 32 / 26.
//!
//! On AMD's Zen 4, which brings memory best unasked and where it is passed through from front to back, there is another proof: line
//! ends are counted in one such pass, and four a record are all. Time in memory there (2-core guest, AMD EPYC family 25 model 17,
//! 2026-11-27, medians of nine to eleven interleaved processes), in units of the proof by least bytes with memory asked for 12 KiB ahead:
//! **0.63**, where helicase native takes 0.60 to 0.62 and a 64-bit sum 0.52; and 1.05 of it in the second cache level, where nothing is
//! asked for. Tried before: nothing asked for and no pass 1.25; a pass that proves nothing, before the stretch is guessed, 0.71;
//! the same 512 bytes, 1, 2 and 4 KiB ahead of it 0.95 to 1.4; line by line between records 1.21; the ends taken from bits that the
//! pass keeps 0.73, of stretches of 2, 3 and 8 KiB 0.94, 0.79, 0.85; counted in bytes of a vector 0.66; the general search, with spans
//! of 2, 3, 5, 8 and 12 KiB 0.87, 0.77, 1.33, 0.89, 0.99; memory asked for in the pass, from 0 to 8 KiB ahead, the first lines of the next
//! stretch or page, 0.79 to 1.59; from front to back in each record, 0, 1, 4 and 8 KiB ahead, 1.33, 1.18, 0.87, 0.98; for the second level 0.86
//! to 1.2.

use crate::scan::{Entry, LINES, Layout, RECORDS};
use crate::simd::{CHUNK, Masks};

/// Bytes of a stretch.
const SPAN: usize = 4 << 10;

/// With fewer records in a stretch, the general search does as well.
const FEWEST: usize = 4;

/// What records have in common.
#[derive(Clone, Copy)]
struct Shape {
    /// Bases.
    len: usize,
    /// Bytes of a record, about.
    size: usize,
}

/// What the last records had in common.
pub(crate) struct Uniform(Option<Shape>);

/// What is to be known of all records of a stretch, before one of them is believed.
struct Doubt {
    /// The least byte of each place of chunks of bases.
    bases: [u8; CHUNK],
    /// The same of qualities.
    qualities: [u8; CHUNK],
    /// Newlines in headers, as bits.
    in_heads: u64,
}

impl Uniform {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// Takes over what the records that were just found have in common, if they are alike.
    #[inline(always)]
    pub(crate) fn learn(&mut self, found: &[Entry]) {
        self.0 = None;
        let [first, ..] = found else { return };
        let (mut least, mut most) = (first.size, first.size);
        for entry in found {
            if entry.layout.len != first.layout.len {
                return;
            }
            least = least.min(entry.size);
            most = most.max(entry.size);
        }
        if found.len() >= FEWEST && most <= SPAN / FEWEST {
            self.0 = Some(Shape { len: first.layout.len, size: least.midpoint(most) });
        }
    }

    /// Indexes records like those before, from `from` on; returns their number. After a stretch with hardly any it gives up
    /// until it has [learned](Uniform::learn) again.
    #[inline(always)]
    pub(crate) fn scan<M: Masks>(&mut self, data: &[u8], from: usize, entries: &mut [Entry; RECORDS]) -> usize {
        let Some(shape) = self.0 else { return 0 };
        let Some(stretch) = data.get(from..).and_then(|rest| rest.first_chunk()) else { return 0 };
        // Loops of a known length: the others took half as long again.
        let (count, right) = match shape.len / CHUNK {
            // Another line may end near a record's end.
            0 => (0, true),
            _ if M::PACING.counting => counted::<M>(stretch, from, shape, entries),
            1 => guesses::<M, 1>(stretch, from, shape, entries),
            2 => guesses::<M, 2>(stretch, from, shape, entries),
            3 => guesses::<M, 3>(stretch, from, shape, entries),
            4 => guesses::<M, 4>(stretch, from, shape, entries),
            _ => (0, true),
        };
        if count < FEWEST || !right {
            self.0 = None;
        }
        if right { count } else { 0 }
    }
}

/// Writes the records of a stretch that lies `from` bytes into the data, of `CHUNKS` whole chunks of bases each, to the first of
/// `entries`; returns their number and whether they are right.
#[inline(always)]
fn guesses<M: Masks, const CHUNKS: usize>(
    stretch: &[u8; SPAN],
    from: usize,
    shape: Shape,
    entries: &mut [Entry; RECORDS],
) -> (usize, bool) {
    let mut ends = [0; RECORDS + 1];
    let searched = expected_ends::<M>(stretch, shape, &mut ends);
    let mut doubt = Doubt { bases: [u8::MAX; CHUNK], qualities: [u8::MAX; CHUNK], in_heads: 0 };
    let mut count = 0;
    for (ends, entry) in ends[..=searched].windows(2).zip(entries) {
        let (start, end) = (ends[0] as usize, ends[1] as usize);
        let Some(bytes) = stretch.get(start..end) else { break };
        let Some(layout) = guess::<M, CHUNKS>(bytes, shape.len, &mut doubt) else { break };
        *entry = Entry { start: from + start, size: bytes.len(), layout };
        count += 1;
    }
    let both = doubt.bases.iter().zip(&doubt.qualities);
    let least = both.fold(u8::MAX, |least, (base, quality)| least.min(*base).min(*quality));
    (count, doubt.in_heads == 0 && least > b'\r')
}

/// Writes where records end in a stretch, if they are like those before, behind a first 0; returns their number. Kept in memory:
/// made in one loop with the rest, they are offsets from which the compiler derives more than it has registers for. Returned
/// instead of written in place, they were copied, for a tenth of the time.
#[inline(always)]
fn expected_ends<M: Masks>(stretch: &[u8; SPAN], shape: Shape, ends: &mut [u32; RECORDS + 1]) -> usize {
    let mut searched = 0;
    let mut around = shape.size.saturating_sub(CHUNK / 2);
    for end in &mut ends[1..] {
        let Some(window) = stretch.get(around..).and_then(|rest| rest.first_chunk()) else { break };
        *end = around as u32 + M::newlines(window).trailing_zeros() + 1;
        around += shape.size;
        searched += 1;
    }
    searched
}

/// The same as [`guesses`], proved by the number of line ends in all that the records take.
#[inline(always)]
fn counted<M: Masks>(stretch: &[u8; SPAN], from: usize, shape: Shape, entries: &mut [Entry; RECORDS]) -> (usize, bool) {
    let chunks = stretch.as_chunks().0;
    let mut line_ends = 0;
    for chunk in chunks {
        line_ends += M::newlines(chunk).count_ones();
    }
    let mut ends = [0; RECORDS + 1];
    let searched = expected_ends::<M>(stretch, shape, &mut ends);
    let mut count = 0;
    for (ends, entry) in ends[..=searched].windows(2).zip(entries) {
        let (start, end) = (ends[0] as usize, ends[1] as usize);
        let Some(bytes) = stretch.get(start..end) else { break };
        let Some(Parts { head, seq, qual }) = parts(bytes, shape.len) else { break };
        if seq.last() == Some(&b'\r') || qual.last() == Some(&b'\r') {
            break;
        }
        *entry = Entry { start: from + start, size: bytes.len(), layout: Layout::bare(head.len(), shape.len) };
        count += 1;
    }
    // Less those that come behind.
    let rest = ends[count] as usize;
    let mut behind = u64::MAX << (rest % CHUNK);
    for chunk in &chunks[rest / CHUNK..] {
        line_ends -= (M::newlines(chunk) & behind).count_ones();
        behind = u64::MAX;
    }
    (count, line_ends as usize == LINES * count)
}

/// A record without its line ends and its third line.
struct Parts<'a> {
    head: &'a [u8],
    seq: &'a [u8],
    qual: &'a [u8],
}

/// The parts of the record in `bytes`, if line ends stand where `len` bases say and all rules are kept, as far as that can be
/// said without a look at what else is a line end, or at a CR before those of bases and qualities.
#[inline(always)]
fn parts(bytes: &[u8], len: usize) -> Option<Parts<'_>> {
    let (head, rest) = bytes.split_at_checked(bytes.len().checked_sub(2 * len + 5)?)?;
    let (at_head_end, rest) = rest.split_first()?;
    let (seq, rest) = rest.split_at_checked(len)?;
    let between = u32::from_le_bytes(*rest.first_chunk()?);
    let (qual, rest) = rest.get(3..)?.split_at_checked(len)?;
    let right = *head.first()? == b'@'
        && *head.last()? != b'\r'
        && *at_head_end == b'\n'
        && *seq.first()? != b'@'
        && between << 8 == u32::from_le_bytes(*b"\0\n+\n")
        && rest[0] == b'\n';
    right.then_some(Parts { head, seq, qual })
}

/// What the record in `bytes` is made of, if line ends stand where `len` bases say and all rules are kept, as far as that can
/// be said without a look at what else is a line end, which is left in doubt.
#[inline(always)]
fn guess<M: Masks, const CHUNKS: usize>(bytes: &[u8], len: usize, doubt: &mut Doubt) -> Option<Layout> {
    let Parts { head, seq, qual } = parts(bytes, len)?;
    let first = bytes.first_chunk()?;
    M::ask(first, M::PACING.guessing);
    doubt.in_heads |= match head.len() {
        1..=CHUNK => M::newlines(first) << (CHUNK - head.len()),
        head_len if head_len <= 2 * CHUNK => M::newlines(first) | M::newlines(head.last_chunk()?),
        _ => return None,
    };
    let bases: &[_; CHUNKS] = seq.as_chunks().0.first_chunk()?;
    let qualities: &[_; CHUNKS] = qual.as_chunks().0.first_chunk()?;
    for (bases, qualities) in bases.iter().zip(qualities) {
        doubt.look_at::<M>(bases, qualities);
    }
    doubt.look_at::<M>(seq.last_chunk()?, qual.last_chunk()?);
    Some(Layout::bare(head.len(), len))
}

impl Doubt {
    /// Between one look and the next, memory is asked for: not all at once, which would be waited for.
    #[inline(always)]
    fn look_at<M: Masks>(&mut self, bases: &[u8; CHUNK], qualities: &[u8; CHUNK]) {
        M::ask(bases, M::PACING.guessing);
        M::ask(qualities, M::PACING.guessing);
        for (least, byte) in self.bases.iter_mut().zip(bases) {
            *least = (*least).min(*byte);
        }
        for (least, byte) in self.qualities.iter_mut().zip(qualities) {
            *least = (*least).min(*byte);
        }
    }
}
