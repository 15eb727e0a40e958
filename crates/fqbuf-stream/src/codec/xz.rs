//! xz streams.

use liblzma::stream::{Action, Error, Status, Stream, TELL_UNSUPPORTED_CHECK};

use super::{Codec, Failure, Step};
use crate::memory::Allowance;
use crate::{Format, StreamErrorKind};

/// Memory that every stream is allowed from the start; dictionaries come on top when they turn up.
const BASE: u64 = 1 << 20;

/// The decoder; a new one for each stream.
pub(crate) struct Xz(Option<Stream>);

impl Xz {
    pub(crate) fn new() -> Self {
        Self(None)
    }
}

impl Codec for Xz {
    const FORMAT: Format = Format::Xz;

    fn memory(&self, _: &[u8]) -> Option<u64> {
        Some(BASE)
    }

    fn begin(&mut self) -> Result<(), Failure> {
        let stream = Stream::new_stream_decoder(BASE, TELL_UNSUPPORTED_CHECK);
        self.0 = Some(stream.map_err(|e| Failure::new(StreamErrorKind::Memory, Step::default(), &e))?);
        Ok(())
    }

    fn step(&mut self, input: &[u8], out: &mut [u8], allowance: &mut Allowance) -> Result<Step, Failure> {
        let Some(inner) = &mut self.0 else { return Ok(Step::default()) };
        let (was_in, was_out) = (inner.total_in(), inner.total_out());
        let result = inner.process(input, out, Action::Run);
        let (consumed, produced) = (difference(inner.total_in(), was_in), difference(inner.total_out(), was_out));
        let step = Step { consumed, produced, done: matches!(result, Ok(Status::StreamEnd)) };
        match result {
            Ok(_) => Ok(step),
            Err(Error::MemLimit) => {
                // How much it wants it does not say: twice as much, until it fits or is not allowed.
                loop {
                    let limit = inner.memlimit().saturating_mul(2);
                    allowance.need(limit).map_err(|e| Failure::new(StreamErrorKind::Memory, step, &e))?;
                    if inner.set_memlimit(limit).is_ok() {
                        break;
                    }
                    if limit == u64::MAX {
                        return Err(Failure::new(StreamErrorKind::Memory, step, &"no limit is enough"));
                    }
                }
                Ok(step)
            }
            Err(e) => {
                let kind = match e {
                    Error::Mem => StreamErrorKind::Memory,
                    Error::Format | Error::Options | Error::UnsupportedCheck => StreamErrorKind::Header,
                    _ => StreamErrorKind::Data,
                };
                Err(Failure::new(kind, step, &e))
            }
        }
    }
}

/// What a counter grew by in a step.
fn difference(now: u64, was: u64) -> usize {
    usize::try_from(now - was).unwrap_or(usize::MAX)
}
