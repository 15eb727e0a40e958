//! A place in a run of bytes, from record to record: the fast index, the exact parser, the checks, the position.
//!
//! Readers over streams, over slices in memory and over blocks in worker threads are all this cursor with another way to
//! get bytes.

use std::io;

use memchr::{memchr, memchr_iter};

use crate::boundary::{RecordStart, find_within};
use crate::checks::{Checks, QualityLength};
use crate::error::{ParseError, ParseErrorKind, Part, Position, Sign, SourceInfo};
use crate::record::{RefRecord, id_of};
use crate::scan::{Entry, Index, widest};
use crate::simd::{self, Scan};
use crate::strict::{Fault, Parsed, Strict};

/// What an [`advance`](Cursor::advance) came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A record: see [`Cursor::record`].
    Record,
    /// More bytes are needed behind those from [`Cursor::at`] on.
    NeedMore,
    /// The end of input, all of it accounted for.
    End,
}

/// What a cursor has skipped, when it was told to skip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Places where bad input began. Each takes one record number, but for blank lines, which take none.
    pub records: u64,
    /// Bytes of bad input.
    pub bytes: u64,
}

pub(crate) struct Cursor {
    scan: Scan,
    quality: QualityLength,
    /// Records found by the fast path or the exact one, in order; `present..indexed` are still to come, the one before
    /// `present` is what [`Cursor::record`] shows.
    index: Box<Index>,
    present: usize,
    indexed: usize,
    /// Records of the index that the checks approved, or that were passed over; those behind them are not looked at yet.
    approved: usize,
    /// What is known of the record at `at`, when it is not all there.
    strict: Strict,
    /// Offset in the data of the first byte that is not part of a delivered record.
    at: usize,
    /// Offset in the input of the data's first byte.
    base: u64,
    /// Offset in the input at which a part of it ends, and up to which the input goes: no record begins there or behind.
    /// `u64::MAX` of a whole input.
    until: u64,
    /// Records before `at`, skipped ones included.
    records: u64,
    /// Lines before `at`.
    lines: u64,
    /// Bytes that a record may take.
    limit: usize,
    checks: Checks,
    /// Whether records need a look beyond the index: a check is on.
    checked: bool,
    /// First of the blank lines that are being passed, as lines before it and offset in the input.
    blank: Option<(u64, u64)>,
    /// Whether bad input is being passed up to the next record start.
    skipping: bool,
    /// While it is: no newline stands between the byte behind `at` and this distance from `at`.
    unbroken: usize,
    skipped: Skipped,
    pub(crate) source: SourceInfo,
}

/// How far a cursor had come behind its place before its data changed hands; see [`Cursor::suspend`].
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    strict: Strict,
    unbroken: usize,
}

impl Cursor {
    pub(crate) fn new(limit: usize, quality: QualityLength, checks: Checks, source: SourceInfo) -> Self {
        Self {
            scan: widest(quality),
            quality,
            index: Box::new(Index::new()),
            present: 0,
            indexed: 0,
            approved: 0,
            strict: Strict::default(),
            at: 0,
            base: 0,
            until: u64::MAX,
            records: 0,
            lines: 0,
            limit,
            checks,
            checked: checks.any(),
            blank: None,
            skipping: false,
            unbroken: 0,
            skipped: Skipped::default(),
            source,
        }
    }

    /// As new, with the same settings and memory.
    pub(crate) fn restart(&mut self) {
        self.present = 0;
        self.indexed = 0;
        self.approved = 0;
        self.strict = Strict::default();
        self.begin_part(0, 0, u64::MAX);
        self.records = 0;
        self.lines = 0;
        self.blank = None;
        self.skipping = false;
        self.skipped = Skipped::default();
    }

    /// Moves to the next record of `data`, which are the bytes of the last call or, after [`Cursor::rebase`], those from
    /// `at` on and maybe more. After an error the cursor stays, and a repeated call returns the same error.
    #[inline(always)]
    pub(crate) fn advance(&mut self, data: &[u8], at_end: bool) -> Result<Step, ParseError> {
        if self.advance_indexed() { Ok(Step::Record) } else { self.advance_further(data, at_end) }
    }

    /// The part of [`advance`](Cursor::advance) that is small: moves to the next record that is indexed and approved.
    #[inline(always)]
    pub(crate) fn advance_indexed(&mut self) -> bool {
        let Some(entry) = self.index.entries[..self.approved].get(self.present) else { return false };
        self.at = entry.end();
        self.present += 1;
        true
    }

