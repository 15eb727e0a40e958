//! The budget alone: charges against charges, and the line of those who wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fqbuf_pool::{BudgetError, MemoryBudget};
use loom::thread::{self, JoinHandle};

use crate::{bounded, exhaustive};

/// In a model time runs out while others run for a while, however long it is.
const A_WHILE: Duration = Duration::from_secs(1);

/// A thread that acquires two bytes, and whether it was served.
fn acquire_two_elsewhere(budget: &MemoryBudget) -> (JoinHandle<()>, Arc<AtomicBool>) {
    let served = Arc::new(AtomicBool::new(false));
    let thread = thread::spawn({
        let (budget, served) = (budget.clone(), Arc::clone(&served));
        move || {
            let _both = budget.acquire(2).unwrap();
            served.store(true, Ordering::Relaxed);
        }
    });
    (thread, served)
}

#[test]
fn acquire_against_acquire() {
    exhaustive("taken_in_two_steps", || {
        let budget = MemoryBudget::new(1);
        let other = thread::spawn({
            let budget = budget.clone();
            move || budget.try_acquire(1).ok()
        });
        let mine = budget.try_acquire(1).ok();
        let others = other.join().unwrap();
        assert_eq!(mine.iter().chain(&others).count(), 1);
        assert_eq!((budget.used(), budget.peak()), (1, 1));
    });
}

#[test]
fn release_against_waiting_acquire() {
    exhaustive("release_wakes_nobody", || {
        let budget = MemoryBudget::new(1);
        let held = budget.acquire(1).unwrap();
        let holder = thread::spawn(move || drop(held));
        drop(budget.acquire(1).unwrap());
        holder.join().unwrap();
        assert_eq!((budget.used(), budget.waiting()), (0, 0));
    });
}

#[test]
fn shrink_between_look_and_sleep() {
    exhaustive("news_not_counted", || {
        let budget = MemoryBudget::new(2);
        let mut held = budget.acquire(2).unwrap();
        let holder = thread::spawn(move || {
            held.shrink_to(1);
            held
        });
        let got = budget.acquire(1).unwrap();
        let held = holder.join().unwrap();
        assert_eq!((held.bytes(), got.bytes(), budget.used()), (1, 1, 2));
    });
}

#[test]
fn newcomer_against_who_waits() {
    exhaustive("newcomer_overtakes", || {
        let budget = MemoryBudget::new(2);
        let held = budget.acquire(1).unwrap();
        let (big, served) = acquire_two_elsewhere(&budget);
        let was_first = budget.waiting() == 1;
        drop(held);
        let small = budget.acquire(1).unwrap();
        assert!(!was_first || served.load(Ordering::Relaxed));
        drop(small);
        big.join().unwrap();
    });
}

#[test]
fn two_waiters_are_served_in_order() {
    bounded(3, "last_come_first_served", || {
        let budget = MemoryBudget::new(2);
        let held = budget.acquire(1).unwrap();
        let (big, served) = acquire_two_elsewhere(&budget);
        let small = thread::spawn({
            let (budget, served) = (budget.clone(), Arc::clone(&served));
            move || {
                let was_first = budget.waiting() == 1;
                let _one = budget.acquire(1).unwrap();
                assert!(!was_first || served.load(Ordering::Relaxed));
            }
        });
        drop(held);
        big.join().unwrap();
        small.join().unwrap();
    });
}

#[test]
fn one_release_serves_two_waiters() {
    bounded(4, "served_wakes_nobody", || {
        let budget = MemoryBudget::new(2);
        let held = budget.acquire(2).unwrap();
        let wait = || {
            let budget = budget.clone();
            thread::spawn(move || budget.acquire(1).unwrap())
        };
        let waiters = [wait(), wait()];
        drop(held);
        let charges = waiters.map(|waiter| waiter.join().unwrap());
        assert_eq!(budget.used(), 2);
        drop(charges);
    });
}

#[test]
fn giving_up_against_release() {
    exhaustive("place_kept", || {
        let budget = MemoryBudget::new(1);
        let held = budget.acquire(1).unwrap();
        let timed = thread::spawn({
            let budget = budget.clone();
            move || budget.acquire_timeout(1, A_WHILE).is_ok()
        });
        drop(held);
        // Whether or not the other gave up, it is in nobody's way.
        drop(budget.acquire(1).unwrap());
        timed.join().unwrap();
        assert_eq!((budget.used(), budget.waiting()), (0, 0));
    });
}

#[test]
fn giving_up_against_who_waits_behind() {
    exhaustive("given_up_wakes_nobody", || {
        let budget = MemoryBudget::new(2);
        let held = budget.acquire(1).unwrap();
        let timed = thread::spawn({
            let budget = budget.clone();
            move || assert!(budget.acquire_timeout(2, A_WHILE).is_err())
        });
        drop(budget.acquire(1).unwrap());
        timed.join().unwrap();
        drop(held);
    });
}

#[test]
fn timed_growth_against_release() {
    exhaustive("growth_counted_ahead", || {
        let budget = MemoryBudget::new(2);
        let held = budget.acquire(1).unwrap();
        let mut growing = budget.acquire(1).unwrap();
        let holder = thread::spawn(move || drop(held));
        let grown = growing.grow_timeout(1, A_WHILE);
        holder.join().unwrap();
        match grown {
            Ok(()) => assert_eq!((growing.bytes(), budget.used()), (2, 2)),
            Err(e) => {
                assert_eq!(e, BudgetError::TimedOut { asked: 1, limit: 2 });
                assert_eq!((growing.bytes(), budget.used()), (1, 1));
            }
        }
        drop(growing);
        assert_eq!(budget.used(), 0);
    });
}
