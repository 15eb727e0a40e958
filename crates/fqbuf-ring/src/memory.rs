//! Initialised bytes of fixed length that begin on a page boundary.
//!
//! A large `Vec` begins 16 bytes past a page, and copies of 4 KiB and more to addresses 1 to 31 bytes past a page were
//! measured at up to 13 times their cost (two-core Zen 3 guest), `read(2)` among them.

use std::fmt;

/// Bytes of a page.
const PAGE: usize = 4096;

/// A fixed number of initialised bytes, page-aligned from one page on.
pub(crate) struct Memory {
    /// The bytes and, before them, what aligns them.
    all: Box<[u8]>,
    /// Where the bytes begin in `all`, which has `len` bytes from there.
    base: usize,
    len: usize,
}

impl Memory {
    /// `len` zeroed bytes.
    ///
    /// # Panics
    /// When memory cannot address them and the page that aligns them.
    pub(crate) fn new(len: usize) -> Self {
        if len < PAGE {
            return Self { all: vec![0; len].into_boxed_slice(), base: 0, len };
        }
        let whole = len.checked_add(PAGE).expect("capacity overflow");
        let all = vec![0; whole].into_boxed_slice();
        let base = all.as_ptr().align_offset(PAGE).min(PAGE);
        Self { all, base, len }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes, and before and behind them those that only align them.
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
