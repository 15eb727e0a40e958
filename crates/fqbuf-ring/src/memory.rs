//! Initialised bytes of fixed length that begin on a cache line, away from where other memory begins in its page.
//!
//! A large `Vec` begins 16 bytes past a page, and copies of 4 KiB and more to addresses 1 to 31 bytes past a page were
//! measured at up to 13 times their cost (two-core Zen 3 guest), `read(2)` among them. Buffers that people care about begin on a page.
//! What is copied from such a one to bytes that lie a little further on in their page, or the reverse, is loaded from addresses that
//! end in the same twelve bits as those which were stored to a moment before, and a processor that compares these alone waits. So
//! these bytes begin [`AWAY`] from either.
//!
//! 4 KiB written from a page and read to another, 40 bytes always held (2-core Zen 4 guest, AMD EPYC family 25 model 17,
//! 2026-11-27, ratios of medians of twelve interleaved processes of the row `held-4096` of `cargo xtask bench ring`): bytes that begin on
//! a page 1.00, a quarter of one past it 0.87, half 0.97, three quarters 0.86, `VecDeque` 0.91. With none held these are level,
//! 0.99 to 1.01, and so are calls of 64 KiB. `read(2)` of 128 KiB: 9.1 GB/s to a page, 9.5 a quarter past it, 4.3 to 16 bytes.

use std::fmt;

/// Bytes of a page.
const PAGE: usize = 4096;
/// Bytes past a page at which the memory begins.
const AWAY: usize = PAGE / 4;

/// A fixed number of initialised bytes; from a page on they begin [`AWAY`] past one.
pub(crate) struct Memory {
    /// The bytes and, around them, what places them.
    all: Box<[u8]>,
    /// Where the bytes begin in `all`, which has `len` bytes from there.
    base: usize,
    len: usize,
}

impl Memory {
    /// `len` zeroed bytes.
    ///
    /// # Panics
    /// When memory cannot address them and the page that places them.
    pub(crate) fn new(len: usize) -> Self {
        if len < PAGE {
            return Self { all: vec![0; len].into_boxed_slice(), base: 0, len };
        }
        let whole = len.checked_add(PAGE).expect("capacity overflow");
        let all = vec![0; whole].into_boxed_slice();
        let base = all.as_ptr().wrapping_sub(AWAY).align_offset(PAGE).min(PAGE);
        Self { all, base, len }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes, and before and behind them those that only place them.
    #[inline]
    pub(crate) fn all(&self) -> &[u8] {
        &self.all
    }

    /// As [`Memory::all`].
    #[inline]
    pub(crate) fn all_mut(&mut self) -> &mut [u8] {
        &mut self.all
    }

    /// Where in all the bytes begin.
    #[inline]
    pub(crate) fn base(&self) -> usize {
        self.base
    }

    /// Where in all the bytes end.
    #[inline]
    pub(crate) fn limit(&self) -> usize {
        self.base + self.len
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.all[self.base..self.base + self.len]
    }

    #[inline]
    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.all[self.base..self.base + self.len]
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len)
    }
}
