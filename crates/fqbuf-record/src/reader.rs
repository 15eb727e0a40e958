//! The serial reader: records from any source, one at a time or in batches, at bounded memory.
//!
//! What stands before it in the rows from a cached file (2-core Zen 5 guest, 2026-11-26, `cargo xtask bench record`): a memory map of
//! helicase, 0.64 of our time on 150-base reads, which copies nothing; the kernel's copy alone takes 0.57. None is made here: a
//! file cut meanwhile would end the process by a signal, not in an error. A caller's own map that is handed to a [`SliceReader`]
//! takes 0.52. And of long reads helicase's reader, 0.94 to 0.97, which passes over qualities: by `perf`, the search of ours is 19 % of the
//! time, of it 13 %. Where the length of qualities is trusted, ours takes 0.92. Tried as well: buffers of 64 KiB to 2 MiB (below);
//! a thread that reads ahead, 0.89 for long reads, 0.62 for short ones, where the other core is near.
//!
//! On a 2-core Cascade Lake guest (Intel family 6 model 85, the same day, long reads the next), 150-base, trimmed and long reads:
//! helicase's map 0.75, 0.80 and 0.38, its reader 1.18, 1.25 and 1.05; the kernel's copy 0.60, 0.49 and 0.77; ours over a caller's
//! map 0.58, 0.49 and 0.61, or 0.36 where the length of qualities is trusted, and with a thread that reads ahead 0.62, 0.57 and
//! 0.80. A search for newlines alone over what was read, 256 KiB at a time, takes long reads 1.1 times as long as the copy: that is
//! what is left to gain without a thread.
//!
//! On a 2-core Zen 4 guest (AMD EPYC family 25 model 17, 2026-11-27): helicase's map 0.47, 0.70 and 0.67; the kernel's copy 0.57, 0.49 and
//! 0.76; ours over a caller's map 0.50, 0.55 and 0.55; with a thread that reads ahead 0.77, 0.84 and 0.90. Of long reads `seq_io` 0.95,
//! needletail 0.96 and helicase's reader 0.98, with quartiles from 0.78 to 1.09: all four are within a quarter of the copy. Tried there:
//! buffers of 256 KiB to 2 MiB ([`Block::at_a_time`]), smaller reads into such a buffer, nothing asked for ahead (`scan.rs`).

use std::sync::Arc;

use fqbuf_line::{Block, GrowthPolicy, PAGE, Source};

use crate::batch::RecordBuffer;
use crate::checks::{Checks, QualityLength};
use crate::cursor::{Cursor, Skipped, Step};
use crate::error::{ParseError, ParseErrorKind, Position, SourceInfo};
use crate::paired::Kept;
use crate::record::{FastqRecord, RefRecord};

/// Bytes of the buffer by default. Reads in the page cache, time of a bare `read(2)` of 1 MiB at a time in parts of ours, 150-base /
/// trimmed / long (2-core Zen 5 guest, 2026-11-25, mean of three medians of nine runs): 512 KiB 0.54 / 0.48 / 0.73; 576 KiB 0.55 /
/// 0.49 / 0.73; 640 KiB 0.54 / 0.49 / 0.76; 704 KiB 0.55 / 0.50 / 0.74; 1 MiB, which no longer fits the second cache level
/// beside the pages read, 0.52 / 0.49 / 0.77. Less than 256 KiB is slower for short reads, more than 1 MiB for all. The long ones were
/// then still read wherever a buffer that had grown for one of them had room, 1.1 MB at a time, which takes 1.08 of the time on a
/// 2-core Cascade Lake guest (2026-11-26, median of eleven). There 256 to 512 KiB and 640 are level, within 3 % and what it gives twice.
/// More for AMD's Zen 4: [`Block::at_a_time`].
const CAPACITY: usize = 640 << 10;

/// Settings of a [`Reader`].
#[derive(Clone, Debug)]
pub struct ReaderBuilder {
    capacity: usize,
    pub(crate) growth: GrowthPolicy,
    checks: Checks,
    quality: QualityLength,
    skip_invalid: bool,
    pub(crate) source: SourceInfo,
}

impl Default for ReaderBuilder {
    fn default() -> Self {
        Self {
            capacity: Block::at_a_time(CAPACITY),
            growth: GrowthPolicy::default(),
            checks: Checks::none(),
            quality: QualityLength::Verified,
            skip_invalid: false,
            source: SourceInfo::default(),
        }
    }
}

