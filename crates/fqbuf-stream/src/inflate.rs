//! The inflate backend, and the only file that knows it: sirocco, streamed or a block at a time.
//!
//! Chosen among, GB/s of output on generated 150-base reads, gzip -6 (2-core Zen 4 guest, 2026-11-23, best of 5, each
//! with its CRC): sirocco 0.3.1 1.48 streamed through 64 KiB in and 256 KiB out, libdeflate 1.26 1.49 (C, whole files
//! only), flate2 over zlib-rs 1.07 to 1.12. On BGZF blocks: libdeflate 1.21 to 1.28, sirocco 1.15 to 1.24, zlib-rs 1.00
//! to 1.03. sirocco is safe Rust but for the call into code built for BMI2, decodes straight into the caller's buffer,
//! and agreed with zlib-rs on every one of some hundred thousand damaged streams, cut into random pieces.
//!
//! What it lacks is added here: where an error stands. A failing call says neither how far it came nor what it decoded,
//! and that would depend on how the input was cut into calls. The decoder is copied before each call (14 KiB, under a
//! thousandth of the call's time); when one fails, shorter and shorter inputs from the copy find the longest that does
//! not. What is delivered before an error is thus the same for any buffer size and read schedule.

use sirocco::Format;
use sirocco::inflate::{Decoder, Error};

/// How far back deflate data refer: what a buffer must hold of the output before it.
pub(crate) const HISTORY: usize = 32 * 1024;

/// What a call of [`Inflater::run`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Bytes of the input that are done with.
    pub(crate) consumed: usize,
    /// Bytes written behind those that were in the buffer.
    pub(crate) produced: usize,
    /// What comes next.
    pub(crate) then: Then,
}

/// Why a call of [`Inflater::run`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The input is used up.
    Input,
    /// The buffer is full.
    Room,
    /// The deflate data ended.
    Done,
    /// What follows the consumed bytes is no deflate data.
    Damaged,
}

/// A deflate decoder.
pub(crate) struct Inflater {
    decoder: Box<Decoder>,
    /// The decoder as it was before the current call.
    before: Box<Decoder>,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        let new = || Box::new(Decoder::new(Format::Deflate));
        Self { decoder: new(), before: new() }
    }

    /// Begins a new stream of deflate data.
    pub(crate) fn start(&mut self) {
        self.decoder.reset();
    }

    /// Decodes `input` into `buf`, which begins with all output of this stream so far, or what [`Inflater::slide`] left.
    pub(crate) fn run(&mut self, input: &[u8], buf: &mut [u8]) -> Step {
        self.before.clone_from(&self.decoder);
        if let Ok(step) = attempt(&mut self.decoder, input, buf) {
            return step;
        }
        // The longest input that decodes: `good` bytes do, `good + span` do not.
        let (mut good, mut span) = (0, input.len());
        while span > 1 {
            self.decoder.clone_from(&self.before);
            let middle = span / 2;
            if attempt(&mut self.decoder, &input[..good + middle], buf).is_ok() {
                good += middle;
                span -= middle;
            } else {
                span = middle;
            }
        }
        self.decoder.clone_from(&self.before);
        let step = attempt(&mut self.decoder, &input[..good], buf).ok();
        let produced = step.map_or(0, |s| s.produced);
        Step { consumed: good, produced, then: Then::Damaged }
    }

    /// Moves the last [`HISTORY`] bytes of output to the front of `buf`; the output before them is no longer needed.
    pub(crate) fn slide(&mut self, buf: &mut [u8]) {
        self.decoder.make_room(buf);
    }

    /// Decodes all of `input` as one whole stream of exactly `out.len()` bytes.
    ///
    /// # Errors
    /// What is wrong with it otherwise.
    pub(crate) fn whole(&mut self, input: &[u8], out: &mut [u8]) -> Result<(), Misfit> {
        let want = out.len();
        self.decoder.reset();
        match self.decoder.decompress(input, out, true) {
            Ok(p) if !p.done => Err(Misfit::Length),
            Ok(p) if p.output.len() != want => Err(Misfit::Length),
            Ok(p) if p.consumed != input.len() => Err(Misfit::Data),
            Ok(_) => Ok(()),
            Err(Error::BufferFull) => Err(Misfit::Length),
            Err(_) => Err(Misfit::Data),
        }
    }
}

/// What is wrong with a block that should inflate to a length known beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It is no deflate data, or ends early or late in the bytes it has.
    Data,
    /// It inflates to another length.
    Length,
}

/// One call of the decoder.
fn attempt(decoder: &mut Decoder, input: &[u8], buf: &mut [u8]) -> Result<Step, ()> {
    match decoder.decompress(input, buf, false) {
        Ok(p) => {
            let then = match (p.done, p.full) {
                (true, _) => Then::Done,
                (false, true) => Then::Room,
                (false, false) => Then::Input,
            };
            Ok(Step { consumed: p.consumed, produced: p.output.len(), then })
        }
        Err(Error::BufferFull) => Ok(Step { consumed: 0, produced: 0, then: Then::Room }),
        Err(_) => Err(()),
    }
}

#[cfg(test)]
mod tests;
