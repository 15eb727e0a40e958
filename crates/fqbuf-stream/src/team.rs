//! Several threads that inflate BGZF blocks, delivered in the order of the file.
//!
//! There is no reading thread: whichever worker is free takes the source's lock, moves a batch of whole compressed blocks
//! out of it, gets its number, and inflates after it has let go. The caller waits for the numbers in order. A worker takes
//! the block it will fill before it takes a number, so the lowest number is never without one, and no more is in flight
//! than there are blocks. What is not BGZF (a plain member in between) is decoded under the lock, in order.
//!
//! Of a regular file, where no read waits for anybody, the caller does not wait either as long as there is something to
//! inflate: it does what a worker does. Records of BGZF through a pipeline of two threads, one of them inflating: 1.79 GB/s
//! when the other slept, as fast as one thread alone (1.67); see the benchmarks for what it has now.
//!
//! Plain locks: they are taken twice for some 512 KiB of output, under a thousandth of the time. A hand-over for each worker, and
//! one for the order, was as fast (2-core Zen 5 guest, 2026-11-25, two threads: 5.1 to 5.6 ms against 5.0 to 5.6), but the
//! caller cannot help what others have begun.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fqbuf_line::Block;

use crate::fill::Fill;
use crate::gzip::{Batch, Gzip, Taken};
use crate::inflate::Inflater;
use crate::input::message;
use crate::progress::Counters;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError, mutant};
use crate::{StreamError, StreamErrorKind};

/// Blocks for so many that inflate: each fills one while another waits to be read, and the caller has one.
pub(crate) const fn blocks(workers: usize) -> usize {
    2 * workers + 1
}

/// The caller's end.
pub(crate) struct Team {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// What the caller inflates with, when it helps.
    helper: Option<Tools>,
}

/// What one that inflates has for itself.
struct Tools {
    inflater: Inflater,
    batch: Batch,
}

impl Tools {
    fn new() -> Self {
        Self { inflater: Inflater::new(), batch: Batch::default() }
    }
}

struct Shared {
    source: Mutex<Source>,
    board: Mutex<Board>,
    /// Signalled when the entry that the caller waits for may be there.
    ready: Condvar,
    /// Signalled when a block comes back, and when it is over.
    free: Condvar,
    name: Arc<str>,
    counters: Arc<Counters>,
    /// Bytes of data in a block.
    size: usize,
}

/// The compressed side.
struct Source {
    gzip: Gzip,
    /// The number of the next entry.
    next: u64,
    /// The last number was given out: to the end of input or an error.
    over: bool,
}

/// The decompressed side.
struct Board {
    /// The number of the first of the entries.
    first: u64,
    /// What came back, by number; `None` for those still at work.
    entries: VecDeque<Option<Entry>>,
    /// Blocks to fill.
    free: Vec<Block>,
    /// Nothing more is wanted, or nothing more will come.
    closed: bool,
    /// What a worker panicked with: its entry will not come.
    lost: Option<String>,
}

/// What a number stands for.
enum Entry {
    /// Data, and the error behind them.
    Data(Block, Option<io::Error>),
    /// The end of input.
    End,
    /// The reader below had nothing for the moment. Holds its block, so that there are never more of these than blocks.
    WouldBlock(Block),
}

impl Team {
    /// Starts `threads` workers, which the caller helps or not.
    ///
    /// # Errors
    /// The system's refusal of the first of them; with fewer than asked for it goes on.
    pub(crate) fn start(
        gzip: Gzip,
        threads: usize,
        helps: bool,
        size: usize,
        counters: Arc<Counters>,
    ) -> io::Result<Self> {
        let name = Arc::clone(gzip.name());
        // The caller's block takes part: it comes back for the first entry.
        let free = std::iter::repeat_with(Block::new).take(blocks(threads + usize::from(helps)) - 1).collect();
        let board = Board { first: 0, entries: VecDeque::new(), free, closed: false, lost: None };
        let shared = Arc::new(Shared {
            source: Mutex::new(Source { gzip, next: 0, over: false }),
            board: Mutex::new(board),
            ready: Condvar::new(),
            free: Condvar::new(),
            name,
            counters,
            size,
        });
        let mut team = Self { shared, threads: Vec::with_capacity(threads), helper: helps.then(Tools::new) };
        for n in 0..threads {
            let shared = Arc::clone(&team.shared);
            let thread = thread::Builder::new().name(format!("fqbuf-inflate-{n}"));
            match thread.spawn(move || shared.work()) {
                Ok(thread) => team.threads.push(thread),
                Err(e) if n == 0 => return Err(e),
                Err(_) => break,
            }
        }
        Ok(team)
    }

