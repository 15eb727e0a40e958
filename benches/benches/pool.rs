//! Criterion group of fqbuf-pool: get, touch and drop of 64 KiB, of both kinds of lease, with and without a budget.
//!
//! Beside them the allocator, and a `freeze`. One thread: what threads do to each other is measured by the side-by-side
//! runner, whose rows share one run.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use fqbuf::{BufferPool, MemoryBudget, PooledBuffer};

/// Bytes of a buffer.
const SIZE: usize = 64 * 1024;

fn touch(buffer: &mut Vec<u8>) {
    assert!(buffer.is_empty());
    buffer.push(1);
    black_box(buffer.as_mut_ptr());
}

fn pool(c: &mut Criterion) {
    let mut group = c.benchmark_group("pool");
    let pool = BufferPool::new(SIZE);
    group.bench_function("get", |b| b.iter(|| touch(&mut pool.get())));
    group.bench_function("get_scoped", |b| b.iter(|| touch(&mut pool.get_scoped())));
    group.bench_function("get, touch, freeze", |b| {
        b.iter(|| {
            let mut buffer = pool.get();
            touch(&mut buffer);
            PooledBuffer::freeze(buffer)
        });
    });
    assert_eq!(pool.stats().misses, 1, "one buffer served all");

    let budget = MemoryBudget::new(4 * SIZE);
    let budgeted = BufferPool::builder().buffer_size(SIZE).budget(&budget).build().expect("the budget holds four");
    group.bench_function("get within a budget", |b| b.iter(|| touch(&mut budgeted.get())));
    assert_eq!(budget.used(), SIZE);
    group.bench_function("a charge and its release", |b| b.iter(|| budget.acquire(black_box(SIZE)).map(drop)));
    group.bench_function("the allocator", |b| b.iter(|| touch(&mut Vec::with_capacity(SIZE))));
    group.finish();
}

criterion_group!(benches, pool);
criterion_main!(benches);
