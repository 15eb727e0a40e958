//! Several threads that fill blocks with parts of one input, delivered in its order: parts of BGZF, or of a plain file.
//!
//! There is no reading thread: whichever worker is free takes the supply's lock, takes a part out of it (whole compressed
//! blocks; an offset), gets its number, and fills its block after it has let go. The caller waits for the numbers in order. A
//! worker takes the block it will fill before it takes a number, so the lowest number is never without one, and no more is in
//! flight than there are blocks. What cannot be taken apart (a plain member of gzip between blocks) is decoded under the lock,
//! in order.
//!
//! Of a regular file, where no read waits for anybody, the caller does not wait either as long as there is something to do: it
//! does what a worker does. Records of BGZF through a pipeline of two threads, one of them inflating: 1.79 GB/s when the other
//! slept, as fast as one thread alone (1.67). For plain files see `pieces.rs`.
//!
//! A team need not have threads: those of several callers, who take entries by turns, may fill blocks before they do, until the
//! next entry is one of their own. Others' entries are taken when no block is left to fill, so nobody waits while there is work;
//! 96 of 100 are then taken by who has filled them. GC and mean quality of records of BGZF, two threads in all, GB/s, medians
//! of 4 to 9 rounds in each state of the guest, which changes by itself: its cores reach each other in 25 ns, or in 220 (2-core
//! Zen 5 guest, 2026-11-26; `cargo xtask bench stream --row bgzf-records` prints both figures):
//!
//! | | 25 ns | 220 ns |
//! |---|---|---|
//! | a thread that inflates, and a caller that helps and parses | 3.47 | 2.87 |
//! | this: two callers that fill what they take, 5 blocks of 256 KiB | 3.48 | 3.36 |
//! | blocks, and those of the pipeline, go back to who had them | 3.42 | 3.34 |
//! | 4, 7 and 9 blocks | 3.46, 3.50, 3.52 | 7: 3.36 |
//! | blocks of 128 and 512 KiB | 3.44, 3.36 | 3.34, 3.30 |
//! | compressed bytes read by 64 and 32 KiB instead of 128 | 3.37, 3.41 | 3.36, 3.34 |
//! | compressed bytes read into memory of who takes them | 3.38 | 3.33 |
//! | nobody woken who does not sleep, one lock less | | 3.34 |
//! | helicase, which knows all blocks from an index | 3.36 | 3.37 |
//! | twice what one thread has, while another does the same | 3.59 | |
//!
//! Plain locks: they are taken twice for some 256 KiB of output, under a thousandth of the time. A hand-over for each worker, and
//! one for the order, was as fast (2-core Zen 5 guest, 2026-11-25, two threads: 5.1 to 5.6 ms against 5.0 to 5.6), but the
//! caller cannot help what others have begun.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fqbuf_line::Block;
use fqbuf_pool::Charge;

use crate::fill::Fill;
use crate::input::message;
use crate::progress::Counters;
use crate::spawn::spawn;
use crate::sync::thread::JoinHandle;
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError, mutant};
use crate::{StreamError, StreamErrorKind};

/// What a team takes its work from: taken in order, under a lock.
pub(crate) trait Supply: Fill + 'static {
    /// What one has for itself: a part that was taken, and what it is worked on with.
    type Tools: Send;

    fn tools(&self) -> Self::Tools;

    /// The input's name.
    fn name(&self) -> &Arc<str>;

    /// Takes the next part.
    ///
    /// # Errors
    /// What is wrong with the input, once no sound part stands before it.
    fn take(&mut self, tools: &mut Self::Tools) -> io::Result<Taken>;

    /// Fills `block` with the part that was taken.
    ///
    /// # Errors
    /// What is wrong with the part, when there are no data before it.
    fn work(tools: &mut Self::Tools, name: &Arc<str>, block: &mut Block, size: usize) -> io::Result<Behind>;
}

/// What there was to take.
pub(crate) enum Taken {
    /// A part.
    Part,
    /// What comes next can only be decoded in order, by [`Fill::fill`]; or the input ended.
    InOrder,
}

/// What comes behind the data of a part.
pub(crate) enum Behind {
    /// The next part.
    More,
    /// The end of input, whatever others take for their parts.
    End,
    Error(io::Error),
}

