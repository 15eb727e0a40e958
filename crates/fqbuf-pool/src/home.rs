//! Which shard a thread calls home: threads are numbered as they first use a pool.

#[cfg(not(any(loom, shuttle)))]
mod number {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Number for the next thread that asks; 0 stands for "has none yet".
    static NEXT: AtomicUsize = AtomicUsize::new(1);

    thread_local! {
        /// This thread's number, 0 until it first asks. Without a destructor, so it is there while others run.
        static NUMBER: Cell<usize> = const { Cell::new(0) };
    }

    /// This thread's number. Two threads that both use pools have different ones.
    #[inline]
    pub(crate) fn of_this_thread() -> usize {
        NUMBER.with(|number| match number.get() {
            0 => first_time(number),
            n => n,
        })
    }

    #[cold]
    fn first_time(number: &Cell<usize>) -> usize {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        number.set(n);
        n
    }
}

#[cfg(any(loom, shuttle))]
mod number {
    use std::cell::Cell;

    crate::sync::thread_local! {
        /// This thread's number, chosen by the model.
        static NUMBER: Cell<usize> = Cell::new(0);
    }

    /// This thread's number.
    pub(crate) fn of_this_thread() -> usize {
        NUMBER.with(Cell::get)
    }

    /// Chooses the calling thread's home shard, for models only.
    pub fn settle_in(home: usize) {
        NUMBER.with(|number| number.set(home));
    }
}

pub(crate) use number::of_this_thread;
#[cfg(any(loom, shuttle))]
pub use number::settle_in;
