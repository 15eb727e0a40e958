//! The budget: a hard cap, first come first served, shared by pools and others.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fqbuf_pool::{BudgetError, BufferPool, MemoryBudget, PooledBuffer};

/// Long enough that no test reaches it.
const AGES: Duration = Duration::from_secs(600);

/// Yields until `budget` has `n` waiters.
fn until_waiting(budget: &MemoryBudget, n: usize) {
    while budget.waiting() != n {
        thread::yield_now();
    }
}

#[test]
fn charges_add_up_and_come_back() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let mut a = budget.acquire(40)?;
    let b = budget.try_acquire(60)?;
    assert_eq!((budget.used(), budget.available(), budget.limit()), (100, 0, 100));
    assert_eq!(budget.try_acquire(1).unwrap_err(), BudgetError::Exhausted { asked: 1, limit: 100 });
    a.shrink_to(10);
    a.shrink_to(50);
    assert_eq!((a.bytes(), budget.available()), (10, 30));
    a.try_grow(30)?;
    assert!(a.try_grow(1).is_err());
    drop(b);
    a.grow(60)?;
    assert_eq!(a.grow(1), Err(BudgetError::TooLarge { asked: 101, limit: 100 }));
    assert_eq!(a.try_grow(usize::MAX), Err(BudgetError::TooLarge { asked: usize::MAX, limit: 100 }));
    drop(a);
    assert_eq!((budget.used(), budget.peak()), (0, 100));
    Ok(())
}

#[test]
fn a_budget_of_nothing_grants_nothing() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(0);
    assert_eq!(budget.acquire(0)?.bytes(), 0);
    assert_eq!(budget.acquire(1).unwrap_err(), BudgetError::TooLarge { asked: 1, limit: 0 });
    assert!(BufferPool::builder().buffer_size(0).budget(&budget).build().is_ok());
    assert!(BufferPool::builder().buffer_size(1).budget(&budget).build().is_err());
    Ok(())
}

// The naive budget makes the first get wait for ever.
#[test]
fn a_budget_smaller_than_one_buffer_is_an_error_at_construction() {
    let budget = MemoryBudget::new(99);
    let error = BufferPool::builder().buffer_size(100).budget(&budget).build().expect_err("too small");
    assert_eq!(error, BudgetError::TooLarge { asked: 100, limit: 99 });
    assert_eq!(error.to_string(), "100 bytes asked of a memory budget of 99: raise the budget");
}

#[test]
fn more_than_the_whole_budget_is_refused_at_once() {
    let budget = MemoryBudget::new(99);
    assert!(matches!(budget.acquire(100), Err(BudgetError::TooLarge { .. })));
    assert!(matches!(budget.try_acquire(usize::MAX), Err(BudgetError::TooLarge { .. })));
    assert!(matches!(budget.acquire_timeout(100, AGES), Err(BudgetError::TooLarge { .. })));
}

#[test]
fn buffers_are_charged_by_capacity_idle_ones_too() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let pool = BufferPool::builder().buffer_size(300).budget(&budget).build()?;
    let held = [pool.get(), pool.get(), pool.get()];
    assert!(held.iter().all(|buffer| buffer.is_empty()));
    assert_eq!(budget.used(), 900);
    assert!(pool.try_get().is_none());
    assert!(pool.get_timeout(Duration::ZERO).is_none());
    assert!(pool.get_timeout(Duration::from_nanos(1)).is_none());
    drop(held);
    assert_eq!((budget.used(), pool.idle(), budget.waiting()), (900, 3, 0));
    pool.clear();
    assert_eq!((budget.used(), budget.peak()), (0, 900));
    Ok(())
}

#[test]
fn prefill_stops_where_the_budget_does() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let pool = BufferPool::builder().buffer_size(300).budget(&budget).build()?;
    assert_eq!((pool.prefill(10), budget.used()), (3, 900));
    Ok(())
}

#[test]
fn the_end_of_a_pool_gives_its_idle_bytes_back() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let pool = BufferPool::builder().buffer_size(300).budget(&budget).build()?;
    pool.prefill(3);
    let lease = pool.get();
    drop(pool);
    assert_eq!(budget.used(), 300);
    drop(lease);
    assert_eq!(budget.used(), 0);
    Ok(())
}

