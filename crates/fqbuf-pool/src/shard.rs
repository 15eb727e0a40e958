//! Idle items of one home: a lane for its owner, a slot for those at home, a queue for everybody.

use crossbeam_utils::CachePadded;

use crate::belt::Belt;
use crate::entry::{Entry, Held};
use crate::farewell::Resign;
use crate::gate::Gate;
use crate::home::{self, Me};
use crate::lane::{Around, Lane, expect_to_write};
use crate::queue::{ArrayQueue, Slot};
use crate::recipe::Recipe;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, mutant};

/// Idle items of one home. Kept alive by the estate, and by threads that own the lane; empty then from the end
/// of the pool on.
pub(crate) struct Shard<R: Recipe> {
    /// For the thread that owns it, to whom it costs less than anything else. Closed from the start with a budget, where somebody
    /// may wait for the item in it; without barriers; and where there is so little room that it would be most of it.
    pub(crate) lane: CachePadded<Lane<Entry<R>>>,
    /// Whether the lane was ever open.
    pub(crate) has_lane: bool,
    /// From a thread elsewhere to one at home somewhere; the pool's one belt.
    belt: Arc<Belt<Entry<R>>>,
    home: usize,
    /// How many there are.
    homes: usize,
    /// The pool has ended: nothing may stay idle.
    closed: AtomicBool,
    /// Filled by the threads at home here, for whom a swap is cheaper than the queue; by others when nothing else has room.
    slot: CachePadded<Slot<Held<R>>>,
    /// The other items; none where the slot is all the room there is.
    queue: Option<CachePadded<ArrayQueue<Held<R>>>>,
    /// Before a ledger says that its item goes into the slot or has come out, and before ledgers are asked.
    pub(crate) gate: Gate,
    /// Memory between this queue's slots and those of the next, which otherwise share a cache line.
    _apart: Box<[u8; 128]>,
}

impl<R: Recipe> Shard<R> {
    /// Room for `capacity` items of a home, which is one of `homes`.
    pub(crate) fn new(
        capacity: usize,
        may_have_lane: bool,
        belt: &Arc<Belt<Entry<R>>>,
        home: usize,
        homes: usize,
    ) -> Self {
        let has_lane = may_have_lane && Self::has_room_for_lane(capacity);
        let rest = capacity.saturating_sub(1 + usize::from(has_lane));
        Self {
            lane: CachePadded::new(Lane::new(!has_lane)),
            has_lane,
            belt: Arc::clone(belt),
            home,
            homes,
            closed: AtomicBool::new(false),
            slot: CachePadded::new(Slot::new()),
            queue: (rest > 0).then(|| CachePadded::new(ArrayQueue::new(rest))),
            gate: Gate::new(),
            _apart: Box::new([0; 128]),
        }
    }

    /// Whether a lane is worth it beside a slot, and a queue for those who are elsewhere.
    pub(crate) fn has_room_for_lane(capacity: usize) -> bool {
        capacity > 2
    }

    /// An item of the queue or, first, the slot; for a thread at home here. One that lies in the slot may be overlooked.
    #[inline]
    pub(crate) fn take(&self) -> Option<Held<R>> {
        self.slot.take_likely().map(|entry| self.out_of_slot(entry)).or_else(|| self.pop())
    }

    /// The item in the slot.
    pub(crate) fn empty_slot(&self) -> Option<Held<R>> {
        self.slot.take().map(|entry| self.out_of_slot(entry))
    }

    /// An item that has just been taken from the slot.
    #[inline]
    pub(crate) fn out_of_slot(&self, entry: Held<R>) -> Held<R> {
        self.gate.pass();
        entry.ledger.set_in_slot(false);
        entry
    }

    /// Puts an item into the slot; returns the one that was there.
    #[inline]
    pub(crate) fn put(&self, entry: Held<R>) -> Option<Held<R>> {
        self.gate.pass();
        entry.ledger.set_in_slot(true);
        if mutant("slot_in_two_steps") {
            let before = self.empty_slot();
            self.slot.put(entry);
            return before;
        }
        self.slot.put(entry).map(|entry| self.out_of_slot(entry))
    }

    /// Puts an item into the slot if that is empty; else returns it, or one that came in meanwhile.
    pub(crate) fn put_if_empty(&self, entry: Held<R>) -> Result<(), Held<R>> {
        match self.put(entry).and_then(|before| self.put(before)) {
            None => Ok(()),
            Some(entry) => Err(entry),
        }
    }

    /// An item of the queue. Whoever gets it writes to it, and mostly somebody elsewhere did last.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Held<R>> {
        self.queue.as_ref()?.pop().inspect(|entry| expect_to_write(&**entry))
    }

    /// Puts an item into the queue; returns it when that is full.
    #[inline]
    pub(crate) fn push(&self, entry: Held<R>) -> Result<(), Held<R>> {
        match &self.queue {
            Some(queue) => queue.push(entry),
            None => Err(entry),
        }
    }

    /// Nothing may stay idle from now on.
    pub(crate) fn close(&self) {
        self.gate.pass();
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Whether nothing may stay idle.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.gate.pass();
        self.closed.load(Ordering::Relaxed)
    }

    /// Items in the queue.
    pub(crate) fn queued(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.len())
    }

    pub(crate) fn capacity(&self) -> usize {
        1 + usize::from(self.has_lane) + self.queue.as_ref().map_or(0, |queue| queue.capacity())
    }
}

impl<R: Recipe> Around<Entry<R>> for Shard<R> {
    #[inline]
    fn lane(&self) -> &Lane<Entry<R>> {
        &self.lane
    }

    #[inline]
    fn belt(&self, me: Me) -> Option<&Belt<Entry<R>>> {
        (self.belt.serves(self.home) && me.home_of(self.homes) != self.home).then_some(&*self.belt)
    }
}

impl<R: Recipe> Resign for Shard<R> {
    fn resign(&self) {
        let me = home::me();
        self.lane.give_up(me);
        // The end of the pool left it to its owner where the barrier was refused.
        if self.is_closed() {
            drop(self.lane.close(me));
        }
    }

    #[cfg(not(any(loom, shuttle)))]
    fn is_over(&self) -> bool {
        self.lane.is_closed()
    }
}
