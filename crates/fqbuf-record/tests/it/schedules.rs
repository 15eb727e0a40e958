//! However the bytes arrive, the answer is the same.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fqbuf_record::{Block, FastqRecord, GrowthPolicy, PAGE, ParseErrorKind, Reader, RecordBuffer};

use crate::compare::{self, hold};
use crate::oracle::{self, Outcome};
use crate::sources::{Chunks, Free, Trouble, Troubled, scripted};
use crate::texts::{SHORT, adversarial, crlf, mixed};

fn small<S: fqbuf_record::Source>(source: S) -> Reader<S> {
    Reader::builder().capacity(1).build(source)
}

#[test]
fn every_split_of_short_inputs() {
    for text in SHORT.iter().filter(|text| text.len() <= 16) {
        let expected = oracle::parse(text);
        for mask in 0..1_usize << text.len().saturating_sub(1) {
            compare::reader(text, small(Chunks::mask(text, mask)), &expected);
        }
    }
}

#[test]
fn every_two_way_cut() {
    let mut texts = adversarial();
    texts.extend([mixed(2), crlf(&mixed(2)), [mixed(1), b"\n\n\r\n".to_vec()].concat()]);
    texts.extend([&b"@r1\nACGT\n+\nIII\n"[..], b"@r1\r\nAC\r\n+\r\nII\r"].map(|bad| [&mixed(1)[..], bad].concat()));
    for text in texts {
        assert!(text.len() <= 600, "{}", text.len());
        let expected = oracle::parse(&text);
        for at in 0..text.len() {
            compare::reader(&text, small(Chunks::cut(&text, at)), &expected);
            compare::batches(&text, small(Chunks::cut(&text, at)), RecordBuffer::new(2), &expected);
        }
    }
}

#[test]
fn fault_28_every_capacity_up_to_a_page_and_every_read_size() {
    let text = mixed(45);
    let expected = oracle::parse(&text);
    assert!(text.len() > 4096 && expected.end.is_ok());
    for size in 1..=4096 {
        let reader = Reader::builder().capacity(size).build(Chunks::new(&text, &[size]));
        compare::reader(&text, reader, &expected);
    }
}

/// A reader that looks for a CR in its buffer's last byte only, or strips it when the chunk ends, fails here.
#[test]
fn fault_03_a_carriage_return_at_the_end_of_a_chunk() {
    let text = b"@r1\r\nACGT\r\n+\r\nII\rI\r\n@r2\nAC\r\n+\nI\r\r\n";
    let expected = oracle::parse(text);
    for sizes in (1..8).flat_map(|a| (1..8).map(move |b| [a, b])) {
        compare::reader(text, small(Chunks::new(text, &sizes)), &expected);
    }
}

/// A loop until the buffer is full, or one that takes a short read for the last, fails here.
#[test]
fn fault_32_short_reads() {
    let text = mixed(100);
    let expected = oracle::parse(&text);
    for sizes in [&[1][..], &[1, 4096, 2], &[4095], &[4097], &[3, 5000, 700]] {
        let reader = Reader::builder().capacity(8192).build(Chunks::new(&text, sizes));
        compare::reader(&text, reader, &expected);
        let reader = Reader::builder().capacity(8192).build(Chunks::new(&text, sizes));
        compare::batches(&text, reader, RecordBuffer::new(7), &expected);
    }
}

/// Reads with trouble at one offset: no record before it may be missing, and the reading goes on where it can.
fn with_trouble(text: &[u8], expected: &Outcome<'_>, at: usize, trouble: Trouble, size: usize) {
    let mut reader = small(Troubled::new(text, at, trouble, size));
    let mut count = 0;
    let mut troubles = 0;
    let end = loop {
        let place = reader.position();
        match catch_unwind(AssertUnwindSafe(|| reader.next_record().map(|got| got.map(FastqRecord::from)))) {
            Ok(Ok(Some(got))) => {
                hold!(count < expected.records.len(), text, "{got:?} after the last record, {trouble:?} at {at}");
                compare::record(text, &got.as_record(), &expected.records[count]);
                hold!(place == expected.records[count].position, text, "position, {trouble:?} at {at}");
                count += 1;
                continue;
            }
            Ok(Ok(None)) => break Ok(()),
            Ok(Err(error)) if error.is_format() => break Err(error),
            Ok(Err(error)) => {
                assert!(matches!(error.kind(), ParseErrorKind::Io(_)), "{error:?}");
                let kind = error.io_error().map(std::io::Error::kind);
                let known = match trouble {
                    Trouble::WouldBlock => std::io::ErrorKind::WouldBlock,
                    Trouble::TooMany => std::io::ErrorKind::InvalidData,
                    _ => std::io::ErrorKind::Other,
                };
                assert_eq!(kind, Some(known));
            }
            Err(_) => assert_eq!(trouble, Trouble::Panic),
        }
        troubles += 1;
        assert_eq!(troubles, 1, "{trouble:?} at {at} happens once");
        // All records that were there are delivered, and the place is that of the next one. Blank lines may have been passed.
        let passed = expected.records.iter().take_while(|rec| rec.position.byte as usize + rec.bytes.len() <= at);
        let unfinished = text[..at].last() != Some(&b'\n');
        hold!(count <= passed.clone().count() && count + usize::from(unfinished) >= passed.count(), text, "{count}");
        hold!(reader.position().record == count as u64 + 1, text, "position after {trouble:?} at {at}");
    };
    match (&end, &expected.end) {
        (Ok(()), Ok(())) => {}
        (Err(error), Err(bad)) => compare::error(text, error, bad),
        _ => panic!("{end:?}, not {:?} after {trouble:?} at {at}", expected.end),
    }
    hold!(count == expected.records.len(), text, "{count} records, {trouble:?} at {at}");
    assert_eq!(troubles, usize::from(trouble != Trouble::Interrupted), "{trouble:?} at {at} of {}", text.len());
}

