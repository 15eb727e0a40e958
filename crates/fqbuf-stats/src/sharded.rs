//! Sharded counters: a thread counts on a cache line of its own, and draws bytes from the shared word in advance.
//!
//! Each shard holds `unspent` bytes that it has drawn from the shared word `drawn` and not yet given to an allocation:
//!
//! ```text
//! drawn = live bytes + unspent of shard 0 + ... + unspent of shard 7        0 <= unspent <= slack
//! ```
//!
//! An allocation spends from its shard and draws only when that does not suffice, before it counts as done; a
//! deallocation gives to its shard, which hands back what is above the slack. So `drawn` is never below the live bytes
//! and at most `SHARDS * slack` above them, and the same holds for the maxima of both: that is the error bound, and the
//! reason why the peak is never too small. With a slack of 0 every call touches the shared word and the peak is exact.
//!
//! A shard is locked by one swap and unlocked by one store, so a call costs a single locked instruction. A thread that
//! finds its shard locked takes the next one and stays there; it waits only while all of them are locked, which a
//! snapshot does for the time of some thirty loads.
//!
//! Nanoseconds a pair, as in `exact.rs`; lock-free is two locked instructions a call on a shard:
//!
//! ```text
//!                                              one thread     two threads
//! five relaxed RMW on one line (naive)         10.9 (11.0)     44 (79)
//! shards, lock-free                             9.6  (9.9)      9.9 (10.0)
//! this                                           4.3  (4.5)      4.4 (4.7)
//! ```

use std::fmt;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64};

use crossbeam_utils::CachePadded;

use crate::home::{SHARDS, home, move_to};
use crate::live::Live;
use crate::snapshot::StatsSnapshot;

#[cfg(test)]
mod tests;

/// What all shards together draw has to be within the range of [`Live`], a hundred times over.
const MOST_SLACK: u64 = 1 << 48;

/// Rounds over all shards that a thread spins for before it yields its time slice.
const SPINS: u32 = 64;

/// Cheap counters for many threads: exact but for a peak that may be too great by a known bound.
///
/// Not for a peak to the byte, and not where a call must never wait: that is [`BufferStats`](crate::BufferStats).
///
/// The peak is never too small, and too great by at most [`peak_error`](Self::peak_error). Counts and live bytes are
/// exact. Unlike there, deallocations that were never recorded as allocations make the live bytes too small by up to
/// the same bound, until as many bytes were allocated; they stop at zero too and never wrap.
///
/// # Examples
/// ```
/// use fqbuf_stats::ShardedStats;
///
/// static STATS: ShardedStats = ShardedStats::with_slack(4096);
///
/// STATS.record_allocation(10_000);
/// STATS.record_deallocation(10_000);
/// let snapshot = STATS.snapshot();
/// assert_eq!((snapshot.allocations, snapshot.deallocations, snapshot.total_bytes), (1, 1, 0));
/// assert!(snapshot.peak_bytes >= 10_000);
/// assert!(snapshot.peak_bytes <= 10_000 + STATS.peak_error());
/// ```
pub struct ShardedStats {
    /// Live bytes and the unspent of all shards; see the top of the file.
    drawn: Live,
    /// The most that `drawn` has been since the last reset.
    peak: CachePadded<AtomicU64>,
    /// Counts and unspent bytes of the threads at home there.
    shards: [CachePadded<Shard>; SHARDS],
    /// The most that a shard keeps unspent.
    slack: u64,
}

/// The counters of one shard; read and written only under its lock, hence the relaxed order everywhere.
struct Shard {
    /// The lock: true while a [`Held`] exists.
    held: AtomicBool,
    allocations: AtomicU64,
    deallocations: AtomicU64,
    /// Drawn and not allocated; at most the slack.
    unspent: AtomicU64,
}

/// A locked shard; unlocks it when dropped.
struct Held<'a>(&'a Shard);

impl ShardedStats {
    /// Slack of [`ShardedStats::new`] in bytes: 1 MiB.
    pub const DEFAULT_SLACK: usize = 1 << 20;

