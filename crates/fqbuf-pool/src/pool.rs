//! The pool: idle items in shards, each thread with a home shard.
//!
//! ```text
//! Pool (handle, cloned) --> Tenure: closes the pool when the last handle goes
//!                             |--> Anchor, one a home --> Estate: shards (idle items), budget, statistics
//! Lease -- keeps alive ----------> Anchor
//! ```
//!
//! A get looks in the caller's home shard, then in the others, then makes an item; a lease goes home to the shard of the
//! thread that asked for it, then to any other with room, else it is freed. The shards' capacities add up to the bound on
//! idle items, so the bound holds at every moment without a counter.
//!
//! An owned lease keeps the estate alive through the anchor of its home, so that threads at different homes touch
//! different reference counts. Idle items hold no reference, or the estate would keep itself alive.

use std::time::Duration;

use crossbeam_utils::CachePadded;
use fqbuf_stats::BufferStats;

use crate::budget::{Charge, Counter, Idle, MemoryBudget, Neighbour, Patience};
use crate::builder::PoolBuilder;
use crate::lease::{Lease, ScopedLease};
use crate::ledger::{End, Ledger, Ledgers, Origin, PoolStats};
use crate::queue::ArrayQueue;
use crate::recipe::{Buffers, Recipe};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};

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
/// The pool may be dropped before its leases; their items are then freed as they end. A forgotten lease (`mem::forget`)
/// is counted as live for ever and costs its memory, nothing else. A panic while a lease is held brings the item home
/// like any other end.
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
    anchors: Box<[Arc<Anchor<R>>]>,
    estate: Arc<Estate<R>>,
    /// The pool's entry in its budget's list.
    neighbour: Option<Arc<Neighbour>>,
}

/// What owned leases of one home keep alive. On a cache line of its own: its reference count is written at every get.
pub(crate) struct Anchor<R: Recipe> {
    at: CachePadded<(Arc<Estate<R>>, usize)>,
}

impl<R: Recipe> Anchor<R> {
    #[inline]
    pub(crate) fn estate(&self) -> &Estate<R> {
        &self.at.0
    }

    #[inline]
    pub(crate) fn home(&self) -> usize {
        self.at.1
    }
}

/// An item of the pool, leased or idle. Alone on its cache line, because neighbours in memory go to different threads.
#[repr(align(64))]
pub(crate) struct Entry<T> {
    pub(crate) item: T,
    /// Bytes that the item had when they were last settled, charged to the pool's budget.
    pub(crate) charge: Charge,
    ledger: std::sync::Arc<Ledger>,
}

/// An entry on its way: one pointer, because moving whole entries costs more than the queue does.
pub(crate) type Held<T> = Box<Entry<T>>;

/// Idle items of one home.
type Shard<T> = CachePadded<ArrayQueue<Held<T>>>;

/// Everything that outlives the handles while leases are about.
pub(crate) struct Estate<R: Recipe> {
    recipe: R,
    /// Idle items. None at all, or a power of two of them; their capacities sum up to the bound on idle items.
    shards: Box<[Shard<R::Item>]>,
    /// An item of more bytes is not kept.
    max_retained: usize,
    /// No handle is left: nothing may stay idle.
    closed: AtomicBool,
    budget: Option<MemoryBudget>,
    memory: BufferStats,
    ledgers: Ledgers,
}

/// Where a get stands when the quick ways are exhausted.
enum Source<T> {
    Idle(Held<T>),
    Charged(Charge),
}

impl<R: Recipe> Estate<R> {
    /// What tells this pool from others on its budget: its address.
    fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// An idle item, the home shard's first.
    #[inline]
    fn take_idle(&self, home: usize) -> Option<Held<R::Item>> {
        match self.shards.get(home) {
            Some(shard) => shard.pop().or_else(|| self.take_from_others(home)),
            None => None,
        }
    }

    /// An idle item of another shard.
    #[cold]
    fn take_from_others(&self, home: usize) -> Option<Held<R::Item>> {
        let (before, after) = self.shards.split_at(home);
        after.iter().skip(1).chain(before).find_map(|shard| shard.pop())
    }

    /// Puts an item into a shard with room, the home shard first.
    #[inline]
    fn put_idle(&self, home: usize, entry: Held<R::Item>) -> Result<(), Held<R::Item>> {
        match self.shards.get(home) {
            Some(shard) => shard.push(entry).or_else(|entry| self.put_with_others(home, entry)),
            None => Err(entry),
        }
    }

