//! Parts of one input, for readers in other threads, processes or machines: planned without reading what is before.
//!
//! A part is a range of byte offsets and stands for the records whose first byte lies in it. Its ends are moved forward to
//! places at which an input may be cut; offset 0 stays, and an offset behind the last such place goes to the end of the
//! input. Where an end is moved to does not depend on who asks. So parts that abut before abut after.
//!
//! **Why nothing is lost, in a bad input neither.** In an input that keeps the rules every end is a record start, so each
//! record is read by one part. In any input a reader that begins before an end arrives at it exactly, or at an error that a
//! serial reader has as well (`cut.rs` has the rule and the reason). Take the parts in order; the first one starts where a
//! serial run starts, at 0. A part that starts where a serial run has a record start, or passes bad input and goes on, reads
//! what the serial run reads, up to its end, where the next part starts. So the records of the parts in order are those
//! of the serial run, up to its first error; or, where bad records are skipped, all of them, and what is counted as skipped
//! has the same sum. Parts behind the first error may report anything.
//!
//! Rejected: ends that only look like headers. A quality that begins with `@`, of a record with a bad line behind it, looks
//! like one; the part before then reads across its end up to the error that the bad line is, and where bad records are
//! skipped neither part can tell whose record that was. Rejected: ending a part at the first record start at *or behind* its
//! end. It reads a bad input without an error that the serial run reports. Rejected: to confirm an end by parsing some
//! records behind it. It costs reads, and proves less.

use std::io::{self, Read};
use std::ops::Range;

use crate::cut::{Window, first_cut};
use crate::error::{ParseError, ParseErrorKind, Position, SourceInfo};
use crate::reader::{Reader, ReaderBuilder, SliceReader};
use fqbuf_line::{ReadAt, Source};

/// A [`Read`] over a [`ReadAt`], with an offset of its own.
#[derive(Clone, Debug)]
pub struct PartSource<A> {
    input: A,
    offset: u64,
}

impl<A: ReadAt> PartSource<A> {
    /// Reads from `offset` on.
    pub const fn new(input: A, offset: u64) -> Self {
        Self { input, offset }
    }

    /// Gives the input back.
    pub fn into_inner(self) -> A {
        self.input
    }
}

impl<A: ReadAt> Read for PartSource<A> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read_at(buf, self.offset)?;
        // More than there was room for is a claim, which who reads has to refuse: nothing was read.
        if n <= buf.len() {
            self.offset += n as u64;
        }
        Ok(n)
    }
}

/// Part `index` (from 0) of `parts` equal parts of `size` bytes. Parts abut, and together are all bytes; those past the
/// last one are empty.
///
/// # Examples
/// ```
/// use fqbuf_record::even_part;
///
/// assert_eq!([0, 1, 2].map(|index| even_part(100, index, 3)), [0..33, 33..66, 66..100]);
/// ```
#[must_use]
pub fn even_part(size: u64, index: u64, parts: u64) -> Range<u64> {
    let edge = |i: u64| {
        let share = u128::from(size) * u128::from(i.min(parts)) / u128::from(parts.max(1));
        u64::try_from(share).unwrap_or(size)
    };
    edge(index)..edge(index.saturating_add(1))
}

/// Splitting. The growth policy's limit holds for the search as well; take the same one for planning and for reading.
impl ReaderBuilder {
    /// The offset of the first record at or after `offset`; the input's size when there is none, 0 for 0.
    ///
    /// In an input that breaks the rules it is a place where a serial reader arrives, unless it ends with an error before.
    /// Reads some lines before the offset, too. Memory: 64 KiB.
    ///
    /// # Errors
    /// The input's, and the allocator's refusal.
    pub fn record_start<A: ReadAt + ?Sized>(&self, input: &A, offset: u64) -> Result<u64, ParseError> {
        let failed = |e: io::Error| {
            let kind = match e.kind() {
                io::ErrorKind::OutOfMemory => ParseErrorKind::OutOfMemory,
                _ => ParseErrorKind::Io(e),
            };
            let source = SourceInfo { part: offset > 0, ..self.source.clone() };
            ParseError::new(kind, Position { byte: offset, ..Position::START }, None, &source)
        };
        let size = input.size().map_err(failed)?;
        if offset == 0 || offset >= size {
            return Ok(offset.min(size));
        }
        let mut window = Window::new(input, size).map_err(failed)?;
        let cut = first_cut(&mut window, offset, self.growth.limit()).map_err(failed)?;
        Ok(cut.unwrap_or(size))
    }

