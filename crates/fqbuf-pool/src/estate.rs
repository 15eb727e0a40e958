//! What a pool owns: its idle items, its limits and its accounts. Outlives the pool while leases are about.

#[cfg(all(test, target_os = "linux", not(any(loom, shuttle, miri))))]
mod tests;
#[cfg(any(loom, shuttle))]
mod wrong;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use fqbuf_stats::BufferStats;

use crate::barrier;
use crate::belt::Belt;
use crate::budget::{Charge, Counter, Idle, MemoryBudget, Patience};
use crate::claim::Why;
use crate::entry::{Entry, Held, Size};
#[cfg(any(loom, shuttle))]
use crate::farewell::Resign;
use crate::home::{self, Me};
use crate::lane::{Lane, claim};
use crate::ledger::{End, Ledgers, Origin, PoolStats};
use crate::recipe::Recipe;
use crate::shard::Shard;
use crate::sync::atomic::{Ordering, fence};
use crate::sync::{Arc, MODELLED, mutant};

/// One place on the belt for so many items that may be idle. Models are small, and want it full.
const BELT_SHARE: usize = if MODELLED { 3 } else { 1 };
/// The most places there, 2 KiB.
const BELT_MOST: usize = 256;

/// Everything that outlives the handles while leases are about.
pub(crate) struct Estate<R: Recipe> {
    recipe: R,
    /// Idle items. None at all, or a power of two of them; their capacities sum up to the bound on idle items.
    shards: Box<[Arc<Shard<R>>]>,
    /// From a thread that brings items home to one that gets them elsewhere. Without room where there are no lanes.
    belt: Arc<Belt<Entry<R>>>,
    /// An item of more bytes is not kept.
    max_retained: usize,
    budget: Option<MemoryBudget>,
    memory: BufferStats,
    ledgers: Ledgers,
}

/// Where a get stands when the quick ways are exhausted.
enum Source<R: Recipe> {
    Idle(Held<R>),
    Charged(Charge),
}

impl<R: Recipe> Estate<R> {
    /// An estate with at most this many homes.
    pub(crate) fn new(
        recipe: R,
        homes: usize,
        max_idle: usize,
        max_retained: usize,
        budget: Option<MemoryBudget>,
    ) -> Self {
        let most = homes.min(max_idle);
        let shards = if most == 0 { 0 } else { 1 << most.ilog2() };
        let capacity =
            |i| max_idle / shards + usize::from(i < max_idle % shards) + usize::from(mutant("bound_by_count"));
        let lanes =
            budget.is_none() && shards > 0 && Shard::<R>::has_room_for_lane(capacity(0)) && barrier::available();
        let places = if lanes { (max_idle / BELT_SHARE).min(BELT_MOST) } else { 0 };
        let belt = Arc::new(Belt::new(places, max_idle));
        Self {
            recipe,
            shards: (0..shards).map(|i| Arc::new(Shard::new(capacity(i), lanes, &belt, i, shards))).collect(),
            belt,
            max_retained,
            budget,
            memory: BufferStats::new(),
            ledgers: Ledgers::new(shards.max(1)),
        }
    }

    /// Number of homes: a power of two, at least one.
    pub(crate) fn homes(&self) -> usize {
        self.shards.len().max(1)
    }

    /// Nothing stays idle from now on, nor what is idle now. `leave` takes the pool from its budget's list.
    pub(crate) fn close(&self, leave: impl FnOnce(&MemoryBudget)) {
        self.shards.iter().for_each(|shard| shard.close());
        match &self.budget {
            Some(budget) => {
                if !mutant("no_fence_at_end") {
                    Counter::meet();
                }
                leave(budget);
            }
            None if mutant("end_without_fence") => {}
            // Refused, owners keep what they have to themselves, and free it when they end; the rest is as without lanes.
            None if self.has_lanes() && barrier::heavy() => {}
            None => fence(Ordering::SeqCst),
        }
        let me = home::me();
        self.free_all(self.lanes().filter_map(|lane| lane.close(me)).chain(self.belt.stop(me, Why::End)).collect());
    }

    /// Nothing that lies idle now stays, beside what was `found`. All is taken out before an item is dropped, which may panic: what
    /// is idle keeps the estate alive. The bound on idle items bounds the loop, also while others keep bringing more.
    fn free_all(&self, mut found: Vec<Held<R>>) {
        let take = || self.take_idle(0).or_else(|| self.take_from_lanes(home::me(), Why::End));
        found.extend(std::iter::from_fn(take).take(self.max_idle()));
        self.end_all(found);
    }

