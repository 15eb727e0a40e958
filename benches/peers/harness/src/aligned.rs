//! Memory that begins on a page, for what contenders copy from and to.

use std::ops::{Deref, DerefMut};

const PAGE: usize = 4096;

/// Bytes that begin on a page: what is left to tell contenders apart is where their own memory begins.
pub struct Aligned {
    memory: Vec<u8>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// Bytes of `pattern`, called with their place.
    pub fn new(len: usize, pattern: impl Fn(usize) -> u8) -> Self {
        let mut memory = vec![0; len + PAGE];
        let start = memory.as_ptr().align_offset(PAGE);
        memory[start..start + len].iter_mut().enumerate().for_each(|(n, byte)| *byte = pattern(n));
        Self { memory, start, len }
    }
}

impl Deref for Aligned {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.len]
    }
}

impl DerefMut for Aligned {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.len]
    }
}
