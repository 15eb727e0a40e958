//! What a user is shown, and what a program finds in an error.

use std::error::Error;
use std::io;

use fqbuf_record::{Checks, GrowthPolicy, ParseError, ParseErrorKind, Reader, RecordBuffer, SliceReader};
use rstest::rstest;

fn error(text: &[u8]) -> ParseError {
    Reader::builder().source_name("a.fq").build(text).records().find_map(Result::err).expect("an error")
}

#[rstest]
#[case::header(b"r1\nA\n+\nI\n", "a.fq: record 1 (line 1, byte 0): header begins with 'r', not with '@'")]
#[case::blank(b"@a\nA\n+\nI\n\n@b", "a.fq: record 2 (line 5, byte 9): blank line where a header is due")]
#[case::at(b"@a\n@\n+\nI\n", "a.fq: record 1 (line 2, byte 3): sequence begins with '@'")]
#[case::plus(b"@a\nA\nA\n+\nII\n", "a.fq: record 1 (line 3, byte 5): third line begins with 'A', not with '+'")]
#[case::plus_blank(b"@a\nA\n\nI\n", "a.fq: record 1 (line 3, byte 5): third line is blank, not '+'")]
#[case::short(b"@a\nAC\n+\nI\n", "a.fq: record 1 (line 4, byte 8): quality has 1 character, sequence has 2")]
#[case::long(b"@a\nA\n+\nII\n", "a.fq: record 1 (line 4, byte 7): quality has 2 characters, sequence has 1")]
#[case::cut(b"@a\nA\n+\n", "a.fq: record 1 (line 3, byte 5): input ends after the '+' line of a record")]
#[case::control(b"\x1f\x8b\n", "a.fq: record 1 (line 1, byte 0): header begins with byte 0x1f, not with '@'")]
fn messages(#[case] text: &[u8], #[case] expected: &str) {
    assert_eq!(error(text).to_string(), expected);
}

/// The error of the README: source, record, line, byte, both lengths, id and hint.
#[test]
fn fault_15_unequal_lengths_are_an_error_with_both_lengths() {
    let text = b"@r1\nACGT\n+\nIIII\n@K00198:305 1:N:0\nACGT\n+\nIII\n@r3\nA\n+\nI\n";
    let mut reader = Reader::builder().source_name("a.fq.gz").compressed(true).build(&text[..]);
    let error = reader.records().find_map(Result::err).unwrap();
    assert_eq!(
        error.report().to_string(),
        "a.fq.gz: record 2 (line 8, byte 41 uncompressed): quality has 3 characters, sequence has 4\n  id: K00198:305"
    );
    assert!(matches!(error.kind(), ParseErrorKind::UnequalLengths { seq: 4, qual: 3 }));
}

/// Line numbers that count records by four, or the line after, are wrong for most kinds.
#[rstest]
#[case::missing_quality(b"@a\nA\n+\nI\n@b\nACG\n+\n@c\nA\n+\nI\n", 8)]
#[case::extra_line(b"@a\nA\n+\nI\n@b\nAC\nAC\n+\nII\n", 7)]
#[case::blank_with_crlf(b"@a\r\nA\r\n+\r\nI\r\n\r\n@b\r\n", 5)]
#[case::header(b"@a\nA\n+\nI\nb\n", 5)]
fn fault_24_the_line_is_the_one_that_breaks_the_rule(#[case] text: &[u8], #[case] line: u64) {
    let found = error(text);
    assert_eq!(found.position().line, line);
    let before = &text[..found.position().byte as usize];
    assert_eq!(before.iter().filter(|b| **b == b'\n').count() as u64 + 1, line, "byte and line agree");
    assert!(before.is_empty() || before.ends_with(b"\n"));
}

/// The line that lacks is known by what stands in its place.
#[test]
fn fault_08_a_missing_quality_line() {
    let found = error(b"@a\nACGT\n+\n@b\nACGT\n+\nIIII\n");
    assert_eq!((found.position().line, found.id()), (4, Some(&b"a"[..])));
    // The next header is as long as the sequence: it passes for the quality, and the line behind it gives it away.
    let found = error(b"@a\nAC\n+\n@b\nAC\n+\nII\n");
    assert!(matches!(found.kind(), ParseErrorKind::MissingAt { found: b'A' }));
    assert_eq!(found.position().line, 5);
}

