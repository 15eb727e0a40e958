//! The arena's memory, handed out from front to back: the one file of this crate with `unsafe`.
//!
//! Safe code cannot hand out many `&mut` slices of memory that the same object owns and later takes back: a
//! `Cell<&mut [u8]>` that is split does hand them out, but must borrow its memory from elsewhere. Everything that can be
//! safe is in the other files. What this file relies on, and keeps:
//!
//! 1. No byte is in two slices that live at once. `next` only moves forward while slices may live; it moves back in
//!    [`Bump::reset`] (takes `&mut self`, so no slice lives), in the drop of a [`Region`] (argued there) and in
//!    [`Bump::filled`] (over bytes whose only slice has ended).
//! 2. No byte is seen before it was written: each slice is zeroed or copied into before a reference to it exists. Zeros
//!    may be written ahead, up to `zeros`: of the bytes behind `next` none is written otherwise, and where `next` moves back,
//!    `zeros` moves back to it.
//! 3. A chunk's memory neither moves nor goes away before the [`Bump`] does: the list of chunks may move, the memory it
//!    points to may not. No reference to a whole chunk is ever made.
#![allow(unsafe_code)]

mod lengths;

use std::alloc::{Layout, alloc, dealloc};
use std::cell::{Cell, RefCell};
use std::ptr::{self, NonNull};
use std::slice;

use lengths::{AHEAD, ASKED_FOR, CLOSE, FEWEST_IN_PIECES, LINE, MOST_IN_PIECES, MOST_ZEROED_CLOSE, NEAREST, PIECE};

use crate::builder::Growth;
use crate::memcpy::{LONG, LONG_PIECE, long_parts_are_faster, parts_are_faster};

/// Chunks of at least this size begin at a multiple of it: copies and reads to 1 to 31 bytes past a page, where large
/// allocations otherwise begin, were measured at a tenth of the speed.
const PAGE: usize = 4096;

/// One piece of memory; frees it when dropped.
struct Chunk {
    /// The allocation as the allocator knows it; dangling when `layout` has size 0.
    memory: NonNull<u8>,
    layout: Layout,
    /// Where usable bytes begin, relative to `memory`; `offset + len <= layout.size()`.
    offset: usize,
    /// Usable bytes.
    len: usize,
}

impl Chunk {
    /// A chunk of `len` bytes, not initialised; `None` when there is no such memory.
    fn new(len: usize) -> Option<Self> {
        let padding = if len < PAGE { 0 } else { PAGE - 1 };
        let layout = Layout::array::<u8>(len.checked_add(padding)?).ok()?;
        if len == 0 {
            return Some(Self { memory: NonNull::dangling(), layout, offset: 0, len });
        }
        // SAFETY: the layout is of `len > 0` bytes at least.
        let memory = NonNull::new(unsafe { alloc(layout) })?;
        let offset = if padding == 0 { 0 } else { memory.align_offset(PAGE).min(padding) };
        Some(Self { memory, layout, offset, len })
    }

    /// The first usable byte.
    fn start(&self) -> NonNull<u8> {
        // SAFETY: `offset <= layout.size()`, so this is within the allocation (0 where there is none).
        unsafe { self.memory.add(self.offset) }
    }

    /// One past the last usable byte.
    fn end(&self) -> NonNull<u8> {
        // SAFETY: `offset + len <= layout.size()`, so this is within the allocation or one past it.
        unsafe { self.start().add(self.len) }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if self.layout.size() != 0 {
            // SAFETY: `memory` came from `alloc` with this very layout, and only this drop frees it.
            unsafe { dealloc(self.memory.as_ptr(), self.layout) }
        }
    }
}

/// Chunks of memory, handed out from front to back.
pub(crate) struct Bump {
    /// The next free byte: in the current chunk, or one past it. Bytes from here on are in no living slice.
    next: Cell<NonNull<u8>>,
    /// One past the current chunk: the same allocation as `next`, and never before it.
    end: Cell<NonNull<u8>>,
    /// Bytes from `next` up to here are zeros, written ahead; behind `next`, it means nothing. Within the current chunk.
    zeros: Cell<NonNull<u8>>,
    /// How many bytes to write ahead next time.
    ahead: Cell<usize>,
    /// Index of the current chunk in `chunks`. Those behind it hold nothing.
    current: Cell<usize>,
    /// Bytes handed out from the chunks before the current one.
    before: Cell<usize>,
    /// The most that was handed out when `next` went back.
    high_water: Cell<usize>,
    /// Never empty. Only its elements after the current one change place.
    chunks: RefCell<Vec<Chunk>>,
    growth: Growth,
    /// [`parts_are_faster`], known here so that a short copy need not ask.
    in_parts: bool,
    /// Whether the memory that copies go to is asked for ahead.
    asks_ahead: bool,
}

