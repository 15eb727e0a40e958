//! Zstandard frames, skippable ones included.

use std::io;

use zstd::stream::raw::{DParameter, Decoder, Operation};

use super::{Codec, Failure, Step};
use crate::memory::Allowance;
use crate::{Format, StreamErrorKind};

/// Bytes of a frame that the decoder asks for first.
const FIRST: usize = 5;

/// Bytes of the decoder itself, its tables and literals included.
const DECODER: u64 = 96 * 1024;

/// Bytes of the smallest window, and of the largest block, which is never larger than the window.
const SMALLEST_WINDOW: u64 = 1024;
const LARGEST_BLOCK: u64 = 128 * 1024;

/// Bytes of a block's header.
const BLOCK_HEADER: usize = 3;

/// The largest window the library knows, on 64-bit machines; what is allowed is decided here, from the frame's header.
const WINDOW_LOG: u32 = if usize::BITS < 64 { 30 } else { 31 };

/// The decoder.
pub(crate) struct Zstd {
    inner: Decoder<'static>,
    /// Bytes that take the decoder to the end of a block or header. Given no more at once, it says exactly where an
    /// error stands and loses nothing of what came before; otherwise both would depend on how the input is cut.
    next: usize,
}

impl Zstd {
    pub(crate) fn new() -> io::Result<Self> {
        let mut inner = Decoder::new()?;
        inner.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))?;
        Ok(Self { inner, next: FIRST })
    }
}

impl Codec for Zstd {
    const FORMAT: Format = Format::Zstd;

    fn memory(&self, start: &[u8]) -> Option<u64> {
        if !start.starts_with(&[0x28]) {
            return Some(DECODER);
        }
        let window = window(start)?.max(SMALLEST_WINDOW);
        // One block before the window and one behind it, and one not yet decoded.
        Some(window.saturating_add(3 * window.min(LARGEST_BLOCK) + DECODER))
    }

    fn begin(&mut self) -> Result<(), Failure> {
        self.next = FIRST;
        self.inner.reinit().map_err(|e| Failure::new(StreamErrorKind::Data, Step::default(), &e))
    }

    fn step(&mut self, input: &[u8], out: &mut [u8], _: &mut Allowance) -> Result<Step, Failure> {
        let input = &input[..input.len().min(self.next)];
        match self.inner.run_on_buffers(input, out) {
            Ok(status) => {
                self.next = match status.remaining {
                    // It counts the next block's header in, and where that is damaged it would not tell the block before. Where
                    // it does not, at the last block, a checksum, a frame's header, the rest comes in another call.
                    n if n > BLOCK_HEADER => n - BLOCK_HEADER,
                    n => n.max(1),
                };
                let (consumed, produced) = (status.bytes_read, status.bytes_written);
                Ok(Step { consumed, produced, done: status.remaining == 0, holds_output: produced == out.len() })
            }
            Err(e) => {
                let why = e.to_string();
                let checksum = why.contains("checksum");
                let kind = if checksum { StreamErrorKind::Checksum } else { StreamErrorKind::Data };
                Err(Failure::new(kind, Step { consumed: input.len(), ..Step::default() }, &why))
            }
        }
    }
}

/// The window that a frame's header asks for; `None` when it is cut.
fn window(frame: &[u8]) -> Option<u64> {
    let descriptor = *frame.get(4)?;
    let single_segment = descriptor & 0x20 != 0;
    if !single_segment {
        let byte = *frame.get(5)?;
        let base = 1u64 << (10 + (byte >> 3));
        return Some(base + base / 8 * u64::from(byte & 7));
    }
    // The whole content is one segment, and its size stands behind the dictionary's number.
    let at = 5 + [0, 1, 2, 4][usize::from(descriptor & 3)];
    let len = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let field = frame.get(at..at + len)?;
    let mut size = [0; 8];
    size[..len].copy_from_slice(field);
    Some(u64::from_le_bytes(size).saturating_add(if len == 2 { 256 } else { 0 }))
}
