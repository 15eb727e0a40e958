//! Detection from every length of a start.

use super::*;

/// A BGZF end block.
const EMPTY_BLOCK: [u8; 28] =
    [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn text_is_plain_from_its_first_byte() {
    assert!(undecided(b""));
    for text in [&b"@"[..], b">", b"\n", b"\xef", b"ACGT"] {
        assert!(!undecided(text));
        assert_eq!(Format::from_start(text), Format::Plain);
    }
}

#[test]
fn a_magic_number_cut_anywhere_is_its_format() {
    for (format, magic) in MAGICS {
        let magic: Vec<u8> = magic.iter().map(|&b| if b == b'?' { b'9' } else { b }).collect();
        for n in 1..=magic.len() {
            assert_eq!(Format::from_start(&magic[..n]), format, "{n} bytes");
            assert!(undecided(&magic[..n]) || n >= 6, "{format} {n}");
        }
    }
}

#[test]
fn a_magic_number_with_a_wrong_byte_is_plain() {
    for start in [&b"\x1f\x8a"[..], b"BZh0", b"BZ1", b"(\xb5\x2f\xfe", b"\xfd7zXX"] {
        assert_eq!(Format::from_start(start), Format::Plain, "{start:?}");
    }
}

#[test]
fn bgzf_is_told_once_its_subfield_is_there() {
    for n in 2..EMPTY_BLOCK.len() {
        let start = &EMPTY_BLOCK[..n];
        assert_eq!(Format::from_start(start), if n < 18 { Format::Gzip } else { Format::Bgzf }, "{n} bytes");
        assert_eq!(undecided(start), n < 18, "{n} bytes");
    }
}

#[test]
fn a_skippable_frame_needs_all_four_bytes() {
    assert_eq!(Format::from_start(b"P*M"), Format::Plain);
    assert!(undecided(b"P*M"));
    assert_eq!(Format::from_start(b"P*M\x18"), Format::Zstd);
    assert_eq!(next_part(Format::Zstd, b"_*"), Next::Unclear);
    assert_eq!(next_part(Format::Zstd, b"_*M\x18"), Next::Part);
    assert_eq!(next_part(Format::Zstd, b"_*N"), Next::Garbage);
    assert_eq!(next_part(Format::Gzip, b"\x1f"), Next::Unclear);
    assert_eq!(next_part(Format::Gzip, b"\x1f\x8b"), Next::Part);
    assert_eq!(next_part(Format::Plain, b"@"), Next::Garbage);
}
