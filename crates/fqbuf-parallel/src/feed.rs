//! Where blocks come from: a stream behind a lock, a file at own offsets, a slice in place.
//!
//! All of this runs under the source's lock, one thread at a time, so it does as little as it can: of a stream it reads a
//! block and looks for the last cut in it; of a file it reads no more than the block's last few thousand bytes, to find
//! the cut, and leaves the rest to the worker; of a slice it looks for the cut and reads nothing.
//!
//! Measured on a file in the page cache, two threads, GC and mean quality of each record, GB/s (2-core Zen 5 guest, 2026-11-25):
//!
//! * The last bytes of a block are read as many as the block before needed, and twice as many where that is too few: long reads
//!   27.6. Always 16 KiB first, then four times more: 26.5, for the search begins anew each time.
//! * Rejected: a worker that reads its block in steps, and calls the closure between them while the bytes are in its nearest
//!   cache. Blocks of 1 MiB at once, in steps of 384, 256, 128 and 64 KiB: long reads 20.7, 20.2, 20.0, 19.7, 19.6 (before the
//!   closure was vectorised), 150-base reads level. Steps cost calls, and the scan does not wait for the last-level cache.
//! * Rejected: smaller blocks. 1 MiB, 512, 256, 128 KiB: long reads 21.0, 19.3, 14.5, 9.9, short ones 16.1, 14.6, 14.6, 13.2:
//!   the search for the cut takes what a record or two take, some 60 KB of long reads, and is under the lock.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::sync::Arc;

use fqbuf_line::{Block, PAGE, ReadAt, Source};
use fqbuf_pool::Charge;
use fqbuf_record::ReaderBuilder;

use crate::board::{Board, Refusal, Slot};
use crate::cut::{Front, front, last_cut, lines_in, pairs_within};
use crate::mates;
use crate::monitor::{Counters, add};

/// Bytes at the end of a file's block that are read to find the cut, at least.
const WINDOW: usize = 4 * PAGE;

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

/// Bytes of a file that the worker reads itself.
pub(crate) struct Unread {
    file: Arc<File>,
    offset: u64,
    /// Bytes in front of what is already there.
    bytes: usize,
    /// Bytes that are already there, behind.
    there: usize,
}

impl Unread {
    /// Reads them to their place in the block.
    pub(crate) fn read(self, block: &mut Block, counters: &Counters) -> io::Result<()> {
        let result = read_at(&self.file, &mut block.spare()[..self.bytes], self.offset, counters);
        match result {
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
        match front(data, self.reader, if self.alternating { 2 } else { 1 }) {
            Front::Cut(cut) => open(cut),
            Front::Fault if !self.skip => Some(Span::last(offset, Tail::Open)),
            Front::Fault | Front::More => None,
        }
    }
}

/// A stream, and what of it is behind the last cut.
pub(crate) struct Stream<'a> {
    source: Box<dyn Source + Send + 'a>,
    /// Bytes behind the cut, to go in front of the next block.
    carry: Vec<u8>,
    /// The capacity of `carry`.
    charge: Option<Charge>,
    /// Offset in the input of the first carried byte.
    offset: u64,
    /// How the source has ended, when it has; not asked again then.
    tail: Option<Tail>,
    /// What was left out of the block that is being read.
    condensed: Condensed,
    /// Bytes of the blocks that the source hands over whole; a block is then what one fill gives.
    whole_blocks: Option<usize>,
    /// Whether the source counts its bytes itself.
    counts: bool,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(source: Box<dyn Source + Send + 'a>, whole_blocks: Option<usize>, counts: bool) -> Self {
        Self {
            source,
            carry: Vec::new(),
            charge: None,
            offset: 0,
            tail: None,
            condensed: Condensed::default(),
            whole_blocks,
            counts,
        }
    }

    /// Puts what was carried over into the emptied block, with room for `target` bytes in all, and fills it up to there.
    pub(crate) fn load(
        &mut self,
        claim: Claim<'_, '_>,
        slot: &mut Slot,
        which: fn(&mut Slot) -> &mut Block,
        target: usize,
    ) -> Result<(), Refusal> {
        let carried = self.carry.len();
        let more = target.saturating_sub(carried);
        // Head room in whole pages, so that what is read behind it lands on a page boundary.
        let head = carried.saturating_sub(PAGE).next_multiple_of(PAGE);
        which(slot).clear();
        if which(slot).room() < head + more {
            claim.board.grow(claim.number, slot, which, head + more + 2 * PAGE)?;
        }
        let block = which(slot);
        block.commit(head);
        block.consume(head);
        let placed = block.prepend(&self.carry);
        assert!(placed, "a block has a page of head room beside what was made");
        self.carry.clear();
        if self.carry.capacity() > 4 * claim.size {
            self.carry = Vec::new();
            self.charge = None;
        }
        self.fill(block, target, claim.counters);
        Ok(())
    }

