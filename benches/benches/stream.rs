//! Criterion group of fqbuf-stream: reading plain, gzip and BGZF input from memory, writing gzip and BGZF.
//!
//! Unfairness: input in memory has no `read(2)`, and two threads measure the machine's idle core as much as the code.

use std::hint::black_box;
use std::io::{Cursor, Write};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fqbuf::stream::{Format, ReadAhead, Stream, WriterBuilder};
use fqbuf_benches::{Kind, Size, to_vec};
use fqbuf_line::{Block, Source};

/// Bytes of the reads.
const BYTES: u64 = 8_000_000;

fn reads() -> Vec<u8> {
    to_vec(Kind::Illumina, 1, Size::Bytes(BYTES)).0
}

fn pack(format: Format, threads: usize, text: &[u8]) -> Vec<u8> {
    let writer = WriterBuilder::new().format(format).threads(threads).to_writer(Vec::new());
    writer.and_then(|mut writer| writer.write_all(text).and_then(|()| writer.finish())).expect("memory takes all")
}

fn drain(mut stream: Stream) -> usize {
    let (mut block, mut bytes) = (Block::new(), 0);
    loop {
        block.clear();
        block.make_room(1).expect("memory");
        match stream.fill(&mut block).expect("sound input") {
            0 => return bytes,
            n => bytes += n,
        }
    }
}

fn reading(c: &mut Criterion) {
    let text = reads();
    let mut group = c.benchmark_group("stream/read");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
    for format in [Format::Plain, Format::Gzip, Format::Bgzf] {
        let input: &'static [u8] = pack(format, 1, &text).leak();
        for (name, ahead, threads) in
            [("inline", ReadAhead::Never, 1), ("ahead", ReadAhead::Always, 1), ("2 threads", ReadAhead::Always, 2)]
        {
            group.bench_function(format!("{format}, {name}"), |b| {
                b.iter(|| {
                    let mut builder = Stream::builder();
                    let stream = builder.read_ahead(ahead).threads(threads).from_reader(Cursor::new(input));
                    assert_eq!(drain(stream), text.len());
                });
            });
        }
    }
}

fn writing(c: &mut Criterion) {
    let text = reads();
    let mut group = c.benchmark_group("stream/write");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
    for (format, threads) in [(Format::Gzip, 1), (Format::Bgzf, 1), (Format::Bgzf, 2)] {
        group.bench_function(format!("{format}, {threads} threads"), |b| {
            b.iter(|| black_box(pack(format, threads, &text)).len());
        });
    }
}

criterion_group!(benches, reading, writing);
criterion_main!(benches);
