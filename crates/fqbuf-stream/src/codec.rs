//! zstd, bzip2 and xz: part after part, through one loop over three small decoders.
//!
//! The loop knows what they share: parts follow each other, zeros may follow the last (in xz, any), an end of input inside one is a
//! truncation, decoders may hold output back when their input is used up, and one that makes no headway must not spin.

#[cfg(feature = "bzip2")]
pub(crate) mod bzip2;
#[cfg(feature = "xz")]
pub(crate) mod xz;
#[cfg(feature = "zstd")]
pub(crate) mod zstd;

use std::io;

use fqbuf_line::Block;

use crate::fill::{Fill, HEAD, fill_with, prepare};
use crate::format::{Next, next_part};
use crate::input::{Input, Padding, out_of_memory};
use crate::memory::Allowance;
use crate::{Format, StreamError, StreamErrorKind};

/// A decoder of one format's parts.
pub(crate) trait Codec: Send {
    /// What it decodes.
    const FORMAT: Format;

    /// Where the input of a step ends, unless the file does: at a multiple of so many bytes from the start of the part. For
    /// a decoder that reads ahead as far as it can, so that where it fails would depend on what the input was cut into.
    /// `None` for one that does not.
    const STRIDE: Option<usize> = None;

    /// Zeros that stand together, where parts may follow them; `None` where any number may, behind the last part alone.
    const PADDING: Option<u64> = None;

    /// Bytes of memory that the part which begins with `start` needs beside its output; `None` when `start` is too short
    /// to tell.
    fn memory(&self, start: &[u8]) -> Option<u64>;

    /// Begins a part.
    fn begin(&mut self) -> Result<(), Failure>;

    /// Decodes some of `input` into `out`, neither more than a bounded piece at once. The result must not depend on how
    /// the input was cut into calls.
    fn step(&mut self, input: &[u8], out: &mut [u8], allowance: &mut Allowance) -> Result<Step, Failure>;
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Step {
    pub(crate) consumed: usize,
    pub(crate) produced: usize,
    /// The part ended, its checksum included.
    pub(crate) done: bool,
    /// The decoder may have more output of what it consumed.
    pub(crate) holds_output: bool,
}

/// Why a step failed; what it did before that counts.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: StreamErrorKind,
    pub(crate) step: Step,
    /// What the decoder said.
    pub(crate) why: Option<io::Error>,
}

impl Failure {
    pub(crate) fn new(kind: StreamErrorKind, step: Step, why: &impl ToString) -> Self {
        Self { kind, step, why: Some(io::Error::other(why.to_string())) }
    }
}

/// What a counter of a library grew by in a step.
#[cfg(any(feature = "bzip2", feature = "xz"))]
fn difference(now: u64, was: u64) -> usize {
    usize::try_from(now - was).unwrap_or(usize::MAX)
}

/// Where in the file the decoder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before a part or the end.
    Between,
    /// At the start of a part.
    Start,
    /// Inside one.
    Inside,
    /// In the zeros behind one.
    Padding,
    /// At the end.
    Finished,
}

/// The loop.
pub(crate) struct Coded<C> {
    input: Input,
    codec: C,
    allowance: Allowance,
    state: State,
    /// Number of the current part, from 1.
    part: u64,
    /// Offset of its start.
    part_start: u64,
    /// Offset of the zeros behind it.
    padding_start: u64,
    /// The decoder may have more output of what it consumed. It is asked for that without more input, for which the reader
    /// might fail or the caller wait; and a call that fails may not tell what it has put out before.
    holds_output: bool,
    /// Bytes of data in a block that is filled.
    size: usize,
    /// An error that the data before it have overtaken.
    pending: Option<io::Error>,
}

impl<C: Codec> Coded<C> {
    /// A decoder of `input`, which begins with a part.
    pub(crate) fn new(input: Input, codec: C, allowance: Allowance, size: usize) -> Self {
        Self {
            input,
            codec,
            allowance,
            state: State::Between,
            part: 0,
            part_start: 0,
            padding_start: 0,
            holds_output: false,
            size,
            pending: None,
        }
    }

    fn fault(&self, kind: StreamErrorKind, offset: u64) -> StreamError {
        StreamError::new(kind, self.input.name()).in_part(C::FORMAT, self.part).at(offset)
    }

    fn failure(&self, failure: Failure) -> io::Error {
        let fault = self.fault(failure.kind, self.input.offset());
        match failure.why {
            Some(why) => fault.because(why).into(),
            None => fault.into(),
        }
    }

