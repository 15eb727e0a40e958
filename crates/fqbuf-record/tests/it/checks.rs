//! The optional checks: each finds its fault, names the line, and is off by default.

use fqbuf_record::{Alphabet, Checks, ParseError, ParseErrorKind, Position, Reader, SliceReader};
use rstest::rstest;

fn error(text: &[u8], checks: Checks) -> Option<ParseError> {
    assert!(SliceReader::new(text).all(|record| record.is_ok()), "accepted without the check");
    let slice = Reader::builder().checks(checks).build_slice(text).find_map(Result::err);
    let stream = Reader::builder().checks(checks).capacity(1).build(text).records().find_map(Result::err);
    assert_eq!(slice.as_ref().map(ToString::to_string), stream.as_ref().map(ToString::to_string));
    slice
}

/// Every place of every length, so that no lane or tail of a wide comparison is blind.
#[test]
fn fault_21_a_byte_out_of_range_at_every_place() {
    for len in (1..70).chain([255, 256, 257, 300]) {
        for at in 0..len {
            for found in [0, b' ', 0x7f, 0x80, 0xff, b'\r', b'\t'] {
                let mut qual = vec![b'I'; len];
                qual[at] = found;
                let line = [b"@r\n", &vec![b'A'; len][..], b"\n+\n", &qual, b"\n"].concat();
                if found == b'\r' && at + 1 == len {
                    continue;
                }
                let builder = Reader::builder().checks(Checks::strict());
                let error = builder.build_slice(&line).next_record().unwrap_err();
                let ParseErrorKind::QualityOutOfRange { found: byte, column, min: b'!', max: b'~' } = *error.kind()
                else {
                    panic!("{error:?}")
                };
                assert_eq!((byte, column), (found, at as u64 + 1));
                assert_eq!((error.position().line, error.position().byte), (4, len as u64 + 6));
            }
        }
    }
}

#[rstest]
#[case::lowest(b'!', true)]
#[case::highest(b'J', true)]
#[case::above(b'K', false)]
#[case::below(b' ', false)]
#[case::old_illumina(b'h', false)]
fn fault_22_the_quality_range_is_the_callers(#[case] quality: u8, #[case] accepted: bool) {
    let text = [b"@r\nAC\n+\nI", &[quality][..], b"\n"].concat();
    assert_eq!(error(&text, Checks::none().quality_range(b'!'..=b'J')).is_none(), accepted);
    assert!(error(&text, Checks::none()).is_none());
}

#[test]
fn an_empty_range_accepts_no_quality() {
    #[allow(clippy::reversed_empty_ranges)]
    let checks = Checks::none().quality_range(b'J'..=b'!');
    assert!(error(b"@r\nA\n+\nI\n", checks).is_some());
    assert!(error(b"@r\n\n+\n\n", checks).is_none(), "there is none to accept");
}

#[rstest]
#[case::absent("", true)]
#[case::equal("r x", true)]
#[case::a_part("r", false)]
#[case::other("s x", false)]
fn fault_12_the_title_may_be_compared(#[case] title: &str, #[case] accepted: bool) {
    for end in ["\n", "\r\n"] {
        let text = format!("@r x{end}AC{end}+{title}{end}II{end}");
        let found = error(text.as_bytes(), Checks::none().title(true));
        assert_eq!(found.is_none(), accepted);
        if let Some(found) = found {
            let byte = text.find('+').unwrap() as u64;
            assert!(matches!(found.kind(), ParseErrorKind::TitleMismatch));
            assert_eq!((found.position().line, found.position().byte, found.id()), (3, byte, Some(&b"r"[..])));
        }
    }
}

