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

#[cfg(target_arch = "x86_64")]
use crate::simd::Unit;

/// Bytes of a page, and the alignment of the reads that a [`Block`] is laid out for.
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
pub struct Block {
    /// All of it initialised, always.
    bytes: Vec<u8>,
    /// Index in `bytes` of the first page boundary, or its length when there is none.
    base: usize,
    /// Index in `bytes` of the first byte held; `start <= end`. In front of it is head room.
    start: usize,
    /// Index in `bytes` just past the last byte held; `end <= bytes.len()`.
    end: usize,
    /// Most bytes that one read takes; at least 1.
    read_limit: usize,
}

/// Bytes that are read at a time where the second cache level shall not hold them.
#[cfg(target_arch = "x86_64")]
const PAST_THE_CACHE: usize = 1280 << 10;

/// What must be done to have room behind the bytes held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Stay,
    Pack,
    Grow,
}

impl Block {
    /// Bytes to read from a file at a time: as many as `usual`, which are read and used within the second cache level, or 1.25 MiB
    /// where the processor is known to copy faster out of it, which is on AMD's Zen 4.
    ///
    /// The kernel copies out of the page cache by string instructions, and those of that processor are slower where the second cache
    /// level holds what they overwrite. Time of 256 KiB, 640 KiB, 1, 1.25, 1.5 and 2 MiB read at a time, ns a byte (2-core Zen 4
    /// guest, AMD EPYC family 25 model 17, 2026-11-27, medians of eleven): 150-base records 0.110, 0.098, 0.089, 0.084, 0.085, 0.090,
    /// trimmed 0.137, 0.126, 0.118, 0.116, 0.116, 0.115, long 0.121, 0.115, 0.109, 0.108, 0.107, 0.106; lines of long reads 0.117,
    /// 0.113, 0.104, 0.103, 0.101, 0.101; `read(2)` alone 0.076, 0.060, 0.051, 0.051, 0.051, 0.051. Of a file that is cached as it was
    /// written, in smaller pieces, everything takes half as long again, and 640 KiB no more than 1.05 of 1.25 MiB. Smaller reads into
    /// such a window, one part after the other, are as fast as it, and no faster. Of lines of long reads `linereader` of 1 MiB takes 0.94 to
    /// 0.96 of the time, in another run 0.99 (quartiles 0.93 to 1.04): its search is `memchr`'s, where ours writes a mask for each 64 bytes. A
    /// look at 512 bytes together before masks are made takes 0.98 to 1.01 (quartiles 0.91 to 1.09).
    #[must_use]
    pub fn at_a_time(usual: usize) -> usize {
        #[cfg(target_arch = "x86_64")]
        if Unit::Avx512Zen4.is_there() {
            return usual.max(PAST_THE_CACHE);
        }
        usual
    }