impl ReaderBuilder {
    /// Bytes of the buffer: two pages for alignment, the rest read at a time; at least three pages. Default: 640 KiB, or
    /// 1.25 MiB on AMD's Zen 4, for which see [`Block::at_a_time`].
    #[must_use]
    pub fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = bytes;
        self
    }

    /// How far the buffer may grow for one record. Default: 64 MiB.
    #[must_use]
    pub fn growth(mut self, policy: GrowthPolicy) -> Self {
        self.growth = policy;
        self
    }

    /// Checks beyond the format's structure. Default: none.
    #[must_use]
    pub fn checks(mut self, checks: Checks) -> Self {
        self.checks = checks;
        self
    }

    /// Whether the length of quality lines is verified, or trusted with a risk that [`QualityLength`] tells. Where the reader
    /// [skips bad records](Self::skip_invalid) by itself, it is verified in any case. Default: verified.
    #[must_use]
    pub fn quality_length(mut self, quality: QualityLength) -> Self {
        self.quality = quality;
        self
    }

    /// Whether to pass over bad records and count them, instead of ending with an error. One that has its four lines, and is
    /// refused by a check or a batch, is passed over as it stands; behind any other, reading goes on at the next record start.
    /// A record that takes more than the growth policy, or the batch that it is for, allows by itself counts as bad; a pair that
    /// takes more than its batch allows is [dropped](crate::PairedReader::dropped). To be told each of them, call
    /// [`Reader::skip_invalid`], or that of a [`PairedReader`](crate::PairedReader::skip_invalid), instead. Default: no.
    #[must_use]
    pub fn skip_invalid(mut self, on: bool) -> Self {
        self.skip_invalid = on;
        self
    }

    /// The name that errors give the input, mostly its path. Default: none.
    #[must_use]
    pub fn source_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.source.name = Some(name.into());
        self
    }

    /// Whether errors say that byte offsets are of the uncompressed data. Default: no.
    #[must_use]
    pub fn compressed(mut self, on: bool) -> Self {
        self.source.compressed = on;
        self
    }

    /// A reader of `source`. Its buffer is allocated when the first record is asked for.
    pub fn build<S: Source>(self, source: S) -> Reader<S> {
        // What is beyond all memory is refused when it is asked for.
        let capacity = self.capacity.checked_next_multiple_of(PAGE).unwrap_or(self.capacity);
        Reader {
            source,
            block: Block::new(),
            at_end: false,
            window: capacity.saturating_sub(2 * PAGE).max(PAGE),
            cursor: self.cursor(),
            growth: self.growth,
            skip_invalid: self.skip_invalid,
        }
    }

    /// A reader of a slice, in place. Allocates a few kilobytes here, later for errors only. The growth policy's limit holds for records in slices
    /// as well.
    #[must_use]
    pub fn build_slice(self, data: &[u8]) -> SliceReader<'_> {
        SliceReader {
            data,
            at_end: true,
            cursor: self.cursor(),
            blank: 0,
            skip_invalid: self.skip_invalid,
            done: false,
        }
    }

    fn cursor(&self) -> Cursor {
        let quality = if self.skip_invalid { QualityLength::Verified } else { self.quality };
        Cursor::new(self.growth.limit(), quality, self.checks, self.source.clone())
    }
}

/// Reads strict four-line FASTQ from a [`Source`]: anything that implements [`Read`](std::io::Read).
///
/// For a slice in memory take [`SliceReader`]; for all cores, the crate fqbuf-parallel.
///
/// Every byte of the input is accounted for: it is part of a delivered record, a blank line after the last one, counted as
/// [skipped](Reader::skipped) where that was asked for, or behind an error. After an error about the input the reader stays
/// where it is: the next call returns the same error. After an error of the source the next call goes on, where the source
/// can (`WouldBlock`, for one). The end of input is final: after it the source is not asked again.
///
/// Reading blocks as long as the source does. Memory: the capacity, and what a record takes beyond it, up to the growth
/// policy's limit; as much again while it grows. No allocation per record.
///
/// # Examples
/// ```
/// use fqbuf_record::Reader;
///
/// # fn main() -> Result<(), fqbuf_record::ParseError> {
/// let mut reader = Reader::new(&b"@r1\nACGT\n+\nIIII\n@r2\nTT\n+\n!!\n"[..]);
/// let mut bases = 0;
/// while let Some(record) = reader.next_record()? {
///     bases += record.len();
/// }
/// assert_eq!(bases, 6);
/// # Ok(())
/// # }
/// ```
pub struct Reader<S> {
    source: S,
    /// Bytes read and not yet passed; the cursor's data.
    block: Block,
    /// Whether the source has said that it has no more.
    at_end: bool,
    /// Bytes to read at a time, whole pages.
    window: usize,
    growth: GrowthPolicy,
    cursor: Cursor,
    skip_invalid: bool,
}

