//! The generated sets against the oracle, and against sums that every machine must reach.

use super::{Kind, ParseSizeError, Size, to_vec, write, write_pair};
use crate::oracle;

/// FNV-1a, to pin bytes in one number.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn every_kind_reads_back_with_its_totals() {
    for kind in Kind::ALL {
        let (bytes, totals) = to_vec(kind, 5, Size::Bytes(300_000));
        assert_eq!(oracle(&bytes), Ok(totals), "{}", kind.name());
        assert!(totals.bytes >= 300_000);
    }
}

#[test]
fn the_bytes_are_the_same_on_every_machine() {
    const DIGESTS: [&str; 4] = ["1911850e6343126d", "fad14a4fb69ca777", "127524e5af033b51", "f208a42cda7f06b7"];
    let found = Kind::ALL.map(|kind| digest(&to_vec(kind, 1, Size::Records(50)).0));
    assert_eq!(found.map(|digest| format!("{digest:016x}")), DIGESTS);
}

#[test]
fn streaming_writes_what_memory_holds() {
    for kind in Kind::ALL {
        let mut streamed = Vec::new();
        let totals = write(kind, 9, Size::Bytes(1_000_000), &mut streamed).expect("a Vec takes everything");
        assert_eq!((streamed, totals), to_vec(kind, 9, Size::Bytes(1_000_000)), "{}", kind.name());
    }
}

#[test]
fn nothing_asked_gives_nothing() {
    for size in [Size::Bytes(0), Size::Records(0)] {
        assert!(to_vec(Kind::Long, 1, size).0.is_empty());
    }
    assert_eq!(to_vec(Kind::Trimmed, 1, Size::Bytes(1)).1.records, 1);
    assert_eq!(to_vec(Kind::Interleaved, 1, Size::Records(1)).1.records, 2);
}

#[test]
fn pairs_are_the_interleaved_set_in_two_files() {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let totals = write_pair(3, Size::Records(40), &mut first, &mut second).expect("a Vec takes everything");
    let (both, together) = to_vec(Kind::Interleaved, 3, Size::Records(80));
    assert_eq!(totals.map(|one| one.records), [40, 40]);
    assert_eq!(totals[0].bytes + totals[1].bytes, together.bytes);
    let mates = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (first, second, both) = (mates(&first), mates(&second), mates(&both));
    for record in 0..40 {
        assert_eq!(both[8 * record..8 * record + 4], first[4 * record..4 * record + 4]);
        assert_eq!(both[8 * record + 4..8 * record + 8], second[4 * record..4 * record + 4]);
        let name = |header: &[u8]| header.split(|byte| *byte == b' ').next().map(<[u8]>::to_vec);
        assert_eq!(name(&first[4 * record]), name(&second[4 * record]));
    }
}

#[test]
fn trimmed_reads_have_their_lengths_and_awkward_first_qualities() {
    let (bytes, _) = to_vec(Kind::Trimmed, 2, Size::Records(2000));
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let qualities = || lines.chunks_exact(4).map(|record| record[3]);
    assert_eq!(qualities().map(<[u8]>::len).min(), Some(35));
    assert_eq!(qualities().map(<[u8]>::len).max(), Some(151));
    assert!(qualities().filter(|quality| quality[0] == b'@').count() > 50);
    assert!(qualities().filter(|quality| quality[0] == b'+').count() > 50);
}

#[test]
fn sizes_are_read_from_text() {
    assert_eq!("300MB".parse(), Ok(Size::Bytes(300_000_000)));
    assert_eq!("64MiB".parse(), Ok(Size::Bytes(64 << 20)));
    assert_eq!("4096".parse(), Ok(Size::Bytes(4096)));
    assert_eq!("20000r".parse(), Ok(Size::Records(20_000)));
    for wrong in ["", "MB", "-1", "1.5GB", "3 MB", "1TB", "99999999999GB"] {
        assert_eq!(wrong.parse::<Size>(), Err(ParseSizeError), "{wrong}");
    }
}
