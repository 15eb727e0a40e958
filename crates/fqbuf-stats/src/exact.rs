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
//! The additions came later; `live bytes shared` was a loop of compare-and-exchange, which stops at its bounds by itself. On a
//! two-core Zen 5 guest (AMD EPYC, family 26 model 2), 2026-11-25, pinned threads, 11 rounds in turn in one process, three times,
//! where a word goes to the other core in 23 ns and where in 197:
//!
//! ```text
//!                                              one thread     two threads, 23 ns    two threads, 197 ns
//! naive                                        24.3 to 25.0     99 to 102              90 to 92
//! live bytes by compare-and-exchange           19.9 to 20.6     92 to 111              79 to 85
//! the same, 4 pauses before it tries again     20.1 to 20.4     55 to 57               92 to 99
//! the same, 16 pauses                          20.0 to 20.5     44 to 45               61 to 65
//! allocations by addition                      19.7 to 20.2     78 to 85               77 to 80
//! this: both by addition, brought back         19.7 to 20.2     69 to 71               67 to 68
//! ```
//!
//! Pauses are best when threads do nothing else than count, but a call that has met another takes a multiple of its time. A
//! read that owns the line at once: 23.9 and 105, beside 98 of the naive counters.
//!
//! The naive counters also wrap below zero. The spin lock is fastest on one thread, but a thread that is descheduled inside it
//! stops all others; here no call ever waits for another, and what may be tried twice is a new peak, where another thread raises it at
//! that moment, and a call that deallocates more than there is. `cargo bench -p fqbuf-benches --bench stats` repeats the first and the
//! last rows of the first table.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release, SeqCst};

use crossbeam_utils::CachePadded;

use crate::home::{SHARDS, home};
use crate::live::Live;
use crate::snapshot::StatsSnapshot;

#[cfg(test)]
mod tests;

/// Exact counters of buffer memory, shared by reference between threads.
///
/// Where many threads record for every record of a file, [`ShardedStats`](crate::ShardedStats) costs a fifth to a sixth of
/// it and gives up the exact peak.
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
    /// Allocated minus deallocated bytes. All threads meet here: the exact peak is the maximum of this word's own
    /// history, so there can be but one.
    live: Live,
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
            live: Live::new(),
            peak: CachePadded::new(zero()),
            counts: [const { CachePadded::new(Counts { allocations: zero(), deallocations: zero() }) }; SHARDS],
        }
    }

    /// Counts an allocation of `size` bytes.
    ///
    /// Live bytes stop at 2^56 (64 PiB), which is more than a process can address.
    #[inline]
    pub fn record_allocation(&self, size: usize) {
        // Release, so that whoever sees the deallocation of these bytes counted sees this allocation counted too.
        self.counts[home()].allocations.fetch_add(1, Release);
        let live = self.live.add(size as u64);
        // Sequentially consistent on both words: a reset that the load below does not see will see the new `live`.
        if live > self.peak.load(SeqCst) {
            self.peak.fetch_max(live, SeqCst);
        }
    }

    /// Counts a deallocation of `size` bytes.
    ///
    /// Live bytes stop at zero: a deallocation that was never recorded as an allocation takes away what there is, or is
    /// recorded by others while the call lasts, and no more.
    #[inline]
    pub fn record_deallocation(&self, size: usize) {
        self.counts[home()].deallocations.fetch_add(1, Release);
        self.live.take(size as u64);
    }

    /// The live bytes alone, at one instant: a single load.
    #[inline]
    #[must_use]
    pub fn live_bytes(&self) -> u64 {
        self.live.get()
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
        let total_bytes = self.live.get();
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
        self.peak.fetch_max(self.live.get(), SeqCst);
    }
}

impl fmt::Debug for BufferStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BufferStats").field(&self.snapshot()).finish()
    }
}