    /// Both ends of `bytes` moved to record starts, as [`ReaderBuilder::record_start`] does.
    ///
    /// # Errors
    /// As [`ReaderBuilder::record_start`].
    pub fn record_range<A: ReadAt + ?Sized>(&self, input: &A, bytes: Range<u64>) -> Result<Range<u64>, ParseError> {
        let start = self.record_start(input, bytes.start)?;
        Ok(start..self.record_start(input, bytes.end)?.max(start))
    }

    /// Splits an input into `parts` of about equal size, each beginning at a record and maybe empty. For reading by
    /// [`ReaderBuilder::build_part`] in any order, anywhere.
    ///
    /// # Errors
    /// As [`ReaderBuilder::record_start`].
    ///
    /// # Examples
    /// ```
    /// use fqbuf_record::Reader;
    ///
    /// # fn main() -> Result<(), fqbuf_record::ParseError> {
    /// let data = b"@r1\nACGT\n+\n@III\n@r2\nTT\n+\n!!\n@r3\nG\n+\n@\n";
    /// let parts = Reader::builder().split(&data[..], 2)?;
    /// assert_eq!(parts, [0..28, 28..data.len() as u64]);
    /// let mut reader = Reader::builder().build_part(&data[..], parts[1].clone())?;
    /// assert_eq!(reader.next_record()?.map(|record| record.seq().to_vec()), Some(b"G".to_vec()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn split<A: ReadAt + ?Sized>(&self, input: &A, parts: u64) -> Result<Vec<Range<u64>>, ParseError> {
        let failed = |e| ParseError::new(ParseErrorKind::Io(e), Position::START, None, &self.source);
        let size = input.size().map_err(failed)?;
        let mut start = 0;
        (0..parts)
            .map(|index| {
                let end = self.record_start(input, even_part(size, index, parts).end)?;
                Ok(std::mem::replace(&mut start, end)..end)
            })
            .collect()
    }

    /// A reader of the records whose first byte lies in `bytes`; ends that are no record starts are moved forward to one.
    ///
    /// Positions: bytes count from the start of the input, records and lines from that of the part;
    /// [`ParseError::offset_by`] adds what precedes once it is known.
    ///
    /// Parts that abut, taken in order, give the records of a serial reader up to the first error, and its error; where bad
    /// records are skipped, all its records, and together what it skipped.
    ///
    /// # Errors
    /// As [`ReaderBuilder::record_start`]. The reader's are those of one over a whole input, and `UnexpectedEof` where the input
    /// has become shorter and ends before the part does.
    ///
    /// # Examples
    /// The third of four parts of a file:
    /// ```no_run
    /// use fqbuf_record::{ReadAt, Reader, even_part};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = std::fs::File::open("a.fq")?;
    /// let bytes = even_part(file.size()?, 2, 4);
    /// let mut reader = Reader::builder().source_name("a.fq").build_part(file, bytes)?;
    /// while let Some(record) = reader.next_record()? {
    ///     println!("{}", record.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn build_part<A: ReadAt>(self, input: A, bytes: Range<u64>) -> Result<Reader<PartSource<A>>, ParseError> {
        let part = self.record_range(&input, bytes)?;
        let source = PartSource::new(input, part.start);
        Ok(self.build_within(source, part))
    }

    /// A reader of a part whose ends are [known](ReaderBuilder::record_range), from a source that delivers the input from
    /// `part.start` on, and on behind `part.end`: one that reads ahead, for instance. A source that ends before the part does
    /// is an error, as of [`ReaderBuilder::build_part`]; an end of `u64::MAX` is that of the source.
    pub fn build_within<S: Source>(self, source: S, part: Range<u64>) -> Reader<S> {
        let mut reader = self.build(source);
        reader.cursor_mut().begin_part(part.start, 0, part.end);
        reader
    }

    /// The same in a slice, in place: a reader of the records of `data` whose first byte lies in `bytes`.
    #[must_use]
    pub fn build_slice_part(self, data: &[u8], bytes: Range<usize>) -> SliceReader<'_> {
        let limit = self.growth.limit();
        let start_of = |offset: usize| {
            // Behind the end a search would begin far before it.
            if offset == 0 || offset >= data.len() {
                return offset.min(data.len());
            }
            let Ok(cut) = first_cut(&mut &data[..], offset as u64, limit);
            cut.map_or(data.len(), |cut| cut as usize)
        };
        let start = start_of(bytes.start);
        let end = start_of(bytes.end).max(start);
        let mut reader = self.build_slice(data);
        reader.cursor_mut().begin_part(0, start, end as u64);
        reader
    }
}