#[test]
fn fault_23_a_byte_order_mark_is_named() {
    let found = error(b"\xef\xbb\xbf@r1\nA\n+\nI\n");
    assert_eq!((found.position().line, found.position().byte), (1, 0));
    assert!(found.report().to_string().contains("byte order mark"));
    assert!(error(b">r1\nACGT\n").hint().unwrap().contains("FASTA"));
    assert!(error(b"\x1f\x8b\x08").hint().unwrap().contains("compressed"));
}

#[test]
fn an_io_error_is_the_source_and_keeps_its_kind() {
    struct Fails;
    impl io::Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::ConnectionReset, "cable cut"))
        }
    }
    let mut reader = Reader::builder().source_name("net").build(Fails);
    let error = reader.next_record().unwrap_err();
    assert!(!error.is_format());
    assert_eq!(error.source().unwrap().to_string(), "cable cut");
    assert_eq!(error.to_string(), "net: cable cut, reading record 1 (line 1, byte 0)");
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ConnectionReset);
    let format: io::Error = self::error(b"x").into();
    assert_eq!(format.kind(), io::ErrorKind::InvalidData);
    let inner = format.get_ref().and_then(|e| e.downcast_ref::<ParseError>()).unwrap();
    assert!(inner.source().is_none() && inner.position().line == 1);
    assert_eq!(io::Error::from(self::error(b"@x")).kind(), io::ErrorKind::UnexpectedEof);
    let none = Reader::new(&b""[..]).read_batch(&mut RecordBuffer::new(0)).unwrap_err();
    assert_eq!(io::Error::from(none).kind(), io::ErrorKind::InvalidInput);
}

/// An error that tells the input by itself is not made to tell it twice; one that only seems to is.
#[rstest]
#[case("net: member 2 is cut off", "net: member 2 is cut off, reading record 1 (line 1, byte 0 uncompressed)")]
#[case("network down", "net: network down, reading record 1 (line 1, byte 0 uncompressed)")]
fn a_failed_read_names_the_input_once(#[case] said: &'static str, #[case] expected: &str) {
    struct Fails(&'static str);
    impl io::Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other(self.0))
        }
    }
    let mut reader = Reader::builder().source_name("net").compressed(true).build(Fails(said));
    assert_eq!(reader.next_record().unwrap_err().to_string(), expected);
}

/// What is no FASTQ at all says what it may be.
#[rstest]
#[case::utf_16(b"\xff\xfe@\0r\0", "UTF-16")]
#[case::utf_16_the_other_way(b"\0@\0r", "UTF-16")]
#[case::html(b"<!DOCTYPE html>", "HTML")]
#[case::zip(b"PK\x03\x04", "zip")]
#[case::sam(b"@HD\tVN:1.6\n@SQ\tSN:1\tLN:5\n", "SAM")]
#[case::old_mac(b"@r1\rACGT\r+\rIIII\r", "carriage return")]
#[case::old_mac_with_a_description(b"@r1 1:N:0:ACGT\rACGT\r+\rIIII\r", "carriage return")]
#[case::old_mac_without_a_last_line_end(b"@r1\t1:N:0:ACGT\rACGT\r+\rIIII", "carriage return")]
#[case::lz_w(b"\x1f\x9d\x90", "compressed")]
fn a_hint_tells_what_the_file_may_be(#[case] text: &[u8], #[case] expected: &str) {
    let hint = error(text).hint().expect("a hint");
    assert!(hint.contains(expected), "{hint}");
}

/// Behind good records the same bytes are a damaged file, not another format.
#[test]
fn a_hint_about_the_start_is_for_the_start() {
    for behind in [&b"PK"[..], b">r", b"(", b"\x1f\x8b", b"\xfd7zXZ", b"\xef\xbb\xbf@r"] {
        assert!(error(behind).hint().is_some());
        assert_eq!(error(&[b"@a\nA\n+\nI\n", behind].concat()).hint(), None);
    }
    assert_eq!(error(b"@a\nAC\n+\nI\n").hint(), None);
    assert!(error(b"@a\n").hint().unwrap().contains("cut off"));
}

