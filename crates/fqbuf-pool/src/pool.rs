//! The pool: idle items in shards, each thread with a home shard.
//!
//! ```text
//! Pool (handle, cloned) --> Tenure: closes the pool when the last handle goes
//!                             |--> Home, as many as shards
//! ScopedLease, Entry ------------> Home --> its shard, without a detour
//!                                   |-----> Anchor --> Estate: shards (idle items), budget, statistics
//! Lease --> Entry: the item --------------> Anchor
//! ```
//!
//! A get looks in the caller's home shard, then in the others, then makes an item; a lease goes home to the shard of the
//! thread that asked for it, then to any other with room, else it is freed. The shards' capacities add up to the bound on
//! idle items, so the bound holds at every moment without a counter. A shard is a slot for one item and a queue for the
//! others. The slot is for threads at home there, to whom a swap costs less than the queue; what is dropped by another
//! thread goes to the queue, where both ends have a line of their own. Before both comes the lane (`lane.rs`), a place for one
//! item that one thread at home there has to itself until it ends, as long as nobody else needs what lies in it: it goes in and
//! out without an atomic exchange. All others look there last, because it costs them microseconds.
//!
//! What one thread gets and another drops goes back over the belt (`belt.rs`): the first thread that brings an item home from elsewhere
//! is its courier, the first that gets one then its taker, and between these two items go without an exchange either.
//!
//! An owned lease keeps the estate alive through the anchor of its home, so that threads at different homes touch
//! different reference counts. An idle item has its reference still, so a get changes no count. Nor does a drop through the lane
//! or over the belt, which their threads keep alive by themselves (`farewell.rs`). Others
//! hold one more reference while an item goes out of their hands. So idle items would keep the estate alive, did not the end of
//! the pool leave none: either it finds what comes home meanwhile, or whoever brings that sees it, by a fence on either side
//! (`barrier.rs` where there are lanes). A lease is one word, which stays in a register.
//!
//! What was measured and rejected, ns for get, write a byte and drop of a 64 KiB buffer, one thread / two threads on one
//! pool (two-core Zen 4 guest, AMD EPYC family 25 model 17, 2026-11-23; minima or medians of undisturbed rounds, in one
//! run with the alternatives; `cargo bench -p fqbuf-benches --bench pool` has the first column). As it was before there were
//! lanes: 15 / 16 for `get`, 13 / 14 for `get_scoped`.
//!
//! - One queue for all threads: 15 / 504, the control being a bare `ArrayQueue<Vec<u8>>`.
//! - Entries by value in the queue (item, charge and ledger, 56 bytes) instead of in a box: 51 and 46 on one thread for
//!   the two kinds of lease. They are copied four times a round, each copy reading what the one before has just written in
//!   other widths, which the processor's store buffer cannot forward. A queue of bare pointers takes 8, of `Vec`s 15 to 18.
//! - Slots of neighbouring shards side by side in memory: 14 / 31 for `get_scoped`, when a cache line has some of either.
//! - Leases that lend the queue from the item that they give away, which would save the drop's count too: whoever takes
//!   the item may end it, and with it the queue that is still being pushed to.
//! - Eight homes of 8 places where the machine has two cores, with 32 buffers on their way from the thread that gets to
//!   the one that drops: returns that find their home full try the others. The machine has two states, which last for
//!   minutes; in the one the hand-over itself takes 12 ns a buffer, in the other 38. Eight homes: 72 and 236 to 300; four
//!   of 16 places: 55 and 150 to 217; one of 64: 55 and 155. opool takes 59 and 125, object-pool 60 and 164,
//!   lockfree-object-pool 59 and 129, a bare `ArrayQueue` 29 and 81.
//! - Across on the Zen 5 guest below, before there was a belt, where a word to the other core takes 24 ns and where it takes 204
//!   (2026-11-26, medians of interleaved processes), 36 and 154 with `get`: references that idle items give up, so that the get writes
//!   the same count as the drop, 73 and 452; drops that hold a reference meanwhile, 72 and 155; no item let go but through the anchor's
//!   own function, 47, and 3.4 for `get` on one thread, whose drop is then too big to be inlined. Buffers that are emptied by the get:
//!   55 and 245. A drop that asks to own the entry's line first: 154 to 170. opool takes 79 and 328; its guards that borrow it, which
//!   carry the buffer itself and no pointer to it, 44 and 107, where `get_scoped` takes 37 and 155.
//! - Across on a 2-core Cascade Lake guest (Intel family 6 model 85), where a word to the other core takes 90 to 110 ns (2026-11-26,
//!   medians of seven interleaved processes of a program of its own): 83 with `get` and with `get_scoped`; opool 80 with guards that
//!   borrow it. By the home's queue instead of the belt 144 and 148. What the way takes in a bare program, without counts and
//!   bounds, 34 items in all: a ring with two indices, each written by one thread, 60; items that the thread which drops empties, 115;
//!   places that are taken or not, without indices, 73 where each has a line of its own and 88 where not; an exchange to take from
//!   these 127, to leave there 88 and 109, both 134.
//! - There, a belt with a part of the room: a ring of 8 places takes 118 in the bare program, of 15 101, of 26 84, of 40 65, as items then
//!   wait in front of it. A belt for each home, with half of its room 107 and 110, with all but an eighth of it 91 and 94; a head that
//!   is told every fourth item, to be fetched less often, 116 and 128 instead of the 107 and 110. One for the pool with half of the
//!   room, which is room behind a lock for all when there is no courier: 75 and 77, but two threads that hold 16 buffers each at a time
//!   take 350 ns for one instead of 80, and four with 14 600 instead of 140.
//! - There, without a belt: no word to the
//!   processor that what comes from the queue will be written, so that its line comes to be read and then again to be owned, 160 and
//!   187; the same in a drop, 139 with `get_scoped`, there alone 181; two idle items taken at once, the second left in the lane, 150 to
//!   164, and 154 with `get`; buffers that are emptied by the get 120 and 139. (A prefetch for writing that the
//!   compiler makes for any x86-64 asks for reading: it had no effect.)
//! - A second store of statistics when an item comes home: 79 to 88 in that case instead of 72.
//! - Queues alone, without the slot, on a two-core Zen 5 guest (AMD EPYC, family 26 model 2, 2026-11-25; medians of
//!   interleaved processes of `cargo xtask bench pool`): 14.1 for `get_scoped` instead of 11.7, 23.7 for `get` instead of
//!   21.4; across, a word to the other core in 25 ns, 45 and 105, as with the slot. opool takes 13.8, 33.4 and 89,
//!   lockfree-object-pool 12.1, 21.9 and 88. A swap by whoever drops, also on another thread: 11.4 and 21.1, but 89 to 97
//!   across. A slot that is always looked into: 86 across for `get_scoped`. Shards reached through the anchor: 14.1. No hits
//!   counted: 14.3. Everything inlined: 14.8.
//! - The same there without lanes, as pools with a budget still are: 12.8 and 12.9 for `get_scoped`, 21.9 and 23.3 for `get`; with
//!   them 2.3 and 2.3, 2.7 and 2.6 (2026-11-26; a bare `ArrayQueue` 14 and 44), and no difference across. Two swaps of a word are 9.4, the floor of all that
//!   others can take with no more trouble than the owner: a bare item in a slot 9.9, an `ArrayQueue` 10.5, `Mutex<Option>` 20.0.
//!   malloc takes 13 for its pair and more, regex-automata's pool 2.5, for its first user alone, and 31 for the second.
//! - Thread-local items, 1.9 for a bare one: could be neither trimmed nor counted.
//! - Of what a lane's get and drop took, 3.5 and 3.6 at first: leases that the compiler frees where they may not have ended, so
//!   that their drop is too big to be inlined and the lease lies in memory, 0.9; a test whether the thread has a number and
//!   whether there is a lane, and the ways to slot and queue inlined beside it, 0.2; one function behind `get` and `get_scoped`
//!   for what is now in both, 0.3 of the second.
//! - The same on the Cascade Lake guest (2026-11-26, least of five medians in a program of its own), `get_scoped` 6.92, where
//!   regex-automata's first user has 6.58 in the row: no hits counted 6.60, no second look at the claim 6.72, no bound on what is
//!   kept 6.67, no look at the size at all 6.26; a lease that is unwrapped at its end instead of looked at 8.96. All that is left
//!   out there is promised here.
//! - There, 2026-11-27, medians of twelve interleaved processes of the row, `get_scoped` and `get`: 6.89 and 8.42 with a look at the
//!   bound on what is kept at each end, now foretold in one number (`entry.rs`); that alone 6.91 and 7.94; with the lane one
//!   step nearer (`Home` in `anchor.rs`) 6.72 and 7.38, and with all that is rare looked up where it is needed, as now, 6.58 and
//!   7.36, where regex-automata's first user has 6.61; linked with all code 16 bytes further on, 7.1 where that has 6.60. Ways out
//!   of the lane that share one function: 6.57, but 15 % more for `get`. A price: across, 87 instead of 82, as the thread that drops
//!   is done sooner and finds an empty ring more often; with one more look at its size, 80 again.
//! - There, 2026-11-27, medians of 16 interleaved processes, at two places in memory: `get_scoped` 6.6 and 6.6 when what is rare makes
//!   the lease, 5.8 and 5.9 now that it gives the item alone, which the compiler knows to be there, and the lease is made here; 6.5 and 6.6
//!   when what is rare is not a function of its own for `get_scoped`. The same for `get` 7.3 and 7.5, where it is 7.3 and 7.4.
//! - Lanes whose owner stays it after its end: threads that follow each other at one home have none, 13.5 and 24.0 on two threads.
//! - Lanes looked up through the estate, checked for a budget and a flag before the owner enters: 5.6 for `get_scoped`, 7.5 for `get`, where 4.2 and 5.0 were had.
//! - A slot that stays locked, with the item in it, for as long as a borrowed lease lasts: one exchange to take and one store to
//!   give back. The bare item takes 5.3 where two exchanges take 10.0, on two threads 9.1 to 10.8 where those take 18 to 20 (a state
//!   in which exchanges of both cores at once take twice as long). `get_scoped` would take some 7, and still not be a tenth of a
//!   bare `ArrayQueue`; owned leases would take no less, and it needs `unsafe` or one more dependency for a lock that opens by a
//!   store.
//! - A count of idle items for the bound, or `len` of the queue before a push: the first is a contended cache line, the
//!   second lets two threads in at once, as another model shows.