    /// Puts an item into another shard with room.
    #[cold]
    fn put_with_others(&self, home: usize, mut entry: Held<R::Item>) -> Result<(), Held<R::Item>> {
        let (before, after) = self.shards.split_at(home);
        for shard in after.iter().skip(1).chain(before) {
            match shard.push(entry) {
                Ok(()) => return Ok(()),
                Err(back) => entry = back,
            }
        }
        Err(entry)
    }

    /// An item for a lease, waiting for memory as long as it takes.
    #[inline]
    pub(crate) fn get(&self, home: usize) -> Held<R::Item> {
        if self.budget.is_none()
            && let Some(entry) = self.take_idle(home)
        {
            entry.ledger.leave();
            return entry;
        }
        self.get_otherwise(home)
    }

    #[cold]
    fn get_otherwise(&self, home: usize) -> Held<R::Item> {
        if self.budget.is_none() {
            return self.make(home, Charge::to_nobody(self.recipe.fresh_bytes()), Origin::Miss);
        }
        match self.get_patiently(home, Patience::Forever) {
            Some(entry) => entry,
            None => unreachable!("patience for ever ran out"),
        }
    }

    /// An item for a lease; `None` when there is none without waiting.
    pub(crate) fn try_get(&self, home: usize) -> Option<Held<R::Item>> {
        let Some(budget) = &self.budget else { return Some(self.get(home)) };
        let counter = budget.counter();
        if counter.somebody_waits() {
            return None;
        }
        if let Some(entry) = self.take_idle(home) {
            entry.ledger.leave();
            return Some(entry);
        }
        let fresh = self.recipe.fresh_bytes();
        let charge = counter.try_take_or_reclaim(fresh, self.key()).then(|| Charge::of(counter, fresh))?;
        Some(self.make(home, charge, Origin::Miss))
    }

    /// An item for a lease; `None` when patience ran out.
    pub(crate) fn get_patiently(&self, home: usize, patience: Patience) -> Option<Held<R::Item>> {
        if let Some(entry) = self.try_get(home) {
            return Some(entry);
        }
        let counter = self.budget.as_ref()?.counter();
        let fresh = self.recipe.fresh_bytes();
        let source = counter.in_line(patience, || match self.take_idle(home) {
            Some(entry) => Some(Source::Idle(entry)),
            None => counter.take_as_first(fresh, self.key()).then(|| Source::Charged(Charge::of(counter, fresh))),
        })?;
        // Out of the line by now: making an item may take its time, and may use pools itself.
        Some(match source {
            Source::Idle(entry) => {
                entry.ledger.leave();
                entry
            }
            Source::Charged(charge) => self.make(home, charge, Origin::Miss),
        })
    }

    /// Makes an item whose memory is charged.
    fn make(&self, home: usize, mut charge: Charge, origin: Origin) -> Held<R::Item> {
        let item = self.recipe.make();
        self.memory.record_allocation(charge.bytes());
        // A recipe that makes more than it said is found out here, and again when the item comes home.
        self.recharge(&mut charge, self.recipe.bytes(&item));
        Box::new(Entry { item, charge, ledger: self.ledgers.open(home, origin) })
    }

    /// Ends a lease.
    #[inline]
    pub(crate) fn come_home(&self, home: usize, mut entry: Held<R::Item>) {
        let bytes = self.recipe.bytes(&entry.item);
        if (bytes != entry.charge.bytes() || bytes > self.max_retained) && !self.settle(&mut entry, bytes) {
            return self.end(entry, End::Discarded);
        }
        self.recipe.reset(&mut entry.item);
        entry.ledger.come_home();
        match self.put_idle(home, entry) {
            Ok(()) => self.after_homecoming(),
            Err(entry) => {
                entry.ledger.turned_away();
                self.end(entry, End::Discarded);
            }
        }
    }

    /// Looks after an item that has just become idle: it may be wanted, or unwanted.
    #[inline]
    fn after_homecoming(&self) {
        if let Some(budget) = &self.budget {
            Counter::meet();
            budget.counter().came_home();
        }
        if self.closed.load(Ordering::Relaxed) {
            self.trim(0);
        }
    }

