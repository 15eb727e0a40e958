//! A thread that fills blocks while the caller works on the ones before.
//!
//! Blocks go round in a [hand-over](fqbuf_ring::handover): the caller swaps each for one it is done with. The thread runs
//! ahead by the blocks there are and then parks. Whether it is started at all may be left to a [`Trial`].
//!
//! What reading ahead costs beside decoding in the caller's thread: waking it for every block, 3 to 10 µs of the decoder's
//! time each; the memory of four blocks instead of one to be had from the system, 1 ms, once; their lines, which have left the
//! nearest cache. 100 MB of 150-base reads, gzip -6, decoded alone in 44.9 ms (2-core Zen 5 guest, 2026-11-25, medians of 13
//! interleaved processes): a caller that only counts bytes, and one that takes GC and mean quality of each record, 7 ms of work.
//!
//! | | bytes | records |
//! |---|---|---|
//! | in the caller's thread | 1.00 | 1.16 |
//! | a thread; wakes for each block, checks by itself | 1.07 | 1.11 |
//! | wakes for two blocks | 1.05 | 1.10 |
//! | and the caller compares checksums where it would wait | 1.04 | 1.07 |
//! | the same after a trial | 1.00 | 1.07 |
//! | with all memory there from the start | 1.02 | 1.04 |
//!
//! Rejected: waking for three of four blocks, 1.04; blocks of 384 and 256 KiB, 1.05 and records 1.11 to 1.13; five to twelve blocks of 256
//! and 128 KiB, woken for half of them, 1.03 to 1.07; memory made by the caller while it waits, 1.04 to 1.05; the block that came back last filled
//! first, 1.05; a nap of one and a half or two blocks' time instead of being woken, 1.06 and 1.09, as timers are late. A
//! spin that ends when a yield of the core took long changed nothing. In this guest both threads often stay on one core for
//! the first 4 to 20 ms, as the scheduler takes an idle core that was halted for a busy one; pinned to two, records take
//! 1.03 to 1.06.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fqbuf_line::Block;
use fqbuf_ring::handover::{self, HandoverError, Reader, Writer};

use crate::check::{Checker, Unchecked};
use crate::fill::Fill;
use crate::progress::Counters;
use crate::sync::thread::{self, JoinHandle};
use crate::{StreamError, StreamErrorKind};

/// Blocks that go round: one is filled, one waits, one is on its way back. The caller's is beside them.
pub(crate) const BLOCKS: usize = 3;

/// Filled blocks for which a sleeping caller is woken, when they come from a regular file, whose next bytes are not waited for.
pub(crate) const ENOUGH: usize = 2;

/// What it costs to hand a block over rather than fill it in the caller's thread, about.
const HAND_OVER: Duration = Duration::from_micros(15);

/// What goes round.
#[derive(Default)]
struct Filled {
    block: Block,
    /// What of it the caller has to check.
    unchecked: Unchecked,
    /// The reader below had nothing for the moment; the block is empty.
    would_block: bool,
}

/// How a thread is to run ahead.
pub(crate) struct How {
    pub(crate) name: Arc<str>,
    pub(crate) counters: Arc<Counters>,
    /// Filled blocks for which a sleeping caller is woken.
    pub(crate) enough: usize,
}

/// Finds out whether a thread is worth its while: not for a caller that does next to nothing with what it gets.
pub(crate) struct Trial {
    how: How,
    /// Blocks that the caller was given.
    blocks: u32,
    /// When it was given the last.
    given: Option<Instant>,
    /// How long it was busy with them.
    busy: Duration,
}

impl Trial {
    /// How the thread is to run ahead.
    pub(crate) fn how(self) -> How {
        self.how
    }

    pub(crate) fn new(how: How) -> Self {
        Self { how, blocks: 0, given: None, busy: Duration::ZERO }
    }

    /// Whether the caller, who is back for more, is busy enough for a thread.
    pub(crate) fn is_over(&mut self) -> bool {
        self.busy += self.given.take().map_or(Duration::ZERO, |given| given.elapsed());
        self.busy > HAND_OVER * self.blocks
    }

    /// Fills a block in the caller's thread, for which that waits.
    pub(crate) fn fill(&mut self, fill: &mut dyn Fill, block: &mut Block) -> io::Result<usize> {
        self.how.counters.caller_waits.fetch_add(1, Ordering::Relaxed);
        let filled = fill.fill(block);
        self.blocks += 1;
        self.given = Some(Instant::now());
        filled
    }
}

