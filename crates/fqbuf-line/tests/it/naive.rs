//! Line readers that are wrong on purpose, one fault each: the tests named for a fault show that they would see it.
//!
//! Each is what one writes first. They share a buffer of fixed size in which the rest of a line is moved to the front.

use std::io::{self, ErrorKind, Read};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Nothing: right, for lines that fit the buffer.
    Nothing,
    /// A line is what a `\n` ends; the rest is forgotten.
    DropsUnterminated,
    /// `\r` is taken off where a read ends, not where a line does.
    StripsReads,
    /// `\r\n` is looked for as two bytes, so that a `\r` at the very end stays.
    WantsBoth,
    /// Any number of `\r` is trimmed.
    TrimsAll,
    /// A full buffer is read into all the same: nothing fits, which looks like the end.
    ReadsIntoNothing,
    /// A full buffer is given out as a line.
    CutsLines,
    /// Any error ends it.
    GivesUp,
    /// An error costs the line that was being read.
    DropsOnError,
    /// A read that does not fill the buffer is the last one.
    ShortReadIsEnd,
    /// The number that the reader returns is believed.
    Believes,
    /// The buffer is taken out of its place while the reader has it.
    TakesOut,
    /// Nothing read is not the end.
    GoesOnAfterEnd,
}

pub(crate) struct Naive {
    wrong: Wrong,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
}

impl Naive {
    pub(crate) fn new(wrong: Wrong, capacity: usize) -> Self {
        Self { wrong, buffer: vec![0; capacity], start: 0, end: 0, ended: false }
    }

    pub(crate) fn next_line(&mut self, reader: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
        loop {
            let held = &self.buffer[self.start..self.end];
            if let Some(n) = held.iter().position(|&byte| byte == b'\n') {
                let line = self.strip(&held[..n], true);
                self.start += n + 1;
                return Ok(Some(line));
            }
            let full = self.end - self.start == self.buffer.len();
            if self.ended || (full && self.wrong == Wrong::CutsLines) {
                if held.is_empty() || self.wrong == Wrong::DropsUnterminated {
                    return Ok(None);
                }
                let line = self.strip(held, false);
                self.start = self.end;
                return Ok(Some(line));
            }
            self.fill(reader)?;
        }
    }

    fn strip(&self, line: &[u8], terminated: bool) -> Vec<u8> {
        match self.wrong {
            Wrong::StripsReads => line.to_vec(),
            Wrong::WantsBoth if !terminated => line.to_vec(),
            Wrong::TrimsAll => line[..line.iter().rposition(|&byte| byte != b'\r').map_or(0, |i| i + 1)].to_vec(),
            _ => line.strip_suffix(b"\r").unwrap_or(line).to_vec(),
        }
    }

    fn fill(&mut self, reader: &mut impl Read) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() && self.wrong != Wrong::ReadsIntoNothing {
            self.buffer.resize(2 * self.end, 0);
        }
        let result = if self.wrong == Wrong::TakesOut {
            let mut buffer = std::mem::take(&mut self.buffer);
            let end = std::mem::take(&mut self.end);
            let result = reader.read(&mut buffer[end..]);
            (self.buffer, self.end) = (buffer, end);
            result
        } else if self.end == self.buffer.len() {
            Ok(0)
        } else {
            reader.read(&mut self.buffer[self.end..])
        };
        match result {
            Ok(n) => {
                let room = self.buffer.len() - self.end;
                if n > room && self.wrong != Wrong::Believes {
                    return Err(ErrorKind::InvalidData.into());
                }
                self.ended = match self.wrong {
                    Wrong::ShortReadIsEnd => n < room,
                    Wrong::GoesOnAfterEnd => n == 0 && self.end == 0,
                    _ => n == 0,
                };
                self.end += n;
                if self.wrong == Wrong::StripsReads && self.buffer[..self.end].ends_with(b"\r\n") {
                    self.buffer[self.end - 2] = b'\n';
                    self.end -= 1;
                }
                Ok(())
            }
            Err(e) if e.kind() == ErrorKind::Interrupted && self.wrong != Wrong::GivesUp => Ok(()),
            Err(e) => {
                if self.wrong == Wrong::DropsOnError {
                    self.end = 0;
                }
                Err(e)
            }
        }
    }
}
