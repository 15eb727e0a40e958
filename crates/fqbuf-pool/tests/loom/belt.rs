//! The two ends of a belt against each other, against those who reach in, and against the end of the pool.

use fqbuf_pool::{Lease, Pool, settle_in};
use loom::thread::{self, JoinHandle};

use crate::{Probe, bounded, exhaustive};

/// A pool of two homes, each with a lane, a slot and a queue; a belt with room for one item, or for three, takes what is brought home
/// from elsewhere.
fn pool_with_belt(probe: &Probe, places: usize) -> Pool<Probe> {
    probe.shards(2, 6 * places, None)
}

/// As many leases of the first home, where the caller is from now on.
fn leases<const N: usize>(pool: &Pool<Probe>) -> [Lease<Probe>; N] {
    settle_in(0);
    [(); N].map(|()| pool.get())
}

/// Brings a lease of the first home from the second, where the caller is from now on: the courier, if there was none.
fn bring(lease: Lease<Probe>) {
    settle_in(1);
    drop(lease);
}

/// Gets at the first home on another thread, the taker if there was none.
fn get_at_first_home<const N: usize>(pool: &Pool<Probe>) -> JoinHandle<[Lease<Probe>; N]> {
    let pool = pool.clone();
    thread::spawn(move || leases(&pool))
}

/// A pool with a belt of one item, which a taker on another thread may take, or be stopped over by those who clear the pool; and a
/// lease to be brought home behind it.
fn stopped_taker(probe: &Probe) -> (Pool<Probe>, Lease<Probe>, JoinHandle<[Lease<Probe>; 1]>) {
    let pool = pool_with_belt(probe, 1);
    let [first, second] = leases(&pool);
    bring(first);
    let taker = get_at_first_home(&pool);
    pool.clear();
    (pool, second, taker)
}

/// What was got there, touched.
fn join<const N: usize>(there: JoinHandle<[Lease<Probe>; N]>) -> [Lease<Probe>; N] {
    let mut leases = there.join().unwrap();
    leases.iter_mut().for_each(|lease| lease.touch());
    leases
}

/// Every item that is alive is leased or idle, no item twice.
fn check(pool: &Pool<Probe>, probe: &Probe, live: u64) {
    let stats = pool.stats();
    assert_eq!((stats.live, stats.idle as isize + live as isize), (live, probe.alive()));
    pool.clear();
    assert_eq!((pool.idle(), probe.alive()), (0, live as isize));
}

#[test]
fn courier_brings_while_taker_takes() {
    bounded(4, "belt_overtakes_its_taker", || {
        let probe = Probe::default();
        let pool = pool_with_belt(&probe, 1);
        let [first, second, third] = leases(&pool);
        bring(first);
        let taker = get_at_first_home::<1>(&pool);
        bring(second);
        bring(third);
        let _taken = join(taker);
        check(&pool, &probe, 1);
    });
}

#[test]
fn taker_sees_what_the_courier_brings() {
    bounded(4, "belt_tail_unordered", || {
        let probe = Probe::default();
        let pool = pool_with_belt(&probe, 1);
        let [first, second] = leases(&pool);
        bring(first);
        let taker = get_at_first_home::<2>(&pool);
        bring(second);
        let _taken = join(taker);
        check(&pool, &probe, 2);
    });
}

#[test]
fn taker_against_steal() {
    bounded(4, "belt_stop_unseen", || {
        let probe = Probe::default();
        let pool = pool_with_belt(&probe, 2);
        let [first, second] = leases(&pool);
        bring(first);
        bring(second);
        let taker = get_at_first_home::<2>(&pool);
        let mut stolen = pool.get();
        stolen.touch();
        let _taken = join(taker);
        check(&pool, &probe, 3);
    });
}

