//! gzip and BGZF, member after member, on one thread.
//!
//! A BGZF block states its compressed size, so it is inflated whole and checked before any byte of it is delivered. A
//! plain member is delivered as it is decoded and checked at its end; the end of input is not reported before that.
//! Either kind may follow the other.

use std::collections::TryReserveError;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fqbuf_line::Block;

use crate::check::{Check, Seal, TRAILER, Unchecked};
use crate::fill::{Fill, HEAD, fill_with, prepare};
use crate::format::{Next, next_part};
use crate::header::{self, Header, Parsed};
use crate::inflate::{HISTORY, Inflater, Misfit, Then};
use crate::input::{Input, Padding, out_of_memory};
use crate::team::{Behind, Supply, Taken};
use crate::{Format, StreamError, StreamErrorKind};

/// Bytes of data in the largest BGZF block.
pub(crate) const BLOCK_MAX: usize = 64 * 1024;

/// Where in the file the decoder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before a member or the end.
    Between,
    /// At a member's header.
    Header,
    /// At the start of a BGZF block of so many bytes, its header included.
    Block(Header, usize),
    /// Inside a member's deflate data.
    Body,
    /// At a member's trailer.
    Trailer,
    /// In the zeros behind the last member.
    Padding,
    /// At the end.
    Finished,
}

/// The serial decoder.
pub(crate) struct Gzip {
    input: Input,
    inflater: Inflater,
    state: State,
    /// Number of the current member, from 1.
    part: u64,
    /// The format of the current member.
    format: Format,
    /// The current or last member is a BGZF block with data in it.
    open_end: bool,
    /// Checksum and length of the current member's data so far, where nothing is left unchecked.
    check: Check,
    /// What is left unchecked of the block being filled, where whoever gets it checks it.
    unchecked: Option<Unchecked>,
    /// Bytes of the current member's output that the inflater counts on in front of its next; in [`State::Body`] alone.
    pos: usize,
    /// The last of them, at most [`HISTORY`], between two blocks.
    history: Vec<u8>,
    /// Bytes of data in a block that is filled.
    size: usize,
    /// An error that the data before it have overtaken.
    pending: Option<io::Error>,
}

/// Bytes of data that a whole BGZF block states.
pub(crate) fn stated_len(block: &[u8]) -> usize {
    block.last_chunk().map_or(0, |&n| u32::from_le_bytes(n) as usize)
}

/// Inflates and checks the whole BGZF block `block` into `out`, which has the length that it states; on damage, its kind
/// and where in the block it was found.
pub(crate) fn inflate_block(
    inflater: &mut Inflater,
    header: usize,
    block: &[u8],
    out: &mut [u8],
) -> Result<(), (StreamErrorKind, usize)> {
    let trailer = block.len() - TRAILER;
    inflater.whole(&block[header..trailer], out).map_err(|misfit| match misfit {
        Misfit::Data => (StreamErrorKind::Data, header),
        Misfit::Length => (StreamErrorKind::Length, trailer + 4),
    })?;
    Check::of(out).verify(&block[trailer..]).map_err(|(kind, at)| (kind, trailer + at))
}

/// What one of a team has: BGZF blocks that it took, and what inflates them.
pub(crate) struct Tools {
    inflater: Inflater,
    batch: Batch,
}

/// Whole BGZF blocks, not yet inflated.
#[derive(Default)]
struct Batch {
    /// The blocks, one after the other.
    bytes: Vec<u8>,
    /// What they are, in order.
    parts: Vec<Part>,
}

impl Batch {
    /// Memory for the most that it may hold, `size` bytes and [`PARTS`], less than is charged for a block; at once, as growth
    /// would take twice that.
    fn reserve(&mut self, size: usize) -> Result<(), TryReserveError> {
        self.bytes.try_reserve_exact(size - self.bytes.len())?;
        self.parts.try_reserve_exact(PARTS - self.parts.len())
    }
}

/// Blocks of a [`Batch`] at most.
const PARTS: usize = HEAD / size_of::<Part>();