    /// Accounts for an item whose size its holder has changed; false when it is not to be kept.
    #[cold]
    fn settle(&self, entry: &mut Entry<R::Item>, bytes: usize) -> bool {
        let before = entry.charge.bytes();
        let taken_away = bytes < before && bytes < self.recipe.fresh_bytes();
        if !taken_away && bytes <= self.max_retained && self.recharge(&mut entry.charge, bytes) {
            return true;
        }
        // The growth was there for a while, and goes with the item.
        let growth = bytes.saturating_sub(before);
        self.memory.record_allocation(growth);
        self.memory.record_deallocation(growth);
        false
    }

    /// Makes a charge of what the item really has, if the budget allows.
    fn recharge(&self, charge: &mut Charge, bytes: usize) -> bool {
        let before = charge.bytes();
        if let Some(less) = before.checked_sub(bytes) {
            charge.shrink_to(bytes);
            self.memory.record_deallocation(less);
            return true;
        }
        let more = bytes - before;
        let granted = charge.try_grow_into_free(more);
        if granted {
            self.memory.record_allocation(more);
        }
        granted
    }

    /// Lets `grow` loose on an item with `bytes` just charged on top, and settles the charge to what the item has.
    pub(crate) fn grow<T>(&self, entry: &mut Entry<R::Item>, bytes: usize, grow: impl FnOnce(&mut R::Item) -> T) -> T {
        self.memory.record_allocation(bytes);
        let answer = grow(&mut entry.item);
        // An item that shrank below a new one is not to be kept, which shows when it comes home with less than its charge.
        let least = self.recipe.fresh_bytes().min(entry.charge.bytes());
        let now = self.recipe.bytes(&entry.item).max(least);
        self.recharge(&mut entry.charge, now);
        answer
    }

    /// Frees an item.
    #[cold]
    #[expect(clippy::boxed_local, reason = "entries travel in their box")]
    fn end(&self, entry: Held<R::Item>, end: End) {
        let Entry { item, charge, ledger } = *entry;
        self.ledgers.close(&ledger, end);
        self.memory.record_deallocation(charge.bytes());
        // First the memory, then what it was charged.
        drop(item);
        drop(charge);
    }

    /// Takes an item out of the pool for good.
    #[expect(clippy::boxed_local, reason = "entries travel in their box")]
    pub(crate) fn detach(&self, entry: Held<R::Item>) -> R::Item {
        let Entry { item, charge, ledger } = *entry;
        self.ledgers.close(&ledger, End::Detached);
        self.memory.record_deallocation(charge.bytes());
        item
    }

    /// Frees idle items until `keep` are left; returns how many it freed. The bound on idle items bounds the loop, also
    /// while others keep bringing more.
    fn trim(&self, keep: usize) -> usize {
        for freed in 0..self.max_idle() {
            if keep > 0 && self.idle() <= keep {
                return freed;
            }
            let Some(entry) = self.take_idle(freed % self.shards.len()) else { return freed };
            self.end(entry, End::Freed);
        }
        self.max_idle()
    }

    fn idle(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }

    fn max_idle(&self) -> usize {
        self.shards.iter().map(|shard| shard.capacity()).sum()
    }
}

impl<R: Recipe> Drop for Estate<R> {
    fn drop(&mut self) {
        // What came home while the pool was being closed.
        while let Some(entry) = self.take_idle(0) {
            self.end(entry, End::Freed);
        }
    }
}

/// An estate on a budget's list.
struct Listed<R: Recipe>(Arc<Estate<R>>);

impl<R: Recipe> Idle for Listed<R> {
    fn free_one(&self) -> bool {
        let found = self.0.take_idle(0);
        found.map(|entry| self.0.end(entry, End::Freed)).is_some()
    }
}

impl<R: Recipe> Drop for Tenure<R> {
    fn drop(&mut self) {
        self.estate.closed.store(true, Ordering::Relaxed);
        if let Some(budget) = &self.estate.budget {
            Counter::meet();
            if let Some(neighbour) = &self.neighbour {
                budget.counter().leave(neighbour);
            }
        }
        self.estate.trim(0);
    }
}

impl Pool<Buffers> {
    /// A pool of buffers of `buffer_size` bytes of capacity, 64 of them idle at most.
    #[must_use]
    pub fn new(buffer_size: usize) -> Self {
        PoolBuilder::new(Buffers::new(buffer_size)).unbudgeted()
    }