    /// Frees idle items. One that panics as it drops keeps no other from it; the first panic goes on afterwards.
    fn end_all(&self, entries: Vec<Held<R>>) {
        let end = |entry| catch_unwind(AssertUnwindSafe(|| self.end(entry, End::Freed))).err();
        if let Some(panic) = entries.into_iter().filter_map(end).reduce(|first, _| first) {
            resume_unwind(panic);
        }
    }

    fn has_lanes(&self) -> bool {
        self.shards.first().is_some_and(|shard| shard.has_lane)
    }

    /// The shard of a home, or one without room where nothing is kept.
    pub(crate) fn shard_of(&self, home: usize) -> Arc<Shard<R>> {
        self.shards.get(home).cloned().unwrap_or_else(|| Arc::new(Shard::new(0, false, &self.belt, home, self.homes())))
    }

    /// Gives up what the calling thread has to itself, as it does when it ends outside of models.
    #[cfg(any(loom, shuttle))]
    pub(crate) fn resign(&self) {
        self.shards.iter().for_each(|shard| shard.resign());
        self.belt.resign();
    }

    fn lanes(&self) -> impl Iterator<Item = &Lane<Entry<R>>> {
        self.shards.iter().filter(|shard| shard.has_lane).map(|shard| &*shard.lane)
    }

    /// Makes items until `n` are idle, or there is no room or no memory; returns how many it made.
    pub(crate) fn prefill(&self, n: usize) -> usize {
        let wanted = n.min(self.max_idle()).saturating_sub(self.idle());
        let mut made = 0;
        while made < wanted || (mutant("prefill_until_idle") && self.idle() < n) {
            let fresh = self.recipe.fresh_bytes();
            let charge = match &self.budget {
                None => Charge::to_nobody(fresh),
                Some(budget) if budget.counter().try_take(fresh) => Charge::of(budget.counter(), fresh),
                Some(_) => break,
            };
            let home = made & (self.homes() - 1);
            let entry = self.make(home, charge, Origin::Prefill);
            if let Err(entry) = self.put_idle(home, false, entry) {
                assert!(!mutant("prefill_expects_room"), "there was room");
                self.end(entry, End::Freed);
                break;
            }
            self.after_homecoming();
            made += 1;
        }
        made
    }

    pub(crate) fn recipe(&self) -> &R {
        &self.recipe
    }

    pub(crate) fn budget(&self) -> Option<&MemoryBudget> {
        self.budget.as_ref()
    }

    pub(crate) fn max_retained(&self) -> usize {
        self.max_retained
    }

    pub(crate) fn stats(&self) -> PoolStats {
        let memory = self.memory.snapshot();
        let hits = self.belt.hits() + self.lanes().map(Lane::hits).sum::<u64>();
        PoolStats { bytes: memory.total_bytes, peak_bytes: memory.peak_bytes, ..self.ledgers.sum(self.idle(), hits) }
    }

    /// What tells this pool from others on its budget: its address.
    pub(crate) fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// An idle item, the home shard's first.
    #[inline]
    fn take_idle(&self, home: usize) -> Option<Held<R>> {
        #[cfg(any(loom, shuttle))]
        if let Some(entry) = self.take_wrongly(home) {
            return Some(entry);
        }
        match self.shards.get(home) {
            Some(shard) => shard.take().or_else(|| self.take_elsewhere(home)),
            None => None,
        }
    }

    /// An idle item of another shard, or one that lay in the slot of this one all the same.
    #[cold]
    fn take_elsewhere(&self, home: usize) -> Option<Held<R>> {
        #[cfg(any(loom, shuttle))]
        if let Some(answer) = self.steal_wrongly(home) {
            return answer;
        }
        if mutant("slot_is_private") {
            return self.others(home).find_map(Shard::pop);
        }
        let slots = || self.shards[home].empty_slot().or_else(|| self.others(home).find_map(Shard::empty_slot));
        self.others(home).find_map(Shard::pop).or_else(slots)
    }

    /// An item of the belt or a lane, whosever it is: the last resort, because it costs the most.
    fn take_from_owners(&self, me: Me, home: usize, why: Why) -> Option<Held<R>> {
        self.take_from_belt(me, home, why).or_else(|| self.take_from_lanes(me, why))
    }

    /// An item of the belt, of which the others go to where they are found.
    fn take_from_belt(&self, me: Me, home: usize, why: Why) -> Option<Held<R>> {
        if self.belt.len() == 0 {
            return None;
        }
        // The taker would stop itself for what has come meanwhile.
        self.belt.take(me, 0).or_else(|| {
            let mut items = self.belt.stop(me, why).into_iter();
            let first = items.next();
            self.put_home(home, items);
            first
        })
    }