    /// Reads more input, of which there must be some.
    fn need_more(&mut self) -> io::Result<()> {
        if self.input.more()? == 0 {
            return Err(self.fault(StreamErrorKind::Truncated, self.input.end()).into());
        }
        Ok(())
    }

    /// Decodes behind `end` until `out` is full or the input ends.
    fn decode(&mut self, out: &mut [u8], end: &mut usize) -> io::Result<()> {
        loop {
            self.input.has_output(*end > HEAD);
            match self.state {
                State::Between => self.between()?,
                State::Start => self.start()?,
                State::Inside => {
                    if *end == out.len() {
                        return Ok(());
                    }
                    self.inside(out, end)?;
                }
                State::Padding => self.padding()?,
                State::Finished => return Ok(()),
            }
        }
    }

    fn between(&mut self) -> io::Result<()> {
        if self.input.data().is_empty() && self.input.more()? == 0 {
            self.state = State::Finished;
            return Ok(());
        }
        if self.part > 0 && self.input.data()[0] == 0 {
            self.padding_start = self.input.offset();
            self.state = State::Padding;
            return Ok(());
        }
        match next_part(C::FORMAT, self.input.data()) {
            Next::Part => {
                self.part += 1;
                self.part_start = self.input.offset();
                self.codec.begin().map_err(|failure| self.failure(failure))?;
                self.state = State::Start;
                Ok(())
            }
            Next::Garbage => Err(self.fault(StreamErrorKind::TrailingGarbage, self.input.offset()).into()),
            Next::Unclear if self.input.more()? == 0 => {
                self.part += 1;
                Err(self.fault(StreamErrorKind::Truncated, self.input.end()).into())
            }
            Next::Unclear => Ok(()),
        }
    }

    fn start(&mut self) -> io::Result<()> {
        let Some(bytes) = self.codec.memory(self.input.data()) else { return self.need_more() };
        if let Err(why) = self.allowance.need(bytes) {
            return Err(self.fault(StreamErrorKind::Memory, self.input.offset()).because(why).into());
        }
        self.holds_output = false;
        self.state = State::Inside;
        Ok(())
    }

    /// Bytes of input for the next step; 0 when there are none yet, or no more.
    fn stretch(&mut self) -> io::Result<usize> {
        let Some(stride) = C::STRIDE else { return Ok(self.input.data().len()) };
        let done = self.input.offset() - self.part_start;
        let wanted = stride - usize::try_from(done % stride as u64).unwrap_or(0);
        while self.input.data().len() < wanted {
            match self.input.more() {
                Ok(0) => break,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Err(e),
                // The input says it again, behind what comes of the bytes before.
                Err(_) => break,
            }
        }
        Ok(self.input.data().len().min(wanted))
    }

    fn inside(&mut self, out: &mut [u8], end: &mut usize) -> io::Result<()> {
        let given = if self.holds_output { 0 } else { self.stretch()? };
        if given == 0 && !self.holds_output {
            // Not even the beginning of a stretch is there.
            self.need_more()?;
            return Ok(());
        }
        let result = self.codec.step(&self.input.data()[..given], &mut out[*end..], &mut self.allowance);
        let step = match &result {
            Ok(step) => *step,
            Err(failure) => failure.step,
        };
        *end += step.produced;
        self.input.consume(step.consumed);
        if let Err(failure) = result {
            return Err(self.failure(failure));
        }
        if step.done {
            self.state = State::Between;
        } else if given > 0 && step.consumed == 0 && step.produced == 0 {
            return Err(self.fault(StreamErrorKind::Data, self.input.offset()).into());
        }
        self.holds_output = step.holds_output;
        Ok(())
    }

    fn padding(&mut self) -> io::Result<()> {
        let follows = self.input.padding()?;
        let zeros = self.input.offset() - self.padding_start;
        let whole = C::PADDING.is_none_or(|together| zeros.is_multiple_of(together));
        self.state = match follows {
            Padding::Open => State::Padding,
            Padding::Ended if whole => State::Finished,
            Padding::Garbage if whole && C::PADDING.is_some() => State::Between,
            Padding::Ended | Padding::Garbage => {
                return Err(self.fault(StreamErrorKind::TrailingGarbage, self.input.offset()).into());
            }
        };
        Ok(())
    }
}

impl<C: Codec> Fill for Coded<C> {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        if let Some(err) = self.pending.take() {
            return Err(err);
        }
        prepare(block, self.size).map_err(|e| out_of_memory(self.input.name(), &e))?;
        let mut pending = None;
        let filled = fill_with(block, self.size, &mut pending, |out, end| self.decode(out, end));
        self.pending = pending;
        filled
    }
}
