//! Any bytes, some of them many times over, through a pipeline of small blocks: on one thread and on several, alone, as mates of
//! one input or of two, bad records skipped or not, the same records, counts and error as from the serial readers.
#![no_main]

#[path = "../pieces.rs"]
mod pieces;

use std::fmt::Debug;

use fqbuf_parallel::{Error, Input, Pair, Pipeline, Summary};
use fqbuf_record::{PairedReader, Reader, RefRecord, Skipped};
use libfuzzer_sys::fuzz_target;
use pieces::Pieces;

/// How an input is read, and by how many.
struct Way {
    threads: usize,
    block: usize,
    skip: bool,
    slice: bool,
    /// Of reads that are not of a slice.
    seed: u64,
    most: u16,
}

/// The bases of a good record, or none for the bytes behind them; and how often it stands there.
type Stretch<'a> = (u8, &'a [u8], u16);

/// What becomes of an input: what was delivered, and how it ended.
type Told = (Vec<u8>, String);

fuzz_target!(|input: ([u8; 2], [u16; 2], u64, Vec<Stretch>, Vec<Stretch>)| {
    let ([threads, how], [block, most], seed, first, second) = input;
    let (threads, block) = (1 + usize::from(threads % 3), 1 + usize::from(block) % 20_000);
    let way = Way { threads, block, skip: how & 1 == 0, slice: how & 2 == 0, seed, most };
    let (first, second) = (text(&first), text(&second));
    alone(&way, &first);
    alternating(&way, &first);
    two(&way, &first, &second);
});

/// The stretches, none of them of more than a few blocks.
fn text(stretches: &[Stretch]) -> Vec<u8> {
    let mut text = Vec::new();
    for &(bases, bytes, times) in stretches.iter().take(8) {
        let record = format!("@r\n{}\n+\n{}\n", "A".repeat(bases.into()), "I".repeat(bases.into()));
        let bytes = if bases == 0 { bytes } else { record.as_bytes() };
        let most = (40 << 10) / bytes.len().max(1);
        text.extend_from_slice(&bytes.repeat(usize::from(times).min(most).max(1)));
    }
    text
}

impl Way {
    fn pipeline(&self) -> Pipeline {
        Pipeline::new().threads(self.threads).block_size(self.block).skip_invalid(self.skip)
    }

    fn input<'a>(&self, bytes: &'a [u8], name: &str) -> Input<'a> {
        let input =
            if self.slice { Input::slice(bytes) } else { Input::reader(Pieces::new(bytes, self.seed, self.most)) };
        input.named(name)
    }

    fn reader<'a>(&self, bytes: &'a [u8], name: &str) -> Reader<&'a [u8]> {
        Reader::builder().source_name(name).skip_invalid(self.skip).build(bytes)
    }
}

fn alone(way: &Way, bytes: &[u8]) {
    let mut reader = way.reader(bytes, "one");
    let mut records = Vec::new();
    let end = loop {
        match reader.next_record() {
            Ok(Some(record)) => note(&mut records, record),
            Ok(None) => break good(reader.skipped(), 0),
            Err(error) => break bad(&error),
        }
    };
    let mut found = Vec::new();
    let run = way.pipeline().single(way.input(bytes, "one")).expect("opened");
    let done = run.map_ordered(&mut found, || (), |(), record: RefRecord<'_>, out| note(out, record));
    assert_eq!((found, ended(done.map(|done| done.summary))), (records, end));
}

fn alternating(way: &Way, bytes: &[u8]) {
    let expected = serial(PairedReader::interleaved(way.reader(bytes, "one")));
    let mut found = Vec::new();
    let run = way.pipeline().interleaved(way.input(bytes, "one")).expect("opened");
    let done = run.map_ordered(&mut found, || (), |(), pair: Pair<'_>, out| mates(out, pair.first, pair.second));
    assert_eq!((found, ended(done.map(|done| done.summary))), expected);
}

fn two(way: &Way, first: &[u8], second: &[u8]) {
    let expected = serial(PairedReader::new(way.reader(first, "one"), way.reader(second, "two")));
    let mut found = Vec::new();
    let run = way.pipeline().paired(way.input(first, "one"), way.input(second, "two")).expect("opened");
    let done = run.map_ordered(&mut found, || (), |(), pair: Pair<'_>, out| mates(out, pair.first, pair.second));
    assert_eq!((found, ended(done.map(|done| done.summary))), expected);
}

/// What the serial reader of pairs makes of it.
fn serial(mut reader: PairedReader<&[u8], &[u8]>) -> Told {
    let mut pairs = Vec::new();
    let end = loop {
        match reader.next_pair() {
            Ok(Some((first, second))) => mates(&mut pairs, first, second),
            Ok(None) => {
                let mut skipped = reader.first_reader().skipped();
                if let Some(second) = reader.second_reader() {
                    skipped.records += second.skipped().records;
                    skipped.bytes += second.skipped().bytes;
                }
                break good(skipped, reader.dropped());
            }
            Err(error) => break bad(&error),
        }
    };
    (pairs, end)
}

fn mates(out: &mut Vec<u8>, first: RefRecord<'_>, second: RefRecord<'_>) {
    note(out, first);
    note(out, second);
}

/// Appends a record so that two records differ where their notes do.
fn note(out: &mut Vec<u8>, record: RefRecord<'_>) {
    for part in [record.head(), record.seq(), record.title(), record.qual()] {
        out.extend_from_slice(&part.len().to_le_bytes());
        out.extend_from_slice(part);
    }
}

fn ended(done: Result<Summary, Error>) -> String {
    match done {
        Ok(summary) => good(summary.skipped, summary.dropped),
        Err(Error::Input(error)) => bad(&error),
        Err(error) => bad(&error),
    }
}

fn good(skipped: Skipped, dropped: u64) -> String {
    format!("end, {skipped:?}, {dropped} dropped")
}

fn bad(error: &impl Debug) -> String {
    format!("{error:?}")
}
