//! bzip2 streams.

use bzip2::{Decompress, Status};

use super::{Codec, Failure, Step};
use crate::memory::Allowance;
use crate::{Format, StreamErrorKind};

/// The decoder; a new one for each stream.
pub(crate) struct Bzip2(Option<Decompress>);

impl Bzip2 {
    pub(crate) fn new() -> Self {
        Self(None)
    }
}

impl Codec for Bzip2 {
    const FORMAT: Format = Format::Bzip2;
    const TELLS_WHERE: bool = false;

    fn memory(&self, start: &[u8]) -> Option<u64> {
        // `BZh9`: blocks of 900 kB, four bytes a byte of block, and tables.
        start.get(3).map(|level| u64::from(level.saturating_sub(b'0')) * 400_000 + 100_000)
    }

    fn begin(&mut self) -> Result<(), Failure> {
        self.0 = Some(Decompress::new(false));
        Ok(())
    }

    fn step(&mut self, input: &[u8], out: &mut [u8], _: &mut Allowance) -> Result<Step, Failure> {
        let Some(inner) = &mut self.0 else { return Ok(Step::default()) };
        let (was_in, was_out) = (inner.total_in(), inner.total_out());
        let result = inner.decompress(input, out);
        let (consumed, produced) = (difference(inner.total_in(), was_in), difference(inner.total_out(), was_out));
        let step = Step { consumed, produced, done: matches!(result, Ok(Status::StreamEnd)) };
        match result {
            Ok(Status::MemNeeded) => Err(Failure::new(StreamErrorKind::Memory, step, &"out of memory")),
            Ok(_) => Ok(step),
            // The library does not tell a wrong checksum from data that decode to nothing.
            Err(_) => Err(Failure { kind: StreamErrorKind::Data, step, why: None }),
        }
    }
}

/// What a counter grew by in a step.
fn difference(now: u64, was: u64) -> usize {
    usize::try_from(now - was).unwrap_or(usize::MAX)
}