    /// Reads until `target` bytes are held or the block is full.
    fn fill(&mut self, block: &mut Block, target: usize, counters: &Counters) {
        while self.tail.is_none() && block.len() < target && block.room() > 0 {
            // How much room there is depends on where in a page memory begins; what blocks hold must not.
            block.set_read_limit(target - block.len());
            match self.source.fill(block) {
                Ok(0) => self.tail = Some(Tail::End),
                Ok(n) => {
                    if !self.counts {
                        add(&counters.bytes, n as u64);
                    }
                    if self.whole_blocks.is_some() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.tail = Some(Tail::Failed(error)),
            }
        }
    }

    /// Reads more, for want of a cut in what the block holds: behind what is left of it once bad input was condensed, or
    /// into more memory.
    pub(crate) fn fill_more(
        &mut self,
        claim: Claim<'_, '_>,
        slot: &mut Slot,
        which: fn(&mut Slot) -> &mut Block,
    ) -> Result<(), Refusal> {
        if which(slot).len() >= LONG * claim.size
            && let Some(left) = condense(which(slot), claim)
        {
            self.condensed.bytes += left.bytes;
            self.condensed.lines += left.lines;
        }
        let held = which(slot).len();
        more_room(claim, slot, which)?;
        self.fill(which(slot), held.saturating_mul(2).max(PAGE), claim.counters);
        Ok(())
    }

    /// Whether the source has ended.
    pub(crate) fn ended(&self) -> bool {
        self.tail.is_some()
    }

    /// Whether the source has ended with an error that was not told yet.
    pub(crate) fn failed(&self) -> bool {
        matches!(self.tail, Some(Tail::Failed(_)))
    }

    /// The block as one in which the run ends with an error, wherever it ends itself.
    pub(crate) fn fault(&mut self) -> Span {
        if self.ended() { self.last(0) } else { Span::last(self.offset, Tail::Open) }
    }

    /// The block, of `len` bytes, as the last of the input, which has ended.
    pub(crate) fn last(&mut self, len: usize) -> Span {
        let offset = self.offset;
        let condensed = std::mem::take(&mut self.condensed);
        self.offset += len as u64 + condensed.bytes;
        // A failure is told once; then the input has ended.
        Span { condensed, ..Span::last(offset, self.tail.replace(Tail::End).unwrap_or(Tail::End)) }
    }

    /// The block up to a cut; what is behind it is kept for the next one.
    pub(crate) fn cut(&mut self, claim: Claim<'_, '_>, data: &[u8], cut: usize) -> Result<Span, Refusal> {
        let condensed = std::mem::take(&mut self.condensed);
        let span = Span { condensed, ..Span::open(self.offset, cut) };
        let rest = &data[cut..];
        self.offset += cut as u64 + condensed.bytes;
        if rest.len() > self.carry.capacity() {
            let capacity = rest.len().next_multiple_of(PAGE);
            self.carry = Vec::new();
            let more = capacity.saturating_sub(self.charge.as_ref().map_or(0, Charge::bytes));
            claim.board.charge_more(claim.number, &mut self.charge, more)?;
            self.carry.try_reserve_exact(capacity).map_err(|_| Refusal::Memory { asked: capacity, limit: None })?;
        }
        self.carry.extend_from_slice(rest);
        Ok(span)
    }

    fn claim(&mut self, claim: Claim<'_, '_>, slot: &mut Slot) -> Result<Option<Piece<'a>>, Refusal> {
        self.load(claim, slot, first, self.carry.len() + claim.size)?;
        loop {
            let data = slot.block.data();
            if self.ended() {
                let none = data.is_empty() && !self.failed();
                return Ok(if none { None } else { Some(Piece::in_slot(self.last(data.len()))) });
            }
            match claim.cut(data, self.offset) {
                Some(span) if span.ends() => return Ok(Some(Piece::in_slot(span))),
                Some(span) => return Ok(Some(Piece::in_slot(self.cut(claim, data, span.cut)?))),
                None => self.fill_more(claim, slot, first)?,
            }
        }
    }
}

/// Blocks that a file or stream is read in at most, before what is there is looked at as a whole: a long record, a blank
/// tail, or bad input without an end.
const LONG: usize = 4;

/// Makes little of a block that is blank, or bad input to be skipped, so that any amount of it takes little memory. What is
/// left means the same: one blank line, or one bad line; and the end of the block, where a record may begin.
fn condense(block: &mut Block, claim: Claim<'_, '_>) -> Option<Condensed> {
    let data = block.data();
    let len = data.len();
    let lines = lines_in(data);
    let kept = if data.iter().all(|b| matches!(b, b'\r' | b'\n')) {
        let first = if data.starts_with(b"\r\n") { 2 } else { 1 };
        let open = data.ends_with(b"\r");
        [&data[..first], if open { b"\r" } else { b"" }].concat()
    } else if claim.skip && front(data, claim.reader, 1) == Front::Fault {
        // A header may want up to two more lines to be told from other lines.
        let starts = last_lines(data);
        let header = starts.into_iter().rev().flatten().find(|&at| {
            let line = data[at..].split(|&b| b == b'\n').next().unwrap_or_default();
            line.starts_with(b"@") && line.len() < claim.limit
        });
        match header {
            Some(at) => [b"x\n", &data[at..]].concat(),
            None if data.ends_with(b"\n") => b"x\n".to_vec(),
            None => b"x".to_vec(),
        }
    } else {
        return None;
    };
    if kept.len() > len / 2 {
        return None;
    }
    let left = Condensed { bytes: (len - kept.len()) as u64, lines: lines.saturating_sub(lines_in(&kept)) };
    block.clear();
    let done = block.append(&kept);
    debug_assert_eq!(done, kept.len());
    Some(left)
}