use std::time::Duration;

use crate::anchor::Home;
use crate::budget::{MemoryBudget, Neighbour, Patience};
use crate::builder::PoolBuilder;
use crate::entry::Held;
use crate::estate::{Estate, Listed};
use crate::home::{self, Me};
use crate::lease::{Lease, ScopedLease};
use crate::ledger::PoolStats;
use crate::recipe::{Buffers, Recipe};
use crate::sync::Arc;

/// A pool of byte buffers: `Vec<u8>` of a given capacity, empty when handed out.
///
/// See [`Pool`] for the methods.
pub type BufferPool = Pool<Buffers>;

/// A pool of items that a [`Recipe`] makes, shared by its clones.
///
/// Not worth it for items of less than a few hundred bytes: the allocator is as quick.
///
/// Items are handed out as leases, which come home when they drop, on any thread. Without a budget nothing here blocks:
/// where no item is idle, one is made. With a [`MemoryBudget`], `get` waits for memory, for ever if need be; `try_get`
/// and `get_timeout` report instead.
///
/// The pool may be dropped before its leases; their items are then freed as they end. A thread that used its quick ways keeps
/// the empty shelves, two kilobytes and 16 bytes for each item that they had room for, until it ends or comes to use another pool
/// so. A forgotten lease (`mem::forget`) is counted as live for ever and costs its memory, and that of the pool's insides, nothing
/// else. A panic while a lease is held brings the item home like any other end.
///
/// # Examples
/// ```
/// use fqbuf_pool::BufferPool;
///
/// let pool = BufferPool::new(64 * 1024);
/// for _ in 0..1000 {
///     let mut buffer = pool.get();
///     buffer.extend_from_slice(b"@r1\nACGT\n+\nIIII\n");
/// }
/// assert_eq!(pool.stats().misses, 1);
/// ```
pub struct Pool<R: Recipe> {
    tenure: Arc<Tenure<R>>,
}

