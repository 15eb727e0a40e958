//! The records of a block, parsed while they are asked for, up to the cut and not beyond.

use std::io;

use fqbuf_record::{
    MateCheck, ParseError, ParseErrorKind, Position, ReaderBuilder, RecordStart, RefRecord, Skipped, SliceReader,
    find_record_start,
};
use memchr::{memchr_iter, memrchr_iter};

use crate::board::{Event, Placed};
use crate::cut::line_len;
use crate::feed::{Condensed, Tail};
use crate::layout::{Batch, Part, Spare};
use crate::sync::atomic::{AtomicU64, Ordering};

/// What a worker knows of the block that it parses, beside its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'d> {
    pub(crate) number: u64,
    /// Number of the first block known to end the run.
    pub(crate) end: &'d AtomicU64,
    pub(crate) skip: bool,
    /// Bytes that a record may take.
    pub(crate) limit: usize,
    /// How the names of mates are compared.
    pub(crate) mates: MateCheck,
}

impl Frame<'_> {
    /// Whether the run ends before this block.
    #[inline(always)]
    pub(crate) fn is_void(&self) -> bool {
        self.end.load(Ordering::Relaxed) < self.number
    }
}

/// What a worker has found in a block.
#[derive(Debug, Default)]
pub struct Tally {
    /// Records, skipped ones included, and lines of each input.
    pub(crate) passed: [(u64, u64); 2],
    /// Records handed to the closure, both mates counted.
    pub(crate) delivered: u64,
    /// Records dropped because their mates were skipped.
    pub(crate) dropped: u64,
    pub(crate) skipped: Skipped,
    pub(crate) event: Option<Event>,
}

/// The records of one block: an iterator that ends at the block's end, at an error, and soon after the run has ended.
///
/// What the closure leaves of a block unread is read by the pipeline: every record is verified.
pub struct Records<'d> {
    lane: Lane<'d>,
    frame: Frame<'d>,
    event: Option<Event>,
    delivered: u64,
}

impl<'d> Records<'d> {
    pub(crate) fn new(part: Part<'d>, frame: Frame<'d>) -> Self {
        Self { lane: Lane::new(part, frame.limit), frame, event: None, delivered: 0 }
    }

    /// Keeps why there is no further record, if that is an error.
    #[cold]
    fn take_error(&mut self) {
        if let Some(error) = self.lane.take_error() {
            self.event = Some(Event::Input(Placed { error, input: 0, other: 0 }));
        }
    }
}

impl Batch for Records<'_> {
    fn finish(mut self) -> (Tally, [Option<Spare>; 2]) {
        let delivered = self.delivered;
        while self.next().is_some() {}
        self.delivered = delivered;
        self.stop()
    }

    fn stop(self) -> (Tally, [Option<Spare>; 2]) {
        let Self { lane, event, delivered, .. } = self;
        let passed = [lane.passed(), (0, 0)];
        (Tally { passed, delivered, dropped: 0, skipped: lane.skipped, event }, [Some(lane.into_spare()), None])
    }

    fn place(&self) -> Position {
        self.lane.position(u64::from(self.delivered > 0))
    }

    fn failed(&self) -> bool {
        self.event.is_some()
    }
}

impl<'d> Iterator for Records<'d> {
    type Item = RefRecord<'d>;

    #[inline(always)]
    fn next(&mut self) -> Option<RefRecord<'d>> {
        if self.frame.is_void() {
            return None;
        }
        let Some(record) = self.lane.next(self.frame.skip) else {
            self.take_error();
            return None;
        };
        self.delivered += 1;
        Some(record)
    }
}

impl std::fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("delivered", &self.delivered).finish_non_exhaustive()
    }
}

/// One input's part of a block.
pub(crate) struct Lane<'d> {
    /// All that is visible: the block, and what is behind its cut.
    data: &'d [u8],
    builder: &'d ReaderBuilder,
    /// Bytes that a record may take.
    limit: usize,
    reader: SliceReader<'d>,
    /// Where in `data` the reader began.
    start: usize,
    /// Records and lines before `start`.
    records: u64,
    lines: u64,
    /// Where in the reader's data the next block begins.
    cut: usize,
    /// Whether the input ends with `data`.
    at_end: bool,
    /// Why it does not go on.
    failure: Option<io::Error>,
    offset: u64,
    /// What was left out of the block and not passed yet: of the first bad input in it, or of blank lines at its end.
    condensed: Condensed,
    pub(crate) skipped: Skipped,
    /// Whether the end or an error was met.
    done: bool,
    /// The error, until it is taken.
    error: Option<ParseError>,
}

