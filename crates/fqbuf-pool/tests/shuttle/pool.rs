//! Pools without a budget.

use bytes::Bytes;
use fqbuf_pool::{BufferPool, Lease, PooledBuffer, settle_in};
use shuttle::sync::mpsc;
use shuttle::thread;

use crate::{Probe, below, check, scenario};

#[test]
fn five_threads_get_and_return() {
    let mutants = ["reset_while_idle", "get_trusts_len", "steal_trusts_len", "kept_then_measured", "bound_by_count"];
    scenario(&mutants, || {
        let probe = Probe::default();
        let pool = probe.shards(4, 5, None);
        let users: Vec<_> = (0..5)
            .map(|home| {
                let pool = pool.clone();
                thread::spawn(move || {
                    settle_in(home);
                    let mut held = Vec::new();
                    for _ in 0..12 {
                        if below(3) > 0 {
                            let mut lease = pool.get();
                            lease.touch();
                            lease.bytes = 1 + below(3);
                            held.push(lease);
                        } else {
                            held.pop();
                        }
                        assert!(pool.idle() <= 5, "the bound holds at every moment");
                    }
                })
            })
            .collect();
        users.into_iter().for_each(|user| user.join().expect("no panic"));
        check(&pool, 0);
        assert_eq!(probe.alive(), pool.idle() as isize);
    });
}

#[test]
fn gets_and_returns_against_trim_clear_and_prefill() {
    let mutants = ["clear_trusts_len", "prefill_expects_room", "trim_reports_plan", "get_trusts_len"];
    scenario(&mutants, || {
        let probe = Probe::default();
        let pool = probe.shards(2, 4, None);
        let users: Vec<_> = (0..3)
            .map(|home| {
                let pool = pool.clone();
                thread::spawn(move || {
                    settle_in(home);
                    for _ in 0..8 {
                        let (mut one, mut two) = (pool.get(), pool.get());
                        one.touch();
                        two.touch();
                    }
                })
            })
            .collect();
        let keeping = thread::spawn({
            let pool = pool.clone();
            move || {
                let mut freed = 0;
                for _ in 0..6 {
                    match below(3) {
                        0 => freed += pool.trim(below(3)),
                        1 => {
                            let before = pool.stats().freed;
                            pool.clear();
                            freed += (pool.stats().freed - before) as usize;
                        }
                        _ => assert!(pool.prefill(1 + below(4)) <= 4),
                    }
                }
                freed
            }
        });
        users.into_iter().for_each(|user| user.join().expect("no panic"));
        let freed = keeping.join().expect("no panic") as u64;
        check(&pool, 0);
        // A prefill that finds no room in the end frees what it made.
        assert!(pool.stats().freed >= freed && pool.stats().freed <= freed + pool.stats().prefilled);
        pool.clear();
        assert_eq!((pool.idle(), probe.alive()), (0, 0));
    });
}

#[test]
fn buffers_got_here_end_elsewhere() {
    scenario(&["freeze_copies", "frozen_lease_is_forgotten", "no_steal", "no_spill"], || {
        let pool = BufferPool::builder().buffer_size(64).shards(2).max_idle(16).build().expect("no budget");
        let (slices, stage) = mpsc::channel::<Bytes>();
        let (taken, sink) = mpsc::channel::<PooledBuffer>();
        let cutting = thread::spawn(move || {
            settle_in(1);
            let mut sum = 0;
            while let Ok(slice) = stage.recv() {
                let (head, tail) = (slice.slice(..1), slice.slice(1..));
                drop(slice);
                let more = thread::spawn(move || usize::from(tail[0]));
                sum += usize::from(head[0]);
                drop(head);
                sum += more.join().expect("no panic");
            }
            sum
        });
        let dropping = thread::spawn(move || {
            settle_in(1);
            sink.iter().map(|buffer| buffer.len()).sum::<usize>()
        });
        for n in 0..6_u8 {
            let mut buffer = pool.get();
            assert!(buffer.is_empty() && buffer.capacity() == 64, "as it was made");
            buffer.extend([n, n]);
            let at = buffer.as_ptr();
            let frozen = PooledBuffer::freeze(buffer);
            assert_eq!(frozen.as_ptr(), at, "not copied");
            slices.send(frozen).expect("a receiver");
            let mut buffer = pool.get();
            buffer.push(n);
            taken.send(buffer).expect("a receiver");
        }
        drop((slices, taken));
        assert_eq!((cutting.join().expect("no panic"), dropping.join().expect("no panic")), (30, 6));
        let stats = pool.stats();
        assert_eq!((stats.live, stats.idle, stats.discarded), (0, stats.misses, 0), "all are home");
        // Both homes together serve as many gets as there are idle buffers.
        let all: Vec<_> = (0..stats.idle).map(|_| pool.get()).collect();
        assert_eq!((pool.stats().misses, all.len() as u64), (stats.misses, stats.idle));
    });
}

#[test]
fn handles_that_go_before_their_leases() {
    scenario(&["end_unseen"], || {
        let probe = Probe::default();
        let pool = probe.shards(2, 4, None);
        let (sender, leases) = mpsc::channel();
        let users: Vec<_> = (0..3)
            .map(|home| {
                let (pool, sender) = (pool.clone(), sender.clone());
                thread::spawn(move || {
                    settle_in(home);
                    for _ in 0..4 {
                        let lease = pool.get();
                        if below(2) == 0 {
                            sender.send(lease).expect("a receiver");
                        }
                    }
                })
            })
            .collect();
        drop((pool, sender));
        // The first to come ends last: the estate is alive until then, and nothing may lie idle in it.
        let last = leases.recv();
        let mut kept = 0;
        for lease in &leases {
            if below(4) == 0 {
                kept += Lease::into_inner(lease).bytes;
            }
        }
        assert!(kept <= 12);
        users.into_iter().for_each(|user| user.join().expect("no panic"));
        assert_eq!(probe.alive(), isize::from(last.is_ok()), "the pool is gone, and all but one lease");
        drop(last);
        assert_eq!(probe.alive(), 0);
    });
}
