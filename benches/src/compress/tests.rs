//! Both writers read back with flate2's reader.

use std::io::{Read, Write};

use flate2::read::MultiGzDecoder;

use super::{BGZF_EOF, bgzf, gzip};
use crate::{Kind, Rng, Size, to_vec};

fn unpack(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut out).expect("whole members");
    out
}

#[test]
fn gzip_reads_back() {
    let (bytes, _) = to_vec(Kind::Illumina, 1, Size::Bytes(100_000));
    let mut writer = gzip(Vec::new(), 6);
    writer.write_all(&bytes).expect("a Vec takes everything");
    assert_eq!(unpack(&writer.finish().expect("a Vec takes everything")), bytes);
}

#[test]
fn bgzf_reads_back_in_blocks() {
    let mut rng = Rng::new(8);
    let random: Vec<u8> = (0..200_000).map(|_| rng.next_u64() as u8).collect();
    for bytes in [Vec::new(), b"x".to_vec(), to_vec(Kind::Trimmed, 1, Size::Bytes(300_000)).0, random] {
        let mut writer = bgzf(Vec::new(), 6);
        writer.write_all(&bytes).expect("a Vec takes everything");
        let packed = writer.finish().expect("a Vec takes everything");
        assert_eq!(unpack(&packed), bytes);
        let (mut at, mut blocks) = (0, 0);
        while at < packed.len() {
            assert_eq!(packed[at..at + 4], [31, 139, 8, 4]);
            at += usize::from(u16::from_le_bytes([packed[at + 16], packed[at + 17]])) + 1;
            blocks += 1;
        }
        assert_eq!(at, packed.len());
        assert_eq!(blocks, bytes.len().div_ceil(65_280) + 1);
        assert!(packed.ends_with(&BGZF_EOF));
    }
}
