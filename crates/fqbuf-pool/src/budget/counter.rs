//! The count behind a budget, and the line of those who wait for it.
//!
//! One lock guards the bytes and the line: it is taken where memory is made or freed, never where an idle item changes
//! hands. Those who wait hold tickets; the first in line alone acts, by trying again whenever there are news. News are
//! bytes given back and items come home. An item comes home without the lock, so the two sides meet at a fence:
//!
//! ```text
//! comes home:  push the item;   fence;  anybody waiting? then tell the first in line (under the lock)
//! waits:       join the line;   fence;  look at the idle items; nothing? sleep unless there were news since the look
//! ```
//!
//! Whichever fence is second, its side sees what the other did first: no item lies idle while somebody sleeps for want
//! of it.
//!
//! Rejected: handing a returned item to a certain waiter (needs the item's type in the budget, and an item in hand-over
//! is lost to everybody when its waiter times out); one condition variable a waiter (an allocation a wait); one for all
//! (wakes everybody for the first in line). A few doors, the ticket's number says which, cost neither.

use std::collections::VecDeque;
use std::time::Instant;

use super::{Charge, Patience};
use crate::gate::Gate;
use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::{Arc, Condvar, MODELLED, Mutex, MutexGuard, PoisonError, mutant};

/// Number of condition variables; a waiter is woken needlessly by every `DOORS`-th ticket before his own.
const DOORS: usize = if cfg!(loom) { 2 } else { 8 };

/// A pool on a budget, as the budget sees it.
pub(crate) trait Idle: Send + Sync {
    /// Frees one idle item and gives its bytes back; false when none was idle.
    fn free_one(&self) -> bool;
}

/// A pool's entry in the budget's list of pools. Holds the pool's insides alive: the pool removes it at its end.
pub(crate) struct Neighbour {
    pub(crate) pool: Box<dyn Idle>,
    /// Tells pools apart; never [`NOBODY`].
    pub(crate) key: usize,
}

/// The key of somebody who has no pool on the budget.
pub(crate) const NOBODY: usize = 0;

/// Bytes charged, and who waits for more.
pub(crate) struct Counter {
    limit: usize,
    /// The bytes of another budget that this one is a share of; given back when this is gone.
    _of: Option<Charge>,
    /// `state.line.len()`, for those without the lock.
    waiting: AtomicUsize,
    /// Before `waiting` is looked at or changed.
    gate: Gate,
    state: Mutex<State>,
    /// Ticket `t` sleeps at `doors[t % DOORS]`.
    doors: [Condvar; DOORS],
    /// Pools on this budget. Never locked together with `state`.
    pools: Mutex<Vec<Arc<Neighbour>>>,
}

struct State {
    /// Bytes charged; `used <= limit`.
    used: usize,
    /// Maximum of `used` so far.
    peak: usize,
    /// Tickets of those who wait, the first in line in front.
    line: VecDeque<u64>,
    /// The next ticket.
    ticket: u64,
    /// Number of times that something happened for which the first in line should look again.
    news: u64,
}

