//! A stream, read block by block: each is cut, and what is behind the cut is carried over to the next one.

use std::io;

use fqbuf_line::{Block, PAGE, Source};
use fqbuf_pool::Charge;
use fqbuf_stream::Helper;

use super::{Claim, Condensed, LONG, Piece, Span, Tail, first};
use crate::board::{Refusal, Slot};
use crate::cut::{Front, last_cut, line_len, lines_in};
use crate::monitor::add;

/// What a stream's bytes come from.
enum Origin<'a> {
    /// A file opened for the run alone.
    Own(Box<fqbuf_stream::Stream>),
    Any(Box<dyn Source + Send + 'a>),
}

impl Source for Origin<'_> {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        match self {
            Self::Own(stream) => stream.fill(block),
            Self::Any(source) => source.fill(block),
        }
    }
}

/// A stream, and what of it is behind the last cut.
pub(crate) struct Stream<'a> {
    origin: Origin<'a>,
    /// Bytes behind the cut, to go in front of the next block.
    carry: Vec<u8>,
    /// The capacity of `carry`.
    charge: Option<Charge>,
    /// Offset in the input of the first carried byte.
    pub(super) offset: u64,
    /// How the source has ended, when it has; not asked again then.
    tail: Option<Tail>,
    /// What was left out of the block that is being read.
    condensed: Condensed,
    /// Bytes of the blocks that the source hands over whole; a block is then what one fill gives, if there is a cut in it.
    pub(super) whole_blocks: Option<usize>,
    /// Bytes of memory of the blocks that the source exchanges for ours, so that those have no less.
    pub(super) memory: usize,
    /// Whether the source counts its bytes itself.
    counts: bool,
    /// Whether a read may wait for who waits until another input is read.
    waits: bool,
}

