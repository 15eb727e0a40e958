//! Pool statistics that cost the hot path one plain store.
//!
//! Each item carries a ledger with one number, how often it was handed out; a lane and the belt count for themselves what their
//! owners take. Whoever holds the item is the number's only writer, so a load and a store suffice, and only gets write it: an item
//! that is dropped on another thread than it was got on leaves it where it is. All other counts follow from how many items there
//! are, how they ended, and how many are idle. Totals are found when somebody asks; making and freeing an item takes a lock
//! of its shard, which is little beside the memory itself.
//!
//! Rejected: counters in the pool (a contended cache line), counters a shard (an atomic add a call: with hits and live
//! items four for a get and a drop, where the pool itself has four), plain stores to shard counters (lose counts when two
//! threads share a shard), a second store when the item comes home (another cache line to fetch when that is elsewhere).
//!
//! A ledger also says whether its item lies in the slot of a home, which cannot be seen without taking it out. That is a
//! second store, but by a thread that has the line: what is dropped elsewhere goes to a queue.
//!
//! Ledgers use std's atomics and locks in models too: nothing but how much `trim` and `prefill` do depends on them, which
//! may be late by what happens meanwhile, and models stay small.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
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
    /// Times the item was handed out while idle, but for those that a lane or the belt counted.
    hits: AtomicU64,
    /// Whether the item is in a slot, or on its way to or from it.
    in_slot: AtomicBool,
    /// Index in `Book::open`, guarded by the book's lock.
    index: AtomicUsize,
    /// The book that holds this ledger.
    book: usize,
}

impl Ledger {
    /// The item, idle until now, is handed out.
    #[inline]
    pub(crate) fn hit(&self) {
        self.hits.store(self.hits.load(Relaxed) + 1, Relaxed);
    }

    /// The item is about to go into a slot, or has come out of it.
    #[inline]
    pub(crate) fn set_in_slot(&self, is: bool) {
        self.in_slot.store(is, Relaxed);
    }
}

/// The ledgers of one shard.
#[derive(Default)]
struct Book {
    /// Ledgers of items that are leased or idle.
    open: Vec<Arc<Ledger>>,
    /// How the items of this book began and ended, and the hits of those that ended. Other fields stay 0.
    sum: PoolStats,
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
        let mut book = self.book(home);
        match origin {
            Origin::Miss => book.sum.misses += 1,
            Origin::Prefill => book.sum.prefilled += 1,
        }
        let index = AtomicUsize::new(book.open.len());
        let ledger = Arc::new(Ledger { hits: AtomicU64::new(0), in_slot: AtomicBool::new(false), index, book: home });
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
        book.sum.hits += ledger.hits.load(Relaxed);
        match end {
            End::Discarded => book.sum.discarded += 1,
            End::Freed => book.sum.freed += 1,
            End::Detached => book.sum.detached += 1,
        }
    }

    /// Items in slots.
    pub(crate) fn in_slots(&self) -> usize {
        let of = |i| self.book(i).open.iter().filter(|ledger| ledger.in_slot.load(Relaxed)).count();
        (0..self.books.len()).map(of).sum()
    }

    /// Sums over all ledgers of a pool with `idle` idle items, and `hits` that no ledger knows; `bytes` and `peak_bytes` stay 0.
    pub(crate) fn sum(&self, idle: usize, hits: u64) -> PoolStats {
        let mut sum = PoolStats { idle: idle as u64, hits, ..PoolStats::default() };
        for i in 0..self.books.len() {
            let book = self.book(i);
            sum.hits += book.sum.hits + book.open.iter().map(|ledger| ledger.hits.load(Relaxed)).sum::<u64>();
            sum.misses += book.sum.misses;
            sum.prefilled += book.sum.prefilled;
            sum.discarded += book.sum.discarded;
            sum.freed += book.sum.freed;
            sum.detached += book.sum.detached;
            sum.live += book.open.len() as u64;
        }
        // What is not idle is leased, and what was leased and neither is nor ended otherwise has come home.
        sum.live = sum.live.saturating_sub(sum.idle);
        sum.returned = (sum.hits + sum.misses).saturating_sub(sum.live + sum.discarded + sum.detached);
        sum
    }
}

#[cfg(test)]
mod tests;
