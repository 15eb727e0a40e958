//! The two halves of a split byte ring: a pipe between two threads of one process.
//!
//! The ring is a [hand-over](crate::handover) of chunks. A chunk that has room left lies in the [tail], where the writer appends
//! to it and where a reader that finds nothing else takes it; full ones are published. So chunks are full, however small the
//! writes, whenever the reader is behind, and then a write costs a lock that nobody else wants. A reader that has caught up
//! lets the writer gather first, 10 µs at most: piece by piece, each would cost both sides more than its copy. Then it asks for
//! the chunk, which the writer publishes with its next write, and only where none comes it takes the tail itself: a lock that is
//! taken anew for each write is got late by whoever waits for it, and each of those writes fetches the lock's line back. The
//! reader reads its chunk without a lock.
//!
//! Rejected, GB/s through a ring of 256 KiB in calls of 64 bytes, 4 KiB and 64 KiB, medians of interleaved processes, each
//! thread on a core of its own; the peers beside it are the rows `halves` of `cargo xtask bench ring`.
//!
//! Where a word to the other core takes 98 ns (2-core Cascade Lake guest, Intel family 6 model 85, 2026-11-26, 9 to 13
//! processes; within 5 % of each other from 4 KiB on is what the same program gives twice). All but the first line as copied by
//! `memcpy`, whose string instructions take a third of the speed at 64 KiB (`copy.rs`):
//!
//! | | 64 B | 4 KiB | 64 KiB |
//! |---|---|---|---|
//! | these, long copies in pieces of 8 KiB (2026-11-27) | 2.1 | 14.6 | 15.5 |
//! | these by `memcpy` | 1.9 | 14.1 | 10.5 |
//! | rtrb, ringbuf, both spinning for ever | 2.1, 0.8 | 13.3, 13.2 | 11.2, 11.2 |
//! | the limit: three such chunks with a flag each, two that spin, no lock, no end, no error | | 12.6 | 10.7 |
//! | the same with five of 64 KiB, with two of 128 | | 15.8, 15.3 | 10.7, 10.6 |
//! | the tail's lock taken after 1.4 µs, by whoever gets it: as it was before | 0.66 | 14.3 | 10.7 |
//! | the same after 6 µs | 1.5 | 13.1 | |
//! | asked for after 1.4 µs instead | 1.0 | 14.2 | 10.6 |
//! | looked at after 0.7, 1.4, 3 and 6 µs, and asked for then | 1.4 | 14.3 | 10.6 |
//! | asked for after 6 µs instead of 11 | 1.7 | 14.3 | |
//! | asked for after 23 µs, six looks | 1.8 | | |
//! | after 6 µs the tail taken by who gets it, as by who has asked | 1.5 | 14.2 | 10.8 |
//! | the tail taken when 1.4 µs after the question nothing has come, instead of 3 | 1.2 | | |
//! | published with 8 KiB by the writer, without a question | 1.65 | | |
//! | the next 512 bytes of a chunk zeroed ahead, so that its lines come together | 0.49 | | |
//! | five chunks of 64 KiB, four | 1.3, 1.4 | 13.9, 14.5 | 10.4, 10.6 |
//! | nine of 32 KiB, two of 256 | 1.4, 1.4 | 13.5, 9.7 | 10.0, 10.5 |
//! | no more than 1 KiB copied under the lock, up to 100 KiB | 1.4, 1.5 | 13.1, 14.5 | 10.6 |
//!
//! The last three lines with four looks, where chunks of three times 128 KiB give 1.4. At 64 KiB all by `memcpy` is within 5 % of
//! what it lets anybody have. With calls of 64 bytes, a line of the chunk asked for, to be written, 256, 512, 1024 and 2048 bytes ahead
//! gives 0.98, 0.95, 0.97 and 0.97 of these (2026-11-27, medians of sixteen).
//!
//! Where it takes 25 ns (2-core Zen 5 guest, AMD EPYC family 26 model 2, 2026-11-25, medians of five processes, the last three in a
//! run of their own, with these at 3.7, 41 and 58), as it was before, with the lock taken after a microsecond:
//!
//! | | 64 B | 4 KiB | 64 KiB |
//! |---|---|---|---|
//! | these | 3.6 | 42.4 | 58.5 |
//! | rtrb, ringbuf, both spinning for ever | 3.0, 2.6 | 35.6, 39.2 | 60.7, 59.9 |
//! | five chunks of 64 KiB instead of three of 128 | 3.6 | 40.2 | 56.9 |
//! | four of 64 KiB | | 40.3 | 56.9 |
//! | chunks that begin 16 bytes past a page, as the peers' memory does | | 39.0 | 56.9 |
//! | the hand-over's queues in one array, fewer cache lines to a lock | | 42.7 | 57.3 |
//! | copies in pieces of 1 KiB, in vectors: the system's long ones take no line along that they overwrite | | 26 | 29 |
//! | every write published, and taken back to append unless the reader has it | 0.3 to 1.6 | 20 | 56 |
//! | the tail, and a reader that takes whatever it finds at once | 0.5 | 24 | 56 |
//! | the tail, and a quarter of the microsecond | 1.9 | 37 | 58 |
//!
//! Where it takes 33 ns (2-core Zen 4 guest, AMD EPYC family 25 model 17, 2026-11-27, ratios of medians of nine interleaved processes),
//! time of rtrb and ringbuf, both spinning, in units of these: 1.40 and 1.48, 1.02 and 1.06, 0.98 and 1.04. Rejected, 4 KiB and 64:
//! copies in pieces of 2 KiB 1.06 and 1.02, of 1 KiB 1.05 and 1.04, of 512 bytes 1.01 and 1.02.
//!
//! At 64 KiB a chunk costs each side one lock whose state the other has just changed, some four cache lines, where rtrb
//! fetches one number: 4 % of the copy. A lock-free pair of queues would fetch two, and need a second way to sleep.
//!
//! A message of 64 bytes to a reader that waits for it, and back, takes 0.8 µs each way where a word takes 98 ns; it took 0.7.
//!
//! Bytes shared between the threads need `unsafe` or an atomic a word. Copying much under the tail's lock keeps the reader from
//! it for longer than std's mutex spins.

