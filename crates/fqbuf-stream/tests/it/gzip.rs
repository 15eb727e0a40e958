//! gzip and BGZF input, whole, cut and damaged.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use fqbuf_stream::StreamErrorKind;

use crate::support::{WAYS, fastq, read, read_every_way};

/// One gzip member.
pub(crate) fn member(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn one_member_of_any_size() {
    for records in [0, 1, 100, 2000, 30_000] {
        let text = fastq(records);
        let out = read_every_way(&member(&text));
        assert!(out.error.is_none(), "{:?}", out.error);
        assert!(out.bytes == text);
    }
}

/// Fails when the decoder stops at the first member's end.
#[test]
fn fault_60_all_members() {
    let text = fastq(9000);
    for size in [1000, 33_000, 65_536, 300_000] {
        let input: Vec<u8> = text.chunks(size).flat_map(member).collect();
        let out = read_every_way(&input);
        assert!(out.error.is_none(), "{:?}", out.error);
        assert!(out.bytes == text);
    }
}

/// Fails when the end of the reader is taken for the end of the data.
#[test]
fn fault_62_cut_at_every_byte() {
    let text = fastq(4);
    let (a, b) = (member(&text[..200]), member(&text[200..]));
    let input = [&a[..], &b].concat();
    for n in 0..=input.len() {
        let out = if n % 10 == 0 { read_every_way(&input[..n]) } else { read(&input[..n], WAYS[n % 2]) };
        assert!(text.starts_with(&out.bytes));
        if [0, a.len(), input.len()].contains(&n) {
            assert!(out.error.is_none(), "{n}: {:?}", out.error);
        } else {
            assert_eq!(out.kind(), Some(StreamErrorKind::Truncated), "{n} bytes");
            assert_eq!(out.offset(), Some(n as u64));
        }
    }
}