// SAFETY: the memory belongs to this object alone and to no thread. `Cell` and `RefCell` keep it from being shared
// (`Bump` is not `Sync`), and slices of it borrow it, so none exists while it moves to another thread.
unsafe impl Send for Bump {}

/// A place to go back to.
#[derive(Clone, Copy)]
struct Mark {
    chunk: usize,
    before: usize,
    next: NonNull<u8>,
}

impl Bump {
    /// Memory of `capacity` bytes; `None` when there is no such memory.
    pub(crate) fn new(capacity: usize, growth: Growth) -> Option<Self> {
        let chunk = Chunk::new(capacity)?;
        let in_parts = parts_are_faster();
        let is_near = capacity <= NEAREST && matches!(growth, Growth::Fixed);
        Some(Self {
            next: Cell::new(chunk.start()),
            end: Cell::new(chunk.end()),
            zeros: Cell::new(chunk.start()),
            ahead: Cell::new(0),
            current: Cell::new(0),
            before: Cell::new(0),
            high_water: Cell::new(0),
            chunks: RefCell::new(vec![chunk]),
            growth,
            in_parts,
            asks_ahead: !in_parts && !is_near,
        })
    }

    /// A slice of `size` zeros; `None` when so many bytes are not free.
    #[inline]
    #[allow(clippy::mut_from_ref)] // Each call returns other bytes.
    pub(crate) fn zeroed(&self, size: usize) -> Option<&mut [u8]> {
        let next = self.next.get();
        let start = if size <= distance(next, self.zeros.get()) {
            // SAFETY: `size` is not above the distance to a place in the current chunk.
            self.next.set(unsafe { next.add(size) });
            next
        } else {
            self.reserve_zeros(size)?
        };
        // SAFETY: `size` bytes from what was `next` on, zeros, and in no living slice.
        Some(unsafe { slice::from_raw_parts_mut(start.as_ptr(), size) })
    }

    /// The start of `size` zeros, as of [`Bump::reserve`], where there are fewer written ahead. Writes some for the slices to
    /// come as well, the more the longer it has been since `next` went back.
    #[inline(never)]
    fn reserve_zeros(&self, size: usize) -> Option<NonNull<u8>> {
        let start = self.reserve(size)?;
        let there = distance(start, self.zeros.get()).min(size);
        let next = self.next.get();
        let mut ahead = 0;
        if size <= AHEAD {
            ahead = self.ahead.get();
            self.ahead.set((2 * ahead + size).min(AHEAD));
            // The next time begins with a cache line, unless the chunk ends before.
            let beyond = next.addr().get().wrapping_add(ahead) % LINE;
            ahead = ahead.saturating_sub(beyond).min(distance(next, self.end.get()));
        }
        // SAFETY: `there <= size`, so this is within the reserved bytes or one past them.
        let from = unsafe { start.add(there) };
        // SAFETY: `reserve` returns the start of `size` bytes of one chunk, which are in no living slice; nor are the `ahead`
        // behind them, which end with the chunk at the latest.
        unsafe { zero(from, size - there + ahead, self.most_zeroed_in_pieces(size)) };
        // SAFETY: as above.
        self.zeros.set(unsafe { next.add(ahead) });
        Some(start)
    }

    /// A slice that holds a copy of `bytes`.
    #[inline]
    #[allow(clippy::mut_from_ref)] // Each call returns other bytes.
    pub(crate) fn copied(&self, bytes: &[u8]) -> Option<&mut [u8]> {
        let start = self.reserve_for_copies(bytes.len())?;
        // SAFETY: `reserve` returns the start of `bytes.len()` bytes in no living slice, so `bytes`, which may itself
        // be a slice of this memory, does not overlap with them.
        unsafe { copy(bytes, start, self.in_parts) };
        // SAFETY: the same bytes, now written.
        Some(unsafe { slice::from_raw_parts_mut(start.as_ptr(), bytes.len()) })
    }

