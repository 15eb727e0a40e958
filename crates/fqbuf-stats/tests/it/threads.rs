//! Counters shared by threads: what a snapshot promises while others record, and what is exact afterwards.

use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread;

use fqbuf_stats::{BufferStats, ShardedStats, StatsDifference, StatsSnapshot};
use rstest::rstest;

use crate::counting::Counter;

const THREADS: usize = 4;

/// Compiles only while the bounds hold; a counter behind a `Cell` loses `Sync`, one behind a raw pointer both.
#[test]
fn fault_49_counters_and_snapshots_cross_threads() {
    const fn shared<T: Send + Sync + 'static>() {}
    const {
        shared::<BufferStats>();
        shared::<ShardedStats>();
        shared::<StatsSnapshot>();
        shared::<StatsDifference>();
    }
}

/// Everybody allocates, everybody is seen to have, everybody deallocates: the peak of each round is known. Seen red
/// with the peak as a load and a store, where the smaller of two can be stored last, and with a reset of the peak to 0.
#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::with_slack(100))]
#[case::sharded_without_slack(ShardedStats::with_slack(0))]
fn the_peak_of_threads_is_a_true_maximum(#[case] stats: impl Counter) {
    const ROUNDS: usize = 1000;
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (stats, barrier) = (&stats, &barrier);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let size = 1000 + round * 7 + thread;
                    stats.allocate(size);
                    barrier.wait();
                    if thread == 0 {
                        let snapshot = stats.snapshot();
                        let expected = ((1000 + round * 7) * THREADS + (THREADS - 1) * THREADS / 2) as u64;
                        assert_eq!(snapshot.total_bytes, expected);
                        assert!(snapshot.peak_bytes >= expected);
                        assert!(snapshot.peak_bytes <= expected + stats.peak_error());
                    }
                    barrier.wait();
                    stats.deallocate(size);
                    barrier.wait();
                    if thread == 0 {
                        stats.reset_peak();
                        assert_eq!(stats.snapshot().peak_bytes, 0);
                    }
                    barrier.wait();
                }
            });
        }
    });
    let end = stats.snapshot();
    assert_eq!((end.allocations, end.deallocations), ((ROUNDS * THREADS) as u64, (ROUNDS * THREADS) as u64));
    assert_eq!(end.total_bytes, 0);
}

/// Each thread holds one buffer at most, of a size that tells how many are held. Seen red with allocations summed
/// before deallocations, with a peak read before the live bytes and not raised to them, and, for the sharded counters,
/// with shards that are unlocked before the next one is read.
#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::with_slack(64))]
fn a_snapshot_keeps_its_promises_while_threads_record(#[case] stats: impl Counter) {
    const PAIRS: usize = 20_000;
    const SIZE: u64 = 40;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let recorders: Vec<_> = (1..THREADS)
            .map(|_| {
                let stats = &stats;
                scope.spawn(move || {
                    for _ in 0..PAIRS {
                        stats.allocate(SIZE as usize);
                        stats.deallocate(SIZE as usize);
                    }
                })
            })
            .collect();
        let (stats, done) = (&stats, &done);
        scope.spawn(move || {
            let most = SIZE * (THREADS as u64 - 1);
            let mut before = StatsSnapshot::default();
            while !done.load(Acquire) {
                let now = stats.snapshot();
                assert!(now.deallocations <= now.allocations, "{now:?}");
                assert!(now.total_bytes <= most && now.total_bytes % SIZE == 0, "{now:?}");
                assert!(now.total_bytes <= now.peak_bytes, "{now:?}");
                assert!(now.peak_bytes <= most + stats.peak_error(), "{now:?}");
                assert!(now.allocations >= before.allocations && now.deallocations >= before.deallocations);
                before = now;
            }
        });
        let ends: Vec<_> = recorders.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Release);
        assert!(ends.iter().all(Result::is_ok), "a recorder panicked");
    });
    let end = stats.snapshot();
    assert_eq!((end.allocations, end.deallocations), ((PAIRS * 3) as u64, (PAIRS * 3) as u64));
    assert_eq!(end.total_bytes, 0);
}

/// Seen red with shards that are locked one at a time: counts and live bytes of two instants do not fit together.
#[test]
fn a_sharded_snapshot_is_of_one_instant() {
    let stats = ShardedStats::with_slack(100);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let recorders: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        stats.record_allocation(48);
                        stats.record_deallocation(48);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !done.load(Acquire) {
                let now = stats.snapshot();
                assert_eq!(now.total_bytes, 48 * now.live_allocations(), "{now:?}");
            }
        });
        let ends: Vec<_> = recorders.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Release);
        assert!(ends.iter().all(Result::is_ok), "a recorder panicked");
    });
}

/// Allocated by one thread, deallocated by another, for ever: no shard's account runs dry or over. Seen red with live
/// bytes kept a shard and clamped at zero in each.
#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::with_slack(1000))]
fn bytes_freed_by_another_thread_are_freed(#[case] stats: impl Counter) {
    let (send, receive) = std::sync::mpsc::sync_channel::<usize>(8);
    thread::scope(|scope| {
        let stats = &stats;
        scope.spawn(move || {
            for size in (0..5000).map(|n| n % 700) {
                stats.allocate(size);
                send.send(size).expect("the receiver is there");
            }
        });
        scope.spawn(move || {
            for size in receive {
                stats.deallocate(size);
            }
        });
    });
    let end = stats.snapshot();
    assert_eq!((end.allocations, end.deallocations, end.total_bytes), (5000, 5000, 0));
    assert!(end.peak_bytes >= 699);
    assert!(end.peak_bytes <= 700 * 10 + stats.peak_error());
}
