//! Criterion group of fqbuf-arena: copied and zeroed slices beside boxed ones, and buffers that take turns.
//!
//! A round is 256 slices and a reset; the boxed slices are freed at the end of theirs. Rows of other arenas are in the
//! side-by-side runner. Each row checks what the slices hold before it is timed.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fqbuf_arena::{Arena, PreallocatedBuffers};

const SLICES: usize = 256;

/// Copies every slice of a source into the arena.
fn copy(arena: &mut Arena, source: &[u8], size: usize) {
    for start in 0..SLICES {
        black_box(arena.copy_from(black_box(&source[start..start + size])));
    }
    arena.reset();
}

fn zero(arena: &mut Arena, size: usize) {
    for _ in 0..SLICES {
        black_box(arena.allocate(black_box(size)));
    }
    arena.reset();
}

fn slices(criterion: &mut Criterion) {
    for size in [36, 150, 1000] {
        let source: Vec<u8> = (0..size + SLICES).map(|n| n as u8).collect();
        let mut arena = Arena::new(size * SLICES);
        assert!((0..SLICES).all(|n| arena.copy_from(&source[n..n + size]).as_deref() == Some(&source[n..n + size])));
        arena.reset();
        assert!((0..SLICES).all(|_| arena.allocate(size).is_some_and(|slice| slice.iter().all(|&byte| byte == 0))));
        arena.reset();

        let mut group = criterion.benchmark_group("arena");
        group.throughput(Throughput::Elements(SLICES as u64));
        let id = |name| BenchmarkId::new(name, size);
        group.bench_function(id("copied"), |bencher| bencher.iter(|| copy(&mut arena, &source, size)));
        group.bench_function(id("copied, boxed"), |bencher| {
            let boxed = |boxes: &mut Vec<Box<[u8]>>| {
                boxes.extend((0..SLICES).map(|n| Box::from(black_box(&source[n..n + size]))));
                boxes.clear();
            };
            bencher.iter_batched_ref(|| Vec::with_capacity(SLICES), boxed, BatchSize::NumIterations(100));
        });
        group.bench_function(id("zeroed"), |bencher| bencher.iter(|| zero(&mut arena, size)));
        group.finish();
    }
}

fn turns(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("turns");
    let mut buffers = PreallocatedBuffers::new(8, 4096);
    group.bench_function("PreallocatedBuffers", |bencher| {
        bencher.iter(|| {
            let buffer = buffers.get_next();
            buffer.push(black_box(1));
            assert_eq!(black_box(&*buffer), &[1]);
        });
    });
    let mut plain: Vec<Vec<u8>> = (0..8).map(|_| Vec::with_capacity(4096)).collect();
    let mut next = 0;
    group.bench_function("Vec<Vec<u8>>", |bencher| {
        bencher.iter(|| {
            let at = next;
            next = if at + 1 < plain.len() { at + 1 } else { 0 };
            let buffer = &mut plain[at];
            buffer.clear();
            buffer.push(black_box(1));
            assert_eq!(black_box(&*buffer), &[1]);
        });
    });
    group.finish();
}

criterion_group! {
    name = arena;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = slices, turns
}
criterion_main!(arena);