    /// A slice that holds the bytes of all `parts`, one after the other.
    #[inline]
    #[allow(clippy::mut_from_ref)] // Each call returns other bytes.
    pub(crate) fn joined(&self, parts: &[&[u8]]) -> Option<&mut [u8]> {
        let size = parts.iter().try_fold(0_usize, |sum, part| sum.checked_add(part.len()))?;
        let start = self.reserve_for_copies(size)?;
        let mut at = start;
        for part in parts {
            // SAFETY: `at` is followed by room for this part and all after it: the lengths are those that were summed,
            // since a slice of slices cannot change them. No overlap, as in `copied`.
            unsafe { copy(part, at, self.in_parts) };
            // SAFETY: the parts so far are `size` bytes at most, so this is within the reserved bytes or one past them.
            at = unsafe { at.add(part.len()) };
        }
        // SAFETY: `size` bytes in no living slice, all of them written by the parts.
        Some(unsafe { slice::from_raw_parts_mut(start.as_ptr(), size) })
    }

    /// A slice of the bytes that `fill` says it filled, of `size` zeros that it is given; the others stay free, and all
    /// of them do where it filled none or failed, with the rest of the chunk before, if they are in another. A number above
    /// `size` counts as `size`. `None` when so many bytes are not free.
    ///
    /// All `size` bytes are taken when `fill` itself took bytes from this memory, or panicked.
    #[allow(clippy::mut_from_ref)] // Each call returns other bytes.
    pub(crate) fn filled<E>(
        &self,
        size: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Option<Result<&mut [u8], E>> {
        let mark = self.mark();
        let start = self.reserve(size)?;
        let chunk = self.current.get();
        // SAFETY: as in `zeroed`.
        unsafe { zero(start, size, self.most_zeroed_in_pieces(size)) };
        // SAFETY: as in `zeroed`. This slice ends when `fill` returns.
        let room = unsafe { slice::from_raw_parts_mut(start.as_ptr(), size) };
        let result = fill(room).map(|filled| filled.min(size));
        let keep = result.as_ref().map_or(0, |filled| *filled);
        // SAFETY: `keep <= size`, so this is within the reserved bytes or one past them.
        let free = unsafe { start.add(keep) };
        // SAFETY: one past the reserved bytes.
        let end = unsafe { start.add(size) };
        if self.current.get() == chunk && self.next.get() == end {
            // Nothing was taken behind the reserved bytes, and no reference to them exists any more.
            self.high_water.set(self.high_water());
            if keep == 0 && chunk != mark.chunk {
                // SAFETY: the mark was made here, and whoever takes bytes within `fill` goes back to later ones. What was handed
                // out since and not taken back is the reserved bytes alone, and no slice of them exists.
                unsafe { self.go_back(mark) };
                return Some(result.map(|_| &mut [][..]));
            }
            self.next.set(free);
            // `fill` may have written to what it left.
            self.zeros.set(free);
        }
        // SAFETY: the first `keep` of the reserved bytes, which were written above and stay taken.
        Some(result.map(|filled| unsafe { slice::from_raw_parts_mut(start.as_ptr(), filled) }))
    }

    /// The most that is zeroed in pieces where `size` bytes are asked for.
    #[inline]
    fn most_zeroed_in_pieces(&self, size: usize) -> usize {
        let is_close = || self.chunks.borrow()[self.current.get()].len <= CLOSE;
        if size > MOST_IN_PIECES && is_close() { MOST_ZEROED_CLOSE } else { MOST_IN_PIECES }
    }

    /// The start of `size` bytes that are in no living slice, and will be in no other until `next` goes back.
    #[inline]
    fn reserve(&self, size: usize) -> Option<NonNull<u8>> {
        let next = self.next.get();
        // Compared with what is left, not added up: a sum could overflow.
        if size <= self.end.get().addr().get() - next.addr().get() {
            // SAFETY: `size` is not above the distance to the end of the chunk.
            self.next.set(unsafe { next.add(size) });
            return Some(next);
        }
        self.reserve_in_next_chunk(size)
    }

    /// [`Bump::reserve`] for bytes that will be copied there, as will those behind them.
    #[inline]
    fn reserve_for_copies(&self, size: usize) -> Option<NonNull<u8>> {
        let start = self.reserve(size)?;
        if self.asks_ahead && ASKED_FOR.contains(&size) {
            (0..size).step_by(LINE).for_each(|at| ask_for(start.as_ptr().wrapping_add(AHEAD + at)));
        }
        Some(start)
    }

    #[cold]
    #[inline(never)]
    fn reserve_in_next_chunk(&self, size: usize) -> Option<NonNull<u8>> {
        let behind = self.current.get() + 1;
        let used = self.used();
        {
            let mut chunks = self.chunks.borrow_mut();
            let fits = match (behind..chunks.len()).find(|&index| chunks[index].len >= size) {
                Some(kept) => kept,
                None => {
                    let chunk = self.grown(&chunks, size)?;
                    chunks.push(chunk);
                    chunks.len() - 1
                }
            };
            // Those too small for this slice stay behind it, for smaller ones.
            chunks.swap(behind, fits);
            self.next.set(chunks[behind].start());
            self.end.set(chunks[behind].end());
            self.zeros.set(chunks[behind].start());
        }
        self.current.set(behind);
        self.before.set(used);
        self.reserve(size)
    }

    /// A further chunk with room for `size` bytes, as far as the growth allows.
    fn grown(&self, chunks: &[Chunk], size: usize) -> Option<Chunk> {
        let Growth::Chunks { size: chunk, limit } = self.growth else { return None };
        let capacity = chunks.iter().map(|chunk| chunk.len).sum();
        let len = limit.checked_sub(capacity)?.min(chunk.max(size));
        if len < size { None } else { Chunk::new(len) }
    }

    /// Bytes handed out.
    pub(crate) fn used(&self) -> usize {
        let start = self.chunks.borrow()[self.current.get()].start();
        self.before.get() + (self.next.get().addr().get() - start.addr().get())
    }

    /// The most that [`Bump::used`] has been, while reads had all of their room.
    pub(crate) fn high_water(&self) -> usize {
        self.high_water.get().max(self.used())
    }

    /// Bytes of all chunks.
    pub(crate) fn capacity(&self) -> usize {
        self.chunks.borrow().iter().map(|chunk| chunk.len).sum()
    }

    /// The largest slice there is room for without growth.
    pub(crate) fn remaining(&self) -> usize {
        let here = self.end.get().addr().get() - self.next.get().addr().get();
        let kept = self.chunks.borrow().iter().skip(self.current.get() + 1).map(|chunk| chunk.len).max();
        here.max(kept.unwrap_or(0))
    }

    /// The largest slice there is room for, with growth as far as that is allowed.
    pub(crate) fn remaining_with_growth(&self) -> usize {
        let more = match self.growth {
            Growth::Fixed => 0,
            Growth::Chunks { limit, .. } => limit.saturating_sub(self.capacity()),
        };
        self.remaining().max(more)
    }

    /// Takes back all bytes; chunks are kept.
    pub(crate) fn reset(&mut self) {
        let next = self.chunks.get_mut()[0].start();
        // SAFETY: `&mut self`, so no slice lives. The start of the first chunk, before which nothing was handed out.
        unsafe { self.go_back(Mark { chunk: 0, before: 0, next }) };
    }

    fn mark(&self) -> Mark {
        Mark { chunk: self.current.get(), before: self.before.get(), next: self.next.get() }
    }

    /// Takes back all bytes handed out since `mark`.
    ///
    /// # Safety
    /// `mark` is of this memory, which has not gone back before it since, and no slice handed out since is used again.
    unsafe fn go_back(&self, mark: Mark) {
        self.high_water.set(self.high_water());
        // Chunks up to the current one keep their places, so the index still means the chunk that it meant.
        self.end.set(self.chunks.borrow()[mark.chunk].end());
        self.next.set(mark.next);
        self.zeros.set(mark.next);
        self.ahead.set(0);
        self.before.set(mark.before);
        self.current.set(mark.chunk);
    }
}

/// Asks the processor for the cache line of `place`, which need not be one of ours. Does nothing where that is not known how.
#[inline]
fn ask_for(place: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint, which reads and writes nothing and never faults, whatever the address. All x86-64 processors take it.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = place;
}

/// Bytes from one place to another; 0 when that is not behind it.
#[inline]
fn distance(from: NonNull<u8>, to: NonNull<u8>) -> usize {
    to.addr().get().saturating_sub(from.addr().get())
}

/// What a short copy or fill writes at once: blocks from the front, and one at the end that may overlap.
///
/// A read of 150 bases is short. The system's `memcpy` and `memset` write such lengths in vectors of 32 or 64 bytes, most of
/// which straddle two cache lines; in a portable build these become stores of 16 bytes.
type Block = [u8; BLOCK];
const BLOCK: usize = 64;

/// Whether `size` bytes are more than one block, and four at most.
#[inline]
fn is_short(size: usize) -> bool {
    size > BLOCK && size <= 4 * BLOCK
}

/// Writes `size` bytes to `to`, in blocks that `block` makes of where they begin. Blocks lie within the bytes.
///
/// # Safety
/// `to` is the start of `size` bytes that may be written, and `size` is short.
#[inline]
unsafe fn write_blocks(to: NonNull<u8>, size: usize, block: impl Fn(usize) -> Block) {
    let write = |at: usize| {
        // SAFETY: called only where `at + BLOCK <= size`.
        let to = unsafe { to.add(at) };
        // SAFETY: the block's bytes are some of the `size`.
        unsafe { to.cast::<Block>().write_unaligned(block(at)) };
    };
    write(0);
    if size > 2 * BLOCK {
        write(BLOCK);
    }
    if size > 3 * BLOCK {
        write(2 * BLOCK);
    }
    write(size - BLOCK);
}

/// Copies `bytes` to `to`: `in_parts`, in blocks or pieces where the length is one for them, and else in longer pieces where that pays.
///
/// # Safety
/// `to` is the start of `bytes.len()` bytes that may be written, none of which is in `bytes`.
#[inline]
unsafe fn copy(bytes: &[u8], to: NonNull<u8>, in_parts: bool) {
    if in_parts && is_short(bytes.len()) {
        // SAFETY: the caller's promise, and short.
        unsafe { write_blocks(to, bytes.len(), |at| *bytes[at..].first_chunk().expect("a block within")) };
    } else if in_parts && (FEWEST_IN_PIECES..=MOST_IN_PIECES).contains(&bytes.len()) {
        // SAFETY: the caller's promise.
        unsafe { copy_in_pieces(bytes, to, PIECE) };
    } else if bytes.len() >= LONG {
        // SAFETY: the caller's promise.
        unsafe { copy_long(bytes, to) };
    } else {
        // SAFETY: the caller's promise.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to.as_ptr(), bytes.len()) };
    }
}

/// Copies `bytes` to `to`, which are [`LONG`] or more. Out of line, so that what is short has the registers.
///
/// # Safety
/// As of [`copy`].
#[inline(never)]
unsafe fn copy_long(bytes: &[u8], to: NonNull<u8>) {
    // SAFETY: the caller's promise.
    unsafe { copy_in_pieces(bytes, to, if long_parts_are_faster() { LONG_PIECE } else { bytes.len() }) };
}

/// Copies `bytes` to `to`, in pieces of `most` bytes and a last one. Inlined, it moved the loops of short copies to where they took a
/// tenth more, on the processor that has pieces of long ones.
///
/// # Safety
/// As of [`copy`].
#[inline(never)]
unsafe fn copy_in_pieces(bytes: &[u8], to: NonNull<u8>, most: usize) {
    let piece = |at, to, len| {
        // SAFETY: `at` is within `bytes`.
        let from = unsafe { bytes.as_ptr().add(at) };
        // SAFETY: called with pieces of the caller's promise.
        unsafe { copy_piece(from, to, len) }
    };
    // SAFETY: the caller's promise.
    unsafe { write_pieces(to, bytes.len(), most, piece) };
}

/// Has `size` bytes from `to` on written by `piece`, which is called with the place, among them and in memory, and the length of
/// each piece: `most` bytes, or what is left.
///
/// # Safety
/// `to` is the start of `size` bytes.
#[inline(never)]
unsafe fn write_pieces(to: NonNull<u8>, size: usize, most: usize, piece: impl Fn(usize, NonNull<u8>, usize)) {
    let mut at = 0;
    while at < size {
        let len = (size - at).min(most);
        // SAFETY: `at < size`.
        piece(at, unsafe { to.add(at) }, len);
        at += len;
    }
}

/// Not inlined, or the pieces were made one again.
///
/// # Safety
/// `from` is the start of `size` bytes, and `to` of as many that may be written, none of which is among those.
#[inline(never)]
unsafe fn copy_piece(from: *const u8, to: NonNull<u8>, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { ptr::copy_nonoverlapping(from, to.as_ptr(), size) };
}

/// Not inlined, or the pieces were made one again.
///
/// # Safety
/// As of [`zero`].
#[inline(never)]
unsafe fn zero_piece(to: NonNull<u8>, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { to.write_bytes(0, size) };
}

/// Writes `size` zeros to `to`, no more than `most_in_pieces` of them in pieces.
///
/// # Safety
/// `to` is the start of `size` bytes that may be written.
#[inline]
unsafe fn zero(to: NonNull<u8>, size: usize, most_in_pieces: usize) {
    if is_short(size) {
        // SAFETY: the caller's promise, and short.
        unsafe { write_blocks(to, size, |_| [0; BLOCK]) };
    } else if (FEWEST_IN_PIECES..=most_in_pieces).contains(&size) {
        // SAFETY: called with pieces of the caller's promise.
        let piece = |_, to, len| unsafe { zero_piece(to, len) };
        // SAFETY: the caller's promise.
        unsafe { write_pieces(to, size, PIECE, piece) };
    } else {
        // SAFETY: the caller's promise.
        unsafe { to.write_bytes(0, size) };
    }
}

/// Memory lent out for `'a`, as good as owned; takes back what was handed out of it when dropped.
pub(crate) struct Region<'a> {
    /// Lent by `&'a mut`, so that nobody else hands out of it before `'a` is over.
    memory: &'a Bump,
    mark: Mark,
}

