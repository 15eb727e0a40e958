//! Pools on a budget: who waits for memory, and those who bring it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fqbuf_pool::{Lease, MemoryBudget, settle_in};
use loom::thread;

use crate::{Probe, bounded, exhaustive};

#[test]
fn return_against_waiting_get() {
    exhaustive("homecoming_wakes_nobody", || {
        let (probe, budget) = (Probe::at_most(1), MemoryBudget::new(1));
        let pool = probe.pool_on(&budget, 1);
        let mut lease = pool.get();
        lease.touch();
        let holder = thread::spawn(move || drop(lease));
        let mut got = pool.get();
        got.touch();
        holder.join().unwrap();
        assert_eq!((pool.live(), budget.used(), pool.stats().misses), (1, 1, 1));
    });
}

#[test]
fn return_against_joining_the_line() {
    exhaustive("no_fence_in_line", || {
        let budget = MemoryBudget::new(1);
        let pool = Probe::default().pool_with_queue(Some(&budget));
        let lease = pool.get();
        let holder = thread::spawn(move || {
            settle_in(1);
            drop(lease);
        });
        let charge = budget.acquire(1).unwrap();
        holder.join().unwrap();
        assert_eq!((pool.idle(), charge.bytes()), (0, 1));
    });
}

#[test]
fn joining_the_line_against_return() {
    exhaustive("no_fence_at_home", || {
        let budget = MemoryBudget::new(1);
        let pool = Probe::default().pool_with_queue(Some(&budget));
        let lease = pool.get();
        let waiter = thread::spawn({
            let pool = pool.clone();
            move || drop(pool.get())
        });
        settle_in(1);
        drop(lease);
        waiter.join().unwrap();
        assert_eq!(pool.stats().hits, 1);
    });
}

#[test]
fn returner_that_gets_again_against_who_waits() {
    bounded(3, "idle_item_goes_to_newcomer", || {
        let budget = MemoryBudget::new(1);
        let pool = Probe::at_most(1).pool_on(&budget, 1);
        let lease = pool.get();
        let served = Arc::new(AtomicBool::new(false));
        let waiter = thread::spawn({
            let (pool, served) = (pool.clone(), Arc::clone(&served));
            move || {
                let _lease = pool.get();
                served.store(true, Ordering::Relaxed);
            }
        });
        let was_first = budget.waiting() == 1;
        drop(lease);
        let again = pool.get();
        assert!(!was_first || served.load(Ordering::Relaxed));
        drop(again);
        waiter.join().unwrap();
    });
}

#[test]
fn get_against_get_for_the_last_bytes() {
    bounded(4, "made_before_charged", || {
        let budget = MemoryBudget::new(1);
        let pool = Probe::at_most(1).pool_on(&budget, 1);
        let other = thread::spawn({
            let pool = pool.clone();
            move || pool.get().touch()
        });
        pool.get().touch();
        other.join().unwrap();
        assert_eq!((pool.idle(), pool.stats().misses), (1, 1));
    });
}

#[test]
fn timed_get_against_return() {
    exhaustive("late_item_is_lost", || {
        let (probe, budget) = (Probe::default(), MemoryBudget::new(1));
        let pool = probe.pool_on(&budget, 1);
        let lease = pool.get();
        let holder = thread::spawn(move || drop(lease));
        let lease = pool.get_timeout(Duration::from_secs(1));
        holder.join().unwrap();
        let got = lease.is_some();
        drop(lease);
        assert_eq!((pool.idle(), probe.alive(), budget.used()), (1, 1, 1));
        assert_eq!((pool.stats().hits, pool.stats().idle), (u64::from(got), 1));
    });
}

#[test]
fn return_to_a_neighbour_against_waiting_get() {
    exhaustive("nothing_reclaimed", || {
        let budget = MemoryBudget::new(1);
        let probe = Probe::at_most(1);
        let (pool, neighbour) = (probe.pool_on(&budget, 1), probe.pool_on(&budget, 1));
        let lease = neighbour.get();
        let holder = thread::spawn(move || drop(lease));
        let got = pool.get();
        holder.join().unwrap();
        assert_eq!((neighbour.idle(), budget.used()), (0, 1));
        drop(got);
    });
}

