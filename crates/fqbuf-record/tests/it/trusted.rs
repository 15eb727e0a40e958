//! The length of qualities trusted: what is accepted beyond, and that it is nothing else, however the bytes arrive.

use fqbuf_record::{
    Checks, GrowthPolicy, ParseErrorKind, Position, QualityLength, Reader, ReaderBuilder, RecordBuffer, SliceReader,
};
use proptest::prelude::*;
use rstest::rstest;

use crate::exhaustive::{deep, every_text, with_one_changed_byte};
use crate::sources::{Chunks, Trouble, Troubled};
use crate::texts::{adversarial, mixed, near_valid};
use crate::{compare, oracle};

fn trusting() -> ReaderBuilder {
    Reader::builder().capacity(1).quality_length(QualityLength::Trusted)
}

/// Qualities that hold line ends, with and without one in the right place behind.
fn texts() -> Vec<Vec<u8>> {
    let mut all = adversarial();
    all.extend([
        b"@a\nACGTACGT\n+\nIII\nIIII\n@b\nA\n+\nI\n".to_vec(),
        b"@a\nACGTACGT\n+\nIII\nIIII".to_vec(),
        b"@a\nACGTACGT\n+\nIII\nIIII\r".to_vec(),
        b"@a\nACGTACGT\n+\nIII\nIII\r\n@b\nA\n+\nI\n".to_vec(),
        b"@a\nACGTACGTA\n+\nIII\nIII\r\n@b\nA\n+\nI\n".to_vec(),
        b"@a\r\nACGTACGTA\r\n+\r\nIII\r\nIIII\r\n@b\nA\n+\nI\n".to_vec(),
        b"@a\nACGTACGTACG\n+\nI\n@b\nA\n+\nI\n@c\nA\n+\nI\n".to_vec(),
        b"@a\nACG\n+\nI\n\n\n\n\n".to_vec(),
        b"@a\nACG\n+\n\n\n\n\n".to_vec(),
        b"@a\nA\n+\n\n\n@b\nA\n+\nI\n".to_vec(),
        [&b"@a\nACGTACGT\n+\nIII\nIIII\n"[..], &mixed(4)].concat(),
    ]);
    all
}

#[test]
fn texts_that_begin_well() {
    for start in [&b"@\nA\n+\nA"[..], b"@\nAC\n+\n", b"@\n\n+\n\n", b"@\r\nAC\r\n+", b"@\nACC\n+\n\n"] {
        for len in 0..=if deep() { 7 } else { 4 } {
            every_text(len, |more| {
                let text = [start, more].concat();
                let expected = oracle::parse_trusting(&text, usize::MAX);
                compare::slice(&text, trusting().growth(GrowthPolicy::unlimited()).build_slice(&text), &expected);
                compare::reader(&text, trusting().build(&text[..]), &expected);
            });
        }
    }
}

#[test]
fn every_limit() {
    for text in texts() {
        for limit in 2..text.len() + 2 {
            let expected = oracle::parse_trusting(&text, limit);
            let builder = trusting().growth(GrowthPolicy::with_limit(limit));
            compare::slice(&text, builder.clone().build_slice(&text), &expected);
            compare::reader(&text, builder.build(Chunks::new(&text, &[1])), &expected);
        }
    }
}

/// A fast path that trusts, and an exact parser that does not, differ here: which of them sees a record depends on the reads.
#[test]
fn every_two_way_cut() {
    for text in texts() {
        let expected = oracle::parse_trusting(&text, usize::MAX);
        for at in 0..text.len() {
            compare::reader(&text, trusting().build(Chunks::cut(&text, at)), &expected);
            compare::batches(&text, trusting().build(Chunks::cut(&text, at)), RecordBuffer::new(2), &expected);
        }
    }
}

/// Interrupted or stopped in the middle of a quality, the reader knows what it knew.
#[test]
fn trouble_at_every_offset() {
    for text in texts() {
        let expected = oracle::parse_trusting(&text, usize::MAX);
        for at in 0..text.len() {
            for trouble in [Trouble::Interrupted, Trouble::WouldBlock, Trouble::TooMany] {
                let mut reader = trusting().build(Troubled::new(&text, at, trouble, 5));
                let mut count = 0;
                let end = loop {
                    match reader.next_record() {
                        Ok(Some(got)) => {
                            compare::record(&text, &got, &expected.records[count]);
                            count += 1;
                        }
                        Ok(None) => break true,
                        Err(error) if error.is_format() => break false,
                        Err(_) => {}
                    }
                };
                assert_eq!((count, end), (expected.records.len(), expected.end.is_ok()), "{trouble:?} at {at}");
            }
        }
    }
}

