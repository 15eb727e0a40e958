//! Every way to search against a look at one byte after the other.

use super::*;

type Way = fn(&[u8], usize, &mut Starts) -> (usize, usize);

/// The one that this processor takes, and the one of processors without a unit of their own.
const WAYS: [Way; 2] = [find_lines, portable::find_lines];

fn naive(text: &[u8]) -> Vec<usize> {
    (0..text.len()).filter(|&i| text[i] == b'\n').map(|end| end + 1).collect()
}

/// Starts of all lines but the first, found by one search behind the other.
fn all(way: Way, text: &[u8]) -> Vec<usize> {
    let mut starts = [usize::MAX; FOUND + 1];
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let (count, searched) = way(&text[at..], at, &mut starts);
        assert!(searched > 0 && searched <= text.len() - at);
        assert!(count > 0 || searched == text.len() - at);
        found.extend(&starts[1..=count]);
        at += searched;
    }
    assert_eq!(starts[0], usize::MAX);
    found
}

#[track_caller]
fn check(text: &[u8], what: impl std::fmt::Debug) {
    let expected = naive(text);
    for way in WAYS {
        assert_eq!(all(way, text), expected, "{what:?}");
    }
}

/// Text of `len` bytes, each a line end with the chance `one_in`; the same for the same arguments.
fn text(len: usize, one_in: u64, mut state: u64) -> Vec<u8> {
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    (0..len).map(|_| if next().is_multiple_of(one_in) { b'\n' } else { b'\n' ^ (1 << (next() % 8)) }).collect()
}

#[test]
fn every_place_of_64_bytes_alone_and_with_every_other() {
    for i in 0..64 {
        for j in i..64 {
            let mut text = [b'\x0b'; 64];
            text[i] = b'\n';
            text[j] = b'\n';
            check(&text, (i, j));
        }
    }
}

#[test]
fn every_place_of_several_masks_with_others_near_and_far() {
    for i in 0..600 {
        for distance in [1, 2, 3, 31, 63, 64, 65, 150, 151, 448, 512] {
            let mut text = [b'A'; 1_200];
            for place in [i, i + distance, i + distance + 2] {
                text[place] = b'\n';
            }
            check(&text, (i, distance));
        }
    }
}

#[test]
fn every_length_at_every_density() {
    for one_in in [1, 2, 3, 10, 25, 70, 150, 1_000, u64::MAX] {
        let lengths = (0..200).chain((500..600).step_by(7)).chain([1_023, 1_024, 1_025, 1_087, 1_088]);
        for len in lengths.chain([4_095, 4_096, 4_097, 4_700, 20_000, 100_000]) {
            check(&text(len, one_in, len as u64), (len, one_in));
        }
    }
}

#[test]
fn text_that_begins_anywhere() {
    let text = text(5_000, 60, 4);
    for from in 0..70 {
        check(&text[from..], from);
    }
}

#[test]
fn a_line_end_behind_every_stretch_without_one() {
    for len in (0..4_000).step_by(37).chain([1_024, 4_096, 4_097, 3 * 4_096]) {
        let mut text = vec![b'A'; len];
        text.extend_from_slice(b"\n\nB");
        check(&text, len);
    }
}

#[test]
fn places_count_from_where_the_text_begins() {
    for way in WAYS {
        let mut starts = [0; FOUND + 1];
        assert_eq!(way(b"\nA\nB", 5_000_000_000_usize, &mut starts), (2, 4));
        assert_eq!(starts[1..3], [5_000_000_001, 5_000_000_003]);
    }
}