/// One block of a [`Batch`].
struct Part {
    /// Bytes of its header, of all of it, and of its data.
    header: usize,
    len: usize,
    stated: usize,
    /// Its number and where it begins, for errors.
    number: u64,
    offset: u64,
}

impl Supply for Gzip {
    type Tools = Tools;

    fn tools(&self) -> Tools {
        Tools { inflater: Inflater::new(), batch: Batch::default() }
    }

    fn name(&self) -> &Arc<str> {
        self.input.name()
    }

    /// Moves whole BGZF blocks out of the input, as many as fit into one block of data.
    fn take(&mut self, Tools { batch, .. }: &mut Tools) -> io::Result<Taken> {
        batch.bytes.clear();
        batch.parts.clear();
        if let Some(err) = self.pending.take() {
            return Err(err);
        }
        let mut room = self.size;
        match self.take_while_fits(batch, &mut room) {
            Err(e) if batch.parts.is_empty() => Err(e),
            Err(e) => {
                if e.kind() != io::ErrorKind::WouldBlock {
                    self.pending = Some(e);
                }
                Ok(Taken::Part)
            }
            Ok(()) if batch.parts.is_empty() => Ok(Taken::InOrder),
            Ok(()) => Ok(Taken::Part),
        }
    }

    /// Inflates them.
    fn work(tools: &mut Tools, name: &Arc<str>, block: &mut Block, size: usize) -> io::Result<Behind> {
        let Tools { inflater, batch } = tools;
        prepare(block, size).map_err(|e| out_of_memory(name, &e))?;
        let mut error = None;
        fill_with(block, size, &mut error, |out, end| {
            let mut at = 0;
            for part in &batch.parts {
                let bytes = &batch.bytes[at..at + part.len];
                inflate_block(inflater, part.header, bytes, &mut out[*end..*end + part.stated]).map_err(
                    |(kind, at)| {
                        let err = StreamError::new(kind, name).in_part(Format::Bgzf, part.number);
                        io::Error::from(err.at(part.offset + at as u64))
                    },
                )?;
                at += part.len;
                *end += part.stated;
            }
            Ok(())
        })?;
        Ok(error.map_or(Behind::More, Behind::Error))
    }
}

impl Gzip {
    fn take_while_fits(&mut self, batch: &mut Batch, room: &mut usize) -> io::Result<()> {
        loop {
            self.input.has_output(!batch.parts.is_empty());
            match self.state {
                State::Between => self.between()?,
                State::Header => self.header()?,
                State::Padding => self.padding()?,
                State::Block(header, len) => {
                    let stated = self.whole_block(len)?;
                    // Empty blocks take no room, but neither their bytes nor the list of them must pile up.
                    let full = batch.bytes.len() + len > self.size || batch.parts.len() == PARTS;
                    if stated > *room || full {
                        return Ok(());
                    }
                    batch.reserve(self.size).map_err(|e| out_of_memory(self.input.name(), &e))?;
                    *room -= stated;
                    batch.bytes.extend_from_slice(&self.input.data()[..len]);
                    let (number, offset) = (self.part, self.input.offset());
                    batch.parts.push(Part { header: header.len, len, stated, number, offset });
                    self.block_done(len, stated);
                }
                State::Body | State::Trailer | State::Finished => return Ok(()),
            }
        }
    }

    /// Reads until the whole block of `len` bytes is there; the bytes of data it states.
    fn whole_block(&mut self, len: usize) -> io::Result<usize> {
        self.need(len)?;
        let stated = stated_len(&self.input.data()[..len]);
        if stated > BLOCK_MAX {
            return Err(self.fault(StreamErrorKind::Length, self.input.offset() + (len - 4) as u64));
        }
        Ok(stated)
    }

    /// Goes on behind a block.
    fn block_done(&mut self, len: usize, stated: usize) {
        self.open_end = stated > 0;
        self.input.consume(len);
        self.state = State::Between;
    }