/// What the handles share; its end is the end of the pool.
struct Tenure<R: Recipe> {
    /// One a home; a power of two, at least one.
    homes: Box<[Home<R>]>,
    estate: Arc<Estate<R>>,
    /// The pool's entry in its budget's list.
    neighbour: Option<Arc<Neighbour>>,
}

impl<R: Recipe> Drop for Tenure<R> {
    fn drop(&mut self) {
        self.estate.close(|budget| {
            if let Some(neighbour) = &self.neighbour {
                budget.counter().leave(neighbour);
            }
        });
    }
}

impl Pool<Buffers> {
    /// A pool of buffers of `buffer_size` bytes of capacity, 64 of them idle at most.
    #[must_use]
    pub fn new(buffer_size: usize) -> Self {
        PoolBuilder::new(Buffers::new(buffer_size)).unbudgeted()
    }

    /// A pool of buffers of `buffer_size` bytes of capacity, `max_buffers` of them idle at most. With 0 nothing is kept.
    /// Takes 16 bytes for each of them at once.
    ///
    /// # Panics
    /// When memory cannot address these. Aborts when there is not that much, as every `Vec`.
    #[must_use]
    pub fn with_capacity(buffer_size: usize, max_buffers: usize) -> Self {
        PoolBuilder::new(Buffers::new(buffer_size)).max_idle(max_buffers).unbudgeted()
    }

