//! The word of live bytes that all threads share.
//!
//! One addition a call, whoever else is there: a call never has to try again, as it must in a loop of compare-and-exchange that
//! another thread has disturbed. An addition cannot stop at a bound, so the word may leave its range for as long as the call
//! takes that brings it back; who reads it meanwhile reads the bound. Such a call is always a wrong one: more was deallocated
//! than had been allocated, or more allocated than memory can be.

use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use crossbeam_utils::CachePadded;

#[cfg(test)]
mod tests;

/// Where live bytes stop, and what a single call can add or take: 64 PiB, more than a process can address. Far enough from the
/// ends of the word that 127 threads could be beyond it by as much, all at once.
const TOP: i64 = 1 << 56;

/// Live bytes between 0 and [`TOP`], alone on a cache line.
#[derive(Default)]
pub(crate) struct Live(CachePadded<AtomicI64>);

impl Live {
    pub(crate) const fn new() -> Self {
        Self(CachePadded::new(AtomicI64::new(0)))
    }

    /// Adds bytes; returns what is live then.
    #[inline]
    pub(crate) fn add(&self, bytes: u64) -> u64 {
        let bytes = within(bytes);
        let live = self.0.fetch_add(bytes, SeqCst).wrapping_add(bytes);
        if live > TOP {
            self.bring_back();
        }
        read(live)
    }

    /// Takes bytes away, as many as there are.
    #[inline]
    pub(crate) fn take(&self, bytes: u64) {
        let bytes = within(bytes);
        if self.0.fetch_sub(bytes, SeqCst) < bytes {
            self.bring_back();
        }
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        read(self.0.load(SeqCst))
    }

    /// Does not return before the word is, or was meanwhile, within its range.
    #[cold]
    fn bring_back(&self) {
        let mut live = self.0.load(Relaxed);
        while live != live.clamp(0, TOP) {
            match self.0.compare_exchange_weak(live, live.clamp(0, TOP), SeqCst, Relaxed) {
                Ok(_) => return,
                Err(found) => live = found,
            }
        }
    }
}

/// What the word says.
#[inline]
fn read(word: i64) -> u64 {
    word.clamp(0, TOP).unsigned_abs()
}

/// The bytes of one call.
#[inline]
fn within(bytes: u64) -> i64 {
    bytes.min(TOP.unsigned_abs()).cast_signed()
}