/// Too long for a record, such a file is no less one line.
#[test]
fn a_hint_about_line_ends_that_does_not_wait_for_the_end() {
    let limited = |text: &[u8]| {
        let mut reader = Reader::builder().growth(GrowthPolicy::with_limit(40)).capacity(1).build(text);
        reader.records().find_map(Result::err).expect("an error")
    };
    let old_mac = limited(&b"@r1 1:N:0:ACGT\rACGT\r+\rIIII\r".repeat(3));
    assert!(matches!(old_mac.kind(), ParseErrorKind::RecordTooLong { .. }));
    assert!(old_mac.hint().unwrap().contains("carriage return"));
    // Line ends of two bytes are none of that, nor is a CR elsewhere.
    for long in [format!("@r1 {}\r\nA\r\n", "x".repeat(35)), format!("@r\r1\n{}", "A".repeat(50))] {
        let hint = limited(long.as_bytes()).hint().unwrap();
        assert!(hint.contains("growth policy"), "{hint}");
    }
    assert!(error(b"@r1 1:N:0:ACGT\r\nACGT\r\n").hint().unwrap().contains("cut off"));
    assert!(error(b"@r1 1:N:0:ACGT\r").hint().unwrap().contains("cut off"));
}

/// A file that ends inside of a quality is as cut off as one that ends before it; kind and place are those of the lengths.
#[test]
fn a_quality_that_the_end_of_input_cut_off() {
    for (text, cut) in [
        (&b"@a\nACGT\n+\nIII"[..], true),
        (b"@a\r\nACGT\r\n+\r\nI", true),
        (b"@a\nACGT\n+\nIII\n", false),
        (b"@a\nACGT\n+\nIII\n@", false),
        (b"@a\nACGT\n+\nIIIII", false),
    ] {
        for capacity in [1, 1 << 20] {
            let mut reader = Reader::builder().capacity(capacity).build(text);
            let error = reader.next_record().unwrap_err();
            assert!(matches!(error.kind(), ParseErrorKind::UnequalLengths { seq: 4, .. }));
            assert_eq!(error.position().line, 4);
            assert_eq!(error.hint().is_some_and(|hint| hint.contains("cut off")), cut, "{error}");
            let kind = if cut { io::ErrorKind::UnexpectedEof } else { io::ErrorKind::InvalidData };
            assert_eq!(io::Error::from(error).kind(), kind);
        }
    }
    // Of a part of a slice that goes on, nothing is known of its end.
    let text = b"@a\nACGT\n+\nIII";
    assert!(Reader::builder().build_slice(text).part().next_record().unwrap().is_none());
}

#[test]
fn a_report_has_no_empty_id() {
    assert_eq!(
        error(b"@\n@A\n+\nII\n").report().to_string(),
        "a.fq: record 1 (line 2, byte 2): sequence begins with '@'"
    );
}

/// What the call answers when there is nothing to pass over.
#[test]
fn only_bad_input_is_passed_over_by_hand() {
    let mut reader = Reader::new(&b"@a\nA\n+\nI\n"[..]);
    let none = reader.read_batch(&mut RecordBuffer::new(0)).unwrap_err();
    assert!(!reader.skip_invalid(&none));
    assert_eq!(reader.next_record().unwrap().unwrap().id(), b"a");
    // A batch too small for a record, by which the record counts as bad, and the next one that fits.
    let mut reader = Reader::new(&b"@a\nACGT\n+\nIIII\n@b\nA\n+\nI\n"[..]);
    let mut batch = RecordBuffer::with_byte_limit(4, 12 + RecordBuffer::RECORD_OVERHEAD);
    let long = reader.read_batch(&mut batch).unwrap_err();
    assert_eq!(long.id(), Some(&b"a"[..]));
    assert!(long.hint().unwrap().contains("batch"));
    assert!(reader.skip_invalid(&long));
    assert_eq!(reader.read_batch(&mut batch).unwrap(), 1);
    assert_eq!(batch.get(0).unwrap().id(), b"b");
}

