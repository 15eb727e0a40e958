//! What is left of bad input and blank lines, beside what there was; and how much is read for want of a cut.

use std::io;
use std::sync::Arc;

use fqbuf_pool::MemoryBudget;
use fqbuf_record::{Reader, ReaderBuilder};

use super::{Block, Claim, Condensed, PAGE, Source, Stream, condense, first};
use crate::board::{Board, Slot};
use crate::monitor::Counters;

/// What input that begins with a record's start may go on with.
const BEHIND: [&[u8]; 6] =
    [b"", b"\n\r\n", b"@r\nA\n+\nI\n", b"\n@r\nA\n+\nI\n", b"r\nA\n+\nI\n@s\n\n+\n\n", b"\nA\n+\nI\n@s\nC\n+\nJ"];

/// Does something with a claim of the first block.
fn claimed<T>(skip: bool, alternating: bool, act: impl FnOnce(Claim<'_, '_>) -> T) -> T {
    let (counters, reader) = (Arc::new(Counters::default()), ReaderBuilder::default());
    act(Claim {
        board: &Board::new(&MemoryBudget::new(usize::MAX), 1, usize::MAX, None, &counters),
        number: 0,
        size: 1,
        size_of_short: 1,
        reader: &reader,
        skip,
        limit: usize::MAX,
        alternating,
        counters: &counters,
    })
}

/// What is left of `data` and what was left out, if a run comes to that.
fn condensed(data: &[u8], skip: bool, alternating: bool) -> Option<(Vec<u8>, Condensed)> {
    claimed(skip, alternating, |claim| {
        if claim.cut(data, 0).is_some() {
            return None;
        }
        let mut block = Block::new();
        block.grow(data.len() + 2 * PAGE).expect("memory");
        assert_eq!(block.append(data), data.len());
        let left = condense(&mut block, claim)?;
        assert_eq!(block.len() as u64 + left.bytes, data.len() as u64, "{data:?}");
        Some((block.data().to_vec(), left))
    })
}

/// A long line in whole blocks of 100 bytes.
struct Pieces;

impl Source for Pieces {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        Ok(block.append(&[b'x'; 100]))
    }
}

/// Red when a block of the source is added at a time: all that is held is looked at again behind each.
#[test]
fn whole_blocks_are_read_until_there_is_twice_as_much() {
    claimed(false, false, |claim| {
        let mut stream = Stream::new(Box::new(Pieces), Some(100), true);
        let mut slot = Slot::default();
        stream.load(claim, &mut slot, first, 1000).expect("memory");
        assert_eq!(slot.block.len(), 100, "one of them is a block");
        for _ in 0..12 {
            stream.fill_more(claim, &mut slot, first).expect("memory");
        }
        assert!(slot.block.len() > 4 << 20, "{} bytes", slot.block.len());
    });
}

/// The records in `parts`, put behind each other, with their numbers and the lines behind them, and how it ended.
fn records(parts: [&[u8]; 2], skip: bool) -> (Vec<(String, u64, u64)>, String) {
    let data = parts.concat();
    let mut reader = Reader::builder().skip_invalid(skip).build_slice(&data);
    let mut records = Vec::new();
    loop {
        let record = match reader.next_record() {
            Ok(Some(record)) => format!("{record:?}"),
            Ok(None) => return (records, format!("end, {} skipped", reader.skipped().records)),
            Err(error) => return (records, format!("{:?} in line {}", error.kind(), error.position().line)),
        };
        records.push((record, reader.position().record, reader.position().line));
    }
}

/// All texts of so many of the given bytes.
fn texts(bytes: &[u8], len: u32) -> impl Iterator<Item = Vec<u8>> {
    let each = move |n: usize| (0..len).map(|place| bytes[n / bytes.len().pow(place) % bytes.len()]).collect();
    (0..bytes.len().pow(len)).map(each)
}

#[test]
fn skipped_input_that_is_condensed_goes_on_as_before() {
    let mut some = [0, 0];
    for before in [&b""[..], b"xxxxxxxxxxxxxxxxxxxx\n", b"@\n\n\n\n\n\n\n\n\n\n\n\n\n"] {
        for text in (1..6).flat_map(|len| texts(b"@+x\r\n", len)) {
            let data = [before, &text].concat();
            for alternating in [false, true] {
                let Some((kept, left)) = condensed(&data, true, alternating) else { continue };
                some[usize::from(alternating)] += 1;
                for behind in BEHIND {
                    let (mut now, end) = records([&kept, behind], true);
                    for record in &mut now {
                        record.2 += left.lines;
                    }
                    let expected = records([&data, behind], true);
                    assert_eq!((now, end), expected, "{data:?} to {kept:?}, behind it {behind:?}, {alternating}");
                }
            }
        }
    }
    assert!(some[0] > 1000 && some[1] > some[0], "{some:?} were condensed");
}

#[test]
fn blank_lines_that_are_condensed_are_blank_lines() {
    let mut some = 0;
    for data in (1..10).flat_map(|len| texts(b"\r\n", len)) {
        let Some((kept, _)) = condensed(&data, false, false) else { continue };
        some += 1;
        for behind in [&b""[..], b"\n", b"\r\n\n"] {
            let answer = records([&kept, behind], false);
            assert_eq!(answer, records([&data, behind], false), "{data:?} to {kept:?}, behind it {behind:?}");
        }
    }
    assert!(some > 100, "{some} were condensed");
}

#[test]
fn bad_input_is_kept_where_it_ends_the_run() {
    let bad = b"x\n".repeat(50);
    assert!(condensed(&bad, false, false).is_none());
    let (kept, left) = condensed(&bad, true, false).expect("it is to be skipped");
    assert_eq!((&kept[..], left.bytes, left.lines), (&b"x\n"[..], 98, 49));
}
