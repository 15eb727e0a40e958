//! The end of what is written: a chunk that still has room, behind all that was published.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use crate::copy::copy_by_memcpy;
use crate::memory::Memory;
use crate::sync::{Arc, MODELLED, Mutex, MutexGuard, PoisonError, hint, mutant};

/// How long a reader that has caught up lets the writer gather before each look, in rounds of `spin_loop`: 0.7 µs, after which it
/// gives up a writer that writes nothing, and some 10 more.
const LOOKS: &[u32] = if MODELLED { &[1] } else { &[16, 240] };
/// Bytes that are worth a chunk's way.
const ENOUGH: usize = 8 << 10;

/// A piece of the ring's memory.
pub(super) struct Chunk {
    memory: Memory,
    /// The bytes held are `start..end` of the memory.
    start: usize,
    end: usize,
}

impl Chunk {
    pub(super) fn new(size: usize) -> Self {
        Self { memory: Memory::new(size), start: 0, end: 0 }
    }

    pub(super) fn data(&self) -> &[u8] {
        &self.memory.as_slice()[self.start..self.end]
    }

    /// Appends as much of `data` as there is room for; returns that number of bytes.
    pub(super) fn append(&mut self, data: &[u8]) -> usize {
        let room = &mut self.memory.as_mut_slice()[self.end..];
        let n = data.len().min(room.len());
        copy_by_memcpy(&data[..n], &mut room[..n]);
        self.end += n;
        n
    }

    pub(super) fn room(&self) -> usize {
        self.memory.len() - self.end
    }

    pub(super) fn consume(&mut self, n: usize) {
        self.start += n.min(self.end - self.start);
    }

    pub(super) fn clear(&mut self) {
        if !mutant("chunk-start-kept") {
            self.start = 0;
        }
        self.end = 0;
    }
}

/// What the writer and the reader find there.
#[derive(Default)]
pub(super) struct State {
    /// Neither empty nor full. Not there while the writer copies much into it.
    pub(super) chunk: Option<Chunk>,
    /// The number of the publish that the reader waits for: it had found nothing, here neither. A number and no flag: a publish under
    /// way meanwhile, which does not look here any more, is the one waited for, and no other is then sent on its way half empty.
    pub(super) hungry: Option<u64>,
    /// The reader is gone.
    pub(super) gone: bool,
}

impl State {
    /// Whether the reader waits for the publish of this number.
    pub(super) fn hungry_for(&mut self, publish: u64) -> bool {
        if mutant("hunger-kept") { self.hungry.take().is_some() } else { self.hungry == Some(publish) }
    }
}

/// The tail that both halves share. Its lock is taken before the hand-over's, never within it.
#[derive(Clone, Default)]
pub(super) struct Tail(Arc<CachePadded<Shared>>);

struct Shared {
    state: Mutex<State>,
    /// The number of the publish that the reader would like to have with the next write, instead of taking the lock between two of
    /// them; `NONE` at first. Nobody waits for an answer: no part of the protocol, hence std's in models too.
    asked: AtomicU64,
}

/// The number of no publish.
const NONE: u64 = u64::MAX;

impl Default for Shared {
    fn default() -> Self {
        Self { state: Mutex::default(), asked: AtomicU64::new(NONE) }
    }
}

impl Tail {
    /// A poisoned lock is taken all the same: nothing that can panic runs under it.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the writer gather. Then the tail, where it has enough or no more has come since the first look, as when nothing has at
    /// all; nothing as soon as it `is_over`, or where the writer is at it still.
    ///
    /// Who waits for a lock that is taken anew for each write gets it late, and slows all those writes down.
    pub(super) fn gathered(&self, is_over: impl Fn() -> bool) -> Option<MutexGuard<'_, State>> {
        let mut before = 0;
        for rounds in LOOKS {
            if !spin(*rounds, &is_over) {
                return None;
            }
            let Ok(state) = self.0.state.try_lock() else { continue };
            let there = state.chunk.as_ref().map_or(0, |chunk| chunk.data().len());
            if there == before || there >= ENOUGH {
                return Some(state);
            }
            before = there;
        }
        None
    }

    /// Whether the reader would like the publish of this number with the next write.
    pub(super) fn is_asked_for(&self, publish: u64) -> bool {
        self.0.asked.load(Ordering::Relaxed) == publish
    }

    /// Says so.
    pub(super) fn ask(&self, publish: u64) {
        self.0.asked.store(publish, Ordering::Relaxed);
    }

    /// Says that it would not any more.
    pub(super) fn ask_no_more(&self) {
        self.0.asked.store(NONE, Ordering::Relaxed);
    }
}

/// Spins for so many rounds; false as soon as it `is_over`.
pub(super) fn spin(rounds: u32, is_over: impl Fn() -> bool) -> bool {
    (0..rounds).all(|_| {
        hint::spin_loop();
        !is_over()
    })
}
