//! A place for one idle item that its owner reaches by plain loads and stores.
//!
//! A lane belongs to a home. The first thread there that wants it owns it until it ends; it takes and leaves the item without
//! a read-modify-write instruction, which are nearly all that a get and a drop cost otherwise. Everybody else can have the
//! item too, at the price of a barrier in all threads (see `barrier.rs`), which stops the owner until it comes to the door itself:
//!
//! ```text
//! owner:    claim is mine?   take or leave the item in the word;   light;   claim still mine? then that was it, else ask at the door
//! another:  lock the door;   claim is stopped;   heavy;   what lies in the word is the door's, and noted down
//! ```
//!
//! **Why one of them gets it.** Of `light` and `heavy` one comes first. If `light`, the other sees what the owner did to the word.
//! If `heavy`, the owner sees that it was stopped, and asks at the door what had been seen in the word: an item that it took from
//! there is its own unless it was seen, and one that it left there is its own again unless it was seen. Nobody waits for the owner, which
//! may not be running.
//!
//! **What lies in the word of a stopped lane** is nothing: the owner may have been in the middle. Whoever comes finds the item, if any,
//! behind the door's lock, as in a lane that nobody owns. The owner alone opens the lane again, when it comes home with an
//! item: then it is not in the middle, and the word is its own anew. So nobody ever follows a thread in a lane that still may write there.
//!
//! **Who keeps the lane alive** while its owner looks at the claim once more: the item that it has just left there may have been what
//! kept the pool, and be gone. The owner does, from the day it became that (see `farewell.rs`), with all that is around the lane. So
//! does the courier with the belt (`belt.rs`), and neither needs a reference for the time that it takes, which would be two exchanges.
//!
//! Whoever reaches in because an item or room was missing does so a few times; then the lane is closed to its owner for good,
//! and the place is one behind a lock. So the price is bounded where threads live on each other's items.
//!
//! Beside it, for what comes out of a queue: [a hint](expect_to_write) to the processor, which takes an instruction of its own.
//!
//! Rejected: a flag that tells that the owner is inside, around moves of the item and of the reference that keeps the lane alive.
//! Others wait until it is out, a get and a drop store a dozen times instead of five, and leases are two words: 5.0 ns for
//! `get`, 4.2 for `get_scoped`, instead of 2.7 and 2.3.
#![allow(unsafe_code)]

use std::ptr::{NonNull, null_mut};
use std::sync::atomic::AtomicU64;

use crate::barrier;
use crate::belt::Belt;
use crate::claim::{CLOSED, FREE, PATIENCE, STOPPED, Why, is_of, is_owned};
use crate::farewell::{Resign, resign_at_end};
use crate::gate::Gate;
use crate::home::Me;
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError, mutant};

/// A place for an item.
pub(crate) struct Lane<E> {
    /// Number of the thread that has the word to itself, with `STOPPED` if it had, or `FREE`, or `CLOSED`. Written under the door's lock.
    claim: AtomicUsize,
    /// The item, if there is one, while a thread has the word to itself; written by that alone. Otherwise nothing.
    word: AtomicPtr<E>,
    /// How often the owner has taken an item. Written by owners alone.
    hits: AtomicU64,
    /// Whether there is an item behind the door, for those who would not come in vain.
    left: AtomicBool,
    door: Mutex<Door<E>>,
    /// Before either side tells the other, and before it looks.
    gate: Gate,
}

struct Door<E> {
    /// The item, if there is one, while no thread has the word to itself.
    item: Option<Box<E>>,
    /// The address of what lay in the word when its owner was last stopped, or 0.
    seen: usize,
    /// Times that somebody else had to stop the owner.
    times: u8,
}

/// What the owner finds out at the door.
#[derive(PartialEq, Eq)]
enum Asked {
    /// The barrier was refused to those who wanted to stop it.
    NotStopped,
    /// The item was seen in the word, and is the door's.
    Seen,
    /// The item was not seen in the word, and is the owner's.
    Unseen,
}

impl<E> Lane<E> {
    /// A lane that somebody may own, or nobody if it is `closed`.
    pub(crate) fn new(closed: bool) -> Self {
        Self {
            claim: AtomicUsize::new(if closed { CLOSED } else { FREE }),
            word: AtomicPtr::new(null_mut()),
            hits: AtomicU64::new(0),
            left: AtomicBool::new(false),
            door: Mutex::new(Door { item: None, seen: 0, times: 0 }),
            gate: Gate::new(),
        }
    }

    #[inline]
    fn is_mine(&self, me: Me) -> bool {
        self.claim.load(Ordering::Relaxed) == me.number()
    }

    /// Between what the owner did to the word and what follows from it: whether it still has the word to itself.
    #[inline]
    fn is_still_mine(&self, me: Me) -> bool {
        barrier::light();
        self.gate.pass();
        self.is_mine(me) || mutant("lane_stop_unseen")
    }

