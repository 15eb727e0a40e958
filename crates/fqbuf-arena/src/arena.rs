//! The arena itself: many slices at once, all taken back together.
//!
//! Nanoseconds a slice, 256 slices and a reset in turn, fastest of 31 rounds in which the arenas took turns, each
//! checking what it holds; two-core Zen 4 guest (AMD EPYC, family 25 model 17), 2026-11-23, by a program of its own
//! with the peers beside this crate, whose own rows `cargo bench -p fqbuf-benches --bench arena` repeats:
//!
//! ```text
//! copied           8 B    36 B    64 B   150 B   300 B  1000 B   16 000 B
//! this            2.74    2.74    2.77    5.01    8.45    14.4        240
//! bumpalo 3.20    3.00    3.00    2.92    5.04    8.44    15.6        275
//! bump-scope 2.4  3.00    3.00    2.88    5.21    8.57    15.4        269
//! blink-alloc     3.00    3.01    2.86    5.00    8.66    14.9
//! Box<[u8]>       16.9    17.4    17.6    26.3    28.5    35.3
//!
//! zeroed           8 B    36 B    64 B   150 B   300 B  1000 B   16 000 B
//! this            2.47    2.73    2.46    4.09    6.78    12.4        167
//! bumpalo         2.52    2.73    2.46    4.03    6.70    12.2        212
//! bump-scope      2.46    2.46    2.46    4.04    7.23    12.7        167
//! blink-alloc     4.77    4.37    13.5    11.4    8.97    18.2
//! vec![0; n]      17.3    17.4    18.0    25.3    27.9    34.1
//! ```
//!
//! Since then slices of 65 to 256 bytes, a read's length, are copied in blocks of 64, slices of 2.5 to 8 KiB are written in
//! pieces of 1 KiB, longer zeros of small arenas too, and zeros are written up to 1 KiB ahead (`memory.rs`). On a two-core Zen 5
//! guest (AMD EPYC, family 26 model 2), 2026-11-26, medians of eight interleaved processes of `cargo xtask bench arena`:
//!
//! ```text
//!                 64 B    150 B    4 KiB   16 KiB          64 B    150 B    4 KiB   16 KiB
//! copied, this    2.04     3.66     32.7      103   zeroed 1.27     1.75     22.6     85.5
//! bumpalo         2.13     6.41     40.0      112          3.47     5.74     29.8     98.0
//! bump-scope      2.12     6.75     53.2      154          4.71     2.37     29.0     99.4
//! blink-alloc     2.13     6.60     53.2      154         10.39     8.26     38.6      158
//! ```
//!
//! They are reset after 256 KiB. What follows was measured with resets after 256 slices, of 4 KiB after 1 MiB and of 16 KiB after
//! 4, the latter in the third cache.
//!
//! Tried and rejected there, ns a slice. Copied, 150 B: the system's `memcpy` 7.07, two blocks of 128 bytes 5.65; 64 B in a block:
//! 2.72. Zeroed, 150 B: the system's `memset` 5.82, in blocks of 64 2.51, of 128 3.28; zeros 2 KiB ahead 1.89 (64 B: 1.34). 4 KiB
//! in one piece: copied 39.6, in about every third process 60; zeroed 38.0. Slices of 1 to 2.5 KiB in pieces as well: 2000 B
//! 18.8 and 16.4 instead of 17.4 and 14.6. In pieces of 2 KiB: 36.4 and 29.4 instead of 36.6 and 29.9, but in 64 MiB 8 KiB take
//! 276 and 354, in pieces of 1 KiB 250 and 205, and in one 266 and 220. By the kernel alone, into a page-aligned window of 1 MiB:
//! copied by `memcpy` 33 or 61, in pieces 35, with registers of 16, 32 and 64 bytes 50, 36 and 33; zeroed 34, 28.4, and 33, 28.1,
//! 27.7: registers wider than the portable ones would need detection and gain 5 % at most.
//!
//! At 16 KiB all arenas call the same two functions, and the row says where the pages of a process happened to lie. Of twenty
//! processes each, one after the other, the medians were 140 ns copied for this one and 143 to 146 for the peers, two to four
//! of each took 170 to 420; behind one that has freed many boxes, half of all take 300. That is `memcpy`: by the kernel alone, of
//! sixteen processes behind such a one, median and range, 301 (136 to 539); in pieces of 1 and 2 KiB 159 (155 to 200) and 172 (161 to
//! 211), registers of 16 and 64 bytes 208 (200 to 245) and 151 (144 to 174), the latter with the lines to come asked for 144 (137
//! to 167), which needs `unsafe` and detection; past the caches 511, `rep movsb` and `rep movsq` alone 160 and 243. Pieces would
//! take 15 % more where pages lie well, in 64 MiB 6 % more, and for 64 KiB 60 %. Zeroed, 16 KiB in pieces: 158. bumpalo, which
//! hands out from back to front, has 135 there, and those that go forward 140, also with `memset` called from where the slice is
//! asked for (142).
//!
//! Zeros of 16 KiB by the kernel alone, 256 slices of a page-aligned window of 4 MiB in turn, ns a slice, medians of seven
//! interleaved processes: `memset` 135; `rep stosb` and `rep stosq` called for all of it 137 and 137; from back to front 137; a
//! window that begins 16 or 64 bytes past a page 136 and 138; the first or the last KiB in vectors 142 and 141; two and four calls
//! of `memset` 151 and 179; stores of 16 and 64 bytes in a loop 160 and 159, and with the lines 1 KiB ahead asked for, which needs
//! `unsafe` and a target of its own, 133 and 135; past the caches 527; `clzero` 459. So all that is quick is within 3 % of each
//! other. The loop that asks ahead is the only one that gains, and only there and with slices of 8 and 12 KiB (68 instead of 78, 102
//! instead of 109): in windows of 512 KiB, 1, 16 and 64 MiB it takes 127, 128, 193 and 523 where `memset` takes 104, 112, 154 and
//! 361, and 64 KiB in 4 MiB 539 where that takes 520. Memory known to be zeros since it came from the system spares the first round,
//! in which the system zeroes it page by page.
//!
//! On a two-core Cascade Lake guest (Intel family 6 model 85), 2026-11-26, fastest of nine interleaved processes, as neighbours
//! double short slices there for minutes: 4 KiB copied in pieces of 1 KiB 98.3, of 1.5 KiB 89.5, of 2 KiB 98.3, in one 85.8, bumpalo
//! 83.9; zeroed 101.8, 95.4, 96.4, 102.3, bumpalo 115.8. 150 B copied in blocks of 64 bytes 10.4, of 32 and 128 10.5 and 12.6, by
//! `memcpy` 9.9, bumpalo 10.0. So copies are made in blocks and pieces where that was seen to gain, which the processor is asked for
//! once an arena: medians of nine interleaved processes there, 4 KiB 86.5 instead of 99.5, 150 B 9.8 instead of 10.9. Since 2026-11-27
//! copies of a read's length ask for the lines to come there, but in arenas of the first cache (`memory.rs`): 150 B 9.3, where bumpalo
//! takes 10.0. And copies of 16 KiB and more are made in pieces of 8 KiB there, which that `memcpy` makes in vectors: 16 KiB 328, by its
//! string instructions 554, bumpalo 572.
//!
//! Unfairness: the peers grow and align any type, and bumpalo's zeros are a fill by value. Rejected: always-zeroed
//! memory with a mark of what was used (a gain in the first round only).

