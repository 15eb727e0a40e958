//! The two halves of a split byte ring: a pipe between two threads of one process.
//!
//! The ring is a [hand-over](crate::handover) of chunks: the writer appends to the chunk it published last as long as the
//! reader has not taken it, so that chunks are full, however small the writes, whenever the reader is behind. The reader
//! takes whole chunks and reads them without a lock.
//!
//! Rejected: bytes shared between the threads need `unsafe` or an atomic a word; appending under the hand-over's lock keeps the
//! reader from it for a copy of up to 64 KiB, which outlasts the spin of std's mutex. Ring of 256 KiB, GB/s, best and median
//! of 15 interleaved runs on a busy machine (2-core Zen 4 guest, 2026-11-23; load of eight, so medians say little of the
//! spinning ones):
//!
//! | bytes a call | these | std's pipe | `Mutex` + `Condvar` + `VecDeque` | rtrb, spinning | ringbuf, spinning |
//! |---|---|---|---|---|---|
//! | 64 | 0.98, 0.28 | 0.09, 0.03 | 0.13, 0.05 | 0.31, 0.02 | 0.05, 0.03 |
//! | 4 KiB | 7.1, 1.8 | 2.2, 1.5 | 5.5, 1.7 | 2.0, 2.0 | 2.1, 2.0 |
//! | 64 KiB | 8.3, 7.0 | 3.2, 1.3 | 4.4, 4.2 | 8.3, 2.8 | 4.2, 2.0 |

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::task::Poll;

use crate::handover::{self, BoxError, ReaderGone, Waits};
use crate::memory::Memory;
use crate::ring::RingBuffer;
use crate::sync::mutant;

/// The largest chunk, in bytes.
const LARGEST_CHUNK: usize = 64 << 10;

/// A piece of the ring's memory.
struct Chunk {
    memory: Memory,
    /// The bytes held are `start..end` of the memory.
    start: usize,
    end: usize,
}

impl Chunk {
    fn new(size: usize) -> Self {
        Self { memory: Memory::new(size), start: 0, end: 0 }
    }

    fn data(&self) -> &[u8] {
        &self.memory.as_slice()[self.start..self.end]
    }

    /// Appends as much of `data` as there is room for; returns that number of bytes.
    fn append(&mut self, data: &[u8]) -> usize {
        let room = &mut self.memory.as_mut_slice()[self.end..];
        let n = data.len().min(room.len());
        room[..n].copy_from_slice(&data[..n]);
        self.end += n;
        n
    }

    fn room(&self) -> usize {
        self.memory.len() - self.end
    }

    fn consume(&mut self, n: usize) {
        self.start += n.min(self.end - self.start);
    }

    fn clear(&mut self) {
        if !mutant("chunk-start-kept") {
            self.start = 0;
        }
        self.end = 0;
    }
}

/// The halves of a ring as large as `ring`, holding what it holds.
pub(crate) fn split(ring: &RingBuffer) -> (RingWriter, RingReader) {
    let capacity = ring.capacity().max(1);
    // The reader may hold one chunk of which little is left, so the others alone make up the capacity.
    let chunk = capacity.div_ceil(4).min(LARGEST_CHUNK);
    let count = capacity.div_ceil(chunk) + 1;
    let (writer, reader) = handover::channel((0..count).map(|_| Chunk::new(chunk)), Chunk::clear);
    let mut writer = RingWriter { inner: writer, room: 0 };
    let (first, second) = ring.as_slices();
    for data in [first, second] {
        // The reader lives and all of it fits: this neither waits nor fails.
        let _ = writer.put(data, false);
    }
    (writer, RingReader { inner: reader })
}

/// The half that bytes are written to. Dropped before [`finish`](RingWriter::finish) or [`fail`](RingWriter::fail), as a
/// panic does, it leaves the reader an error, not an end.
///
/// # Examples
/// ```
/// use std::io::{Read, Write};
///
/// # fn main() -> std::io::Result<()> {
/// let (mut writer, mut reader) = fqbuf_ring::RingBuffer::new(64).split();
/// let writing = std::thread::spawn(move || {
///     writer.write_all(&[b'A'; 1000])?;
///     writer.finish();
///     std::io::Result::Ok(())
/// });
/// let mut text = String::new();
/// assert_eq!(reader.read_to_string(&mut text)?, 1000);
/// writing.join().expect("no panic")?;
/// # Ok(())
/// # }
/// ```
pub struct RingWriter {
    inner: handover::Writer<Chunk>,
    /// Room left in the chunk published last.
    room: usize,
}

