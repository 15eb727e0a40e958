//! Criterion group of fqbuf-line: lines of a file in the page cache beside those of the standard library.
//!
//! Most of each time is `read(2)`, which the row `read` shows alone. Rows of other crates are in the side-by-side runner.
//! Each row checks the number and the bytes of its lines.

use std::{
    fs::File,
    hint::black_box,
    io::{BufRead, BufReader},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fqbuf_benches::{Kind, Size, to_vec};
use fqbuf_line::{Block, LineBuffer, LineReader};

/// Bytes of each file: more than the caches hold.
const BYTES: u64 = 64 << 20;

/// Bytes read at a time by every row.
const CAPACITY: usize = 256 << 10;

/// Lines and their bytes without line ends.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Sums {
    lines: u64,
    bytes: u64,
}

impl Sums {
    fn add(&mut self, line: &[u8]) {
        self.lines += 1;
        self.bytes += black_box(line).len() as u64;
    }
}

fn lines(c: &mut Criterion) {
    let mut group = c.benchmark_group("line");
    group.sample_size(20);
    for kind in [Kind::Illumina, Kind::Trimmed, Kind::Long] {
        let (text, _) = to_vec(kind, 1, Size::Bytes(BYTES));
        let ends = text.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let expected = Sums { lines: ends, bytes: text.len() as u64 - ends };
        let path = std::env::temp_dir().join(format!("fqbuf-line-{}-{}.fq", kind.name(), std::process::id()));
        std::fs::write(&path, &text).expect("room for the input");
        let open = || File::open(&path).expect("the input");

        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::new("read", kind.name()), |b| {
            let mut block = Block::with_capacity(CAPACITY + 2 * fqbuf_line::PAGE).expect("memory");
            b.iter(|| {
                let (mut file, mut bytes) = (open(), 0);
                loop {
                    block.clear();
                    match block.read_from(&mut file).expect("a readable file") {
                        0 => break,
                        n => bytes += n,
                    }
                    black_box(block.data());
                }
                assert_eq!(bytes, text.len());
            });
        });
        group.bench_function(BenchmarkId::new("line_reader", kind.name()), |b| {
            b.iter(|| {
                let mut sums = Sums::default();
                let mut lines = LineReader::with_buffer(open(), LineBuffer::new(CAPACITY));
                while let Some(line) = lines.next_line().expect("a readable file") {
                    sums.add(line);
                }
                assert_eq!(sums, expected);
            });
        });
        group.bench_function(BenchmarkId::new("std_read_until", kind.name()), |b| {
            b.iter(|| {
                let mut sums = Sums::default();
                let (mut reader, mut line) = (BufReader::with_capacity(CAPACITY, open()), Vec::new());
                while reader.read_until(b'\n', &mut line).expect("a readable file") > 0 {
                    sums.add(line.strip_suffix(b"\n").unwrap_or(&line));
                    line.clear();
                }
                assert_eq!(sums, expected);
            });
        });
        std::fs::remove_file(&path).expect("the input is there still");
    }
    group.finish();
}

criterion_group!(benches, lines);
criterion_main!(benches);
