//! The owner of a lane against those who reach in, and against the end of the pool. loom sees who meets whom at the contents.

use fqbuf_pool::Pool;
use loom::thread::{self, JoinHandle};

use crate::{Probe, bounded, exhaustive, get_elsewhere, return_two_at_once};

/// A pool with a slot, a queue of one and a lane, which the calling thread owns, with an item in it.
fn pool_with_lane(probe: &Probe) -> Pool<Probe> {
    let pool = probe.pool(3);
    drop(pool.get());
    pool
}

/// A trim to nothing on another thread; tells how many it freed.
fn trim_elsewhere(pool: &Pool<Probe>) -> JoinHandle<usize> {
    let pool = pool.clone();
    thread::spawn(move || pool.trim(0))
}

#[test]
fn owner_gets_against_steal() {
    exhaustive("lane_entered_without_fence", || {
        let probe = Probe::default();
        let pool = pool_with_lane(&probe);
        let thief = get_elsewhere(&pool);
        let mut kept = pool.get();
        let mut stolen = thief.join().unwrap();
        kept.touch();
        stolen.touch();
        let stats = pool.stats();
        assert_eq!((stats.hits, stats.misses, stats.live, probe.alive()), (1, 2, 2, 2));
        drop((kept, stolen));
        assert_eq!(pool.idle(), 2);
    });
}

#[test]
fn owner_returns_against_steal() {
    exhaustive("lane_goes_on_after_steal", || {
        let probe = Probe::default();
        let pool = pool_with_lane(&probe);
        let mut lease = pool.get_scoped();
        lease.touch();
        let thief = get_elsewhere(&pool);
        drop(lease);
        let mut got = thief.join().unwrap();
        got.touch();
        let stats = pool.stats();
        assert_eq!((stats.hits + stats.misses, stats.live), (3, 1));
        assert_eq!(probe.alive(), 1 + stats.idle as isize);
        // Another one, if that was stolen from the lane.
        pool.get().touch();
        drop(got);
    });
}

#[test]
fn owner_goes_in_and_out_against_clear() {
    bounded(4, "lane_shut_without_fence", || {
        let probe = Probe::default();
        let pool = pool_with_lane(&probe);
        let other = trim_elsewhere(&pool);
        pool.get().touch();
        other.join().unwrap();
        assert_eq!(pool.idle() as isize, probe.alive());
        pool.clear();
        assert_eq!((pool.idle(), probe.alive()), (0, 0));
    });
}

#[test]
fn owner_gets_against_clear() {
    exhaustive("lane_stop_unseen", || {
        let probe = Probe::default();
        let pool = pool_with_lane(&probe);
        let other = trim_elsewhere(&pool);
        let mut lease = pool.get_scoped();
        let freed = other.join().unwrap();
        lease.touch();
        assert_eq!((pool.stats().misses, probe.alive()), (1 + freed as u64, 1));
    });
}

#[test]
fn owner_stopped_in_the_middle_asks_at_the_door() {
    bounded(4, "lane_owner_believes_itself", || {
        let probe = Probe::default();
        let pool = pool_with_lane(&probe);
        let other = trim_elsewhere(&pool);
        pool.get_scoped().touch();
        let freed = other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.freed, stats.live), (freed as u64, 0));
        assert_eq!((stats.misses - stats.freed, stats.idle as isize), (stats.idle, probe.alive()));
    });
}

#[test]
fn owner_stopped_in_the_middle_against_heir() {
    exhaustive("lane_inherited_while_stopped", || {
        let probe = Probe::default();
        let pool = pool_with_lane(&probe);
        let heir = thread::spawn({
            let pool = pool.clone();
            move || {
                // Stops the owner, and comes home with an item of its own.
                pool.clear();
                pool.get_scoped().touch();
            }
        });
        let mut lease = pool.get_scoped();
        heir.join().unwrap();
        lease.touch();
        drop(lease);
        let stats = pool.stats();
        assert_eq!((stats.live, stats.idle as isize), (0, probe.alive()));
        pool.clear();
        assert_eq!((pool.idle(), probe.alive()), (0, 0));
    });
}

#[test]
fn last_lease_into_lane_against_end_of_pool() {
    bounded(4, "lane_reopens_at_end", || {
        let probe = Probe::default();
        let pool = pool_with_lane(&probe);
        let lease = pool.get();
        let closer = thread::spawn(move || drop(pool));
        // With its reference to what keeps the lane alive, or not at all.
        drop(lease);
        closer.join().unwrap();
        assert_eq!(probe.alive(), 0);
    });
}

#[test]
fn claim_against_claim() {
    exhaustive("lane_changes_owner", || {
        let probe = Probe::default();
        let pool = probe.pool(3);
        return_two_at_once(&pool);
        assert_eq!((pool.idle(), probe.alive()), (2, 2));
    });
}

#[test]
fn return_elsewhere_against_owner_at_the_bound() {
    exhaustive("lane_forgets_an_item", || {
        let probe = Probe::default();
        let pool = probe.pool(3);
        let all = [pool.get(), pool.get(), pool.get()];
        let last = pool.get();
        drop(all);
        // Out of the lane, so that this is where there is room.
        let mine = pool.get();
        let holder = thread::spawn(move || drop(last));
        drop(mine);
        holder.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.live, stats.idle, stats.discarded, probe.alive()), (0, 3, 1, 3));
    });
}

#[test]
fn owner_that_leaves_against_claim() {
    bounded(3, "lane_given_up_in_two_steps", || {
        let probe = Probe::default();
        let pool = pool_with_lane(&probe);
        let heir = thread::spawn({
            let pool = pool.clone();
            move || {
                let (first, second) = (pool.get(), pool.get());
                drop(first);
                drop(second);
            }
        });
        pool.get_scoped().touch();
        pool.resign();
        heir.join().unwrap();
        assert_eq!(pool.idle() as isize, probe.alive());
        pool.clear();
        assert_eq!((pool.idle(), probe.alive()), (0, 0));
    });
}