impl Reader<std::io::Empty> {
    /// Settings for a reader.
    #[must_use]
    pub fn builder() -> ReaderBuilder {
        ReaderBuilder::default()
    }
}

impl<S: Source> Reader<S> {
    /// A reader with default settings.
    pub fn new(source: S) -> Self {
        ReaderBuilder::default().build(source)
    }

    /// The next record, borrowed until the next call; `None` at the end of input.
    ///
    /// # Errors
    /// Input that breaks a rule, a record beyond the growth policy's limit, the allocator's refusal of memory for one, or the
    /// source's error.
    // Called in loops that are compiled more than once, it would else be a call.
    #[inline(always)]
    pub fn next_record(&mut self) -> Result<Option<RefRecord<'_>>, ParseError> {
        if self.advance()? {
            return Ok(Some(self.cursor.record(self.block.data())));
        }
        Ok(None)
    }

    /// Iterator over owned records, one allocation each. Ends after the first error.
    pub fn records(&mut self) -> Records<'_, S> {
        Records { reader: self, done: false }
    }

    /// Clears `batch`, then fills it with records until it is full; returns their number, 0 only at the end of input.
    /// A batch is also full when the next record would exceed its byte limit. Does not allocate once the batch has grown to
    /// its size.
    ///
    /// # Errors
    /// As [`Reader::next_record`]; the records before the error are in the batch, and the error comes again from the
    /// next call where it is one of the input. A batch without capacity, or a record that exceeds the batch's byte limit by
    /// itself.
    pub fn read_batch(&mut self, batch: &mut RecordBuffer) -> Result<usize, ParseError> {
        batch.clear();
        if batch.capacity() == 0 {
            return Err(self.cursor.error_here(ParseErrorKind::NoCapacity));
        }
        loop {
            let step = match self.cursor.fill_batch(self.block.data(), self.at_end, batch) {
                Err(error) if self.skips(&error) => continue,
                step => step?,
            };
            match step {
                Step::NeedMore => self.refill()?,
                Step::Record | Step::End => return Ok(batch.len()),
            }
        }
    }

    /// Passes over the bad record that `error`, the last call's, is about: the next call goes on behind it, as with
    /// [`ReaderBuilder::skip_invalid`], and the record counts as [skipped](Reader::skipped). For who wants to tell each.
    ///
    /// False, and nothing is passed over, when the input is not to blame or the reader stands elsewhere by now: the next call
    /// then has the error again, if it is one of the input.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_record::Reader;
    ///
    /// # fn main() -> Result<(), fqbuf_record::ParseError> {
    /// let mut reader = Reader::new(&b"@r1\nAC\n+\nII\n@r2\nGTT\n+\nI\n@r3\nA\n+\nI\n"[..]);
    /// let (mut ids, mut bad) = (Vec::new(), Vec::new());
    /// loop {
    ///     match reader.next_record() {
    ///         Ok(Some(record)) => ids.push(record.id().to_vec()),
    ///         Ok(None) => break,
    ///         Err(error) => {
    ///             if !reader.skip_invalid(&error) {
    ///                 return Err(error);
    ///             }
    ///             bad.push(error.to_string());
    ///         }
    ///     }
    /// }
    /// assert_eq!(ids, [b"r1", b"r3"]);
    /// assert_eq!(bad, ["record 2 (line 8, byte 22): quality has 1 character, sequence has 3"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn skip_invalid(&mut self, error: &ParseError) -> bool {
        self.cursor.skip_invalid(error)
    }

    /// Where the next record begins, or after an error the record that it is about.
    #[must_use]
    pub fn position(&self) -> Position {
        self.cursor.position()
    }

    /// What was skipped so far, where [skipping](ReaderBuilder::skip_invalid) was asked for.
    #[must_use]
    pub fn skipped(&self) -> Skipped {
        self.cursor.skipped()
    }

    /// The source. Bytes that the reader holds already are gone from it.
    pub fn get_ref(&self) -> &S {
        &self.source
    }

    /// The source, mutable. Bytes that the reader holds already are gone from it.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// Gives the source back; bytes read and not yet delivered are lost.
    pub fn into_inner(self) -> S {
        self.source
    }

    /// Moves to the next record; false at the end of input.
    #[inline(always)]
    pub(crate) fn advance(&mut self) -> Result<bool, ParseError> {
        if self.cursor.advance_indexed() { Ok(true) } else { self.advance_further() }
    }

    #[inline(never)]
    fn advance_further(&mut self) -> Result<bool, ParseError> {
        loop {
            match self.cursor.advance_further(self.block.data(), self.at_end) {
                Ok(Step::Record) => return Ok(true),
                Ok(Step::NeedMore) => self.refill()?,
                Ok(Step::End) => return Ok(false),
                Err(error) => {
                    if !self.skips(&error) {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Moves to the next record while the present one, kept in `kept`, stays readable. False at the end of input.
    pub(crate) fn advance_keeping(&mut self, kept: &mut Kept) -> Result<bool, ParseError> {
        loop {
            match self.cursor.advance(self.block.data(), self.at_end) {
                Ok(Step::Record) => return Ok(true),
                Ok(Step::NeedMore) => {
                    if !kept.save(self.block.data()) {
                        return Err(self.cursor.error_here(ParseErrorKind::OutOfMemory));
                    }
                    self.refill()?;
                }
                Ok(Step::End) => return Ok(false),
                Err(error) => {
                    if !self.skips(&error) {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// The bytes that the cursor's offsets are in.
    pub(crate) fn data(&self) -> &[u8] {
        self.block.data()
    }

    pub(crate) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    pub(crate) fn cursor_mut(&mut self) -> &mut Cursor {
        &mut self.cursor
    }

    /// The record that the last advance moved to.
    pub(crate) fn current(&self) -> RefRecord<'_> {
        self.cursor.record(self.block.data())
    }

    /// Where that record begins.
    pub(crate) fn current_position(&self) -> Position {
        self.cursor.record_position()
    }

    pub(crate) fn source_info(&self) -> &SourceInfo {
        &self.cursor.source
    }

    /// Whether bad records are passed over.
    pub(crate) fn skips_invalid(&self) -> bool {
        self.skip_invalid
    }

    #[cold]
    fn skips(&mut self, error: &ParseError) -> bool {
        let skip = self.skip_invalid && error.is_format();
        if skip {
            self.cursor.skip();
        }
        skip
    }

    /// Drops what was passed and reads more behind the rest.
    #[inline(never)]
    fn refill(&mut self) -> Result<(), ParseError> {
        self.block.consume(self.cursor.at());
        self.cursor.rebase();
        // A rest larger than the window is a long record: its memory doubles, so that each byte is moved a few times at
        // most. One byte beyond the limit tells a record at the limit from one above it.
        let held = self.block.len();
        let most = self.cursor.limit().saturating_add(1);
        let room = if held < self.window {
            self.window
        } else {
            let target = self.growth.next(held).unwrap_or(most).min(most);
            target.saturating_sub(held).max(PAGE)
        };
        // Half of the room is enough to go on with what there is.
        if self.block.must_grow_for(room.div_ceil(2)) {
            let capacity = held.saturating_add(room).next_multiple_of(PAGE).saturating_add(2 * PAGE);
            if self.block.grow(capacity).is_err() {
                return Err(self.cursor.error_here(ParseErrorKind::OutOfMemory));
            }
        }
        if self.block.make_room_for_read(room, room.div_ceil(2)).is_err() {
            return Err(self.cursor.error_here(ParseErrorKind::OutOfMemory));
        }
        // A source may panic, with the block in its hands.
        let begun = self.cursor.suspend();
        let read = self.block.fill_from(&mut self.source);
        if self.block.len() >= held {
            self.cursor.resume(begun);
        }
        match read {
            Ok(n) => self.at_end = n == 0,
            Err(e) => return Err(self.cursor.error_here(ParseErrorKind::Io(e))),
        }
        Ok(())
    }
}

/// Iterator over owned records; see [`Reader::records`].
pub struct Records<'a, S> {
    reader: &'a mut Reader<S>,
    /// Whether the end or an error was delivered.
    done: bool,
}

impl<S: Source> Iterator for Records<'_, S> {
    type Item = Result<FastqRecord, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.reader.next_record().map(|record| record.map(FastqRecord::from)).transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Reads strict four-line FASTQ from a slice, in place; its records outlive the calls.
///
/// The slice may be a whole input, a caller's own memory map for one, or a [part](SliceReader::part) of it.
///
/// # Examples
/// ```
/// use fqbuf_record::SliceReader;
///
/// # fn main() -> Result<(), fqbuf_record::ParseError> {
/// let records = SliceReader::new(b"@r1\nACGT\n+\nIIII\n@r2\nTT\n+\n!!\n").collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(records[1].id(), b"r2");
/// # Ok(())
/// # }
/// ```
pub struct SliceReader<'a> {
    data: &'a [u8],
    at_end: bool,
    cursor: Cursor,
    /// Bytes of the blank lines that a part ended with, before the cursor.
    blank: usize,
    skip_invalid: bool,
    /// Whether the iterator has delivered the end or an error.
    done: bool,
}

impl<'a> SliceReader<'a> {
    /// A reader of a whole input with default settings; records may take any length.
    #[must_use]
    pub fn new(data: &'a [u8]) -> Self {
        ReaderBuilder::default().growth(GrowthPolicy::unlimited()).build_slice(data)
    }

    /// The next record; `None` at the end of input.
    ///
    /// # Errors
    /// Input that breaks a rule, or a record beyond the growth policy's limit.
    // As that of a reader.
    #[inline(always)]
    pub fn next_record(&mut self) -> Result<Option<RefRecord<'a>>, ParseError> {
        if self.cursor.advance_indexed() || self.advance_further()? {
            return Ok(Some(self.cursor.record(self.data)));
        }
        Ok(None)
    }

    #[inline(never)]
    fn advance_further(&mut self) -> Result<bool, ParseError> {
        loop {
            match self.cursor.advance_further(self.data, self.at_end) {
                Ok(Step::Record) => return Ok(true),
                Ok(Step::End) => return Ok(false),
                Ok(Step::NeedMore) => {
                    self.blank = self.cursor.blank_bytes() as usize;
                    return Ok(false);
                }
                Err(error) => {
                    if !self.skip_invalid || !error.is_format() {
                        return Err(error);
                    }
                    self.cursor.skip();
                }
            }
        }
    }

    /// Makes the slice a part of an input that goes on behind it: a record that is not all there, or blank lines that another
    /// one may follow, are then no error, but end the reading without one. [`SliceReader::consumed`] tells where to go on.
    ///
    /// Where bad records are skipped, nobody can go on when the slice ends before the next record start: what was passed is
    /// [counted](SliceReader::skipped), and another reader would not know what it stands behind.
    #[must_use]
    pub fn part(mut self) -> Self {
        self.at_end = false;
        self
    }

    /// A reader of another slice, a whole input, with the settings and the memory of this one: allocates nothing.
    #[must_use]
    pub fn anew(self, data: &[u8]) -> SliceReader<'_> {
        let Self { mut cursor, skip_invalid, .. } = self;
        cursor.restart();
        SliceReader { data, at_end: true, cursor, blank: 0, skip_invalid, done: false }
    }

    pub(crate) fn cursor_mut(&mut self) -> &mut Cursor {
        &mut self.cursor
    }

    /// Passes over the bad record that `error`, the last call's, is about, as [`Reader::skip_invalid`] does. With
    /// [`next_record`](Self::next_record): the iterator ends after an error.
    pub fn skip_invalid(&mut self, error: &ParseError) -> bool {
        self.cursor.skip_invalid(error)
    }

    /// Bytes of the slice before the next record. Those of blank lines that a [part](Self::part) ends with are not among them.
    #[inline]
    #[must_use]
    pub fn consumed(&self) -> usize {
        self.cursor.at() - self.blank
    }

    /// Where the next record begins, or after an error the record that it is about; behind blank lines that a
    /// [part](Self::part) ends with.
    #[must_use]
    pub fn position(&self) -> Position {
        self.cursor.position()
    }

    /// What was skipped so far, where [skipping](ReaderBuilder::skip_invalid) was asked for.
    #[must_use]
    pub fn skipped(&self) -> Skipped {
        self.cursor.skipped()
    }
}

impl<'a> Iterator for SliceReader<'a> {
    type Item = Result<RefRecord<'a>, ParseError>;

    /// The next record; ends after the first error.
    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.next_record().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}
