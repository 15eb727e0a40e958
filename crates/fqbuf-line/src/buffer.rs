//! The line buffer: bytes in memory, the lines in them, and how far they were read.
//!
//! The buffer knows nothing of where bytes come from: [`LineBuffer::fill`] is lent a source, [`LineReader`] keeps one.
//!
//! [`LineReader`]: crate::LineReader

use std::{
    collections::TryReserveError,
    fmt,
    io::{self, ErrorKind},
};

use crate::{Block, GrowthPolicy, LineTooLong, PAGE, Source, index::LineIndex};

/// Bytes that a buffer reads at a time by default: no more than fit the second cache level beside the pages that they come from.
/// Reads from a file, 150-base / trimmed / long, in units of the time of 512 KiB: 0.99 to 1.01 / 1.01 / 0.99 to 1.02 on a two-core
/// Zen 5 guest (AMD EPYC family 26 model 2, 2026-11-25 and 26), where 1 MiB took 1.04 and 1.08 on the first and last; 0.95 / 0.98 /
/// 0.83 on a two-core Cascade Lake guest (Intel family 6 model 85, 2026-11-26), where 384 KiB took 0.98 and 0.94, 192 KiB 0.98 and 0.96.
/// For AMD's Zen 4 it is too little: see [`Block::at_a_time`].
pub(crate) const DEFAULT_CAPACITY: usize = 256 << 10;

/// Lines of whatever is read into it, with exact positions, in bounded memory.
///
/// Take a [`LineReader`](crate::LineReader) where one reader is read from beginning to end, and `BufRead::read_line` where
/// speed does not matter; this is for callers who decide themselves when to read, and from what.
///
/// * A line is what stands before a `\n`, without it and without one `\r` in front of it. Bytes are not looked at
///   otherwise: they need not be UTF-8.
/// * The last line may lack its `\n`. It is a line from the `fill` on that returned 0, its `\r` at the very end taken off
///   like any other; before that it may still grow. No line follows a final `\n`.
/// * The end of input sticks: after it, `fill` returns 0 without asking the source, until [`LineBuffer::resume`].
/// * The buffer reads up to its capacity at a time, and grows, as its [`GrowthPolicy`] says, for a line, or lines not yet
///   read, that leave room for less than half of that. Memory: the larger of capacity and growth limit, and two pages;
///   while it grows, that of before beside it, unless the allocator can extend it where it is.
/// * An error leaves everything read before it in the buffer, and `fill` may be called again.
///
/// # Examples
/// ```
/// use fqbuf_line::LineBuffer;
///
/// let mut input = &b"@r1\r\nACGT\n+"[..];
/// let mut buffer = LineBuffer::new(64 << 10);
/// let mut lines = Vec::new();
/// loop {
///     let filled = buffer.fill(&mut input)?;
///     while let Some(line) = buffer.read_line() {
///         lines.push(line.to_vec());
///     }
///     if filled == 0 {
///         break;
///     }
/// }
/// assert_eq!(lines, [&b"@r1"[..], b"ACGT", b"+"]);
/// assert_eq!((buffer.line_number(), buffer.byte_offset()), (3, 11));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct LineBuffer {
    block: Block,
    /// Lines of `block`'s data; knows which bytes are not consumed.
    index: LineIndex,
    /// Offset in the input of the first byte of `block`'s data.
    base: u64,
    /// Offset in `block`'s data of the line returned last; below zero when that is no longer held, however far it is behind.
    last: i64,
    /// Bytes read at a time; at least 1.
    capacity: usize,
    growth: GrowthPolicy,
    /// The source said that nothing is left.
    ended: bool,
}