mod tail;

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::task::Poll;

use self::tail::{Chunk, Tail, spin};
use crate::copy::copy_by_memcpy;
use crate::handover::{self, BoxError, HandoverError, ReaderGone, Waits};
use crate::ring::RingBuffer;
use crate::sync::{MODELLED, mutant};

/// The largest chunk, in bytes. It costs each side a lock, so it should be large, and a reader that has caught up waits for it.
const LARGEST_CHUNK: usize = 128 << 10;
/// Writes of less are copied under the tail's lock.
const SMALL: usize = 8 << 10;
/// What a reader waits for a writer that it has asked, in rounds of `spin_loop`, before it takes the tail itself.
const ASK: u32 = if MODELLED { 0 } else { 64 };

/// The halves of a ring as large as `ring`, holding what it holds.
pub(crate) fn split(ring: &RingBuffer) -> (RingWriter, RingReader) {
    let capacity = ring.capacity().max(1);
    // One to write and one to read; the reader may hold a third of which little is left, so the others alone make up the
    // capacity.
    let parts = capacity.div_ceil(LARGEST_CHUNK).max(2);
    let chunk = capacity.div_ceil(parts);
    let count = capacity.div_ceil(chunk) + 1;
    let (writer, reader) = handover::channel((0..count).map(|_| Chunk::new(chunk)), Chunk::clear);
    let tail = Tail::default();
    let mut writer = RingWriter { inner: writer, tail: tail.clone(), published: 0 };
    let (first, second) = ring.as_slices();
    for data in [first, second] {
        // The reader lives and all of it fits: this neither waits nor fails.
        let _ = writer.put(data, false);
    }
    (writer, RingReader { inner: reader, tail, received: 0 })
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
    /// Has no buffer of its own between calls: a chunk is in the tail or published.
    inner: handover::Writer<Chunk>,
    tail: Tail,
    /// Chunks published so far: the number of the next.
    published: u64,
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
    pub fn finish(mut self) {
        self.put_rest();
        self.inner.finish_now();
    }

    /// Ends the stream with an error: the reader gets what was written, then the error, an `io::Error` unharmed. Does not
    /// wait.
    ///
    /// # Errors
    /// [`ReaderGone`] with the error that nobody will get.
    pub fn fail(mut self, error: impl Into<BoxError>) -> Result<(), ReaderGone<BoxError>> {
        self.put_rest();
        self.inner.fail_now(error)
    }

    /// How often each side had to wait so far. Takes no lock.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.inner.waits()
    }

    /// Appends to the tail and then to empty chunks; if `wait`, until at least one byte is written.
    fn put(&mut self, data: &[u8], wait: bool) -> Result<usize, ReaderGone> {
        let mut done = 0;
        while done < data.len() {
            let rest = &data[done..];
            let mut tail = self.tail.lock();
            if tail.gone && !mutant("gone-unseen") {
                break;
            }
            let mut wanted = tail.hungry_for(self.published) || self.tail.is_asked_for(self.published);
            if !wanted
                && let Some(chunk) = &mut tail.chunk
                && rest.len() < chunk.room().min(SMALL)
            {
                chunk.append(rest);
                return Ok(data.len());
            }
            // Much is copied without the lock.
            let begun = tail.chunk.take();
            drop(tail);
            let mut chunk = match begun {
                Some(chunk) => chunk,
                None => match self.empty(wait && done == 0) {
                    Ok(Some(chunk)) => chunk,
                    Ok(None) if mutant("partial-as-whole") => return Ok(data.len()),
                    Ok(None) => return Ok(done),
                    Err(_) => break,
                },
            };
            let n = chunk.append(rest);
            if !wanted && chunk.room() > 0 {
                let mut tail = self.tail.lock();
                wanted = tail.hungry_for(self.published);
                if !wanted {
                    tail.chunk = Some(chunk);
                    done += n;
                    continue;
                }
            }
            if self.publish(chunk).is_err() {
                break;
            }
            done += n;
        }
        // What was written before it left counts as written; the next call tells.
        if done == 0 && !data.is_empty() || mutant("partial-as-error") && done < data.len() {
            return if mutant("broken-pipe-as-written") { Ok(data.len()) } else { Err(ReaderGone(())) };
        }
        Ok(done)
    }

    /// An empty chunk; if `wait`, as soon as there is one.
    fn empty(&mut self, wait: bool) -> Result<Option<Chunk>, ReaderGone> {
        if wait {
            self.inner.buffer()?;
        } else {
            self.inner.try_buffer()?;
        }
        Ok(self.inner.current_mut().take())
    }

    fn publish(&mut self, chunk: Chunk) -> Result<(), ReaderGone> {
        *self.inner.current_mut() = Some(chunk);
        self.inner.buffer()?.publish().map_err(|_| ReaderGone(()))?;
        self.published += 1;
        Ok(())
    }

    /// Publishes the tail, for the reader that will not be told of it any more.
    fn put_rest(&mut self) {
        let rest = self.tail.lock().chunk.take();
        if let Some(chunk) = rest
            && !mutant("rest-left-behind")
        {
            // Without a reader nobody misses it.
            let _ = self.publish(chunk);
        }
    }
}

