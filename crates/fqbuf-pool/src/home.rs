//! Which shard a thread calls home: threads are numbered as they first use a pool.

use std::marker::PhantomData;

/// The calling thread.
#[derive(Clone, Copy)]
pub(crate) struct Me {
    number: usize,
    /// Says nothing of other threads, so it does not go there.
    stays: PhantomData<*const ()>,
}

/// The number of all threads that are too many to have one each. Numbers leave one bit for others' use.
const MANY: usize = usize::MAX >> 1;

impl Me {
    /// The calling thread's number: not 0, and no other thread's if it [`is_unique`](Self::is_unique).
    #[inline]
    pub(crate) fn number(self) -> usize {
        self.number
    }

    pub(crate) fn is_unique(self) -> bool {
        self.number != MANY
    }

    /// Which of this many homes, a power of two, is that of the calling thread.
    #[inline]
    pub(crate) fn home_of(self, homes: usize) -> usize {
        #[cfg(any(loom, shuttle))]
        return number::home() & (homes - 1);
        #[cfg(not(any(loom, shuttle)))]
        return self.number & (homes - 1);
    }
}

#[cfg(not(any(loom, shuttle)))]
mod number {
    use std::cell::Cell;
    use std::marker::PhantomData;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{MANY, Me};

    /// Number for the next thread that asks; 0 stands for "has none yet".
    static NEXT: AtomicUsize = AtomicUsize::new(1);

    thread_local! {
        /// This thread's number, 0 until it first asks. Without a destructor, so it is there while others run.
        static NUMBER: Cell<usize> = const { Cell::new(0) };
    }

    /// The calling thread.
    #[inline]
    pub(crate) fn me() -> Me {
        let number = NUMBER.with(|number| match number.get() {
            0 => first_time(number),
            n => n,
        });
        Me { number, stays: PhantomData }
    }

    /// The calling thread if it has a number, else nobody, whose number is 0.
    #[inline]
    pub(crate) fn known() -> Me {
        Me { number: NUMBER.with(Cell::get), stays: PhantomData }
    }

    #[cold]
    fn first_time(number: &Cell<usize>) -> usize {
        let next = |n: usize| Some((n + 1).min(MANY));
        let n = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or(MANY);
        number.set(n);
        n
    }
}

#[cfg(any(loom, shuttle))]
mod number {
    use std::cell::Cell;
    use std::marker::PhantomData;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Me;

    /// Not of the model: nothing but whether two are the same depends on them.
    static NEXT: AtomicUsize = AtomicUsize::new(1);

    crate::sync::thread_local! {
        /// This thread's home, chosen by the model.
        static HOME: Cell<usize> = Cell::new(0);
        /// This thread's number, like no other's.
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }

    /// The calling thread.
    pub(crate) fn me() -> Me {
        Me { number: NUMBER.with(|number| *number), stays: PhantomData }
    }

    /// The calling thread.
    pub(crate) fn known() -> Me {
        me()
    }

    /// Its home.
    pub(crate) fn home() -> usize {
        HOME.with(Cell::get)
    }

    /// Chooses the calling thread's home shard, for models only.
    pub fn settle_in(home: usize) {
        HOME.with(|number| number.set(home));
    }
}

#[cfg(any(loom, shuttle))]
pub use number::settle_in;
pub(crate) use number::{known, me};