    /// Puts items where there is room, and frees the others.
    fn put_home(&self, home: usize, items: impl Iterator<Item = Held<R>>) {
        self.end_all(items.filter_map(|entry| self.put_idle(home, false, entry).err()).collect());
    }

    /// An item of a lane, whosever it is.
    fn take_from_lanes(&self, me: Me, why: Why) -> Option<Held<R>> {
        self.lanes().filter(|lane| lane.occupied()).find_map(|lane| lane.take_from_outside(me, why))
    }

    /// Puts an item into a lane with room, whosever it is. Comes back when there is none.
    fn put_into_lanes(&self, me: Me, mut entry: Held<R>) -> Result<(), Held<R>> {
        for lane in self.lanes().filter(|lane| !lane.occupied()) {
            match lane.put_from_outside(me, entry) {
                Ok(()) => return Ok(()),
                Err(back) => entry = back,
            }
        }
        Err(entry)
    }

    /// The shards but that of `home`.
    fn others(&self, home: usize) -> impl Iterator<Item = &Shard<R>> {
        let (before, after) = self.shards.split_at(home);
        after.iter().skip(1).chain(before).map(|shard| &**shard)
    }

    /// Puts an item into a shard with room, the home shard first, and into its slot if the caller `is_at_home`. Comes back when
    /// there is no room; another may instead when others use the same slots meanwhile.
    #[inline]
    fn put_idle(&self, home: usize, is_at_home: bool, mut entry: Held<R>) -> Result<(), Held<R>> {
        if mutant("bound_by_count") && self.idle() >= self.max_idle() - self.shards.len() {
            return Err(entry);
        }
        let Some(shard) = self.shards.get(home) else { return Err(entry) };
        if is_at_home {
            match shard.put(entry) {
                Some(before) => entry = before,
                None => return Ok(()),
            }
        }
        shard.push(entry).or_else(|entry| self.put_elsewhere(home, is_at_home, entry))
    }

    /// Puts an item into another shard with room. If the caller `is_at_home`, it is what lay in the slot there, and back it goes.
    #[cold]
    fn put_elsewhere(&self, home: usize, is_at_home: bool, mut entry: Held<R>) -> Result<(), Held<R>> {
        if mutant("no_spill") {
            return Err(entry);
        }
        for shard in self.others(home) {
            match shard.push(entry) {
                Ok(()) => return Ok(()),
                Err(back) => entry = back,
            }
        }
        for shard in self.others(home) {
            match shard.put_if_empty(entry) {
                Ok(()) => return Ok(()),
                Err(back) => entry = back,
            }
        }
        match self.put_into_lanes(home::me(), entry) {
            Ok(()) => return Ok(()),
            Err(back) => entry = back,
        }
        match &self.shards[home] {
            // Puts back what lay there before, and takes the newcomer out.
            shard if is_at_home => shard.put(entry).map_or(Ok(()), Err),
            shard => shard.put_if_empty(entry),
        }
    }

    /// An item for a lease that is not in the caller's lane, waiting for memory as long as it takes.
    #[inline]
    pub(crate) fn get(&self, me: Me, home: usize) -> Held<R> {
        if self.budget.is_none() {
            if let Some(entry) = Belt::take_first(&self.belt, me, home) {
                return entry;
            }
            if let Some(entry) = self.take_idle(home) {
                entry.hit();
                return entry;
            }
        }
        self.get_otherwise(me, home)
    }

    #[cold]
    fn get_otherwise(&self, me: Me, home: usize) -> Held<R> {
        if self.budget.is_none() {
            if let Some(entry) = self.take_from_owners(me, home, Why::Need) {
                entry.hit();
                return entry;
            }
            return self.make(home, Charge::to_nobody(self.recipe.fresh_bytes()), Origin::Miss);
        }
        match self.get_patiently(me, home, || Patience::Forever) {
            Some(entry) => entry,
            None => unreachable!("patience for ever ran out"),
        }
    }

