//! What each shard keeps its idle items in, a slot for one and crossbeam's `ArrayQueue` for the others, and in models
//! stand-ins for both.
//!
//! The slot is a pointer that is swapped; its stand-in is one step, ordered by acquire and release as in crossbeam's cell.
//!
//! crossbeam-queue has no hooks for loom or shuttle, so models cannot see inside it. The stand-in is the same algorithm (Vyukov's bounded
//! queue: a stamp a slot, a reserved ticket, a published stamp) over the model's atomics, with two differences. Where the real
//! queue spins because another thread has reserved a slot and not yet published it, the stand-in answers "empty" or "full";
//! so it gives these answers also when a patient caller would have got the other one, and nothing in this crate may take
//! them for the last word. And its orderings are no stronger than acquire and release, where crossbeam's tickets are
//! sequentially consistent. What the models do not cover is therefore crossbeam's own memory safety, and nothing else of
//! it; its `len` is used for reports only.

use crate::sync::atomic::{AtomicBool, Ordering};

#[cfg(not(any(loom, shuttle)))]
pub(crate) use crossbeam_queue::ArrayQueue;
#[cfg(not(any(loom, shuttle)))]
use crossbeam_utils::atomic::AtomicCell;

#[cfg(any(loom, shuttle))]
pub(crate) use stand_in::{ArrayQueue, AtomicCell};

/// Room for one.
pub(crate) struct Slot<T> {
    cell: AtomicCell<Option<T>>,
    /// Spares a swap where nothing is to be expected. May be wrong either way while threads meet here.
    likely: AtomicBool,
}

impl<T> Slot<T> {
    pub(crate) fn new() -> Self {
        Self { cell: AtomicCell::new(None), likely: AtomicBool::new(false) }
    }

    /// Leaves `value` and returns what was there.
    #[inline]
    pub(crate) fn put(&self, value: T) -> Option<T> {
        if !self.likely.load(Ordering::Relaxed) {
            self.likely.store(true, Ordering::Relaxed);
        }
        self.cell.swap(Some(value))
    }

    /// What is there.
    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        self.cell.swap(None)
    }

    /// What is there, if anything was expected.
    #[inline]
    pub(crate) fn take_likely(&self) -> Option<T> {
        if !self.likely.load(Ordering::Relaxed) {
            return None;
        }
        let found = self.take();
        if found.is_none() {
            self.likely.store(false, Ordering::Relaxed);
        }
        found
    }
}

#[cfg(any(loom, shuttle))]
mod stand_in {
    use crate::gate::Gate;
    use crate::sync::atomic::{AtomicUsize, Ordering};

    /// A swap in one step.
    pub(crate) struct AtomicCell<T> {
        /// Where models look both ways, and what orders one swap after another.
        turn: AtomicUsize,
        /// Locked by nobody else: there is no other step in a swap.
        value: std::sync::Mutex<T>,
    }

    impl<T> AtomicCell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self { turn: AtomicUsize::new(0), value: std::sync::Mutex::new(value) }
        }

        pub(crate) fn swap(&self, value: T) -> T {
            self.turn.fetch_add(1, Ordering::AcqRel);
            std::mem::replace(&mut *self.value.try_lock().expect("one step"), value)
        }
    }

    /// Bounded queue over the model's atomics, with spurious "empty" and "full".
    pub(crate) struct ArrayQueue<T> {
        gate: Gate,
        /// Ticket of the next pop.
        head: AtomicUsize,
        /// Ticket of the next push; `head <= tail <= head + slots.len()`, tickets never wrap in a model.
        tail: AtomicUsize,
        /// Slot `t % slots.len()` serves ticket `t`.
        slots: Box<[Slot<T>]>,
    }

    struct Slot<T> {
        /// `2 * t` when free for the push of ticket `t`, `2 * t + 1` when that push has published.
        stamp: AtomicUsize,
        /// Owned by whoever holds the ticket; a std lock, so that models see the stamps alone.
        value: std::sync::Mutex<Option<T>>,
    }

    impl<T> ArrayQueue<T> {
        pub(crate) fn new(capacity: usize) -> Self {
            assert!(capacity > 0, "capacity must be non-zero");
            let slot = |t| Slot { stamp: AtomicUsize::new(2 * t), value: std::sync::Mutex::new(None) };
            Self {
                gate: Gate::new(),
                head: AtomicUsize::new(0),
                tail: AtomicUsize::new(0),
                slots: (0..capacity).map(slot).collect(),
            }
        }

        pub(crate) fn push(&self, value: T) -> Result<(), T> {
            self.gate.pass();
            let mut tail = self.tail.load(Ordering::Relaxed);
            loop {
                let slot = &self.slots[tail % self.slots.len()];
                if slot.stamp.load(Ordering::Acquire) != 2 * tail {
                    // Full, or a pop has not yet given its slot back, or another push was quicker.
                    let now = self.tail.load(Ordering::Relaxed);
                    if now == tail {
                        return Err(value);
                    }
                    tail = now;
                    continue;
                }
                match self.tail.compare_exchange(tail, tail + 1, Ordering::AcqRel, Ordering::Relaxed) {
                    Ok(_) => {
                        self.gate.pass();
                        *slot.value.try_lock().expect("one owner a ticket") = Some(value);
                        slot.stamp.store(2 * tail + 1, Ordering::Release);
                        return Ok(());
                    }
                    Err(now) => tail = now,
                }
            }
        }

        pub(crate) fn pop(&self) -> Option<T> {
            self.gate.pass();
            let mut head = self.head.load(Ordering::Relaxed);
            loop {
                let slot = &self.slots[head % self.slots.len()];
                if slot.stamp.load(Ordering::Acquire) != 2 * head + 1 {
                    // Empty, or a push has not yet published, or another pop was quicker.
                    let now = self.head.load(Ordering::Relaxed);
                    if now == head {
                        return None;
                    }
                    head = now;
                    continue;
                }
                match self.head.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Relaxed) {
                    Ok(_) => {
                        self.gate.pass();
                        let value = slot.value.try_lock().expect("one owner a ticket").take();
                        slot.stamp.store(2 * (head + self.slots.len()), Ordering::Release);
                        return value;
                    }
                    Err(now) => head = now,
                }
            }
        }

        pub(crate) fn len(&self) -> usize {
            self.gate.pass();
            let head = self.head.load(Ordering::Acquire);
            // The tail may have gone on since.
            self.tail.load(Ordering::Acquire).saturating_sub(head).min(self.slots.len())
        }

        pub(crate) fn capacity(&self) -> usize {
            self.slots.len()
        }
    }
}
