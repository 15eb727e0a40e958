//! Counters shared by threads: what a snapshot promises while others record, and what is exact afterwards.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread;

use fqbuf_stats::{BufferStats, ShardedStats, StatsDifference, StatsSnapshot};
use rstest::rstest;

use crate::counting::Counter;

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

/// Two threads that leave [`Line::wait`] leave it within nanoseconds of each other, unlike those a `Barrier` wakes.
#[derive(Default)]
struct Line(AtomicUsize);

impl Line {
    /// Waits until both threads have called this for the `turn`-th time, turns counting from 1.
    fn wait(&self, turn: usize) {
        self.0.fetch_add(1, AcqRel);
        let mut spins = 0;
        while self.0.load(Acquire) < turn * 2 {
            spins += 1;
            if spins % 1000 == 0 { thread::yield_now() } else { std::hint::spin_loop() }
        }
    }
}

/// Passes the time of some hundred nanoseconds at most, another one every `turn`: races have narrow windows.
fn dawdle(turn: usize) {
    for _ in 0..turn % 64 {
        std::hint::black_box(turn);
    }
}

/// Another thread does `there` while this one does `here`, 10,000 times, at ever other moments of each other; `after` each of
/// them, nobody else is about.
fn meet(there: impl Fn() + Sync, here: impl Fn(), mut after: impl FnMut()) {
    const ROUNDS: usize = 10_000;
    let line = Line::default();
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..ROUNDS {
                line.wait(2 * round + 1);
                dawdle(round / 64);
                there();
                line.wait(2 * round + 2);
            }
        });
        for round in 0..ROUNDS {
            line.wait(2 * round + 1);
            dawdle(round);
            here();
            line.wait(2 * round + 2);
            after();
        }
    });
}

/// Both threads allocate at once, then deallocate: the peak of each round is known, and asked for when nothing is live
/// any more. Seen red with the peak as a load and a store, where the smaller of two can be stored last.
#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::with_slack(100))]
#[case::sharded_without_slack(ShardedStats::with_slack(0))]
fn the_peak_of_threads_is_a_true_maximum(#[case] stats: impl Counter) {
    const ROUNDS: usize = 5_000;
    let line = Line::default();
    let play = |leader: bool| {
        let mut wrong = Vec::new();
        for round in 0..ROUNDS {
            let size = 1000 + round;
            line.wait(3 * round + 1);
            stats.allocate(size);
            line.wait(3 * round + 2);
            stats.deallocate(size);
            line.wait(3 * round + 3);
            if leader {
                let (end, peak) = (stats.snapshot(), 2 * size as u64);
                if end.total_bytes != 0 || end.peak_bytes < peak || end.peak_bytes > peak + stats.peak_error() {
                    wrong.push(end);
                }
                stats.reset_peak();
            }
        }
        wrong
    };
    let wrong = thread::scope(|scope| {
        scope.spawn(|| play(false));
        play(true)
    });
    assert_eq!(wrong, [], "peaks that are not those of their round");
    let end = stats.snapshot();
    assert_eq!((end.allocations, end.deallocations), (2 * ROUNDS as u64, 2 * ROUNDS as u64));
}

/// One thread allocates while the other resets the peak; whichever was first, the bytes are live when both are done.
/// Seen red with a reset that stores the live bytes it has just loaded: a rise in between is lost.
#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::with_slack(0))]
fn a_reset_does_not_lose_the_rise_that_it_meets(#[case] stats: impl Counter) {
    const SIZE: usize = 77;
    let mut wrong = Vec::new();
    let after = || {
        stats.deallocate(SIZE);
        let end = stats.snapshot();
        if (end.total_bytes, end.peak_bytes) != (0, SIZE as u64) {
            wrong.push(end);
        }
    };
    meet(|| stats.allocate(SIZE), || stats.reset_peak(), after);
    assert_eq!(wrong, [], "peaks that are not those of their round");
}

