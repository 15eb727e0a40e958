//! The mates of a block: from two inputs cut at the same record, or from one in which they alternate.
//!
//! The rules are those of the serial `PairedReader`, step by step: mates are records of the same number, skipped ones
//! counted, and the mate of a skipped record is dropped with it. Blocks are cut at equal numbers (of an interleaved input, at
//! even ones), so numbers within the block are enough. Errors about mates are made by a `PairedReader` over the records in
//! question, so that they cannot come to differ.

use fqbuf_record::{MateCheck, PairedReader, ParseError, Position, ReaderBuilder, RefRecord, Skipped};

use crate::board::{Event, Placed};
use crate::layout::{Batch, Layout, Part, Sealed, Spare};
use crate::records::{Frame, Lane, Tally};

/// Two mates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'d> {
    /// The first mate.
    pub first: RefRecord<'d>,
    /// The second mate.
    pub second: RefRecord<'d>,
}

/// Two inputs of mates, or one in which mates alternate; closures are given a [`Pair`].
#[derive(Debug)]
pub enum Paired {}

impl Sealed for Paired {}

impl Layout for Paired {
    type Item<'d> = Pair<'d>;
    type Batch<'d> = Pairs<'d>;
    const MATES: bool = true;

    fn batch<'d>(parts: [Option<Part<'d>>; 2], frame: Frame<'d>) -> Pairs<'d> {
        let [Some(first), second] = parts else { unreachable!("a block has a part") };
        Pairs {
            one: Lane::new(first, frame.limit),
            two: second.map(|part| Lane::new(part, frame.limit)),
            frame,
            first: None,
            second: None,
            delivered: 0,
            dropped: 0,
            event: None,
        }
    }
}

/// The pairs of one block: an iterator that ends at the block's end, at an error, and soon after the run has ended.
///
/// What the closure leaves of a block unread is read by the pipeline: every record is verified.
pub struct Pairs<'d> {
    one: Lane<'d>,
    /// `None` of an interleaved input.
    two: Option<Lane<'d>>,
    frame: Frame<'d>,
    /// The first mate, when it was read and its pair not delivered.
    first: Option<Mate<'d>>,
    second: Option<Mate<'d>>,
    delivered: u64,
    dropped: u64,
    event: Option<Event>,
}

/// A record that waits for its mate.
#[derive(Clone, Copy)]
struct Mate<'d> {
    record: RefRecord<'d>,
    place: Place,
}

/// Records, lines and bytes before a record: the first two from the block's start, the last from the input's.
#[derive(Clone, Copy)]
struct Place {
    records: u64,
    lines: u64,
    bytes: u64,
}

impl Place {
    /// Number of the record in the block, from 1.
    fn number(self) -> u64 {
        self.records + 1
    }
}

/// The next record of a lane.
fn mate<'d>(lane: &mut Lane<'d>, skip: bool, input: usize) -> Result<Option<Mate<'d>>, Event> {
    let Some(record) = lane.next(skip) else {
        return lane.take_error().map_or(Ok(None), |error| Err(Event::Input(Placed { error, input, other: input })));
    };
    let (records, lines, bytes) = lane.place_of(&record);
    Ok(Some(Mate { record, place: Place { records, lines, bytes } }))
}

/// Where the next record of a lane begins.
fn next_place(lane: &Lane<'_>) -> Place {
    let (records, lines, bytes) = lane.next_place();
    Place { records, lines, bytes }
}

