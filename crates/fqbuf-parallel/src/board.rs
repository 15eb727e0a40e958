//! The order of blocks, and what ends a run.
//!
//! Blocks are numbered as they are cut. Each is settled by the worker that had it, in any order; the board keeps what was
//! settled out of turn and takes it up in turn: it writes the output, adds up records and lines (so that errors get their
//! places), and lets the first event in input order end the run. Whoever settles the block whose turn it is writes it and
//! all that were waiting for it; there is no thread for writing alone, which would be idle for most of a run.
//!
//! The memory of a run is kept behind the same lock, for who waits for one may wait for the other: see `board/memory.rs`.
//!
//! Measured designs that were not taken: see the README of the crate.

mod memory;

use std::any::Any;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use fqbuf_pool::MemoryBudget;
use fqbuf_record::{ParseError, Position};

use crate::error::MemoryError;
use crate::monitor::{Counters, add};
use crate::outcome::BoxError;
use crate::records::Tally;
use crate::run::Summary;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError, mutant};
pub(crate) use memory::{Out, Slot};

/// What ends a run.
#[derive(Debug)]
pub(crate) enum Event {
    /// A closure said so.
    Stop,
    Input(Placed),
    /// Memory, for the block itself, of one of the inputs; its place has the byte already.
    Memory(MemoryError, usize),
    Output(io::Error),
    /// A closure's error, and the record that it was given; counted from the block's start, its byte that of the input.
    Closure(BoxError, Position),
    Panic(Box<dyn Any + Send>),
}

/// An error whose records and lines are counted from the block's start; its bytes are those of the input.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) error: ParseError,
    /// The input that it is about.
    pub(crate) input: usize,
    /// That of the other mate, in errors that have one; the same when mates alternate.
    pub(crate) other: usize,
}

/// What became of a block.
#[derive(Default)]
pub(crate) struct Settled {
    pub(crate) tally: Tally,
    pub(crate) out: Option<Out>,
}

/// Why the board did not give what was asked for.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The run ends before this block.
    Stopped,
    /// So many bytes are not to be had for a block of this input; the limit is the budget's, or the allocator refused.
    Memory { asked: usize, limit: Option<usize>, input: usize },
}

impl Refusal {
    /// The same of memory for the second of two inputs.
    pub(crate) fn of_second(self) -> Self {
        match self {
            Self::Memory { asked, limit, .. } => Self::Memory { asked, limit, input: 1 },
            Self::Stopped => Self::Stopped,
        }
    }
}

pub(crate) struct Board<'w> {
    state: Mutex<State>,
    /// The one that reads waits here.
    room: Door,
    /// Workers wait here for their turn.
    turns: Door,
    /// Number of the first block known to end the run; `u64::MAX` at first.
    stop_at: AtomicU64,
    budget: MemoryBudget,
    /// Blocks that may be cut and not yet in turn.
    window: usize,
    /// Bytes above which memory is not kept for the next block.
    retained: usize,
    sink: Option<Mutex<&'w mut (dyn Write + Send)>>,
    counters: Arc<Counters>,
}

struct State {
    /// Number of the block whose turn it is: all before it are settled and written.
    next: u64,
    /// Settled blocks from `next` on; no more than the window, so it never grows.
    ready: VecDeque<Option<Settled>>,
    /// Records and lines of each input in the blocks before `next`.
    passed: [(u64, u64); 2],
    /// What went through, up to the end of the run.
    summary: Summary,
    /// Memory that nobody uses.
    slots: Vec<Slot>,
    outs: Vec<Out>,
    /// Slots and output buffers that have memory, here or with somebody.
    buffers: u64,
    /// The event that ended the run, with its place.
    verdict: Option<Event>,
}

impl<'w> Board<'w> {
    pub(crate) fn new(
        budget: &MemoryBudget,
        threads: usize,
        retained: usize,
        sink: Option<&'w mut (dyn Write + Send)>,
        counters: &Arc<Counters>,
    ) -> Self {
        // Without output only two numbers are kept for a block, so a slow worker need not hold up the others soon.
        let window = if sink.is_some() { 2 * threads } else { (64 * threads).max(256) };
        let state = State {
            next: 0,
            ready: VecDeque::with_capacity(window),
            passed: [(0, 0); 2],
            summary: Summary::default(),
            slots: Vec::with_capacity(threads + 1),
            outs: Vec::with_capacity(window + threads),
            buffers: 0,
            verdict: None,
        };
        Self {
            state: Mutex::new(state),
            room: Door::default(),
            turns: Door::default(),
            stop_at: AtomicU64::new(u64::MAX),
            budget: budget.clone(),
            window,
            retained,
            sink: sink.map(Mutex::new),
            counters: Arc::clone(counters),
        }
    }

    /// Number of the first block known to end the run, for whoever may stop early.
    pub(crate) fn end(&self) -> &AtomicU64 {
        &self.stop_at
    }

    fn is_void(&self, number: u64) -> bool {
        let end = self.stop_at.load(Ordering::Relaxed);
        if mutant("end-counts-as-behind") { end <= number } else { end < number }
    }

    /// Waits until block `number` may be cut: not too far ahead of the block whose turn it is. For the one that reads.
    pub(crate) fn wait_for_room(&self, number: u64) -> Result<(), Refusal> {
        let mut state = self.lock();
        let mut waited = false;
        while number - state.next >= self.window as u64 {
            if !mutant("reader-waits-behind-the-end") {
                self.check(number)?;
            }
            if !waited {
                add(&self.counters.order_waits, 1);
                waited = true;
            }
            state = self.room.wait(state);
        }
        self.check(number)
    }