#[test]
fn return_to_a_neighbour_between_look_and_sleep() {
    bounded(3, "reclaimed_at_first_look_only", || {
        let budget = MemoryBudget::new(2);
        let probe = Probe::at_most(2);
        let pool = probe.pool_on(&budget, 2);
        let (first, second) = (pool.get(), pool.get());
        let holder = thread::spawn(move || drop((first, second)));
        let all = budget.acquire(2).unwrap();
        holder.join().unwrap();
        assert_eq!((pool.idle(), probe.alive(), all.bytes()), (0, 0, 2));
    });
}

#[test]
fn return_to_anothers_slot_against_waiting_get() {
    exhaustive("slot_is_private", || {
        let (probe, budget) = (Probe::at_most(1), MemoryBudget::new(1));
        let pool = probe.shards(2, 2, Some(&budget));
        let lease = pool.get();
        let holder = thread::spawn(move || drop(lease));
        settle_in(1);
        pool.get().touch();
        holder.join().unwrap();
        assert_eq!((pool.stats().hits, pool.stats().misses), (1, 1));
    });
}

#[test]
fn end_of_a_pool_against_who_looks_through_the_list() {
    exhaustive("pools_from_the_first_on", || {
        let budget = MemoryBudget::new(1);
        let probe = Probe::default();
        let passing = probe.pool_on(&budget, 1);
        let lasting = probe.pool_on(&budget, 1);
        lasting.prefill(1);
        let end = thread::spawn(move || drop(passing));
        // The last may take the place of the first meanwhile.
        let charge = budget.try_acquire(1).unwrap();
        end.join().unwrap();
        assert_eq!((lasting.idle(), charge.bytes()), (0, 1));
    });
}

#[test]
fn oversized_return_against_waiting_get() {
    exhaustive("discard_keeps_charge", || {
        let budget = MemoryBudget::new(1);
        let pool = Probe::default().pool_on(&budget, 1);
        let mut lease = pool.get();
        lease.bytes = 9;
        let holder = thread::spawn(move || drop(lease));
        assert_eq!(pool.get().bytes, 1);
        holder.join().unwrap();
        assert_eq!((pool.stats().discarded, budget.used()), (1, 1));
    });
}

#[test]
fn end_of_an_item_against_waiting_acquire() {
    exhaustive("given_back_before_freed", || {
        let (probe, budget) = (Probe::default(), MemoryBudget::new(1));
        let pool = probe.pool_on(&budget, 0);
        let lease = pool.get();
        let holder = thread::spawn(move || drop(lease));
        let charge = budget.acquire(1).unwrap();
        assert_eq!(probe.alive(), 0, "the memory was gone before its bytes were free");
        drop(charge);
        holder.join().unwrap();
    });
}

#[test]
fn into_inner_against_waiting_get() {
    exhaustive("detach_keeps_charge", || {
        let budget = MemoryBudget::new(1);
        let pool = Probe::default().pool_on(&budget, 1);
        let lease = pool.get();
        let holder = thread::spawn(move || drop(Lease::into_inner(lease)));
        pool.get().touch();
        holder.join().unwrap();
        assert_eq!((pool.stats().detached, pool.stats().misses, budget.used()), (1, 2, 1));
    });
}

#[test]
fn grown_return_against_grown_return() {
    exhaustive("growth_kept_unpaid", || {
        let (probe, budget) = (Probe::default(), MemoryBudget::new(3));
        let pool = probe.pool_on(&budget, 2);
        let (mut first, mut second) = (pool.get(), pool.get());
        (first.bytes, second.bytes) = (2, 2);
        let holder = thread::spawn(move || drop(first));
        drop(second);
        holder.join().unwrap();
        // Three bytes hold one of the grown tokens; the second is kept only if the first had not come home yet.
        let bytes: usize = std::iter::from_fn(|| (pool.idle() > 0).then(|| Lease::into_inner(pool.get()).bytes)).sum();
        assert!(bytes == 2 && budget.peak() <= 3, "{bytes} bytes idle");
        assert_eq!(budget.used(), 0);
    });
}