impl<'d> Lane<'d> {
    pub(crate) fn new(part: Part<'d>, limit: usize) -> Self {
        let Part { data, span, reader: builder, spare } = part;
        let (at_end, failure) = match span.tail {
            Tail::Open => (false, None),
            Tail::End => (true, None),
            Tail::Failed(error) => (false, Some(error)),
        };
        Self {
            data,
            builder,
            limit,
            reader: slice_reader(spare, builder, data, at_end),
            start: 0,
            records: 0,
            lines: 0,
            cut: span.cut,
            at_end,
            failure,
            offset: span.offset,
            condensed: span.condensed,
            skipped: Skipped::default(),
            done: false,
            error: None,
        }
    }

    /// The next record; `None` at the cut, and where there is an error to take.
    // A record is made of values that are nowhere in memory yet, and passed by reference to a closure that is not inlined. What
    // came back from a rare call in the same place made three copies of it, each of which waited for the stores of the one
    // before: 5 ns a record.
    #[inline(always)]
    pub(crate) fn next(&mut self, skip: bool) -> Option<RefRecord<'d>> {
        while self.reader.consumed() < self.cut && !self.done {
            match self.reader.next_record() {
                Ok(Some(record)) => return Some(record),
                Ok(None) => self.end(),
                Err(error) => self.fail(error, skip),
            }
        }
        None
    }

    /// Passes a record or bad input; false at the cut, and where reading fails.
    pub(crate) fn pass(&mut self) -> bool {
        if self.reader.consumed() >= self.cut || self.done {
            return false;
        }
        match self.reader.next_record() {
            Ok(Some(_)) => {}
            Ok(None) => self.end(),
            Err(error) => self.fail(error, true),
        }
        !self.done
    }

    /// Why there is no next record, if that is an error. It names records and lines from the block's start, bytes from the
    /// input's.
    pub(crate) fn take_error(&mut self) -> Option<ParseError> {
        self.error.take()
    }

    /// Offset in the data of the next record.
    pub(crate) fn consumed(&self) -> usize {
        self.start + self.reader.consumed()
    }

    /// Records and lines before the place that was reached, or before the record in error.
    pub(crate) fn passed(&self) -> (u64, u64) {
        let position = self.reader.position();
        (self.records + position.record - 1, self.lines + position.line - 1)
    }

    /// Records and lines of the block, bytes of the input before the next record.
    pub(crate) fn next_place(&self) -> (u64, u64, u64) {
        let (records, lines) = self.passed();
        (records, lines, self.offset + self.start as u64 + self.reader.position().byte)
    }

    /// The same before the record that was read last.
    #[inline]
    pub(crate) fn place_of(&self, record: &RefRecord<'_>) -> (u64, u64, u64) {
        let (records, lines) = self.passed();
        let at = record.as_bytes().as_ptr() as usize - self.data.as_ptr() as usize;
        (records - 1, lines - 4, self.offset + at as u64)
    }

    /// Where so many records before the next one begin, which were read one behind the other. Records and lines count from the
    /// block's start.
    pub(crate) fn position(&self, back: u64) -> Position {
        let (records, lines, _) = self.next_place();
        let read = &self.data[..self.consumed()];
        // The last line may have no end.
        let text = read.strip_suffix(b"\n").unwrap_or(read);
        let start = match back {
            0 => read.len(),
            back => memrchr_iter(b'\n', text).nth(4 * back as usize - 1).map_or(0, |end| end + 1),
        };
        let byte = self.offset + start as u64;
        Position { record: records - back + 1, line: lines - 4 * back + 1, byte }
    }

    /// The reader, to begin anew with another block.
    pub(crate) fn into_spare(self) -> Spare {
        self.reader.anew(&[])
    }

    /// How the input is read.
    pub(crate) fn builder(&self) -> &'d ReaderBuilder {
        self.builder
    }

    /// An error with its place in the block made one in the input, as far as that is known.
    fn place(&self, error: ParseError) -> ParseError {
        error.offset_by(self.records, self.lines, self.offset + self.start as u64)
    }

    #[cold]
    fn end(&mut self) {
        self.done = true;
        self.pass_condensed();
        let Some(failure) = self.failure.take() else {
            assert!(self.at_end, "a record reaches across a cut");
            return;
        };
        let position = self.reader.position();
        let error = io_error(self.builder, failure);
        self.error = Some(self.place(error.offset_by(position.record - 1, position.line - 1, position.byte)));
    }

    #[cold]
    fn fail(&mut self, error: ParseError, skip: bool) {
        if skip && error.is_format() {
            self.skip(&error);
            return;
        }
        self.done = true;
        self.error = Some(self.place(error));
    }

    /// Passes a bad record as a serial reader does. Behind one that is not whole it begins anew at the next record start.
    fn skip(&mut self, error: &ParseError) {
        let at = self.consumed();
        self.skipped.records += 1;
        if only_fails_a_check(error) && self.reader.skip_invalid(error) {
            self.skipped.bytes += (self.consumed() - at) as u64;
            return;
        }
        self.skipped.bytes += self.pass_condensed();
        let (records, lines) = self.passed();
        let mut found = true;
        let to = if matches!(error.kind(), ParseErrorKind::BlankLine) {
            // The blank lines were passed already, and are no record.
            let blank = self.start + usize::try_from(error.position().byte).unwrap_or(usize::MAX);
            self.skipped.bytes += (at - blank) as u64;
            (self.records, self.lines) = (records, lines);
            at
        } else {
            let to = self.record_start(at + 1).unwrap_or_else(|end| {
                found = false;
                end
            });
            let passed = &self.data[at..to];
            self.skipped.bytes += passed.len() as u64;
            self.records = records + 1;
            self.lines = lines + memchr_iter(b'\n', passed).count() as u64;
            to
        };
        self.cut = self.cut.saturating_sub(to - self.start);
        self.start = to;
        self.reader = slice_reader(None, self.builder, &self.data[to..], self.at_end);
        if !found && self.failure.is_some() {
            self.end();
        }
    }

    /// Moves the places of all that follows on by what was left out; returns its bytes.
    fn pass_condensed(&mut self) -> u64 {
        let Condensed { bytes, lines } = std::mem::take(&mut self.condensed);
        self.lines += lines;
        self.offset += bytes;
        bytes
    }

    /// The first record start at or after `from`. A header longer than a record may be begins none. Where there is none, how
    /// far a serial reader passes: all, or where reading fails up to the byte before what it would look at again.
    fn record_start(&self, mut from: usize) -> Result<usize, usize> {
        loop {
            let (line, found) = match find_record_start(self.data, from, self.at_end) {
                RecordStart::At(start) => (start, Ok(start)),
                RecordStart::NeedMore(next) if self.failure.is_some() => (next, Err(next - 1)),
                RecordStart::NeedMore(_) | RecordStart::None => return Err(self.data.len()),
            };
            if line_len(&self.data[line..]) <= self.limit {
                return found;
            }
            from = line + 1;
        }
    }
}

/// Whether the record is whole, and only a check refuses it.
fn only_fails_a_check(error: &ParseError) -> bool {
    matches!(
        error.kind(),
        ParseErrorKind::QualityOutOfRange { .. } | ParseErrorKind::TitleMismatch | ParseErrorKind::InvalidBase { .. }
    )
}

fn slice_reader<'d>(spare: Option<Spare>, builder: &ReaderBuilder, data: &'d [u8], at_end: bool) -> SliceReader<'d> {
    let reader = spare.map_or_else(|| builder.clone().build_slice(data), |spare| spare.anew(data));
    if at_end { reader } else { reader.part() }
}

/// A failure of reading as an error at the start of the input: what a reader makes of it.
fn io_error(builder: &ReaderBuilder, failure: io::Error) -> ParseError {
    struct Failing(Option<io::Error>);
    impl io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0.take().map_or(Ok(0), Err)
        }
    }
    let mut reader = builder.clone().capacity(1).build(Failing(Some(failure)));
    match reader.next_record() {
        Err(error) => error,
        Ok(_) => unreachable!("the source fails at once"),
    }
}