// The naive pool waits for ever while its neighbour sits on idle memory.
#[test]
fn idle_buffers_of_a_neighbour_make_way() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let small = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
    let big = BufferPool::builder().buffer_size(500).budget(&budget).build()?;
    small.prefill(10);
    let held = small.get();
    let first = big.get();
    assert_eq!((small.idle(), budget.used()), (4, 1000));
    assert!(big.try_get().is_none(), "400 idle and 100 leased are not 500");
    assert_eq!(small.idle(), 0, "it tried");
    drop(held);
    assert!(big.try_get().is_some());
    drop(first);
    assert_eq!(budget.try_acquire(1000)?.bytes(), 1000);
    Ok(())
}

#[test]
fn a_returned_buffer_wakes_who_waits() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let pool = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
    let held = pool.get();
    let address = held.as_ptr() as usize;
    let waiter = thread::spawn({
        let pool = pool.clone();
        move || pool.get().as_ptr() as usize
    });
    until_waiting(&budget, 1);
    drop(held);
    assert_eq!(waiter.join().expect("no panic"), address, "the same buffer, not a new one");
    assert_eq!(pool.stats().misses, 1);
    Ok(())
}

#[test]
fn a_buffer_that_comes_home_to_a_neighbour_wakes_who_waits() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let pool = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
    let neighbour = BufferPool::builder().buffer_size(60).budget(&budget).build()?;
    let held = neighbour.get();
    let waiter = thread::spawn(move || pool.get_timeout(AGES).is_some());
    until_waiting(&budget, 1);
    drop(held);
    assert!(waiter.join().expect("no panic"));
    assert_eq!(neighbour.idle(), 0);
    Ok(())
}

#[test]
fn a_detached_frozen_or_shrunk_buffer_wakes_who_waits() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let pool = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
    for end in [
        |buffer| drop(PooledBuffer::into_inner(buffer)),
        |buffer| drop(PooledBuffer::freeze(buffer)),
        |mut buffer: PooledBuffer| buffer.shrink_to(1),
        |mut buffer: PooledBuffer| buffer.reserve_exact(10_000),
    ] {
        let held = pool.get();
        let waiter = thread::spawn({
            let pool = pool.clone();
            move || drop(pool.get())
        });
        until_waiting(&budget, 1);
        end(held);
        waiter.join().expect("no panic");
        assert_eq!(budget.used(), 100);
    }
    Ok(())
}

// The naive budget lets whoever asks for little overtake, for ever.
#[test]
fn nobody_overtakes_who_waits() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let pool = BufferPool::builder().buffer_size(10).budget(&budget).build()?;
    let held = budget.acquire(95)?;
    let (served, order) = mpsc::channel();
    let mut waiters = Vec::new();
    for (i, bytes) in [80, 60, 90, 51].into_iter().enumerate() {
        let (budget, served) = (budget.clone(), served.clone());
        waiters.push(thread::spawn({
            let budget = budget.clone();
            move || {
                let charge = budget.acquire(bytes).expect("fits");
                // No two fit at once, so that the order of messages is the order of service.
                served.send(i).expect("main listens");
                drop(charge);
            }
        }));
        until_waiting(&budget, i + 1);
    }
    assert!(budget.try_acquire(1).is_err(), "5 bytes are free, but four wait for theirs");
    assert!(pool.try_get().is_none());
    assert!(budget.acquire_timeout(1, Duration::ZERO).is_err());
    assert_eq!(budget.try_acquire(0)?.bytes(), 0);
    drop(held);
    waiters.into_iter().for_each(|waiter| waiter.join().expect("no panic"));
    drop(served);
    assert_eq!(order.iter().collect::<Vec<_>>(), [0, 1, 2, 3], "first come, first served");
    assert_eq!((budget.used(), budget.waiting()), (0, 0));
    Ok(())
}

/// Fails where such a get stands in line: nobody is short of what it takes.
#[test]
fn an_item_of_no_bytes_is_there_while_others_wait() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let pool = BufferPool::builder().buffer_size(0).budget(&budget).build()?;
    let held = budget.acquire(100)?;
    thread::scope(|s| {
        let waiter = s.spawn(|| budget.acquire(100).map(drop));
        until_waiting(&budget, 1);
        let charge = budget.try_acquire(0);
        let leases = (pool.try_get(), pool.get_timeout(Duration::ZERO));
        drop(held);
        assert_eq!(waiter.join().expect("no panic"), Ok(()));
        assert!(charge.is_ok() && leases.0.is_some() && leases.1.is_some());
    });
    Ok(())
}