    /// The item, for the owner. It counts as a hit.
    #[inline]
    pub(crate) fn take(&self, me: Me) -> Option<Box<E>> {
        if !self.is_mine(me) {
            return None;
        }
        let item = NonNull::new(self.word.load(Ordering::Relaxed))?;
        self.gate.pass();
        self.word.store(null_mut(), Ordering::Relaxed);
        if !self.is_still_mine(me) && self.ask(me, item) == Asked::Seen {
            return None;
        }
        self.hits.store(self.hits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        // SAFETY: made from a box by this thread, which has taken it from the word: nobody else has.
        Some(unsafe { Box::from_raw(item.as_ptr()) })
    }

    /// Leaves an item, if the caller is the owner and there is none.
    #[inline]
    pub(crate) fn put(&self, me: Me, item: Box<E>) -> Result<(), Box<E>> {
        if !self.is_mine(me) || (!self.word.load(Ordering::Relaxed).is_null() && !mutant("lane_forgets_an_item")) {
            return Err(item);
        }
        let item = NonNull::from(Box::leak(item));
        self.gate.pass();
        self.word.store(item.as_ptr(), Ordering::Release);
        if self.is_still_mine(me) { Ok(()) } else { self.stopped_before(me, item) }
    }

    /// An item that the owner has just left is its own again, unless it was seen.
    #[cold]
    fn stopped_before(&self, me: Me, item: NonNull<E>) -> Result<(), Box<E>> {
        match self.ask(me, item) {
            // SAFETY: made from a box a moment ago. Whoever stopped this thread has not seen it, and nobody has looked since.
            Asked::Unseen => Err(unsafe { Box::from_raw(item.as_ptr()) }),
            Asked::Seen | Asked::NotStopped => Ok(()),
        }
    }

    /// What those who stopped the owner know of the item that it has just taken from the word or left there.
    #[cold]
    fn ask(&self, me: Me, item: NonNull<E>) -> Asked {
        let door = self.door();
        match self.is_mine(me) {
            true => Asked::NotStopped,
            false if door.seen == item.addr().get() && !mutant("lane_owner_believes_itself") => Asked::Seen,
            false => Asked::Unseen,
        }
    }

    fn door(&self) -> MutexGuard<'_, Door<E>> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Times that an owner has taken an item.
    pub(crate) fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Whether there seems to be an item.
    pub(crate) fn occupied(&self) -> bool {
        self.gate.pass();
        match is_owned(self.claim.load(Ordering::Relaxed)) {
            true => !self.word.load(Ordering::Relaxed).is_null(),
            false => self.left.load(Ordering::Relaxed),
        }
    }

    /// Whether nobody will own it any more.
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn is_closed(&self) -> bool {
        self.claim.load(Ordering::Relaxed) == CLOSED
    }

    /// Whether the calling thread may have the word to itself.
    #[inline]
    pub(crate) fn may_claim(&self, me: Me) -> bool {
        let claim = self.claim.load(Ordering::Relaxed);
        let by_anybody = claim == FREE
            || mutant("lane_changes_owner")
            || (mutant("lane_inherited_while_stopped") && claim != CLOSED && !is_owned(claim));
        me.is_unique() && (by_anybody || claim == me.number() | STOPPED)
    }

    /// The calling thread is not the owner any more, if it was.
    pub(crate) fn give_up(&self, me: Me) {
        let mut door = self.door();
        self.gate.pass();
        let claim = self.claim.load(Ordering::Relaxed);
        if !is_of(claim, me) {
            return;
        }
        if mutant("lane_given_up_in_two_steps") {
            self.claim.store(FREE, Ordering::Relaxed);
            drop(door);
            self.gate.pass();
            door = self.door();
        }
        self.take_over(claim, &mut door, FREE);
    }

    /// What lies in the word is the door's from now on, if that was `claim`ed and its owner cannot be in the middle.
    fn take_over(&self, claim: usize, door: &mut Door<E>, next: usize) {
        if is_owned(claim) {
            let seen = self.word.load(Ordering::Acquire);
            door.seen = seen.addr();
            // SAFETY: made from a box by the owner. It knows that it was stopped, or will before it makes one of this again.
            door.item = NonNull::new(seen).map(|item| unsafe { Box::from_raw(item.as_ptr()) });
        }
        self.left.store(door.item.is_some(), Ordering::Relaxed);
        self.claim.store(next, Ordering::Relaxed);
    }

    /// Anybody's way to the item. `None` when the owner could not be stopped.
    fn reach<U>(&self, me: Me, why: Why, act: impl FnOnce(&mut Option<Box<E>>) -> U) -> Option<U> {
        let mut door = self.door();
        let claim = self.claim.load(Ordering::Relaxed);
        let mut next = claim;
        if is_owned(claim) {
            next = claim | STOPPED;
            self.gate.pass();
            self.claim.store(next, Ordering::Relaxed);
            // This thread is not in the middle, or it would not be here.
            if claim != me.number() && !barrier::heavy() {
                self.claim.store(claim, Ordering::Relaxed);
                return None;
            }
            self.gate.pass();
            door.times += u8::from(why == Why::Need && claim != me.number());
        }
        if mutant("lane_goes_on_after_steal") {
            next = claim;
        }
        if why == Why::End || door.times >= PATIENCE {
            next = if mutant("lane_reopens_at_end") { claim } else { CLOSED };
        }
        self.take_over(claim, &mut door, next);
        let answer = act(&mut door.item);
        self.left.store(door.item.is_some(), Ordering::Relaxed);
        Some(answer)
    }

    /// The item, for anybody.
    #[cold]
    pub(crate) fn take_from_outside(&self, me: Me, why: Why) -> Option<Box<E>> {
        self.reach(me, why, Option::take).flatten()
    }

    /// Leaves an item if there is none, for anybody.
    #[cold]
    pub(crate) fn put_from_outside(&self, me: Me, item: Box<E>) -> Result<(), Box<E>> {
        let mut item = Some(item);
        self.reach(me, Why::Need, |place| {
            if place.is_none() {
                *place = item.take();
            }
        });
        item.map_or(Ok(()), Err)
    }

    /// Closes the lane to its owner, and returns what was there.
    pub(crate) fn close(&self, me: Me) -> Option<Box<E>> {
        self.take_from_outside(me, Why::End)
    }
}

/// What is around a lane, and kept alive with it by the lane's owner. Resigning gives the lane up.
pub(crate) trait Around<E>: Resign + 'static {
    /// The lane.
    fn lane(&self) -> &Lane<E>;