    #[inline(never)]
    pub(crate) fn advance_further(&mut self, data: &[u8], at_end: bool) -> Result<Step, ParseError> {
        if self.present == self.indexed {
            let step = self.refill_index(data, at_end)?;
            if step != Step::Record {
                return Ok(step);
            }
        }
        if self.present == self.approved {
            self.check(data)?;
        }
        self.at = self.index.entries[self.present].end();
        self.present += 1;
        Ok(Step::Record)
    }

    /// The record that the last [`advance`](Cursor::advance) moved to.
    #[inline(always)]
    pub(crate) fn record<'a>(&self, data: &'a [u8]) -> RefRecord<'a> {
        RefRecord::of(data, self.entry())
    }

    /// Offsets of that record in the data.
    #[inline(always)]
    pub(crate) fn entry(&self) -> &Entry {
        &self.index.entries[self.present - 1]
    }

    /// Goes back before the record that the last advance moved to, so that the next one moves to it again.
    pub(crate) fn put_back(&mut self) {
        self.present -= 1;
        self.at = self.index.entries[self.present].start;
    }

    /// Offset in the data of the first byte that is not part of a delivered record.
    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Tells that the first `at` bytes were dropped from the data.
    pub(crate) fn rebase(&mut self) {
        debug_assert!(self.present == self.indexed, "indexed records would be lost");
        self.settle();
        self.base += self.at as u64;
        self.at = 0;
    }

    /// Knows nothing of the data until [`Cursor::resume`]: right whatever becomes of them. After [`Cursor::rebase`].
    pub(crate) fn suspend(&mut self) -> Begun {
        Begun { strict: std::mem::take(&mut self.strict), unbroken: std::mem::take(&mut self.unbroken) }
    }

    /// Goes on with what was known, the data being as they were, but for more behind them.
    pub(crate) fn resume(&mut self, begun: Begun) {
        self.strict = begun.strict;
        self.unbroken = begun.unbroken;
    }

    /// Makes the data begin `base` bytes into the input, the reading `at` bytes into the data, and end at `until` in the
    /// input, if a record begins there.
    pub(crate) fn begin_part(&mut self, base: u64, at: usize, until: u64) {
        self.base = base;
        self.at = at;
        self.until = until;
        self.source.part = base + at as u64 > 0;
    }

    /// Bytes that a record may take.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// Where the next record begins; after an error, where its record begins.
    pub(crate) fn position(&self) -> Position {
        let passed = self.present as u64;
        Position {
            record: self.records + passed + 1,
            line: self.lines + 4 * passed + 1,
            byte: self.base + self.at as u64,
        }
    }

    /// Where the record begins that the last advance moved to.
    pub(crate) fn record_position(&self) -> Position {
        let Position { record, line, .. } = self.position();
        Position { record: record - 1, line: line - 4, byte: self.base + self.entry().start as u64 }
    }

    /// Bytes of the blank lines before `at` that are being passed.
    pub(crate) fn blank_bytes(&self) -> u64 {
        self.blank.map_or(0, |(_, byte)| self.base + self.at as u64 - byte)
    }

    /// An error about the input as a whole at the place of the next record.
    pub(crate) fn error_here(&self, kind: ParseErrorKind) -> ParseError {
        ParseError::new(kind, self.position(), None, &self.source)
    }

    /// An error about the record that the last advance moved to.
    #[cold]
    pub(crate) fn error_of_record(&self, data: &[u8], kind: ParseErrorKind) -> ParseError {
        ParseError::new(kind, self.record_position(), Some(self.record(data).id()), &self.source)
    }

    /// Counts the delivered part of the index and forgets all of it.
    fn settle(&mut self) {
        self.records += self.present as u64;
        self.lines += 4 * self.present as u64;
        self.indexed = 0;
        self.approved = 0;
        self.present = 0;
    }

    #[inline(never)]
    fn refill_index(&mut self, data: &[u8], at_end: bool) -> Result<Step, ParseError> {
        self.settle();
        if self.skipping {
            match self.pass_bad_input(data, at_end) {
                Step::Record => {}
                Step::NeedMore => return Ok(Step::NeedMore),
                Step::End => return self.end(),
            }
        }
        // A record that was begun by the exact parser is finished by it: to begin again would be quadratic work.
        if self.blank.is_none() && self.strict.is_new() {
            let ahead = self.ahead();
            if ahead == 0 {
                return Ok(Step::End);
            }
            // No record that the scan finds reaches beyond the end of the part.
            let end = data.len().min(self.at.saturating_add(ahead));
            let found = (self.scan)(&data[..end], self.at, &mut self.index);
            self.indexed = self.within_limit(found);
            if self.indexed > 0 {
                return Ok(Step::Record);
            }
        }
        self.parse_one(data, at_end)
    }

    /// How many of the first `found` records of the index are delivered before one that is larger than a record may be.
    fn within_limit(&self, found: usize) -> usize {
        let found = &self.index.entries[..found];
        // Mostly all of them together are not.
        if found.last().is_none_or(|last| last.end() - self.at <= self.limit) {
            return found.len();
        }
        found.iter().take_while(|entry| entry.size <= self.limit).count()
    }

    /// Bytes behind `at` within which the length of a quality is trusted: never across the end of a part, which is a place
    /// that a quality too short might have swallowed.
    fn trusted(&self) -> usize {
        match self.quality {
            QualityLength::Verified => 0,
            QualityLength::Trusted => self.ahead(),
        }
    }

    /// Bytes from `at` to the end of the part; none behind it, where an input that grew meanwhile has a record across it.
    fn ahead(&self) -> usize {
        let ahead = self.until.saturating_sub(self.base + self.at as u64);
        usize::try_from(ahead).unwrap_or(usize::MAX)
    }

    /// The end of the input, `at` being there: an error where a part goes on behind it.
    fn end(&self) -> Result<Step, ParseError> {
        if self.until == u64::MAX || self.ahead() == 0 {
            return Ok(Step::End);
        }
        let shorter = io::Error::new(io::ErrorKind::UnexpectedEof, "the input has become shorter");
        Err(self.error_here(ParseErrorKind::Io(shorter)))
    }

    /// One record by the exact parser.
    fn parse_one(&mut self, data: &[u8], at_end: bool) -> Result<Step, ParseError> {
        loop {
            let rest = &data[self.at..];
            // More than a record may take is not looked at, so that the answer does not depend on how much is there.
            let within = rest.len() <= self.limit;
            let rest = if within { rest } else { &rest[..self.limit] };
            if self.blank.is_some() && rest.first().is_some_and(|b| !matches!(b, b'\r' | b'\n')) {
                return Err(self.blank_line());
            }
            let parsed = self.strict.parse(rest, at_end && within, self.trusted());
            let strict = match parsed {
                Parsed::NeedMore if within => return Ok(Step::NeedMore),
                _ => std::mem::take(&mut self.strict),
            };
            match parsed {
                Parsed::Record(entry) => {
                    self.index.entries[0] = entry.at(self.at);
                    self.indexed = 1;
                    return Ok(Step::Record);
                }
                Parsed::Blank(n) => {
                    self.blank.get_or_insert((self.lines, self.base + self.at as u64));
                    self.lines += 1;
                    self.at += n;
                }
                Parsed::End => return self.end(),
                // A lone CR behind blank lines.
                Parsed::Fault(_) if self.blank.is_some() => return Err(self.blank_line()),
                Parsed::Fault(fault) => return Err(self.fault(data, fault)),
                Parsed::NeedMore => {
                    let (line, offset) = strict.present_line();
                    let kind = ParseErrorKind::RecordTooLong { limit: self.limit };
                    return Err(self.fault(data, Fault { kind, line, offset }));
                }
            }
        }
    }

    /// The error of a fault in the record at `at`.
    #[cold]
    fn fault(&self, data: &[u8], fault: Fault) -> ParseError {
        let Position { record, line, byte } = self.position();
        let position = Position { record, line: line + fault.line as u64, byte: byte + fault.offset as u64 };
        // No more than a record may take is looked at: what else is there depends on how the bytes arrived.
        let rest = &data[self.at..];
        let rest = &rest[..rest.len().min(self.limit)];
        let sign = sign_of(&fault, rest);
        ParseError::new(fault.kind, position, head_at(rest).map(id_of), &self.source).with_sign(sign)
    }

    /// The error of the first blank line before `at`.
    #[cold]
    fn blank_line(&self) -> ParseError {
        let (lines, byte) = self.blank.unwrap_or_default();
        let position = Position { record: self.records + 1, line: lines + 1, byte };
        ParseError::new(ParseErrorKind::BlankLine, position, None, &self.source)
    }

    /// Looks at the records that are indexed, up to the first one that is refused: the error is about the next one.
    #[inline(never)]
    fn check(&mut self, data: &[u8]) -> Result<(), ParseError> {
        let entries = &self.index.entries[self.present..self.indexed];
        self.approved += if self.checked { simd::passing(&self.checks, data, entries) } else { entries.len() };
        if self.approved > self.present {
            return Ok(());
        }
        let entry = self.index.entries[self.present];
        let Some((kind, line, offset)) = self.checks.fault(&RefRecord::of(data, &entry)) else { return Ok(()) };
        self.at = entry.start;
        Err(self.fault(data, Fault { kind, line, offset }))
    }

    /// Passes the bad input at `at`. A record that is indexed is whole, and passed: a check or a batch has refused it. Else the
    /// next advance goes on at the next record start.
    pub(crate) fn skip(&mut self) {
        self.skipped.records += 1;
        if let Some(entry) = self.index.entries[..self.indexed].get(self.present) {
            // To search in it for a record start might find one.
            self.skipped.bytes += entry.size as u64;
            self.at = entry.end();
            self.present += 1;
            self.approved = self.approved.max(self.present);
            return;
        }
        self.settle();
        if self.blank.is_some() {
            // The blank lines were passed already, and are no record.
            self.skipped.bytes += self.blank_bytes();
            self.blank = None;
            return;
        }
        self.skipping = true;
        self.unbroken = 0;
        self.records += 1;
    }

    /// Passes the bad input that `error` is about, or begins to, if the cursor stands before it: true then.
    pub(crate) fn skip_invalid(&mut self, error: &ParseError) -> bool {
        let blank = matches!(error.kind(), ParseErrorKind::BlankLine);
        let here = error.position().record == self.position().record && blank == self.blank.is_some();
        let skip = here && error.is_format();
        if skip {
            self.skip();
        }
        skip
    }

    /// Passes bytes up to a record start. The first byte of the bad record is passed whatever it is.
    fn pass_bad_input(&mut self, data: &[u8], at_end: bool) -> Step {
        // A byte of what was passed stays in front, for the search to know whether a line begins at its offset.
        let from = self.at + 1;
        if from > data.len() {
            return if at_end { Step::End } else { Step::NeedMore };
        }
        match find_within(data, from, self.at + self.unbroken, at_end, self.limit) {
            RecordStart::At(start) => {
                self.pass(data, start);
                self.skipping = false;
                Step::Record
            }
            RecordStart::NeedMore(from) => {
                self.pass(data, from - 1);
                // The line there has no newline, or one that is followed by CR LF at most.
                self.unbroken = data.len().saturating_sub(self.at + b"\n\r\n".len());
                Step::NeedMore
            }
            RecordStart::None => {
                self.pass(data, data.len());
                self.skipping = false;
                Step::End
            }
        }
    }

    fn pass(&mut self, data: &[u8], to: usize) {
        let passed = &data[self.at..to];
        self.lines += memchr_iter(b'\n', passed).count() as u64;
        self.skipped.bytes += passed.len() as u64;
        self.at = to;
    }
}

/// The header of the record at the start of `data`, as far as it is there, without `@`.
fn head_at(data: &[u8]) -> Option<&[u8]> {
    let head = data.strip_prefix(b"@")?;
    let head = &head[..memchr(b'\n', head).unwrap_or(head.len())];
    Some(head.strip_suffix(b"\r").unwrap_or(head))
}

/// What the bytes of a bad record tell of `fault` in it.
fn sign_of(fault: &Fault, record: &[u8]) -> Sign {
    let has = |byte: u8, part: Option<&[u8]>| part.is_some_and(|part| memchr(byte, part).is_some());
    match fault.kind {
        ParseErrorKind::Truncated { after: Part::Header } if has(b'\r', head_at(record)) => Sign::LoneCr,
        ParseErrorKind::RecordTooLong { .. } if fault.line == 0 && has(b'\r', head_at(record)) => Sign::LoneCr,
        // A quality is judged without its newline at the end of input only.
        ParseErrorKind::UnequalLengths { seq, qual } if qual < seq && !has(b'\n', record.get(fault.offset..)) => {
            Sign::CutOff
        }
        _ => Sign::None,
    }
}