    /// An item for a lease; `None` when there is none without waiting.
    pub(crate) fn try_get(&self, me: Me, home: usize) -> Option<Held<R>> {
        let Some(budget) = &self.budget else { return Some(self.get(me, home)) };
        let counter = budget.counter();
        if counter.somebody_waits() && !mutant("idle_item_goes_to_newcomer") {
            // A new item of no bytes takes nothing that others wait for, as an idle one might that has grown.
            let takes_nothing = self.recipe.fresh_bytes() == 0;
            return takes_nothing.then(|| self.make(home, Charge::of(counter, 0), Origin::Miss));
        }
        if let Some(entry) = self.take_idle(home) {
            entry.hit();
            return Some(entry);
        }
        let fresh = self.recipe.fresh_bytes();
        let charge = counter.try_take_or_reclaim(fresh, self.key()).then(|| Charge::of(counter, fresh))?;
        Some(self.make(home, charge, Origin::Miss))
    }

    /// An item for a lease; `None` when patience ran out. Asks for that only where it has to wait: a look at the clock costs
    /// more than what lies idle.
    pub(crate) fn get_patiently(&self, me: Me, home: usize, patience: impl FnOnce() -> Patience) -> Option<Held<R>> {
        if let Some(entry) = self.try_get(me, home) {
            return Some(entry);
        }
        let counter = self.budget.as_ref()?.counter();
        if mutant("made_before_charged") {
            drop(self.recipe.make());
        }
        let fresh = self.recipe.fresh_bytes();
        let source = counter.in_line(patience(), || match self.take_idle(home) {
            Some(entry) => Some(Source::Idle(entry)),
            None => counter.take_as_first(fresh, self.key()).then(|| Source::Charged(Charge::of(counter, fresh))),
        })?;
        // Out of the line by now: making an item may take its time, and may use pools itself.
        Some(match source {
            Source::Idle(entry) => {
                entry.hit();
                entry
            }
            Source::Charged(charge) => self.make(home, charge, Origin::Miss),
        })
    }

    /// Makes an item whose memory is charged.
    fn make(&self, home: usize, charge: Charge, origin: Origin) -> Held<R> {
        let item = self.recipe.make();
        if self.belt.one_more() {
            self.put_home(home, self.belt.stop(home::me(), Why::Need).into_iter());
        }
        self.memory.record_allocation(charge.bytes());
        // A recipe that makes more than it said is found out here, and again when the item comes home.
        let mut size = Size::new(charge);
        self.recharge(&mut size, self.recipe.bytes(&item));
        Box::new(Entry { item, size, ledger: self.ledgers.open(home, origin), anchor: None })
    }

    /// Keeps an item at the end of its lease, or frees it, as its size demands.
    #[cold]
    pub(crate) fn settle_home(&self, home: usize, mut entry: Held<R>) {
        let bytes = self.recipe.bytes(&entry.item);
        if !self.settle(&mut entry.size, bytes) {
            return self.end(entry, End::Discarded);
        }
        self.recipe.reset(&mut entry.item);
        self.come_home(home, entry);
    }

    /// Keeps an item that has been emptied where there is room, or frees it.
    #[inline(never)]
    pub(crate) fn come_home(&self, home: usize, mut entry: Held<R>) {
        let me = home::me();
        let is_at_home = me.home_of(self.homes()) == home;
        if let Some(shard) = self.shards.get(home).filter(|shard| shard.has_lane) {
            if is_at_home {
                if shard.lane.may_claim(me) {
                    claim(shard, me);
                }
                match shard.lane.put(me, entry) {
                    Ok(()) => return self.after_homecoming(),
                    Err(back) => entry = back,
                }
            } else {
                match Belt::bring(&self.belt, me, home, entry) {
                    Ok(()) => return,
                    Err(back) => entry = back,
                }
            }
        }
        match self.put_idle(home, is_at_home, entry) {
            Ok(()) => self.after_homecoming(),
            Err(entry) => self.end(entry, End::Discarded),
        }
    }

    /// Looks after an item that has just become idle: it may be wanted, or unwanted.
    #[inline]
    fn after_homecoming(&self) {
        match &self.budget {
            Some(budget) => {
                if !mutant("no_fence_at_home") {
                    Counter::meet();
                }
                budget.counter().came_home();
            }
            None if mutant("come_home_without_fence") => {}
            None if self.has_lanes() => barrier::light(),
            None => fence(Ordering::SeqCst),
        }
        if self.shards.first().is_some_and(|shard| shard.is_closed()) && !mutant("end_unseen") {
            self.free_all(Vec::new());
        }
    }

    /// Accounts for the size that an item has; false when it is not to be kept.
    fn settle(&self, size: &mut Size, bytes: usize) -> bool {
        let before = size.charged();
        let taken_away = bytes < before && bytes < self.recipe.fresh_bytes();
        if !taken_away && bytes <= self.max_retained && self.recharge(size, bytes) {
            return true;
        }
        // The growth was there for a while, and goes with the item.
        let growth = bytes.saturating_sub(before);
        self.memory.record_allocation(growth);
        self.memory.record_deallocation(growth);
        false
    }

