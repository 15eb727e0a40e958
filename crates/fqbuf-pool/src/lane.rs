//! A place for one idle item that its owner reaches by plain loads and stores: the one file of this crate with `unsafe`.
//!
//! A lane belongs to a home. The first thread there that wants it owns it until it ends; it enters and leaves without a
//! read-modify-write instruction, which are nearly all that a get and a drop cost otherwise. Everybody else can reach the
//! item too, at the price of a barrier in all threads (see `barrier.rs`):
//!
//! ```text
//! owner:    inside = true;   light;  shut? then inside = false and another way;   the contents;  inside = false (release)
//! another:  lock the door;  shut = true;  heavy;  wait until not inside (acquire);  the contents;  shut = false (release)
//! ```
//!
//! **Why they never meet.** Of `light` and `heavy` one comes first. If `light`, the other sees `inside` and waits until the owner
//! has left. If `heavy`, the owner sees that the lane is shut. Those who are not the owner meet at the lock, which also is where a
//! thread becomes the owner, or gives that up; nobody else takes it away, so a thread that has seen its own number there need not look again. Each finds what
//! the other has left: the owner's last store to `inside` releases, as the other's to `shut`, and both are acquired.
//!
//! The wait is for a few instructions, unless the owner is just not running.
//!
//! **What runs inside.** Moves between options, nothing that is generic: no drop, no panic, no call back into the lane.
//!
//! Besides the item a lane keeps one reference to what keeps the lane itself alive, so that an owned lease, which has one, can
//! leave it here and the next take it, and no count is changed. It makes a circle, which `close` breaks: nothing is left
//! here from then on. Should the system refuse the barrier by then (a filter that came after the pool), the circle stays, and
//! the pool's memory with it.
//!
//! Whoever reaches in because an item or room was missing does so a few times; then the lane is closed to its owner,
//! and the place is one behind a lock. So the price is bounded where threads live on each other's items.
#![allow(unsafe_code)]

use std::mem::swap;
use std::ptr::NonNull;

use crossbeam_utils::CachePadded;

use crate::barrier;
use crate::farewell::Resign;
use crate::gate::Gate;
use crate::home::{self, Me};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, PoisonError, mutant, thread};

/// Times that others reach in before the lane is closed to its owner.
const PATIENCE: u8 = if cfg!(any(loom, shuttle)) { 2 } else { 16 };

/// A place for an item, and for a reference to `A`, which keeps the lane alive.
pub(crate) struct Lane<T, A> {
    /// Number of the thread that may enter, or 0. Written by that thread alone, under the door's lock.
    owner: AtomicUsize,
    /// The owner is at the contents, or about to see whether it may. Written by the owner alone.
    inside: AtomicBool,
    /// The owner may not enter. Written under the door's lock.
    shut: AtomicBool,
    /// Whether there is an item, for those who would not come in vain. Written by whoever is at the contents.
    occupied: AtomicBool,
    contents: cell::UnsafeCell<Contents<T, A>>,
    /// Held by whoever is at the contents and is not the owner, or becomes it.
    door: Mutex<Door>,
    /// Before either side tells the other, and before it looks.
    gate: Gate,
}

struct Contents<T, A> {
    item: Option<T>,
    anchor: Option<Arc<A>>,
}

#[derive(Default)]
struct Door {
    /// Times that somebody had to reach in.
    times: u8,
    /// The owner never enters again.
    closed: bool,
}

/// Why somebody reaches in who is not the owner.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// An item or a place is missing.
    Need,
    /// Somebody asked for it.
    Wish,
    /// The pool ends.
    End,
}

// SAFETY: one thread at a time is at the contents, and what it finds there it may take away or leave for others: `T` and the
// reference are sent, never shared. All else is atomics and a lock.
unsafe impl<T: Send, A> Sync for Lane<T, A> where Arc<A>: Send {}

impl<T, A> Lane<T, A> {
    pub(crate) fn new() -> Self {
        Self {
            owner: AtomicUsize::new(0),
            inside: AtomicBool::new(false),
            shut: AtomicBool::new(false),
            occupied: AtomicBool::new(false),
            contents: cell::UnsafeCell::new(Contents { item: None, anchor: None }),
            door: Mutex::new(Door::default()),
            gate: Gate::new(),
        }
    }

