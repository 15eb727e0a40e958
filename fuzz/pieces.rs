//! A reader that delivers as it pleases.

use std::io::{self, Read};

use fqbuf_benches::Rng;

/// Reads of 1 to `most` bytes, some of them interrupted first.
pub(crate) struct Pieces<'a> {
    rest: &'a [u8],
    rng: Rng,
    most: u64,
}

impl<'a> Pieces<'a> {
    /// Delivers `bytes`; the same ones are cut alike for the same `seed`.
    pub(crate) fn new(bytes: &'a [u8], seed: u64, most: u16) -> Self {
        Self { rest: bytes, rng: Rng::new(seed), most: u64::from(most).max(1) }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.rng.one_in(8) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let size = self.rng.between(1, self.most) as usize;
        let size = size.min(out.len()).min(self.rest.len());
        let (now, rest) = self.rest.split_at(size);
        out[..size].copy_from_slice(now);
        self.rest = rest;
        Ok(size)
    }
}
