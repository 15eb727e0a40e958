//! Faults of other tools that concern single records, one test each. The comment says what a naive version does.

use fqbuf_record::{ParseError, ParseErrorKind, Part, Reader, RecordBuffer, SliceReader};
use rstest::rstest;

use crate::texts::crlf;

/// Header, sequence and qualities of a record.
type Lines = (Vec<u8>, Vec<u8>, Vec<u8>);

/// All records, the same from a stream and from a slice.
fn all(text: &[u8]) -> Result<Vec<Lines>, ParseError> {
    let stream = Reader::builder().capacity(1).build(text).records().collect::<Result<Vec<_>, _>>();
    let slice = SliceReader::new(text).collect::<Result<Vec<_>, _>>();
    match (&stream, &slice) {
        (Ok(a), Ok(b)) => assert!(a.iter().map(|r| r.as_record()).eq(b.iter().copied())),
        (Err(a), Err(b)) => assert_eq!(a.to_string(), b.to_string()),
        _ => panic!("{stream:?}, {slice:?}"),
    }
    Ok(stream?.iter().map(|r| (r.head().to_vec(), r.seq().to_vec(), r.qual().to_vec())).collect())
}

fn error(text: &[u8]) -> ParseError {
    all(text).expect_err("an error")
}

/// A loop over whole lines drops the last record, or its last quality.
#[test]
fn fault_01_no_final_newline() {
    assert_eq!(all(b"@a\nAC\n+\nII\n@b\nGT\n+\nJJ").unwrap(), all(b"@a\nAC\n+\nII\n@b\nGT\n+\nJJ\n").unwrap());
}

/// A parser that keeps the CR counts it as a base; one that strips it from one line only finds unequal lengths.
#[test]
fn fault_02_crlf() {
    let text = b"@a x\nAC\n+a x\nII\n@b\n\n+\n\n";
    assert_eq!(all(&crlf(text)).unwrap(), all(text).unwrap());
}

/// A parser that wants four lines at a time fails at the fifth, blank one.
#[rstest]
#[case(b"\n")]
#[case(b"\n\n\n\n\n")]
#[case(b"\r\n\r\n")]
#[case(b"\r")]
fn fault_04_blank_lines_at_the_end(#[case] tail: &[u8]) {
    assert_eq!(all(&[b"@a\nA\n+\nI\n", tail].concat()).unwrap().len(), 1);
    assert_eq!(all(tail).unwrap().len(), 0, "a file of blank lines has no records");
}

/// A parser that skips blank lines wherever they are takes a lost line for none.
#[rstest]
#[case::between(b"@a\nA\n+\nI\n\n@b\nA\n+\nI\n", 5)]
#[case::after_header(b"@a\n\nA\n+\nI\n", 3)]
#[case::after_sequence(b"@a\nA\n\n+\nI\n", 3)]
#[case::after_plus(b"@a\nA\n+\n\nI\n", 4)]
fn fault_05_blank_lines_between_and_inside(#[case] text: &[u8], #[case] line: u64) {
    assert_eq!(error(text).position().line, line);
}

/// A parser that trims its input first accepts it, with wrong offsets.
#[test]
fn fault_06_newlines_before_the_first_record() {
    let found = error(b"\n\n@a\nA\n+\nI\n");
    assert!(matches!(found.kind(), ParseErrorKind::BlankLine));
    assert_eq!((found.position().line, found.position().byte), (1, 0));
}

/// A parser that takes a missing line for an empty one delivers a record that the file does not have.
#[rstest]
#[case::lone_at(b"@", Part::Header, 1)]
#[case::header(b"@a\n", Part::Header, 1)]
#[case::sequence(b"@a\nAC\n", Part::Sequence, 2)]
#[case::half_a_sequence(b"@a\nAC", Part::Sequence, 2)]
#[case::plus(b"@a\nAC\n+", Part::Separator, 3)]
#[case::plus_line(b"@a\nAC\n+\n", Part::Separator, 3)]
#[case::empty_sequence(b"@a\n\n", Part::Sequence, 2)]
fn fault_07_cut_records(#[case] text: &[u8], #[case] after: Part, #[case] line: u64) {
    let text = [b"@z\nA\n+\nI\n", text].concat();
    let found = error(&text);
    assert!(matches!(*found.kind(), ParseErrorKind::Truncated { after: part } if part == after), "{found:?}");
    assert_eq!((found.position().record, found.position().line), (2, 4 + line));
    assert_eq!(Reader::new(&text[..]).records().filter(Result::is_ok).count(), 1, "the record before it is there");
}