/// One thread takes away a byte that was never there while the other allocates: the byte may come from those or from nothing,
/// and nothing else is lost. Seen red with a debt that stays until somebody pays it.
#[test]
fn an_unmatched_deallocation_takes_no_more_than_its_size_from_what_it_meets() {
    const SIZE: usize = 100;
    let stats = BufferStats::new();
    let mut wrong = Vec::new();
    let after = || {
        let end = stats.snapshot();
        if !(99..=100).contains(&end.total_bytes) || !(end.total_bytes..=100).contains(&end.peak_bytes) {
            wrong.push(end);
        }
        stats.record_deallocation(SIZE);
        stats.reset_peak();
    };
    meet(|| stats.record_deallocation(1), || stats.record_allocation(SIZE), after);
    assert_eq!(wrong, [], "live bytes that nobody took away");
    assert_eq!(stats.live_bytes(), 0);
}

/// Each thread takes away more than it brought. Seen red with a deallocation that is not brought back to 0.
#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::with_slack(0))]
fn threads_that_deallocate_too_much_end_at_zero_and_go_on_from_there(#[case] stats: impl Counter) {
    const THREADS: u64 = 3;
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for turn in 0..3_000 {
                    stats.allocate(10);
                    dawdle(turn);
                    stats.deallocate(15);
                    assert!(stats.snapshot().peak_bytes <= 10 * THREADS);
                }
            });
        }
    });
    assert_eq!(stats.snapshot().total_bytes, 0);
    stats.allocate(7);
    assert_eq!(stats.snapshot().total_bytes, 7);
}

/// Runs `recorders` threads that allocate and deallocate `size` bytes in turn, while this one calls `look` many times.
fn look_while_threads_record(stats: &impl Counter, recorders: usize, size: usize, mut look: impl FnMut(StatsSnapshot)) {
    /// Sets the flag also when `look` panics, so that the recorders end.
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Release);
        }
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..recorders {
            scope.spawn(|| {
                let mut pairs = 0;
                while !done.load(Acquire) {
                    stats.allocate(size);
                    stats.deallocate(size);
                    pairs += 1;
                    dawdle(pairs);
                }
            });
        }
        let _done = Done(&done);
        for _ in 0..30_000 {
            look(stats.snapshot());
        }
    });
    let end = stats.snapshot();
    assert_eq!(end.allocations, end.deallocations);
    assert_eq!(end.total_bytes, 0);
}

/// Each thread has one buffer live at most, so every number has its limits. Seen red with the allocations summed before
/// the deallocations, and with a peak that is not raised to the live bytes of the same snapshot.
#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::with_slack(64))]
fn a_snapshot_keeps_its_promises_while_threads_record(#[case] stats: impl Counter) {
    const RECORDERS: usize = 3;
    const SIZE: u64 = 40;
    let most = SIZE * RECORDERS as u64;
    let mut before = StatsSnapshot::default();
    look_while_threads_record(&stats, RECORDERS, SIZE as usize, |now| {
        assert!(now.deallocations <= now.allocations, "{now:?}");
        assert!(now.total_bytes <= most && now.total_bytes.is_multiple_of(SIZE), "{now:?}");
        assert!(now.total_bytes <= now.peak_bytes, "{now:?}");
        assert!(now.peak_bytes <= most + stats.peak_error(), "{now:?}");
        assert!(now.allocations >= before.allocations && now.deallocations >= before.deallocations, "{now:?}");
        before = now;
        stats.reset_peak();
    });
}

/// Seen red with shards that are locked one at a time: counts and live bytes of two instants do not fit together.
#[test]
fn a_sharded_snapshot_is_of_one_instant() {
    let stats = ShardedStats::with_slack(100);
    look_while_threads_record(&stats, 2, 48, |now| {
        assert_eq!(now.total_bytes, 48 * now.live_allocations(), "{now:?}");
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
