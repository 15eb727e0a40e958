//! Pairs of reads: from two inputs side by side, or from one in which mates alternate.
//!
//! Mates are those with the same number in their files (of an interleaved input: 2k-1 and 2k), and their names have to
//! agree. The numbers matter where bad records are skipped: the mate of a skipped record is dropped with it, so that one
//! bad record does not shift all pairs behind it; and where more than one record was lost in one bad place, the names say
//! so.
//!
//! Both mates of an interleaved pair have to be readable at once, from one buffer that may have to be refilled between the
//! two. Only then is the first one copied away, about once a buffer; to hold back every buffer's last pair instead would
//! make the cursor's fast path know of pairs.

use crate::batch::Refusal;
use crate::cursor::Cursor;
use crate::error::{Mate, ParseError, ParseErrorKind, Position, SourceInfo, shorten};
use crate::names::MateCheck;
use crate::pairs::PairBuffer;
use crate::reader::Reader;
use crate::record::RefRecord;
use crate::scan::Entry;
use fqbuf_line::Source;

/// Reads pairs of mates, from two [`Reader`]s or from one interleaved input, and checks their names.
///
/// The settings are those of the readers. Errors name both inputs and lines. As with a [`Reader`], an error about the input
/// comes again from the next call, and an error of a source does not lose the mate that was read already.
///
/// Where the readers [skip bad records](crate::ReaderBuilder::skip_invalid), or [you](PairedReader::skip_invalid) do, the mates
/// of skipped records are dropped and [counted](PairedReader::dropped). Leave the check of names on then: it is what notices
/// that one bad place hid several records.
///
/// # Examples
/// ```
/// use fqbuf_record::{PairedReader, Reader};
///
/// # fn main() -> Result<(), fqbuf_record::ParseError> {
/// let first = Reader::builder().source_name("a_R1.fq").build(&b"@r1/1\nAC\n+\nII\n@r2/1\nC\n+\nI\n"[..]);
/// let second = Reader::builder().source_name("a_R2.fq").build(&b"@r1/2\nGT\n+\nII\n@r3/2\nG\n+\nI\n"[..]);
/// let mut reader = PairedReader::new(first, second);
/// if let Some((first, second)) = reader.next_pair()? {
///     assert_eq!((first.seq(), second.seq()), (&b"AC"[..], &b"GT"[..]));
/// }
/// let Err(error) = reader.next_pair() else { return Ok(()) };
/// let expected = r#"R1/R2 differ at pair 2: "r2/1" vs "r3/2" (a_R1.fq line 5, a_R2.fq line 5)"#;
/// assert_eq!(error.to_string(), expected);
/// # Ok(())
/// # }
/// ```
pub struct PairedReader<A, B = A> {
    input: Input<A, B>,
    check: MateCheck,
    /// Where the first mate begins, once it was read and until its pair was delivered.
    first: Option<Position>,
    /// The same of the second mate.
    second: Option<Position>,
    /// Whether the mates were delivered by the last call.
    delivered: bool,
    /// Whether the last error of a reader was the second one's.
    second_failed: bool,
    pairs: u64,
    dropped: u64,
}

#[allow(clippy::large_enum_variant, reason = "there is one of it, which is not moved about")]
enum Input<A, B> {
    Two(Reader<A>, Reader<B>),
    Interleaved(Reader<A>, Kept),
}

/// The first of two mates, while the second is being read from the same reader.
#[derive(Default)]
pub(crate) struct Kept {
    /// Its offsets in the reader's data, or in `copy` when that was made.
    entry: Entry,
    /// Its bytes, when the reader's data moved on.
    copy: Vec<u8>,
    copied: bool,
}

impl Kept {
    /// Copies the record away from the data that are about to go. False when there is no memory for it.
    pub(crate) fn save(&mut self, data: &[u8]) -> bool {
        if self.copied {
            return true;
        }
        let bytes = &data[self.entry.start..self.entry.end()];
        self.copy.clear();
        if self.copy.try_reserve(bytes.len()).is_err() {
            return false;
        }
        self.copy.extend_from_slice(bytes);
        self.entry = self.entry.at(0);
        self.copied = true;
        true
    }