    /// Counters at zero, with the default slack.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_slack(Self::DEFAULT_SLACK)
    }

    /// Counters at zero that keep at most `slack` bytes unspent in each of eight shards.
    ///
    /// A buffer of up to half the slack that is recorded as allocated and deallocated in turn never touches memory
    /// that threads share. The slack times eight is the bound on the peak's error; 0 makes the peak exact, and more than
    /// 2^48 bytes are taken for so many.
    #[must_use]
    pub const fn with_slack(slack: usize) -> Self {
        const fn zero() -> AtomicU64 {
            AtomicU64::new(0)
        }
        const fn shard() -> Shard {
            Shard { held: AtomicBool::new(false), allocations: zero(), deallocations: zero(), unspent: zero() }
        }
        Self {
            drawn: Live::new(),
            peak: CachePadded::new(zero()),
            shards: [const { CachePadded::new(shard()) }; SHARDS],
            slack: if slack as u64 > MOST_SLACK { MOST_SLACK } else { slack as u64 },
        }
    }

    /// The most that [`StatsSnapshot::peak_bytes`] is above the true peak: eight times the slack.
    #[must_use]
    pub const fn peak_error(&self) -> u64 {
        self.slack * SHARDS as u64
    }

    /// Counts an allocation of `size` bytes.
    #[inline]
    pub fn record_allocation(&self, size: usize) {
        let shard = self.lock();
        increment(&shard.0.allocations);
        match shard.0.unspent.load(Relaxed).checked_sub(size as u64) {
            Some(rest) => shard.0.unspent.store(rest, Relaxed),
            None => self.draw(&shard, size as u64),
        }
    }

    /// Counts a deallocation of `size` bytes.
    ///
    /// Neither the live bytes nor anything else wraps when more is deallocated than was allocated.
    #[inline]
    pub fn record_deallocation(&self, size: usize) {
        let shard = self.lock();
        increment(&shard.0.deallocations);
        let unspent = shard.0.unspent.load(Relaxed).saturating_add(size as u64);
        if unspent <= self.slack {
            shard.0.unspent.store(unspent, Relaxed);
        } else {
            self.hand_back(&shard, unspent);
        }
    }

    /// All counters, of one instant: no recording call is half done while they are read.
    ///
    /// The instant lies within this call. Recording calls of other threads wait meanwhile, for some thirty loads; a
    /// snapshot for every record would make this type slower than [`BufferStats`](crate::BufferStats).
    #[must_use]
    pub fn snapshot(&self) -> StatsSnapshot {
        let shards = self.lock_all();
        let sum = |word: fn(&Shard) -> &AtomicU64| {
            shards.iter().fold(0_u64, |sum, shard| sum.saturating_add(word(shard.0).load(Relaxed)))
        };
        StatsSnapshot {
            allocations: sum(|shard| &shard.allocations),
            deallocations: sum(|shard| &shard.deallocations),
            total_bytes: self.drawn.get().saturating_sub(sum(|shard| &shard.unspent)),
            peak_bytes: self.peak.load(SeqCst),
        }
    }

    /// Begins a new peak at the present live bytes, in one instant within this call.
    ///
    /// The bytes that the shards hold unspent go back first, so the new peak begins without error.
    pub fn reset_peak(&self) {
        let shards = self.lock_all();
        for shard in &shards {
            let unspent = shard.0.unspent.load(Relaxed);
            shard.0.unspent.store(0, Relaxed);
            self.drawn.take(unspent);
        }
        self.peak.store(self.drawn.get(), SeqCst);
    }

    /// Draws what the shard lacks for `size` bytes, and half the slack for those to come.
    #[cold]
    #[inline(never)]
    fn draw(&self, shard: &Held<'_>, size: u64) {
        let spare = self.slack / 2;
        let lack = size.saturating_sub(shard.0.unspent.load(Relaxed)).saturating_add(spare);
        let drawn = self.drawn.add(lack);
        self.peak.fetch_max(drawn, SeqCst);
        shard.0.unspent.store(spare, Relaxed);
    }

    /// Hands back all of `unspent` but half the slack.
    #[cold]
    #[inline(never)]
    fn hand_back(&self, shard: &Held<'_>, unspent: u64) {
        let spare = self.slack / 2;
        self.drawn.take(unspent - spare);
        shard.0.unspent.store(spare, Relaxed);
    }

    #[inline]
    fn lock(&self) -> Held<'_> {
        let home = home();
        match self.shards[home].try_lock() {
            Some(held) => held,
            None => self.lock_elsewhere(home),
        }
    }

    /// Locks the first free shard behind `busy` and makes it the thread's home.
    #[cold]
    fn lock_elsewhere(&self, busy: usize) -> Held<'_> {
        let mut round = 0;
        loop {
            for step in 1..=SHARDS {
                let next = (busy + step) % SHARDS;
                if let Some(held) = self.shards[next].try_lock() {
                    move_to(next);
                    return held;
                }
            }
            pause(&mut round);
        }
    }

    /// Locks every shard, in order, so that two snapshots do not wait for each other in a circle.
    fn lock_all(&self) -> [Held<'_>; SHARDS] {
        self.shards.each_ref().map(|shard| {
            let mut round = 0;
            loop {
                match shard.try_lock() {
                    Some(held) => return held,
                    None => pause(&mut round),
                }
            }
        })
    }
}

impl Default for ShardedStats {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ShardedStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardedStats").field("snapshot", &self.snapshot()).field("slack", &self.slack).finish()
    }
}

impl Shard {
    #[inline]
    fn try_lock(&self) -> Option<Held<'_>> {
        // Acquire: what the last holder stored is seen.
        if self.held.swap(true, Acquire) { None } else { Some(Held(self)) }
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.held.store(false, Release);
    }
}

/// Adds one to a word of a locked shard: no other thread writes to it, so a load and a store do.
#[inline]
fn increment(word: &AtomicU64) {
    word.store(word.load(Relaxed) + 1, Relaxed);
}

/// Waits a moment; after some rounds gives the time slice to whoever holds the lock.
fn pause(round: &mut u32) {
    if *round < SPINS {
        *round += 1;
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}
