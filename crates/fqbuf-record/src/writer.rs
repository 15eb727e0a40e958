//! Writing records: four lines each, through one buffer.
//!
//! A record whose bytes are four lines that end in LF already, as nearly all are, is one copy of those bytes. All others
//! are put together line by line. A record is taken whole or not at all, and the buffer knows how much of it the
//! destination has had; so a write that failed can be repeated without a byte lost or doubled, which
//! [`BufWriter`](std::io::BufWriter) around several writes a record cannot promise.

use std::io::{self, Write};

use crate::record::{FastqRecord, InvalidRecord, RefRecord, append_lines};

/// Bytes that are collected before they are written, by default.
const CAPACITY: usize = 128 << 10;

/// Bytes of memory that are kept between writes, however long a record was.
const RETAINED: usize = 8 << 20;

/// Writes four-line FASTQ with LF line ends, through a buffer of its own.
///
/// It buffers by itself: a [`BufWriter`](std::io::BufWriter) around the destination is of no use. Call
/// [`Writer::finish`] at the end: only it tells whether all was written. A writer that is dropped writes what it holds as
/// well, but has nobody to tell an error to.
///
/// Four-line input with LF line ends is written back byte by byte, the title after `+` included. Other input loses its
/// carriage returns at line ends, and a record without a final newline gets one. A line whose own content ends in a
/// carriage return (the input has two of them before the LF) is ended by CR LF, because it would lose that byte otherwise.
///
/// Memory: the capacity (128 KiB by default), or one record if that takes more. Nothing is allocated per record, but for
/// records beyond 8 MiB: memory beyond that is given back once it was written.
///
/// # Examples
/// ```
/// use fqbuf_record::{Reader, Writer};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut reader = Reader::new(&b"@r1 x\r\nACGT\r\n+\r\nIIII\r\n@r2\nTT\n+r2\n!!"[..]);
/// let mut writer = Writer::new(Vec::new());
/// while let Some(record) = reader.next_record()? {
///     writer.write(&record)?;
/// }
/// writer.write_parts(b"r3", b"G", b"I")?;
/// assert_eq!(writer.finish()?, b"@r1 x\nACGT\n+\nIIII\n@r2\nTT\n+r2\n!!\n@r3\nG\n+\nI\n");
/// # Ok(())
/// # }
/// ```
pub struct Writer<W: Write> {
    /// `None` only once [`Writer::finish`] has taken it.
    inner: Option<W>,
    /// Whole records, of which those bytes from `written` on are still to be written.
    buffer: Vec<u8>,
    /// Bytes of `buffer` that the destination has had.
    written: usize,
    /// Bytes of records after which the buffer is written.
    capacity: usize,
    /// Whether the destination panicked in a call: it is not called again by the drop.
    panicked: bool,
}

impl<W: Write> Writer<W> {
    /// A writer that collects 128 KiB at a time. Does not allocate before the first record.
    pub const fn new(inner: W) -> Self {
        Self::with_capacity(CAPACITY, inner)
    }

    /// A writer that collects `capacity` bytes at a time; 0 makes every record a write of its own.
    pub const fn with_capacity(capacity: usize, inner: W) -> Self {
        Self { inner: Some(inner), buffer: Vec::new(), written: 0, capacity, panicked: false }
    }

    /// Writes a record.
    ///
    /// # Errors
    /// The destination's, from writing what was collected before, or `OutOfMemory`, the allocator's refusal. The record was then
    /// not taken: the same call may be repeated once the destination is ready again.
    #[inline]
    pub fn write(&mut self, record: &RefRecord<'_>) -> io::Result<()> {
        if record.has_plain_line_ends() {
            let bytes = record.as_bytes();
            self.make_room(bytes.len())?;
            self.buffer.extend_from_slice(bytes);
            return Ok(());
        }
        self.write_lines(record.head(), record.seq(), record.title(), record.qual())
    }