impl LineBuffer {
    /// An empty buffer that reads up to `capacity` bytes at a time (at least 1) and grows by the default policy.
    ///
    /// Its memory is made by the first `fill`.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        LineBufferBuilder::new().capacity(capacity).build()
    }

    /// Settings for a buffer.
    #[must_use]
    pub const fn builder() -> LineBufferBuilder {
        LineBufferBuilder::new()
    }

    /// Reads once from `source`, any [`Read`](io::Read), behind the bytes not yet consumed; returns the bytes read, 0 at
    /// the end of input.
    ///
    /// Lines need not have been read before. Blocks as long as the source does; interrupted reads are retried. Allocates
    /// for the first call and where the buffer grows.
    ///
    /// # Errors
    /// [`LineTooLong`], of kind `InvalidData`, when the next line takes more than the growth policy's limit: again each
    /// time, until it was [consumed](LineBuffer::consume). `InvalidData` when the source claims what it did not do,
    /// `OutOfMemory` when the allocator refuses, `InvalidInput` when the buffer may not grow and is full of lines that
    /// nobody read; or the source's own error, `WouldBlock` among them. Nothing is lost by any of them.
    pub fn fill<S: Source + ?Sized>(&mut self, source: &mut S) -> io::Result<usize> {
        if self.next_is_too_long() {
            return Err(self.too_long().into());
        }
        if self.ended {
            return Ok(0);
        }
        self.make_room()?;
        let held = self.block.len();
        // A source may panic, with the block in its hands.
        let mark = self.index.suspend();
        let result = self.block.fill_from(source);
        if self.block.len() >= held {
            self.index.resume(mark);
        }
        let added = result?;
        self.ended = added == 0;
        Ok(added)
    }

    /// The next line without its line end; `None` when there is no whole one, and `fill` is to be called.
    ///
    /// After the end of input the unterminated last line counts as whole. A line beyond the growth limit is never
    /// returned: `fill` reports it. Does not block, does not allocate.
    #[inline]
    pub fn read_line(&mut self) -> Option<&[u8]> {
        if !self.is_ready() && !self.seek() {
            return self.last_line();
        }
        let (start, end) = self.index.take();
        self.last = start as i64;
        Some(without_cr(self.block.part(start, end)))
    }

    /// The bytes read and not yet consumed, line ends and all.
    #[must_use]
    #[inline]
    pub fn remaining(&self) -> &[u8] {
        &self.block.data()[self.index.pos()..]
    }

    /// Drops the first `n` bytes of [`LineBuffer::remaining`], or all when there are fewer. Line ends among them count.
    pub fn consume(&mut self, n: usize) {
        let data = self.block.data();
        let target = self.index.pos().saturating_add(n).min(data.len());
        self.index.advance(data, target);
    }

    /// Number of the line that was returned last, from 1; 0 before the first. Lines consumed to their end count.
    #[must_use]
    pub fn line_number(&self) -> u64 {
        self.index.lines()
    }

    /// Offset in the input of the first byte of [`LineBuffer::remaining`], from 0: the bytes consumed so far.
    #[must_use]
    pub fn byte_offset(&self) -> u64 {
        self.base + self.index.pos() as u64
    }

    /// Offset in the input of the first byte of the line that was returned last.
    #[must_use]
    pub fn line_start(&self) -> u64 {
        self.base.wrapping_add_signed(self.last)
    }

    /// True from the `fill` on that found the end of input, until [`LineBuffer::resume`].
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.ended
    }

    /// Forgets that the end was found, for an input that grows: `fill` asks its source again.
    ///
    /// Called before the unterminated last line is read, that line waits for its rest. One that was already returned
    /// stays a line, and what comes behind it begins another.
    pub fn resume(&mut self) {
        self.ended = false;
    }

    /// Forgets all bytes, positions and the end of input, for another input. Keeps the memory.
    pub fn clear(&mut self) {
        self.index = LineIndex::new();
        self.block.clear();
        (self.base, self.last) = (0, 0);
        self.ended = false;
    }

    /// How the buffer grows.
    #[must_use]
    pub fn growth(&self) -> GrowthPolicy {
        self.growth
    }

    /// Bytes of memory behind the buffer.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.block.capacity()
    }

    /// A line of allowed length is indexed.
    #[inline(always)]
    pub(crate) fn is_ready(&self) -> bool {
        self.index.is_ready()
    }

    /// Makes a line of allowed length ready; false when there is none.
    #[cold]
    #[inline(never)]
    pub(crate) fn seek(&mut self) -> bool {
        self.index.prepare(self.block.data(), self.growth.limit())
    }

    #[cold]
    fn last_line(&mut self) -> Option<&[u8]> {
        if !self.ended || self.remaining().is_empty() || self.next_is_too_long() {
            return None;
        }
        let start = self.index.take_rest(self.block.data());
        self.last = start as i64;
        Some(without_cr(self.block.part(start, self.block.len())))
    }

    fn next_is_too_long(&mut self) -> bool {
        let data = self.block.data();
        let end = self.index.next_end(data).unwrap_or(data.len());
        end - self.index.pos() > self.growth.limit()
    }

    fn too_long(&self) -> LineTooLong {
        LineTooLong { line: self.line_number() + 1, byte: self.byte_offset(), limit: self.growth.limit() }
    }

    /// Room for a read behind the bytes not consumed, which are moved to the block's front where that is cheap.
    fn make_room(&mut self) -> io::Result<()> {
        let dropped = self.index.rebase();
        self.block.consume(dropped);
        self.base += dropped as u64;
        self.last -= dropped as i64;

        let held = self.block.len();
        let wanted = self.capacity.div_ceil(2);
        let mut size = self.block.capacity().saturating_sub(2 * PAGE);
        if size < self.capacity {
            size = self.capacity;
            self.grow(size)?;
        }
        if self.block.must_grow_for(wanted) {
            let before = size;
            while size < held.saturating_add(wanted)
                && let Some(larger) = self.growth.next(size)
            {
                size = larger;
            }
            if size > before {
                self.grow(size)?;
            }
            if self.block.must_grow_for(1) {
                return Err(io::Error::new(ErrorKind::InvalidInput, "the buffer is full of lines not yet read"));
            }
        }
        let least = size.saturating_sub(held).min(wanted).max(1);
        self.block.make_room_for_read(self.capacity, least).map_err(out_of_memory)
    }

    fn grow(&mut self, size: usize) -> io::Result<()> {
        self.block.grow(size.saturating_add(2 * PAGE)).map_err(out_of_memory)
    }
}