    /// A decoder of `input`, which begins with a member.
    pub(crate) fn new(input: Input, size: usize) -> Self {
        debug_assert!(size >= BLOCK_MAX);
        Self {
            input,
            inflater: Inflater::new(),
            state: State::Between,
            part: 0,
            format: Format::Gzip,
            open_end: false,
            check: Check::default(),
            unchecked: None,
            pos: 0,
            history: Vec::with_capacity(HISTORY),
            size,
            pending: None,
        }
    }

    /// An error in the current member at a compressed offset.
    fn fault(&self, kind: StreamErrorKind, offset: u64) -> io::Error {
        StreamError::new(kind, self.input.name()).in_part(self.format, self.part).at(offset).into()
    }

    /// Reads more input, of which there must be some.
    fn need_more(&mut self) -> io::Result<()> {
        if self.input.more()? == 0 {
            return Err(self.fault(StreamErrorKind::Truncated, self.input.end()));
        }
        Ok(())
    }

    /// Reads until the input holds `n` bytes.
    fn need(&mut self, n: usize) -> io::Result<()> {
        while self.input.data().len() < n {
            self.need_more()?;
        }
        Ok(())
    }

    /// Decodes behind `end` until `out` is full or the input ends.
    fn decode(&mut self, out: &mut [u8], end: &mut usize) -> io::Result<()> {
        loop {
            self.input.has_output(*end > HEAD);
            match self.state {
                State::Between => self.between()?,
                State::Header => {
                    self.header()?;
                    if let (State::Body, Some(unchecked)) = (self.state, &mut self.unchecked) {
                        unchecked.last = *end - HEAD;
                    }
                }
                State::Block(header, len) => {
                    if !self.block(header, len, out, end)? {
                        return Ok(());
                    }
                }
                State::Body => {
                    if !self.body(out, end)? {
                        return Ok(());
                    }
                }
                State::Trailer => self.trailer(&out[HEAD..*end])?,
                State::Padding => self.padding()?,
                State::Finished => return Ok(()),
            }
        }
    }

    fn between(&mut self) -> io::Result<()> {
        if self.input.data().is_empty() && self.input.more()? == 0 {
            self.input.counters().end_block_missing.store(self.open_end, Ordering::Relaxed);
            self.state = State::Finished;
            return Ok(());
        }
        if self.part > 0 && self.input.data()[0] == 0 {
            self.state = State::Padding;
            return Ok(());
        }
        match next_part(Format::Gzip, self.input.data()) {
            Next::Garbage => return Err(self.fault(StreamErrorKind::TrailingGarbage, self.input.offset())),
            Next::Unclear if self.input.more()? > 0 => return Ok(()),
            // The end inside the magic number is that of a header.
            Next::Part | Next::Unclear => {}
        }
        self.part += 1;
        self.format = Format::Gzip;
        self.state = State::Header;
        Ok(())
    }

    fn header(&mut self) -> io::Result<()> {
        match header::parse(self.input.data()) {
            Parsed::Whole(header) if header.len <= header::LONGEST => {
                if let Some(len) = header.block {
                    self.format = Format::Bgzf;
                    if len < header.len + TRAILER {
                        return Err(self.fault(StreamErrorKind::Header, self.input.offset()));
                    }
                    self.state = State::Block(header, len);
                } else {
                    self.input.consume(header.len);
                    self.inflater.start();
                    self.check = Check::default();
                    self.pos = 0;
                    self.open_end = false;
                    self.state = State::Body;
                }
                Ok(())
            }
            Parsed::Cut if self.input.data().len() <= header::LONGEST => self.need_more(),
            Parsed::Whole(_) | Parsed::Cut | Parsed::Bad => {
                Err(self.fault(StreamErrorKind::Header, self.input.offset()))
            }
        }
    }

    /// False when the block does not fit into `out`.
    fn block(&mut self, header: Header, len: usize, out: &mut [u8], end: &mut usize) -> io::Result<bool> {
        let stated = self.whole_block(len)?;
        let bytes = &self.input.data()[..len];
        let Some(room) = out.get_mut(*end..*end + stated) else { return Ok(false) };
        if let Err((kind, at)) = inflate_block(&mut self.inflater, header.len, bytes, room) {
            return Err(self.fault(kind, self.input.offset() + at as u64));
        }
        *end += stated;
        self.block_done(len, stated);
        Ok(true)
    }

