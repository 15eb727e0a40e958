//! Headers with every optional field, cut and damaged at every byte.

use super::*;

/// A header with all optional fields: a foreign subfield before `BC`, a name, a comment, a CRC.
fn full() -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, flag::EXTRA | flag::NAME | flag::COMMENT | flag::CRC, 1, 2, 3, 4, 0, 3];
    let extra = [b'R', b'A', 3, 0, 9, 9, 9, b'B', b'C', 2, 0, 0x34, 0x12];
    bytes.extend_from_slice(&u16::try_from(extra.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&extra);
    bytes.extend_from_slice(b"reads.fq\0made by hand\0");
    let crc = crc32fast::hash(&bytes).to_le_bytes();
    bytes.extend_from_slice(&crc[..2]);
    bytes
}

#[test]
fn every_field_is_passed_over_and_the_block_size_found() {
    let bytes = full();
    let header = Header { len: bytes.len(), block: Some(0x1235) };
    assert_eq!(parse(&bytes), Parsed::Whole(header));
    let more = [&bytes[..], b"deflate data"].concat();
    assert_eq!(parse(&more), Parsed::Whole(header));
    assert!(is_bgzf(&bytes));
}

#[test]
fn a_header_cut_anywhere_is_cut() {
    let bytes = full();
    for n in 0..bytes.len() {
        assert_eq!(parse(&bytes[..n]), Parsed::Cut, "{n} bytes");
    }
}

#[test]
fn any_flipped_bit_is_caught_by_the_header_crc() {
    let bytes = full();
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        // A flipped length or flag may ask for more bytes, or drop the CRC; what must not happen is the same header.
        assert_ne!(parse(&bad), parse(&bytes), "bit {bit}");
    }
}

#[test]
fn an_extra_field_that_lies_about_its_subfields_is_no_block() {
    let mut bytes = vec![0x1f, 0x8b, 8, flag::EXTRA, 0, 0, 0, 0, 0, 0xff, 6, 0];
    bytes.extend_from_slice(b"BC\x05\x00\x1b\x00");
    assert_eq!(parse(&bytes), Parsed::Whole(Header { len: 18, block: None }));
}
