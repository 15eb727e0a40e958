//! Budgets that are too small for all who want memory at once.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fqbuf_pool::{BudgetError, Lease, MemoryBudget, settle_in};
use shuttle::thread;

use crate::{Probe, below, check, scenario};

#[test]
fn six_threads_on_two_pools_and_bare_bytes() {
    let mutants = [
        "homecoming_wakes_nobody",
        "release_wakes_nobody",
        "news_not_counted",
        "nothing_reclaimed",
        "taken_in_two_steps",
        "made_before_charged",
        "discard_keeps_charge",
        "growth_kept_unpaid",
    ];
    scenario(&mutants, || {
        let budget = MemoryBudget::new(3);
        let probe = Probe::at_most(3);
        let pools = [probe.shards(2, 2, Some(&budget)), probe.pool_on(&budget, 2)];
        let users: Vec<_> = (0..6)
            .map(|user| {
                let (budget, pools) = (budget.clone(), pools.clone());
                thread::spawn(move || {
                    settle_in(user);
                    for _ in 0..4 {
                        if user < 2 {
                            let charge = budget.acquire(1 + below(3)).expect("within the limit");
                            assert!(budget.used() >= charge.bytes() && budget.peak() <= 3);
                        } else {
                            let mut lease = pools[user % 2].get();
                            lease.touch();
                            // Settled on return: kept if there is room, freed otherwise; three are never kept.
                            lease.bytes = 1 + below(3);
                        }
                    }
                })
            })
            .collect();
        users.into_iter().for_each(|user| user.join().expect("no panic"));
        pools.iter().for_each(|pool| check(pool, 0));
        assert_eq!((budget.waiting(), budget.peak() <= 3), (0, true));
        let idle: u64 = pools.iter().map(|pool| pool.stats().bytes).sum();
        assert_eq!(budget.used() as u64, idle, "what is charged is what lies idle");
        // All of it can still be had.
        assert_eq!(budget.acquire(3).expect("within the limit").bytes(), 3);
        assert_eq!((budget.used(), probe.alive()), (0, 0));
    });
}

#[test]
fn nobody_who_comes_later_is_served_first() {
    let mutants = ["newcomer_overtakes", "last_come_first_served", "idle_item_goes_to_newcomer"];
    scenario(&mutants, || {
        let budget = MemoryBudget::new(2);
        let pool = Probe::at_most(2).pool_on(&budget, 2);
        // How often each of two began to wait; those who wait hold all while they are served.
        let begun = Arc::new([const { AtomicUsize::new(0) }; 2]);
        let rounds = |begun: &[AtomicUsize; 2]| [0, 1].map(|waiter| begun[waiter].load(Relaxed));
        let waiters: Vec<_> = (0..2)
            .map(|me| {
                let (budget, begun) = (budget.clone(), Arc::clone(&begun));
                thread::spawn(move || {
                    for _ in 0..6 {
                        // The other waits now, and if it still waits in the end, it has waited all the time.
                        let (other, waits) = (rounds(&begun)[1 - me], budget.waiting() == 1);
                        begun[me].fetch_add(1, Relaxed);
                        let _all = budget.acquire(2).expect("within the limit");
                        let still = budget.waiting() == 1 && rounds(&begun)[1 - me] == other;
                        assert!(!(waits && still), "served before who came first");
                    }
                })
            })
            .collect();
        let passing: Vec<_> = (0..2)
            .map(|_| {
                let (budget, pool, begun) = (budget.clone(), pool.clone(), Arc::clone(&begun));
                thread::spawn(move || {
                    for _ in 0..12 {
                        let (before, wait) = (rounds(&begun), budget.waiting() == 2);
                        let lease = if below(2) == 0 { pool.try_get() } else { None };
                        let charge = if lease.is_none() { budget.try_acquire(1).ok() } else { None };
                        let still = budget.waiting() == 2 && rounds(&begun) == before;
                        assert!(!(wait && still && (lease.is_some() || charge.is_some())), "overtaken");
                    }
                })
            })
            .collect();
        waiters.into_iter().chain(passing).for_each(|thread| thread.join().expect("no panic"));
        check(&pool, 0);
    });
}

#[test]
fn those_who_give_up_lose_nothing() {
    let mutants = ["late_item_is_lost", "place_kept", "given_up_wakes_nobody", "growth_counted_ahead"];
    scenario(&mutants, || {
        let budget = MemoryBudget::new(2);
        let probe = Probe::at_most(2);
        let pool = probe.shards(2, 2, Some(&budget));
        let users: Vec<_> = (0..4)
            .map(|user| {
                let (budget, pool) = (budget.clone(), pool.clone());
                thread::spawn(move || {
                    settle_in(user);
                    for _ in 0..5 {
                        let moment = Duration::from_millis(1);
                        match (user, below(2)) {
                            (0, _) => drop(pool.get()),
                            (1, 0) => match budget.acquire_timeout(2, moment) {
                                Ok(charge) => assert_eq!(charge.bytes(), 2),
                                Err(error) => assert_eq!(error, BudgetError::TimedOut { asked: 2, limit: 2 }),
                            },
                            (1, _) => {
                                let Ok(mut charge) = budget.acquire_timeout(1, moment) else { continue };
                                let grown = charge.grow_timeout(1, moment).is_ok();
                                assert_eq!(charge.bytes(), 1 + usize::from(grown));
                            }
                            (_, 0) => drop(pool.get_timeout(moment)),
                            (_, _) => drop(pool.try_get()),
                        }
                    }
                })
            })
            .collect();
        users.into_iter().for_each(|user| user.join().expect("no panic"));
        check(&pool, 0);
        assert_eq!((budget.waiting(), budget.used()), (0, pool.idle()));
        pool.clear();
        assert_eq!((budget.used(), probe.alive()), (0, 0));
    });
}