    /// False when `out` is full.
    fn body(&mut self, out: &mut [u8], end: &mut usize) -> io::Result<bool> {
        if *end == out.len() {
            return Ok(false);
        }
        if self.input.data().is_empty() {
            self.need_more()?;
        }
        let step = self.inflater.run(self.input.data(), &mut out[*end - self.pos..]);
        if self.unchecked.is_none() {
            self.check.update(&out[*end..*end + step.produced]);
        }
        *end += step.produced;
        self.pos += step.produced;
        self.input.consume(step.consumed);
        match step.then {
            Then::Input => {}
            Then::Room => return Ok(false),
            Then::Done => self.state = State::Trailer,
            Then::Damaged => return Err(self.fault(StreamErrorKind::Data, self.input.offset())),
        }
        Ok(true)
    }

    /// `data` are those of the block so far.
    fn trailer(&mut self, data: &[u8]) -> io::Result<()> {
        self.need(TRAILER)?;
        let mut trailer = [0; TRAILER];
        trailer.copy_from_slice(&self.input.data()[..TRAILER]);
        let (part, offset) = (self.part, self.input.offset());
        let check = match &mut self.unchecked {
            None => Some(std::mem::take(&mut self.check)),
            Some(unchecked) => match data.get(unchecked.last..) {
                Some(whole) => {
                    unchecked.last = usize::MAX;
                    Some(Check::of(whole))
                }
                None => {
                    unchecked.first = data.len();
                    unchecked.seal = Some(Seal { trailer, part, offset });
                    None
                }
            },
        };
        if let Some(Err((kind, at))) = check.map(|check| check.verify(&trailer)) {
            return Err(self.fault(kind, offset + at as u64));
        }
        self.input.consume(TRAILER);
        self.state = State::Between;
        Ok(())
    }

    fn padding(&mut self) -> io::Result<()> {
        match self.input.padding()? {
            Padding::Open => {}
            Padding::Garbage => {
                return Err(self.fault(StreamErrorKind::TrailingGarbage, self.input.offset()));
            }
            Padding::Ended => self.state = State::Between,
        }
        Ok(())
    }

    /// Puts the history in front of the room of a new block.
    fn unpack_history(&mut self, out: &mut [u8]) {
        let held = self.history.len();
        if self.pos <= HISTORY {
            out[HEAD - held..HEAD].copy_from_slice(&self.history);
            return;
        }
        // The inflater moves it itself, from where it last had it.
        let buf = &mut out[HEAD - HISTORY..];
        buf[self.pos - HISTORY..self.pos].copy_from_slice(&self.history);
        self.inflater.slide(buf);
        self.pos = HISTORY;
    }
}

impl Fill for Gzip {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        if let Some(err) = self.pending.take() {
            return Err(err);
        }
        prepare(block, self.size).map_err(|e| out_of_memory(self.input.name(), &e))?;
        let mut pending = None;
        let filled = fill_with(block, self.size, &mut pending, |out, end| {
            if self.state == State::Body {
                self.unpack_history(out);
            }
            let result = self.decode(out, end);
            if self.state == State::Body {
                let held = self.pos.min(HISTORY);
                self.history.clear();
                self.history.extend_from_slice(&out[*end - held..*end]);
            }
            result
        });
        self.pending = pending;
        filled
    }

    fn fill_unchecked(&mut self, block: &mut Block, unchecked: &mut Unchecked) -> io::Result<usize> {
        let mut left = std::mem::take(unchecked);
        if self.check.has_begun() {
            left.before = Some(std::mem::take(&mut self.check));
        }
        self.unchecked = Some(left);
        let filled = self.fill(block);
        *unchecked = self.unchecked.take().unwrap_or_default();
        // A member that began before this block and goes on behind it.
        if matches!(self.state, State::Body | State::Trailer)
            && unchecked.seal.is_none()
            && unchecked.last > block.len()
        {
            unchecked.first = block.len();
        }
        filled
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests;