impl RingWriter {
    /// Writes what fits now and does not wait; returns the bytes written.
    ///
    /// # Errors
    /// `WouldBlock` when nothing fits, `BrokenPipe` when the reader is gone.
    pub fn try_write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self.put(data, mutant("try-waits"))? {
            0 if !data.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
            n => Ok(n),
        }
    }

    /// Ends the stream: the reader gets what was written, then the end. Does not wait.
    pub fn finish(self) {
        self.inner.finish();
    }

    /// Ends the stream with an error: the reader gets what was written, then the error, an `io::Error` unharmed. Does not
    /// wait.
    ///
    /// # Errors
    /// [`ReaderGone`] with the error that nobody will get.
    pub fn fail(self, error: impl Into<BoxError>) -> Result<(), ReaderGone<BoxError>> {
        self.inner.fail(error)
    }

    /// How often each side had to wait so far. Takes no lock.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.inner.waits()
    }

    /// Appends to the chunk published last and then to empty ones; if `wait`, until at least one byte is written.
    fn put(&mut self, data: &[u8], wait: bool) -> Result<usize, ReaderGone> {
        let mut done = 0;
        if self.room > 0 && !data.is_empty() {
            // `None` when the reader has it, and then there is nothing to append to. What is published is never empty, so no
            // buffer is begun here that this would displace.
            *self.inner.current_mut() = self.inner.take_back();
            if self.inner.current_mut().is_none() && mutant("append-to-taken") {
                return Ok(data.len());
            }
            self.room = 0;
        }
        while done < data.len() {
            let slot = if wait && done == 0 { self.inner.buffer().map(Some) } else { self.inner.try_buffer() };
            let mut slot = match slot {
                Ok(Some(slot)) => slot,
                Ok(None) if mutant("partial-as-whole") => return Ok(data.len()),
                Ok(None) => break,
                Err(_) if mutant("broken-pipe-as-written") => return Ok(data.len()),
                Err(gone) if done == 0 => return Err(gone),
                // What was written before it left counts as written; the next call tells.
                Err(_) => break,
            };
            let n = slot.append(&data[done..]);
            let room = slot.room();
            if slot.publish().is_err() {
                if done == 0 || mutant("partial-as-error") {
                    return Err(ReaderGone(()));
                }
                break;
            }
            self.room = room;
            done += n;
        }
        Ok(done)
    }
}

impl Write for RingWriter {
    /// Writes what fits; waits for the reader only if nothing does.
    ///
    /// # Errors
    /// `BrokenPipe` when the reader is gone.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(self.put(data, true)?)
    }

    /// Does nothing: the reader gets every byte without it.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The half that bytes are read from. When it is dropped, the writer gets `BrokenPipe`.
pub struct RingReader {
    /// Its current chunk is what is being read; a chunk without bytes goes back with the next read.
    inner: handover::Reader<Chunk>,
}

impl RingReader {
    /// Reads what is there and does not wait; 0 only at the end, or when `out` is empty.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; otherwise as [`Read::read`] for this type.
    pub fn try_read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.held().is_empty()
            && let Poll::Pending = self.inner.try_next()?
        {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(self.get(out))
    }

    /// How often each side had to wait so far. Takes no lock.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.inner.waits()
    }

    /// What is left of the current chunk.
    fn held(&self) -> &[u8] {
        self.inner.current().map_or(&[], Chunk::data)
    }

    /// Moves bytes of the current chunk to `out`.
    fn get(&mut self, out: &mut [u8]) -> usize {
        let held = self.held();
        let n = held.len().min(out.len());
        out[..n].copy_from_slice(&held[..n]);
        self.consume(n);
        n
    }
}

impl Read for RingReader {
    /// Reads what is there; waits for the writer only if nothing is. 0 only at the end, or when `out` is empty.
    ///
    /// # Errors
    /// What the writer failed with, after every byte written before; `UnexpectedEof` when it was dropped before it
    /// finished.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        self.fill_buf()?;
        Ok(self.get(out))
    }
}

impl BufRead for RingReader {
    /// The bytes at hand; waits for the writer if there are none. Empty only at the end.
    ///
    /// # Errors
    /// As [`Read::read`] for this type.
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.held().is_empty() {
            if mutant("nothing-yet-as-end") {
                let _ = self.inner.try_next()?;
            } else if let Err(error) = self.inner.next()
                && !mutant("error-as-end")
            {
                return Err(error.into());
            }
        }
        Ok(self.held())
    }

    fn consume(&mut self, n: usize) {
        if let Some(chunk) = self.inner.current_mut() {
            chunk.consume(n);
        }
    }
}

impl fmt::Debug for RingWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingWriter").field("waits", &self.waits()).finish_non_exhaustive()
    }
}

impl fmt::Debug for RingReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingReader").field("waits", &self.waits()).finish_non_exhaustive()
    }
}