    /// The belt, if it is one to here and the calling thread is elsewhere.
    fn belt(&self, me: Me) -> Option<&Belt<E>>;
}

/// Gives the calling thread the word of the lane in `this` to itself, if nobody else has it or may still write to it.
#[cold]
pub(crate) fn claim<E>(this: &Arc<impl Around<E>>, me: Me) {
    let lane = this.lane();
    if !lane.may_claim(me) || !resign_at_end(this) {
        return;
    }
    let mut door = lane.door();
    lane.gate.pass();
    if lane.may_claim(me) {
        let item = door.item.take().map_or(null_mut(), Box::into_raw);
        lane.word.store(item, Ordering::Release);
        lane.claim.store(me.number(), Ordering::Relaxed);
    }
}

/// Leaves an item in the lane in `place`, which it keeps alive, as [`put`](Lane::put) does; or on the belt to there, as the
/// [courier](Belt::put) does; or does with it what is to be done `otherwise`.
#[inline]
pub(crate) fn put_back<E: Send + 'static, A: Around<E>>(
    me: Me,
    item: Box<E>,
    place: impl FnOnce(&E) -> Option<&A>,
    otherwise: impl FnOnce(Box<E>),
) {
    let Some(place) = place(&item).map(NonNull::from) else { return otherwise(item) };
    // SAFETY: kept alive by `item` as long as that is here, and once it is given away by the calling thread, which owns the lane
    // then, keeps what is around it from before it did, and gives that up nowhere in `put`.
    if let Err(item) = unsafe { place.as_ref() }.lane().put(me, item) {
        put_on_belt(me, item, place, otherwise);
    }
}

/// What [`put_back`] does outside of the lane. By itself, so that the way into that is short enough for where leases end.
#[inline(never)]
fn put_on_belt<E: Send + 'static, A: Around<E>>(
    me: Me,
    item: Box<E>,
    place: NonNull<A>,
    otherwise: impl FnOnce(Box<E>),
) {
    // SAFETY: kept alive by `item`.
    let Some(belt) = unsafe { place.as_ref() }.belt(me).map(NonNull::from) else { return otherwise(item) };
    // SAFETY: kept alive by `item` as long as that is here, and once it is given away by the calling thread, which is the courier
    // then, keeps the belt from before it was, and gives that up nowhere in `put`.
    if let Err(item) = unsafe { belt.as_ref() }.put(me, item) {
        otherwise(item);
    }
}

/// Tells the processor that the calling thread is about to write to an item that another thread has left: its cache line then comes
/// once, to be owned, and not first to be read and then again. Does nothing on processors that are not x86-64, and on those that
/// ignore it.
#[inline]
pub(crate) fn expect_to_write<E>(item: &E) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let place = std::ptr::from_ref(item);
        // SAFETY: a hint, which reads and writes nothing and never faults, whatever the address. All x86-64 processors take it.
        unsafe { std::arch::asm!("prefetchw [{}]", in(reg) place, options(nostack, preserves_flags, readonly)) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = item;
}

impl<E> Drop for Lane<E> {
    fn drop(&mut self) {
        // Neither closed nor given up.
        if is_owned(self.claim.load(Ordering::Relaxed)) {
            let item = NonNull::new(self.word.load(Ordering::Acquire));
            // SAFETY: made from a box by the owner, which is not in the middle: this thread has the lane to itself.
            drop(item.map(|item| unsafe { Box::from_raw(item.as_ptr()) }));
        }
    }
}