    /// The owner's way in: true if it is in, and has to leave. Others get false.
    #[inline]
    fn enter(&self, me: Me) -> bool {
        if self.owner.load(Ordering::Relaxed) != me.number() {
            return false;
        }
        self.gate.pass();
        self.inside.store(true, Ordering::Relaxed);
        barrier::light();
        self.gate.pass();
        if self.shut.load(Ordering::Acquire) {
            self.leave();
            return false;
        }
        true
    }

    #[inline]
    fn leave(&self) {
        self.inside.store(false, Ordering::Release);
    }

    /// Does something with the contents.
    ///
    /// # Safety
    /// The caller is the owner and has entered, or it has the door's lock and the owner is known to be out and kept out, or to
    /// be this thread. `act` only moves.
    #[inline]
    unsafe fn at_contents<U>(&self, act: impl FnOnce(&mut Contents<T, A>) -> U) -> U {
        self.contents.with_mut(|contents| {
            // SAFETY: nobody else is here, as the caller promises, nor is this thread already, because `act` does not call
            // back; the pointer is that of the cell, which is borrowed.
            let contents = unsafe { &mut *contents };
            let answer = act(contents);
            self.gate.pass();
            self.occupied.store(contents.item.is_some(), Ordering::Relaxed);
            answer
        })
    }

    /// The item, for the owner.
    #[inline]
    pub(crate) fn take(&self, me: Me) -> Option<T> {
        if !self.enter(me) {
            return None;
        }
        // SAFETY: entered.
        let item = unsafe { self.at_contents(|contents| contents.item.take()) };
        self.leave();
        item
    }

    /// The item, for the owner, and with it the reference if there is one.
    #[inline]
    pub(crate) fn take_with_anchor(&self, me: Me) -> Option<(T, Option<Arc<A>>)> {
        if !self.enter(me) {
            return None;
        }
        let both = |contents: &mut Contents<T, A>| Some((contents.item.take()?, contents.anchor.take()));
        // SAFETY: entered.
        let found = unsafe { self.at_contents(both) };
        self.leave();
        found
    }

    /// Leaves an item, if the caller is the owner and there is none.
    #[inline]
    pub(crate) fn put(&self, me: Me, item: T) -> Result<(), T> {
        if !self.enter(me) {
            return Err(item);
        }
        let mut item = Some(item);
        // SAFETY: entered.
        unsafe { self.at_contents(|contents| contents.accept(&mut item)) };
        self.leave();
        item.map_or(Ok(()), Err)
    }

    /// Leaves an item, if the caller is the owner and there is none, and with it the reference that keeps the lane alive; or
    /// returns that if there is one already.
    #[inline]
    pub(crate) fn park(
        me: Me,
        item: T,
        anchor: Arc<A>,
        of: impl FnOnce(&A) -> Option<&Self>,
    ) -> Result<Option<Arc<A>>, (T, Arc<A>)> {
        let Some(lane) = of(&anchor).map(NonNull::from) else { return Err((item, anchor)) };
        // SAFETY: `anchor` keeps the lane alive, and is here or in the lane until the owner leaves: whoever takes it from there
        // waits for that.
        let this = unsafe { lane.as_ref() };
        if !this.enter(me) {
            return Err((item, anchor));
        }
        let (mut item, mut anchor) = (Some(item), Some(anchor));
        let leave_both = |contents: &mut Contents<T, A>| {
            if contents.accept(&mut item) && contents.anchor.is_none() {
                swap(&mut contents.anchor, &mut anchor);
            }
        };
        // SAFETY: entered.
        unsafe { this.at_contents(leave_both) };
        // SAFETY: alive until this store. It is the last that is done with the lane, which may be gone right after it, and so there is no
        // reference to more than the one atomic.
        unsafe { (*lane.as_ptr()).inside.store(false, Ordering::Release) };
        match (item, anchor) {
            (None, anchor) => Ok(anchor),
            (Some(item), Some(anchor)) => Err((item, anchor)),
            (Some(_), None) => unreachable!("the reference goes with an item"),
        }
    }

