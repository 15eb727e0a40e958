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

//!
//! **Where the cores are far apart**, a word to the other in 190 ns instead of 25 (2026-11-26), the thread writes to lines that it
//! has to fetch from the caller's caches, and takes 300 µs for a block of 230: the same records take 62 to 65 ms with it and 47
//! without (near: 45 and 48). Blocks of 384 to 128 KiB take 61 to 65, of 1 MiB 64, twice as many of them 63, a thread that
//! checks by itself 70; new memory for every block 48, and near 1 to 4 more. So the thread compares what it takes with what
//! the trial took, the caller's work included, and where that was less the decoder goes back to the caller: 49 to 51.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fqbuf_line::Block;
use fqbuf_ring::handover::{self, HandoverError, Reader, Writer};

use crate::check::{Checker, Unchecked};
use crate::fill::Fill;
use crate::progress::Counters;
use crate::spawn::spawn;
use crate::sync::mutant;
use crate::sync::thread::JoinHandle;
use crate::{StreamError, StreamErrorKind};

/// Blocks that go round: one is filled, one waits, one is on its way back. The caller's is beside them.
pub(crate) const BLOCKS: usize = 3;

/// Filled blocks for which a sleeping caller is woken, when they come from a regular file, whose next bytes are not waited for.
pub(crate) const ENOUGH: usize = 2;

/// What it costs to hand a block over rather than fill it in the caller's thread, about.
const HAND_OVER: Duration = if cfg!(shuttle) { Duration::ZERO } else { Duration::from_micros(15) };

/// Blocks of a trial at least: the first takes longer, for its memory is new.
const TRIAL: u32 = if cfg!(shuttle) { 1 } else { 3 };

/// Blocks that the thread fills before its pace counts, as their memory is new, and those that it is taken from.
const PACED: std::ops::Range<u32> = if cfg!(shuttle) { 0..1 } else { 4..8 };

/// What goes round.
#[derive(Default)]
struct Filled {
    block: Block,
    /// What of it the caller has to check.
    unchecked: Unchecked,
    /// The reader below had nothing for the moment; the block is empty.
    would_block: bool,
    /// The decoder, that the caller goes on with after this block.
    back: Option<Box<dyn Fill>>,
}

/// How a thread is to run ahead.
pub(crate) struct How {
    pub(crate) name: Arc<str>,
    pub(crate) counters: Arc<Counters>,
    /// Filled blocks for which a sleeping caller is woken.
    pub(crate) enough: usize,
    /// What a byte takes without the thread, the caller's work included; nothing where the thread is to stay.
    pub(crate) alone: Option<Pace>,
}

/// Nanoseconds a byte.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Pace(f64);

impl Pace {
    fn of(time: Duration, bytes: usize) -> Self {
        Self(time.as_secs_f64() * 1e9 / bytes.max(1) as f64)
    }
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
    /// Bytes in them.
    bytes: usize,
    /// The least that a byte of a block took to fill.
    least: Option<Pace>,
}

impl Trial {
    /// How the thread is to run ahead, and what would be without it.
    pub(crate) fn how(self) -> How {
        let busy = Pace::of(self.busy, self.bytes);
        let alone = |least: Pace| if cfg!(shuttle) { Pace(0.0) } else { Pace(least.0 + busy.0) };
        How { alone: self.least.map(alone), ..self.how }
    }

    pub(crate) fn new(how: How) -> Self {
        Self { how, blocks: 0, given: None, busy: Duration::ZERO, bytes: 0, least: None }
    }

    /// Whether the caller, who is back for more, is busy enough for a thread.
    pub(crate) fn is_over(&mut self) -> bool {
        self.busy += self.given.take().map_or(Duration::ZERO, |given| given.elapsed());
        self.blocks >= TRIAL && self.busy >= HAND_OVER * self.blocks
    }

    /// Fills a block in the caller's thread, for which that waits.
    pub(crate) fn fill(&mut self, fill: &mut dyn Fill, block: &mut Block) -> io::Result<usize> {
        self.how.counters.caller_waits.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let filled = fill.fill(block);
        let now = Instant::now();
        if let Ok(bytes @ 1..) = filled {
            let pace = Pace::of(now - begun, bytes);
            self.least = self.least.filter(|least| *least < pace).or(Some(pace));
            self.bytes += bytes;
        }
        self.blocks += 1;
        self.given = Some(now);
        filled
    }
}

/// The caller's end.
pub(crate) struct Ahead {
    /// `None` while the decoder is here, or this is dropped.
    reader: Option<Reader<Filled>>,
    /// As the reader.
    thread: Option<JoinHandle<()>>,
    /// The decoder, since it came back.
    back: Option<Box<dyn Fill>>,
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
    /// The decoder, for the caller to go on with where the system refuses a thread.
    pub(crate) fn start(fill: Box<dyn Fill>, how: How) -> Result<Self, Box<dyn Fill>> {
        let How { name, counters, enough, alone } = how;
        let blocks = std::iter::repeat_with(Filled::default).take(BLOCKS);
        let (writer, reader) = handover::channel(blocks, |filled| {
            filled.block.clear();
            filled.unchecked = Unchecked::default();
            filled.would_block = false;
            filled.back = None;
        });
        let theirs = Arc::clone(&counters);
        let work = move |(fill, writer)| run(fill, writer, enough, alone, &theirs);
        let thread = spawn("fqbuf-ahead".into(), (fill, writer), work).map_err(|(fill, _)| fill)?;
        let waited = counters.caller_waits.load(Ordering::Relaxed);
        let (reader, thread) = (Some(reader), Some(thread));
        Ok(Self { reader, thread, back: None, checker: Checker::default(), name, counters, waited })
    }