    /// Begins to keep the record that the cursor shows.
    fn keep(&mut self, cursor: &Cursor) {
        self.entry = *cursor.entry();
        self.copied = false;
    }

    fn record<'a>(&'a self, data: &'a [u8]) -> RefRecord<'a> {
        RefRecord::of(if self.copied { &self.copy } else { data }, &self.entry)
    }
}

impl<A: Source, B: Source> PairedReader<A, B> {
    /// Pairs of first mates from `first` and second mates from `second`.
    pub fn new(first: Reader<A>, second: Reader<B>) -> Self {
        Self::of(Input::Two(first, second))
    }

    fn of(input: Input<A, B>) -> Self {
        let check = MateCheck::default();
        Self { input, check, first: None, second: None, delivered: false, second_failed: false, pairs: 0, dropped: 0 }
    }

    /// How names are compared. Default: [`MateCheck::Ids`].
    #[must_use]
    pub fn check(mut self, check: MateCheck) -> Self {
        self.check = check;
        self
    }

    /// The next pair, borrowed until the next call; `None` when all inputs have ended. Does not allocate once warm,
    /// but for errors.
    ///
    /// # Errors
    /// As [`Reader::next_record`]; names that differ, inputs of unequal length, an interleaved input that ends between two
    /// mates.
    #[inline]
    pub fn next_pair(&mut self) -> Result<Option<(RefRecord<'_>, RefRecord<'_>)>, ParseError> {
        if !self.advance()? {
            return Ok(None);
        }
        self.delivered = true;
        self.pairs += 1;
        Ok(Some(self.mates()))
    }

    /// Clears `batch`, then fills it with pairs until it is full; returns their number, 0 only at the end of input.
    /// A batch is also full when the next pair would exceed its byte limit. Does not allocate once the batch has grown to its
    /// size.
    ///
    /// # Errors
    /// As [`PairedReader::next_pair`], the pairs before the error in the batch. A batch without capacity, or a pair that
    /// exceeds the batch's byte limit by itself, unless all readers skip bad records: it comes again, for a larger batch.
    pub fn read_batch(&mut self, batch: &mut PairBuffer) -> Result<usize, ParseError> {
        batch.clear();
        if batch.capacity() == 0 {
            return Err(self.error_of_first(ParseErrorKind::NoCapacity, None));
        }
        while !batch.is_full() && self.advance()? {
            let (first, second) = self.mates();
            match batch.try_push(&first, &second) {
                Ok(()) => {}
                Err(Refusal::NoMemory) => {
                    return Err(self.error_of_first(ParseErrorKind::OutOfMemory, Some(first.id())));
                }
                Err(Refusal::Full) if batch.is_empty() => {
                    if self.skips_invalid() {
                        self.drop_pair();
                        continue;
                    }
                    let kind = ParseErrorKind::RecordTooLong { limit: batch.longest() };
                    return Err(self.error_of_first(kind, Some(first.id())));
                }
                Err(Refusal::Full) => break,
            }
            self.delivered = true;
            self.pairs += 1;
        }
        Ok(batch.len())
    }

