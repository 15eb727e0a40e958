//! One record: borrowed from a buffer, or owned.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::counts;
use crate::scan::{Entry, Layout};
use memchr::{memchr, memchr2, memrchr};

/// A record borrowed from the reader's buffer or from a slice; copying it copies no bytes.
///
/// The slices are those of the input: line ends are stripped, all other bytes are as they stand there.
///
/// # Examples
/// ```
/// use fqbuf_record::SliceReader;
///
/// # fn main() -> Result<(), fqbuf_record::ParseError> {
/// let mut reader = SliceReader::new(b"@r1 lane 2\nACGT\n+\nIIII\n");
/// if let Some(record) = reader.next_record()? {
///     assert_eq!(record.id(), b"r1");
///     assert_eq!(record.description(), Some(&b"lane 2"[..]));
///     assert_eq!(record.seq(), b"ACGT");
///     assert_eq!(record.qual(), b"IIII");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct RefRecord<'a> {
    /// The whole record with its line ends; begins with its `@`.
    bytes: &'a [u8],
    layout: Layout,
}

impl<'a> RefRecord<'a> {
    /// The record at `entry` of `data`.
    #[inline(always)]
    pub(crate) fn of(data: &'a [u8], entry: &Entry) -> Self {
        Self { bytes: &data[entry.start..entry.end()], layout: entry.layout }
    }

    /// As many bytes as there are bases, from `start` on.
    // Spelled so, and failing in a function without arguments, because it counts against what the compiler inlines of a closure.
    #[inline(always)]
    fn part(&self, start: usize) -> &'a [u8] {
        match self.bytes.get(start..).and_then(|bytes| bytes.get(..self.layout.len)) {
            Some(part) => part,
            None => beyond(),
        }
    }

    /// Header without `@`: id and description.
    #[inline]
    #[must_use]
    pub fn head(&self) -> &'a [u8] {
        &self.bytes[1..self.layout.head_end]
    }

    /// Header up to the first space or tab, without `@`.
    #[inline]
    #[must_use]
    pub fn id(&self) -> &'a [u8] {
        id_of(self.head())
    }

    /// Header after the first space or tab; `None` when there is none.
    #[must_use]
    pub fn description(&self) -> Option<&'a [u8]> {
        self.head().get(self.id().len() + 1..)
    }

    /// Bases, as they stand in the input.
    #[inline]
    #[must_use]
    pub fn seq(&self) -> &'a [u8] {
        self.part(self.layout.seq_start)
    }

    /// Quality characters, as many as bases.
    #[inline]
    #[must_use]
    pub fn qual(&self) -> &'a [u8] {
        self.part(self.layout.qual_start)
    }

    /// Whether there is nothing between bases and qualities but a `+` and the line ends around it, each of one byte.
    #[inline(always)]
    pub(crate) fn is_bare(&self) -> bool {
        self.layout.qual_start == self.layout.seq_start + self.layout.len + b"\n+\n".len()
    }

    /// What follows `+` on the third line; mostly empty.
    #[must_use]
    pub fn title(&self) -> &'a [u8] {
        if self.is_bare() {
            return &[];
        }
        let lines = &self.bytes[self.layout.seq_start + self.layout.len..self.layout.qual_start];
        let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
        let start = memrchr(b'\n', lines).map_or(0, |n| n + 1);
        let line = &lines[start..];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line.strip_prefix(b"+").unwrap_or(line)
    }

    /// Bases of the record.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.len
    }

    /// True when the record has no base.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layout.len == 0
    }

    /// Bases that are G or C, in either case; see [`gc_count`](crate::gc_count).
    ///
    /// # Examples
    /// ```
    /// use fqbuf_record::SliceReader;
    ///
    /// # fn main() -> Result<(), fqbuf_record::ParseError> {
    /// let mut reader = SliceReader::new(b"@r1\nACGT\n+\nII5!\n");
    /// while let Some(record) = reader.next_record()? {
    ///     assert_eq!(record.gc_count(), 2);
    ///     assert_eq!(record.quality_sum(), 40 + 40 + 20);
    ///     assert_eq!(record.mean_quality(), Some(25.0));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn gc_count(&self) -> usize {
        counts::gc_count(self.seq())
    }

    /// The sum of the Phred scores, quality characters less 33; see [`quality_sum`](crate::quality_sum).
    #[inline(always)]
    #[must_use]
    pub fn quality_sum(&self) -> i64 {
        counts::quality_sum(self.qual())
    }

    /// The arithmetic mean of the Phred scores, `None` of an empty read; see [`mean_quality`](crate::mean_quality).
    #[inline(always)]
    #[must_use]
    pub fn mean_quality(&self) -> Option<f64> {
        counts::mean_quality(self.qual())
    }

    /// The record as it stands in the input, line ends included; the last one may lack its own. To put records one behind the
    /// other take [`append_to`](RefRecord::append_to).
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Appends the record to `out` as four lines that end in LF, as [`Writer`](crate::Writer) writes it. Unlike
    /// [`as_bytes`](RefRecord::as_bytes), whose last line may lack its end, it may be followed by another record.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_record::SliceReader;
    ///
    /// # fn main() -> Result<(), fqbuf_record::ParseError> {
    /// let mut out = Vec::new();
    /// for record in SliceReader::new(b"@r1\r\nACGT\r\n+\r\nIIII\r\n@r2\nTT\n+\n!!") {
    ///     record?.append_to(&mut out);
    /// }
    /// assert_eq!(out, b"@r1\nACGT\n+\nIIII\n@r2\nTT\n+\n!!\n");
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn append_to(&self, out: &mut Vec<u8>) {
        if self.has_plain_line_ends() {
            out.extend_from_slice(self.bytes);
        } else {
            append_lines(out, self.head(), self.seq(), self.title(), self.qual());
        }
    }

    /// Appends the record to `out` with the bases and qualities in `range` alone: a trimmed read, with nothing after `+`.
    ///
    /// # Errors
    /// When it would not be read back as it is, because the bases begin with `@` or a line ends in a carriage return; nothing
    /// is appended then. Line ends within the qualities, which a record may have whose length of qualities was
    /// [trusted](crate::QualityLength::Trusted), are not looked for.
    ///
    /// # Panics
    /// When `range` is not within the record's length.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_record::SliceReader;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut out = Vec::new();
    /// for record in SliceReader::new(b"@r1 x\nACGT\n+\nII!!\n") {
    ///     record?.append_range_to(0..2, &mut out)?;
    /// }
    /// assert_eq!(out, b"@r1 x\nAC\n+\nII\n");
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn append_range_to(&self, range: Range<usize>, out: &mut Vec<u8>) -> Result<(), InvalidRecord> {
        let (seq, qual) = (&self.seq()[range.clone()], &self.qual()[range]);
        if seq.first() == Some(&b'@') {
            return Err(InvalidRecord::SequenceStartsWithAt);
        }
        if [self.head(), seq, qual].iter().any(|line| line.last() == Some(&b'\r')) {
            return Err(InvalidRecord::LineEnd);
        }
        for part in [b"@", self.head(), b"\n", seq, b"\n+\n", qual, b"\n"] {
            out.extend_from_slice(part);
        }
        Ok(())
    }

    /// Whether [`RefRecord::as_bytes`] is four lines that each end in `\n` alone.
    #[inline]
    #[must_use]
    pub fn has_plain_line_ends(&self) -> bool {
        self.layout.head_end + 1 == self.layout.seq_start
            && self.bytes[self.layout.seq_start + self.layout.len] == b'\n'
            && self.bytes[self.layout.qual_start - 2] != b'\r'
            && self.layout.qual_start + self.layout.len + 1 == self.bytes.len()
            && self.bytes[self.layout.qual_start + self.layout.len] == b'\n'
    }

    /// The same record where its bytes begin `start` bytes into another buffer.
    pub(crate) fn entry_at(&self, start: usize) -> Entry {
        Entry { start, size: self.bytes.len(), layout: self.layout }
    }
}