    /// Takes over what became of block `number`, and its memory.
    pub(crate) fn settle(&self, number: u64, settled: Settled, slot: Option<Slot>) {
        add(&self.counters.settled, 1);
        add(&self.counters.records, settled.tally.delivered);
        add(&self.counters.skipped, settled.tally.skipped.records);
        // Too much memory is given back here, without the lock.
        let before = u64::from(slot.is_some());
        let slot = slot.filter(|slot| slot.charged() <= self.retained);
        let mut state = self.lock();
        state.buffers -= before - u64::from(slot.is_some());
        state.slots.extend(slot);
        if settled.tally.event.is_some() {
            self.stop_at.fetch_min(number, Ordering::Relaxed);
        }
        if self.is_void(number) || state.verdict.is_some() {
            self.keep(&mut state, settled.out);
        } else {
            let place = usize::try_from(number.wrapping_sub(state.next)).unwrap_or(usize::MAX);
            assert!(place < self.window, "block {number} was cut in its turn and is settled once");
            while state.ready.len() <= place {
                state.ready.push_back(None);
            }
            state.ready[place] = Some(settled);
            if place == 0 {
                state = self.take_up(state);
            }
        }
        self.show(&state);
        if !mutant("settle-without-notify") {
            self.room.open(&state);
        }
    }

    /// Takes up the settled blocks whose turn has come.
    fn take_up<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        // The front stays in place, empty, while it is written: its number is that of the turn.
        while let Some(settled) = state.ready.front_mut().and_then(Option::take) {
            let mut event = settled.tally.event;
            if let Some(out) = &settled.out
                && !out.bytes.is_empty()
            {
                if mutant("turn-passed-before-write") {
                    state.ready.pop_front();
                    state.next += 1;
                }
                drop(state);
                let written = self.write(&out.bytes);
                state = self.lock();
                if let Err(first) = written {
                    event = Some(first);
                }
            }
            self.keep(&mut state, settled.out);
            state.summary.add(settled.tally.delivered, settled.tally.dropped, settled.tally.skipped);
            if let Some(event) = event {
                let number = state.next;
                state.verdict = Some(event.placed(state.passed));
                self.stop_at.fetch_min(number, Ordering::Relaxed);
                if !mutant("verdict-without-notify") {
                    self.turns.open(&state);
                }
                while let Some(settled) = state.ready.pop_front() {
                    self.keep(&mut state, settled.and_then(|settled| settled.out));
                }
                break;
            }
            for (sum, more) in state.passed.iter_mut().zip(settled.tally.passed) {
                sum.0 += more.0;
                sum.1 += more.1;
            }
            if !mutant("turn-passed-before-write") {
                state.ready.pop_front();
                state.next += 1;
            }
            self.room.open(&state);
            if !mutant("turn-without-notify") {
                self.turns.open(&state);
            }
        }
        state
    }

    /// Writes to the sink; a panic of the writer is an event like any other.
    fn write(&self, bytes: &[u8]) -> Result<(), Event> {
        let Some(sink) = &self.sink else { return Ok(()) };
        let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
        match catch_unwind(AssertUnwindSafe(|| sink.write_all(bytes))) {
            Ok(Ok(())) => {
                add(&self.counters.written, bytes.len() as u64);
                Ok(())
            }
            Ok(Err(error)) => Err(Event::Output(error)),
            Err(payload) => Err(Event::Panic(payload)),
        }
    }

    /// Does something to the state, and shows what has become of the memory.
    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = act(&mut state);
        self.show(&state);
        result
    }

    /// Shows the monitor how many buffers there are.
    fn show(&self, state: &State) {
        let idle = state.slots.len() + state.outs.len();
        self.counters.buffers.store(state.buffers, Ordering::Relaxed);
        self.counters.buffers_idle.store(idle as u64, Ordering::Relaxed);
    }

    fn check(&self, number: u64) -> Result<(), Refusal> {
        if self.stop_at.load(Ordering::Relaxed) <= number { Err(Refusal::Stopped) } else { Ok(()) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What ended the run, when it did not come to its end; and what went through.
    pub(crate) fn into_verdict(self) -> (Option<Event>, Summary) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        for counter in [&self.counters.buffers, &self.counters.buffers_idle] {
            counter.store(0, Ordering::Relaxed);
        }
        (state.verdict, state.summary)
    }
}

impl Event {
    /// The same event, its place moved on by what precedes its block.
    fn placed(self, passed: [(u64, u64); 2]) -> Self {
        match self {
            Self::Input(Placed { error, input, other }) => {
                let (records, lines) = passed[input];
                let (others, other_lines) = passed[other];
                let pairs = if input == other { records / 2 } else { records };
                let error = error.offset_by(records, lines, 0).offset_mate_by(pairs, others, other_lines, 0);
                Self::Input(Placed { error, input, other })
            }
            Self::Memory(mut error, input) => {
                error.position.record += passed[input].0;
                error.position.line += passed[input].1;
                Self::Memory(error, input)
            }
            Self::Closure(error, mut position) => {
                position.record += passed[0].0;
                position.line += passed[0].1;
                Self::Closure(error, position)
            }
            other => other,
        }
    }
}

/// Where threads wait for the state to change.
#[derive(Default)]
struct Door {
    condvar: Condvar,
    /// Threads that wait; changed and looked at under the state's lock alone.
    waiting: AtomicUsize,
}

impl Door {
    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let counted = usize::from(!mutant("sleeper-not-counted"));
        self.waiting.fetch_add(counted, Ordering::Relaxed);
        let state = self.condvar.wait(state).unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(counted, Ordering::Relaxed);
        state
    }

    /// Wakes those who wait: mostly nobody, and to wake nobody is a system call all the same. For who holds the lock.
    fn open(&self, _: &MutexGuard<'_, State>) {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.condvar.notify_all();
        }
    }
}