use std::fmt;
use std::io::{self, Read};

use crate::builder::ArenaBuilder;
use crate::error::OutOfMemory;
use crate::memory::{Bump, Region};
use crate::read;
use crate::scope::Scope;

/// Fixed memory that hands out byte slices and takes all of them back at once.
///
/// Not for values with destructors, nor for memory that is given back piece by piece.
///
/// Every slice is zeroed ([`allocate`](Self::allocate), [`read_into`](Self::read_into)) or copied into
/// ([`copy_from`](Self::copy_from), [`concat`](Self::concat)) before it is handed out: what was there before a
/// [`reset`](Self::reset) is never seen. Slices are plain bytes and begin where the last one ended, at any address.
///
/// # Examples
/// ```
/// use fqbuf_arena::Arena;
///
/// let mut arena = Arena::new(1024);
/// let id = arena.copy_from(b"read1");
/// let mate = arena.concat(&[b"read1", b"/2"]);
/// assert_eq!(id.as_deref(), Some(&b"read1"[..]));
/// assert_eq!(mate.as_deref(), Some(&b"read1/2"[..])); // both live
/// arena.reset();
/// assert_eq!((arena.used(), arena.high_water()), (0, 12));
/// ```
///
/// A slice that lives keeps the arena from being reset:
/// ```compile_fail,E0502
/// let mut arena = fqbuf_arena::Arena::new(1024);
/// let slice = arena.allocate(4).unwrap();
/// arena.reset();
/// slice[0] = 1;
/// ```
pub struct Arena {
    memory: Bump,
}

