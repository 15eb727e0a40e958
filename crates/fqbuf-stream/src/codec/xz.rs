//! xz streams.

use std::io;

use liblzma::stream::{Action, Error, Status, Stream, TELL_UNSUPPORTED_CHECK};

use super::{Codec, Failure, Step, difference};
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
    // Stream Padding: The .xz File Format 1.2.1, section 2.2.
    const PADDING: Option<u64> = Some(4);

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
        let mut at = 0;
        loop {
            let result = inner.process(&input[at..], &mut *out, Action::Run);
            let consumed = difference(inner.total_in(), was_in);
            let produced = difference(inner.total_out(), was_out);
            let done = matches!(result, Ok(Status::StreamEnd));
            let step = Step { consumed, produced, done, holds_output: produced == out.len() };
            match result {
                Ok(_) => return Ok(step),
                // At the head of a block, before any output of it. What a decoder wrote before is not written over.
                Err(Error::MemLimit) if produced > 0 => return Ok(step),
                Err(Error::MemLimit) => {
                    raise(inner, allowance).map_err(|why| Failure { kind: StreamErrorKind::Memory, step, why })?;
                    at = consumed;
                }
                Err(e) => {
                    let kind = match e {
                        Error::Mem => StreamErrorKind::Memory,
                        Error::Format | Error::Options | Error::UnsupportedCheck => StreamErrorKind::Header,
                        _ => StreamErrorKind::Data,
                    };
                    return Err(Failure::new(kind, step, &e));
                }
            }
        }
    }
}

/// Raises the decoder's limit to what it needs, if that is allowed. How much that is it does not say, only whether a limit is
/// enough; nothing is allocated before it goes on.
fn raise(inner: &mut Stream, allowance: &mut Allowance) -> Result<(), Option<io::Error>> {
    let (mut short, mut enough) = (inner.memlimit(), u64::MAX);
    while enough - short > 1 {
        let limit = u64::midpoint(short, enough);
        if inner.set_memlimit(limit).is_ok() { enough = limit } else { short = limit }
    }
    inner.set_memlimit(enough).map_err(|_| None)?;
    allowance.need(enough).map_err(Some)
}
