//! Clear, trim and prefill against gets and returns.

use loom::thread;

use crate::{Probe, exhaustive, get_elsewhere};

#[test]
fn clear_against_get() {
    exhaustive("clear_trusts_len", || {
        let probe = Probe::default();
        let pool = probe.pool(2);
        pool.prefill(1);
        let user = get_elsewhere(&pool);
        pool.clear();
        let lease = user.join().unwrap();
        assert_eq!((pool.idle(), pool.live(), probe.alive()), (0, 1, 1));
        drop(lease);
    });
}

#[test]
fn clear_against_return() {
    exhaustive("clear_until_empty", || {
        let probe = Probe::default();
        let pool = probe.pool(2);
        let lease = pool.get();
        let holder = thread::spawn(move || drop(lease));
        pool.clear();
        holder.join().unwrap();
        assert_eq!(pool.idle() as isize, probe.alive());
        assert_eq!(pool.stats().idle + pool.stats().freed, 1);
        pool.clear();
        assert_eq!((pool.idle(), probe.alive()), (0, 0));
    });
}

#[test]
fn trim_against_get() {
    exhaustive("trim_reports_plan", || {
        let probe = Probe::default();
        let pool = probe.pool(2);
        pool.prefill(2);
        let user = thread::spawn({
            let pool = pool.clone();
            move || (pool.get(), pool.get())
        });
        let freed = pool.trim(1);
        let leases = user.join().unwrap();
        assert_eq!((pool.stats().freed, pool.live()), (freed as u64, 2));
        drop(leases);
        assert_eq!(probe.alive(), pool.idle() as isize);
    });
}

#[test]
fn trim_against_return() {
    exhaustive("trim_by_refilling", || {
        let probe = Probe::default();
        let pool = probe.pool(2);
        let (first, second) = (pool.get(), pool.get());
        drop(first);
        let holder = thread::spawn({
            let pool = pool.clone();
            move || {
                drop(second);
                pool.get()
            }
        });
        let freed = pool.trim(1);
        let lease = holder.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.hits, stats.misses), (1, 2), "one is left at every moment");
        assert_eq!((stats.freed, stats.idle), (freed as u64, 1 - freed as u64));
        assert_eq!(probe.alive(), 2 - freed as isize);
        drop(lease);
    });
}

#[test]
fn prefill_against_get() {
    exhaustive("prefill_until_idle", || {
        let probe = Probe::default();
        let pool = probe.pool(2);
        let user = get_elsewhere(&pool);
        let made = pool.prefill(1);
        let lease = user.join().unwrap();
        let stats = pool.stats();
        assert_eq!((made, stats.prefilled, stats.hits + stats.misses), (1, 1, 1));
        assert_eq!(stats.idle, stats.misses, "either the get took what was prefilled, or it made its own");
        drop(lease);
        assert_eq!(pool.idle() as isize, probe.alive());
    });
}

#[test]
fn prefill_against_return() {
    exhaustive("prefill_expects_room", || {
        let probe = Probe::default();
        let pool = probe.pool(1);
        let lease = pool.get();
        let holder = thread::spawn(move || drop(lease));
        pool.prefill(1);
        holder.join().unwrap();
        assert_eq!((pool.idle(), probe.alive()), (1, 1));
    });
}