#[test]
fn stages_with_a_share_each_do_not_wait_for_each_other() {
    scenario(
        &["homecoming_wakes_nobody", "release_wakes_nobody", "discard_keeps_charge", "detach_keeps_charge"],
        || {
            // Workers hold a block of input while they get one for output: on one budget that would hang.
            let budget = MemoryBudget::new(4);
            let probe = Probe::at_most(4);
            let input = probe.shards(2, 2, Some(&budget.share(2).expect("within the limit")));
            let output = probe.shards(2, 2, Some(&budget.share(2).expect("within the limit")));
            let done = Arc::new(Mutex::new(HashSet::new()));
            let workers: Vec<_> = (0..4)
                .map(|worker| {
                    let (input, output, done) = (input.clone(), output.clone(), Arc::clone(&done));
                    thread::spawn(move || {
                        settle_in(worker);
                        for block in 0..5 {
                            let mut read = input.get();
                            read.touch();
                            let mut written = output.get();
                            written.touch();
                            written.bytes = 1 + below(3);
                            if below(4) == 0 {
                                drop(Lease::into_inner(read));
                            }
                            assert!(done.lock().expect("no panic").insert((worker, block)));
                        }
                    })
                })
                .collect();
            workers.into_iter().for_each(|worker| worker.join().expect("no panic"));
            assert_eq!(done.lock().expect("no panic").len(), 20);
            check(&input, 0);
            check(&output, 0);
            drop((input, output));
            assert_eq!((budget.used(), probe.alive()), (0, 0));
        },
    );
}

#[test]
fn pools_that_end_before_their_leases_keep_nothing() {
    scenario(&["end_unseen"], || {
        let budget = MemoryBudget::new(4);
        let probe = Probe::at_most(4);
        for _ in 0..3 {
            let pool = probe.shards(2, 4, Some(&budget));
            let [last, first, second, third] = [0; 4].map(|_| pool.get());
            let ending = [
                thread::spawn(move || drop((first, second))),
                thread::spawn(move || {
                    settle_in(1);
                    drop(third);
                }),
                thread::spawn(move || drop(pool)),
            ];
            // The one lease that is left keeps the estate alive: nothing may lie idle in it.
            drop(budget.acquire(3).expect("within the limit"));
            ending.into_iter().for_each(|thread| thread.join().expect("no panic"));
            assert_eq!((budget.used(), probe.alive()), (1, 1));
            drop(last);
        }
        assert_eq!((budget.used(), probe.alive()), (0, 0));
    });
}

#[test]
fn pools_that_end_while_somebody_looks_for_memory() {
    scenario(&["pools_from_the_first_on", "nothing_reclaimed"], || {
        let budget = MemoryBudget::new(3);
        let probe = Probe::at_most(3);
        for _ in 0..3 {
            let mut passing: Vec<_> = (0..4).map(|_| probe.pool_on(&budget, 1)).collect();
            let lasting = probe.pool_on(&budget, 3);
            assert_eq!(lasting.prefill(3), 3);
            let second = passing.split_off(2);
            let ending = [passing, second].map(|pools| thread::spawn(move || drop(pools)));
            // What lies idle in the last pool of the list is found, whatever changes place in it meanwhile.
            drop(budget.acquire(3).expect("within the limit"));
            ending.into_iter().for_each(|thread| thread.join().expect("no panic"));
            assert_eq!((lasting.idle(), budget.used(), probe.alive()), (0, 0, 0));
        }
    });
}

#[test]
fn growth_is_charged_before_it_happens() {
    scenario(&["taken_in_two_steps", "release_wakes_nobody"], || {
        let budget = MemoryBudget::new(6);
        let probe = Probe::default();
        // What finds no room is freed: who waits for memory hears of it by its release alone.
        let pool = probe.shards(1, 1, Some(&budget));
        let users: Vec<_> = (0..3)
            .map(|user| {
                let (budget, pool) = (budget.clone(), pool.clone());
                thread::spawn(move || {
                    settle_in(user);
                    for _ in 0..5 {
                        let mut lease = pool.get();
                        lease.touch();
                        let before = lease.bytes;
                        // While it is reallocated, an item has its old memory and its new.
                        let grown = match below(2) {
                            0 => lease.try_grow_with(2, |token| token.bytes = 2),
                            _ if user == 0 => lease.grow_with(3, |token| token.bytes = 2),
                            _ => lease.try_grow_with(9, |token| token.bytes = 9),
                        };
                        match grown {
                            Ok(()) => assert_eq!((lease.bytes, Lease::charged(&lease)), (2, 2)),
                            Err(_) => assert_eq!((lease.bytes, Lease::charged(&lease)), (before, before)),
                        }
                        assert!(budget.used() <= 6);
                    }
                })
            })
            .collect();
        users.into_iter().for_each(|user| user.join().expect("no panic"));
        check(&pool, 0);
        assert_eq!((budget.used() as u64, budget.peak() <= 6), (pool.stats().bytes, true));
    });
}
