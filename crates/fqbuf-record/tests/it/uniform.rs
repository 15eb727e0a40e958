//! Reads of one length, which the reader guesses many at a time: a guess never hides what is wrong with one.

use fqbuf_record::{Reader, RecordBuffer, SliceReader};
use proptest::prelude::*;

use crate::sources::Chunks;
use crate::texts::push;
use crate::{compare, oracle};

/// `reads` records of `len` bases, whose headers have no two in a row of one length.
fn alike(len: usize, reads: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for i in 0..reads {
        push(&mut text, &format!("r{}", i * 7 % 1013), len, ["+", "\n"]);
    }
    text
}

/// The first stretch of a kind is searched, the second guessed: its first records, its last ones, and the ones behind it.
#[test]
fn one_byte_changed_removed_or_doubled() {
    let text = alike(100, 75);
    let size = text.len() / 75;
    for record in [38, 39, 55, 56] {
        for at in record * size..(record + 1) * size {
            for byte in *b"\n\r@+x" {
                let mut text = text.clone();
                text[at] = byte;
                compare::every_way(&text);
            }
            let mut without = text.clone();
            without.remove(at);
            compare::every_way(&without);
            let mut doubled = text.clone();
            doubled.insert(at, text[at]);
            compare::every_way(&doubled);
        }
    }
}

/// Two changes that leave the number of line ends as it was.
#[test]
fn a_line_end_moved() {
    let text = alike(100, 75);
    let size = text.len() / 75;
    for (from, _) in text.iter().enumerate().filter(|&(at, byte)| *byte == b'\n' && at / size == 45) {
        for to in 44 * size..47 * size {
            let mut text = text.clone();
            text[from] = b'A';
            text[to] = b'\n';
            compare::every_way(&text);
        }
    }
}

/// A header that runs on into its bases, where the guess looks for its end, and a line end too many in another record.
#[test]
fn a_line_end_too_few_and_one_too_many() {
    for long in 1..200 {
        let mut text = alike(100, 40);
        let from = text.len();
        push(&mut text, &"h".repeat(long), 100, ["+", "\n"]);
        text[from + 1 + long] = b'x';
        let from = text.len();
        push(&mut text, "r1", 100, ["+", "\n"]);
        text[from + 180] = b'\n';
        text.extend(alike(100, 40));
        compare::every_way(&text);
    }
}

#[test]
fn cut_at_every_byte_of_the_last_stretch() {
    let text = alike(100, 60);
    for end in text.len() - 4500..text.len() {
        compare::every_way(&text[..end]);
    }
}

#[test]
fn every_length_around_what_is_guessed() {
    for len in (0..140).chain(185..200).chain(250..263).chain(313..330).chain(1000..1010) {
        compare::every_way(&alike(len, 14_000 / (2 * len + 10)));
    }
}

/// Ends that are not where records of one size would have them, and headers of more bytes than are looked at together.
#[test]
fn headers_of_other_lengths_than_before() {
    for heads in [[1, 9], [1, 70], [60, 68], [62, 66], [100, 130], [127, 129], [128, 200]] {
        for change in [1, 3, 40] {
            let mut text = Vec::new();
            for i in 0..120 {
                push(&mut text, &"h".repeat(heads[i / change % 2]), 100, ["+", "\n"]);
            }
            compare::every_way(&text);
            for at in (9000..text.len()).step_by(37) {
                let mut text = text.clone();
                text[at] = b'\n';
                compare::every_way(&text);
            }
        }
    }
}

/// Runs of reads that are alike, and what comes between them.
fn runs() -> impl Strategy<Value = Vec<u8>> {
    let head = prop_oneof![4 => "[a-z]{1,4}", 1 => "[a-z]{0,3}", 1 => "[a-z]{60,140}"];
    let run = (
        head,
        prop_oneof![0..3_usize, 30..40_usize, 60..70_usize, 150..152_usize, 250..330_usize],
        1..80_usize,
        0..12_u8,
    );
    prop::collection::vec(run, 1..12).prop_map(|runs| {
        let mut text = Vec::new();
        for (head, len, reads, odd) in runs {
            for i in 0..reads {
                push(&mut text, &format!("{head}{i}"), len, ["+", if odd == 0 { "\r\n" } else { "\n" }]);
            }
            match odd {
                1 => text.extend(b"@titled\nAC\n+titled\nII\n"),
                2 => push(&mut text, "longer", len + 1, ["+", "\n"]),
                3 => push(&mut text, "shorter", len.saturating_sub(1), ["+", "\n"]),
                4 if reads % 8 == 0 => text.extend(b"@bad\nACG\n+\nII\n"),
                _ => {}
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn runs_of_reads_alike(text in runs(), sizes in prop::collection::vec(1..9000_usize, 1..5), capacity in 1..50_usize) {
        let expected = oracle::parse(&text);
        compare::slice(&text, SliceReader::new(&text), &expected);
        let builder = Reader::builder().capacity(1 << 14);
        compare::reader(&text, builder.clone().build(Chunks::new(&text, &sizes)), &expected);
        let batch = RecordBuffer::new(capacity);
        compare::batches(&text, builder.build(Chunks::new(&text, &sizes)), batch, &expected);
    }
}
