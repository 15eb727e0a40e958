//! The compressed side: a reader, its bytes not yet decoded, and where they stand in the input.
//!
//! Every read of the crate happens here, so this is where interrupted reads are retried, claims are checked, a panic of
//! the reader becomes an error, and the end or a failure, once seen, stays (a reader that goes on after it is never asked).

use std::any::Any;
use std::collections::TryReserveError;
use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fqbuf_line::{Block, PAGE};

use crate::progress::Counters;
use crate::{StreamError, StreamErrorKind};

/// Bytes asked of the reader at once. Streaming gzip, 16 KiB are 2 % slower than 64 KiB, and 128 KiB and more are like
/// those; the window must hold a BGZF block of 64 KiB beside the start of the next.
pub(crate) const WINDOW: usize = 128 * 1024;

/// Bytes of memory of the window.
pub(crate) const MEMORY: usize = WINDOW + 2 * PAGE;

/// Most bytes that are held when more is read: those of a gzip header that is not whole.
pub(crate) const HELD: usize = 96 * 1024;

/// A reader with the bytes read ahead of the decoder.
pub(crate) struct Input {
    /// `None` once it ended, failed for good or panicked.
    reader: Option<Box<dyn Read + Send>>,
    /// How it failed or panicked.
    failed: Option<StreamError>,
    /// Bytes read and not yet decoded.
    window: Block,
    /// Bytes read from the reader; the window's last byte stands just before that offset.
    end: u64,
    /// The name errors carry.
    name: Arc<str>,
    counters: Arc<Counters>,
    /// The reader, when it is a regular file.
    file: Option<Arc<File>>,
    /// There is output, which must not wait for a read.
    held_back: bool,
}

/// What follows the zeros behind a member.
pub(crate) enum Padding {
    /// Bytes that were not looked at yet.
    Open,
    /// Something else than zeros.
    Garbage,
    /// The end of input.
    Ended,
}

impl Input {
    pub(crate) fn new(reader: Box<dyn Read + Send>, name: Arc<str>, counters: Arc<Counters>) -> Self {
        Self {
            reader: Some(reader),
            failed: None,
            window: Block::new(),
            end: 0,
            name,
            counters,
            file: None,
            held_back: false,
        }
    }

    /// The input of a regular file.
    pub(crate) fn of_file(file: File, name: Arc<str>, counters: Arc<Counters>) -> Self {
        let file = Arc::new(file);
        Self { file: Some(Arc::clone(&file)), ..Self::new(Box::new(file), name, counters) }
    }

    /// The file, when it is a regular one.
    pub(crate) fn file(&self) -> Option<&Arc<File>> {
        self.file.as_ref()
    }

    /// The bytes read and not yet decoded.
    pub(crate) fn data(&self) -> &[u8] {
        self.window.data()
    }

    /// Marks the first `n` of them decoded.
    pub(crate) fn consume(&mut self, n: usize) {
        debug_assert!(n <= self.window.len());
        self.window.consume(n);
    }

    /// Offset of the first of them in the input.
    pub(crate) fn offset(&self) -> u64 {
        self.end - self.window.len() as u64
    }

    /// Offset of the end of what was read.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Says whether there is output that is not handed out yet. While there is, a reader that may wait for its bytes, as all may
    /// but regular files, is not asked for more: what was flushed into a pipe is to be had while the other end waits for an answer.
    pub(crate) fn has_output(&mut self, output: bool) {
        self.held_back = output && self.file.is_none();
    }

