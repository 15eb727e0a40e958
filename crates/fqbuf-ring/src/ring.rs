//! The byte ring of one thread: bytes go in at its end and come out at its front, at most two copies a call.
//!
//! A write and a read of the same bytes, beside two plain copies of them (2-core Zen 5 guest, AMD EPYC family 26 model 2,
//! 2026-11-25; medians of interleaved processes, `cargo xtask bench ring`): 0.97 of their speed at 64 bytes, 1.7 at 4 KiB, 1.0 at
//! 64 KiB. With 40 bytes always held, so that places move on, nothing is aligned and some copies wrap: 0.86 and 1.1 at 64 bytes
//! and 4 KiB. How copies are done, and how else they were, is in `copy.rs`.
//!
//! Rejected: slices of both parts made first and copied into (0.64 at 64 bytes on a Zen 4 guest, where this one had 0.97: three
//! bounds checks a copy instead of one); never moving an empty ring to its front (it wraps for no reason); a power-of-two
//! capacity with masks (the capacity is what the caller asked for).
//!
//! What wraps is copied by functions of its own, so that what does not has the registers: 64 bytes with 40 held and with none, 13.9
//! and 12.7 ns instead of 16.5 and 15.0 (2-core Cascade Lake guest, Intel family 6 model 85, 2026-11-27, medians of eight
//! interleaved processes of the rows); two plain copies 11.5 and 11.4, `VecDeque` 15.7 and 18.8. All in line and copied by the
//! system's `memcpy`, 16.3 and 16.5.

use std::io::{self, BufRead, Read, Write};

use crate::copy::copy;
use crate::halves::{self, RingReader, RingWriter};
use crate::memory::Memory;

/// A byte queue of fixed capacity, kept in one block of memory.
///
/// Take a `VecDeque<u8>` when it shall grow, and [`split`](RingBuffer::split) it for two threads. The memory is
/// initialised once and, from a page on, begins a quarter of one past a page, where reads from a file land well and copies do too.
///
/// # Examples
/// ```
/// use fqbuf_ring::RingBuffer;
///
/// let mut ring = RingBuffer::new(8);
/// assert_eq!(ring.write(b"ACGTACGTACGT"), 8);
/// let mut out = [0; 5];
/// assert_eq!(ring.read(&mut out), 5);
/// assert_eq!(&out, b"ACGTA");
/// assert_eq!((ring.available(), ring.remaining()), (3, 5));
/// ```
#[derive(Debug)]
pub struct RingBuffer {
    /// Its length is the capacity. Positions in it run from its `base` to its `limit`.
    memory: Memory,
    /// Position of the first byte held; less than the limit, or the base. The base whenever nothing is held.
    start: usize,
    /// Bytes held; at most the capacity.
    len: usize,
}

