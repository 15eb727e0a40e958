//! The end of what is written: a chunk that still has room, behind all that was published.

use crossbeam_utils::CachePadded;

use crate::memory::Memory;
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError, mutant};

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
        room[..n].copy_from_slice(&data[..n]);
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
    /// The reader found nothing, here neither, and waits for the next publish.
    pub(super) hungry: bool,
    /// The reader is gone.
    pub(super) gone: bool,
}

/// The tail that both halves share. Its lock is taken before the hand-over's, never within it.
#[derive(Clone, Default)]
pub(super) struct Tail(Arc<CachePadded<Mutex<State>>>);

impl Tail {
    /// A poisoned lock is taken all the same: nothing that can panic runs under it.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