impl Counter {
    pub(super) fn new(limit: usize, of: Option<Charge>) -> Self {
        Self {
            limit,
            _of: of,
            waiting: AtomicUsize::new(0),
            gate: Gate::new(),
            state: Mutex::new(State { used: 0, peak: 0, line: VecDeque::new(), ticket: 0, news: 0 }),
            doors: std::array::from_fn(|_| Condvar::new()),
            pools: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn used(&self) -> usize {
        self.lock().used
    }

    pub(super) fn peak(&self) -> usize {
        self.lock().peak
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().line.len()
    }

    /// Whether anybody waits, at a glance: who finds somebody waiting joins the line instead of overtaking.
    #[inline]
    pub(crate) fn somebody_waits(&self) -> bool {
        self.gate.pass();
        self.waiting.load(Ordering::Relaxed) != 0
    }

    /// Takes `bytes` if they are free and nobody waits.
    pub(crate) fn try_take(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        if mutant("taken_in_two_steps") {
            let fits = state.line.is_empty() && bytes <= self.limit - state.used;
            drop(state);
            if fits {
                self.lock().used += bytes;
            }
            return fits;
        }
        (state.line.is_empty() || bytes == 0 || mutant("newcomer_overtakes")) && self.take(&mut state, bytes)
    }

    /// Takes `bytes` if nobody waits, freeing idle items of pools other than `own` for them as needed.
    pub(crate) fn try_take_or_reclaim(&self, bytes: usize, own: usize) -> bool {
        loop {
            if self.try_take(bytes) {
                return true;
            }
            if self.somebody_waits() || !self.reclaim_one(own) {
                return false;
            }
        }
    }

    /// Takes `bytes`, in line; false when patience ran out.
    pub(super) fn take_in_line(&self, bytes: usize, patience: Patience) -> bool {
        self.try_take(bytes) || self.in_line(patience, || self.take_as_first(bytes, NOBODY).then_some(())).is_some()
    }

    /// Takes `bytes`, freeing idle items of pools other than `own` for them as needed; for the first in line only. An
    /// item that comes home to his own pool meanwhile is news, and better kept.
    pub(crate) fn take_as_first(&self, bytes: usize, own: usize) -> bool {
        loop {
            if self.take(&mut self.lock(), bytes) {
                return true;
            }
            if !self.reclaim_one(own) {
                return false;
            }
        }
    }

    fn take(&self, state: &mut State, bytes: usize) -> bool {
        if bytes > self.limit - state.used {
            return false;
        }
        state.used += bytes;
        state.peak = state.peak.max(state.used);
        true
    }

    /// Gives `bytes` back. The memory must be gone by now.
    pub(crate) fn give_back(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let mut state = self.lock();
        state.used -= bytes;
        if !mutant("release_wakes_nobody") {
            self.tell_first(&mut state);
        }
    }

    /// To be called after an item has come home, and after a pool has been closed.
    #[inline]
    pub(crate) fn came_home(&self) {
        if self.somebody_waits() && !mutant("homecoming_wakes_nobody") {
            self.tell_first(&mut self.lock());
        }
    }

    /// The fence between what was done before and what is looked at next.
    #[inline]
    pub(crate) fn meet() {
        fence(Ordering::SeqCst);
    }

    /// Waits in line; `attempt` is called without the lock, by the first in line, until it gives something.
    pub(crate) fn in_line<T>(&self, mut patience: Patience, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
        let mut place = Place::join(self);
        if !mutant("no_fence_in_line") {
            Self::meet();
        }
        let mut state = self.lock();
        loop {
            while state.line.front() != Some(&place.ticket) {
                state = self.sleep(state, place.ticket, &mut patience)?;
            }
            let seen = state.news;
            drop(state);
            if let Some(got) = attempt() {
                if mutant("late_item_is_lost") && matches!(patience, Patience::Spent) {
                    return None;
                }
                place.served = true;
                return Some(got);
            }
            state = self.lock();
            while state.news == seen {
                state = self.sleep(state, place.ticket, &mut patience)?;
            }
        }
    }

    /// Enters a pool, whose idle items are freed from now on when somebody needs the memory.
    pub(crate) fn enter(&self, neighbour: Arc<Neighbour>) {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner).push(neighbour);
    }

    /// Removes a pool.
    pub(crate) fn leave(&self, neighbour: &Arc<Neighbour>) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let found = pools.iter().position(|pool| Arc::ptr_eq(pool, neighbour));
        // The last takes the place, which whoever looks through the list comes to later if he has not been at the last.
        let removed = found.map(|i| pools.swap_remove(i));
        drop(pools);
        drop(removed);
    }

    /// Frees one idle item of any pool but `own`, of which the list is gone through from its end. Drops it without holding a lock.
    fn reclaim_one(&self, own: usize) -> bool {
        if mutant("nothing_reclaimed") || (mutant("reclaimed_at_first_look_only") && self.lock().news > 0) {
            return false;
        }
        let pools = || self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let many = pools().len();
        (0..many).any(|i| {
            let i = if mutant("pools_from_the_first_on") { i } else { many - 1 - i };
            let pool = pools().get(i).cloned();
            pool.is_some_and(|neighbour| neighbour.key != own && neighbour.pool.free_one())
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the first in line to look again.
    fn tell_first(&self, state: &mut State) {
        if let Some(first) = state.line.front() {
            state.news += u64::from(!mutant("news_not_counted"));
            self.doors[door(*first)].notify_all();
        }
    }

    /// Sleeps until told or until time runs out, and `None` when it had run out before.
    fn sleep<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        ticket: u64,
        patience: &mut Patience,
    ) -> Option<MutexGuard<'a, State>> {
        let door = &self.doors[door(ticket)];
        match *patience {
            Patience::Forever => Some(door.wait(state).unwrap_or_else(PoisonError::into_inner)),
            // Timed waits of models never time out: there, time runs out while others hold the lock, or not.
            Patience::Until(_) if MODELLED => {
                drop(state);
                *patience = Patience::Spent;
                Some(self.lock())
            }
            Patience::Until(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                let (state, timer) = door.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
                if timer.timed_out() {
                    *patience = Patience::Spent;
                }
                Some(state)
            }
            Patience::Spent => None,
        }
    }
}

/// The door of a ticket.
#[expect(clippy::cast_possible_truncation, reason = "a remainder below DOORS")]
fn door(ticket: u64) -> usize {
    (ticket % DOORS as u64) as usize
}

/// A place in line, left when this drops, also by a panic.
struct Place<'a> {
    counter: &'a Counter,
    ticket: u64,
    /// Whether the wait was worth it.
    served: bool,
}

impl<'a> Place<'a> {
    fn join(counter: &'a Counter) -> Self {
        let mut state = counter.lock();
        let ticket = state.ticket;
        state.ticket += 1;
        if mutant("last_come_first_served") {
            state.line.push_front(ticket);
        } else {
            state.line.push_back(ticket);
        }
        counter.gate.pass();
        counter.waiting.store(state.line.len(), Ordering::SeqCst);
        Self { counter, ticket, served: false }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.counter.lock();
        if self.served || !mutant("place_kept") {
            state.line.retain(|&ticket| ticket != self.ticket);
        }
        self.counter.gate.pass();
        self.counter.waiting.store(state.line.len(), Ordering::SeqCst);
        let silent = if self.served { mutant("served_wakes_nobody") } else { mutant("given_up_wakes_nobody") };
        if !silent {
            self.counter.tell_first(&mut state);
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