/// A parser that looks for `@` at line starts splits the record at its quality.
#[test]
fn fault_09_quality_begins_with_at() {
    let records = all(b"@a\nACG\n+\n@II\n@b\nA\n+\n@\n").unwrap();
    assert_eq!((records.len(), &records[0].2[..]), (2, &b"@II"[..]));
}

/// A parser that takes `\n\n` for the end, or an empty line for a missing one, loses the record.
#[test]
fn fault_13_empty_sequences_are_records() {
    let records = all(b"@a\n\n+\n\n@b\nA\n+\nI\n@c\n\n+\n\n").unwrap();
    assert_eq!(records.iter().map(|r| r.1.len()).collect::<Vec<_>>(), [0, 1, 0]);
}

/// A parser that skips records without qualities drops data in silence.
#[test]
fn fault_14_no_quality_for_a_sequence() {
    let found = error(b"@a\nACG\n+\n\n@b\nA\n+\nI\n");
    assert!(matches!(found.kind(), ParseErrorKind::UnequalLengths { seq: 3, qual: 0 }));
    assert_eq!(found.position().line, 4);
}

/// A parser that reads sequence lines until a `+` comes reads for ever, or the whole file into one record.
#[test]
fn fault_16_no_plus_ever() {
    let text = [b"@a\n".to_vec(), b"ACGT\n".repeat(10_000)].concat();
    let found = error(&text);
    assert!(matches!(found.kind(), ParseErrorKind::MissingPlus { found: b'A' }));
    assert_eq!(found.position().line, 3);
}

/// Code that trims, then indexes the first byte, panics.
#[rstest]
#[case(b" ")]
#[case(b" \n \n \n \n")]
#[case(b"\t\n")]
#[case(b"@ \n \n+\n \n")]
#[case(b"@\n\t\n+\n\t\n")]
fn fault_17_white_space_only(#[case] text: &[u8]) {
    match all(text) {
        Ok(records) => assert!(text[0] == b'@' && records.len() == 1 && records[0].1.len() == 1),
        Err(found) => assert!(matches!(found.kind(), ParseErrorKind::MissingAt { .. })),
    }
}

/// Code that looks for the sequence behind the header's newline indexes past the end.
#[rstest]
#[case(b"@a")]
#[case(b"@a\r")]
#[case(b"@a\r\n")]
#[case(b"@")]
fn fault_18_a_header_at_the_end(#[case] text: &[u8]) {
    let text = [b"@z\nA\n+\nI\n", text].concat();
    assert!(matches!(error(&text).kind(), ParseErrorKind::Truncated { after: Part::Header }));
}

/// Every input of a fuzzer is an answer or an error: all bytes, in all places of a short record.
#[test]
fn fault_19_no_input_panics() {
    let text = b"@a\r\nAC\n+\nI\r\n\n";
    for at in 0..text.len() {
        for byte in 0..=u8::MAX {
            let mut changed = text.to_vec();
            changed[at] = byte;
            let _ = all(&changed);
            let _ = all(&changed[at..]);
            let _ = all(&changed[..at]);
        }
    }
}

/// A trim of the line end that uses the offsets of another buffer cuts the wrong line, or panics.
#[test]
fn fault_20_line_ends_are_trimmed_where_the_line_is() {
    for size in 1..20 {
        let text = b"@a\r\nACGT\n+\r\nIIII\r\n@b\nA\r\n+\nI";
        let source = crate::sources::Chunks::new(text, &[size]);
        let mut reader = Reader::builder().capacity(1).build(source);
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!((records[0].qual(), records[1].qual()), (&b"IIII"[..], &b"I"[..]));
        assert_eq!((records[0].head(), records[1].seq()), (&b"a"[..], &b"A"[..]));
    }
}

/// Code that makes strings of lines panics, or replaces bytes.
#[test]
fn fault_21_any_byte_passes() {
    let qual: Vec<u8> = (0..=u8::MAX).filter(|b| !matches!(b, b'\n' | b'\r')).collect();
    let text = [b"@\xff\x00\nA", &vec![b'C'; qual.len() - 1][..], b"\n+\n", &qual, b"\n"].concat();
    let records = all(&text).unwrap();
    assert_eq!((&records[0].0[..], &records[0].2), (&b"\xff\x00"[..], &qual));
}

