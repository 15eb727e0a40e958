//! Many threads on one pool: nothing lost, nothing shared, nothing above the bounds. `FQBUF_DEEP` makes them longer.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use fqbuf_pool::{BudgetError, BufferPool, Lease, MemoryBudget, PooledBuffer};

/// Rounds of a test: `few`, or fifty times as many.
pub(crate) fn rounds(few: u64) -> u64 {
    if std::env::var_os("FQBUF_DEEP").is_some() { 50 * few } else { few }
}

/// A small generator of numbers, the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[test]
fn no_two_threads_hold_the_same_buffer() {
    let pool = BufferPool::with_capacity(64, 6);
    let start = Barrier::new(4);
    thread::scope(|s| {
        for id in 0..4u8 {
            let (pool, start) = (&pool, &start);
            s.spawn(move || {
                let mut dice = Dice(u64::from(id));
                let mut held = VecDeque::new();
                start.wait();
                for _ in 0..rounds(5_000) {
                    if dice.roll(2) == 0 && held.len() < 5 {
                        let mut buffer = pool.get();
                        assert!(buffer.is_empty());
                        buffer.extend_from_slice(&[id; 64]);
                        held.push_back(buffer);
                    } else if let Some(buffer) = held.pop_front() {
                        assert!(buffer.iter().all(|&byte| byte == id));
                    }
                    assert!(pool.idle() <= 6);
                }
            });
        }
    });
    let stats = pool.stats();
    assert_eq!((stats.live, stats.misses), (0, stats.idle + stats.discarded));
    assert_eq!(stats.hits + stats.misses, stats.returned + stats.discarded);
    assert_eq!(stats.bytes, 64 * stats.idle);
}

#[test]
fn buffers_dropped_elsewhere_come_home() {
    let pool = BufferPool::with_capacity(128, 8);
    let (send, receive) = mpsc::sync_channel::<PooledBuffer>(4);
    let sum = thread::scope(|s| {
        let reader = s.spawn(move || receive.iter().map(|buffer| buffer.len() as u64).sum::<u64>());
        for i in 0..rounds(10_000) {
            let mut buffer = pool.get();
            buffer.resize(usize::try_from(i % 100).expect("small"), 1);
            send.send(buffer).expect("the reader is there");
        }
        drop(send);
        reader.join().expect("no panic")
    });
    assert_eq!(sum, (0..rounds(10_000)).map(|i| i % 100).sum::<u64>());
    assert!(pool.stats().misses <= 7, "{:?}", pool.stats());
}

#[test]
fn a_budget_holds_among_many() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let small = BufferPool::builder().buffer_size(70).max_retained(200).budget(&budget).build()?;
    let big = BufferPool::builder().buffer_size(300).max_idle(2).budget(&budget).build()?;
    thread::scope(|s| {
        for id in 0..4 {
            let (budget, small, big) = (&budget, &small, &big);
            s.spawn(move || {
                let mut dice = Dice(id);
                for _ in 0..rounds(1_500) {
                    // Each holds one thing at a time, so that nobody can wait for ever.
                    match dice.roll(8) {
                        0 | 1 => drop(small.get()),
                        2 => drop(big.get()),
                        3 => {
                            let mut buffer = small.get();
                            buffer.resize(usize::try_from(dice.roll(300)).expect("small"), 1);
                        }
                        4 => drop(Lease::freeze(big.get())),
                        5 => drop(small.try_get()),
                        6 => drop(budget.acquire(usize::try_from(dice.roll(1001)).expect("small"))),
                        _ => drop(big.get_timeout(std::time::Duration::from_micros(dice.roll(50)))),
                    }
                }
            });
        }
    });
    assert!(budget.peak() <= 1000);
    assert_eq!(budget.waiting(), 0);
    assert_eq!(budget.used() as u64, small.stats().bytes + big.stats().bytes);
    small.clear();
    big.clear();
    assert_eq!(budget.used(), 0);
    Ok(())
}

