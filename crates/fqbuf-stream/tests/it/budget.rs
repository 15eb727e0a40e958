//! A stream within a memory budget.

use std::io::Cursor;

use fqbuf_line::{Block, PAGE, Source};
use fqbuf_pool::MemoryBudget;
use fqbuf_stream::{Format, Stream, StreamErrorKind, WriterBuilder};

use crate::support::{WAYS, drain, fastq};

/// Inputs of this build: plain, and what it can write.
fn inputs(text: &[u8]) -> Vec<Vec<u8>> {
    use std::io::Write;
    [Format::Plain, Format::Gzip, Format::Bgzf]
        .into_iter()
        .filter(|format| format.is_supported())
        .map(|format| {
            let mut writer = WriterBuilder::new().format(format).to_writer(Vec::new()).expect("written");
            writer.write_all(text).expect("memory");
            writer.finish().expect("memory")
        })
        .collect()
}

#[test]
fn everything_is_charged_and_given_back() {
    let text = fastq(5000);
    for input in inputs(&text) {
        for way in WAYS {
            let budget = MemoryBudget::new(16 << 20);
            let stream = way.builder().budget(&budget).from_reader(Cursor::new(input.clone()));
            assert_eq!(budget.used(), 0, "nothing before the first use");
            assert!(drain(stream).bytes == text);
            assert!(budget.peak() >= 128 << 10, "{way:?}: {}", budget.peak());
            assert_eq!(budget.used(), 0, "{way:?}");
        }
    }
}

/// Fails when the stream waits for memory that nobody will give back, or takes it without asking.
#[test]
fn a_budget_that_is_too_small_is_an_error_and_not_a_wait() {
    for input in inputs(&fastq(100)) {
        for way in WAYS {
            let budget = MemoryBudget::new(100_000);
            let out = drain(way.builder().budget(&budget).from_reader(Cursor::new(input.clone())));
            assert_eq!((out.kind(), out.bytes.len()), (Some(StreamErrorKind::Memory), 0), "{way:?}");
            assert_eq!((budget.used(), budget.peak()), (0, 0));
        }
    }
}

/// A larger block that is exchanged for one of the stream's is memory that nobody is charged for. Red when it is taken.
#[test]
fn a_larger_block_is_kept_by_who_is_charged_for_it() {
    for input in inputs(&fastq(20_000)) {
        for way in WAYS {
            let mut stream = way.builder().budget(&MemoryBudget::new(16 << 20)).from_reader(Cursor::new(input.clone()));
            stream.detect().expect("a format of this build");
            let memory = stream.block_memory();
            let larger = Block::with_capacity(memory + memory / 2 + 3 * PAGE).expect("memory");
            for mut block in [Block::with_capacity(memory.max(3 * PAGE)).expect("memory"), larger] {
                let before = block.capacity();
                assert!(stream.fill(&mut block).expect("good input") > 0);
                assert_eq!(block.capacity(), before, "{way:?}, {:?}", stream.format());
            }
        }
    }
}

/// What one thread can read within a budget, any number of them can. Red when memory is asked for as many as were wished.
#[test]
fn a_small_budget_makes_for_fewer_threads() {
    let text = fastq(20_000);
    let Some(packed) = inputs(&text).into_iter().nth(2) else { return };
    let path = std::env::temp_dir().join(format!("fqbuf-budget-{}.bgz", std::process::id()));
    std::fs::write(&path, &packed).expect("a temporary file");
    for limit in [700 << 10, 1 << 20, 3 << 20, 16 << 20] {
        for threads in [1, 2, 8, 300] {
            let budget = MemoryBudget::new(limit);
            let mut builder = Stream::builder();
            builder.budget(&budget).threads(threads).block_size(1);
            let file = drain(builder.open(&path).expect("open"));
            let reader = drain(builder.from_reader(Cursor::new(packed.clone())));
            for (way, out) in [("file", file), ("reader", reader)] {
                assert!(out.error.is_none() && out.bytes == text, "{way}, {limit} bytes, {threads}: {:?}", out.error);
            }
            assert!(budget.used() == 0 && budget.peak() <= limit);
        }
    }
    std::fs::remove_file(&path).expect("its own file");
}

#[cfg(feature = "xz")]
#[test]
fn a_dictionary_is_charged_before_it_exists() {
    use std::io::Write;
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    encoder.write_all(b"@r1\nA\n+\nI\n").expect("memory");
    let input = encoder.finish().expect("memory");
    for way in WAYS {
        let budget = MemoryBudget::new(8 << 20);
        let out = drain(way.builder().budget(&budget).from_reader(Cursor::new(input.clone())));
        assert_eq!(out.kind(), Some(StreamErrorKind::Memory), "{way:?}: a dictionary of 8 MiB");
        // Red when more is charged than the dictionary takes.
        let budget = MemoryBudget::new(12 << 20);
        let out = drain(way.builder().budget(&budget).from_reader(Cursor::new(input.clone())));
        assert!(out.error.is_none() && budget.peak() > 8 << 20, "{way:?}: {:?}", out.error);
        assert_eq!(budget.used(), 0);
    }
}