#[test]
fn who_gives_up_lets_the_next_in_line_pass() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let held = budget.acquire(50)?;
    let patient = thread::scope(|s| {
        let big = s.spawn(|| budget.acquire_timeout(100, Duration::from_millis(30)).map(drop));
        until_waiting(&budget, 1);
        let small = s.spawn(|| budget.acquire(50).map(drop));
        let big = big.join().expect("no panic");
        assert_eq!(big, Err(BudgetError::TimedOut { asked: 100, limit: 100 }));
        small.join().expect("no panic")
    });
    assert_eq!(patient, Ok(()));
    drop(held);
    Ok(())
}

#[test]
fn a_charge_may_wait_to_grow() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let held = budget.acquire(50)?;
    let mut growing = budget.acquire(50)?;
    assert!(matches!(growing.grow_timeout(10, Duration::ZERO), Err(BudgetError::TimedOut { asked: 10, .. })));
    thread::scope(|s| {
        let grown = s.spawn(move || growing.grow(50).map(|()| growing.bytes()));
        until_waiting(&budget, 1);
        drop(held);
        assert_eq!(grown.join().expect("no panic"), Ok(100));
    });
    assert_eq!(budget.used(), 0);
    Ok(())
}

// On one budget, naively, the worker stands in line behind the reader, who waits for what the worker holds.
#[test]
fn a_share_is_there_while_others_wait() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let share = budget.share(40)?;
    assert_eq!((share.limit(), budget.used()), (40, 40));
    let input = BufferPool::builder().buffer_size(60).budget(&budget).build()?;
    let output = BufferPool::builder().buffer_size(20).budget(&share).build()?;
    let held = input.get();
    thread::scope(|s| {
        let reader = s.spawn(|| drop(input.get()));
        until_waiting(&budget, 1);
        drop((output.get(), output.get()));
        assert!(share.try_acquire(41).is_err());
        drop(held);
        reader.join().expect("no panic");
    });
    let lease = output.get();
    drop((output, share));
    assert_eq!(budget.used(), 100);
    drop(lease);
    assert_eq!(budget.used(), 60, "the share came back with the last of its buffers");
    assert_eq!(budget.share(101).unwrap_err(), BudgetError::TooLarge { asked: 101, limit: 100 });
    Ok(())
}

#[test]
fn a_share_that_cannot_be_had_is_reported() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    assert_eq!(budget.try_share(101).unwrap_err(), BudgetError::TooLarge { asked: 101, limit: 100 });
    assert_eq!(budget.share_timeout(101, AGES).unwrap_err(), BudgetError::TooLarge { asked: 101, limit: 100 });
    let held = budget.try_share(60)?;
    assert_eq!(budget.try_share(41).unwrap_err(), BudgetError::Exhausted { asked: 41, limit: 100 });
    assert_eq!(budget.share_timeout(41, Duration::ZERO).unwrap_err(), BudgetError::TimedOut { asked: 41, limit: 100 });
    assert_eq!((held.limit(), held.available(), budget.used(), budget.waiting()), (60, 60, 60, 0));
    thread::scope(|s| {
        let share = s.spawn(|| budget.share_timeout(100, AGES).map(|share| share.limit()));
        until_waiting(&budget, 1);
        assert!(matches!(budget.try_share(1), Err(BudgetError::Exhausted { .. })), "others wait");
        drop(held);
        assert_eq!(share.join().expect("no panic"), Ok(100));
    });
    // What lies idle makes way for a share as well.
    let pool = BufferPool::builder().buffer_size(50).budget(&budget).build()?;
    drop(pool.get());
    assert_eq!((budget.try_share(100)?.limit(), pool.idle()), (100, 0));
    assert_eq!(budget.used(), 0);
    Ok(())
}

#[test]
fn errors_turn_into_io_errors() {
    let late = BudgetError::TimedOut { asked: 1, limit: 2 };
    assert_eq!(std::io::Error::from(late).kind(), std::io::ErrorKind::TimedOut);
    let full = BudgetError::Exhausted { asked: 1, limit: 2 };
    assert_eq!(std::io::Error::from(full).to_string(), "no 1 bytes free in a memory budget of 2");
    assert_eq!(format!("{:?}", MemoryBudget::new(3)), "MemoryBudget { limit: 3, used: 0, waiting: 0 }");
}