    /// Reads at least one more byte behind those there; 0 at the end of input, now and ever after, as a failure is. `WouldBlock`
    /// where [output](Self::has_output) is to be handed out before.
    pub(crate) fn more(&mut self) -> io::Result<usize> {
        if self.reader.is_none() {
            return self.over();
        }
        if self.held_back {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        // As much as there is room for beside what is held, so that the window never grows: no decoder leaves more than a header.
        let room = WINDOW - self.window.len().min(HELD);
        self.window.make_room(room).map_err(|e| out_of_memory(&self.name, &e))?;
        // Out of `self` while it is read into; a panicking reader is caught below, so it always comes back.
        let mut window = std::mem::take(&mut self.window);
        // Never more, so that what follows in a plain file begins on a page boundary.
        let read = self.read(&mut window.spare()[..room]);
        if let Ok(n) = read {
            window.commit(n);
        }
        self.window = window;
        read
    }

    /// Passes the zeros that stand here, and reads more.
    pub(crate) fn padding(&mut self) -> io::Result<Padding> {
        let data = self.data();
        let zeros = data.iter().take_while(|&&b| b == 0).count();
        let all = zeros == data.len();
        self.consume(zeros);
        if !all {
            return Ok(Padding::Garbage);
        }
        Ok(if self.more()? == 0 { Padding::Ended } else { Padding::Open })
    }

    /// As [`Input::pass_on`], leaving the size of the read to `block`.
    pub(crate) fn read_block(&mut self, block: &mut Block) -> io::Result<usize> {
        if self.window.is_empty() {
            return block.read_from(&mut Direct(self));
        }
        self.pass_on(block, usize::MAX)
    }

    /// Fills `block` behind what it holds: with the bytes there are, or else with one read straight into it.
    pub(crate) fn pass_on(&mut self, block: &mut Block, at_most: usize) -> io::Result<usize> {
        let n = if self.window.is_empty() {
            let spare = block.spare();
            let room = spare.len().min(at_most);
            let n = self.read(&mut spare[..room])?;
            block.commit(n);
            n
        } else {
            let n = block.append(&self.window.data()[..self.window.len().min(at_most)]);
            self.window.consume(n);
            if self.window.is_empty() {
                // A plain input reads straight from here on.
                self.window = Block::new();
            }
            n
        };
        Ok(n)
    }

    /// How the input came to its end.
    fn over(&self) -> io::Result<usize> {
        self.failed.clone().map_or(Ok(0), |err| Err(err.into()))
    }

    /// One read into `into`, which is not empty.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        debug_assert!(!into.is_empty());
        let Some(reader) = self.reader.as_mut() else { return self.over() };
        let room = into.len();
        loop {
            let err = match catch_unwind(AssertUnwindSafe(|| reader.read(into))) {
                Ok(Ok(0)) => {
                    self.reader = None;
                    return Ok(0);
                }
                Ok(Ok(n)) if n <= room => {
                    self.end += n as u64;
                    self.counters.compressed.fetch_add(n as u64, Ordering::Relaxed);
                    return Ok(n);
                }
                Ok(Err(e)) if e.kind() == io::ErrorKind::Interrupted => continue,
                Ok(Err(e)) if e.kind() == io::ErrorKind::WouldBlock => return Err(e),
                Ok(Err(e)) => StreamError::new(StreamErrorKind::Read, &self.name).because(e),
                Ok(Ok(n)) => {
                    let claim = io::Error::other(format!("{n} bytes of {room}"));
                    StreamError::new(StreamErrorKind::Overclaim, &self.name).because(claim)
                }
                Err(payload) => {
                    let said = io::Error::other(message(&*payload));
                    StreamError::new(StreamErrorKind::Panicked, &self.name).because(said)
                }
            };
            self.reader = None;
            self.failed = Some(err.at(self.end));
            return self.over();
        }
    }
}

/// The allocator's refusal as an error of the input called `name`.
pub(crate) fn out_of_memory(name: &Arc<str>, refusal: &TryReserveError) -> io::Error {
    let why = io::Error::new(io::ErrorKind::OutOfMemory, refusal.to_string());
    StreamError::new(StreamErrorKind::Memory, name).because(why).into()
}

/// The reader below, guarded, without the window.
struct Direct<'a>(&'a mut Input);

impl Read for Direct<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

/// What a panic said.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}