/// A quality string as an address into a fixed table is the overflow of a published attack; here lengths are checked
/// before they are used, whatever their size.
#[test]
fn fault_27_lines_of_any_length_next_to_short_ones() {
    for len in [4094, 4095, 4096, 4097, 8191, 8192, 70_000] {
        let line = vec![b'A'; len];
        let text = [b"@", &line[..], b"\n", &line, b"\n+", &line, b"\n", &line, b"\n@b\nC\n+\nI\n"].concat();
        let records = all(&text).unwrap();
        assert_eq!((records.len(), records[0].1.len(), &records[1].1[..]), (2, len, &b"C"[..]));
        let wrong = [b"@", &line[..], b"\n", &line, b"\n+\n", &line, b"I\n"].concat();
        assert!(matches!(error(&wrong).kind(), ParseErrorKind::UnequalLengths { .. }));
    }
}

/// Counters of 32 bits wrap after 4 G records, lines or bytes. All are u64, also where the platform's words are smaller.
#[test]
fn fault_56_and_57_counters_have_64_bits() {
    let found = error(b"@a\nA\n+\n");
    let moved = found.offset_by(1 << 33, 4 << 33, 300 << 33);
    let place = moved.position();
    assert_eq!((place.record, place.line, place.byte), ((1 << 33) + 1, (4 << 33) + 3, (300 << 33) + 5));
    assert!(moved.to_string().contains("record 8589934593 (line 34359738371, byte 2576980377605)"));
    let _: u64 = Reader::new(&b""[..]).skipped().bytes;
}

/// A reader that reports an empty input as an error, or divides by its count of records.
#[test]
fn fault_58_an_empty_input_has_no_records() {
    assert!(all(b"").unwrap().is_empty());
    let mut reader = Reader::new(&b""[..]);
    assert_eq!(reader.read_batch(&mut RecordBuffer::new(10)).unwrap(), 0);
    assert_eq!(reader.position(), Default::default());
}

/// A batch of mates is read from both inputs by one call: nobody can come between the two halves of a pair.
#[test]
fn fault_70_pairs_are_read_in_one_call() {
    use fqbuf_record::{PairBuffer, PairedReader};
    use std::sync::Mutex;
    let text: Vec<u8> = (0..2000).flat_map(|i| format!("@r{i}\nA\n+\nI\n").into_bytes()).collect();
    let reader = Mutex::new(PairedReader::new(Reader::new(&text[..]), Reader::new(&text[..])));
    let pairs = std::thread::scope(|scope| {
        let work = || {
            let mut batch = PairBuffer::new(7);
            let mut pairs = 0;
            while reader.lock().unwrap().read_batch(&mut batch).unwrap() > 0 {
                assert!(batch.iter().all(|(a, b)| a.id() == b.id()));
                pairs += batch.len();
            }
            pairs
        };
        let workers = [scope.spawn(work), scope.spawn(work), scope.spawn(work)];
        workers.into_iter().map(|worker| worker.join().unwrap()).sum::<usize>()
    });
    assert_eq!(pairs, 2000);
}

/// Sums over parts are integers: no order of merging changes them.
#[test]
fn fault_59_parts_in_any_order_have_the_same_sums() {
    let text = crate::texts::mixed(200);
    let sums = |order: &mut dyn Iterator<Item = u64>| {
        let mut sums = (0_u64, 0_u64);
        for index in order {
            let part = fqbuf_record::even_part(text.len() as u64, index, 5);
            for record in Reader::builder().build_part(&text[..], part).unwrap().records() {
                let record = record.unwrap();
                sums.0 += record.len() as u64;
                sums.1 += record.qual().iter().map(|q| u64::from(q - 33)).sum::<u64>();
            }
        }
        sums
    };
    let serial = all(&text).unwrap().iter().fold((0, 0), |sums, (_, seq, qual)| {
        (sums.0 + seq.len() as u64, sums.1 + qual.iter().map(|q| u64::from(*q) - 33).sum::<u64>())
    });
    assert_eq!((sums(&mut (0..5)), sums(&mut (0..5).rev())), (serial, serial));
}