impl Drop for RingWriter {
    fn drop(&mut self) {
        if self.inner.is_open() {
            self.put_rest();
        }
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
    tail: Tail,
    /// Published chunks received so far: the number of the next.
    received: u64,
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
            && let Poll::Pending = self.try_advance(false)?
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

    /// Makes the next chunk the current one: a published one, or else the tail. `Pending` when there is neither, of which the
    /// writer is told if the reader is `hungry`: if it is about to wait. Ready without a chunk at the end.
    fn try_advance(&mut self, hungry: bool) -> Result<Poll<()>, HandoverError> {
        if take_next(&mut self.inner, &mut self.received)? {
            return Ok(Poll::Ready(()));
        }
        let mut tail = None;
        // What follows saves time only, which loom's models do not have.
        if hungry && !cfg!(loom) {
            let seen = self.inner.published();
            let is_published = || self.inner.published() != seen;
            tail = self.tail.gathered(is_published);
            if tail.is_none() {
                if !is_published() {
                    self.tail.ask(self.received);
                    spin(ASK, is_published);
                }
                if take_next(&mut self.inner, &mut self.received)? {
                    return Ok(Poll::Ready(()));
                }
            }
        }
        let mut tail = tail.unwrap_or_else(|| self.tail.lock());
        // The writer may have published what lay here and begun anew: that comes later.
        if !mutant("steal-past-published") && take_next(&mut self.inner, &mut self.received)? {
            return Ok(Poll::Ready(()));
        }
        if mutant("steal-in-two-steps") && tail.chunk.is_some() {
            drop(tail);
            tail = self.tail.lock();
            assert!(tail.chunk.is_some(), "it was there");
        }
        match tail.chunk.take() {
            Some(chunk) => {
                self.tail.ask_no_more();
                *self.inner.current_mut() = Some(chunk);
                Ok(Poll::Ready(()))
            }
            None => {
                if hungry && !mutant("hunger-untold") {
                    tail.hungry = Some(self.received);
                }
                Ok(Poll::Pending)
            }
        }
    }

    /// What is left of the current chunk.
    fn held(&self) -> &[u8] {
        self.inner.current().map_or(&[], Chunk::data)
    }

    /// Moves bytes of the current chunk to `out`.
    fn get(&mut self, out: &mut [u8]) -> usize {
        let held = self.held();
        let n = held.len().min(out.len());
        copy_by_memcpy(&held[..n], &mut out[..n]);
        self.consume(n);
        n
    }
}

/// Whether there is a published chunk, which is then `reader`'s current one and `received`, or the end.
fn take_next(reader: &mut handover::Reader<Chunk>, received: &mut u64) -> Result<bool, HandoverError> {
    let Poll::Ready(batch) = reader.try_next()? else { return Ok(false) };
    *received += u64::from(batch.is_some());
    Ok(true)
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
            let advanced = match self.try_advance(true) {
                Ok(Poll::Pending) if !mutant("nothing-yet-as-end") => self.inner.next().map(|batch| {
                    self.received += u64::from(batch.is_some());
                }),
                advanced => advanced.map(drop),
            };
            if let Err(error) = advanced
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

impl Drop for RingReader {
    fn drop(&mut self) {
        self.tail.lock().gone = true;
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