/// Where the last three lines begin, the last one first; a line that has just begun counts.
fn last_lines(data: &[u8]) -> [Option<usize>; 3] {
    let mut ends = memchr::memrchr_iter(b'\n', data).map(|n| n + 1);
    [ends.next(), ends.next(), ends.next()]
}

/// The first of a slot's blocks.
pub(crate) fn first(slot: &mut Slot) -> &mut Block {
    &mut slot.block
}

/// The second of a slot's blocks.
pub(crate) fn second(slot: &mut Slot) -> &mut Block {
    &mut slot.mate
}

/// Makes room in a block for twice what it holds, or half as much again where memory is short.
fn more_room(claim: Claim<'_, '_>, slot: &mut Slot, which: fn(&mut Slot) -> &mut Block) -> Result<(), Refusal> {
    let held = which(slot).len().max(PAGE);
    if which(slot).room() >= held {
        return Ok(());
    }
    let capacity = which(slot).capacity();
    match claim.board.grow(claim.number, slot, which, capacity + held.next_multiple_of(PAGE)) {
        Err(Refusal::Memory { .. }) => {
            claim.board.grow(claim.number, slot, which, capacity + (held / 4).next_multiple_of(PAGE))
        }
        other => other,
    }
}

/// A regular file, read at offsets.
pub(crate) struct FileAt {
    file: Arc<File>,
    /// Where the next block begins.
    at: u64,
    /// The file's size when it was last looked at.
    len: u64,
    /// Bytes at the end of a block that are read first to find the cut, in pages.
    window: usize,
}

impl FileAt {
    pub(crate) fn new(file: File, len: u64) -> Self {
        Self { file: Arc::new(file), at: 0, len, window: WINDOW }
    }

    fn claim(&mut self, claim: Claim<'_, '_>, slot: &mut Slot) -> Result<Claimed, Refusal> {
        let mut size = claim.size as u64;
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
                    self.at = if span.cut == usize::MAX { end } else { self.at + span.cut as u64 };
                    return Ok(Claimed::Block(Piece { span, bytes: Bytes::File(unread) }));
                }
                Looked::Failed(error) => {
                    return Ok(Claimed::Block(Piece::in_slot(Span::last(self.at, Tail::Failed(error)))));
                }
            }
            if size > (LONG * claim.size) as u64 {
                return Ok(Claimed::Long);
            }
            size = size.saturating_mul(2);
        }
    }

    /// The rest of the file as a stream.
    fn rest(&self) -> io::Result<Stream<'static>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(self.at))?;
        Ok(Stream { offset: self.at, ..Stream::new(Box::new(file), None, false) })
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
            match read_at(&self.file, &mut buffer[from..bytes - there], offset, claim.counters) {
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
        let (there, error) = match read_at(&self.file, buffer, self.at, claim.counters) {
            Ok(n) if n == bytes => return Looked::Cut(bytes, claim.cut(buffer, self.at)),
            Ok(n) => (n, shrunk()),
            Err(failed) => failed,
        };
        slot.block.commit(there);
        Looked::Failed(error)
    }
}

/// What the claim of a file's block came to.
enum Claimed {
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

fn shrunk() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read")
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
                    let at = file.at;
                    let rest = file.rest();
                    match rest {
                        Ok(stream) => *self = Self::Stream(stream),
                        Err(error) => return Ok(Some(failed(slot, at, error))),
                    }
                    self.claim(claim, slot)
                }
            },
            Self::Slice(slice) => Ok(slice.claim(claim)),
        }
    }

    /// Whether blocks need memory of their own.
    pub(crate) fn needs_memory(&self) -> bool {
        !matches!(self, Self::Slice(_))
    }

    /// Bytes of a block that suit the input best.
    pub(crate) fn preferred(&self) -> Option<usize> {
        match self {
            Self::Stream(stream) => stream.whole_blocks,
            Self::File(_) | Self::Slice(_) => None,
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

/// An empty block that failed to be read.
fn failed<'a>(slot: &mut Slot, offset: u64, error: io::Error) -> Piece<'a> {
    slot.block.clear();
    Piece::in_slot(Span::last(offset, Tail::Failed(error)))
}

/// Reads at an offset until `buffer` is full or the file ends; the bytes read, also before an error.
fn read_at(file: &File, buffer: &mut [u8], offset: u64, counters: &Counters) -> Result<usize, (usize, io::Error)> {
    let result = file.fill_at(buffer, offset);
    let done = match &result {
        Ok(done) | Err((done, _)) => *done,
    };
    add(&counters.bytes, done as u64);
    result
}
