//! A plain regular file, read ahead in pieces at their own offsets.
//!
//! For a [`Team`](crate::team::Team) of one thread and the caller: the thread reads the next piece while the caller works on the
//! one before; where the caller would wait, it reads the next one itself.
//!
//! Measured on 150-base reads in the page cache, GB/s, medians of 7, where `read(2)` alone into one window has 30.5 (2-core Zen 5
//! guest, 2026-11-25): a caller that looks at nothing, at a byte in 64, and one that counts records.
//!
//! | | nothing | a byte in 64 | records |
//! |---|---|---|---|
//! | no thread | 29 | 26 | 16 |
//! | this, blocks of 512 KiB | 39 | 36 | 29 |
//! | this, 256 KiB | 38 | 35 | 24 |
//! | this, 128 KiB | 38 | 34 | 21 |
//! | the same without the caller's help, 256 and 128 KiB | | | 22, 20 |
//! | the caller helps, but reads are one at a time, 256 KiB | | | 10 |
//! | a hand-over of 4 blocks of 512 KiB | 22 | 24 | 15 to 25 |
//! | the same of 256, 128 and 64 KiB | 26, 26, 23 | 26, 24, 21 | 16, 20, 20 |
//!
//! What limits a hand-over: all reading is on one core, in blocks that the other has just used, and one that sleeps is woken for
//! each. Small blocks come from the other core's nearest cache, dirty, which is slower than the last level (records 25 GB/s
//! against 30). Spinning before a sleep made no difference once the caller helps.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fqbuf_line::{Block, PAGE, ReadAt};

use crate::fill::{self, Fill, HEAD, Plain};
use crate::input::out_of_memory;
use crate::progress::Counters;
use crate::team::{Behind, Supply, Taken};
use crate::{StreamError, StreamErrorKind};

/// Blocks that go round: one for each who reads, one that waits, and the caller's.
pub(crate) const BLOCKS: usize = 4;

/// The file, from which the first bytes were read already.
pub(crate) struct Pieces<A = File> {
    first: Plain,
    file: Arc<A>,
    /// Offset of the next piece, once the first bytes are passed on.
    at: u64,
}

/// A piece that was taken.
pub(crate) struct Piece<A> {
    file: Arc<A>,
    counters: Arc<Counters>,
    offset: u64,
}

impl<A> Pieces<A> {
    pub(crate) fn new(first: Plain, file: Arc<A>) -> Self {
        Self { at: first.input.end(), first, file }
    }
}

/// How far past a page boundary an offset lies: pieces end on page boundaries of the file.
fn lead(offset: u64) -> usize {
    usize::try_from(offset % PAGE as u64).unwrap_or(0)
}

impl<A: ReadAt + Send + Sync> Fill for Pieces<A> {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        self.first.fill(block)
    }
}

impl<A: ReadAt + Send + Sync + 'static> Supply for Pieces<A> {
    type Tools = Piece<A>;

    fn tools(&self) -> Piece<A> {
        let counters = Arc::clone(self.first.input.counters());
        Piece { file: Arc::clone(&self.file), counters, offset: 0 }
    }

    fn name(&self) -> &Arc<str> {
        self.first.input.name()
    }

    fn take(&mut self, piece: &mut Piece<A>) -> io::Result<Taken> {
        if !self.first.input.data().is_empty() {
            return Ok(Taken::InOrder);
        }
        piece.offset = self.at;
        self.at += (self.first.size - lead(self.at)) as u64;
        Ok(Taken::Part)
    }

    fn work(piece: &mut Piece<A>, name: &Arc<str>, block: &mut Block, size: usize) -> io::Result<Behind> {
        fill::prepare(block, size).map_err(|e| out_of_memory(name, &e))?;
        // In memory at the same place of a page as in the file.
        let lead = lead(piece.offset);
        block.commit(HEAD + lead);
        block.consume(HEAD + lead);
        let bytes = size - lead;
        let result = piece.file.fill_at(&mut block.spare()[..bytes], piece.offset);
        let (read, error) = match result {
            Ok(read) => (read, None),
            Err((read, error)) => (read, Some(error)),
        };
        block.commit(read);
        piece.counters.compressed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(match error {
            Some(error) => {
                let error = StreamError::new(StreamErrorKind::Read, name).because(error);
                Behind::Error(error.at(piece.offset + read as u64).into())
            }
            None if read < bytes => Behind::End,
            None => Behind::More,
        })
    }
}

#[cfg(test)]
mod tests;