impl Arena {
    /// An arena of exactly `capacity` bytes, for ever.
    ///
    /// # Panics
    /// When the allocator does not give that capacity; [`ArenaBuilder::build`] returns an error instead.
    #[must_use]
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        match Self::builder().capacity(capacity).build() {
            Ok(arena) => arena,
            Err(OutOfMemory { requested }) => panic!("no memory for an arena of {requested} bytes"),
        }
    }

    /// A builder, for an arena that grows or a capacity that may be refused.
    #[must_use]
    pub const fn builder() -> ArenaBuilder {
        ArenaBuilder::new()
    }

    pub(crate) const fn from_memory(memory: Bump) -> Self {
        Self { memory }
    }

    /// A slice of `size` zeros, or `None` when so many bytes are not free in one piece.
    ///
    /// A failure changes nothing: a smaller slice may still fit. An empty slice always does.
    #[inline]
    #[allow(clippy::mut_from_ref)] // The slices of two calls do not overlap.
    #[must_use]
    pub fn allocate(&self, size: usize) -> Option<&mut [u8]> {
        self.memory.zeroed(size)
    }

    /// A copy of `bytes`, or `None` when there is no room for it.
    #[inline]
    #[allow(clippy::mut_from_ref)] // The slices of two calls do not overlap.
    #[must_use]
    pub fn copy_from(&self, bytes: &[u8]) -> Option<&mut [u8]> {
        self.memory.copied(bytes)
    }

    /// All `parts` in one slice, one after the other, or `None` when there is no room for it.
    #[inline]
    #[allow(clippy::mut_from_ref)] // The slices of two calls do not overlap.
    #[must_use]
    pub fn concat(&self, parts: &[&[u8]]) -> Option<&mut [u8]> {
        self.memory.joined(parts)
    }

    /// What one read of at most `max` bytes returns; empty at the end of the input.
    ///
    /// The reader is given zeros. What it does not fill stays free. A read that is interrupted is tried again; with a
    /// `max` of 0 the reader is not called.
    ///
    /// # Errors
    /// [`ArenaFull`](crate::ArenaFull) when `max` bytes are not free in one piece, before anything is read; the
    /// reader's own errors, `WouldBlock` for example, with which nothing is lost; `InvalidData` when the reader
    /// claims more than `max` bytes.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_arena::Arena;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let arena = Arena::new(64);
    /// let mut input: &[u8] = b"ACGT";
    /// assert_eq!(arena.read_into(&mut input, 3)?, b"ACG");
    /// assert_eq!(arena.read_into(&mut input, 3)?, b"T");
    /// assert_eq!(arena.read_into(&mut input, 3)?, b"");
    /// assert_eq!(arena.used(), 4);
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::mut_from_ref)] // The slices of two calls do not overlap.
    pub fn read_into<R: Read + ?Sized>(&self, reader: &mut R, max: usize) -> io::Result<&mut [u8]> {
        read::once(&self.memory, reader, max)
    }

    /// Exactly `size` bytes, read with as many reads as it takes.
    ///
    /// # Errors
    /// As [`read_into`](Self::read_into), and `UnexpectedEof` when the input ends before. Bytes read before an error
    /// are lost, so this is not for readers that may block: all of the arena's room stays free.
    #[allow(clippy::mut_from_ref)] // The slices of two calls do not overlap.
    pub fn read_exact_into<R: Read + ?Sized>(&self, reader: &mut R, size: usize) -> io::Result<&mut [u8]> {
        read::exactly(&self.memory, reader, size)
    }

    /// A scope: slices taken from it are taken back when it is dropped, all others stay.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_arena::Arena;
    ///
    /// let mut arena = Arena::new(1024);
    /// assert!(arena.allocate(100).is_some());
    /// {
    ///     let scope = arena.scope();
    ///     assert!(scope.allocate(900).is_some());
    /// }
    /// assert_eq!(arena.used(), 100);
    /// ```
    pub fn scope(&mut self) -> Scope<'_> {
        Scope::new(Region::new(&mut self.memory))
    }

    /// Takes back all slices. Memory is kept, that of grown chunks too.
    pub fn reset(&mut self) {
        self.memory.reset();
    }

    /// Bytes handed out since the last reset.
    #[must_use]
    pub fn used(&self) -> usize {
        self.memory.used()
    }

    /// Bytes of all memory of the arena. Grows only as [`Growth`](crate::Growth) says.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.memory.capacity()
    }

    /// The largest slice there is room for without growth.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.memory.remaining()
    }

    /// The most that [`used`](Self::used) has ever been, reads counted with all the room that they were given: the capacity that
    /// would have done without growth.
    #[must_use]
    pub fn high_water(&self) -> usize {
        self.memory.high_water()
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("used", &self.used())
            .field("capacity", &self.capacity())
            .field("high_water", &self.high_water())
            .finish()
    }
}
