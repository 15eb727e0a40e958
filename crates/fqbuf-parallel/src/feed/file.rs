//! A regular file, read at offsets: under the lock no more than it takes to find a cut, the rest by the worker.
//!
//! Measured on a file in the page cache, two threads, GC and mean quality of each record, GB/s (2-core Zen 5 guest, 2026-11-25):
//!
//! * The last bytes of a block are read as many as the block before needed, and twice as many where that is too few: long reads
//!   27.6. Always 16 KiB first, then four times more: 26.5, for the search begins anew each time.
//! * Rejected: a worker that reads its block in steps, and calls the closure between them while the bytes are in its nearest
//!   cache. Blocks of 1 MiB at once, in steps of 384, 256, 128 and 64 KiB: long reads 20.7, 20.2, 20.0, 19.7, 19.6 (before the
//!   closure was vectorised), 150-base reads level. Steps cost calls, and the scan does not wait for the last-level cache.
//! * Rejected for long reads: smaller blocks. 1 MiB, 512, 256, 128 KiB: 21.0, 19.3, 14.5, 9.9: the search for the cut takes what
//!   a record or two take, some 60 KB, and is under the lock. Short ones had 16.1, 14.6, 14.6, 13.2, all before the
//!   closure was vectorised; behind that the first two were level (see the pipeline's size of a block).
//! * Rejected: a block read in steps from its last to its first, so that what is looked at first is what was read last, and still in
//!   the second cache level. On a 2-core Cascade Lake guest with 1 MiB of it a core (2026-11-27, medians of 7), 150-base / trimmed /
//!   long reads: at once 8.46 / 7.37 / 10.52, in steps of 512 KiB 8.57 / 7.42 / 10.56, of 256 8.52 / 7.29 / 10.49, of 128 8.51 /
//!   7.18 / 10.36. What a smaller block gains there (see the pipeline's size of a block) is not that.
//!
//! What stands before it where it does, in units of its time: helicase over a map, which copies nothing and ends with a signal where the
//! file is cut meanwhile. 150-base / trimmed / long reads 0.94 / 1.01 / 0.90 on a 2-core Zen 4 guest (2026-11-27), 1.11 / 1.32 / 0.85 on a
//! Cascade Lake one (2026-11-27), 0.89 / 1.46 / 1.14 on a Zen 5 one (2026-11-26). The kernel's copy alone takes 0.61 / 0.46 / 0.69, 0.56 /
//! 0.48 / 0.64 and 0.59 / 0.50 / 0.72; ours over a caller's map 0.65 / 0.60 / 0.83, 0.69 / 0.62 / 0.60 and 0.68 / 0.68 / 0.86.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use fqbuf_line::{Block, PAGE, ReadAt};

use super::{Bytes, Claim, LONG, Piece, Span, Tail, first};
use crate::board::{Refusal, Slot};
use crate::cut::last_cut;
use crate::monitor::add;

/// Bytes at the end of a file's block that are read to find the cut, at least.
const WINDOW: usize = 4 * PAGE;

/// A regular file, read at offsets.
pub(crate) struct FileAt {
    file: Arc<File>,
    /// Where the next block begins.
    pub(super) at: u64,
    /// The file's size when it was last looked at.
    len: u64,
    /// Bytes at the end of a block that are read first to find the cut, in pages.
    window: usize,
}

impl FileAt {
    pub(crate) fn new(file: File, len: u64) -> Self {
        Self { file: Arc::new(file), at: 0, len, window: WINDOW }
    }

    pub(super) fn claim(&mut self, claim: Claim<'_, '_>, slot: &mut Slot) -> Result<Claimed, Refusal> {
        // Records are short as long as the least that is looked at has a cut in it.
        let mut size = (if self.window == WINDOW { claim.size_of_short } else { claim.size }) as u64;
        loop {
            // Blocks end on page boundaries of the file, so that the next read begins on one but for the first bytes.
            let end = self.at.saturating_add(size).next_multiple_of(PAGE as u64);
            if end >= self.len {
                // The file may have grown meanwhile.
                self.len = self.file.metadata().map_or(self.len, |meta| meta.len());
            }
            let (end, last) = if end >= self.len { (self.len, true) } else { (end, false) };
            if end <= self.at {
                return Ok(Claimed::End);
            }
            let bytes = usize::try_from(end - self.at).unwrap_or(usize::MAX);
            self.make_room(claim, slot, bytes)?;
            let looked = if last {
                Looked::Cut(0, Some(Span::last(self.at, Tail::End)))
            } else {
                self.look_for_cut(claim, slot, bytes)
            };
            match looked {
                Looked::Cut(_, None) => {}
                Looked::Cut(there, Some(span)) => {
                    let unread = Unread { file: Arc::clone(&self.file), offset: self.at, bytes: bytes - there, there };
                    let from = self.at;
                    self.at = if span.cut == usize::MAX { end } else { self.at + span.cut as u64 };
                    add(&claim.counters.bytes, self.at - from);
                    return Ok(Claimed::Block(Piece { span, bytes: Bytes::File(unread) }));
                }
                Looked::Failed(error) => {
                    add(&claim.counters.bytes, slot.block.len() as u64);
                    return Ok(Claimed::Block(Piece::in_slot(Span::last(self.at, Tail::Failed(error)))));
                }
            }
            if size > (LONG * claim.size) as u64 {
                return Ok(Claimed::Long);
            }
            size = size.saturating_mul(2);
        }
    }