    /// Writes an owned record.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub fn write_owned(&mut self, record: &FastqRecord) -> io::Result<()> {
        self.write(&record.as_record())
    }

    /// Writes a record of `head` (id and description, without `@`), bases and qualities, with nothing after `+`.
    ///
    /// # Errors
    /// `InvalidInput` around an [`InvalidRecord`] when the parts would not be read back as they are; otherwise as
    /// [`Writer::write`].
    pub fn write_parts(&mut self, head: &[u8], seq: &[u8], qual: &[u8]) -> io::Result<()> {
        InvalidRecord::check(head, seq, qual).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
        self.write_lines(head, seq, b"", qual)
    }

    #[inline(never)]
    fn write_lines(&mut self, head: &[u8], seq: &[u8], title: &[u8], qual: &[u8]) -> io::Result<()> {
        // Two marks, and CR LF at the end of each line at most.
        self.make_room(head.len() + seq.len() + title.len() + qual.len() + 2 + 4 * 2)?;
        append_lines(&mut self.buffer, head, seq, title, qual);
        Ok(())
    }

    /// Writes all that was collected, and flushes the destination.
    ///
    /// # Errors
    /// The destination's. What it has not had is still here: a later call goes on where this one failed.
    pub fn flush(&mut self) -> io::Result<()> {
        self.write_buffer()?;
        self.call(W::flush)
    }

    /// Writes all that was collected, flushes the destination, and gives it back.
    ///
    /// # Errors
    /// The destination's, which is dropped then. To keep it, call [`Writer::flush`] first until that succeeds.
    pub fn finish(mut self) -> io::Result<W> {
        let result = self.flush();
        let inner = self.inner.take();
        result?;
        inner.ok_or_else(|| unreachable!("the writer was finished before"))
    }

    /// Bytes that were taken and not yet written.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.written
    }

    /// The destination. It has not yet had what is [buffered](Writer::buffered).
    #[must_use]
    pub fn get_ref(&self) -> &W {
        match &self.inner {
            Some(inner) => inner,
            None => unreachable!("finish takes the writer itself"),
        }
    }

    /// The destination, mutable; what is written to it directly comes before what is [buffered](Writer::buffered).
    #[must_use]
    pub fn get_mut(&mut self) -> &mut W {
        match &mut self.inner {
            Some(inner) => inner,
            None => unreachable!("finish takes the writer itself"),
        }
    }

    /// Makes room for a record of `size` bytes behind those held, which are written when there is too little.
    #[inline]
    fn make_room(&mut self, size: usize) -> io::Result<()> {
        if self.buffer.len() + size > self.capacity.min(self.buffer.capacity()) || self.written > 0 {
            self.make_more_room(size)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn make_more_room(&mut self, size: usize) -> io::Result<()> {
        if self.buffer.len().saturating_add(size) > self.capacity || self.written > 0 {
            self.write_buffer()?;
        }
        let need = if self.buffer.is_empty() { size.max(self.capacity) } else { size };
        self.buffer.try_reserve_exact(need).map_err(io::Error::from)
    }

    /// Writes what is held, going on after bytes that an earlier call has written.
    fn write_buffer(&mut self) -> io::Result<()> {
        while self.written < self.buffer.len() {
            self.panicked = true;
            let rest = &self.buffer[self.written..];
            let result = self.inner.as_mut().map_or(Ok(0), |inner| inner.write(rest));
            self.panicked = false;
            match result {
                Ok(0) => return Err(io::Error::new(io::ErrorKind::WriteZero, "the destination takes no more bytes")),
                Ok(n) if n <= rest.len() => self.written += n,
                Ok(n) => {
                    let claim = format!("destination claims {n} of {} bytes", rest.len());
                    return Err(io::Error::new(io::ErrorKind::InvalidData, claim));
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.buffer.clear();
        self.written = 0;
        if self.buffer.capacity() > RETAINED.max(self.capacity) {
            self.buffer.shrink_to(self.capacity);
        }
        Ok(())
    }

    /// Calls the destination, and again when it was interrupted.
    fn call(&mut self, mut f: impl FnMut(&mut W) -> io::Result<()>) -> io::Result<()> {
        loop {
            self.panicked = true;
            let result = self.inner.as_mut().map_or(Ok(()), &mut f);
            self.panicked = false;
            match result {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

impl<W: Write> Drop for Writer<W> {
    /// Writes and flushes what is held, as well as it goes; an error is lost. [`Writer::finish`] reports it.
    fn drop(&mut self) {
        if self.inner.is_some() && !self.panicked {
            let _ = self.flush();
        }
    }
}

impl<W: Write> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("buffered", &self.buffered())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