#[test]
fn courier_stopped_in_the_middle_asks_at_the_door() {
    bounded(4, "belt_believes_its_ends", || {
        let probe = Probe::default();
        let pool = pool_with_belt(&probe, 2);
        let [first, second] = leases(&pool);
        bring(first);
        let other = thread::spawn({
            let pool = pool.clone();
            move || pool.trim(0)
        });
        bring(second);
        let freed = other.join().unwrap();
        assert_eq!((pool.idle(), probe.alive()), (2 - freed, 2 - freed as isize));
        check(&pool, &probe, 0);
    });
}

#[test]
fn courier_stopped_in_the_middle_when_its_item_is_taken() {
    // Three threads; the one that brings is preempted once, and the others follow each other.
    bounded(1, "belt_forgets_who_took", || {
        let probe = Probe::default();
        let pool = pool_with_belt(&probe, 2);
        let [first, second] = leases(&pool);
        bring(first);
        let taker = get_at_first_home::<2>(&pool);
        let other = thread::spawn({
            let pool = pool.clone();
            move || pool.clear()
        });
        bring(second);
        other.join().unwrap();
        let _taken = join(taker);
        check(&pool, &probe, 2);
    });
}

#[test]
fn taker_stopped_in_the_middle_against_restart() {
    bounded(2, "belt_runs_over_the_stopped", || {
        let probe = Probe::default();
        let (pool, second, taker) = stopped_taker(&probe);
        // Back on the belt with the next.
        bring(second);
        let _taken = join(taker);
        check(&pool, &probe, 1);
    });
}

#[test]
fn hits_of_a_stopped_taker_against_those_of_the_next() {
    bounded(2, "belt_hit_counted_late", || {
        let probe = Probe::default();
        let (pool, second, taker) = stopped_taker(&probe);
        // To the door, and on before it has counted.
        thread::yield_now();
        bring(second);
        let next = get_at_first_home::<1>(&pool);
        let _taken = [join(taker), join(next)];
        let stats = pool.stats();
        assert_eq!(stats.hits + stats.misses, 4, "{stats:?}");
        check(&pool, &probe, 2);
    });
}

#[test]
fn courier_against_courier() {
    bounded(4, "belt_end_changes_hands", || {
        let probe = Probe::default();
        let pool = pool_with_belt(&probe, 2);
        let [first, second] = leases(&pool);
        let other = thread::spawn(move || bring(first));
        bring(second);
        other.join().unwrap();
        assert_eq!((pool.idle(), probe.alive()), (2, 2));
        check(&pool, &probe, 0);
    });
}

#[test]
fn last_lease_onto_belt_against_end_of_pool() {
    bounded(3, "belt_restarts_at_end", || {
        let probe = Probe::default();
        let pool = pool_with_belt(&probe, 2);
        let [first, second] = leases(&pool);
        bring(first);
        let closer = thread::spawn(move || drop(pool));
        // Without a reference to what keeps the belt alive, or not at all.
        bring(second);
        closer.join().unwrap();
        assert_eq!(probe.alive(), 0);
    });
}

#[test]
fn ends_given_up_against_those_who_follow() {
    exhaustive("belt_starts_anew", || {
        let probe = Probe::default();
        let pool = pool_with_belt(&probe, 2);
        let [first, second] = leases(&pool);
        bring(first);
        let heir = thread::spawn(move || bring(second));
        pool.resign();
        heir.join().unwrap();
        settle_in(0);
        pool.get().touch();
        check(&pool, &probe, 0);
    });
}

#[test]
fn bound_is_kept_when_there_are_more_items() {
    bounded(3, "belt_beyond_the_bound", || {
        let probe = Probe::default();
        let pool = pool_with_belt(&probe, 1);
        let [first, others @ ..] = leases::<6>(&pool);
        let courier = thread::spawn(move || bring(first));
        // What is brought, or one more than may be idle.
        let last = pool.get();
        courier.join().unwrap();
        drop((others, last));
        assert!(probe.alive() <= 6);
        assert_eq!((pool.idle() as isize, pool.stats().live), (probe.alive(), 0));
    });
}