#[test]
fn errors_are_small_and_shareable() {
    fn shareable<T: Send + Sync + 'static>() {}
    shareable::<ParseError>();
    assert_eq!(size_of::<ParseError>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), ParseError>>(), size_of::<usize>());
}

/// A hostile id neither fills memory nor reaches the terminal raw.
#[test]
fn ids_are_shortened_and_escaped() {
    let text = [b"@\x1b[31m", &vec![b'x'; 5000][..], b"\nAC\n+\nI\n"].concat();
    let found = error(&text);
    assert_eq!(found.id().unwrap().len(), 256);
    let report = found.report().to_string();
    assert!(report.contains("id: \\x1b[31mxxx") && report.len() < 600, "{report}");
}

/// A limit, a record beyond it, and the place where it is crossed.
#[test]
fn fault_26_a_record_longer_than_the_buffer() {
    let long = [b"@a\n", &vec![b'A'; 100_000][..], b"\n+\n", &vec![b'I'; 100_000], b"\n"].concat();
    let mut reader = Reader::builder().capacity(1).build(&long[..]);
    assert_eq!(reader.next_record().unwrap().unwrap().len(), 100_000, "grown to");
    let limited = |limit| Reader::builder().capacity(1).growth(GrowthPolicy::with_limit(limit));
    assert!(limited(long.len()).build(&long[..]).next_record().is_ok(), "up to the limit");
    let error = limited(long.len() - 1).build(&long[..]).next_record().unwrap_err();
    let ParseErrorKind::RecordTooLong { limit } = *error.kind() else { panic!("{error:?}") };
    assert_eq!((limit, error.position().line, error.id()), (long.len() - 1, 4, Some(&b"a"[..])));
    // What is behind can still be had.
    let text = [&long[..], b"@b\nA\n+\nI\n"].concat();
    let mut reader = limited(1000).skip_invalid(true).build(&text[..]);
    assert_eq!(reader.next_record().unwrap().unwrap().id(), b"b");
    assert_eq!((reader.skipped().records, reader.skipped().bytes), (1, long.len() as u64));
    assert_eq!(reader.position().line, 9);
}

/// Rounded up without care, it is an empty buffer, or a panic.
#[test]
fn a_capacity_beyond_all_memory_is_refused() {
    let error = Reader::builder().capacity(usize::MAX).build(&b"@a\nA\n+\nI\n"[..]).next_record().unwrap_err();
    assert!(matches!(error.kind(), ParseErrorKind::OutOfMemory));
}

/// The answer with a limit is the same for one read and for many: here a candidate for the next header is too long.
#[test]
fn skipping_with_a_limit_does_not_depend_on_the_reads() {
    let text = [b"@a\nAC\n+\nI\n@", &vec![b'h'; 9000][..], b"\nAC\n+\nII\n@c\nA\n+\nI\n"].concat();
    let builder = Reader::builder().capacity(1).growth(GrowthPolicy::with_limit(100)).skip_invalid(true);
    let mut slice = builder.clone().build_slice(&text);
    let mut reader = builder.build(crate::sources::Chunks::new(&text, &[7]));
    assert_eq!(slice.next_record().unwrap().unwrap().id(), b"c");
    assert_eq!(reader.next_record().unwrap().unwrap().id(), b"c");
    assert_eq!(reader.skipped(), slice.skipped());
    assert_eq!(reader.position(), slice.position());
}

#[test]
fn an_error_of_a_slice_is_that_of_a_stream() {
    let text = b"@a\nAC\n+\nI\x7f\n";
    let builder = Reader::builder().checks(Checks::strict()).source_name("x");
    let slice = builder.clone().build_slice(text).next_record().unwrap_err();
    let stream = builder.build(&text[..]).next_record().unwrap_err();
    assert_eq!(slice.to_string(), stream.to_string());
    assert!(SliceReader::new(b"").next_record().unwrap().is_none());
}
