//! What the pool allocates: its buffers once, nothing a lease, and never more than its budget.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use fqbuf_pool::{BudgetError, BufferPool, MemoryBudget, PooledBuffer};

struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this thread's allocations count; those of the test harness do not.
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

fn grown(bytes: usize) {
    CALLS.fetch_add(usize::from(COUNTED.get()), Relaxed);
    PEAK.fetch_max(LIVE.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came; numbers alone are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: what the caller promised is what is asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: what the caller promised is what is asked for.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // For a moment there may be both.
        grown(size);
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: what the caller promised is what is asked for.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test at a time: the counters are everybody's.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Allocations during `work`, by this thread and others that count.
fn allocations(work: impl FnOnce()) -> usize {
    let before = CALLS.load(Relaxed);
    COUNTED.set(true);
    work();
    COUNTED.set(false);
    CALLS.load(Relaxed) - before
}

#[test]
fn leases_allocate_nothing_once_there_are_buffers() -> Result<(), BudgetError> {
    let _turn = turn();
    let budget = MemoryBudget::new(1 << 20);
    for pool in [BufferPool::new(1000), BufferPool::builder().buffer_size(1000).budget(&budget).build()?] {
        pool.prefill(3);
        let calls = allocations(|| {
            for i in 0..1000 {
                let mut first = pool.get();
                let mut second = pool.get_scoped();
                let third = pool.try_get();
                first.resize(i, 1);
                second.push(2);
                drop(third);
            }
        });
        assert_eq!(calls, 0);
    }
    Ok(())
}

#[test]
fn freezing_allocates_once() {
    let _turn = turn();
    let pool = BufferPool::new(1000);
    pool.prefill(1);
    let calls = allocations(|| {
        let mut buffer = pool.get();
        buffer.resize(100, 7);
        let frozen = PooledBuffer::freeze(buffer);
        let slices = [frozen.slice(..50), frozen.slice(50..), frozen.clone()];
        assert!(slices.iter().all(|slice| slice[0] == 7));
    });
    assert_eq!((calls, pool.idle()), (1, 1));
}

/// One buffer on its way from one thread to another.
#[derive(Default)]
struct Desk {
    buffer: Mutex<Option<PooledBuffer>>,
    change: Condvar,
}

impl Desk {
    fn put(&self, buffer: PooledBuffer) {
        let mut place = self.buffer.lock().expect("no panic elsewhere");
        while place.is_some() {
            place = self.change.wait(place).expect("no panic elsewhere");
        }
        *place = Some(buffer);
        self.change.notify_all();
    }

    fn take(&self) -> PooledBuffer {
        let mut place = self.buffer.lock().expect("no panic elsewhere");
        loop {
            if let Some(buffer) = place.take() {
                self.change.notify_all();
                return buffer;
            }
            place = self.change.wait(place).expect("no panic elsewhere");
        }
    }
}

#[test]
fn waiting_and_returning_elsewhere_allocate_nothing() -> Result<(), BudgetError> {
    let _turn = turn();
    let budget = MemoryBudget::new(2000);
    let pool = BufferPool::builder().buffer_size(1000).budget(&budget).build()?;
    let desk = Desk::default();
    let mut calls = usize::MAX;
    thread::scope(|s| {
        s.spawn(|| {
            (0..100).for_each(|_| drop(desk.take()));
            COUNTED.set(true);
            (0..200).for_each(|_| drop(desk.take()));
        });
        // The first rounds make the buffers and the line of those who wait.
        (0..100).for_each(|_| desk.put(pool.get()));
        // Whether anybody has waited so far is up to the scheduler.
        let all = [pool.get(), pool.get()];
        assert!(pool.get_timeout(std::time::Duration::from_millis(1)).is_none(), "there is no third buffer");
        drop(all);
        calls = allocations(|| (0..200).for_each(|_| desk.put(pool.get())));
    });
    assert_eq!((calls, pool.stats().misses), (0, 2));
    Ok(())
}

#[test]
fn room_for_idle_buffers_is_what_the_constructor_says() {
    let _turn = turn();
    const MOST: usize = 1 << 20;
    /// Shards, ledgers.
    const BESIDE: usize = 64 * 1024;
    let before = LIVE.load(Relaxed);
    let pool = BufferPool::with_capacity(64, MOST);
    let taken = LIVE.load(Relaxed) - before;
    assert!((16 * MOST..16 * MOST + BESIDE).contains(&taken), "{taken} bytes for {MOST} buffers");
    assert_eq!(pool.idle(), 0);
}

#[test]
fn memory_stays_within_the_budget() -> Result<(), BudgetError> {
    let _turn = turn();
    const LIMIT: usize = 1 << 20;
    /// Ledgers, lists, threads.
    const BESIDE: usize = 64 * 1024;
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let budget = MemoryBudget::new(LIMIT);
    let big = BufferPool::builder().buffer_size(400_000).budget(&budget).build()?;
    let small = BufferPool::builder().buffer_size(30_000).budget(&budget).build()?;
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                for i in 0..200usize {
                    match i % 4 {
                        0 => drop(big.get()),
                        1 => {
                            let mut buffer = small.get();
                            let more = 1000 * (i % 50);
                            let size = buffer.capacity() + more;
                            buffer.grow_with(size, |vec| vec.reserve_exact(size)).expect("less than the budget");
                        }
                        2 => drop(PooledBuffer::freeze(small.get())),
                        _ => drop(small.try_get()),
                    }
                }
            });
        }
    });
    let peak = PEAK.load(Relaxed) - before;
    assert!(peak <= LIMIT + BESIDE, "{peak} bytes at the peak");
    assert!(peak >= LIMIT / 2, "{peak} bytes at the peak: it was put to use");
    Ok(())
}
