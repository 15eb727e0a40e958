//! Gets against returns, and either against the end of the pool.

use fqbuf_pool::{MemoryBudget, settle_in};
use loom::thread;

use crate::{Probe, bounded, exhaustive, get_elsewhere, return_two_at_once};

#[test]
fn last_lease_against_pool_drop() {
    bounded(4, "come_home_without_fence", || {
        let probe = Probe::default();
        let pool = probe.pool(2);
        let (lease, other) = (pool.get(), pool.get());
        // Goes to the slot, and from there to the queue when the other comes.
        drop(other);
        let holder = thread::spawn(move || drop(lease));
        drop(pool);
        holder.join().unwrap();
        assert_eq!(probe.alive(), 0);
    });
}

#[test]
fn last_lease_against_pool_drop_where_there_are_lanes() {
    bounded(2, "end_without_fence", || {
        let probe = Probe::default();
        let pool = probe.shards(2, 6, None);
        let lease = pool.get();
        let holder = thread::spawn(move || {
            settle_in(1);
            drop(lease);
        });
        drop(pool);
        holder.join().unwrap();
        assert_eq!(probe.alive(), 0);
    });
}

#[test]
fn return_against_pool_drop_on_a_budget() {
    bounded(4, "end_unseen", || {
        let (probe, budget) = (Probe::default(), MemoryBudget::new(2));
        let pool = probe.pool_on(&budget, 2);
        let (first, second) = (pool.get(), pool.get());
        let holder = thread::spawn(move || drop(first));
        drop(pool);
        // One lease is still about, so the estate is: nothing may lie idle in it.
        drop(budget.acquire(1).unwrap());
        holder.join().unwrap();
        drop(second);
        assert_eq!((probe.alive(), budget.used()), (0, 0));
    });
}

#[test]
fn return_against_get() {
    exhaustive("reset_while_idle", || {
        let probe = Probe::default();
        let pool = probe.pool(2);
        let mut lease = pool.get();
        lease.touch();
        let holder = thread::spawn(move || drop(lease));
        let mut got = pool.get();
        got.touch();
        let seen = pool.live();
        holder.join().unwrap();
        assert!(seen >= 1, "one is held here");
        drop(got);
        let stats = pool.stats();
        assert_eq!(stats.hits + stats.misses, 2);
        assert_eq!((stats.live, stats.idle), (0, probe.alive() as u64));
    });
}

#[test]
fn get_against_get() {
    exhaustive("get_trusts_len", || {
        let probe = Probe::default();
        let pool = probe.pool(2);
        pool.prefill(1);
        let other = get_elsewhere(&pool);
        let mine = pool.get();
        let others = other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.hits, stats.misses, stats.live, probe.alive()), (1, 1, 2, 2));
        drop((mine, others));
    });
}

#[test]
fn return_against_return_at_the_bound() {
    exhaustive("bound_by_count", || {
        let probe = Probe::default();
        let pool = probe.pool(1);
        return_two_at_once(&pool);
        assert_eq!((pool.idle(), probe.alive()), (1, 1));
        assert_eq!((pool.stats().returned, pool.stats().discarded), (1, 1));
    });
}

#[test]
fn return_elsewhere_against_get() {
    exhaustive("no_steal", || {
        let probe = Probe::default();
        let pool = probe.shards(2, 2, None);
        let holder = thread::spawn({
            let pool = pool.clone();
            move || {
                settle_in(1);
                pool.get().touch();
            }
        });
        let first = pool.get();
        holder.join().unwrap();
        let second = pool.get();
        assert_eq!(probe.alive(), 2);
        assert_eq!((pool.live(), pool.idle(), pool.stats().hits), (2, 0, 1));
        drop((first, second));
    });
}

#[test]
fn steal_against_get() {
    exhaustive("steal_trusts_len", || {
        let probe = Probe::default();
        // A slot and a queue of one at each home.
        let pool = probe.shards(2, 4, None);
        pool.prefill(1);
        let thief = thread::spawn({
            let pool = pool.clone();
            move || {
                settle_in(1);
                pool.get()
            }
        });
        let kept = pool.get();
        let stolen = thief.join().unwrap();
        assert_eq!((probe.alive(), pool.stats().hits, pool.stats().misses), (2, 1, 1));
        drop((kept, stolen));
        assert_eq!(pool.idle(), 2);
    });
}

#[test]
fn return_against_return_at_one_home() {
    exhaustive("no_spill", || {
        let probe = Probe::default();
        let pool = probe.shards(2, 2, None);
        return_two_at_once(&pool);
        assert_eq!((pool.idle(), probe.alive()), (2, 2), "the other home has room");
    });
}

#[test]
fn return_against_return_at_the_slot() {
    exhaustive("slot_in_two_steps", || {
        let probe = Probe::default();
        let pool = probe.pool(2);
        return_two_at_once(&pool);
        assert_eq!((pool.idle(), probe.alive()), (2, 2), "one in the slot, one behind it");
    });
}

#[test]
fn oversized_return_against_get() {
    exhaustive("kept_then_measured", || {
        let probe = Probe::default();
        let pool = probe.pool(2);
        let (mut big, small) = (pool.get(), pool.get());
        big.bytes = 3;
        let holder = thread::spawn(move || {
            drop(big);
            drop(small);
        });
        let got = pool.get();
        assert_eq!(got.bytes, 1);
        holder.join().unwrap();
        let stats = pool.stats();
        // However it ended: what matters is that nobody got it.
        assert_eq!((stats.discarded + stats.freed, stats.live), (1, 1));
        assert_eq!((stats.hits + stats.idle, probe.alive()), (1, 1 + stats.idle as isize));
    });
}
