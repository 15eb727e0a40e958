//! Criterion group of fqbuf-parallel: sums per record and an ordered rewrite, from a plain file and from memory.
//!
//! Each row checks its answer. Unfairness: the file is in the page cache and stays there; on a machine with other work the
//! rows of two threads say little.

use std::io;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fqbuf_benches::{Kind, Size, Totals, to_vec};
use fqbuf_parallel::{Input, Pipeline};

/// Bases and quality sum of all records.
fn sums(threads: usize, input: Input<'_>) -> (u64, u64) {
    let run = Pipeline::new().threads(threads).single(input).expect("open");
    let done = run.fold(
        || (0, 0),
        |(bases, quals): &mut (u64, u64), record| {
            *bases += record.len() as u64;
            *quals += record.quality_sum() as u64;
        },
        |a, b| (a.0 + b.0, a.1 + b.1),
    );
    done.expect("valid input").value
}

/// Writes records whose first quality is not the lowest; returns the bytes written.
fn rewrite(threads: usize, input: Input<'_>) -> u64 {
    let run = Pipeline::new().threads(threads).single(input).expect("open");
    let monitor = run.monitor();
    let done = run.map_ordered(
        io::sink(),
        || (),
        |(), record, out| {
            if record.qual().first() != Some(&b'!') {
                out.extend_from_slice(record.as_bytes());
            }
        },
    );
    done.expect("valid input");
    monitor.snapshot().written
}

fn parallel(criterion: &mut Criterion) {
    let path = std::env::temp_dir().join(format!("fqbuf-bench-parallel-{}.fq", std::process::id()));
    for kind in [Kind::Illumina, Kind::Long] {
        let (data, Totals { bases, qualsum, .. }) = to_vec(kind, 7, Size::Bytes(64 << 20));
        std::fs::write(&path, &data).expect("a temporary file");
        let expected = rewrite(1, Input::slice(&data));
        let mut group = criterion.benchmark_group(format!("parallel/{}", kind.name()));
        group.throughput(Throughput::Bytes(data.len() as u64));
        group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        for threads in [1, 2] {
            group.bench_function(format!("sums/slice/{threads}"), |b| {
                b.iter(|| assert_eq!(sums(threads, Input::slice(&data)), (bases, qualsum)));
            });
            group.bench_function(format!("sums/file/{threads}"), |b| {
                b.iter(|| assert_eq!(sums(threads, Input::path(&path)), (bases, qualsum)));
            });
            group.bench_function(format!("rewrite/file/{threads}"), |b| {
                b.iter(|| assert_eq!(rewrite(threads, Input::path(&path)), expected));
            });
        }
        group.finish();
    }
    // It is gone, or the system will see to it.
    let _ = std::fs::remove_file(&path);
}

criterion_group!(benches, parallel);
criterion_main!(benches);