/// How a team works.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Threads of the team's own. Without any, others help: see [`Helper`].
    pub(crate) threads: usize,
    /// Whether the caller works where it would wait.
    pub(crate) helps: bool,
    /// Blocks that go round, the caller's among them.
    pub(crate) blocks: usize,
    /// Bytes of data in a block.
    pub(crate) size: usize,
}

/// The caller's end.
pub(crate) struct Team<S: Supply> {
    shared: Arc<Shared<S>>,
    threads: Vec<JoinHandle<()>>,
    /// What the caller works with, when it helps.
    helper: Option<S::Tools>,
    /// The end of input was reached.
    ended: bool,
}

struct Shared<S> {
    source: Mutex<Source<S>>,
    board: Mutex<Board>,
    /// Signalled when the first entry may be there: the caller waits for it, and those who help.
    ready: Condvar,
    /// Signalled when a block comes back, and when it is over.
    free: Condvar,
    /// Whether others help, who wait for a block where they wait for the first entry.
    helped: bool,
    name: Arc<str>,
    counters: Arc<Counters>,
    /// Bytes of data in a block.
    size: usize,
    /// The memory of all blocks, as long as anybody has one.
    _charge: Option<Charge>,
}

/// The compressed side.
struct Source<S> {
    supply: S,
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
    /// Data, and what is behind them.
    Data(Block, Behind),
    /// The end of input.
    End,
    /// The reader below had nothing for the moment. Holds its block, so that there are never more of these than blocks.
    WouldBlock(Block),
}

impl<S: Supply> Team<S> {
    /// Starts the threads, or as many as the system has; where that refuses the first, the caller does their work.
    pub(crate) fn start(supply: S, plan: Plan, counters: Arc<Counters>, charge: Option<Charge>) -> Self {
        let name = Arc::clone(supply.name());
        let helper = plan.helps.then(|| supply.tools());
        // The caller's block takes part: it comes back for the first entry.
        let free = std::iter::repeat_with(Block::new).take(plan.blocks - 1).collect();
        let board = Board { first: 0, entries: VecDeque::new(), free, closed: false, lost: None };
        let tools: Vec<_> = std::iter::repeat_with(|| supply.tools()).take(plan.threads).collect();
        let shared = Arc::new(Shared {
            source: Mutex::new(Source { supply, next: 0, over: false }),
            board: Mutex::new(board),
            ready: Condvar::new(),
            free: Condvar::new(),
            helped: plan.threads == 0,
            name,
            counters,
            size: plan.size,
            _charge: charge,
        });
        let mut team = Self { shared, threads: Vec::with_capacity(plan.threads), helper, ended: false };
        for (n, tools) in tools.into_iter().enumerate() {
            let shared = Arc::clone(&team.shared);
            match spawn(format!("fqbuf-ahead-{n}"), tools, move |tools| shared.work(tools)) {
                Ok(thread) => team.threads.push(thread),
                Err(tools) => {
                    if n == 0 {
                        team.helper = Some(tools);
                    }
                    break;
                }
            }
        }
        team
    }

    /// What another thread helps with.
    pub(crate) fn helper(&self) -> Helper<S> {
        let tools = lock(&self.shared.source).supply.tools();
        Helper { shared: Arc::clone(&self.shared), tools, filled: VecDeque::new() }
    }