/// Appends a record line by line. One whose own content ends in a carriage return is ended by CR LF: it would lose it else.
#[inline(never)]
pub(crate) fn append_lines(out: &mut Vec<u8>, head: &[u8], seq: &[u8], title: &[u8], qual: &[u8]) {
    for (mark, content) in [(&b"@"[..], head), (b"", seq), (b"+", title), (b"", qual)] {
        out.extend_from_slice(mark);
        out.extend_from_slice(content);
        let kept = content.last() == Some(&b'\r');
        out.extend_from_slice(if kept { b"\r\n" } else { b"\n" });
    }
}

impl fmt::Debug for RefRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefRecord")
            .field("head", &self.head().escape_ascii().to_string())
            .field("seq", &self.seq().escape_ascii().to_string())
            .field("qual", &self.qual().escape_ascii().to_string())
            .finish()
    }
}

/// The header, sequence and qualities are equal; line ends and the title after `+` do not count.
impl PartialEq for RefRecord<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.head() == other.head() && self.seq() == other.seq() && self.qual() == other.qual()
    }
}

impl Eq for RefRecord<'_> {}

/// An owned record; a clone shares its memory.
///
/// The records that [`RecordBuffer::drain`](crate::RecordBuffer::drain) returns share one allocation, which lives as long
/// as any of them. Keep [`FastqRecord::detached`] copies when few of a batch are kept for long.
///
/// # Examples
/// ```
/// use fqbuf_record::FastqRecord;
///
/// # fn main() -> Result<(), fqbuf_record::InvalidRecord> {
/// let record = FastqRecord::new(b"r1 lane 2", b"ACGT", b"IIII")?;
/// assert_eq!(record.id(), b"r1");
/// assert_eq!(record.len(), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FastqRecord {
    /// Bytes of this record, and maybe of others.
    shared: Arc<[u8]>,
    /// The record's offsets in `shared`.
    entry: Entry,
}

