//! What is left unchecked, added up on either side.

use super::*;

/// The block's data, and what of them is left: up to `first`, sealed or not, and from `last` on.
fn left(first: usize, seal: Option<Seal>, last: usize, data: &[u8], added: bool) -> Unchecked {
    let mut left = Unchecked { first, seal, last, ..Unchecked::default() };
    if added {
        left.add_up(data);
    }
    left
}

/// The trailer of `data`, as that of member `part` at compressed byte 1000.
fn seal(data: &[u8], part: u64) -> Option<Seal> {
    let mut trailer = [0; TRAILER];
    trailer[..4].copy_from_slice(&crc32fast::hash(data).to_le_bytes());
    trailer[4..].copy_from_slice(&u32::try_from(data.len()).expect("small").to_le_bytes());
    Some(Seal { trailer, part, offset: 1000 })
}

/// Two members over three blocks: the first ends in the second, the second in no data of the third.
fn three_blocks(
    text: &[u8],
    cut: usize,
    trailers: [Option<Seal>; 2],
    added: usize,
) -> Result<(), (usize, StreamError)> {
    let name = Arc::from("sample");
    let (one, two) = text.split_at(text.len() / 2);
    let mut checker = Checker::default();
    let added = |block: usize| added >> block & 1 == 1;
    checker.compare(one, &left(0, None, 0, one, added(0)), &name)?;
    checker.compare(two, &left(cut, trailers[0], cut, two, added(1)), &name)?;
    checker.compare(&[], &left(0, trailers[1], usize::MAX, &[], added(2)), &name)
}

#[test]
fn it_does_not_matter_who_adds_up() {
    let text: Vec<u8> = (0..2000_u32).map(|n| (n * n % 251) as u8).collect();
    for (cut, added) in [0, 1, 500, 999, 1000].into_iter().flat_map(|cut| (0..8).map(move |added| (cut, added))) {
        let (first, second) = text.split_at(1000 + cut);
        let (good, bad) = ([seal(first, 1), seal(second, 2)], [seal(b"x", 1), seal(b"y", 2)]);
        assert!(three_blocks(&text, cut, good, added).is_ok(), "{cut} {added:b}");
        let (sound, e) = three_blocks(&text, cut, [bad[0], good[1]], added).expect_err("a wrong trailer");
        assert_eq!((sound, e.kind(), e.compressed_offset()), (cut, StreamErrorKind::Checksum, Some(1000)));
        let (sound, e) = three_blocks(&text, cut, [good[0], bad[1]], added).expect_err("a wrong trailer");
        assert_eq!((sound, e.kind(), e.compressed_offset()), (0, StreamErrorKind::Checksum, Some(1000)));
    }
}

#[test]
fn what_was_added_up_before_counts() {
    let name = Arc::from("sample");
    for added in [false, true] {
        let mut checker = Checker::default();
        let mut first = left(4, seal(b"12345678", 1), usize::MAX, b"5678", added);
        first.before = Some(Check::of(b"1234"));
        assert!(checker.compare(b"5678", &first, &name).is_ok());
        assert!(checker.compare(b"90", &left(0, None, 0, b"90", added), &name).is_ok());
        let wrong_length = Seal {
            trailer: [seal(b"90", 2).expect("one").trailer[..4].try_into().expect("four"), [9; 4]]
                .concat()
                .try_into()
                .expect("eight"),
            part: 2,
            offset: 0,
        };
        let (_, e) =
            checker.compare(b"", &left(0, Some(wrong_length), usize::MAX, b"", added), &name).expect_err("9 and 2");
        assert_eq!((e.kind(), e.compressed_offset()), (StreamErrorKind::Length, Some(4)));
    }
}
