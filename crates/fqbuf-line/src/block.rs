//! A page-aligned, always-initialised byte block that is filled at its end and consumed at its front.
//!
//! Why not a plain `Vec<u8>`: reading into its spare capacity safely means zeroing it first, and a large `Vec` begins
//! 16 bytes past a page, where a `read(2)` of the page cache was measured at 1.7 GB/s instead of 10 (any destination 1
//! to 31 bytes past a page does; two-core Zen 3 guest). A block is zeroed once, when its memory is made, and places the
//! bytes it still holds so that the next read lands on a page boundary:
//!
//! ```text
//! bytes   |..base|.......carried over|new bytes, read here ............|
//!                ^                   ^ page boundary                   ^ bytes.len()
//!                page boundary       `end` after `make_room`
//! ```

use std::collections::TryReserveError;
use std::io::{self, Read};

/// Bytes of a page, and the alignment of every read that follows [`Block::make_room`].
pub const PAGE: usize = 4096;

/// A growable byte block that reads land in page-aligned, without zeroing.
///
/// Take a `Vec<u8>` when nothing is read into it from a file: a block spends up to two pages on alignment.
///
/// # Examples
/// ```
/// use fqbuf_line::Block;
///
/// # fn main() -> std::io::Result<()> {
/// let mut block = Block::new();
/// block.make_room(8192)?;
/// let mut input: &[u8] = b"@r1\nACGT\n";
/// assert_eq!(block.read_from(&mut input)?, 9);
/// assert_eq!(block.data(), b"@r1\nACGT\n");
/// block.consume(4);
/// assert_eq!(block.data(), b"ACGT\n");
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Block {
    /// All of it initialised, always; its length is the block's capacity.
    bytes: Vec<u8>,
    /// Index in `bytes` of the first page boundary; `base <= start` unless the block is empty.
    base: usize,
    /// Index in `bytes` of the first byte held; `start <= end`.
    start: usize,
    /// Index in `bytes` just past the last byte held; `end <= bytes.len()`.
    end: usize,
}