/// Parts that make no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRecord {
    /// Sequence and quality differ in length.
    UnequalLengths {
        /// Bytes of the sequence.
        seq: usize,
        /// Bytes of the quality.
        qual: usize,
    },
    /// A part has a line feed in it, or ends in a carriage return.
    LineEnd,
    /// The sequence begins with `@`.
    SequenceStartsWithAt,
}

impl fmt::Display for InvalidRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnequalLengths { seq, qual } => write!(f, "quality has {qual} characters, sequence has {seq}"),
            Self::LineEnd => f.write_str("a part of the record has a line end in it"),
            Self::SequenceStartsWithAt => f.write_str("sequence begins with '@'"),
        }
    }
}

impl std::error::Error for InvalidRecord {}

impl InvalidRecord {
    /// Whether the parts, as the lines of a record, would be read back as they are.
    pub(crate) fn check(head: &[u8], seq: &[u8], qual: &[u8]) -> Result<(), Self> {
        if seq.len() != qual.len() {
            return Err(Self::UnequalLengths { seq: seq.len(), qual: qual.len() });
        }
        if seq.first() == Some(&b'@') {
            return Err(Self::SequenceStartsWithAt);
        }
        if [head, seq, qual].iter().any(|part| part.last() == Some(&b'\r') || memchr(b'\n', part).is_some()) {
            return Err(Self::LineEnd);
        }
        Ok(())
    }
}

impl FastqRecord {
    /// A record of `head` (id and description, without `@`), bases and qualities. Two allocations, of which one is kept.
    ///
    /// # Errors
    /// When the parts would not be read back as they are: unequal lengths, a line end in a part, a sequence that begins
    /// with `@`.
    pub fn new(head: &[u8], seq: &[u8], qual: &[u8]) -> Result<Self, InvalidRecord> {
        InvalidRecord::check(head, seq, qual)?;
        let bytes = [b"@", head, b"\n", seq, b"\n+\n", qual, b"\n"].concat();
        let entry = Entry { start: 0, size: bytes.len(), layout: Layout::bare(1 + head.len(), seq.len()) };
        Ok(Self { shared: bytes.into(), entry })
    }

    /// A record at `entry` of memory that it shares.
    pub(crate) fn sharing(shared: &Arc<[u8]>, entry: Entry) -> Self {
        Self { shared: Arc::clone(shared), entry }
    }

    /// The same record, borrowed.
    #[must_use]
    pub fn as_record(&self) -> RefRecord<'_> {
        RefRecord::of(&self.shared, &self.entry)
    }

    /// A copy that shares memory with no other record.
    #[must_use]
    pub fn detached(&self) -> Self {
        self.as_record().into()
    }

    /// Header without `@`: id and description.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        self.as_record().head()
    }

    /// Header up to the first space or tab, without `@`.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        self.as_record().id()
    }

    /// Header after the first space or tab; `None` when there is none.
    #[must_use]
    pub fn description(&self) -> Option<&[u8]> {
        self.as_record().description()
    }

    /// Bases.
    #[must_use]
    pub fn seq(&self) -> &[u8] {
        self.as_record().seq()
    }

    /// Quality characters, as many as bases.
    #[must_use]
    pub fn qual(&self) -> &[u8] {
        self.as_record().qual()
    }

    /// Bases of the record.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_record().len()
    }

    /// True when the record has no base.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_record().is_empty()
    }

    /// Bases that are G or C, in either case; see [`gc_count`](crate::gc_count).
    #[must_use]
    pub fn gc_count(&self) -> usize {
        self.as_record().gc_count()
    }

    /// The sum of the Phred scores, quality characters less 33; see [`quality_sum`](crate::quality_sum).
    #[must_use]
    pub fn quality_sum(&self) -> i64 {
        self.as_record().quality_sum()
    }

    /// The arithmetic mean of the Phred scores, `None` of an empty read; see [`mean_quality`](crate::mean_quality).
    #[must_use]
    pub fn mean_quality(&self) -> Option<f64> {
        self.as_record().mean_quality()
    }
}

impl From<RefRecord<'_>> for FastqRecord {
    /// Copies the record's bytes into one allocation.
    fn from(record: RefRecord<'_>) -> Self {
        Self { shared: record.bytes.into(), entry: record.entry_at(0) }
    }
}

impl<'a> From<&'a FastqRecord> for RefRecord<'a> {
    fn from(record: &'a FastqRecord) -> Self {
        record.as_record()
    }
}

impl fmt::Debug for FastqRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_record(), f)
    }
}

impl PartialEq for FastqRecord {
    fn eq(&self, other: &Self) -> bool {
        self.as_record() == other.as_record()
    }
}

impl Eq for FastqRecord {}

/// A header up to the first space or tab.
#[inline]
pub(crate) fn id_of(head: &[u8]) -> &[u8] {
    &head[..memchr2(b' ', b'\t', head).unwrap_or(head.len())]
}

#[cold]
#[inline(never)]
fn beyond() -> ! {
    unreachable!("the parts of a record lie in it")
}