    /// A pool of buffers to be configured; of 64 KiB each unless [`buffer_size`](PoolBuilder::buffer_size) says otherwise.
    #[must_use]
    pub fn builder() -> PoolBuilder<Buffers> {
        PoolBuilder::new(Buffers::new(64 * 1024))
    }
}

impl<R: Recipe> Pool<R> {
    /// A pool of this estate, whose budget holds at least one item.
    pub(crate) fn of(estate: Estate<R>) -> Self {
        let estate = Arc::new(estate);
        let homes = (0..estate.homes()).map(|home| Home::new(&estate, home)).collect();
        let neighbour = estate.budget().map(|budget| {
            let pool = Box::new(Listed(Arc::clone(&estate)));
            let neighbour = Arc::new(Neighbour { pool, key: estate.key() });
            budget.counter().enter(Arc::clone(&neighbour));
            neighbour
        });
        Self { tenure: Arc::new(Tenure { homes, estate, neighbour }) }
    }

    /// The calling thread's home.
    #[inline]
    fn home(&self, me: Me) -> &Home<R> {
        let homes = &self.tenure.homes;
        &homes[me.home_of(homes.len())]
    }

    /// A lease of the item in this thread's lane, or of what `otherwise` finds.
    fn lease(&self, otherwise: impl FnOnce(&Estate<R>, Me, usize) -> Option<Held<R>>) -> Option<Lease<R>> {
        let me = home::me();
        let home = self.home(me);
        let anchor = home.anchor();
        let found = home.take(me).or_else(|| otherwise(anchor.estate(), me, anchor.home()));
        Some(Lease::new(found?, anchor))
    }

    /// An item: an idle one, else a new one. With a budget, waits in line for memory, **for ever if need be**: a thread
    /// that holds the whole budget itself and gets another item hangs. Without one, never blocks.
    #[must_use]
    #[inline]
    pub fn get(&self) -> Lease<R> {
        let me = home::known();
        let home = self.home(me);
        match home.take(me) {
            Some(entry) => Lease::new(entry, home.anchor()),
            None => self.get_otherwise(),
        }
    }

