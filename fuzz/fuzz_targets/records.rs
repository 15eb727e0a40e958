//! Any bytes as FASTQ, alone or in the place of some of a run of reads of one length: the reader over slices, and over reads of
//! any size, say what the naive reader says.
#![no_main]

#[path = "../pieces.rs"]
mod pieces;

use fqbuf_benches::{Fault, FaultKind, oracle};
use fqbuf_record::{ParseError, ParseErrorKind, Reader, RefRecord, SliceReader};
use libfuzzer_sys::fuzz_target;
use pieces::Pieces;

type Outcome = Result<(u64, u64, u64), Fault>;

fuzz_target!(|input: (u64, u16, [u8; 2], [u16; 3], &[u8])| {
    let (seed, most, [reads, head], [len, at, instead], bytes) = input;
    let bytes = &within([reads.into(), head.into(), len.into()], at, instead, bytes)[..];
    let expected = oracle(bytes).map(|totals| (totals.records, totals.bases, totals.qualsum));

    let mut slice = SliceReader::new(bytes);
    let mut sum = (0, 0, 0);
    let found = loop {
        match slice.next_record() {
            Ok(Some(record)) => count(&mut sum, &record),
            Ok(None) => break Ok(sum),
            Err(error) => break Err(fault(&error)),
        }
    };
    assert_eq!(found, expected, "slice");

    let source = Pieces::new(bytes, seed, most);
    let mut reader = Reader::builder().capacity(1).build(source);
    let mut sum = (0, 0, 0);
    let found: Outcome = loop {
        match reader.next_record() {
            Ok(Some(record)) => count(&mut sum, &record),
            Ok(None) => break Ok(sum),
            Err(error) => break Err(fault(&error)),
        }
    };
    assert_eq!(found, expected, "stream");
});

/// `bytes` at an offset of a run of reads of one length, in the place of a number of its bytes.
fn within([reads, head, len]: [usize; 3], at: u16, instead: u16, bytes: &[u8]) -> Vec<u8> {
    let (head, len) = ("h".repeat(head), len % 400);
    let mut run = Vec::new();
    for read in 0..reads {
        run.extend(format!("@{head}{}\n{}\n+\n{}\n", read * 7, "A".repeat(len), "@".repeat(len)).bytes());
    }
    let (front, rest) = run.split_at(usize::from(at).min(run.len()));
    let behind = &rest[usize::from(instead).min(rest.len())..];
    [front, bytes, behind].concat()
}

fn count(sum: &mut (u64, u64, u64), record: &RefRecord<'_>) {
    assert_eq!(record.seq().len(), record.qual().len());
    sum.0 += 1;
    sum.1 += record.seq().len() as u64;
    for byte in record.qual() {
        sum.2 = sum.2.wrapping_add(u64::from(*byte)).wrapping_sub(33);
    }
}

fn fault(error: &ParseError) -> Fault {
    let kind = match error.kind() {
        ParseErrorKind::MissingAt { .. } => FaultKind::Header,
        ParseErrorKind::BlankLine => FaultKind::Blank,
        ParseErrorKind::SequenceStartsWithAt => FaultKind::SequenceAt,
        ParseErrorKind::MissingPlus { .. } => FaultKind::Plus,
        ParseErrorKind::UnequalLengths { .. } => FaultKind::Lengths,
        ParseErrorKind::Truncated { .. } => FaultKind::Truncated,
        other => panic!("{other:?}"),
    };
    let position = error.position();
    // The message is for people; it must at least be there.
    assert!(!error.to_string().is_empty());
    Fault { kind, record: position.record, line: position.line, byte: position.byte }
}
