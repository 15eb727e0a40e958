//! Where blocks come from: a stream behind a lock, a file at own offsets, a slice in place.
//!
//! All of this runs under the source's lock, one thread at a time, so it does as little as it can: of a stream it reads a
//! block and looks for the last cut in it; of a file it reads no more than the block's last few thousand bytes, to find
//! the cut, and leaves the rest to the worker; of a slice it looks for the cut and reads nothing.

mod file;
mod stream;

use std::io;

use fqbuf_line::{Block, PAGE};
use fqbuf_record::{Checks, ReaderBuilder};
use fqbuf_stream::Helper;

use crate::board::{Board, Refusal, Slot};
use crate::cut::{Front, front, last_cut, pairs_within};
use crate::mates;
use crate::monitor::{Counters, add};
pub(crate) use file::FileAt;
use file::{Claimed, Unread};
pub(crate) use stream::Stream;

/// Blocks that a file or stream is read in at most, before what is there is looked at as a whole: a long record, a blank
/// tail, or bad input without an end.
const LONG: usize = 4;

/// How the visible bytes of a block end.
#[derive(Debug)]
pub(crate) enum Tail {
    /// More follow, in the next block from the cut on.
    Open,
    /// The input ends.
    End,
    /// Reading failed.
    Failed(io::Error),
}

/// A block of one input.
#[derive(Debug)]
pub(crate) struct Span {
    /// Offset in the input of the first byte.
    pub(crate) offset: u64,
    /// Where the next block begins, relative to this one; `usize::MAX` when the block is the last.
    pub(crate) cut: usize,
    pub(crate) tail: Tail,
    /// What was left out of the block, all of it bad input or blank lines.
    pub(crate) condensed: Condensed,
}

/// Bytes and lines that were left out of a block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Condensed {
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
}

impl Span {
    pub(crate) fn last(offset: u64, tail: Tail) -> Self {
        Self { offset, cut: usize::MAX, tail, condensed: Condensed::default() }
    }

    /// A block that is cut.
    pub(crate) fn open(offset: u64, cut: usize) -> Self {
        Self { offset, cut, tail: Tail::Open, condensed: Condensed::default() }
    }

    /// Whether nothing of the input follows.
    pub(crate) fn ends(&self) -> bool {
        self.cut == usize::MAX
    }

    /// Whether it is certain that the run ends with an error in it.
    pub(crate) fn fails(&self) -> bool {
        self.ends() && !matches!(self.tail, Tail::End)
    }
}

/// Where a claimed block's bytes are.
pub(crate) enum Bytes<'a> {
    /// In the slot.
    Slot,
    /// In the slot, but for what the worker reads.
    File(Unread),
    /// Where the caller has them.
    Slice(&'a [u8]),
}

/// A block cut from one input.
pub(crate) struct Piece<'a> {
    pub(crate) span: Span,
    pub(crate) bytes: Bytes<'a>,
}

impl Piece<'_> {
    /// Bytes up to the cut.
    pub(crate) fn len(&self, slot: &Slot) -> usize {
        let visible = match &self.bytes {
            Bytes::Slot => slot.block.len(),
            Bytes::File(unread) => unread.bytes + unread.there,
            Bytes::Slice(data) => data.len(),
        };
        visible.min(self.span.cut)
    }

    pub(crate) fn in_slot(span: Span) -> Self {
        Self { span, bytes: Bytes::Slot }
    }
}

/// What the reading of one block needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'c, 'w> {
    pub(crate) board: &'c Board<'w>,
    pub(crate) number: u64,
    /// Bytes to read for a block.
    pub(crate) size: usize,
    /// The same of a file whose records are short.
    pub(crate) size_of_short: usize,
    pub(crate) reader: &'c ReaderBuilder,
    /// Whether bad records are passed over.
    pub(crate) skip: bool,
    /// Bytes that a record may take.
    pub(crate) limit: usize,
    /// Whether mates alternate, so that cuts are made after every second record.
    pub(crate) alternating: bool,
    pub(crate) counters: &'c Counters,
}