    /// Puts the next filled block into `current`, whose memory goes back; 0 at the verified end of input.
    pub(crate) fn next(&mut self, current: &mut Block, pending: &mut Option<io::Error>) -> io::Result<usize> {
        loop {
            match self.shared.take_entry(self.helper.as_mut())? {
                Entry::End => return Ok(0),
                Entry::WouldBlock(block) => {
                    self.shared.give_back(block);
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Entry::Data(mut block, error) => {
                    std::mem::swap(current, &mut block);
                    self.shared.give_back(block);
                    match (current.len(), error) {
                        // Empty blocks only.
                        (0, None) => {}
                        (0, Some(error)) => return Err(error),
                        (n, error) => {
                            *pending = error;
                            return Ok(n);
                        }
                    }
                }
            }
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.close();
        for thread in self.threads.drain(..) {
            // A panic was told to the caller already.
            let _ = thread.join();
        }
    }
}

/// A lock, also when its holder panicked: what that left undone is told by [`Board::lost`].
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts one wait.
fn waited(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Shared {
    /// A worker.
    fn work(&self) {
        let mut tools = Tools::new();
        while let Some(block) = self.take_block() {
            if !self.work_on(block, &mut tools) {
                return;
            }
        }
    }

    /// Fills one block; false when there is nothing more to do. A panic is left for the caller to be told.
    fn work_on(&self, block: Block, tools: &mut Tools) -> bool {
        catch_unwind(AssertUnwindSafe(|| self.fill(block, tools))).unwrap_or_else(|payload| {
            let mut board = lock(&self.board);
            board.lost = Some(message(&*payload));
            board.closed = true;
            drop(board);
            self.ready.notify_all();
            self.free.notify_all();
            false
        })
    }

    fn fill(&self, mut block: Block, Tools { inflater, batch }: &mut Tools) -> bool {
        let mut source = lock(&self.source);
        if source.over {
            return false;
        }
        let number = source.next;
        source.next += 1;
        let entry = match source.gzip.take(batch) {
            Ok(Taken::Batch) => {
                drop(source);
                match batch.inflate(inflater, &self.name, &mut block, self.size) {
                    Ok(error) => Entry::Data(block, error),
                    Err(error) => {
                        block.clear();
                        Entry::Data(block, Some(error))
                    }
                }
            }
            Ok(Taken::InOrder) => match source.gzip.fill(&mut block) {
                Ok(0) => {
                    source.over = true;
                    Entry::End
                }
                Ok(_) => Entry::Data(block, None),
                Err(e) => source.failed(block, e),
            },
            Err(e) => source.failed(block, e),
        };
        self.put_entry(number, entry);
        true
    }

    /// A block to fill; waits for one, `None` when it is over.
    fn take_block(&self) -> Option<Block> {
        let mut board = lock(&self.board);
        loop {
            if board.closed {
                return None;
            }
            if let Some(block) = board.free.pop() {
                return Some(block);
            }
            waited(&self.counters.decoder_waits);
            board = self.free.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn give_back(&self, block: Block) {
        let mut board = lock(&self.board);
        board.free.push(block);
        drop(board);
        if !mutant("block-untold") {
            self.free.notify_one();
        }
    }

    fn put_entry(&self, number: u64, entry: Entry) {
        let mut board = lock(&self.board);
        // The caller takes entries in order, so this one is not below the first.
        let at = usize::try_from(number - board.first).expect("no more entries than blocks");
        if board.entries.len() <= at {
            board.entries.resize_with(at + 1, || None);
        }
        board.closed |= matches!(entry, Entry::End | Entry::Data(_, Some(_)));
        let closed = board.closed;
        board.entries[at] = Some(entry);
        drop(board);
        if closed {
            self.free.notify_all();
        }
        if at == 0 && !mutant("entry-untold") {
            self.ready.notify_one();
        }
    }

    /// The next entry; waits for it, or helps while it is not there.
    fn take_entry(&self, mut helper: Option<&mut Tools>) -> io::Result<Entry> {
        let mut board = lock(&self.board);
        loop {
            if let Some(Some(_)) = board.entries.front()
                && let Some(Some(entry)) = board.entries.pop_front()
            {
                board.first += 1;
                return Ok(entry);
            }
            if let Some(said) = &board.lost {
                let err = StreamError::new(StreamErrorKind::Panicked, &self.name);
                return Err(err.because(io::Error::other(said.clone())).into());
            }
            if !board.closed
                && let Some(tools) = helper.as_deref_mut()
                && let Some(block) = board.free.pop()
            {
                drop(board);
                if !self.work_on(block, tools) {
                    helper = None;
                }
                board = lock(&self.board);
                continue;
            }
            waited(&self.counters.caller_waits);
            board = self.ready.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        lock(&self.board).closed = true;
        if !mutant("close-untold") {
            self.free.notify_all();
        }
    }
}

impl Source {
    /// What an error of the input stands for.
    fn failed(&mut self, mut block: Block, error: io::Error) -> Entry {
        if error.kind() == io::ErrorKind::WouldBlock {
            return Entry::WouldBlock(block);
        }
        self.over = true;
        block.clear();
        Entry::Data(block, Some(error))
    }
}