    /// Charges what the item really has, if the budget allows.
    fn recharge(&self, size: &mut Size, bytes: usize) -> bool {
        let before = size.charged();
        let charge = size.unsettled();
        if let Some(less) = before.checked_sub(bytes) {
            charge.shrink_to(bytes);
            self.memory.record_deallocation(less);
        } else {
            let more = bytes - before;
            if !charge.try_grow_into_free(more) && !mutant("growth_kept_unpaid") {
                return false;
            }
            self.memory.record_allocation(more);
        }
        size.settled(self.max_retained);
        true
    }

    /// Lets `grow` loose on an item with `bytes` just charged on top, and settles the charge to what the item has.
    pub(crate) fn grow<T>(
        &self,
        item: &mut R::Item,
        size: &mut Size,
        bytes: usize,
        grow: impl FnOnce(&mut R::Item) -> T,
    ) -> T {
        self.memory.record_allocation(bytes);
        let answer = grow(item);
        // An item that shrank below a new one is not to be kept, which shows when it comes home with less than its charge.
        let least = self.recipe.fresh_bytes().min(size.charged() - bytes);
        let now = self.recipe.bytes(item).max(least);
        self.recharge(size, now);
        answer
    }

    /// Frees an item.
    #[cold]
    #[expect(clippy::boxed_local, reason = "entries travel in their box")]
    fn end(&self, entry: Held<R>, end: End) {
        let Entry { item, size, ledger, .. } = *entry;
        self.belt.one_less();
        self.ledgers.close(&ledger, end);
        self.memory.record_deallocation(size.charged());
        if mutant("discard_keeps_charge") && end == End::Discarded {
            return std::mem::forget(size);
        }
        if mutant("given_back_before_freed") {
            drop(size);
            return drop(item);
        }
        // First the memory, then what it was charged.
        drop(item);
        drop(size);
    }

    /// Takes an item out of the pool for good.
    #[expect(clippy::boxed_local, reason = "entries travel in their box")]
    pub(crate) fn detach(&self, entry: Held<R>) -> R::Item {
        let Entry { item, size, ledger, .. } = *entry;
        self.belt.one_less();
        self.ledgers.close(&ledger, End::Detached);
        self.memory.record_deallocation(size.charged());
        if mutant("detach_keeps_charge") {
            std::mem::forget(size);
        }
        item
    }

    /// Frees idle items until `keep` are left; returns how many it freed. The bound on idle items bounds the loop, also
    /// while others keep bringing more.
    pub(crate) fn trim(&self, keep: usize) -> usize {
        #[cfg(any(loom, shuttle))]
        if let Some(freed) = self.trim_wrongly(keep) {
            return freed;
        }
        for freed in 0..self.max_idle() {
            if keep > 0 && !self.has_more_than(keep) {
                return freed;
            }
            let home = freed % self.shards.len();
            let found = self.take_idle(home).or_else(|| self.take_from_owners(home::me(), home, Why::Wish));
            let Some(entry) = found else { return freed };
            self.end(entry, End::Freed);
        }
        self.max_idle()
    }

    /// Looks at every item. What is just going into a slot or a lane, or coming out of it counts as idle, hence the bound.
    pub(crate) fn idle(&self) -> usize {
        let queued = self.queued();
        self.shards.iter().for_each(|shard| shard.gate.pass());
        let in_lanes = self.lanes().filter(|lane| lane.occupied()).count();
        (queued + self.belt.len() + in_lanes + self.ledgers.in_slots()).min(self.max_idle())
    }

    fn queued(&self) -> usize {
        self.shards.iter().map(|shard| shard.queued()).sum()
    }

    /// Whether more than `keep` items are idle; looks at every item only where slots and lanes decide.
    fn has_more_than(&self, keep: usize) -> bool {
        let sure = self.queued() + self.belt.len();
        sure > keep || (sure + 2 * self.shards.len() > keep && self.idle() > keep)
    }

    pub(crate) fn max_idle(&self) -> usize {
        self.shards.iter().map(|shard| shard.capacity()).sum()
    }
}

/// An estate on a budget's list.
pub(crate) struct Listed<R: Recipe>(pub(crate) Arc<Estate<R>>);

impl<R: Recipe> Idle for Listed<R> {
    fn free_one(&self) -> bool {
        let found = self.0.take_idle(0);
        found.map(|entry| self.0.end(entry, End::Freed)).is_some()
    }
}