/// How far a block is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    Full,
    /// One read.
    Once,
    /// A line has ended, without which no record does.
    Line,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(source: Box<dyn Source + Send + 'a>, whole_blocks: Option<usize>, counts: bool) -> Self {
        Self::of(Origin::Any(source), whole_blocks, counts)
    }

    /// A file opened for the run alone.
    pub(crate) fn own(stream: fqbuf_stream::Stream, whole_blocks: Option<usize>) -> Self {
        Self::of(Origin::Own(Box::new(stream)), whole_blocks, true)
    }

    /// The same for a source that never waits: memory, or a regular file.
    pub(crate) fn at_hand(self) -> Self {
        Self { waits: false, ..self }
    }

    /// The same for a source that exchanges its blocks, of so much memory.
    pub(crate) fn exchanging(self, memory: usize) -> Self {
        Self { memory, ..self }
    }

    /// What so many threads decompress with; nothing where the stream has threads of its own, or none.
    pub(super) fn helpers(&mut self, threads: usize) -> Vec<Helper> {
        match &mut self.origin {
            Origin::Own(stream) => stream.helpers(threads),
            Origin::Any(_) => Vec::new(),
        }
    }

    fn of(origin: Origin<'a>, whole_blocks: Option<usize>, counts: bool) -> Self {
        Self {
            origin,
            carry: Vec::new(),
            charge: None,
            offset: 0,
            tail: None,
            condensed: Condensed::default(),
            whole_blocks,
            memory: 0,
            counts,
            waits: true,
        }
    }

    /// The same for a source whose first byte lies at `offset` in the input.
    pub(super) fn beginning_at(self, offset: u64) -> Self {
        Self { offset, ..self }
    }

    /// Whether a read may wait for who waits until another input is read.
    pub(crate) fn waits(&self) -> bool {
        self.waits
    }

    /// Puts what was carried over into the emptied block, with room for `target` bytes in all, and fills it up to there.
    pub(crate) fn load(
        &mut self,
        claim: Claim<'_, '_>,
        slot: &mut Slot,
        which: fn(&mut Slot) -> &mut Block,
        target: usize,
    ) -> Result<(), Refusal> {
        self.place(claim, slot, which, target)?;
        let until = if self.whole_blocks.is_some() { Until::Once } else { Until::Full };
        self.fill(claim, slot, which, target, until)
    }

    /// Puts what was carried over into the emptied block, with room for `target` bytes in all.
    pub(crate) fn place(
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
        // Also where nothing more is to be read: new memory has no room at all.
        if which(slot).room() < (head + more).max(1) || which(slot).capacity() < self.memory {
            claim.board.grow(claim.number, slot, which, (head + more + 2 * PAGE).max(self.memory))?;
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
        Ok(())
    }

    /// Reads until `target` bytes are held or the block is full, or less of it.
    fn fill(
        &mut self,
        claim: Claim<'_, '_>,
        slot: &mut Slot,
        which: fn(&mut Slot) -> &mut Block,
        target: usize,
        until: Until,
    ) -> Result<(), Refusal> {
        let block = which(slot);
        while self.tail.is_none() && block.len() < target && block.room() > 0 {
            // How much room there is depends on where in a page memory begins; what blocks hold must not.
            block.set_read_limit(target - block.len());
            match block.fill_from(&mut self.origin) {
                Ok(0) => self.tail = Some(Tail::End),
                Ok(n) => {
                    if !self.counts {
                        add(&claim.counters.bytes, n as u64);
                    }
                    let line = || block.data()[block.len() - n..].contains(&b'\n');
                    if until == Until::Once || until == Until::Line && line() {
                        break;
                    }
                }
                Err(error) => self.tail = Some(Tail::Failed(error)),
            }
        }
        claim.board.settle_slot(claim.number, slot)
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
        // Twice as much, also of whole blocks: all that is held is looked at again each time.
        self.fill(claim, slot, which, held.saturating_mul(2).max(PAGE), Until::Full)
    }

    /// Reads more for want of a record, and no more than it takes to see a line end: who writes the input may wait until another one
    /// is read.
    pub(crate) fn fill_a_line(
        &mut self,
        claim: Claim<'_, '_>,
        slot: &mut Slot,
        which: fn(&mut Slot) -> &mut Block,
    ) -> Result<(), Refusal> {
        let held = which(slot).len();
        let mut target = claim.size;
        if held >= target || which(slot).room() == 0 {
            more_room(claim, slot, which)?;
            target = held.saturating_mul(2).max(PAGE);
        }
        self.fill(claim, slot, which, target, Until::Line)
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
        let rest = &data[cut..];
        if rest.len() > self.carry.capacity() {
            let capacity = rest.len().next_multiple_of(PAGE);
            self.carry = Vec::new();
            let more = capacity.saturating_sub(self.charge.as_ref().map_or(0, Charge::bytes));
            claim.board.charge_more(claim.number, &mut self.charge, more)?;
            let reserved = self.carry.try_reserve_exact(capacity);
            reserved.map_err(|_| Refusal::Memory { asked: capacity, limit: None, input: 0 })?;
        }
        self.carry.extend_from_slice(rest);
        // Only now, as the place of a refusal is the block's.
        let condensed = std::mem::take(&mut self.condensed);
        let span = Span { condensed, ..Span::open(self.offset, cut) };
        self.offset += cut as u64 + condensed.bytes;
        Ok(span)
    }

    pub(super) fn claim(&mut self, claim: Claim<'_, '_>, slot: &mut Slot) -> Result<Option<Piece<'a>>, Refusal> {
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

/// Makes little of blank lines, and of bad input to be skipped, so that any amount of it takes little memory. What is left
/// means the same: one blank line, one bad line, and the end of the block, where a record may begin.
///
/// For a block without a cut: before them it has no more than one good record, where mates alternate.
fn condense(block: &mut Block, claim: Claim<'_, '_>) -> Option<Condensed> {
    let data = block.data();
    let good = match claim.front(data, 1) {
        Front::Cut(end) => end,
        Front::Fault | Front::More => 0,
    };
    let (good, rest) = data.split_at(good);
    let (blank, rest) = rest.split_at(blank_lines(rest));
    let one_blank = if blank.is_empty() { &b""[..] } else { b"\n" };
    // A lone CR may become one more blank line.
    let (bad, end) = if rest.is_empty() || rest == b"\r" {
        (&b""[..], rest)
    } else if claim.skip && claim.front(rest, 1) == Front::Fault {
        match header_behind(rest, claim) {
            Some(at) => (&b"x\n"[..], &rest[at..]),
            None if rest.ends_with(b"\n") => (&b"x\n"[..], &b""[..]),
            None => (&b"x"[..], &b""[..]),
        }
    } else if claim.skip {
        (&b""[..], rest)
    } else {
        return None;
    };
    let parts = [good, one_blank, bad, end];
    let kept = parts.iter().map(|part| part.len()).sum();
    let left = data.len().checked_sub(kept).filter(|&left| left >= kept)?;
    let kept = parts.concat();
    let lines = lines_in(data) - lines_in(&kept);
    block.clear();
    let done = block.append(&kept);
    debug_assert_eq!(done, kept.len());
    Some(Condensed { bytes: left as u64, lines })
}

/// Bytes of the blank lines at the front.
fn blank_lines(data: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match data[at..] {
            [b'\n', ..] => at += 1,
            [b'\r', b'\n', ..] => at += 2,
            _ => return at,
        }
    }
}

/// Where a record may begin behind the bad input at the front: at a cut, which is one after an odd record, or near the end,
/// as a header may want up to two more lines to be told from other lines.
fn header_behind(data: &[u8], claim: Claim<'_, '_>) -> Option<usize> {
    last_cut(data, true, claim.limit).or_else(|| {
        last_lines(data).into_iter().rev().flatten().find(|&at| {
            // Without its end it may be as long as all that a record may take: what is behind it is not known.
            data[at..].starts_with(b"@") && line_len(&data[at..]) <= claim.limit
        })
    })
}

/// Where the last three lines begin, the last one first; a line that has just begun counts.
fn last_lines(data: &[u8]) -> [Option<usize>; 3] {
    let mut ends = memchr::memrchr_iter(b'\n', data).map(|n| n + 1);
    [ends.next(), ends.next(), ends.next()]
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

#[cfg(test)]
mod tests;