impl Block {
    /// An empty block without memory. Does not allocate.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), base: 0, start: 0, end: 0 }
    }

    /// An empty block of `capacity` bytes of memory, alignment included.
    ///
    /// # Errors
    /// The allocator's refusal.
    pub fn with_capacity(capacity: usize) -> Result<Self, TryReserveError> {
        let mut block = Self::new();
        block.grow(capacity)?;
        Ok(block)
    }

    /// The bytes held: filled and not yet consumed.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Number of bytes held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// True when no byte is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Bytes of memory behind the block, used or not.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Bytes that fit behind those held without moving anything.
    #[must_use]
    pub fn room(&self) -> usize {
        self.bytes.len() - self.end
    }

    /// Bytes that fit in front of those held, for [`Block::prepend`].
    #[must_use]
    pub fn head_room(&self) -> usize {
        self.start
    }

    /// Drops the first `n` bytes held, or all when fewer are.
    pub fn consume(&mut self, n: usize) {
        self.start += n.min(self.len());
    }

    /// Keeps the first `n` bytes held, drops those behind.
    pub fn truncate(&mut self, n: usize) {
        self.end -= self.len().saturating_sub(n);
    }

    /// Drops every byte held and leaves one page of head room, so that a partial record can be put in front of what is
    /// read next. Keeps the memory.
    pub fn clear(&mut self) {
        let origin = (self.base + PAGE).min(self.bytes.len());
        self.start = origin;
        self.end = origin;
    }

    /// Puts `front` before the bytes held; false, and nothing done, when the head room is too small.
    #[must_use]
    pub fn prepend(&mut self, front: &[u8]) -> bool {
        let Some(start) = self.start.checked_sub(front.len()) else { return false };
        self.bytes[start..self.start].copy_from_slice(front);
        self.start = start;
        true
    }

    /// Appends as much of `more` as there is room for; returns that number of bytes.
    pub fn append(&mut self, more: &[u8]) -> usize {
        let n = more.len().min(self.room());
        self.bytes[self.end..self.end + n].copy_from_slice(&more[..n]);
        self.end += n;
        n
    }

    /// The initialised bytes behind those held, to be filled and then [committed](Block::commit).
    #[must_use]
    pub fn spare(&mut self) -> &mut [u8] {
        &mut self.bytes[self.end..]
    }

    /// Counts the first `n` bytes of [`Block::spare`] as held.
    ///
    /// # Panics
    /// When `n` is more than [`Block::room`].
    pub fn commit(&mut self, n: usize) {
        assert!(n <= self.room(), "{n} bytes committed of {}", self.room());
        self.end += n;
    }

    /// Whether [`Block::make_room`] would have to allocate for at least `min` bytes behind those held.
    #[must_use]
    pub fn must_grow_for(&self, min: usize) -> bool {
        self.room() < min && self.packed_room() < min
    }

    /// Makes room for at least `min` bytes behind those held, moving them to the front or growing as needed; a move puts
    /// their end on a page boundary. Grows to no more than twice the need.
    ///
    /// # Errors
    /// The allocator's refusal; the block is as it was.
    pub fn make_room(&mut self, min: usize) -> Result<(), TryReserveError> {
        // A move costs `len` bytes: it is worth its copy when the read behind it would be misaligned or too short, and is
        // paid for by what was consumed in front of it.
        let misaligned = !(self.end - self.base.min(self.end)).is_multiple_of(PAGE);
        if self.room() >= min && !(misaligned && self.len() < PAGE) {
            return Ok(());
        }
        if self.packed_room() >= min && !self.bytes.is_empty() {
            self.pack();
            return Ok(());
        }
        let need = self.len().saturating_add(min).saturating_add(2 * PAGE);
        self.grow(need)?;
        self.pack();
        Ok(())
    }

    /// Grows the memory to `capacity` bytes and keeps the bytes held; a smaller capacity does nothing.
    ///
    /// # Errors
    /// The allocator's refusal; the bytes held are as they were.
    pub fn grow(&mut self, capacity: usize) -> Result<(), TryReserveError> {
        if capacity <= self.bytes.len() {
            return Ok(());
        }
        if self.is_empty() {
            // Nothing to keep: the old memory goes first, and fresh zeroed memory costs no page until it is touched.
            *self = Self::new();
            Vec::<u8>::new().try_reserve_exact(capacity)?;
            self.bytes = vec![0; capacity];
            self.base = first_page(&self.bytes);
            self.clear();
            return Ok(());
        }
        self.bytes.try_reserve_exact(capacity - self.bytes.len())?;
        self.bytes.resize(capacity, 0);
        // The bytes kept their indices, not their addresses.
        self.base = first_page(&self.bytes);
        Ok(())
    }

    /// One `read` into the room behind the bytes held; returns the bytes read, 0 at the end of input. Interrupted reads
    /// are retried. Blocks as long as the reader does; does not allocate.
    ///
    /// # Errors
    /// The reader's error, the bytes held untouched; `InvalidInput` when there is no room; `InvalidData` when the reader
    /// claims more bytes than it was given room for.
    pub fn read_from<R: Read + ?Sized>(&mut self, reader: &mut R) -> io::Result<usize> {
        if self.room() == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no room in the block to read into"));
        }
        loop {
            let spare = self.spare();
            let room = spare.len();
            match reader.read(spare) {
                Ok(n) if n <= room => {
                    self.end += n;
                    return Ok(n);
                }
                Ok(n) => {
                    let claim = format!("reader claims {n} bytes of a {room}-byte buffer");
                    return Err(io::Error::new(io::ErrorKind::InvalidData, claim));
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Room behind the bytes held once they are packed.
    fn packed_room(&self) -> usize {
        let end = self.base + self.len().next_multiple_of(PAGE);
        self.bytes.len().saturating_sub(end)
    }

    /// Moves the bytes held so that they end on the first page boundary that leaves them whole.
    fn pack(&mut self) {
        let end = self.base + self.len().next_multiple_of(PAGE);
        let start = end - self.len();
        if end <= self.bytes.len() && start != self.start {
            self.bytes.copy_within(self.start..self.end, start);
            self.start = start;
            self.end = end;
        }
    }
}

/// Index of the first byte on a page boundary, or the length when there is none.
fn first_page(bytes: &[u8]) -> usize {
    bytes.as_ptr().align_offset(PAGE).min(bytes.len())
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Block")
            .field("len", &self.len())
            .field("room", &self.room())
            .field("capacity", &self.capacity())
            .finish()
    }
}

/// Where blocks are filled from: any [`Read`], or a stage that hands over whole blocks without copying them.
pub trait Source {
    /// Appends at least one byte to `block`, or returns 0 at the end of input. What the block held stays in front of the
    /// new bytes; the memory behind it may be exchanged for other memory. The caller made [room](Block::make_room).
    ///
    /// # Errors
    /// The source's error; what the block held is still there, and a later call may go on where the source allows it.
    fn fill(&mut self, block: &mut Block) -> io::Result<usize>;
}

impl<R: Read> Source for R {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        block.read_from(self)
    }
}