impl Claim<'_, '_> {
    /// Where to cut what was read from a record's start on, when more follow; `None` when more are needed.
    fn cut(&self, data: &[u8], offset: u64) -> Option<Span> {
        let open = |cut| Some(Span::open(offset, cut));
        if let Some(cut) = last_cut(data, true, self.limit) {
            let cut = match (self.alternating, self.skip) {
                (false, _) => Some(cut),
                (true, false) => pairs_within(data, cut),
                (true, true) => mates::last_even(data, cut, self),
            };
            if let Some(cut) = cut {
                return open(cut);
            }
        }
        match self.front(data, if self.alternating { 2 } else { 1 }) {
            Front::Cut(cut) => open(cut),
            Front::Fault if !self.skip => Some(Span::last(offset, Tail::Open)),
            Front::Fault | Front::More => None,
        }
    }

    /// What the front of a block is. Where bad records are passed over, one that only fails a check is a whole record.
    pub(crate) fn front(&self, data: &[u8], step: u64) -> Front {
        match self.skip {
            false => front(data, self.reader, step),
            true => front(data, &self.reader.clone().checks(Checks::none()), step),
        }
    }
}

/// The first of a slot's blocks.
pub(crate) fn first(slot: &mut Slot) -> &mut Block {
    &mut slot.block
}

/// The second of a slot's blocks.
pub(crate) fn second(slot: &mut Slot) -> &mut Block {
    &mut slot.mate
}

/// A slice in memory.
pub(crate) struct InPlace<'a> {
    data: &'a [u8],
    /// Where the next block begins.
    at: usize,
}

impl<'a> InPlace<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    fn claim(&mut self, claim: Claim<'_, '_>) -> Option<Piece<'a>> {
        let rest = &self.data[self.at..];
        if rest.is_empty() {
            return None;
        }
        let offset = self.at as u64;
        let mut size = claim.size;
        let (part, span) = loop {
            if size >= rest.len() {
                break (rest, Span::last(offset, Tail::End));
            }
            let part = &rest[..size];
            if let Some(span) = claim.cut(part, offset) {
                break (part, span);
            }
            size = size.saturating_mul(2);
        };
        self.at = self.data.len().min(self.at.saturating_add(span.cut));
        add(&claim.counters.bytes, (self.at as u64) - offset);
        Some(Piece { span, bytes: Bytes::Slice(part) })
    }
}

/// One input.
pub(crate) enum Feed<'a> {
    Stream(Stream<'a>),
    File(FileAt),
    Slice(InPlace<'a>),
}

impl<'a> Feed<'a> {
    /// The next block; `None` at the end of input.
    pub(crate) fn claim(&mut self, claim: Claim<'_, '_>, slot: &mut Slot) -> Result<Option<Piece<'a>>, Refusal> {
        match self {
            Self::Stream(stream) => stream.claim(claim, slot),
            Self::File(file) => match file.claim(claim, slot)? {
                Claimed::Block(piece) => Ok(Some(piece)),
                Claimed::End => Ok(None),
                Claimed::Long => {
                    *self = Self::Stream(Stream::new(Box::new(file.rest()), None, false).beginning_at(file.at));
                    self.claim(claim, slot)
                }
            },
            Self::Slice(slice) => Ok(slice.claim(claim)),
        }
    }

    /// Memory of a block into which `size` bytes are read.
    pub(crate) fn memory(&self, size: usize) -> usize {
        match self {
            Self::Stream(stream) => stream.memory.max(size + 2 * PAGE),
            Self::File(_) => size + 2 * PAGE,
            Self::Slice(_) => 0,
        }
    }

    /// Bytes of a block that suit the input best.
    pub(crate) fn preferred(&self) -> Option<usize> {
        match self {
            Self::Stream(stream) => stream.whole_blocks,
            Self::File(_) | Self::Slice(_) => None,
        }
    }

    /// What so many threads decompress with before they claim blocks, if they are to.
    pub(crate) fn helpers(&mut self, threads: usize) -> Vec<Helper> {
        match self {
            Self::Stream(stream) => stream.helpers(threads),
            Self::File(_) | Self::Slice(_) => Vec::new(),
        }
    }

    /// Offset of the next block in the input.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Self::Stream(stream) => stream.offset,
            Self::File(file) => file.at,
            Self::Slice(slice) => slice.at as u64,
        }
    }
}