    /// The rest of the file.
    pub(super) fn rest(&self) -> Rest {
        Rest { file: Arc::clone(&self.file), at: self.at }
    }

    /// Empties the slot's block and gives it room for `bytes`, in memory at the same place in a page as in the file.
    fn make_room(&self, claim: Claim<'_, '_>, slot: &mut Slot, bytes: usize) -> Result<(), Refusal> {
        #[expect(clippy::cast_possible_truncation, reason = "a remainder below PAGE")]
        let lead = (self.at % PAGE as u64) as usize;
        slot.block.clear();
        if slot.block.room() < lead + bytes {
            claim.board.grow(claim.number, slot, first, lead + bytes + 2 * PAGE)?;
        }
        slot.block.commit(lead);
        slot.block.consume(lead);
        Ok(())
    }

    /// Reads the last bytes of the block to their place until they have a cut in them.
    fn look_for_cut(&mut self, claim: Claim<'_, '_>, slot: &mut Slot, bytes: usize) -> Looked {
        let buffer = &mut slot.block.spare()[..bytes];
        let mut there = 0;
        // What sufficed for the block before, or a little less.
        let mut window = self.window;
        loop {
            let from = bytes.saturating_sub(window);
            let offset = self.at + from as u64;
            match self.file.fill_at(&mut buffer[from..bytes - there], offset) {
                Ok(n) if n == bytes - there - from => {}
                _ => break,
            }
            there = bytes - from;
            if from == 0 {
                return Looked::Cut(there, claim.cut(buffer, self.at));
            }
            if let Some(cut) = last_cut(&buffer[from..], false, claim.limit) {
                self.window = (window - window / 4).next_multiple_of(PAGE).max(WINDOW);
                return Looked::Cut(there, Some(Span::open(self.at, from + cut)));
            }
            window *= 2;
        }
        // What is before the failure is delivered before the error.
        let (there, error) = match self.file.fill_at(buffer, self.at) {
            Ok(n) if n == bytes => return Looked::Cut(bytes, claim.cut(buffer, self.at)),
            Ok(n) => (n, shrunk()),
            Err(failed) => failed,
        };
        slot.block.commit(there);
        Looked::Failed(error)
    }
}

/// A file from some byte on, read at offsets as well: workers read the blocks before it meanwhile, and where that moves the file's
/// cursor (on Windows) it is of no use to anybody.
pub(super) struct Rest {
    file: Arc<File>,
    at: u64,
}

impl Read for Rest {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buf, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// What the claim of a file's block came to.
pub(super) enum Claimed {
    Block(Piece<'static>),
    End,
    /// What comes is too long to be read at offsets.
    Long,
}

/// What a look at the end of a file's block came to.
enum Looked {
    /// So many bytes of it are read, and where to cut it.
    Cut(usize, Option<Span>),
    /// Reading failed; what could be read is in the block.
    Failed(io::Error),
}

/// Bytes of a file that the worker reads itself.
pub(crate) struct Unread {
    file: Arc<File>,
    offset: u64,
    /// Bytes in front of what is already there.
    pub(super) bytes: usize,
    /// Bytes that are already there, behind.
    pub(super) there: usize,
}

impl Unread {
    /// Reads them to their place in the block.
    pub(crate) fn read(self, block: &mut Block) -> io::Result<()> {
        match self.file.fill_at(&mut block.spare()[..self.bytes], self.offset) {
            Ok(n) if n == self.bytes => block.commit(self.bytes + self.there),
            Ok(n) => {
                block.commit(n);
                return Err(shrunk());
            }
            Err((n, error)) => {
                block.commit(n);
                return Err(error);
            }
        }
        Ok(())
    }
}

fn shrunk() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read")
}

#[cfg(test)]
mod tests;