    /// Passes over the bad record that `error`, the last call's, is about, as [`Reader::skip_invalid`] does; its mate is dropped
    /// and [counted](PairedReader::dropped). A pair that is too long for a batch is dropped as a whole.
    ///
    /// False, and nothing is passed over, where a reader's answer is that, and where no record is bad by itself: names that
    /// differ, inputs of unequal length, an interleaved input that ends between two mates.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_record::{PairedReader, Reader};
    ///
    /// # fn main() -> Result<(), fqbuf_record::ParseError> {
    /// let first = Reader::new(&b"@a\nAC\n+\nI\n@b\nG\n+\nI\n"[..]);
    /// let second = Reader::new(&b"@a\nGT\n+\nII\n@b\nC\n+\nI\n"[..]);
    /// let mut reader = PairedReader::new(first, second);
    /// let (mut ids, mut bad) = (Vec::new(), Vec::new());
    /// loop {
    ///     match reader.next_pair() {
    ///         Ok(Some((first, _))) => ids.push(first.id().to_vec()),
    ///         Ok(None) => break,
    ///         Err(error) => {
    ///             if !reader.skip_invalid(&error) {
    ///                 return Err(error);
    ///             }
    ///             bad.push(error.to_string());
    ///         }
    ///     }
    /// }
    /// assert_eq!((ids, reader.dropped()), (vec![b"b".to_vec()], 1));
    /// assert_eq!(bad, ["record 1 (line 4, byte 8): quality has 1 character, sequence has 2"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn skip_invalid(&mut self, error: &ParseError) -> bool {
        let waits = !self.delivered && self.second.is_some() && self.first == Some(error.position());
        match error.kind() {
            ParseErrorKind::MateMismatch { .. } | ParseErrorKind::UnequalMates { .. } | ParseErrorKind::OddMates => {
                return false;
            }
            ParseErrorKind::RecordTooLong { .. } if waits => {
                self.drop_pair();
                return true;
            }
            _ => {}
        }
        match &mut self.input {
            Input::Two(_, reader) if self.second_failed => reader.skip_invalid(error),
            Input::Two(reader, _) | Input::Interleaved(reader, _) => reader.skip_invalid(error),
        }
    }

    /// Drops the pair that was advanced to.
    fn drop_pair(&mut self) {
        (self.first, self.second) = (None, None);
        self.dropped += 2;
    }

    /// Pairs delivered so far.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.pairs
    }

    /// Records dropped so far because their mates were skipped as invalid, or because both were too long for a batch together.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The reader of first mates, or of all of an interleaved input.
    pub fn first_reader(&self) -> &Reader<A> {
        match &self.input {
            Input::Two(reader, _) | Input::Interleaved(reader, _) => reader,
        }
    }

    /// The reader of second mates; `None` of an interleaved input.
    pub fn second_reader(&self) -> Option<&Reader<B>> {
        match &self.input {
            Input::Two(_, reader) => Some(reader),
            Input::Interleaved(..) => None,
        }
    }

    /// Whether all readers pass over bad records.
    fn skips_invalid(&self) -> bool {
        self.first_reader().skips_invalid() && self.second_reader().is_none_or(Reader::skips_invalid)
    }

    /// Moves to the next pair, unless there is one that was not delivered. False when all inputs have ended.
    fn advance(&mut self) -> Result<bool, ParseError> {
        if self.delivered {
            self.first = None;
            self.second = None;
            self.delivered = false;
        }
        match self.input {
            Input::Two(..) => self.advance_two(),
            Input::Interleaved(..) => self.advance_interleaved(),
        }
    }

    fn advance_two(&mut self) -> Result<bool, ParseError> {
        let Input::Two(one, two) = &mut self.input else { return Ok(false) };
        loop {
            if self.first.is_none() && one.advance().inspect_err(|_| self.second_failed = false)? {
                self.first = Some(one.current_position());
            }
            if self.second.is_none() && two.advance().inspect_err(|_| self.second_failed = true)? {
                self.second = Some(two.current_position());
            }
            // The numbers of the records to be paired; behind the last one where an input has ended.
            let (a, b) = (self.first.unwrap_or(one.position()), self.second.unwrap_or(two.position()));
            match (self.first, self.second) {
                (None, None) => return Ok(false),
                (Some(_), _) if a.record < b.record => self.first = None,
                (_, Some(_)) if b.record < a.record => self.second = None,
                (Some(_), Some(_)) => {
                    let (first, second) = (one.current(), two.current());
                    if self.check.accepts(first.head(), second.head()) {
                        return Ok(true);
                    }
                    let other = mate(&second, two.source_info(), b);
                    return Err(mismatch(a.record, &first, other, a, one.source_info()));
                }
                (Some(_), None) => {
                    let ended = mate_of(Box::default(), two.source_info(), b);
                    return Err(unequal(&one.current(), one.source_info(), a, ended, false));
                }
                (None, Some(_)) => {
                    let ended = mate_of(Box::default(), one.source_info(), a);
                    return Err(unequal(&two.current(), two.source_info(), b, ended, true));
                }
            }
            self.dropped += 1;
        }
    }

    fn advance_interleaved(&mut self) -> Result<bool, ParseError> {
        let Input::Interleaved(reader, kept) = &mut self.input else { return Ok(false) };
        loop {
            if self.first.is_none() {
                if !reader.advance()? {
                    return Ok(false);
                }
                self.first = Some(reader.current_position());
                kept.keep(reader.cursor());
            }
            let Some(a) = self.first else { continue };
            if a.record % 2 == 0 {
                // A second mate whose first one was skipped.
                self.first = None;
                self.dropped += 1;
                continue;
            }
            if self.second.is_none() && reader.advance_keeping(kept)? {
                self.second = Some(reader.current_position());
            }
            let first = kept.record(reader.data());
            match self.second {
                Some(b) if b.record == a.record + 1 => {
                    let second = reader.current();
                    if self.check.accepts(first.head(), second.head()) {
                        return Ok(true);
                    }
                    let other = mate(&second, reader.source_info(), b);
                    return Err(mismatch(a.record.div_ceil(2), &first, other, a, reader.source_info()));
                }
                // The second mate was skipped; what follows is the next first one, or a second one without its first.
                Some(b) => {
                    kept.keep(reader.cursor());
                    self.first = Some(b);
                    self.second = None;
                }
                None if reader.position().record == a.record + 1 => {
                    let id = Some(first.id());
                    return Err(ParseError::new(ParseErrorKind::OddMates, a, id, reader.source_info()));
                }
                // The second mate was the last record, and skipped.
                None => self.first = None,
            }
            self.dropped += 1;
        }
    }

    /// The pair that was advanced to.
    fn mates(&self) -> (RefRecord<'_>, RefRecord<'_>) {
        match &self.input {
            Input::Two(one, two) => (one.current(), two.current()),
            Input::Interleaved(reader, kept) => (kept.record(reader.data()), reader.current()),
        }
    }

    /// An error about the present pair at its first mate, or at where the next one would begin.
    #[cold]
    fn error_of_first(&self, kind: ParseErrorKind, id: Option<&[u8]>) -> ParseError {
        let reader = self.first_reader();
        let waiting = self.first.filter(|_| !self.delivered);
        ParseError::new(kind, waiting.unwrap_or(reader.position()), id, reader.source_info())
    }
}

impl<A: Source> PairedReader<A> {
    /// Pairs from one input in which each first mate is followed by its second one.
    ///
    /// It is of the same type as two readers of this source, so that a tool can take either.
    pub fn interleaved(reader: Reader<A>) -> Self {
        Self::of(Input::Interleaved(reader, Kept::default()))
    }
}

fn mate(record: &RefRecord<'_>, source: &SourceInfo, position: Position) -> Mate {
    mate_of(shorten(record.id()), source, position)
}

fn mate_of(id: Box<[u8]>, source: &SourceInfo, position: Position) -> Mate {
    Mate { id, source_name: source.name.clone(), position }
}

#[cold]
fn mismatch(pair: u64, first: &RefRecord<'_>, other: Mate, position: Position, source: &SourceInfo) -> ParseError {
    let kind = ParseErrorKind::MateMismatch { pair, other: Box::new(other) };
    ParseError::new(kind, position, Some(first.id()), source)
}

#[cold]
fn unequal(record: &RefRecord<'_>, source: &SourceInfo, position: Position, ended: Mate, first: bool) -> ParseError {
    let kind = ParseErrorKind::UnequalMates { other: Box::new(ended), first };
    ParseError::new(kind, position, Some(record.id()), source)
}