    /// Whether there seems to be an item.
    pub(crate) fn occupied(&self) -> bool {
        self.gate.pass();
        self.occupied.load(Ordering::Relaxed)
    }

    /// Makes the calling thread the owner if there is none. It has to be at home here.
    #[cold]
    pub(crate) fn claim(&self, me: Me) {
        let door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.owner.load(Ordering::Relaxed) == 0 || mutant("lane_changes_owner");
        if free && !door.closed && me.is_unique() {
            self.owner.store(me.number(), Ordering::Relaxed);
        }
    }

    /// The calling thread is the owner no more, if it was.
    #[cold]
    fn give_up(&self, me: Me) {
        let lock = || self.door.lock().unwrap_or_else(PoisonError::into_inner);
        let _door = (!mutant("lane_given_up_without_lock")).then(lock);
        self.gate.pass();
        if self.owner.load(Ordering::Relaxed) == me.number() {
            self.owner.store(0, Ordering::Relaxed);
        }
    }

    /// Whether nobody owns the lane, and somebody may.
    #[inline]
    pub(crate) fn is_free(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == 0 && !self.shut.load(Ordering::Relaxed)
    }

    /// Anybody's way to the contents. `None` when the owner could not be kept out.
    fn reach<U>(&self, me: Me, why: Why, act: impl FnOnce(&mut Contents<T, A>) -> U) -> Option<U> {
        let mut door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = self.owner.load(Ordering::Relaxed);
        // This thread is not inside, or it would not be here.
        if owner != 0 && owner != me.number() && !door.closed {
            self.gate.pass();
            self.shut.store(true, Ordering::Relaxed);
            if !barrier::heavy() {
                self.shut.store(false, Ordering::Release);
                return None;
            }
            self.gate.pass();
            while self.inside.load(Ordering::Acquire) && !mutant("lane_shut_without_waiting") {
                thread::yield_now();
            }
            door.times += u8::from(why == Why::Need);
        }
        door.closed |= why == Why::End || door.times == PATIENCE;
        if mutant("lane_reopens_at_end") {
            door.closed = false;
        }
        // SAFETY: the lock is held, and the owner nobody, this thread, or out and kept out: now, or since the lane was closed.
        let answer = unsafe { self.at_contents(act) };
        self.shut.store(door.closed, Ordering::Release);
        Some(answer)
    }

    /// The item, for anybody.
    #[cold]
    pub(crate) fn take_from_outside(&self, me: Me, why: Why) -> Option<T> {
        self.reach(me, why, |contents| contents.item.take()).flatten()
    }

    /// Leaves an item if there is none, for anybody.
    #[cold]
    pub(crate) fn put_from_outside(&self, me: Me, item: T) -> Result<(), T> {
        let mut item = Some(item);
        self.reach(me, Why::Need, |contents| contents.accept(&mut item));
        item.map_or(Ok(()), Err)
    }

    /// Closes the lane to its owner, and returns what was there.
    pub(crate) fn close(&self, me: Me) -> (Option<T>, Option<Arc<A>>) {
        let all = self.reach(me, Why::End, |contents| (contents.item.take(), contents.anchor.take()));
        all.unwrap_or_default()
    }
}

impl<T: Send, A> Resign for CachePadded<Lane<T, A>>
where
    Arc<A>: Send,
{
    fn resign(&self) {
        self.give_up(home::me());
    }
}

impl<T, A> Contents<T, A> {
    /// Takes over the item if there is none yet; whether it did.
    #[inline]
    fn accept(&mut self, item: &mut Option<T>) -> bool {
        let accepts = self.item.is_none() || mutant("lane_forgets_an_item");
        if accepts {
            swap(&mut self.item, item);
        }
        accepts
    }
}

#[cfg(loom)]
use loom::cell;

#[cfg(not(loom))]
mod cell {
    /// The standard cell, in the words of loom's, which finds out who meets whom there.
    pub(super) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(super) fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        #[inline]
        pub(super) fn with_mut<U>(&self, act: impl FnOnce(*mut T) -> U) -> U {
            act(self.0.get())
        }
    }
}