    /// An empty block without memory. Does not allocate.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), base: 0, start: 0, end: 0, read_limit: usize::MAX }
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
    #[inline]
    pub fn data(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// A part of the [bytes held](Block::data): one check of bounds less than a slice of the slice.
    #[inline(always)]
    pub(crate) fn part(&self, from: usize, to: usize) -> &[u8] {
        debug_assert!(to <= self.len());
        &self.bytes[self.start + from..self.start + to]
    }

    /// Number of bytes held.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// True when no byte is held.
    #[must_use]
    #[inline]
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
    #[inline]
    pub fn room(&self) -> usize {
        self.bytes.len() - self.end
    }

    /// Bytes that fit in front of those held, for [`Block::prepend`].
    #[must_use]
    pub fn head_room(&self) -> usize {
        self.start
    }

    /// Lets one read take at most `bytes` (at least 1), however much room there is. Default: no such limit.
    ///
    /// A block that grew for one long record would otherwise be filled whole ever after, past every cache.
    pub fn set_read_limit(&mut self, bytes: usize) {
        self.read_limit = bytes.max(1);
    }

    /// Drops the first `n` bytes held, or all when fewer are.
    #[inline]
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

    /// Whether [`Block::make_room`] would have to allocate for at least `min` bytes behind those held. Never so in a block
    /// of [`len`](Block::len) `+ min + 2 *` [`PAGE`] bytes.
    #[must_use]
    pub fn must_grow_for(&self, min: usize) -> bool {
        self.room_for(min) == Room::Grow
    }

    /// Makes room for at least `min` bytes behind those held, moving them to the front or growing as needed; a move puts
    /// their end on a page boundary. Grows to no more than twice the need.
    ///
    /// Less than a page held is moved to the front whenever the room allows it. More is moved only for lack of room, and
    /// not again before some of it was consumed: bytes that arrive one at a time are not moved time and again.
    ///
    /// # Errors
    /// The allocator's refusal; the bytes held are as they were.
    pub fn make_room(&mut self, min: usize) -> Result<(), TryReserveError> {
        match self.room_for(min) {
            Room::Stay => {}
            Room::Pack => self.pack(),
            Room::Grow => {
                let need = self.len().saturating_add(min).saturating_add(2 * PAGE);
                // Half as much again, so that growth by small steps does not copy the whole each time.
                let ample = need.max(self.bytes.len() + self.bytes.len() / 2);
                if self.grow(ample).is_err() {
                    self.grow(need)?;
                }
                if !self.is_empty() {
                    self.pack();
                }
            }
        }
        debug_assert!(self.room() >= min);
        Ok(())
    }

    /// Makes room for a read of up to `size` bytes, and at least `min`, as [`make_room`](Self::make_room) does, and lets no read
    /// take more than `size` ([`set_read_limit`](Self::set_read_limit)).
    ///
    /// A rest of up to a quarter of `size` always goes to the front, also in a block that has grown: what is read next then is
    /// much, and lies where the last bytes did, in the cache.
    ///
    /// # Errors
    /// The allocator's refusal; the bytes held are as they were.
    pub fn make_room_for_read(&mut self, size: usize, min: usize) -> Result<(), TryReserveError> {
        self.set_read_limit(size);
        let most = self.bytes.len().saturating_sub(self.len().saturating_add(2 * PAGE));
        self.make_room(if self.len() <= size / 4 { most.max(min) } else { min })
    }

    /// Grows the memory to `capacity` bytes and keeps the bytes held; a smaller capacity does nothing.
    ///
    /// An empty block gives its memory back before it asks for more, so that the two never exist together.
    ///
    /// # Errors
    /// The allocator's refusal; the bytes held are as they were, and a block that held none may be without memory.
    pub fn grow(&mut self, capacity: usize) -> Result<(), TryReserveError> {
        if capacity <= self.bytes.len() {
            return Ok(());
        }
        if self.is_empty() {
            *self = Self { read_limit: self.read_limit, ..Self::new() };
        }
        self.bytes.try_reserve_exact(capacity - self.bytes.len())?;
        self.bytes.resize(capacity, 0);
        // The bytes held kept their indices, not their addresses.
        self.base = first_page(&self.bytes);
        if self.is_empty() {
            self.clear();
        }
        Ok(())
    }

    /// One `read` into the room behind the bytes held; returns the bytes read, 0 at the end of input. Interrupted reads
    /// are retried. Blocks as long as the reader does; does not allocate.
    ///
    /// A read of a page or more ends on a page boundary, so that the next one begins on one, in the file and in memory.
    ///
    /// # Errors
    /// The reader's error, the bytes held untouched; `InvalidInput` when there is no room; `InvalidData` when the reader
    /// claims more bytes than it was given room for.
    pub fn read_from<R: Read + ?Sized>(&mut self, reader: &mut R) -> io::Result<usize> {
        let room = self.read_size();
        if room == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no room in the block to read into"));
        }
        loop {
            match reader.read(&mut self.bytes[self.end..self.end + room]) {
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

    /// Has `source` fill the block once, and checks what it says of it; returns the bytes added, 0 at the end of input. A
    /// source that was interrupted before it added anything is asked again.
    ///
    /// What is known of the bytes held is to be put away before, as a source may panic with the block in its hands, and holds
    /// afterwards unless there are fewer of them.
    ///
    /// # Errors
    /// The source's; `InvalidData` when it took bytes away, or added more or fewer than it claims.
    pub fn fill_from<S: Source + ?Sized>(&mut self, source: &mut S) -> io::Result<usize> {
        let held = self.len();
        loop {
            let result = source.fill(self);
            let claim = match (self.len().checked_sub(held), result) {
                (None, _) => "the source took bytes away that it was lent".to_owned(),
                (Some(added), Ok(n)) if n != added => format!("the source claims {n} bytes and added {added}"),
                (Some(0), Err(e)) if e.kind() == io::ErrorKind::Interrupted => continue,
                (_, result) => return result,
            };
            return Err(io::Error::new(io::ErrorKind::InvalidData, claim));
        }
    }

    /// Bytes that the next read is given room for.
    fn read_size(&self) -> usize {
        let size = self.room().min(self.read_limit);
        let past_page = (self.end - self.base.min(self.end) + size) % PAGE;
        if past_page < size && size >= PAGE { size - past_page } else { size }
    }

    fn room_for(&self, min: usize) -> Room {
        let (_, end) = self.packed();
        let packed_fits = end <= self.bytes.len() && self.bytes.len() - end >= min;
        if self.len() < PAGE {
            // The copy costs less than a misaligned read, or one into memory that is in no cache. An empty block may keep
            // a page of head room.
            let in_front = self.end == end || (self.is_empty() && self.end == end + PAGE);
            return match packed_fits {
                true if in_front && self.room() >= min => Room::Stay,
                true => Room::Pack,
                false if self.room() >= min => Room::Stay,
                false => Room::Grow,
            };
        }
        if self.room() >= min {
            Room::Stay
        } else if packed_fits && self.start >= self.base + PAGE {
            // Packing leaves less than a page between `base` and `start`: what is packed is packed once.
            Room::Pack
        } else {
            Room::Grow
        }
    }

    /// Where the bytes held begin and end once they are packed: the end is the first page boundary that leaves them whole.
    fn packed(&self) -> (usize, usize) {
        let end = self.base + self.len().next_multiple_of(PAGE);
        (end - self.len(), end)
    }

    fn pack(&mut self) {
        let (start, end) = self.packed();
        debug_assert!(end <= self.bytes.len());
        self.bytes.copy_within(self.start..self.end, start);
        self.start = start;
        self.end = end;
    }
}

impl Default for Block {
    fn default() -> Self {
        Self::new()
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
    /// The source's error; what the block held is still there, and a later call may go on where the source allows it. `Interrupted`
    /// with nothing added makes the caller ask again, as [`Block::fill_from`] does: a source need not retry itself.
    fn fill(&mut self, block: &mut Block) -> io::Result<usize>;
}

impl<R: Read + ?Sized> Source for R {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        block.read_from(self)
    }
}

#[cfg(test)]
mod tests;