    /// Puts the next filled block into `current`, whose memory goes back; 0 at the verified end of input.
    pub(crate) fn next(&mut self, current: &mut Block, pending: &mut Option<io::Error>) -> io::Result<usize> {
        while !self.ended {
            match self.shared.take_entry(self.helper.as_mut())? {
                Entry::End => self.ended = true,
                Entry::WouldBlock(block) => {
                    self.shared.give_back(block);
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Entry::Data(mut block, then) => {
                    std::mem::swap(current, &mut block);
                    self.shared.give_back(block);
                    self.ended = matches!(then, Behind::End);
                    let n = current.len();
                    match then {
                        Behind::Error(error) if n == 0 => return Err(error),
                        Behind::Error(error) => *pending = Some(error),
                        Behind::More | Behind::End => {}
                    }
                    // Blocks may be empty, as those of BGZF are that mark an end.
                    if n > 0 {
                        return Ok(n);
                    }
                }
            }
        }
        Ok(0)
    }
}

impl<S: Supply> Drop for Team<S> {
    fn drop(&mut self) {
        self.shared.close();
        for thread in self.threads.drain(..) {
            // A panic was told to the caller already.
            let _ = thread.join();
        }
    }
}

/// What one of several callers fills blocks with before it takes the next one.
pub(crate) struct Helper<S: Supply> {
    shared: Arc<Shared<S>>,
    tools: S::Tools,
    /// Numbers of the entries that it has filled and that may not be taken yet.
    filled: VecDeque<u64>,
}

/// Helps, whatever there is to fill.
pub(crate) trait Help: Send {
    /// Fills blocks until the first entry is one of its own, or there is no block to fill.
    fn help(&mut self);
}

impl<S: Supply> Help for Helper<S> {
    fn help(&mut self) {
        self.shared.help(&mut self.tools, &mut self.filled);
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

impl<S: Supply> Shared<S> {
    /// A worker.
    fn work(&self, mut tools: S::Tools) {
        while let Some(block) = self.take_block() {
            if self.work_on(block, &mut tools).is_none() {
                return;
            }
        }
    }

    /// Fills one block and gives its number, `None` when there is nothing more to do. A panic is left for the caller to be told.
    fn work_on(&self, block: Block, tools: &mut S::Tools) -> Option<u64> {
        catch_unwind(AssertUnwindSafe(|| self.fill(block, tools))).unwrap_or_else(|payload| {
            let mut board = lock(&self.board);
            board.lost = Some(message(&*payload));
            board.closed = true;
            drop(board);
            self.ready.notify_all();
            self.free.notify_all();
            None
        })
    }

    fn fill(&self, mut block: Block, tools: &mut S::Tools) -> Option<u64> {
        let mut source = lock(&self.source);
        if source.over {
            return None;
        }
        let number = source.next;
        source.next += 1;
        let entry = match source.supply.take(tools) {
            Ok(Taken::Part) => {
                drop(source);
                match S::work(tools, &self.name, &mut block, self.size) {
                    Ok(then) => Entry::Data(block, then),
                    Err(error) => {
                        block.clear();
                        Entry::Data(block, Behind::Error(error))
                    }
                }
            }
            Ok(Taken::InOrder) => match source.supply.fill(&mut block) {
                Ok(0) => {
                    source.over = true;
                    Entry::End
                }
                Ok(_) => Entry::Data(block, Behind::More),
                Err(e) => source.failed(block, e),
            },
            Err(e) => source.failed(block, e),
        };
        self.put_entry(number, entry);
        Some(number)
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
        if self.helped {
            self.ready.notify_all();
        } else if !mutant("block-untold") {
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
        board.closed |= matches!(entry, Entry::End | Entry::Data(_, Behind::End | Behind::Error(_)));
        let closed = board.closed;
        board.entries[at] = Some(entry);
        drop(board);
        if closed {
            self.free.notify_all();
        }
        if at == 0 && !mutant("entry-untold") {
            self.ready.notify_all();
        }
    }

    /// Fills blocks until the first entry is one of the `filled`, or there is no block to fill.
    fn help(&self, tools: &mut S::Tools, filled: &mut VecDeque<u64>) {
        let mut board = lock(&self.board);
        while !board.closed {
            let there = matches!(board.entries.front(), Some(Some(_)));
            while filled.front().is_some_and(|&number| number < board.first) {
                filled.pop_front();
            }
            if there && filled.front() == Some(&board.first) {
                return;
            }
            if let Some(block) = board.free.pop() {
                drop(board);
                match self.work_on(block, tools) {
                    Some(number) => filled.push_back(number),
                    None => return,
                }
                board = lock(&self.board);
            } else if there && !mutant("others-blocks-left") {
                return;
            } else {
                waited(&self.counters.decoder_waits);
                board = self.ready.wait(board).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// The next entry; waits for it, or helps while it is not there.
    fn take_entry(&self, mut helper: Option<&mut S::Tools>) -> io::Result<Entry> {
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
                if self.work_on(block, tools).is_none() {
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

impl<S> Source<S> {
    /// What an error of the input stands for.
    fn failed(&mut self, mut block: Block, error: io::Error) -> Entry {
        if error.kind() == io::ErrorKind::WouldBlock {
            return Entry::WouldBlock(block);
        }
        self.over = true;
        block.clear();
        Entry::Data(block, Behind::Error(error))
    }
}
