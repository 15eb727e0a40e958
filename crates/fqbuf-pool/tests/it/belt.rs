//! Items that one thread gets and another drops: nothing lost, nothing twice, nothing out of reach of the others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Barrier};
use std::thread;

use fqbuf_pool::{Lease, Pool, PoolBuilder};

use crate::lane::{Counted, Worker, all_is_home};
use crate::threads::{Dice, rounds};

fn pool_of(counted: &Counted, max_idle: usize) -> Pool<Counted> {
    PoolBuilder::new(counted.clone()).max_idle(max_idle).shards(4).build().expect("no budget")
}

/// As many leases, touched.
fn get(pool: &Pool<Counted>, count: usize) -> Vec<Lease<Counted>> {
    let mut leases: Vec<_> = (0..count).map(|_| pool.get()).collect();
    leases.iter_mut().for_each(|lease| lease.touch());
    leases
}

/// Fails where an item that was brought is not found, or not soon enough, by the thread that gets.
#[test]
fn what_is_dropped_elsewhere_is_got_again() {
    let counted = Counted::default();
    let pool = pool_of(&counted, 64);
    // Of so many threads some are at home elsewhere.
    let workers = [(); 5].map(|()| Worker::new());
    for round in 0..200 {
        let leases = get(&pool, 1 + round % 40);
        workers[round % 5].run(move || drop(leases));
    }
    let stats = pool.stats();
    assert_eq!((stats.misses, stats.idle, stats.live, counted.alive()), (40, 40, 0, 40));
    assert_eq!(pool.trim(0), 40);
    assert_eq!((pool.idle(), counted.alive()), (0, 0));
}

/// Fails where what lies between two threads is out of a third one's reach, also after more times than their patience lasts.
#[test]
fn others_find_what_lies_between_two_threads() {
    let counted = Counted::default();
    let pool = pool_of(&counted, 64);
    let workers = [(); 5].map(|()| Worker::new());
    for round in 0..100 {
        let leases = get(&pool, 20);
        workers[round % 2].run(move || drop(leases));
        for worker in &workers[2..] {
            let pool = pool.clone();
            assert_eq!(worker.run(move || get(&pool, 20).len()), 20);
        }
    }
    let stats = pool.stats();
    assert_eq!((stats.misses, stats.idle, counted.alive()), (20, 20, 20));
}

/// Fails where the bound on idle items counts out what others may not use.
#[test]
fn all_the_room_is_everybodys() {
    for max_idle in [7, 8, 13, 64, 100] {
        let counted = Counted::default();
        let pool = pool_of(&counted, max_idle);
        let workers = [(); 4].map(|()| Worker::new());
        for (i, worker) in workers.iter().enumerate() {
            let leases = get(&pool, max_idle + 3);
            let of_others = workers[(i + 1) % 4].run({
                let pool = pool.clone();
                move || get(&pool, 2)
            });
            worker.run(move || drop((leases, of_others)));
            assert_eq!((pool.idle(), counted.alive()), (max_idle, max_idle as isize));
        }
    }
}

/// Threads that get, threads that drop, and some who take all away, or count.
#[test]
fn items_go_round_while_others_clear() {
    let counted = Counted::default();
    let pool = pool_of(&counted, 32);
    let done = AtomicBool::new(false);
    thread::scope(|s| {
        let (send, receive) = sync_channel::<Lease<Counted>>(12);
        s.spawn(|| {
            let mut dice = Dice(1);
            while !done.load(Ordering::Relaxed) {
                match dice.roll(4) {
                    0 => pool.clear(),
                    1 => drop(pool.trim(8)),
                    2 => pool.get().touch(),
                    _ => assert!(pool.idle() <= 32),
                }
                thread::yield_now();
            }
        });
        s.spawn(|| {
            for _ in 0..rounds(20_000) {
                let mut lease = pool.get();
                lease.touch();
                send.send(lease).expect("a receiver");
            }
            drop(send);
        });
        receive.into_iter().for_each(drop);
        done.store(true, Ordering::Relaxed);
    });
    all_is_home(&pool, &counted);
}

/// Fails where the end of a pool overlooks what is just being brought home, or comes before it is.
#[test]
fn pools_end_while_the_last_is_brought_home() {
    for _ in 0..rounds(300) {
        let counted = Counted::default();
        let pool = pool_of(&counted, 16);
        let start = Arc::new(Barrier::new(3));
        let mut leases = get(&pool, 8);
        let users: Vec<_> = [4, 0]
            .map(|from| {
                let (leases, start) = (leases.split_off(from), Arc::clone(&start));
                thread::spawn(move || {
                    let mut leases = leases.into_iter();
                    drop(leases.next());
                    drop(leases.next());
                    start.wait();
                    leases.for_each(drop);
                })
            })
            .into();
        start.wait();
        drop(pool);
        users.into_iter().for_each(|user| user.join().expect("no panic"));
        assert_eq!(counted.alive(), 0);
    }
}

/// Fails where an end is lost with the thread that had it, or what lay between the two.
#[test]
fn threads_follow_each_other_at_both_ends() {
    let counted = Counted::default();
    let pool = pool_of(&counted, 32);
    for _ in 0..rounds(20) {
        thread::scope(|s| {
            let (send, receive) = sync_channel::<Lease<Counted>>(6);
            s.spawn(|| {
                for _ in 0..200 {
                    let mut lease = pool.get();
                    lease.touch();
                    send.send(lease).expect("a receiver");
                }
                drop(send);
            });
            s.spawn(|| receive.into_iter().for_each(drop));
        });
        let stats = pool.stats();
        assert_eq!((stats.live, stats.idle as isize, stats.discarded), (0, counted.alive(), 0));
        assert!(stats.misses <= 8, "one here, one there, and six on their way: {stats:?}");
    }
}
