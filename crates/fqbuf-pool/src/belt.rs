//! A way for idle items from a thread that drops what it did not get, the courier, to one that gets what others drop, the taker. Both
//! reach it by plain loads and stores. A pool has one, which serves one home at a time, the taker's.
//!
//! A queue for everybody takes an atomic exchange on either side. A processor makes none before others see all that it has stored
//! until then, as in the item's own cache line, which has just come from the other core: so neither thread waits for the other, and
//! every item is waited for. Here several stores are on their way at a time, the courier writes to no item, and so the taker finds
//! what it reads of one in its own cache.
//!
//! ```text
//! places:    . . i i i i . .     a ring of them; the taker moves the head on, the courier the tail
//!                ^head   ^tail
//! ```
//!
//! Anybody else reaches the items as in a lane, whose file argues why one of two gets an item (`lane.rs`). Each end takes its step,
//! passes the light side of the barrier, and looks whether it was stopped; another locks the door, marks both ends as stopped, passes
//! the heavy side, and takes all that lies on the belt. An end that was stopped asks at the door whether its step was seen.
//!
//! **When the belt runs again.** A thread that was stopped may be in the middle of a step, and still write to a place or move its end
//! on. So nothing lies on a belt that was stopped, and it runs again when neither thread can be in the middle any more: each has been at
//! the door since, or given its end up.
//!
//! **The bound on idle items** is that of the homes, each of which has its share. The belt has none, and runs only while
//! the pool has no more items than may be idle, wherever they are: whoever makes one more stops it first, and what lay there goes to the
//! homes.
//!
//! Who reaches in because something was missing does so a few times; then there are no ends any more, and all goes through the homes.
//!
//! Figures of this and of what was rejected are at the top of `pool.rs`.
#![allow(unsafe_code)]

use std::ptr::{NonNull, null_mut};

use crossbeam_utils::CachePadded;

use crate::barrier;
use crate::claim::{CLOSED, FREE, PATIENCE, STOPPED, Why, is_of, is_owned};
use crate::farewell::{Resign, resign_at_end};
use crate::gate::Gate;
use crate::home::{self, Me};
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
use crate::sync::{Arc, MODELLED, Mutex, MutexGuard, PoisonError, mutant};

/// An end of the belt: items come in at the courier's and go out at the taker's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Taker,
    Courier,
}

/// Places for idle items on their way from one thread to another.
pub(crate) struct Belt<E> {
    /// For each end the number of the thread that has it, with `STOPPED` if it had, or `FREE`, or `CLOSED`. Written under the door's lock.
    claims: CachePadded<[AtomicUsize; 2]>,
    /// Whose items lie here while the belt runs. Written under the door's lock.
    home: AtomicUsize,
    taker: CachePadded<TakersEnd>,
    courier: CachePadded<CouriersEnd>,
    /// A power of two of them, at least two, or none. An item lies in those from head to tail while the belt runs, and in one less than
    /// there are: a courier that is stopped may still write to the place at the tail, when whoever stopped it looks at the others.
    places: Box<[AtomicPtr<E>]>,
    /// Whether items may lie here. Written under the door's lock.
    runs: AtomicBool,
    /// Items of the pool, wherever they are.
    items: CachePadded<AtomicUsize>,
    /// As many of them as may be idle.
    most: usize,
    door: Mutex<Door>,
    /// Before either side tells the other, and before it looks.
    gate: Gate,
}

/// The taker's end; written by it, and by whoever lets the belt run again.
struct TakersEnd {
    head: AtomicUsize,
    /// The tail when the taker last looked.
    known_tail: AtomicUsize,
    /// How often a taker has taken an item. Written by one that was not stopped, or under the door's lock.
    hits: AtomicU64,
}

/// The courier's end; written by it, and by whoever lets the belt run again.
struct CouriersEnd {
    tail: AtomicUsize,
    /// The head when the courier last looked.
    known_head: AtomicUsize,
}

