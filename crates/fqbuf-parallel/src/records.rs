//! The records of a block, parsed while they are asked for, up to the cut and not beyond.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use fqbuf_record::{ParseError, ReaderBuilder, RecordStart, RefRecord, Skipped, SliceReader, find_record_start};
use memchr::memchr_iter;

use crate::board::Event;
use crate::feed::Tail;
use crate::layout::{Batch, Part};

/// What a worker knows of the block that it parses, beside its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'d> {
    pub(crate) number: u64,
    /// Number of the first block known to end the run.
    pub(crate) end: &'d AtomicU64,
    pub(crate) skip: bool,
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
    /// Records of the first input, skipped ones included.
    pub(crate) records: u64,
    /// Lines of the first input.
    pub(crate) lines: u64,
    /// Records handed to the closure, both mates counted.
    pub(crate) delivered: u64,
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
        Self { lane: Lane::new(part), frame, event: None, delivered: 0 }
    }
}

impl Batch for Records<'_> {
    fn finish(mut self) -> Tally {
        let delivered = self.delivered;
        while self.next().is_some() {}
        Tally { delivered, ..self.stop() }
    }

    fn stop(self) -> Tally {
        let (records, lines) = self.lane.passed();
        Tally { records, lines, delivered: self.delivered, skipped: self.lane.skipped, event: self.event }
    }

    fn failed(&self) -> bool {
        self.event.is_some()
    }
}

impl<'d> Iterator for Records<'d> {
    type Item = RefRecord<'d>;

    #[inline]
    fn next(&mut self) -> Option<RefRecord<'d>> {
        if self.frame.is_void() {
            return None;
        }
        match self.lane.next(self.frame.skip) {
            Ok(Some(record)) => {
                self.delivered += 1;
                Some(record)
            }
            Ok(None) => None,
            Err(error) => {
                self.event.get_or_insert(Event::Input(*error));
                None
            }
        }
    }
}

/// One input's part of a block.
pub(crate) struct Lane<'d> {
    /// All that is visible: the block, and what is behind its cut.
    data: &'d [u8],
    builder: &'d ReaderBuilder,
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
    pub(crate) skipped: Skipped,
    /// Whether the end or an error was delivered.
    done: bool,
}

impl<'d> Lane<'d> {
    pub(crate) fn new(part: Part<'d>) -> Self {
        let Part { data, span, reader: builder } = part;
        let (at_end, failure) = match span.tail {
            Tail::Open => (false, None),
            Tail::End => (true, None),
            Tail::Failed(error) => (false, Some(error)),
        };
        Self {
            data,
            builder,
            reader: slice_reader(builder, data, at_end),
            start: 0,
            records: 0,
            lines: 0,
            cut: span.cut,
            at_end,
            failure,
            offset: span.offset,
            skipped: Skipped::default(),
            done: false,
        }
    }

    /// The next record; `None` at the cut. Errors name records and lines from the block's start, bytes from the input's.
    #[inline]
    pub(crate) fn next(&mut self, skip: bool) -> Result<Option<RefRecord<'d>>, Box<ParseError>> {
        loop {
            if self.reader.consumed() >= self.cut || self.done {
                return Ok(None);
            }
            match self.reader.next_record() {
                Ok(Some(record)) => return Ok(Some(record)),
                Ok(None) => return self.end(),
                Err(error) if skip && error.is_format() => self.skip(&error),
                Err(error) => {
                    self.done = true;
                    return Err(Box::new(self.place(error)));
                }
            }
        }
    }

    /// Records and lines before the place that was reached, or before the record in error.
    pub(crate) fn passed(&self) -> (u64, u64) {
        let position = self.reader.position();
        (self.records + position.record - 1, self.lines + position.line - 1)
    }

    /// An error with its place in the block made one in the input, as far as that is known.
    fn place(&self, error: ParseError) -> ParseError {
        error.offset_by(self.records, self.lines, self.offset + self.start as u64)
    }

    #[cold]
    fn end(&mut self) -> Result<Option<RefRecord<'d>>, Box<ParseError>> {
        self.done = true;
        let Some(failure) = self.failure.take() else {
            assert!(self.at_end, "a record reaches across a cut");
            return Ok(None);
        };
        let position = self.reader.position();
        let error = io_error(self.builder, failure);
        Err(Box::new(self.place(error.offset_by(position.record - 1, position.line - 1, position.byte))))
    }

    /// Passes a bad record as a serial reader does, and begins anew at the next record start.
    #[cold]
    fn skip(&mut self, error: &ParseError) {
        let at = self.start + self.reader.consumed();
        let (records, lines) = self.passed();
        self.skipped.records += 1;
        let to = if matches!(error.kind(), fqbuf_record::ParseErrorKind::BlankLine) {
            // The blank lines were passed already, and are no record.
            #[expect(clippy::cast_possible_truncation, reason = "an offset in a slice")]
            let blank = self.start + error.position().byte as usize;
            self.skipped.bytes += (at - blank) as u64;
            (self.records, self.lines) = (records, lines);
            at
        } else {
            let to = match find_record_start(self.data, at + 1, self.at_end) {
                RecordStart::At(to) => to,
                RecordStart::NeedMore(_) | RecordStart::None => self.data.len(),
            };
            let passed = &self.data[at..to];
            self.skipped.bytes += passed.len() as u64;
            self.records = records + 1;
            self.lines = lines + memchr_iter(b'\n', passed).count() as u64;
            to
        };
        self.cut = self.cut.saturating_sub(to - self.start);
        self.start = to;
        self.reader = slice_reader(self.builder, &self.data[to..], self.at_end);
    }
}

fn slice_reader<'d>(builder: &ReaderBuilder, data: &'d [u8], at_end: bool) -> SliceReader<'d> {
    let reader = builder.clone().build_slice(data);
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