impl<'d> Pairs<'d> {
    fn advance(&mut self) -> Result<Option<Pair<'d>>, Event> {
        if self.two.is_some() { self.advance_two() } else { self.advance_interleaved() }
    }

    fn advance_two(&mut self) -> Result<Option<Pair<'d>>, Event> {
        let (skip, check) = (self.frame.skip, self.frame.mates);
        let Some(two) = &mut self.two else { return Ok(None) };
        loop {
            if self.first.is_none() {
                self.first = mate(&mut self.one, skip, 0)?;
            }
            if self.second.is_none() {
                self.second = mate(two, skip, 1)?;
            }
            let a = self.first.map_or_else(|| next_place(&self.one), |mate| mate.place);
            let b = self.second.map_or_else(|| next_place(two), |mate| mate.place);
            match (self.first, self.second) {
                (None, None) => return Ok(None),
                (Some(_), _) if a.number() < b.number() => self.first = None,
                (_, Some(_)) if b.number() < a.number() => self.second = None,
                (Some(first), Some(second)) => {
                    let (first, second) = (first.record, second.record);
                    if check.accepts(first.head(), second.head()) {
                        (self.first, self.second) = (None, None);
                        return Ok(Some(Pair { first, second }));
                    }
                    let error = error_of(self.one.builder(), first.as_bytes(), two.builder(), second.as_bytes(), check);
                    return Err(placed(error, a, b, a.records, [0, 1]));
                }
                (Some(first), None) => {
                    let error = error_of(self.one.builder(), first.record.as_bytes(), two.builder(), b"", check);
                    return Err(placed(error, a, b, a.records, [0, 1]));
                }
                (None, Some(second)) => {
                    let error = error_of(self.one.builder(), b"", two.builder(), second.record.as_bytes(), check);
                    return Err(placed(error, b, a, b.records, [1, 0]));
                }
            }
            self.dropped += 1;
        }
    }

    fn advance_interleaved(&mut self) -> Result<Option<Pair<'d>>, Event> {
        let (skip, check) = (self.frame.skip, self.frame.mates);
        loop {
            if self.first.is_none() {
                self.first = mate(&mut self.one, skip, 0)?;
            }
            let Some(Mate { record: first, place: a }) = self.first else { return Ok(None) };
            if a.number() % 2 == 0 {
                // A second mate whose first one was skipped.
                self.first = None;
                self.dropped += 1;
                continue;
            }
            if self.second.is_none() {
                self.second = mate(&mut self.one, skip, 0)?;
            }
            match self.second {
                Some(Mate { record: second, place: b }) if b.number() == a.number() + 1 => {
                    if check.accepts(first.head(), second.head()) {
                        (self.first, self.second) = (None, None);
                        return Ok(Some(Pair { first, second }));
                    }
                    let error =
                        error_of(self.one.builder(), first.as_bytes(), self.one.builder(), second.as_bytes(), check);
                    return Err(placed(error, a, b, a.records / 2, [0, 0]));
                }
                // The second mate was skipped; what follows is the next first one, or a second one without its first.
                Some(next) => {
                    self.first = Some(next);
                    self.second = None;
                }
                None if next_place(&self.one).number() == a.number() + 1 => {
                    let error = odd(self.one.builder(), &first);
                    return Err(placed(error, a, a, 0, [0, 0]));
                }
                // The second mate was the last record, and skipped.
                None => self.first = None,
            }
            self.dropped += 1;
        }
    }
}

impl<'d> Iterator for Pairs<'d> {
    type Item = Pair<'d>;

    #[inline]
    fn next(&mut self) -> Option<Pair<'d>> {
        if self.frame.is_void() || self.event.is_some() {
            return None;
        }
        match self.advance() {
            Ok(pair) => {
                self.delivered += 2 * u64::from(pair.is_some());
                pair
            }
            Err(event) => {
                self.event = Some(event);
                None
            }
        }
    }
}

impl Batch for Pairs<'_> {
    fn finish(mut self) -> (Tally, [Option<Spare>; 2]) {
        let delivered = self.delivered;
        while self.next().is_some() {}
        self.delivered = delivered;
        self.stop()
    }

    fn stop(self) -> (Tally, [Option<Spare>; 2]) {
        let Self { one, two, delivered, dropped, event, .. } = self;
        let passed = [one.passed(), two.as_ref().map_or((0, 0), Lane::passed)];
        let mut skipped = one.skipped;
        if let Some(Skipped { records, bytes }) = two.as_ref().map(|lane| lane.skipped) {
            skipped.records += records;
            skipped.bytes += bytes;
        }
        let spares = [Some(one.into_spare()), two.map(Lane::into_spare)];
        (Tally { passed, delivered, dropped, skipped, event }, spares)
    }

    fn place(&self) -> Position {
        let mates = if self.two.is_some() { 1 } else { 2 };
        self.one.position(if self.delivered > 0 { mates } else { 0 })
    }

    fn failed(&self) -> bool {
        self.event.is_some()
    }
}

impl std::fmt::Debug for Pairs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pairs").field("delivered", &self.delivered).finish_non_exhaustive()
    }
}

/// An error about mates, made as if nothing stood before them, at its place in block and input.
fn placed(error: ParseError, own: Place, other: Place, pairs: u64, inputs: [usize; 2]) -> Event {
    let error = error.offset_by(own.records, own.lines, own.bytes).offset_mate_by(
        pairs,
        other.records,
        other.lines,
        other.bytes,
    );
    Event::Input(Placed { error, input: inputs[0], other: inputs[1] })
}

/// What a serial reader says of two mates that do not go together; nothing, for one that is missing.
fn error_of(one: &ReaderBuilder, first: &[u8], two: &ReaderBuilder, second: &[u8], check: MateCheck) -> ParseError {
    let one = one.clone().capacity(1).build(first);
    let two = two.clone().capacity(1).build(second);
    error_from(PairedReader::new(one, two).check(check))
}

/// What a serial reader says of a first mate at the end of an interleaved input.
fn odd(builder: &ReaderBuilder, record: &RefRecord<'_>) -> ParseError {
    error_from(PairedReader::interleaved(builder.clone().capacity(1).build(record.as_bytes())))
}

fn error_from(mut reader: PairedReader<&[u8]>) -> ParseError {
    match reader.next_pair() {
        Err(error) => error,
        Ok(_) => unreachable!("the mates were found not to go together"),
    }
}
