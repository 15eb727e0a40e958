//! Criterion group of fqbuf-ring: the ring of one thread beside two copies, the hand-over and the pipe on two threads.
//!
//! What two threads cost depends on how long a cache line takes between their cores, which flips here from 35 to 320 ns by
//! the minute: compare such rows within one run only.

use std::hint::black_box;
use std::io::{Read, Write};
use std::thread;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fqbuf::{DoubleBuffer, RingBuffer};

/// Bytes of the ring.
const CAPACITY: usize = 64 * 1024;
/// What is handed over: so many items of 32 bytes a batch, so many batches a run.
const ITEMS: usize = 1000;
const BATCHES: u64 = 1000;

fn one_thread(c: &mut Criterion) {
    let mut group = c.benchmark_group("ring");
    let source = vec![7; CAPACITY];
    let mut target = vec![0; CAPACITY];
    for size in [64, 4096, CAPACITY] {
        group.throughput(Throughput::Bytes(size as u64));
        let mut ring = RingBuffer::new(CAPACITY);
        group.bench_function(BenchmarkId::new("write and read", size), |b| {
            b.iter(|| {
                let size = black_box(size);
                assert_eq!(ring.write(&black_box(&source)[..size]), size);
                assert_eq!(ring.read(&mut target[..size]), size);
                black_box(&mut target);
            });
        });
        let mut middle = vec![0; CAPACITY];
        group.bench_function(BenchmarkId::new("two copies", size), |b| {
            b.iter(|| {
                let size = black_box(size);
                middle[..size].copy_from_slice(&black_box(&source)[..size]);
                black_box(&mut middle);
                target[..size].copy_from_slice(&middle[..size]);
                black_box(&mut target);
            });
        });
    }
    group.finish();
}

fn two_threads(c: &mut Criterion) {
    let mut group = c.benchmark_group("handover");
    group.sample_size(20);
    group.throughput(Throughput::Elements(BATCHES));
    group.bench_function("batches of 1000 x 32 bytes", |b| b.iter(hand_over));
    group.throughput(Throughput::Bytes(16 << 20));
    for size in [4096, CAPACITY] {
        group.bench_function(BenchmarkId::new("pipe", size), |b| b.iter(|| pipe(size)));
    }
    group.finish();
}

/// Passes all batches from one thread to another.
fn hand_over() {
    let (mut writer, mut reader) = DoubleBuffer::<[u64; 4]>::new(ITEMS).split();
    let writing = thread::spawn(move || {
        for n in 0..BATCHES {
            writer.get_write_buffer().resize(ITEMS, [n; 4]);
            writer.swap().expect("the reader reads to the end");
        }
        writer.finish().expect("the reader reads to the end");
    });
    let mut sum = 0;
    while let Some(batch) = reader.next().expect("the writer finishes") {
        sum += batch.iter().map(|item| item[0]).sum::<u64>();
    }
    assert_eq!(sum, ITEMS as u64 * (BATCHES - 1) * BATCHES / 2);
    writing.join().expect("no panic");
}

/// Sends 16 MiB through the halves of a ring, in writes and reads of so many bytes.
fn pipe(size: usize) {
    let (mut writer, mut reader) = RingBuffer::new(4 * CAPACITY).split();
    let writing = thread::spawn(move || {
        let source = vec![7; size];
        for _ in 0..(16 << 20) / size {
            writer.write_all(&source).expect("the reader reads to the end");
        }
        writer.finish();
    });
    let mut target = vec![0; size];
    let mut total = 0;
    loop {
        match reader.read(&mut target).expect("the writer finishes") {
            0 => break,
            n => total += n,
        }
    }
    assert_eq!(total, 16 << 20);
    writing.join().expect("no panic");
}

criterion_group!(benches, one_thread, two_threads);
criterion_main!(benches);