impl<'a> Region<'a> {
    pub(crate) fn new(memory: &'a mut Bump) -> Self {
        Self { mark: memory.mark(), memory }
    }

    /// A region within this one, which cannot be used before the inner one is gone.
    pub(crate) fn inner(&mut self) -> Region<'_> {
        Region { mark: self.memory.mark(), memory: self.memory }
    }

    /// The memory, for slices that live as long as it is lent.
    #[inline]
    pub(crate) fn memory(&self) -> &'a Bump {
        self.memory
    }
}

impl Drop for Region<'_> {
    fn drop(&mut self) {
        // SAFETY: the mark is of this memory, and was made by `new` or `inner`. Slices handed out since by this region
        // live for `'a` at most, and until that is over nobody can hand out anything: the memory was lent by `&'a mut`,
        // directly or through the region around this one, and this region, the only one that could, ends here. Regions
        // within this one are gone, because they borrow it mutably; they went back to later marks. If they were
        // forgotten instead, they did not go back at all.
        unsafe { self.memory.go_back(self.mark) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the processor of whoever runs this takes parts or not.
    #[test]
    fn in_parts_or_not_a_copy_writes_all_of_its_bytes_and_no_other() {
        let from: Vec<u8> = (0..=250).cycle().take(LONG + 2 * LONG_PIECE + 1).collect();
        let pieces = [PIECE, FEWEST_IN_PIECES - 1, FEWEST_IN_PIECES, 3 * PIECE, MOST_IN_PIECES - 1, MOST_IN_PIECES];
        let long = [MOST_IN_PIECES + 1, MOST_IN_PIECES + PIECE, LONG - 1, LONG, LONG + LONG_PIECE, from.len()];
        for size in (0..=5 * BLOCK).chain(pieces).chain(long) {
            for in_parts in [true, false] {
                let mut to = vec![255; from.len() + 1];
                // SAFETY: `to` has more than `size` bytes, and is other memory.
                unsafe { copy(&from[..size], NonNull::from(&mut to[..]).cast(), in_parts) };
                assert_eq!(to[..size], from[..size]);
                assert!(to[size..].iter().all(|&byte| byte == 255), "behind {size}, in parts: {in_parts}");
            }
        }
    }
}