fn out_of_memory(refusal: TryReserveError) -> io::Error {
    io::Error::new(ErrorKind::OutOfMemory, refusal)
}

#[inline(always)]
fn without_cr(line: &[u8]) -> &[u8] {
    match line {
        [line @ .., b'\r'] => line,
        line => line,
    }
}

impl Default for LineBuffer {
    fn default() -> Self {
        LineBufferBuilder::new().build()
    }
}

impl fmt::Debug for LineBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineBuffer")
            .field("lines", &self.line_number())
            .field("byte_offset", &self.byte_offset())
            .field("remaining", &self.remaining().len())
            .field("memory", &self.memory())
            .field("at_end", &self.ended)
            .finish()
    }
}

/// Settings for a [`LineBuffer`].
#[derive(Clone, Copy, Debug)]
pub struct LineBufferBuilder {
    /// At least 1.
    capacity: usize,
    growth: GrowthPolicy,
}

impl LineBufferBuilder {
    const fn new() -> Self {
        Self { capacity: DEFAULT_CAPACITY, growth: GrowthPolicy::DEFAULT }
    }

    /// Bytes to read at a time, at least 1. Default: 256 KiB.
    #[must_use]
    pub const fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = if bytes == 0 { 1 } else { bytes };
        self
    }

    /// How far the buffer may grow for one line. Default: 64 MiB.
    ///
    /// The limit is on the bytes before the `\n`, a `\r` included, and holds for lines that would fit the capacity, too: the
    /// same lines pass whatever the capacity.
    #[must_use]
    pub const fn growth(mut self, policy: GrowthPolicy) -> Self {
        self.growth = policy;
        self
    }

    /// The buffer. Does not allocate.
    #[must_use]
    pub const fn build(self) -> LineBuffer {
        LineBuffer {
            block: Block::new(),
            index: LineIndex::new(),
            base: 0,
            last: 0,
            capacity: self.capacity,
            growth: self.growth,
            ended: false,
        }
    }
}

impl Default for LineBufferBuilder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