    /// Puts the next filled block into `current`, whose memory goes back; 0 at the verified end of input. An error behind the
    /// data is put into `pending`.
    pub(crate) fn next(&mut self, current: &mut Block, pending: &mut Option<io::Error>) -> io::Result<usize> {
        loop {
            let mut unchecked = Unchecked::default();
            let (would_block, over) = if let Some(fill) = &mut self.back {
                self.counters.caller_waits.fetch_add(1, Ordering::Relaxed);
                outcome(fill.fill_unchecked(current, &mut unchecked))
            } else {
                let Some(reader) = &mut self.reader else { return Ok(0) };
                let waits = reader.waits();
                self.counters.caller_waits.store(self.waited + waits.reader.waits, Ordering::Relaxed);
                self.counters.decoder_waits.store(waits.writer.waits, Ordering::Relaxed);
                match reader.next() {
                    Ok(Some(batch)) => {
                        let filled = batch.into_mut();
                        std::mem::swap(current, &mut filled.block);
                        std::mem::swap(&mut unchecked, &mut filled.unchecked);
                        let would_block = filled.would_block;
                        self.back = filled.back.take();
                        if self.back.is_some() {
                            self.end();
                        }
                        (would_block, None)
                    }
                    Ok(None) => return Ok(0),
                    Err(HandoverError::Failed(e)) => return Err(HandoverError::Failed(e).into()),
                    Err(lost) => {
                        let err = StreamError::new(StreamErrorKind::Panicked, &self.name);
                        return Err(err.because(lost.into()).into());
                    }
                }
            };
            if let Err((sound, e)) = self.checker.compare(current.data(), &unchecked, &self.name) {
                current.truncate(sound);
                if sound == 0 {
                    return Err(e.into());
                }
                *pending = Some(e.into());
            } else if would_block {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            // A block may hold nothing but what there is to check.
            if !current.is_empty() {
                return Ok(current.len());
            }
            match over {
                None => {}
                Some(end) => return end.map(|()| 0),
            }
        }
    }

    /// Ends the thread.
    #[cold]
    fn end(&mut self) {
        // Without its reader the writer ends at its next block.
        self.reader = None;
        if let Some(thread) = self.thread.take() {
            // A panic was told to the reader already.
            let _ = thread.join();
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether the reader below had nothing for the moment, and how it ended, if it did, of what came of a block.
fn outcome(filled: io::Result<usize>) -> (bool, Option<io::Result<()>>) {
    match filled {
        Ok(0) => (false, Some(Ok(()))),
        Ok(_) => (false, None),
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => (true, None),
        Err(e) => (false, Some(Err(e))),
    }
}

/// Whether the thread is slower than the caller would be without it.
struct Race {
    alone: Option<Pace>,
    /// Blocks for which the caller waited.
    blocks: u32,
    /// What those of them that count took.
    time: Duration,
    bytes: usize,
}

impl Race {
    fn new(alone: Option<Pace>) -> Self {
        Self { alone, blocks: 0, time: Duration::ZERO, bytes: 0 }
    }

    /// Takes one more block into account, and tells whether the decoder should go back.
    fn is_lost(&mut self, time: Duration, bytes: usize) -> bool {
        if PACED.contains(&self.blocks) {
            self.time += time;
            self.bytes += bytes;
        }
        self.blocks = (self.blocks + 1).min(PACED.end);
        self.blocks == PACED.end && self.alone.take().is_some_and(|alone| Pace::of(self.time, self.bytes) >= alone)
    }
}

/// The thread: fills until the end, an error, nobody wants more, or the caller had better do it.
fn run(mut fill: Box<dyn Fill>, mut writer: Writer<Filled>, enough: usize, alone: Option<Pace>, counters: &Counters) {
    let mut race = Race::new(alone);
    // How often the caller has waited, and for how many blocks it has not.
    let (mut waits, mut busy) = (counters.caller_waits.load(Ordering::Relaxed), 0);
    loop {
        let Ok(mut filled) = writer.buffer() else { return };
        let begun = Instant::now();
        let Filled { block, unchecked, .. } = &mut *filled;
        let (would_block, over) = outcome(fill.fill_unchecked(block, unchecked));
        let (took, bytes) = (begun.elapsed(), block.len());
        let before = std::mem::replace(&mut waits, counters.caller_waits.load(Ordering::Relaxed));
        busy = if waits == before { busy + 1 } else { 0 };
        if busy > BLOCKS {
            // It would be kept from its work.
            unchecked.add_up(block.data());
        }
        filled.would_block = would_block;
        let goes_on = over.is_none() && !would_block;
        if goes_on && busy == 0 && race.is_lost(took, bytes) {
            if mutant("decoder-back-without-block") {
                filled.block.clear();
            }
            filled.back = Some(fill);
            // Without a reader nobody is left to go on.
            let _ = filled.publish();
            return writer.finish();
        }
        // With the end may come a trailer to be checked.
        let there = over.is_none() || filled.unchecked.seal.is_some();
        if there && filled.publish_lazily(if goes_on { enough } else { 1 }).is_err() {
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

#[cfg(all(test, feature = "gzip", not(shuttle)))]
mod tests;
