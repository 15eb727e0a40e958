//! Leases of both kinds: what a holder may do, and how a lease ends.

use std::thread;
use std::time::Duration;

use fqbuf_pool::{BudgetError, BufferPool, MemoryBudget, PooledBuffer, ScopedLease};

#[test]
fn a_lease_is_used_like_a_vec() {
    let pool = BufferPool::new(16);
    let mut buffer = pool.get();
    buffer.extend_from_slice(b"ACGT");
    buffer.push(b'N');
    let vec: &Vec<u8> = &buffer;
    assert_eq!(vec, b"ACGTN");
    let bytes: &[u8] = buffer.as_ref();
    assert_eq!(bytes.len(), 5);
    let mut sink = Vec::new();
    std::io::Write::write_all(&mut sink, &buffer).expect("a Vec takes all");
    assert_eq!(sink, b"ACGTN");
}

#[test]
fn a_scoped_lease_goes_home_like_an_owned_one() {
    let pool = BufferPool::new(16);
    let address = {
        let mut buffer = pool.get_scoped();
        buffer.push(1);
        assert_eq!(buffer.as_ref(), [1]);
        assert_eq!(format!("{buffer:?}"), "ScopedLease([1])");
        buffer.as_ptr()
    };
    assert_eq!(pool.get().as_ptr(), address);
    let vec = ScopedLease::into_inner(pool.get_scoped());
    assert_eq!((vec.as_ptr(), pool.live(), pool.idle()), (address, 0, 0));
}

#[test]
fn into_inner_takes_the_buffer_out_of_pool_and_budget() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let pool = BufferPool::builder().buffer_size(60).budget(&budget).build()?;
    let mut buffer = pool.get();
    buffer.push(9);
    assert!(pool.try_get().is_none());
    let vec = PooledBuffer::into_inner(buffer);
    assert_eq!((vec.as_slice(), vec.capacity(), budget.used()), (&[9][..], 60, 0));
    assert!(pool.try_get().is_some());
    Ok(())
}

#[test]
fn growth_is_charged_before_it_happens() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let pool = BufferPool::builder().buffer_size(100).max_retained(500).budget(&budget).build()?;
    let mut buffer = pool.get();
    buffer.try_grow_with(400, |vec| {
        assert_eq!(budget.used(), 500);
        vec.reserve_exact(400);
    })?;
    assert_eq!((budget.used(), PooledBuffer::charged(&buffer), pool.stats().bytes), (400, 400, 400));
    let refused = buffer.try_grow_with(601, |_| unreachable!("not called without its bytes"));
    assert_eq!(refused, Err(BudgetError::TooLarge { asked: 1001, limit: 1000 }));
    let refused = buffer.grow_with(usize::MAX, |_| unreachable!("not called without its bytes"));
    assert!(matches!(refused, Err(BudgetError::TooLarge { .. })));
    let other = budget.acquire(300)?;
    let refused = buffer.try_grow_with(301, |_| unreachable!("not called without its bytes"));
    assert!(matches!(refused, Err(BudgetError::Exhausted { asked: 301, .. })));
    drop(other);
    drop(buffer);
    assert_eq!((pool.idle(), budget.used()), (1, 400), "kept, and charged for what it has now");
    Ok(())
}

#[test]
fn growth_may_wait_for_a_while() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let pool = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
    let mut buffer = pool.get();
    let ages = Duration::from_secs(600);
    let refused = buffer.grow_with_timeout(901, ages, |_| unreachable!("not called without its bytes"));
    assert_eq!(refused, Err(BudgetError::TooLarge { asked: 1001, limit: 1000 }));
    let held = budget.acquire(500)?;
    let refused = buffer.grow_with_timeout(401, Duration::ZERO, |_| unreachable!("not called without its bytes"));
    assert_eq!(refused, Err(BudgetError::TimedOut { asked: 401, limit: 1000 }));
    assert_eq!((PooledBuffer::charged(&buffer), budget.used(), budget.waiting()), (100, 600, 0));
    thread::scope(|s| {
        let grown = s.spawn(|| buffer.grow_with_timeout(900, ages, |vec| vec.reserve_exact(900)));
        while budget.waiting() == 0 {
            thread::yield_now();
        }
        drop(held);
        assert_eq!(grown.join().expect("no panic"), Ok(()));
    });
    assert_eq!((buffer.capacity(), budget.used(), pool.stats().bytes), (900, 900, 900));
    drop(buffer);
    assert_eq!((pool.idle(), budget.used()), (1, 900));
    Ok(())
}

#[test]
fn a_buffer_that_shrank_in_growth_is_not_kept() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let pool = BufferPool::builder().buffer_size(300).budget(&budget).build()?;
    let mut buffer = pool.get();
    buffer.grow_with(500, |vec| *vec = Vec::new())?;
    assert_eq!((budget.used(), budget.peak()), (300, 800));
    drop(buffer);
    assert_eq!((pool.idle(), budget.used()), (0, 0), "an empty Vec is not a buffer");
    Ok(())
}

#[test]
fn a_panic_in_growth_leaves_the_accounts_right() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let pool = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
    let mut buffer = pool.get();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        buffer.grow_with(300, |_| panic!("on purpose")).expect("there is room")
    }));
    assert!(caught.is_err());
    drop(buffer);
    assert_eq!((pool.idle(), budget.used(), pool.stats().bytes), (1, 100, 100));
    Ok(())
}

#[test]
fn growth_without_a_budget_just_happens() -> Result<(), BudgetError> {
    let pool = BufferPool::new(10);
    let mut buffer = pool.get();
    buffer.grow_with(1000, |vec| vec.reserve_exact(1000))?;
    assert_eq!(pool.stats().bytes, 1000);
    Ok(())
}

#[test]
fn growth_by_the_holder_is_settled_on_return() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let pool = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
    let mut grown = pool.get();
    grown.reserve_exact(600);
    assert_eq!(budget.used(), 100);
    drop(grown);
    assert_eq!((budget.used(), pool.idle()), (600, 1), "there was room for it");
    let first = pool.get();
    let mut second = pool.get();
    second.reserve_exact(700);
    drop(second);
    assert_eq!((budget.used(), pool.idle()), (600, 0), "there was no room for both");
    drop(first);
    assert_eq!((budget.used(), budget.peak()), (600, 700));
    Ok(())
}

#[test]
fn leases_may_be_swapped() {
    let pool = BufferPool::new(10);
    let mut a = pool.get();
    let mut b = pool.get();
    a.push(1);
    std::mem::swap(&mut a, &mut b);
    assert_eq!((a.len(), b.len()), (0, 1));
}