fn troubled_texts() -> Vec<Vec<u8>> {
    let mut texts = adversarial();
    texts.truncate(4);
    texts.extend([mixed(3), crlf(&mixed(1)), b"@r1\nAC\n+\nI\n".to_vec(), b"@a\nA\n+\nI\n\n\n@a\n".to_vec()]);
    texts
}

/// Keeps panics that a test made from filling its output.
pub(crate) fn quiet() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>().is_none_or(|text| *text != "the source panics") {
                hook(info);
            }
        }));
    });
}

#[test]
fn trouble_at_every_offset() {
    quiet();
    for text in troubled_texts() {
        let expected = oracle::parse(&text);
        // An error of the input ends the reading before the source is asked for what is behind it.
        let behind = expected.end.as_ref().err().map_or(text.len(), |bad| bad.position.byte as usize);
        for at in 0..=behind {
            for trouble in Trouble::ALL.into_iter().filter(|trouble| *trouble != Trouble::Zero) {
                for size in [3, usize::MAX] {
                    with_trouble(&text, &expected, at, trouble, size);
                }
            }
        }
    }
}

/// A batch that an error cuts short holds what came before it; the next one goes on behind that.
#[test]
fn trouble_at_every_offset_of_batches() {
    quiet();
    for text in troubled_texts() {
        let expected = oracle::parse(&text);
        for at in 0..=text.len() {
            for trouble in Trouble::ALL.into_iter().filter(|trouble| *trouble != Trouble::Zero) {
                for (size, capacity) in [(3, 1), (7, 100), (usize::MAX, 2), (usize::MAX, 100)] {
                    let mut reader = small(Troubled::new(&text, at, trouble, size));
                    let mut batch = RecordBuffer::new(capacity);
                    let mut count = 0;
                    let mut troubles = 0;
                    let end = loop {
                        let result = catch_unwind(AssertUnwindSafe(|| reader.read_batch(&mut batch)));
                        for got in &batch {
                            hold!(count < expected.records.len(), text, "{got:?} too many, {trouble:?} at {at}");
                            compare::record(&text, &got, &expected.records[count]);
                            count += 1;
                        }
                        match result {
                            Ok(Ok(0)) => break Ok(()),
                            Ok(Ok(n)) => assert_eq!(n, batch.len()),
                            Ok(Err(error)) if error.is_format() => break Err(error),
                            Ok(Err(_)) => troubles += 1,
                            Err(_) => {
                                assert_eq!(trouble, Trouble::Panic);
                                troubles += 1;
                            }
                        }
                        hold!(troubles <= 1, text, "{trouble:?} at {at} happens once");
                    };
                    match (&end, &expected.end) {
                        (Ok(()), Ok(())) => {}
                        (Err(error), Err(bad)) => compare::error(&text, error, bad),
                        _ => panic!("{end:?}, not {:?} after {trouble:?} at {at}", expected.end),
                    }
                    hold!(count == expected.records.len(), text, "{count} records, {trouble:?} at {at}");
                }
            }
        }
    }
}

/// An end of input is final: who reads a growing file asks a new reader. A naive reader delivers the cut record's first half
/// at the end, then its second half as garbage.
#[test]
fn fault_31_zero_bytes_and_then_more() {
    for text in troubled_texts() {
        for at in 0..text.len() {
            let expected = oracle::parse(&text[..at]);
            let mut reader = small(Troubled::new(&text, at, Trouble::Zero, 5));
            for rec in &expected.records {
                compare::record(&text, &reader.next_record().unwrap().unwrap(), rec);
            }
            for _ in 0..3 {
                match (reader.next_record(), &expected.end) {
                    (Ok(None), Ok(())) => {}
                    (Err(got), Err(bad)) => compare::error(&text, &got, bad),
                    (got, expected) => panic!("{got:?}, not {expected:?}"),
                }
            }
        }
    }
}

