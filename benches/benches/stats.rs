//! Criterion group of fqbuf-stats: a pair of calls, alone and with a second thread at the same counters.
//!
//! Beside the two counters stands the naive one, five relaxed atomic operations on one cache line. Each row checks that
//! every call was counted. Unfairness: without pinning, the two threads may share a core for a while, which makes all
//! rows look better than they are; on a busy machine they look worse.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use fqbuf_stats::{BufferStats, ShardedStats};

const SIZE: usize = 64 * 1024;

trait Counter: Sync {
    fn pair(&self);
    fn pairs(&self) -> u64;
}

#[derive(Default)]
struct Naive {
    allocations: AtomicU64,
    deallocations: AtomicU64,
    live: AtomicU64,
    peak: AtomicU64,
}

impl Counter for Naive {
    fn pair(&self) {
        let size = black_box(SIZE) as u64;
        self.allocations.fetch_add(1, Relaxed);
        let live = self.live.fetch_add(size, Relaxed) + size;
        self.peak.fetch_max(live, Relaxed);
        self.deallocations.fetch_add(1, Relaxed);
        self.live.fetch_sub(size, Relaxed);
    }
    fn pairs(&self) -> u64 {
        self.allocations.load(Relaxed)
    }
}

impl Counter for BufferStats {
    fn pair(&self) {
        self.record_allocation(black_box(SIZE));
        self.record_deallocation(black_box(SIZE));
    }
    fn pairs(&self) -> u64 {
        self.snapshot().allocations
    }
}

impl Counter for ShardedStats {
    fn pair(&self) {
        self.record_allocation(black_box(SIZE));
        self.record_deallocation(black_box(SIZE));
    }
    fn pairs(&self) -> u64 {
        self.snapshot().allocations
    }
}

/// The time that `pairs` pairs take each of `threads` threads.
fn time(stats: &impl Counter, threads: u64, pairs: u64) -> Duration {
    let before = stats.pairs();
    let barrier = Barrier::new(threads as usize);
    let work = || {
        barrier.wait();
        let start = Instant::now();
        (0..pairs).for_each(|_| stats.pair());
        start.elapsed()
    };
    let longest = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).max()
    });
    assert_eq!(stats.pairs() - before, threads * pairs);
    longest.unwrap_or_default()
}

fn benches(criterion: &mut Criterion) {
    for threads in [1, 2] {
        let mut group = criterion.benchmark_group(format!("stats/{threads} threads"));
        let (naive, exact, sharded) = (Naive::default(), BufferStats::new(), ShardedStats::new());
        group.bench_function("naive", |bencher| bencher.iter_custom(|pairs| time(&naive, threads, pairs)));
        group.bench_function("BufferStats", |bencher| bencher.iter_custom(|pairs| time(&exact, threads, pairs)));
        group.bench_function("ShardedStats", |bencher| bencher.iter_custom(|pairs| time(&sharded, threads, pairs)));
        group.finish();
    }
}

criterion_group! {
    name = stats;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = benches
}
criterion_main!(stats);