impl RingBuffer {
    /// An empty ring for `capacity` bytes; with 0 it takes nothing.
    ///
    /// # Panics
    /// When memory cannot address `capacity` bytes and the page that places them. Aborts when there is not that much, as
    /// every `Vec`.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let memory = Memory::new(capacity);
        Self { start: memory.base(), memory, len: 0 }
    }

    /// Bytes that can be read.
    #[must_use]
    pub fn available(&self) -> usize {
        self.len
    }

    /// Bytes that can be written.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.capacity() - self.len
    }

    /// Bytes that fit in all.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// True when nothing can be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// True when nothing can be written.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len == self.capacity()
    }

    /// Appends as much of `data` as there is room for; returns that number of bytes.
    #[inline]
    pub fn write(&mut self, data: &[u8]) -> usize {
        let n = data.len().min(self.remaining());
        let data = &data[..n];
        let at = self.start + self.len;
        if at + n <= self.memory.limit() {
            let capacity = self.capacity();
            copy(data, &mut self.memory.all_mut()[at..at + n], capacity);
        } else {
            self.write_around(data);
        }
        self.len += n;
        n
    }

    /// Copies `data` into the free memory, which has room for it and may wrap around. By itself, so that the registers that this takes
    /// are free where nothing wraps.
    #[inline(never)]
    fn write_around(&mut self, data: &[u8]) {
        let (first, second) = self.room_mut();
        let (head, tail) = data.split_at(first.len().min(data.len()));
        first[..head.len()].copy_from_slice(head);
        second[..tail.len()].copy_from_slice(tail);
    }

    /// Moves bytes from the front to `out`, as many as there are and fit; returns that number.
    #[inline]
    pub fn read(&mut self, out: &mut [u8]) -> usize {
        let n = out.len().min(self.len);
        let out = &mut out[..n];
        let at = self.start;
        if at + n <= self.memory.limit() {
            copy(&self.memory.all()[at..at + n], out, self.capacity());
        } else {
            self.read_around(out);
        }
        self.consume(n);
        n
    }

    /// Copies the first bytes held, as many as `out` is long, where they wrap around. By itself, as [`RingBuffer::write_around`].
    #[inline(never)]
    fn read_around(&self, out: &mut [u8]) {
        let (first, second) = self.as_slices();
        let (head, tail) = out.split_at_mut(first.len());
        head.copy_from_slice(first);
        tail.copy_from_slice(&second[..tail.len()]);
    }

    /// The bytes held, in order; the second slice is empty unless they wrap around.
    #[inline]
    #[must_use]
    pub fn as_slices(&self) -> (&[u8], &[u8]) {
        let (all, base, limit) = (self.memory.all(), self.memory.base(), self.memory.limit());
        let end = self.start + self.len;
        if end <= limit {
            (&all[self.start..end], &[])
        } else {
            (&all[self.start..limit], &all[base..base + (end - limit)])
        }
    }

    /// Drops the first `n` bytes held, or all when fewer are.
    #[inline]
    pub fn consume(&mut self, n: usize) {
        if n >= self.len {
            self.clear();
            return;
        }
        self.len -= n;
        self.start += n;
        if self.start >= self.memory.limit() {
            self.start -= self.capacity();
        }
    }

    /// Drops every byte held.
    #[inline]
    pub fn clear(&mut self) {
        // An empty ring begins at the front again: whole copies, to whole cache lines.
        self.start = self.memory.base();
        self.len = 0;
    }

    /// One `read` from `reader` into the free memory; returns the bytes read, 0 at the end of input. Interrupted reads are
    /// retried; where the free memory wraps around, only its first part is offered.
    ///
    /// # Errors
    /// The reader's error, nothing lost; `InvalidInput` when the ring is full (a read of nothing would look like the end);
    /// `InvalidData` when the reader claims more bytes than it was given room for.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let mut ring = fqbuf_ring::RingBuffer::new(4096);
    /// let mut input: &[u8] = b"@r1\nACGT\n+\nIIII\n";
    /// while ring.fill_from(&mut input)? > 0 {}
    /// assert_eq!(ring.as_slices().0, b"@r1\nACGT\n+\nIIII\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn fill_from<R: Read + ?Sized>(&mut self, reader: &mut R) -> io::Result<usize> {
        let (room, _) = self.room_mut();
        if room.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no room in the ring to read into"));
        }
        let n = loop {
            match reader.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        if n > room.len() {
            let claim = format!("reader claims {n} bytes of a {}-byte buffer", room.len());
            return Err(io::Error::new(io::ErrorKind::InvalidData, claim));
        }
        self.len += n;
        Ok(n)
    }

    /// Two halves for two threads, connected by a ring of this capacity that already holds what this one holds. One of
    /// capacity 0 gets a byte, so that the halves can make progress. Takes half as much memory again as the capacity, or up to 128
    /// KiB more if that is less, in pieces of 128 KiB at most; from a page on, another to place each.
    #[must_use]
    pub fn split(self) -> (RingWriter, RingReader) {
        halves::split(&self)
    }

    /// The free memory in the order it is filled; the second slice is empty unless it wraps around.
    #[inline]
    fn room_mut(&mut self) -> (&mut [u8], &mut [u8]) {
        let (base, limit) = (self.memory.base(), self.memory.limit());
        let all = self.memory.all_mut();
        let end = self.start + self.len;
        if end < limit {
            let (head, tail) = all.split_at_mut(end);
            (&mut tail[..limit - end], &mut head[base..self.start])
        } else {
            (&mut all[base + (end - limit)..self.start], &mut [])
        }
    }
}

impl Read for RingBuffer {
    /// As [`RingBuffer::read`]: 0 says that nothing is held now, not that nothing will follow.
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Ok(Self::read(self, out))
    }
}

impl BufRead for RingBuffer {
    /// The first of [`RingBuffer::as_slices`].
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.as_slices().0)
    }

    #[inline]
    fn consume(&mut self, n: usize) {
        Self::consume(self, n);
    }
}

impl Write for RingBuffer {
    /// As [`RingBuffer::write`]: 0 says that the ring is full, and `write_all` then fails with `WriteZero`.
    #[inline]
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(Self::write(self, data))
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
