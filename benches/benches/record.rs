//! Criterion group of fqbuf-record: every field of every record is looked at, and the answer compared with the generator's.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fqbuf_benches::{Kind, Size, Totals, to_vec};
use fqbuf_record::{Checks, PairedReader, QualityLength, Reader, RecordBuffer, RefRecord, SliceReader, Writer};

/// Bytes of each data set: more than the caches hold.
const BYTES: u64 = 64 << 20;

/// What is counted of each record: enough that no part of its finding can be left out.
#[derive(Default, PartialEq, Debug)]
struct Sums {
    records: u64,
    bases: u64,
    qualities: u64,
}

impl Sums {
    fn add(&mut self, record: &RefRecord<'_>) {
        let (head, seq, qual) = black_box((record.head(), record.seq(), record.qual()));
        self.records += u64::from(!head.is_empty());
        self.bases += seq.len() as u64;
        self.qualities += qual.len() as u64;
    }

    fn check(&self, totals: &Totals) {
        assert_eq!((self.records, self.bases, self.qualities), (totals.records, totals.bases, totals.bases));
    }
}

fn data() -> impl Iterator<Item = (&'static str, Vec<u8>, Totals)> {
    [Kind::Illumina, Kind::Trimmed, Kind::Long].into_iter().map(|kind| {
        let (text, totals) = to_vec(kind, 1, Size::Bytes(BYTES));
        (kind.name(), text, totals)
    })
}

fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("record");
    group.sample_size(20);
    for (name, text, totals) in data() {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::new("slice", name), |b| {
            b.iter(|| {
                let mut sums = Sums::default();
                let mut reader = SliceReader::new(&text);
                while let Some(record) = reader.next_record().expect("good input") {
                    sums.add(&record);
                }
                sums.check(&totals);
            });
        });
        group.bench_function(BenchmarkId::new("slice_strict", name), |b| {
            b.iter(|| {
                let mut sums = Sums::default();
                let mut reader = Reader::builder().checks(Checks::strict()).build_slice(&text);
                while let Some(record) = reader.next_record().expect("good input") {
                    sums.add(&record);
                }
                sums.check(&totals);
            });
        });
        group.bench_function(BenchmarkId::new("slice_trusted", name), |b| {
            b.iter(|| {
                let mut sums = Sums::default();
                let mut reader = Reader::builder().quality_length(QualityLength::Trusted).build_slice(&text);
                while let Some(record) = reader.next_record().expect("good input") {
                    sums.add(&record);
                }
                sums.check(&totals);
            });
        });
        group.bench_function(BenchmarkId::new("slice_counts", name), |b| {
            b.iter(|| {
                let (mut gc, mut qualsum) = (0, 0);
                let mut reader = SliceReader::new(&text);
                while let Some(record) = reader.next_record().expect("good input") {
                    gc += record.gc_count();
                    qualsum += record.quality_sum();
                }
                assert_eq!(qualsum as u64, totals.qualsum);
                gc
            });
        });
        group.bench_function(BenchmarkId::new("stream", name), |b| {
            b.iter(|| {
                let mut sums = Sums::default();
                let mut reader = Reader::new(&text[..]);
                while let Some(record) = reader.next_record().expect("good input") {
                    sums.add(&record);
                }
                sums.check(&totals);
            });
        });
        let mut batch = RecordBuffer::new(1000);
        group.bench_function(BenchmarkId::new("read_batch", name), |b| {
            b.iter(|| {
                let mut sums = Sums::default();
                let mut reader = Reader::new(&text[..]);
                while reader.read_batch(&mut batch).expect("good input") > 0 {
                    batch.iter().for_each(|record| sums.add(&record));
                }
                sums.check(&totals);
            });
        });
        group.bench_function(BenchmarkId::new("write", name), |b| {
            b.iter(|| {
                let mut writer = Writer::new(std::io::sink());
                let mut reader = SliceReader::new(&text);
                while let Some(record) = reader.next_record().expect("good input") {
                    writer.write(&record).expect("a sink takes all");
                }
                writer.finish().expect("a sink takes all")
            });
        });
    }
    group.finish();
}

/// From a file in the page cache, where the system's copy is part of the time.
fn files(c: &mut Criterion) {
    let mut group = c.benchmark_group("record_file");
    group.sample_size(20);
    for (name, text, totals) in data() {
        let path = std::env::temp_dir().join(format!("fqbuf-bench-record-{name}-{}.fq", std::process::id()));
        std::fs::write(&path, &text).expect("room for the file");
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::new("next_record", name), |b| {
            b.iter(|| {
                let mut sums = Sums::default();
                let mut reader = Reader::new(std::fs::File::open(&path).expect("just written"));
                while let Some(record) = reader.next_record().expect("good input") {
                    sums.add(&record);
                }
                sums.check(&totals);
            });
        });
        std::fs::remove_file(&path).expect("nobody else removes it");
    }
    group.finish();
}

fn pairs(c: &mut Criterion) {
    let mut group = c.benchmark_group("record_pairs");
    group.sample_size(20);
    let (text, totals) = to_vec(Kind::Interleaved, 1, Size::Bytes(BYTES));
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("interleaved", |b| {
        b.iter(|| {
            let mut sums = Sums::default();
            let mut reader = PairedReader::interleaved(Reader::new(&text[..]));
            while let Some((first, second)) = reader.next_pair().expect("good input") {
                sums.add(&first);
                sums.add(&second);
            }
            sums.check(&totals);
        });
    });
    group.finish();
}

criterion_group!(benches, reading, files, pairs);
criterion_main!(benches);