/// White space at a line's end is a byte like others: it counts, and it stays, until somebody asks.
#[test]
fn fault_25_stray_white_space_is_kept() {
    let text = b"@r1 \nACG \n+\t\nIII \n";
    let record = SliceReader::new(text).next().unwrap().unwrap();
    assert_eq!((record.head(), record.seq(), record.qual()), (&b"r1 "[..], &b"ACG "[..], &b"III "[..]));
    assert_eq!((record.title(), record.description()), (&b"\t"[..], Some(&b""[..])));
    let found = error(text, Checks::none().alphabet(Alphabet::Graphic)).unwrap();
    assert!(matches!(found.kind(), ParseErrorKind::InvalidBase { found: b' ', column: 4 }));
    assert_eq!((found.position().line, found.position().byte), (2, 5));
}

#[test]
fn alphabets_hold_what_they_say() {
    for byte in 0..=u8::MAX {
        if matches!(byte, b'\n' | b'\r' | b'@') {
            continue;
        }
        let text = [b"@r\nA", &[byte][..], b"\n+\nII\n"].concat();
        for alphabet in [Alphabet::Any, Alphabet::Graphic, Alphabet::Iupac, Alphabet::Dna] {
            let found = error(&text, Checks::none().alphabet(alphabet));
            assert_eq!(found.is_none(), alphabet.contains(byte), "{byte} {alphabet:?}");
        }
    }
    assert!(b"ACGTUNacgtun-.*RYSWKMBDHV".iter().all(|b| Alphabet::Iupac.contains(*b)));
    assert!(!b"EFIJLOPQXZ 1@".iter().any(|b| Alphabet::Iupac.contains(*b)));
}

/// The first broken rule in the order of the lines is the one that is named.
#[test]
fn one_error_a_record_in_the_order_of_lines() {
    let text = b"@ok\nA\n+\nI\n@r\nA C\n+other\nI\x7fI\n@ok2\nA\n+\nI\n";
    let found = error(text, Checks::strict()).unwrap();
    assert!(matches!(found.kind(), ParseErrorKind::InvalidBase { .. }));
    assert_eq!((found.position().record, found.position().line), (2, 6));
    let mut reader = Reader::builder().checks(Checks::strict()).skip_invalid(true).capacity(1).build(&text[..]);
    let ids: Vec<Vec<u8>> = reader.records().map(|r| r.unwrap().id().to_vec()).collect();
    assert_eq!(ids, [b"ok".to_vec(), b"ok2".to_vec()]);
    assert_eq!((reader.skipped().records, reader.skipped().bytes), (1, 18));
}

/// Lines of a whole record that look like the beginning of another one. Red when `r1`'s quality line becomes a header.
#[test]
fn a_record_that_fails_a_check_is_skipped_as_it_stands() {
    let first = [&b"@r1\nAC\n+\n@\x7f\n"[..], b"@r1\nA \n+\n@I\n", b"@r1\nAC\n+r2\n@I\n"];
    for first in first {
        for neighbour in [&b"GG\n+\nII\n"[..], b"\n", b""] {
            let text = [first, neighbour, b"@r3\nA\n+\nI\n"].concat();
            let mut reader = Reader::builder().checks(Checks::strict()).capacity(1).build(&text[..]);
            let error = reader.next_record().unwrap_err();
            assert!(reader.skip_invalid(&error) && !reader.skip_invalid(&error));
            let second = Position { record: 2, line: 5, byte: first.len() as u64 };
            assert_eq!((reader.position(), reader.skipped().bytes), (second, second.byte));
            if !neighbour.is_empty() {
                let error = reader.next_record().unwrap_err();
                assert_eq!(error.position(), second, "{error}");
                assert!(reader.skip_invalid(&error));
            }
            assert_eq!(reader.next_record().unwrap().unwrap().id(), b"r3");
            assert!(reader.next_record().unwrap().is_none());
            let bytes = (text.len() - b"@r3\nA\n+\nI\n".len()) as u64;
            let places = 1 + u64::from(!neighbour.is_empty());
            assert_eq!((reader.skipped().records, reader.skipped().bytes), (places, bytes));
        }
    }
}
