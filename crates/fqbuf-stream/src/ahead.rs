//! A thread that fills blocks while the caller works on the ones before.
//!
//! Blocks go round in a [hand-over](fqbuf_ring::handover): the caller swaps each for one it is done with. The thread runs
//! ahead by the blocks there are and then parks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fqbuf_line::Block;
use fqbuf_ring::handover::{self, HandoverError, Reader, Writer};

use crate::fill::Fill;
use crate::progress::Counters;
use crate::sync::thread::{self, JoinHandle};
use crate::{StreamError, StreamErrorKind};

/// Blocks that go round: one is filled, one waits, one is on its way back. The caller's is beside them.
pub(crate) const BLOCKS: usize = 3;

/// What goes round.
#[derive(Default)]
struct Filled {
    block: Block,
    /// The reader below had nothing for the moment; the block is empty.
    would_block: bool,
}

/// The caller's end.
pub(crate) struct Ahead {
    /// `None` only while it is dropped.
    reader: Option<Reader<Filled>>,
    /// `None` only while it is dropped.
    thread: Option<JoinHandle<()>>,
    name: Arc<str>,
    counters: Arc<Counters>,
}

impl Ahead {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's refusal.
    pub(crate) fn start(fill: Box<dyn Fill>, name: Arc<str>, counters: Arc<Counters>) -> io::Result<Self> {
        let blocks = std::iter::repeat_with(Filled::default).take(BLOCKS);
        let (writer, reader) = handover::channel(blocks, |filled| {
            filled.block.clear();
            filled.would_block = false;
        });
        let thread = thread::Builder::new().name("fqbuf-ahead".into()).spawn(move || run(fill, writer))?;
        Ok(Self { reader: Some(reader), thread: Some(thread), name, counters })
    }

    /// Puts the next filled block into `current`, whose memory goes back; 0 at the verified end of input.
    pub(crate) fn next(&mut self, current: &mut Block) -> io::Result<usize> {
        let Some(reader) = &mut self.reader else { return Ok(0) };
        let waits = reader.waits();
        self.counters.caller_waits.store(waits.reader.waits, Ordering::Relaxed);
        self.counters.decoder_waits.store(waits.writer.waits, Ordering::Relaxed);
        match reader.next() {
            Ok(Some(batch)) => {
                let filled = batch.into_mut();
                if filled.would_block {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                std::mem::swap(current, &mut filled.block);
                Ok(current.len())
            }
            Ok(None) => Ok(0),
            Err(HandoverError::Failed(e)) => Err(HandoverError::Failed(e).into()),
            Err(lost) => Err(StreamError::new(StreamErrorKind::Panicked, &self.name).because(lost.into()).into()),
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // Without its reader the writer ends at its next block.
        self.reader = None;
        if let Some(thread) = self.thread.take() {
            // A panic was told to the reader already.
            let _ = thread.join();
        }
    }
}

/// The thread: fills until the end, an error, or nobody wants more.
fn run(mut fill: Box<dyn Fill>, mut writer: Writer<Filled>) {
    loop {
        let Ok(mut filled) = writer.buffer() else { return };
        match fill.fill(&mut filled.block) {
            Ok(0) => return writer.finish(),
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => filled.would_block = true,
            Err(e) => {
                // Without a reader nobody is left to tell.
                let _ = writer.fail(e);
                return;
            }
        }
        if filled.publish().is_err() {
            return;
        }
    }
}