#[test]
fn one_changed_byte_anywhere() {
    with_one_changed_byte(|changed| {
        let builder = trusting().growth(GrowthPolicy::unlimited());
        compare::slice(changed, builder.build_slice(changed), &oracle::parse_trusting(changed, usize::MAX));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if deep() { 100_000 } else { 1000 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_schedule(
        text in near_valid(),
        sizes in prop::collection::vec(prop_oneof![1..5_usize, 1..300_usize, Just(usize::MAX)], 1..6),
        limit in prop_oneof![Just(usize::MAX), 2..700_usize],
    ) {
        let expected = oracle::parse_trusting(&text, limit);
        let builder = trusting().growth(GrowthPolicy::with_limit(limit));
        compare::reader(&text, builder.clone().build(Chunks::new(&text, &sizes)), &expected);
        compare::slice(&text, builder.build_slice(&text), &expected);
    }

    /// Whatever is accepted with all checks is the same when the length is trusted, and so is every error of a record whose
    /// quality holds no line end.
    #[test]
    fn nothing_but_line_ends_among_qualities_passes(text in near_valid()) {
        let verified: Vec<_> = SliceReader::new(&text).map_while(Result::ok).map(|r| r.as_bytes()).collect();
        let builder = trusting().growth(GrowthPolicy::unlimited());
        for (i, record) in builder.build_slice(&text).map_while(Result::ok).enumerate() {
            if verified.get(i) != Some(&record.as_bytes()) {
                prop_assert!(record.qual().contains(&b'\n'), "{:?}", record);
                break;
            }
        }
    }
}

/// The risk, and what does away with it: a check of the qualities' range.
#[test]
fn a_checked_range_finds_the_line_ends() {
    let text = b"@a\nACGTACGTAC\n+\nI\n@b\nA\n+\nI\n@c\nA\n+\nI\n";
    let mut reader = trusting().build(&text[..]);
    assert_eq!(reader.next_record().unwrap().unwrap().qual(), b"I\n@b\nA\n+\nI");
    assert_eq!(reader.position(), Position { record: 2, line: 5, byte: 27 }, "two lines were taken for qualities");
    assert_eq!(reader.next_record().unwrap().unwrap().id(), b"c");
    let mut reader = trusting().checks(Checks::none().quality_range(b'!'..=b'~')).build(&text[..]);
    let error = reader.next_record().unwrap_err();
    assert!(matches!(error.kind(), ParseErrorKind::QualityOutOfRange { found: b'\n', column: 2, .. }), "{error:?}");
}

#[rstest]
#[case::too_short(b"@a\nACGT\n+\nIII\n@b\nA\n+\nI\n", 4)]
#[case::too_long(b"@a\nACGT\n+\nIIIII\n@b\nA\n+\nI\n", 4)]
#[case::none(b"@a\nACGT\n+\n", 3)]
#[case::cut(b"@a\nACGT\n+\nII", 4)]
fn other_lengths_are_errors_as_ever(#[case] text: &[u8], #[case] line: u64) {
    for builder in [Reader::builder(), trusting()] {
        assert_eq!(builder.build(text).next_record().unwrap_err().position().line, line);
    }
}

/// Who skips bad records wants all of them found.
#[test]
fn nothing_is_trusted_where_bad_records_are_skipped() {
    let text = b"@a\nACGTACGTAC\n+\nI\n@b\nA\n+\nI\n@c\nA\n+\nI\n";
    let mut reader = trusting().skip_invalid(true).build(&text[..]);
    assert_eq!(reader.next_record().unwrap().unwrap().id(), b"b");
    assert_eq!(reader.skipped().records, 1);
}

/// Two parts are never both sure of the same bytes: where the first one would have to trust across its end, it looks.
#[test]
fn no_quality_is_trusted_across_the_end_of_a_part() {
    for text in texts() {
        for cut in 0..=text.len() as u64 {
            let mut end = 0;
            for part in [0..cut, cut..text.len() as u64] {
                let mut reader = trusting().build_part(&text[..], part).unwrap();
                loop {
                    let start = reader.position().byte;
                    match reader.next_record() {
                        Ok(Some(record)) => {
                            assert!(start >= end, "{cut} {}", text.escape_ascii());
                            end = start + record.as_bytes().len() as u64;
                        }
                        Ok(None) | Err(_) => break,
                    }
                }
            }
        }
    }
}
