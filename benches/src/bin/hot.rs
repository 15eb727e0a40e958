//! Our hot loops, one by one: `hot list`, or `hot NAME PORTIONS` to run a loop's work so many times.
//!
//! Made to be counted: the instructions of two portions less those of one are those of the work alone. The same work every
//! time, and every portion checks its answer. `cargo xtask bench --instructions` counts them under callgrind, which shows them the
//! same processor wherever it runs, with AVX2 and not of AMD: arena and ring copy by the system's `memcpy` there.
#![forbid(unsafe_code)]

use std::{env, hint::black_box, process::ExitCode};

use fqbuf_arena::Arena;
use fqbuf_benches::{Kind, Size, Totals, to_vec};
use fqbuf_line::LineReader;
use fqbuf_pool::BufferPool;
use fqbuf_record::{Reader, RefRecord, SliceReader};
use fqbuf_ring::RingBuffer;

/// Bytes of FASTQ that a portion of reading goes through.
const BYTES: u64 = 4 << 20;
/// Turns of a portion of everything else.
const TURNS: usize = 20_000;

/// A loop: its name, and what runs so many portions of its work.
type Loop = (&'static str, fn(u32));

const LOOPS: [Loop; 11] = [
    ("line", line),
    ("record-slice-short", |portions| slice(Kind::Illumina, portions)),
    ("record-slice-long", |portions| slice(Kind::Long, portions)),
    ("record-reader-short", |portions| reader(Kind::Illumina, portions)),
    ("record-reader-long", |portions| reader(Kind::Long, portions)),
    ("pool-get", |portions| pool(portions, |pool| touch(&mut pool.get()))),
    ("pool-get-scoped", |portions| pool(portions, |pool| touch(&mut pool.get_scoped()))),
    ("arena-copied-150", |portions| arena(150, portions)),
    ("arena-copied-4096", |portions| arena(4096, portions)),
    ("ring-64", |portions| ring(64, portions)),
    ("ring-4096", |portions| ring(4096, portions)),
];

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["list"] => LOOPS.iter().for_each(|(name, _)| println!("{name}")),
        [name, portions] => {
            let known = LOOPS.iter().find(|(known, _)| *known == name);
            let (Some((_, run)), Ok(portions)) = (known, portions.parse()) else {
                eprintln!("no loop {name:?}, or {portions:?} is no number: see `hot list`");
                return ExitCode::FAILURE;
            };
            run(portions);
        }
        _ => {
            eprintln!("usage: hot list | hot NAME PORTIONS");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Lines of 150-base FASTQ.
fn line(portions: u32) {
    let (bytes, totals) = to_vec(Kind::Illumina, 1, Size::Bytes(BYTES));
    for _ in 0..portions {
        let mut lines = LineReader::new(black_box(&bytes[..]));
        let mut found = (0, 0);
        while let Some(line) = lines.next_line().expect("a slice has no trouble") {
            found.0 += 1;
            found.1 += black_box(line).len() as u64 + 1;
        }
        assert_eq!(found, (4 * totals.records, totals.bytes));
    }
}

/// What a portion of records comes to.
#[derive(Default)]
struct Found {
    records: u64,
    bases: u64,
}

impl Found {
    fn add(&mut self, record: &RefRecord<'_>) {
        let (head, seq, qual) = black_box((record.head(), record.seq(), record.qual()));
        assert!(!head.is_empty() && seq.len() == qual.len());
        self.records += 1;
        self.bases += seq.len() as u64;
    }

    fn check(&self, totals: &Totals) {
        assert_eq!((self.records, self.bases), (totals.records, totals.bases));
    }
}

/// Records of a slice.
fn slice(kind: Kind, portions: u32) {
    let (bytes, totals) = to_vec(kind, 1, Size::Bytes(BYTES));
    for _ in 0..portions {
        let mut found = Found::default();
        let mut reader = SliceReader::new(black_box(&bytes));
        while let Some(record) = reader.next_record().expect("good input") {
            found.add(&record);
        }
        found.check(&totals);
    }
}

/// Records of a reader, through its block.
fn reader(kind: Kind, portions: u32) {
    let (bytes, totals) = to_vec(kind, 1, Size::Bytes(BYTES));
    for _ in 0..portions {
        let mut found = Found::default();
        let mut reader = Reader::builder().capacity(64 << 10).build(black_box(&bytes[..]));
        while let Some(record) = reader.next_record().expect("good input") {
            found.add(&record);
        }
        found.check(&totals);
    }
}

fn touch(buffer: &mut Vec<u8>) {
    assert!(buffer.is_empty());
    buffer.push(1);
    black_box(buffer);
}

/// Buffers got, touched and dropped.
fn pool(portions: u32, turn: fn(&BufferPool)) {
    let pool = BufferPool::new(64 << 10);
    turn(&pool);
    for portion in 1..=u64::from(portions) {
        (0..TURNS).for_each(|_| turn(&pool));
        assert_eq!((pool.stats().misses, pool.stats().hits), (1, portion * TURNS as u64));
    }
}

/// Slices copied, 16 and a reset in turn.
fn arena(size: usize, portions: u32) {
    const SLICES: usize = 16;
    let source = vec![7; size];
    let mut arena = Arena::new(SLICES * size);
    for _ in 0..portions {
        for _ in 0..TURNS / SLICES {
            for _ in 0..SLICES {
                let copy = arena.copy_from(black_box(&source)).expect("there is room");
                assert_eq!(black_box(copy)[size - 1], 7);
            }
            arena.reset();
        }
    }
}

/// Bytes written and read behind others, so that they wrap.
fn ring(size: usize, portions: u32) {
    let (mut source, mut target) = (vec![7; size], vec![0; size]);
    let mut ring = RingBuffer::new(16 * size);
    assert_eq!(ring.write(&source[..size / 2]), size / 2);
    for portion in 0..portions {
        // Other bytes each time, all alike, for half of what is read was written a turn before.
        source.fill(portion as u8 + 1);
        for _ in 0..TURNS {
            assert_eq!(ring.write(black_box(&source)), size);
            assert_eq!(ring.read(black_box(&mut target)), size);
        }
        assert_eq!(target, source);
    }
}
