//! bzip2 streams.
//!
//! Two habits of the decoder are kept from whoever reads. It takes input ahead of what it decodes, as much as it is given, so
//! it is given stretches that do not depend on the reads below. And a call in which it finds damage may not tell what it had
//! decoded before; so calls decode into a buffer of their own, and which calls there are depends on the input alone. At some
//! 30 MB/s of output the copy does not matter.

use bzip2::{Decompress, Status};

use super::{Codec, Failure, Step, difference};
use crate::memory::Allowance;
use crate::{Format, StreamErrorKind};

/// Bytes that a call decodes at most.
const OUTPUT: usize = 16 * 1024;

/// The decoder; a new one for each stream.
pub(crate) struct Bzip2 {
    inner: Option<Decompress>,
    buffer: Vec<u8>,
    /// What of the buffer was decoded and not passed on yet: from the first index up to the second.
    held: (usize, usize),
    /// How the stream ended, behind what is held.
    end: Option<Result<(), StreamErrorKind>>,
}

impl Bzip2 {
    pub(crate) fn new() -> Self {
        Self { inner: None, buffer: Vec::new(), held: (0, 0), end: None }
    }

    /// Decodes some of `input` into the buffer; returns the bytes taken.
    fn decode(&mut self, input: &[u8]) -> usize {
        let Some(inner) = &mut self.inner else { return 0 };
        let (was_in, was_out) = (inner.total_in(), inner.total_out());
        self.end = match inner.decompress(input, &mut self.buffer) {
            Ok(Status::StreamEnd) => Some(Ok(())),
            Ok(Status::MemNeeded) => Some(Err(StreamErrorKind::Memory)),
            Ok(_) => None,
            // The library does not tell a wrong checksum from data that decode to nothing.
            Err(_) => Some(Err(StreamErrorKind::Data)),
        };
        self.held = (0, difference(inner.total_out(), was_out));
        difference(inner.total_in(), was_in)
    }
}

impl Codec for Bzip2 {
    const FORMAT: Format = Format::Bzip2;
    const STRIDE: Option<usize> = Some(4096);

    fn memory(&self, start: &[u8]) -> Option<u64> {
        // `BZh9`: blocks of 900 kB, four bytes a byte of block, tables, and the buffer.
        start.get(3).map(|level| u64::from(level.saturating_sub(b'0')) * 400_000 + 100_000 + OUTPUT as u64)
    }

    fn begin(&mut self) -> Result<(), Failure> {
        self.inner = Some(Decompress::new(false));
        self.buffer.resize(OUTPUT, 0);
        (self.held, self.end) = ((0, 0), None);
        Ok(())
    }

    fn step(&mut self, input: &[u8], out: &mut [u8], _: &mut Allowance) -> Result<Step, Failure> {
        let idle = self.held.0 == self.held.1 && self.end.is_none();
        let consumed = if idle { self.decode(input) } else { 0 };
        let (from, to) = self.held;
        let produced = out.len().min(to - from);
        out[..produced].copy_from_slice(&self.buffer[from..from + produced]);
        self.held.0 += produced;
        let end = if self.held.0 == to { self.end.take() } else { None };
        // A whole block is decoded before any of it is put out, far more than the buffer takes at once.
        let holds_output = self.held.0 < to || to == OUTPUT;
        let step = Step { consumed, produced, done: end == Some(Ok(())), holds_output };
        match end {
            Some(Err(StreamErrorKind::Memory)) => Err(Failure::new(StreamErrorKind::Memory, step, &"out of memory")),
            Some(Err(kind)) => Err(Failure { kind, step, why: None }),
            _ => Ok(step),
        }
    }
}
