//! Readers that deliver as they please. None of them forgives an empty slice: a real one would report the end of input.

use std::io::{self, ErrorKind, Read};

/// Delivers `data` in pieces that end where `cuts` says, and wherever the room ends.
pub(crate) struct Pieces<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) at: usize,
    /// Bit `i`: a piece ends before byte `i`.
    pub(crate) cuts: u64,
}

impl<'a> Pieces<'a> {
    pub(crate) fn new(data: &'a [u8], cuts: u64) -> Self {
        Self { data, at: 0, cuts }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(!buf.is_empty(), "asked to read nothing");
        let mut n = 0;
        while n < buf.len() && self.at < self.data.len() && (n == 0 || self.cuts >> self.at & 1 == 0) {
            buf[n] = self.data[self.at];
            self.at += 1;
            n += 1;
        }
        Ok(n)
    }
}

/// Delivers `data`, at most `step` bytes at a time.
pub(crate) struct Steps<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) step: usize,
}

impl Read for Steps<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(!buf.is_empty(), "asked to read nothing");
        let n = self.data.len().min(self.step).min(buf.len());
        buf[..n].copy_from_slice(&self.data[..n]);
        self.data = &self.data[n..];
        Ok(n)
    }
}

/// What a reader may do instead of delivering bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Interrupted,
    WouldBlock,
    Error,
    End,
    Overclaim,
    Panic,
}

pub(crate) const FAULTS: [Fault; 6] =
    [Fault::Interrupted, Fault::WouldBlock, Fault::Error, Fault::End, Fault::Overclaim, Fault::Panic];

/// Delivers `data`, at most `step` bytes at a time, with one fault before the byte at `at`.
pub(crate) struct Faulty<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) step: usize,
    pub(crate) at: usize,
    pub(crate) fault: Option<Fault>,
    pub(crate) delivered: usize,
}

impl<'a> Faulty<'a> {
    pub(crate) fn new(data: &'a [u8], step: usize, at: usize, fault: Fault) -> Self {
        Self { data, step, at, fault: Some(fault), delivered: 0 }
    }
}

impl Read for Faulty<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(!buf.is_empty(), "asked to read nothing");
        let mut room = self.step.min(buf.len());
        if self.fault.is_some() {
            if self.delivered == self.at {
                // A reader may write to the slice whatever it then says.
                buf.fill(b'\n');
                match self.fault.take() {
                    Some(Fault::Interrupted) => return Err(ErrorKind::Interrupted.into()),
                    Some(Fault::WouldBlock) => return Err(ErrorKind::WouldBlock.into()),
                    Some(Fault::Error) => return Err(io::Error::other("disk on fire")),
                    Some(Fault::Overclaim) => return Ok(buf.len() + 1),
                    // A panic without its message.
                    Some(Fault::Panic) => std::panic::resume_unwind(Box::new(())),
                    Some(Fault::End) | None => return Ok(0),
                }
            }
            room = room.min(self.at - self.delivered);
        }
        let n = room.min(self.data.len() - self.delivered);
        buf[..n].copy_from_slice(&self.data[self.delivered..][..n]);
        self.delivered += n;
        Ok(n)
    }
}