/// Fails where bytes stay charged, or counted as live, by whatever way a lease ends: dropped here or elsewhere, grown, taken away,
/// detached, frozen, or by a panic, in growth too.
#[test]
fn whatever_ends_a_lease_everything_comes_back() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(4000);
    let share = budget.share(1000)?;
    let pools = [
        BufferPool::builder().buffer_size(100).max_retained(300).budget(&budget).build()?,
        BufferPool::builder().buffer_size(300).max_idle(1).budget(&budget).build()?,
        BufferPool::builder().buffer_size(100).shards(1).budget(&share).build()?,
        BufferPool::with_capacity(100, 3),
    ];
    let on_purpose = || std::panic::resume_unwind(Box::new("on purpose"));
    let (send, elsewhere) = mpsc::channel::<PooledBuffer>();
    thread::scope(|s| {
        s.spawn(move || elsewhere.iter().for_each(drop));
        for id in 0..3 {
            let (pools, send) = (&pools, send.clone());
            s.spawn(move || {
                let mut dice = Dice(id);
                for _ in 0..rounds(2_000) {
                    let pool = &pools[usize::try_from(dice.roll(4)).expect("four")];
                    let Some(mut buffer) = pool.get_timeout(std::time::Duration::from_millis(1)) else { continue };
                    let more = usize::try_from(dice.roll(600)).expect("small");
                    match dice.roll(9) {
                        0 => buffer.reserve_exact(more),
                        1 => drop(buffer.try_grow_with(more, |vec| vec.reserve_exact(more))),
                        2 => drop(std::mem::take(&mut *buffer)),
                        3 => drop(Lease::into_inner(buffer)),
                        4 => drop(Lease::freeze(buffer).slice(..0)),
                        5 => send.send(buffer).expect("a receiver"),
                        6 => drop(catch_unwind(AssertUnwindSafe(|| {
                            let _buffer = buffer;
                            on_purpose()
                        }))),
                        7 => drop(catch_unwind(AssertUnwindSafe(|| buffer.try_grow_with(more, |_| on_purpose())))),
                        _ => {
                            drop(buffer);
                            drop(pool.get_scoped());
                        }
                    }
                }
            });
        }
        drop(send);
    });
    for pool in &pools {
        let stats = pool.stats();
        assert_eq!(stats.misses, stats.idle + stats.discarded + stats.freed + stats.detached);
        assert_eq!((stats.live, stats.hits + stats.misses), (0, stats.returned + stats.discarded + stats.detached));
        pool.clear();
        assert_eq!((pool.stats().bytes, pool.idle()), (0, 0));
    }
    assert_eq!((share.used(), budget.used(), budget.waiting()), (0, 1000, 0));
    drop((pools, share));
    assert_eq!(budget.used(), 0);
    Ok(())
}

#[test]
fn pools_may_end_while_others_wait() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let lasting = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
    for _ in 0..rounds(300) {
        let passing = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
        let lease = passing.get();
        thread::scope(|s| {
            s.spawn(|| drop(lasting.get()));
            s.spawn(move || drop(passing));
            s.spawn(move || drop(lease));
        });
        assert_eq!((budget.waiting(), budget.used()), (0, 100));
    }
    Ok(())
}

#[test]
fn clear_trim_and_prefill_among_traffic() {
    let pool = BufferPool::with_capacity(32, 5);
    let done = AtomicBool::new(false);
    thread::scope(|s| {
        let keeper = s.spawn(|| {
            let mut dice = Dice(9);
            while !done.load(Ordering::Relaxed) {
                match dice.roll(3) {
                    0 => pool.clear(),
                    1 => drop(pool.trim(2)),
                    _ => drop(pool.prefill(4)),
                }
                assert!(pool.idle() <= 5);
            }
        });
        let users: Vec<_> = (0..2)
            .map(|_| {
                s.spawn(|| {
                    for _ in 0..rounds(5_000) {
                        let mut buffer = pool.get();
                        assert_eq!((buffer.len(), buffer.capacity()), (0, 32));
                        buffer.push(1);
                    }
                })
            })
            .collect();
        users.into_iter().for_each(|user| user.join().expect("no panic"));
        done.store(true, Ordering::Relaxed);
        keeper.join().expect("no panic");
    });
    let stats = pool.stats();
    assert_eq!(stats.misses + stats.prefilled, stats.idle + stats.discarded + stats.freed);
    assert_eq!(stats.hits + stats.misses, 2 * rounds(5_000));
}
