//! Pools whose threads have lanes.

use fqbuf_pool::settle_in;
use shuttle::sync::mpsc;
use shuttle::thread;

use crate::{Probe, below, check, scenario};

#[test]
fn owners_of_lanes_against_those_who_reach_in() {
    scenario(&["lane_forgets_an_item"], || {
        let probe = Probe::default();
        // A lane, a slot and a queue of two at each home; the third thread is at home with the first.
        let pool = probe.shards(2, 8, None);
        let users: Vec<_> = (0..3)
            .map(|home| {
                let pool = pool.clone();
                thread::spawn(move || {
                    settle_in(home);
                    let mut held = Vec::new();
                    for _ in 0..10 {
                        match below(8) {
                            0 => assert!(pool.trim(below(3)) <= 8),
                            1 => assert!(pool.prefill(8) <= 8),
                            2..5 => pool.get_scoped().touch(),
                            5..7 => {
                                let mut lease = pool.get();
                                lease.touch();
                                held.push(lease);
                            }
                            _ => drop(held.pop()),
                        }
                        assert!(pool.idle() <= 8, "the bound holds at every moment");
                        if below(6) == 0 {
                            pool.resign();
                        }
                    }
                })
            })
            .collect();
        users.into_iter().for_each(|user| user.join().expect("no panic"));
        check(&pool, 0);
        assert_eq!(probe.alive(), pool.idle() as isize);
        pool.clear();
        assert_eq!((pool.idle(), probe.alive()), (0, 0), "whoever owns the lanes is gone");
    });
}

#[test]
fn owners_of_lanes_at_the_end_of_their_pool() {
    scenario(&["lane_reopens_at_end"], || {
        let probe = Probe::default();
        let pool = probe.shards(2, 8, None);
        let (sender, leases) = mpsc::channel();
        let users: Vec<_> = (0..3)
            .map(|home| {
                let (pool, sender) = (pool.clone(), sender.clone());
                thread::spawn(move || {
                    settle_in(home);
                    for _ in 0..3 {
                        pool.get().touch();
                    }
                    let (mut mine, others) = (pool.get(), pool.get());
                    mine.touch();
                    drop(pool);
                    sender.send(others).expect("a receiver");
                    // With a reference for the lane, if that is still open.
                    drop(mine);
                })
            })
            .collect();
        drop((pool, sender));
        let kept: Vec<_> = leases.iter().collect();
        users.into_iter().for_each(|user| user.join().expect("no panic"));
        assert_eq!(probe.alive(), 3, "the pool is gone, and all but the leases kept here");
        drop(kept);
        assert_eq!(probe.alive(), 0);
    });
}
