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
/// Bytes are those of the records and [`RECORD_OVERHEAD`](RecordBuffer::RECORD_OVERHEAD) for each. The memory of either is
/// never larger than the limit; that of both together may be, where batches of long records come after batches of short ones.
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
    /// Most bytes held, in both.
    byte_limit: usize,
}

/// Why a batch takes no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It would exceed the batch's byte limit.
    Full,
    /// The allocator refused the memory.
    NoMemory,
}

impl RecordBuffer {
    /// Bytes that a record counts beside its own: what is kept of where its parts are.
    pub const RECORD_OVERHEAD: usize = size_of::<Entry>();

    /// An empty batch for `capacity` records and 64 MiB at most. Does not allocate.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self::with_byte_limit(capacity, BYTE_LIMIT)
    }

    /// An empty batch for `capacity` records and `byte_limit` bytes at most; a record counts with all its four lines and
    /// line ends, and [`RECORD_OVERHEAD`](Self::RECORD_OVERHEAD). Does not allocate.
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
    /// The record, when the batch is full, the record would exceed its byte limit, or the allocator refuses the memory.
    pub fn try_push(&mut self, record: FastqRecord) -> Result<(), FastqRecord> {
        if self.push_ref(&record.as_record()) { Ok(()) } else { Err(record) }
    }

    /// Appends a copy of a borrowed record; false where [`RecordBuffer::try_push`] is an error.
    #[must_use]
    pub fn push_ref(&mut self, record: &RefRecord<'_>) -> bool {
        let fits = !self.is_full() && self.make_room(self.bytes.len(), record.as_bytes().len()).is_ok();
        if fits {
            self.append(record);
        }
        fits
    }

    /// Appends a copy of a record that [room](RecordBuffer::make_room) was made for.
    pub(crate) fn append(&mut self, record: &RefRecord<'_>) {
        self.entries.push(record.entry_at(self.bytes.len()));
        self.bytes.extend_from_slice(record.as_bytes());
    }

    /// Makes room for one more record, of `size` bytes, `held` bytes of records being here or about to be.
    #[inline]
    pub(crate) fn make_room(&mut self, held: usize, size: usize) -> Result<(), Refusal> {
        if size > self.longest().saturating_sub(held + self.entries.len() * Self::RECORD_OVERHEAD) {
            return Err(Refusal::Full);
        }
        if held + size > self.bytes.capacity() || self.entries.len() == self.entries.capacity() {
            return self.grow(held + size);
        }
        Ok(())
    }

    /// Makes memory for one more record, with which there are `bytes` bytes of records. It doubles, but for what the limit has no
    /// use for.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        let records = self.entries.len() + 1;
        if bytes > self.bytes.capacity() {
            let most = self.byte_limit - records * Self::RECORD_OVERHEAD;
            let size = self.bytes.capacity().saturating_mul(2).clamp(bytes, most);
            self.bytes.try_reserve_exact(size - self.bytes.len()).map_err(|_| Refusal::NoMemory)?;
        }
        if records > self.entries.capacity() {
            let most = self.capacity.min((self.byte_limit - bytes) / Self::RECORD_OVERHEAD);
            let size = self.entries.capacity().saturating_mul(2).clamp(records, most);
            self.entries.try_reserve_exact(size - self.entries.len()).map_err(|_| Refusal::NoMemory)?;
        }
        Ok(())
    }

    /// Most bytes of a record that the batch takes when it is empty.
    pub(crate) fn longest(&self) -> usize {
        self.byte_limit.saturating_sub(Self::RECORD_OVERHEAD)
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

    /// Most bytes held, [`RECORD_OVERHEAD`](Self::RECORD_OVERHEAD) of each record included.
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
            if let Err(refusal) = batch.make_room(held, entry.size) {
                let kind = match refusal {
                    Refusal::NoMemory => Some(ParseErrorKind::OutOfMemory),
                    Refusal::Full if batch.is_empty() => Some(ParseErrorKind::RecordTooLong { limit: batch.longest() }),
                    Refusal::Full => None,
                };
                let refused = kind.map(|kind| self.error_of_record(data, kind));
                self.put_back();
                break refused.map_or(Ok(Step::Record), Err);
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
