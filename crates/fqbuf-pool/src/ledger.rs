//! Pool statistics that cost the hot path two plain stores.
//!
//! Each item carries a ledger with one number, its turns: odd while it is leased, even while it is idle. Whoever holds the
//! item is the number's only writer, so a load and a store suffice. Totals are sums over the ledgers of a pool, found when
//! somebody asks; making and freeing an item takes a lock of its shard, which is little beside the memory itself.
//!
//! Rejected: counters in the pool (a contended cache line), counters a shard (an atomic add a call: with hits and live
//! items four for a get and a drop, where the pool itself has four), plain stores to shard counters (lose counts when two
//! threads share a shard).
//!
//! Ledgers use std's atomics and locks also under `cfg(loom)`: no code decides by them, and models stay small.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_utils::CachePadded;

/// Counts of a [`Pool`](crate::Pool) since it was made.
///
/// Exact when no other thread is using the pool at that moment. Every item is somewhere:
/// `misses + prefilled == live + idle + discarded + freed + detached`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Gets that were served by an idle item.
    pub hits: u64,
    /// Gets that made a new item.
    pub misses: u64,
    /// Items made ahead of need.
    pub prefilled: u64,
    /// Leases that ended with the item idle in the pool.
    pub returned: u64,
    /// Leases that ended with the item freed: pool full, pool gone, item too big, taken away, or beyond the budget.
    pub discarded: u64,
    /// Idle items freed by `clear`, `trim`, a neighbour on the same budget, or the end of the pool.
    pub freed: u64,
    /// Items that left the pool by `into_inner`.
    pub detached: u64,
    /// Items leased now; a lease that was forgotten stays one for ever.
    pub live: u64,
    /// Items idle now.
    pub idle: u64,
    /// Bytes of memory in leased and idle items now, as far as the pool knows: growth by a holder counts when it is settled.
    pub bytes: u64,
    /// The most that `bytes` has been.
    pub peak_bytes: u64,
}

/// How an item came to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Made for a get, and leased at once.
    Miss,
    /// Made ahead of need, and idle at first.
    Prefill,
}

/// How an item left its pool.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Freed at the end of a lease.
    Discarded,
    /// Freed while idle.
    Freed,
    /// Handed to the user for good.
    Detached,
}

/// The history of one item, written by whoever holds it. Alone on its cache line, because neighbours in memory go to
/// different threads.
#[repr(align(64))]
pub(crate) struct Ledger {
    /// Times the item was leased plus times it came home; odd while leased.
    turns: AtomicU64,
    /// Index in `Book::open`, guarded by the book's lock.
    index: AtomicUsize,
    /// The book that holds this ledger.
    book: usize,
    origin: Origin,
}

impl Ledger {
    /// The item is leased from now on.
    #[inline]
    pub(crate) fn leave(&self) {
        self.turns.store(self.turns.load(Relaxed) + 1, Relaxed);
    }

    /// The item is idle from now on.
    #[inline]
    pub(crate) fn come_home(&self) {
        self.turns.store(self.turns.load(Relaxed) + 1, Relaxed);
    }

    /// Undoes [`Ledger::come_home`]: there was no room.
    pub(crate) fn turned_away(&self) {
        self.turns.store(self.turns.load(Relaxed) - 1, Relaxed);
    }

    /// Adds this ledger's counts.
    fn add_to(&self, sum: &mut PoolStats) {
        let turns = self.turns.load(Relaxed);
        let gets = turns.div_ceil(2);
        match self.origin {
            Origin::Miss => {
                sum.misses += 1;
                sum.hits += gets.saturating_sub(1);
            }
            Origin::Prefill => {
                sum.prefilled += 1;
                sum.hits += gets;
            }
        }
        sum.returned += turns / 2;
        if turns % 2 == 1 {
            sum.live += 1;
        } else {
            sum.idle += 1;
        }
    }
}

/// The ledgers of one shard.
#[derive(Default)]
struct Book {
    /// Ledgers of items that are leased or idle.
    open: Vec<Arc<Ledger>>,
    /// Sums over the ledgers of items that are gone; `live` and `idle` stay 0.
    closed: PoolStats,
}

/// All ledgers of a pool.
pub(crate) struct Ledgers {
    books: Box<[CachePadded<Mutex<Book>>]>,
}

impl Ledgers {
    /// As many books as the pool has homes.
    pub(crate) fn new(homes: usize) -> Self {
        Self { books: (0..homes).map(|_| CachePadded::default()).collect() }
    }

    fn book(&self, i: usize) -> MutexGuard<'_, Book> {
        self.books[i].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ledger of an item made by a thread of this home.
    pub(crate) fn open(&self, home: usize, origin: Origin) -> Arc<Ledger> {
        let turns = u64::from(origin == Origin::Miss);
        let mut book = self.book(home);
        let index = AtomicUsize::new(book.open.len());
        let ledger = Arc::new(Ledger { turns: AtomicU64::new(turns), index, book: home, origin });
        book.open.push(Arc::clone(&ledger));
        ledger
    }

    /// Ends the ledger of an item that is no more in the pool.
    pub(crate) fn close(&self, ledger: &Ledger, end: End) {
        let mut book = self.book(ledger.book);
        let index = ledger.index.load(Relaxed);
        book.open.swap_remove(index);
        if let Some(moved) = book.open.get(index) {
            moved.index.store(index, Relaxed);
        }
        let sum = &mut book.closed;
        ledger.add_to(sum);
        (sum.live, sum.idle) = (0, 0);
        match end {
            End::Discarded => sum.discarded += 1,
            End::Freed => sum.freed += 1,
            End::Detached => sum.detached += 1,
        }
    }

    /// Sums over all ledgers; `bytes` and `peak_bytes` stay 0.
    pub(crate) fn sum(&self) -> PoolStats {
        let mut sum = PoolStats::default();
        for i in 0..self.books.len() {
            let book = self.book(i);
            let closed = &book.closed;
            sum.hits += closed.hits;
            sum.misses += closed.misses;
            sum.prefilled += closed.prefilled;
            sum.returned += closed.returned;
            sum.discarded += closed.discarded;
            sum.freed += closed.freed;
            sum.detached += closed.detached;
            book.open.iter().for_each(|ledger| ledger.add_to(&mut sum));
        }
        sum
    }
}
