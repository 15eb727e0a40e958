//! Pools whose items go round: got by some threads, dropped by others.

use fqbuf_pool::{Lease, Pool, settle_in};
use shuttle::sync::mpsc;
use shuttle::thread::{self, JoinHandle};

use crate::{Probe, below, check, scenario};

/// Drops what it receives, and brings it home so unless it is at home there.
fn dropper(home: usize, leases: mpsc::Receiver<Lease<Probe>>, pool: &Pool<Probe>) -> JoinHandle<()> {
    let pool = pool.clone();
    thread::spawn(move || {
        settle_in(home);
        for lease in leases.iter() {
            drop(lease);
            if below(8) == 0 {
                pool.resign();
            }
        }
        pool.resign();
    })
}

#[test]
fn takers_and_couriers_against_those_who_reach_in() {
    let mutants = ["belt_overtakes_its_taker", "belt_believes_its_ends", "belt_end_changes_hands"];
    scenario(&mutants, || {
        let probe = Probe::default();
        // A lane, a slot and a queue of three at each home, and a belt with room for one.
        let pool = probe.shards(2, 10, None);
        let (first, leases) = mpsc::channel();
        let one = dropper(1, leases, &pool);
        let (second, leases) = mpsc::channel();
        let two = dropper(0, leases, &pool);
        let getters: Vec<_> = (0..2)
            .map(|home| {
                let (pool, to) = (pool.clone(), [first.clone(), second.clone()]);
                thread::spawn(move || {
                    settle_in(home);
                    let mut gets = 0;
                    for _ in 0..10 {
                        let what = below(10);
                        gets += u64::from(what > 0);
                        match what {
                            0 => assert!(pool.trim(below(4)) <= 10),
                            1 => pool.get_scoped().touch(),
                            _ => {
                                let mut lease = pool.get();
                                lease.touch();
                                to[below(2)].send(lease).expect("a receiver");
                            }
                        }
                        assert!(pool.idle() <= 10, "the bound holds at every moment");
                    }
                    pool.resign();
                    gets
                })
            })
            .collect();
        drop((first, second));
        let gets: u64 = getters.into_iter().map(|getter| getter.join().expect("no panic")).sum();
        [one, two].into_iter().for_each(|dropper| dropper.join().expect("no panic"));
        check(&pool, 0);
        let stats = pool.stats();
        assert_eq!(stats.hits + stats.misses, gets, "{stats:?}");
        assert_eq!(probe.alive(), pool.idle() as isize);
        pool.clear();
        assert_eq!((pool.idle(), probe.alive()), (0, 0), "whoever had the ends is gone");
    });
}

#[test]
fn couriers_at_the_end_of_their_pool() {
    scenario(&["belt_restarts_at_end"], || {
        let probe = Probe::default();
        let pool = probe.shards(2, 10, None);
        let (to, leases) = mpsc::channel::<Lease<Probe>>();
        let dropper = thread::spawn(move || {
            settle_in(1);
            leases.iter().for_each(drop);
        });
        let getter = thread::spawn(move || {
            for _ in 0..6 {
                let mut lease = pool.get();
                lease.touch();
                to.send(lease).expect("a receiver");
            }
            // While the last are on their way.
            drop(pool);
        });
        dropper.join().expect("no panic");
        getter.join().expect("no panic");
        assert_eq!(probe.alive(), 0);
    });
}

/// Fails where a courier that is stopped may write to a place that whoever stopped it is about to look at.
#[test]
fn full_belts_are_stopped() {
    scenario(&["belt_believes_its_ends"], || {
        let probe = Probe::default();
        let pool = probe.shards(2, 6, None);
        settle_in(0);
        let mut leases: Vec<_> = (0..6).map(|_| pool.get()).collect();
        leases.iter_mut().for_each(|lease| lease.touch());
        let courier = thread::spawn(move || {
            settle_in(1);
            leases.into_iter().for_each(drop);
        });
        let taker = thread::spawn({
            let pool = pool.clone();
            move || {
                settle_in(0);
                let mut taken = Vec::new();
                for _ in 0..6 {
                    let mut lease = pool.get();
                    lease.touch();
                    taken.push(lease);
                }
                taken
            }
        });
        (0..4).for_each(|_| pool.clear());
        let taken = taker.join().expect("no panic");
        courier.join().expect("no panic");
        check(&pool, 6);
        drop(taken);
        assert_eq!(probe.alive(), pool.idle() as isize);
    });
}
