//! Faults of other pools, each with the naive version that shows it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use fqbuf_pool::{BudgetError, BufferPool, Lease, MemoryBudget, PoolBuilder, Recipe};

// Naive: a pool of a fixed number of buffers whose only get blocks. The second get of one thread then hangs.
#[test]
fn fault_40_exhaustion_by_one_thread_is_reported() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(100);
    let pool = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
    let held = pool.get();
    assert!(pool.try_get().is_none());
    assert!(pool.get_timeout(Duration::from_millis(5)).is_none());
    drop(held);
    assert!(pool.get_timeout(Duration::ZERO).is_some());
    Ok(())
}

// Naive: a pool of raw slots with a free list, where a forgotten guard leaves a slot that is reused while it is held, or
// a count that never balances. Here it costs its own bytes, and shows as live.
#[test]
fn fault_41_a_forgotten_lease_costs_capacity_only() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(300);
    let pool = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
    std::mem::forget(pool.get());
    assert_eq!((pool.live(), pool.idle(), budget.used()), (1, 0, 100));
    for _ in 0..10 {
        let mut two = [pool.get(), pool.get()];
        assert!(pool.try_get().is_none());
        two.iter_mut().for_each(|buffer| buffer.push(1));
    }
    assert_eq!((pool.live(), pool.idle(), pool.stats().misses), (1, 2, 3));
    pool.clear();
    assert_eq!(budget.used(), 100);
    Ok(())
}

/// A recipe that panics while it makes an item, when told to.
struct Fragile(Mutex<bool>);

impl Recipe for Fragile {
    type Item = Vec<u8>;
    fn make(&self) -> Vec<u8> {
        assert!(!*self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner), "on purpose");
        Vec::with_capacity(10)
    }
    fn fresh_bytes(&self) -> usize {
        10
    }
    fn bytes(&self, item: &Vec<u8>) -> usize {
        item.capacity()
    }
    fn reset(&self, item: &mut Vec<u8>) {
        item.clear();
    }
}

// Naive: a pool that makes items under its lock, and unwraps the lock: one panic, and every later get panics as well;
// one in the drop of a lease while unwinding aborts the process.
#[test]
fn fault_42_a_panic_in_the_pool_takes_nobody_down() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(20);
    let pool = PoolBuilder::new(Fragile(Mutex::new(true))).budget(&budget).build()?;
    assert!(catch_unwind(AssertUnwindSafe(|| drop(pool.get()))).is_err());
    assert_eq!((budget.used(), budget.waiting(), pool.live()), (0, 0, 0), "the charge came back");
    *pool.recipe().0.lock().expect("not poisoned: the panic came after") = false;
    let held = [pool.get(), pool.get()];
    assert!(pool.try_get().is_none());
    drop(held);
    assert_eq!(pool.idle(), 2);
    Ok(())
}

// Naive: a pool whose buffers come back by an explicit `put`, which a panic skips.
#[test]
fn fault_43_a_panic_while_holding_brings_the_buffer_home() {
    let pool = BufferPool::new(10);
    let caught = catch_unwind(|| {
        let mut owned = pool.get();
        let mut scoped = pool.get_scoped();
        owned.push(1);
        scoped.push(2);
        panic!("on purpose");
    });
    assert!(caught.is_err());
    assert_eq!((pool.idle(), pool.live()), (2, 0));
    assert!(pool.get().is_empty() && pool.get().is_empty());
    let panicked = std::thread::spawn({
        let pool = pool.clone();
        move || {
            let _held = pool.get();
            panic!("on purpose");
        }
    });
    assert!(panicked.join().is_err());
    assert_eq!((pool.idle(), pool.live()), (2, 0));
}

// Naive: a thread-local pool behind a `RefCell` or a lock that is held while the buffer is in use.
#[test]
fn fault_44_nested_use_is_no_problem() {
    fn nest(pool: &BufferPool, depth: usize) -> usize {
        let mut buffer = pool.get();
        buffer.push(0);
        let inner = if depth == 0 { 0 } else { nest(pool, depth - 1) };
        let scoped = pool.get_scoped();
        buffer.len() + scoped.len() + inner
    }
    let pool = BufferPool::new(10);
    assert_eq!(nest(&pool, 20), 21);
    assert_eq!((pool.live(), pool.idle()), (0, 22));
}

// Naive: a pool that returns buffers as they are.
#[test]
fn fault_45_bytes_of_the_previous_user_are_never_visible() {
    let pool = BufferPool::with_capacity(16, 1);
    let mut buffer = pool.get();
    buffer.extend_from_slice(b"secret");
    drop(buffer);
    assert_eq!(pool.get().as_slice(), b"");
    assert_eq!(pool.get_scoped().as_slice(), b"");
    drop(Lease::freeze({
        let mut buffer = pool.get();
        buffer.extend_from_slice(b"secret");
        buffer
    }));
    let mut next = pool.get();
    next.resize(6, b'.');
    assert_eq!(next.as_slice(), b"......");
}

// Naive: `pool.put(buffer)` takes any buffer. Here a lease knows its pool, and no method takes a buffer; what remains is
// an exchange of the Vec inside, which is measured when it comes home.
#[test]
fn fault_46_a_buffer_goes_home_to_its_own_pool() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1 << 20);
    let small = BufferPool::builder().buffer_size(10).budget(&budget).build()?;
    let big = BufferPool::builder().buffer_size(1000).budget(&budget).build()?;
    let (mut a, mut b) = (small.get(), big.get());
    std::mem::swap(&mut a, &mut b);
    drop((a, b));
    assert_eq!((small.get().capacity(), big.get().capacity()), (10, 1000));
    let (mut a, mut b) = (small.get(), big.get());
    std::mem::swap(&mut *a, &mut *b);
    drop((a, b));
    assert_eq!((small.idle(), big.idle()), (1, 0), "too small for the big one's pool");
    assert_eq!((small.get().capacity(), big.get().capacity()), (1000, 1000));
    assert_eq!(budget.used(), 2000);
    Ok(())
}

// Naive: leases with a raw or weak way back, that dangle or leak when the pool is gone.
#[test]
fn fault_47_leases_outlive_the_pool() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let pool = BufferPool::builder().buffer_size(100).budget(&budget).build()?;
    let mut leases: Vec<_> = (0..3).map(|_| pool.get()).collect();
    let frozen = Lease::freeze(leases.pop().expect("three of them"));
    drop(pool);
    leases[0].extend_from_slice(b"still mine");
    assert_eq!(budget.used(), 300);
    drop(leases);
    assert_eq!(budget.used(), 100);
    drop(frozen);
    assert_eq!(budget.used(), 0);
    Ok(())
}

// Fault 48, a fork with threads alive, has nothing to meet: the pool starts no thread and has no global state but its counter of
// threads and that of its statistics, the number of cores, and whether the process is registered for barriers.

// Naive: `unsafe impl Send` for whatever is pooled. Here the compiler decides: the assertions in `main.rs` and the
// example of `Recipe::Item`, which does not compile, are the other half of this test.
#[test]
fn fault_49_items_that_may_be_sent_but_not_shared_stay_unshared() -> Result<(), BudgetError> {
    let pool = PoolBuilder::new(super::recipe::SendOnly).build()?;
    let lease = pool.get();
    let back = std::thread::spawn(move || {
        lease.set(3);
        lease
    });
    assert_eq!(back.join().expect("no panic").get(), 3);
    Ok(())
}