/// `?` on the reader's error fails here: `Interrupted` is no error.
#[test]
fn fault_29_interrupted_reads_are_repeated() {
    let text = mixed(3);
    let mut reader = small(Troubled::new(&text, 100, Trouble::Interrupted, 10));
    assert_eq!(reader.records().filter_map(Result::ok).count(), 3);
}

/// A reader that forgets the bytes in hand at an error, or takes it for the end, fails here.
#[test]
fn fault_30_would_block_is_returned_and_the_state_kept() {
    let text = mixed(3);
    let expected = oracle::parse(&text);
    for at in 0..text.len() {
        with_trouble(&text, &expected, at, Trouble::WouldBlock, 64);
    }
}

/// Code that trusts `n` indexes out of its buffer, or shows stale bytes as read.
#[test]
fn fault_33_a_source_that_claims_more_than_it_was_given() {
    let text = mixed(1);
    let mut reader = small(Troubled::new(&text, 5, Trouble::TooMany, 5));
    let error = reader.next_record().unwrap_err();
    assert_eq!(error.io_error().unwrap().kind(), std::io::ErrorKind::InvalidData);
    assert!(reader.next_record().unwrap().is_some(), "what was read before is still there");
}

/// A source sees initialised memory: its own bytes or zeros, never another's. It is safe code, so this shows the intent only.
#[test]
fn fault_34_a_source_that_reads_its_buffer() {
    struct Peek(bool);
    impl std::io::Read for Peek {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            assert!(std::mem::replace(&mut self.0, true) || buf.iter().all(|b| *b == 0));
            Ok(0)
        }
    }
    assert!(small(Peek(false)).next_record().unwrap().is_none());
}

/// State that was taken out for the call, and not put back, is lost here.
#[test]
fn fault_35_a_source_that_panics() {
    let text = mixed(3);
    let mut reader = small(Troubled::new(&text, 150, Trouble::Panic, 50));
    let panicked = catch_unwind(AssertUnwindSafe(|| while reader.next_record().unwrap().is_some() {}));
    assert!(panicked.is_err());
    let mut count = 0;
    while reader.next_record().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(reader.position().byte, text.len() as u64);
    assert!(count > 0);
}

/// A claim that is believed is waited for for ever, or taken for the end.
#[test]
fn a_source_that_claims_what_it_did_not_add_is_an_error() {
    for (claimed, added) in [(5, &b""[..]), (0, b"@a\nA\n+\nI\n"), (2, b"@a\nA\n+\nI\n")] {
        let mut calls = 0;
        let mut reader = small(Free(|block: &mut Block| {
            calls += 1;
            assert!(calls < 10, "asked time and again");
            block.append(if calls == 1 { added } else { b"" });
            Ok(if calls == 1 { claimed } else { 0 })
        }));
        let error = reader.next_record().unwrap_err();
        assert_eq!(error.io_error().unwrap().kind(), std::io::ErrorKind::InvalidData);
        assert_eq!(reader.records().map(Result::unwrap).count(), usize::from(!added.is_empty()), "nothing is lost");
    }
}

/// What is known of a record that is not all there must not outlive its bytes.
#[test]
fn a_source_that_takes_bytes_away_is_an_error() {
    let mut reader = small(scripted([
        |block| Ok(block.append(b"@abc\nACGT\n+\nII")),
        |block| {
            block.truncate(0);
            Ok(3)
        },
        |block| Ok(block.append(b"@b\nA\n+\nI\n")),
    ]));
    let error = reader.next_record().unwrap_err();
    assert_eq!(error.io_error().unwrap().kind(), std::io::ErrorKind::InvalidData);
    assert_eq!(reader.next_record().unwrap().unwrap().id(), b"b");
    assert!(reader.next_record().unwrap().is_none());
}

/// Offsets of the bytes that went with the block would find another record in those that come next.
#[test]
fn fault_35_a_source_that_panics_with_the_block_in_its_hands() {
    let mut reader = small(scripted([
        |block| Ok(block.append(b"@abc\nACGT\n+\nII")),
        |block| {
            let _stolen = std::mem::take(block);
            panic!("gone");
        },
        |block| {
            assert!(block.room() >= PAGE, "room was made anew");
            Ok(block.append(b"@b\nAC\n+\nIJ\n@c\nG\n+\nI\n"))
        },
    ]));
    quiet();
    catch_unwind(AssertUnwindSafe(|| reader.next_record().map(drop))).unwrap_err();
    let ids: Vec<_> = reader.records().map(|record| record.unwrap().id().to_vec()).collect();
    assert_eq!(ids, [b"b", b"c"]);
}