    #[inline(never)]
    fn get_otherwise(&self) -> Lease<R> {
        let me = home::me();
        let home = self.home(me);
        Lease::new(home.get(me), home.anchor())
    }

    /// Like [`get`](Self::get), for a lease that borrows the pool: cheaper where the thread has no lane of its own.
    #[must_use]
    #[inline]
    pub fn get_scoped(&self) -> ScopedLease<'_, R> {
        let me = home::known();
        let home = self.home(me);
        match home.take(me) {
            Some(entry) => ScopedLease::new(entry, home),
            None => ScopedLease::new(self.get_scoped_otherwise(), self.home(home::known())),
        }
    }

    /// The item alone: that there is one is known of it, and not of a lease that comes back. The thread has a number by then.
    #[inline(never)]
    fn get_scoped_otherwise(&self) -> Held<R> {
        let me = home::me();
        self.home(me).get(me)
    }

    /// An item if there is one without waiting. `None` only with a budget: it is exhausted, or others wait in line.
    #[must_use]
    pub fn try_get(&self) -> Option<Lease<R>> {
        self.lease(Estate::try_get)
    }

    /// An item, waiting in line for no longer than `timeout`. `None` only with a budget.
    #[must_use]
    pub fn get_timeout(&self, timeout: Duration) -> Option<Lease<R>> {
        self.lease(|estate, me, home| estate.get_patiently(me, home, || Patience::lasting(timeout)))
    }

    /// Frees all idle items. Leases are not touched, and come home as before.
    pub fn clear(&self) {
        self.trim(0);
    }

    /// Frees idle items until `keep` are left; returns how many it freed.
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn trim(&self, keep: usize) -> usize {
        self.tenure.estate.trim(keep)
    }

    /// Makes items until `n` are idle, or the pool is full, or its budget exhausted; returns how many it made. Does not
    /// wait. Spreads them over the homes of all threads.
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn prefill(&self, n: usize) -> usize {
        self.tenure.estate.prefill(n)
    }

    /// Gives up what the calling thread owns in this pool, for models only.
    #[cfg(any(loom, shuttle))]
    #[doc(hidden)]
    pub fn resign(&self) {
        self.tenure.estate.resign();
    }

    /// Number of idle items; never above [`max_idle`](Self::max_idle). Costs a lock and a look at every item: for reports.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.tenure.estate.idle()
    }

    /// Number of items leased now, forgotten leases included.
    #[must_use]
    pub fn live(&self) -> usize {
        usize::try_from(self.stats().live).unwrap_or(usize::MAX)
    }

    /// The bound on idle items.
    #[must_use]
    pub fn max_idle(&self) -> usize {
        self.tenure.estate.max_idle()
    }

    /// The bound on the bytes of an item that is kept.
    #[must_use]
    pub fn max_retained(&self) -> usize {
        self.tenure.estate.max_retained()
    }

    /// The budget that the items are charged to.
    #[must_use]
    pub fn budget(&self) -> Option<&MemoryBudget> {
        self.tenure.estate.budget()
    }

    /// How the pool makes, measures and empties items.
    #[must_use]
    pub fn recipe(&self) -> &R {
        self.tenure.estate.recipe()
    }

    /// Counts since the pool was made. Costs a lock and a look at every item: for reports.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.tenure.estate.stats()
    }
}

// A panic elsewhere leaves no lock held and no item half returned.
impl<R: Recipe> std::panic::UnwindSafe for Pool<R> {}
impl<R: Recipe> std::panic::RefUnwindSafe for Pool<R> {}

impl<R: Recipe> Clone for Pool<R> {
    fn clone(&self) -> Self {
        Self { tenure: Arc::clone(&self.tenure) }
    }
}

impl<R: Recipe> std::fmt::Debug for Pool<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("max_idle", &self.max_idle())
            .field("max_retained", &self.max_retained())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