struct Door {
    /// Where the ends were when the belt was last stopped.
    seen: [usize; 2],
    /// Whether the thread that had the end when the belt was stopped may be in the middle of a step.
    inside: [bool; 2],
    /// Times that somebody had to stop the belt.
    times: u8,
    /// The pool has ended, and the belt could not be stopped.
    outlasts: bool,
}

impl<E> Belt<E> {
    /// The place that an end is at.
    #[inline]
    fn place(&self, at: usize) -> &AtomicPtr<E> {
        &self.places[at & (self.places.len() - 1)]
    }

    /// Head and tail; never the first behind the second, as that is looked at first.
    fn ends(&self) -> [usize; 2] {
        let head = self.taker.head.load(Ordering::Acquire);
        [head, self.courier.tail.load(Ordering::Acquire)]
    }

    /// What lies in the places from head to tail.
    fn lying(&self, [head, tail]: [usize; 2]) -> impl Iterator<Item = *mut E> {
        (0..tail.wrapping_sub(head)).map(move |at| self.place(head.wrapping_add(at)).load(Ordering::Relaxed))
    }
}

impl<E: Send + 'static> Belt<E> {
    /// A belt for the items of a pool of which `most` may be idle. With the power of two of places that is at most `room`, or with none
    /// where that is less than two.
    pub(crate) fn new(room: usize, most: usize) -> Self {
        let capacity = if room < 2 { 0 } else { 1 << room.ilog2() };
        let claim = if capacity == 0 { CLOSED } else { FREE };
        let taker = TakersEnd { head: AtomicUsize::new(0), known_tail: AtomicUsize::new(0), hits: AtomicU64::new(0) };
        let courier = CouriersEnd { tail: AtomicUsize::new(0), known_head: AtomicUsize::new(0) };
        Self {
            claims: CachePadded::new([AtomicUsize::new(claim), AtomicUsize::new(claim)]),
            home: AtomicUsize::new(0),
            taker: CachePadded::new(taker),
            courier: CachePadded::new(courier),
            places: (0..capacity).map(|_| AtomicPtr::new(null_mut())).collect(),
            runs: AtomicBool::new(false),
            items: CachePadded::new(AtomicUsize::new(0)),
            most,
            door: Mutex::new(Door { seen: [0; 2], inside: [false; 2], times: 0, outlasts: false }),
            gate: Gate::new(),
        }
    }

    /// The pool has made an item. Tells whether it has to [stop](Self::stop) the belt before that is idle.
    pub(crate) fn one_more(&self) -> bool {
        if self.places.is_empty() {
            return false;
        }
        let items = 1 + self.items.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        items > self.most && self.runs.load(Ordering::Relaxed) && !mutant("belt_beyond_the_bound")
    }

    /// An item is not the pool's any more.
    pub(crate) fn one_less(&self) {
        if !self.places.is_empty() {
            self.items.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether the calling thread has this end of a running belt.
    #[inline]
    fn is_mine(&self, end: End, me: Me) -> bool {
        self.claims[end as usize].load(Ordering::Relaxed) == me.number()
    }

    /// Between a step and what follows from it: whether the belt was not stopped.
    #[inline]
    fn is_still_mine(&self, end: End, me: Me) -> bool {
        barrier::light();
        self.gate.pass();
        self.is_mine(end, me) || mutant("belt_stop_unseen")
    }

    /// The item that was brought first, if the calling thread is the taker, or may be it at this home. It counts as a hit.
    #[inline]
    pub(crate) fn take_first(this: &Arc<Self>, me: Me, home: usize) -> Option<Box<E>> {
        let hits = u64::from(!mutant("belt_hit_counted_late"));
        let item = match this.take(me, hits) {
            None if Self::claim(this, End::Taker, me, home) => this.take(me, hits)?,
            found => found?,
        };
        if hits == 0 {
            this.count(1);
        }
        Some(item)
    }

    /// Leaves an item of this home at the end of the belt if the calling thread is the courier, or may be it, and there is room.
    #[inline]
    pub(crate) fn bring(this: &Arc<Self>, me: Me, home: usize, item: Box<E>) -> Result<(), Box<E>> {
        let put = if this.serves(home) { this.put(me, item) } else { Err(item) };
        match put {
            Err(item) if Self::claim(this, End::Courier, me, home) => this.put(me, item),
            put => put,
        }
    }

    /// Whether what lies here is this home's, or would be.
    #[inline]
    pub(crate) fn serves(&self, home: usize) -> bool {
        self.home.load(Ordering::Relaxed) == home
    }

    /// The item that was brought first, for the taker. It counts as so many hits.
    #[inline]
    pub(crate) fn take(&self, me: Me, hits: u64) -> Option<Box<E>> {
        if !self.is_mine(End::Taker, me) {
            return None;
        }
        let head = self.taker.head.load(Ordering::Relaxed);
        if head == self.taker.known_tail.load(Ordering::Relaxed) {
            self.gate.pass();
            let tail = self.courier.tail.load(if mutant("belt_tail_unordered") {
                Ordering::Relaxed
            } else {
                Ordering::Acquire
            });
            self.taker.known_tail.store(tail, Ordering::Relaxed);
            if head == tail {
                return None;
            }
        }
        let item = NonNull::new(self.place(head).load(Ordering::Relaxed));
        assert!(item.is_some() || !MODELLED, "an item before the tail");
        let item = item?;
        self.gate.pass();
        self.taker.head.store(head.wrapping_add(1), Ordering::Release);
        if self.is_still_mine(End::Taker, me) {
            // There is no other taker before this one has been at the door.
            self.count(hits);
        } else if !self.stopped_after(me, head, hits) {
            return None;
        }
        // SAFETY: made from a box by a courier, and taken by this thread, the one taker: it moved the head past it before anybody looked,
        // or was not stopped at all.
        Some(unsafe { Box::from_raw(item.as_ptr()) })
    }

    /// So many hits more; for the taker, and at the door for one that was.
    #[inline]
    fn count(&self, hits: u64) {
        self.taker.hits.store(self.taker.hits.load(Ordering::Relaxed) + hits, Ordering::Relaxed);
    }

    /// Whether an item that the taker has just taken is its own, which it is if that was seen.
    #[cold]
    fn stopped_after(&self, me: Me, head: usize, hits: u64) -> bool {
        let mut door = self.door();
        let is_own = self.was_seen(&mut door, End::Taker, me, head);
        if is_own {
            // Before the door is open to the next taker.
            self.count(hits);
        }
        is_own
    }

    /// Leaves an item at the end of the belt, if the caller is the courier and there is room.
    #[inline]
    pub(crate) fn put(&self, me: Me, item: Box<E>) -> Result<(), Box<E>> {
        if !self.is_mine(End::Courier, me) {
            return Err(item);
        }
        let room = self.places.len() - 1;
        let tail = self.courier.tail.load(Ordering::Relaxed);
        if tail.wrapping_sub(self.courier.known_head.load(Ordering::Relaxed)) == room {
            self.gate.pass();
            let head = self.taker.head.load(Ordering::Acquire);
            self.courier.known_head.store(head, Ordering::Relaxed);
            if tail.wrapping_sub(head) == room && !mutant("belt_overtakes_its_taker") {
                return Err(item);
            }
        }
        let item = NonNull::from(Box::leak(item));
        self.place(tail).store(item.as_ptr(), Ordering::Relaxed);
        self.gate.pass();
        self.courier.tail.store(tail.wrapping_add(1), Ordering::Release);
        if self.is_still_mine(End::Courier, me) { Ok(()) } else { self.stopped_before(me, tail, item) }
    }

    /// An item that the courier has just left is its own again, unless that was seen.
    #[cold]
    fn stopped_before(&self, me: Me, tail: usize, item: NonNull<E>) -> Result<(), Box<E>> {
        let is_there = self.was_seen(&mut self.door(), End::Courier, me, tail);
        match is_there {
            true => Ok(()),
            // SAFETY: made from a box a moment ago. Whoever stopped the belt has not seen it there, and it has not run since.
            false => Err(unsafe { Box::from_raw(item.as_ptr()) }),
        }
    }

    /// Whether the caller's last step from there was seen by whoever stopped the belt: the item that it took is not on it any more, or
    /// the one that it left is. It is in the middle of it no more.
    fn was_seen(&self, door: &mut Door, end: End, me: Me, from: usize) -> bool {
        if self.is_mine(end, me) {
            // The barrier was refused to those who wanted to stop it.
            return true;
        }
        door.inside[end as usize] = false;
        let is_gone = mutant("belt_forgets_who_took") && door.seen[End::Taker as usize] > from;
        (door.seen[end as usize] != from || mutant("belt_believes_its_ends")) && !is_gone
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Times that a taker has taken an item.
    pub(crate) fn hits(&self) -> u64 {
        self.taker.hits.load(Ordering::Relaxed)
    }

    /// Items on the belt; what is just coming or going may be counted or not.
    pub(crate) fn len(&self) -> usize {
        if self.places.is_empty() {
            return 0;
        }
        self.gate.pass();
        if !self.runs.load(Ordering::Relaxed) {
            return 0;
        }
        let [head, tail] = self.ends();
        // The head may have gone on since.
        tail.wrapping_sub(head).min(self.places.len())
    }

    /// Whether the calling thread may have this end for that home, and not the other one as well. Without a courier no taker is
    /// wanted, but one that was stopped.
    #[inline]
    fn may_claim(&self, end: End, me: Me, home: usize) -> bool {
        if self.places.is_empty() {
            return false;
        }
        let [taker, courier] = [0, 1].map(|end: usize| self.claims[end].load(Ordering::Relaxed));
        let (claim, is_wanted, other) = match end {
            End::Taker => (taker, is_owned(courier), courier),
            End::Courier => (courier, true, taker),
        };
        let by_anybody = is_wanted && (claim == FREE || mutant("belt_end_changes_hands"));
        let is_one = me.is_unique() && (by_anybody || claim == me.number() | STOPPED) && !is_of(other, me);
        is_one && self.items.load(Ordering::Relaxed) <= self.most && (self.serves(home) || self.is_deserted())
    }

    /// Whether another home may be served: nobody is at the ends, and nothing lies between them.
    fn is_deserted(&self) -> bool {
        self.claims.iter().all(|claim| !is_owned(claim.load(Ordering::Relaxed))) && self.len() == 0
    }

    /// Whether the calling thread has just got this end, which it keeps alive from now on.
    #[inline]
    fn claim(this: &Arc<Self>, end: End, me: Me, home: usize) -> bool {
        this.may_claim(end, me, home) && resign_at_end(this) && this.claim_at_door(end, me, home)
    }

    /// Gives the calling thread this end, unless another was quicker or may be in the middle of a step from before a stop.
    #[cold]
    fn claim_at_door(&self, end: End, me: Me, home: usize) -> bool {
        let mut door = self.door();
        self.gate.pass();
        if !self.may_claim(end, me, home) {
            return false;
        }
        // If it was stopped, it knows now.
        if self.claims[end as usize].load(Ordering::Relaxed) != FREE {
            door.inside[end as usize] = false;
        }
        let runs = self.runs.load(Ordering::Relaxed) && self.serves(home);
        if !runs || mutant("belt_starts_anew") {
            if door.inside.contains(&true) && !mutant("belt_runs_over_the_stopped") {
                return false;
            }
            if !self.run(home) {
                return false;
            }
        }
        self.claims[end as usize].store(me.number(), Ordering::Relaxed);
        true
    }

    /// Lets the belt run for this home, with nothing on it. Nobody is in the middle at its ends, which are free again. False when the
    /// pool has too many items.
    fn run(&self, home: usize) -> bool {
        self.claims.iter().for_each(|claim| claim.store(FREE, Ordering::Relaxed));
        self.home.store(home, Ordering::Relaxed);
        for end in [&self.taker.head, &self.taker.known_tail, &self.courier.tail, &self.courier.known_head] {
            end.store(0, Ordering::Relaxed);
        }
        self.runs.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let may_run = self.items.load(Ordering::Relaxed) <= self.most;
        self.runs.store(may_run, Ordering::Relaxed);
        may_run
    }

    /// The calling thread has neither end any more, if it had. What lies on the belt stays there, for whoever takes its end.
    pub(crate) fn give_up(&self, me: Me) {
        let mut door = self.door();
        self.gate.pass();
        for (claim, inside) in self.claims.iter().zip(&mut door.inside) {
            if is_of(claim.load(Ordering::Relaxed), me) {
                *inside = false;
                claim.store(FREE, Ordering::Relaxed);
            }
        }
    }

    /// Stops the belt, and takes all that lies on it. Nothing when the ends could not be stopped: at the end of the pool it is left
    /// to the last of those who had them.
    #[cold]
    pub(crate) fn stop(&self, me: Me, why: Why) -> Vec<Box<E>> {
        let mut items = Vec::new();
        if self.places.is_empty() {
            return items;
        }
        let mut door = self.door();
        if self.runs.load(Ordering::Relaxed) {
            let claims = [0, 1].map(|end: usize| self.claims[end].load(Ordering::Relaxed));
            self.gate.pass();
            for (claim, before) in self.claims.iter().zip(claims) {
                claim.store(before | STOPPED, Ordering::Relaxed);
            }
            // This thread is not in the middle, or it would not be here.
            let inside = claims.map(|before| is_owned(before) && before != me.number());
            if inside.contains(&true) && !barrier::heavy() {
                self.claims.iter().zip(claims).for_each(|(claim, before)| claim.store(before, Ordering::Relaxed));
                door.outlasts |= why == Why::End;
                return items;
            }
            self.gate.pass();
            door.inside = inside;
            door.times += u8::from(why == Why::Need && inside.contains(&true));
            door.seen = self.ends();
            items.extend(self.lying(door.seen).filter_map(NonNull::new).map(|item| {
                // SAFETY: made from a box by a courier. Both ends know that they were stopped, or will before they make a box of this.
                unsafe { Box::from_raw(item.as_ptr()) }
            }));
            self.runs.store(false, Ordering::Relaxed);
        }
        if why == Why::End || door.times >= PATIENCE {
            let next = if mutant("belt_restarts_at_end") { FREE } else { CLOSED };
            self.claims.iter().for_each(|claim| claim.store(next, Ordering::Relaxed));
        }
        items
    }
}

impl<E: Send + 'static> Resign for Belt<E> {
    fn resign(&self) {
        let me = home::me();
        self.give_up(me);
        let outlasts = self.door().outlasts;
        if outlasts {
            drop(self.stop(me, Why::End));
        }
    }

    #[cfg(not(any(loom, shuttle)))]
    fn is_over(&self) -> bool {
        self.claims[End::Taker as usize].load(Ordering::Relaxed) == CLOSED
    }
}

impl<E> Drop for Belt<E> {
    fn drop(&mut self) {
        // Never stopped: nobody is left who might take from it.
        if self.runs.load(Ordering::Relaxed) {
            for item in self.lying(self.ends()).filter_map(NonNull::new) {
                // SAFETY: made from a box by a courier, and nobody is at either end.
                drop(unsafe { Box::from_raw(item.as_ptr()) });
            }
        }
    }
}