    /// A pool of buffers of `buffer_size` bytes of capacity, `max_buffers` of them idle at most. With 0 nothing is kept.
    /// Takes some 60 bytes for each of them at once.
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
    /// A pool with these limits; the budget holds at least one item.
    pub(crate) fn build(
        recipe: R,
        homes: usize,
        max_idle: usize,
        max_retained: usize,
        budget: Option<MemoryBudget>,
    ) -> Self {
        let most = homes.min(max_idle);
        let shards = if most == 0 { 0 } else { 1 << most.ilog2() };
        let capacity = |i| max_idle / shards + usize::from(i < max_idle % shards);
        let homes = shards.max(1);
        let estate = Arc::new(Estate {
            recipe,
            shards: (0..shards).map(|i| CachePadded::new(ArrayQueue::new(capacity(i)))).collect(),
            max_retained,
            closed: AtomicBool::new(false),
            budget,
            memory: BufferStats::new(),
            ledgers: Ledgers::new(homes),
        });
        let anchors =
            (0..homes).map(|home| Arc::new(Anchor { at: CachePadded::new((Arc::clone(&estate), home)) })).collect();
        let neighbour = estate.budget.as_ref().map(|budget| {
            let neighbour = Arc::new(Neighbour { pool: Box::new(Listed(Arc::clone(&estate))), key: estate.key() });
            budget.counter().enter(Arc::clone(&neighbour));
            neighbour
        });
        Self { tenure: Arc::new(Tenure { anchors, estate, neighbour }) }
    }

    /// The calling thread's anchor.
    #[inline]
    fn anchor(&self) -> &Arc<Anchor<R>> {
        let anchors = &self.tenure.anchors;
        &anchors[crate::home::of_this_thread() & (anchors.len() - 1)]
    }

    /// An item: an idle one, else a new one. With a budget, waits in line for memory, **for ever if need be**: a thread
    /// that holds the whole budget itself and gets another item hangs. Without one, never blocks.
    #[must_use]
    #[inline]
    pub fn get(&self) -> Lease<R> {
        let anchor = self.anchor();
        let entry = anchor.estate().get(anchor.home());
        Lease::new(entry, Arc::clone(anchor))
    }

    /// Like [`get`](Self::get), for a lease that borrows the pool: cheaper by one reference count.
    #[must_use]
    #[inline]
    pub fn get_scoped(&self) -> ScopedLease<'_, R> {
        let anchor = self.anchor();
        ScopedLease::new(anchor.estate().get(anchor.home()), anchor)
    }

    /// An item if there is one without waiting. `None` only with a budget: it is exhausted, or others wait in line.
    #[must_use]
    pub fn try_get(&self) -> Option<Lease<R>> {
        let anchor = self.anchor();
        let entry = anchor.estate().try_get(anchor.home())?;
        Some(Lease::new(entry, Arc::clone(anchor)))
    }

    /// An item, waiting in line for no longer than `timeout`. `None` only with a budget.
    #[must_use]
    pub fn get_timeout(&self, timeout: Duration) -> Option<Lease<R>> {
        let anchor = self.anchor();
        let entry = anchor.estate().get_patiently(anchor.home(), Patience::lasting(timeout))?;
        Some(Lease::new(entry, Arc::clone(anchor)))
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
        let estate = &*self.tenure.estate;
        let wanted = n.min(estate.max_idle()).saturating_sub(estate.idle());
        for made in 0..wanted {
            let fresh = estate.recipe.fresh_bytes();
            let charge = match &estate.budget {
                None => Charge::to_nobody(fresh),
                Some(budget) if budget.counter().try_take(fresh) => Charge::of(budget.counter(), fresh),
                Some(_) => return made,
            };
            let home = made & (self.tenure.anchors.len() - 1);
            let entry = estate.make(home, charge, Origin::Prefill);
            if let Err(entry) = estate.put_idle(home, entry) {
                estate.end(entry, End::Freed);
                return made;
            }
            estate.after_homecoming();
        }
        wanted
    }

    /// Number of idle items; never above [`max_idle`](Self::max_idle).
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
        self.tenure.estate.max_retained
    }

    /// The budget that the items are charged to.
    #[must_use]
    pub fn budget(&self) -> Option<&MemoryBudget> {
        self.tenure.estate.budget.as_ref()
    }

    /// How the pool makes, measures and empties items.
    #[must_use]
    pub fn recipe(&self) -> &R {
        &self.tenure.estate.recipe
    }

    /// Counts since the pool was made. Costs a lock and a look at every item: for reports.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        let estate = &self.tenure.estate;
        let memory = estate.memory.snapshot();
        let sum = estate.ledgers.sum();
        PoolStats { bytes: memory.total_bytes, peak_bytes: memory.peak_bytes, ..sum }
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
