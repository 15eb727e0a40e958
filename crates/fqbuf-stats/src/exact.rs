//! Exact counters: one shared word of live bytes, its true maximum, and counts that threads do not share.
//!
//! Time for `record_allocation` and `record_deallocation` of 64 KiB, nanoseconds a pair, fastest of 15 rounds and
//! (median), one thread and two threads on one object; two-core Zen 4 guest (AMD EPYC, family 25 model 17),
//! 2026-11-23, designs taking turns in one run:
//!
//! ```text
//!                                              one thread     two threads
//! five relaxed RMW on one line (naive)         10.9 (11.0)     44 (79)
//! the same, peak read before it is raised       8.7  (8.8)     38 (79)
//! all under one spin lock                       4.3  (4.3)     26 (51)
//! this: counts sharded, live bytes shared       8.7  (8.8)     42 (67)
//! sharded.rs                                     4.3  (4.5)      4.4 (4.7)
//! ```
//!
//! On a two-core Zen 5 guest (AMD EPYC, family 26 model 2), 2026-11-25, medians of five interleaved processes of `cargo xtask
//! bench stats`, three times, a word to the other core in 23 to 28 ns: this 19.7 and 94 to 100, naive 23.8 and 98. An addition
//! for allocations instead of a loop of compare-and-exchange, which has to load first and then to own: 19.2 and 86 to 92, but
//! it wraps; with a check that stops it at `u64::MAX`, for an instant too late: 97 to 99. A read that owns at once: 23.9 and 105.
//!
//! The naive counters also wrap below zero. The spin lock is fastest, but a thread that is descheduled inside it stops
//! all others; in this design no call ever waits for another. `cargo bench -p fqbuf-benches --bench stats` repeats the
//! first and the last rows.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

use crossbeam_utils::CachePadded;

use crate::home::{SHARDS, home};
use crate::snapshot::StatsSnapshot;

#[cfg(test)]
mod tests;

/// Exact counters of buffer memory, shared by reference between threads.
///
/// Where many threads record for every record of a file, [`ShardedStats`](crate::ShardedStats) costs a tenth of it and
/// gives up the exact peak.
///
/// No call waits for another thread, locks or allocates. The object takes 1.25 KiB, most of it padding.
///
/// # Examples
/// ```
/// use fqbuf_stats::BufferStats;
///
/// static STATS: BufferStats = BufferStats::new();
///
/// STATS.record_allocation(4096);
/// STATS.record_allocation(1000);
/// STATS.record_deallocation(4096);
/// let snapshot = STATS.snapshot();
/// assert_eq!((snapshot.allocations, snapshot.deallocations), (2, 1));
/// assert_eq!((snapshot.total_bytes, snapshot.peak_bytes), (1000, 5096));
/// ```
#[derive(Default)]
pub struct BufferStats {
    /// Allocated minus deallocated bytes, stopping at 0 and at `u64::MAX`. All threads meet here: the exact peak is
    /// the maximum of this word's own history, so there can be but one.
    live: CachePadded<AtomicU64>,
    /// At least every value that `live` had since the last reset, save those whose call has not returned yet; always
    /// a value that `live` had, or 0 in the middle of a reset.
    peak: CachePadded<AtomicU64>,
    /// How often each was called; only the sums over all shards mean anything.
    counts: [CachePadded<Counts>; SHARDS],
}

/// Calls counted by the threads of one shard.
#[derive(Default)]
struct Counts {
    allocations: AtomicU64,
    deallocations: AtomicU64,
}

impl BufferStats {
    /// Counters at zero.
    #[must_use]
    pub const fn new() -> Self {
        const fn zero() -> AtomicU64 {
            AtomicU64::new(0)
        }
        Self {
            live: CachePadded::new(zero()),
            peak: CachePadded::new(zero()),
            counts: [const { CachePadded::new(Counts { allocations: zero(), deallocations: zero() }) }; SHARDS],
        }
    }

    /// Counts an allocation of `size` bytes.
    #[inline]
    pub fn record_allocation(&self, size: usize) {
        // Release, so that whoever sees the deallocation of these bytes counted sees this allocation counted too.
        self.counts[home()].allocations.fetch_add(1, Release);
        let live = update(&self.live, |live| live.saturating_add(size as u64));
        // Sequentially consistent on both words: a reset that the load below does not see will see the new `live`.
        if live > self.peak.load(SeqCst) {
            self.peak.fetch_max(live, SeqCst);
        }
    }

    /// Counts a deallocation of `size` bytes.
    ///
    /// Live bytes stop at zero: a deallocation that was never recorded as an allocation takes away what there is and
    /// no more.
    #[inline]
    pub fn record_deallocation(&self, size: usize) {
        self.counts[home()].deallocations.fetch_add(1, Release);
        update(&self.live, |live| live.saturating_sub(size as u64));
    }

    /// The live bytes alone, at one instant: a single load.
    #[inline]
    #[must_use]
    pub fn live_bytes(&self) -> u64 {
        self.live.load(SeqCst)
    }

    /// All counters.
    ///
    /// When no other thread records meanwhile, the four numbers are exact and belong together. While others do, each
    /// number is true by itself, and this holds between them:
    ///
    /// * `total_bytes` is what the live bytes were at one instant during this call;
    /// * `peak_bytes` is a value that the live bytes really had, at least as great as `total_bytes` and as every value
    ///   set by a call that had returned when this one began (since the last reset);
    /// * `allocations` and `deallocations` count every call that had returned when this one began and none that began
    ///   after it returned;
    /// * `deallocations` is not above `allocations` when every deallocation is recorded after its allocation.
    ///
    /// Not promised then: that the counts and `total_bytes` are of the same instant.
    #[must_use]
    pub fn snapshot(&self) -> StatsSnapshot {
        // Deallocations first: every allocation that belongs to one of them is then seen by the second sum.
        let deallocations = self.counts.iter().map(|counts| counts.deallocations.load(Acquire)).sum();
        let allocations = self.counts.iter().map(|counts| counts.allocations.load(Acquire)).sum();
        let total_bytes = self.live.load(SeqCst);
        // A call that has raised `live` may not have raised `peak` yet.
        let peak_bytes = self.peak.load(SeqCst).max(total_bytes);
        StatsSnapshot { allocations, deallocations, total_bytes, peak_bytes }
    }

    /// Begins a new peak at the present live bytes.
    ///
    /// A call of `record_allocation` that overlaps with this one may be counted before or after it.
    pub fn reset_peak(&self) {
        // Not one store of the live bytes: they may rise between the load and the store, and that peak would be lost.
        self.peak.store(0, SeqCst);
        self.peak.fetch_max(self.live.load(SeqCst), SeqCst);
    }
}

impl fmt::Debug for BufferStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BufferStats").field(&self.snapshot()).finish()
    }
}

/// Replaces the word by `next` of it and returns the new value. Retries only when another thread changed the word.
#[inline]
pub(crate) fn update(word: &AtomicU64, next: impl Fn(u64) -> u64) -> u64 {
    let mut old = word.load(Relaxed);
    loop {
        let new = next(old);
        match word.compare_exchange_weak(old, new, SeqCst, Relaxed) {
            Ok(_) => return new,
            Err(found) => old = found,
        }
    }
}