/// The caller's end.
pub(crate) struct Ahead {
    /// `None` only while it is dropped.
    reader: Option<Reader<Filled>>,
    /// `None` only while it is dropped.
    thread: Option<JoinHandle<()>>,
    checker: Checker,
    name: Arc<str>,
    counters: Arc<Counters>,
    /// How often the caller had waited before the thread was started.
    waited: u64,
}

impl Ahead {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's refusal.
    pub(crate) fn start(fill: Box<dyn Fill>, how: How) -> io::Result<Self> {
        let How { name, counters, enough } = how;
        let blocks = std::iter::repeat_with(Filled::default).take(BLOCKS);
        let (writer, reader) = handover::channel(blocks, |filled| {
            filled.block.clear();
            filled.unchecked = Unchecked::default();
            filled.would_block = false;
        });
        let theirs = Arc::clone(&counters);
        let work = move || run(fill, writer, enough, &theirs);
        let thread = thread::Builder::new().name("fqbuf-ahead".into()).spawn(work)?;
        let waited = counters.caller_waits.load(Ordering::Relaxed);
        Ok(Self { reader: Some(reader), thread: Some(thread), checker: Checker::default(), name, counters, waited })
    }

    /// Puts the next filled block into `current`, whose memory goes back; 0 at the verified end of input. An error behind the
    /// data is put into `pending`.
    pub(crate) fn next(&mut self, current: &mut Block, pending: &mut Option<io::Error>) -> io::Result<usize> {
        let Some(reader) = &mut self.reader else { return Ok(0) };
        let waits = reader.waits();
        self.counters.caller_waits.store(self.waited + waits.reader.waits, Ordering::Relaxed);
        self.counters.decoder_waits.store(waits.writer.waits, Ordering::Relaxed);
        loop {
            match reader.next() {
                Ok(Some(batch)) => {
                    let filled = batch.into_mut();
                    std::mem::swap(current, &mut filled.block);
                    if let Err((sound, e)) = self.checker.compare(current.data(), &filled.unchecked, &self.name) {
                        current.truncate(sound);
                        if sound == 0 {
                            return Err(e.into());
                        }
                        *pending = Some(e.into());
                    } else if filled.would_block {
                        return Err(io::ErrorKind::WouldBlock.into());
                    }
                    // A block may hold nothing but what there is to check.
                    if !current.is_empty() {
                        return Ok(current.len());
                    }
                }
                Ok(None) => return Ok(0),
                Err(HandoverError::Failed(e)) => return Err(HandoverError::Failed(e).into()),
                Err(lost) => {
                    let err = StreamError::new(StreamErrorKind::Panicked, &self.name);
                    return Err(err.because(lost.into()).into());
                }
            }
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
fn run(mut fill: Box<dyn Fill>, mut writer: Writer<Filled>, enough: usize, counters: &Counters) {
    // How often the caller has waited, and for how many blocks it has not.
    let (mut waits, mut busy) = (counters.caller_waits.load(Ordering::Relaxed), 0);
    loop {
        let Ok(mut filled) = writer.buffer() else { return };
        let Filled { block, unchecked, would_block } = &mut *filled;
        let over = match fill.fill_unchecked(block, unchecked) {
            Ok(0) => Some(Ok(())),
            Ok(_) => None,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                *would_block = true;
                None
            }
            Err(e) => Some(Err(e)),
        };
        let before = std::mem::replace(&mut waits, counters.caller_waits.load(Ordering::Relaxed));
        busy = if waits == before { busy + 1 } else { 0 };
        if busy > BLOCKS {
            // It would be kept from its work.
            unchecked.add_up(block.data());
        }
        // With the end may come a trailer to be checked.
        let there = over.is_none() || unchecked.seal.is_some();
        let lazily = over.is_none() && !*would_block;
        if there && filled.publish_lazily(if lazily { enough } else { 1 }).is_err() {
            return;
        }
        match over {
            None => {}
            Some(Ok(())) => return writer.finish(),
            Some(Err(e)) => {
                // Without a reader nobody is left to tell.
                let _ = writer.fail(e);
                return;
            }
        }
    }
}
