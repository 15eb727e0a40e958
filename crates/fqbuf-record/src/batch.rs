//! A batch of records in memory that is reused.

use std::fmt;
use std::sync::Arc;

use crate::cursor::{Cursor, Step};
use crate::error::{ParseError, ParseErrorKind};
use crate::record::{FastqRecord, RefRecord};
use crate::scan::Entry;

/// Bytes that a batch may hold by default.
pub(crate) const BYTE_LIMIT: usize = 64 << 20;

/// A bounded batch of records: so many records, and so many bytes, at most. Its memory is reused.
///
/// # Examples
/// ```
/// use fqbuf_record::{Reader, RecordBuffer};
///
/// # fn main() -> Result<(), fqbuf_record::ParseError> {
/// let mut reader = Reader::new(&b"@r1\nAC\n+\nII\n@r2\nGT\n+\nII\n@r3\nA\n+\nI\n"[..]);
/// let mut batch = RecordBuffer::new(2);
/// assert_eq!(reader.read_batch(&mut batch)?, 2);
/// assert_eq!(reader.read_batch(&mut batch)?, 1);
/// assert_eq!(batch.iter().map(|record| record.id()).collect::<Vec<_>>(), [b"r3"]);
/// assert_eq!(reader.read_batch(&mut batch)?, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RecordBuffer {
    /// The records' bytes, back to back.
    bytes: Vec<u8>,
    /// Offsets of each record in `bytes`, in order.
    entries: Vec<Entry>,
    /// Most records held.
    capacity: usize,
    /// Most bytes held.
    byte_limit: usize,
}

impl RecordBuffer {
    /// An empty batch for `capacity` records and 64 MiB at most. Does not allocate.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self::with_byte_limit(capacity, BYTE_LIMIT)
    }

    /// An empty batch for `capacity` records and `byte_limit` bytes at most; a record counts with all its four lines and
    /// line ends. Does not allocate.
    #[must_use]
    pub const fn with_byte_limit(capacity: usize, byte_limit: usize) -> Self {
        Self { bytes: Vec::new(), entries: Vec::new(), capacity, byte_limit }
    }

    /// Appends a record; false, and the record dropped, when the batch is full. See [`RecordBuffer::try_push`].
    #[must_use]
    pub fn push(&mut self, record: FastqRecord) -> bool {
        self.try_push(record).is_ok()
    }

    /// Appends a record.
    ///
    /// # Errors
    /// The record, when the batch is full or the record would exceed its byte limit.
    pub fn try_push(&mut self, record: FastqRecord) -> Result<(), FastqRecord> {
        if self.push_ref(&record.as_record()) { Ok(()) } else { Err(record) }
    }

    /// Appends a copy of a borrowed record; false when the batch is full or the record would exceed its byte limit.
    #[must_use]
    pub fn push_ref(&mut self, record: &RefRecord<'_>) -> bool {
        let bytes = record.as_bytes();
        if self.is_full() || bytes.len() > self.byte_limit - self.bytes.len() {
            return false;
        }
        self.entries.push(record.entry_at(self.bytes.len()));
        self.bytes.extend_from_slice(bytes);
        true
    }

    /// Whether the batch holds as many records as it may.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.entries.len() >= self.capacity
    }

    /// Records held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when no record is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Most records held.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Most bytes held.
    #[must_use]
    pub fn byte_limit(&self) -> usize {
        self.byte_limit
    }

    /// Bytes of the records held, line ends included.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Drops the records, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// Takes all records out; they share one allocation, as the batch keeps its own. Two allocations, whatever the number.
    #[must_use]
    pub fn drain(&mut self) -> Vec<FastqRecord> {
        let shared: Arc<[u8]> = self.bytes.as_slice().into();
        let records = self.entries.iter().map(|entry| FastqRecord::sharing(&shared, *entry)).collect();
        self.clear();
        records
    }

    /// The record at `index`, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<RefRecord<'_>> {
        self.entries.get(index).map(|entry| RefRecord::of(&self.bytes, entry))
    }

    /// The records in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter { bytes: &self.bytes, entries: self.entries.iter() }
    }
}

impl Cursor {
    /// Appends records of `data` to `batch`: to its end (`Record`), or that of the data. Neighbours are copied together.
    pub(crate) fn fill_batch(
        &mut self,
        data: &[u8],
        at_end: bool,
        batch: &mut RecordBuffer,
    ) -> Result<Step, ParseError> {
        let mut span = Span { start: self.at(), end: self.at() };
        let result = loop {
            if batch.is_full() {
                break Ok(Step::Record);
            }
            match self.advance(data, at_end) {
                Ok(Step::Record) => {}
                other => break other,
            }
            let entry = *self.entry();
            let held = batch.bytes.len() + (span.end - span.start);
            if entry.size > batch.byte_limit.saturating_sub(held) {
                self.put_back();
                if batch.is_empty() {
                    let kind = ParseErrorKind::RecordTooLong { limit: batch.byte_limit };
                    break Err(self.error_here(kind));
                }
                break Ok(Step::Record);
            }
            if entry.start != span.end {
                span.copy(data, batch);
                span.start = entry.start;
            }
            span.end = entry.end();
            batch.entries.push(entry.at(entry.start - span.start + batch.bytes.len()));
        };
        span.copy(data, batch);
        result
    }
}

/// Neighbouring records that are still to be copied.
struct Span {
    start: usize,
    end: usize,
}

impl Span {
    fn copy(&mut self, data: &[u8], batch: &mut RecordBuffer) {
        batch.bytes.extend_from_slice(&data[self.start..self.end]);
        self.start = self.end;
    }
}

/// The records of a batch in order.
#[derive(Clone)]
pub struct Iter<'a> {
    bytes: &'a [u8],
    entries: std::slice::Iter<'a, Entry>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = RefRecord<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next().map(|entry| RefRecord::of(self.bytes, entry))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a RecordBuffer {
    type Item = RefRecord<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl fmt::Debug for RecordBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordBuffer")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .field("byte_len", &self.byte_len())
            .field("byte_limit", &self.byte_limit)
            .finish()
    }
}