/// A search that begins again with each read takes time by the square of the line. The source changes what was searched, which
/// one that goes on where it was does not see.
#[test]
fn a_line_that_may_be_a_header_is_searched_once() {
    let mut calls = 0;
    let mut reader = Reader::builder().capacity(1).skip_invalid(true).build(Free(|block: &mut Block| {
        calls += 1;
        match calls {
            1 => Ok(block.append(b"bad\n@yyyyyyy")),
            2..100 => {
                let mut held = block.data().to_vec();
                let size = held.len();
                held[2] = b'\n';
                block.clear();
                assert_eq!(block.append(&held), size);
                Ok(block.append(b"yyyyyyy"))
            }
            100 => Ok(block.append(b"\n@b\nA\n+\nI\n")),
            _ => Ok(0),
        }
    }));
    assert_eq!(reader.next_record().unwrap().unwrap().id(), b"b");
    assert_eq!((reader.skipped().records, reader.skipped().bytes), (1, 4 + 1 + 99 * 7 + 1));
    assert!(reader.next_record().unwrap().is_none());
}

/// Lines that look like headers, or nearly, where bad input is passed: whatever is there of them at a time.
#[test]
fn skipping_over_every_split() {
    let texts: [&[u8]; 8] = [
        b"x\n@y\n@\n\n+\n\n",
        b"x\n@y\r\n@\r\nA\r\n",
        b"x\n@\n\r\n+\n\r\n",
        b"@\n@\n\n\n@\n\n+\n\n",
        b"@a\n@b\n@\nA\n+\n",
        b"x@\n@yy\n\r@\n\n+",
        b"x\n@y\r\n\r\n+\n\n",
        b"x\n@yyyyy\n@\nA\n",
    ];
    for text in texts {
        for limit in [usize::MAX, 4, 7] {
            let expected = oracle::skip(text, limit);
            let builder = Reader::builder().capacity(1).growth(GrowthPolicy::with_limit(limit)).skip_invalid(true);
            for mask in 0..1_usize << (text.len() - 1) {
                let mut reader = builder.clone().build(Chunks::mask(text, mask));
                for rec in &expected.records {
                    compare::record(text, &reader.next_record().unwrap().unwrap(), rec);
                }
                hold!(reader.next_record().unwrap().is_none(), text, "more than expected, {mask:b}");
                let skipped = reader.skipped();
                hold!((skipped.records, skipped.bytes) == expected.skipped, text, "{skipped:?}, {mask:b}, {limit}");
                let lines = text.iter().filter(|b| **b == b'\n').count() + usize::from(!text.ends_with(b"\n"));
                hold!(reader.position().line <= lines as u64 + 1, text, "lines, {mask:b}");
            }
        }
    }
}

#[test]
fn a_source_handed_back_has_what_was_not_read() {
    let mut reader = small(Chunks::new(b"@a\nA\n+\nI\n@b\nC\n+\nI\n", &[9]));
    assert_eq!(reader.next_record().unwrap().unwrap().id(), b"a");
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut reader.into_inner(), &mut rest).unwrap();
    assert!(rest == "@b\nC\n+\nI\n" || rest.is_empty(), "{rest:?}");
}

/// Tells where in memory it was asked to write, and how much.
struct Told<'a> {
    rest: &'a [u8],
    reads: Vec<(usize, usize)>,
}

impl std::io::Read for Told<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.reads.push((buf.as_ptr().addr(), buf.len()));
        self.rest.read(buf)
    }
}

/// A buffer that has grown for one record is not filled whole ever after, nor from end to end: the caches would be too small.
#[test]
fn reads_after_a_long_record_are_of_one_size_and_go_to_one_place() {
    const CAPACITY: usize = 16 << 10;
    let record = |len: usize| format!("@r\n{}\n+\n{}\n", "A".repeat(len), "I".repeat(len)).into_bytes();
    let text = [record(100).repeat(100), record(100_000), record(100).repeat(4000)].concat();
    let mut reader = Reader::builder().capacity(CAPACITY).build(Told { rest: &text, reads: Vec::new() });
    for _ in 0..101 {
        assert!(reader.next_record().unwrap().is_some());
    }
    reader.get_mut().reads.clear();
    let mut records = 0;
    while reader.next_record().unwrap().is_some() {
        records += 1;
    }
    assert_eq!(records, 4000);
    // Before the first, what was read for the long record is held. Where nothing is held, a read goes a page further to the front.
    let reads = &reader.get_ref().reads[1..];
    assert!(reads.len() > 10, "{reads:?}");
    let stays = |at: usize| at.abs_diff(reads[0].0) <= PAGE;
    assert!(reads.iter().all(|&(at, len)| stays(at) && len <= CAPACITY), "{reads:?}");
}
