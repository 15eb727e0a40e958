//! Every input over the bytes that matter, up to a length, and every change of one byte of a longer one.

use fqbuf_record::{GrowthPolicy, Reader, SliceReader};

use crate::texts::{crlf, mixed};
use crate::{compare, oracle};

const BYTES: [u8; 5] = *b"@+A\n\r";

/// Calls `f` with every text of `len` bytes.
pub(crate) fn every_text(len: usize, mut f: impl FnMut(&[u8])) {
    let mut text = vec![0; len];
    for number in 0..BYTES.len().pow(len as u32) {
        let mut rest = number;
        for byte in &mut text {
            *byte = BYTES[rest % BYTES.len()];
            rest /= BYTES.len();
        }
        f(&text);
    }
}

/// Whether the long tests run.
pub(crate) fn deep() -> bool {
    std::env::var_os("FQBUF_DEEP").is_some_and(|v| v == "1")
}

#[test]
fn slices_of_up_to_eight_bytes() {
    for len in 0..=if deep() { 10 } else { 8 } {
        every_text(len, |text| compare::slice(text, SliceReader::new(text), &oracle::parse(text)));
    }
}

#[test]
fn streams_of_up_to_six_bytes() {
    for len in 0..=if deep() { 9 } else { 6 } {
        every_text(len, |text| {
            let reader = Reader::builder().capacity(1).build(text);
            compare::reader(text, reader, &oracle::parse(text));
        });
    }
}

#[test]
fn texts_that_begin_well() {
    // The bytes that follow decide what the first record was.
    for start in [&b"@\nA\n+\nA"[..], b"@\nA\n+\n@\n", b"@\n\n+\n\n", b"@\r\nA\r\n+", b"@\nA\n+\nI\n\n"] {
        for len in 0..=if deep() { 7 } else { 5 } {
            every_text(len, |more| {
                let text = [start, more].concat();
                compare::slice(&text, SliceReader::new(&text), &oracle::parse(&text));
            });
        }
    }
}

#[test]
fn every_limit_on_every_short_text() {
    for len in 0..=5 {
        every_text(len, |more| {
            let text = [b"@\nA\n+", more].concat();
            for limit in 2..12 {
                let expected = oracle::parse_from(&text, Default::default(), limit);
                let builder = Reader::builder().capacity(1).growth(GrowthPolicy::with_limit(limit));
                compare::slice(&text, builder.build_slice(&text), &expected);
            }
        });
    }
}

/// Calls `f` with records of two line ends, one byte of which was changed or, of some, left out.
pub(crate) fn with_one_changed_byte(f: impl Fn(&[u8])) {
    let text = mixed(9);
    for text in [crlf(&text), text] {
        // What is behind keeps the change away from the end of the input, where the fast path does not look.
        let text = [text, mixed(8)].concat();
        for at in 0..text.len().min(1100) {
            for byte in *b"\n\r@+A" {
                let mut changed = text.clone();
                changed[at] = byte;
                f(&changed);
                if at % 8 == 0 {
                    changed.remove(at);
                    f(&changed);
                }
            }
        }
    }
}

/// The fast path sees records of these lengths; with the change, only the exact parser may have them.
#[test]
fn one_changed_byte_anywhere() {
    with_one_changed_byte(|changed| compare::slice(changed, SliceReader::new(changed), &oracle::parse(changed)));
}

/// A CR before the LF is the line's end, on either path, however it got there.
#[test]
fn a_carriage_return_is_the_last_quality_or_the_line_end() {
    for len in 0..300 {
        for (seq_cr, qual_cr) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (1, 2), (0, 2)] {
            let line = |byte: u8, cr: usize| [vec![byte; len], vec![b'\r'; cr], vec![b'\n']].concat();
            let record = [b"@r\n", &line(b'A', seq_cr)[..], b"+\n", &line(b'I', qual_cr)].concat();
            let text = [&record[..], &record, &mixed(6)].concat();
            compare::slice(&text, SliceReader::new(&text), &oracle::parse(&text));
        }
    }
}
