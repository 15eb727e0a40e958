//! A batch of pairs in memory that is reused.

use crate::batch::{BYTE_LIMIT, Iter, RecordBuffer, Refusal};
use crate::record::{FastqRecord, RefRecord};

/// A bounded batch of pairs: so many pairs, and so many bytes of both mates together, at most. Its memory is reused.
///
/// Bytes count, and memory grows for either mates, as in a [`RecordBuffer`].
///
/// # Examples
/// ```
/// use fqbuf_record::{PairBuffer, PairedReader, Reader};
///
/// # fn main() -> Result<(), fqbuf_record::ParseError> {
/// let first = Reader::new(&b"@a/1\nAC\n+\nII\n@b/1\nG\n+\nI\n"[..]);
/// let second = Reader::new(&b"@a/2\nGT\n+\nII\n@b/2\nC\n+\nI\n"[..]);
/// let mut reader = PairedReader::new(first, second);
/// let mut batch = PairBuffer::new(100);
/// assert_eq!(reader.read_batch(&mut batch)?, 2);
/// for (first, second) in &batch {
///     assert_eq!(first.len(), second.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PairBuffer {
    /// As many records as `second`, and record `i` of the one is the mate of record `i` of the other.
    first: RecordBuffer,
    second: RecordBuffer,
    /// Most bytes held in both together.
    byte_limit: usize,
}

impl PairBuffer {
    /// An empty batch for `capacity` pairs and 64 MiB at most. Does not allocate.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self::with_byte_limit(capacity, BYTE_LIMIT)
    }

    /// An empty batch for `capacity` pairs and `byte_limit` bytes at most; each record counts with all its four lines and
    /// line ends, and [`RecordBuffer::RECORD_OVERHEAD`]. Does not allocate.
    #[must_use]
    pub const fn with_byte_limit(capacity: usize, byte_limit: usize) -> Self {
        let half = RecordBuffer::with_byte_limit(capacity, byte_limit);
        Self { first: half, second: RecordBuffer::with_byte_limit(capacity, byte_limit), byte_limit }
    }

    /// Appends copies of both mates; false, and nothing done, when the batch is full, would exceed its byte limit, or the
    /// allocator refuses the memory.
    #[must_use]
    pub fn push(&mut self, first: &RefRecord<'_>, second: &RefRecord<'_>) -> bool {
        !self.is_full() && self.try_push(first, second).is_ok()
    }

    /// Appends copies of both mates to a batch that does not hold all the pairs that it may.
    pub(crate) fn try_push(&mut self, first: &RefRecord<'_>, second: &RefRecord<'_>) -> Result<(), Refusal> {
        let (one, two) = (first.as_bytes().len(), second.as_bytes().len());
        let held = self.byte_len() + 2 * self.len() * RecordBuffer::RECORD_OVERHEAD;
        if one + two > self.longest().saturating_sub(held) {
            return Err(Refusal::Full);
        }
        // Both halves have the bounds of the whole: what it has room for, they have.
        self.first.make_room(self.first.byte_len(), one)?;
        self.second.make_room(self.second.byte_len(), two)?;
        self.first.append(first);
        self.second.append(second);
        Ok(())
    }

    /// Most bytes of a pair that the batch takes when it is empty.
    pub(crate) fn longest(&self) -> usize {
        self.byte_limit.saturating_sub(2 * RecordBuffer::RECORD_OVERHEAD)
    }

    /// Whether the batch holds as many pairs as it may.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.first.is_full()
    }

    /// Pairs held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// True when no pair is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Most pairs held.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.first.capacity()
    }

    /// Most bytes held, [`RecordBuffer::RECORD_OVERHEAD`] of each record included.
    #[must_use]
    pub fn byte_limit(&self) -> usize {
        self.byte_limit
    }

    /// Bytes of the records held, line ends included.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.first.byte_len() + self.second.byte_len()
    }

    /// Drops the pairs, keeps the memory.
    pub fn clear(&mut self) {
        self.first.clear();
        self.second.clear();
    }

    /// Takes all pairs out. Five allocations at most, whatever the number.
    #[must_use]
    pub fn drain(&mut self) -> Vec<(FastqRecord, FastqRecord)> {
        self.first.drain().into_iter().zip(self.second.drain()).collect()
    }

    /// The pair at `index`, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(RefRecord<'_>, RefRecord<'_>)> {
        Some((self.first.get(index)?, self.second.get(index)?))
    }

    /// The first mates, in order.
    #[must_use]
    pub fn first(&self) -> &RecordBuffer {
        &self.first
    }

    /// The second mates, in order.
    #[must_use]
    pub fn second(&self) -> &RecordBuffer {
        &self.second
    }

    /// The pairs in order.
    #[must_use]
    pub fn iter(&self) -> Pairs<'_> {
        Pairs { first: self.first.iter(), second: self.second.iter() }
    }
}

/// The pairs of a batch in order.
#[derive(Clone)]
pub struct Pairs<'a> {
    first: Iter<'a>,
    /// As many as in `first`.
    second: Iter<'a>,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (RefRecord<'a>, RefRecord<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some((self.first.next()?, self.second.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.first.size_hint()
    }
}

impl ExactSizeIterator for Pairs<'_> {}

impl<'a> IntoIterator for &'a PairBuffer {
    type Item = (RefRecord<'a>, RefRecord<'a>);
    type IntoIter = Pairs<'a>;

    fn into_iter(self) -> Pairs<'a> {
        self.iter()
    }
}
