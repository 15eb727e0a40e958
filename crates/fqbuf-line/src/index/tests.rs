//! The index against a search for one byte after the other.

use super::*;

fn naive(text: &[u8]) -> Vec<usize> {
    (0..text.len()).filter(|&i| text[i] == b'\n').collect()
}

fn all(index: &mut LineIndex, text: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    while let Some(end) = index.find(text) {
        ends.push(end);
        index.take();
    }
    ends
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
fn every_place_of_a_chunk_alone_and_with_every_other() {
    for i in 0..64 {
        for j in i..64 {
            let mut chunk = [b'\x0b'; 64];
            chunk[i] = b'\n';
            chunk[j] = b'\n';
            assert_eq!(all(&mut LineIndex::new(), &chunk), naive(&chunk), "{i} {j}");
        }
    }
}

#[test]
fn every_length_at_every_density() {
    for one_in in [1, 2, 3, 10, 70, 1_000, u64::MAX] {
        for len in (0..200).chain([1_023, 1_024, 1_025, 1_087, 1_088, 4_095, 4_096, 4_097, 20_000, 100_000]) {
            let text = text(len, one_in, len as u64);
            assert_eq!(all(&mut LineIndex::new(), &text), naive(&text), "{len} bytes, one line end in {one_in}");
        }
    }
}

#[test]
fn a_line_end_behind_every_stretch_without_one() {
    for len in (0..4_000).step_by(37).chain([1_024, 4_096, 4_097, 3 * 4_096]) {
        let mut text = vec![b'A'; len];
        text.extend_from_slice(b"\n\nB");
        assert_eq!(all(&mut LineIndex::new(), &text), [len, len + 1]);
    }
}

#[test]
fn data_that_grows_is_not_searched_again_from_the_start() {
    let text = text(5_000, 40, 1);
    let mut index = LineIndex::new();
    let mut ends = Vec::new();
    for len in 0..=text.len() {
        ends.extend(all(&mut index, &text[..len]));
        assert_eq!(index.searched, len);
    }
    assert_eq!(ends, naive(&text));
}

#[test]
fn dropping_the_front_moves_what_is_left() {
    let text = text(3_000, 25, 2);
    let mut index = LineIndex::new();
    let mut dropped = 0;
    let mut ends = Vec::new();
    while let Some(end) = index.find(&text[dropped..]) {
        ends.push(dropped + end);
        index.take();
        // All of the line, or some of the next one too, but no line end that is not taken.
        let next = index.first().unwrap_or(end + 1);
        let n = if ends.len() % 2 == 0 { next } else { end + 1 };
        index.shift(n);
        dropped += n;
    }
    assert_eq!(ends, naive(&text));
}

#[test]
fn a_suspended_index_knows_nothing_and_resumes() {
    let text = text(500, 10, 3);
    let mut index = LineIndex::new();
    index.find(&text);
    index.take();
    let first = index.first();
    let mark = index.suspend();
    assert_eq!((index.first(), index.find(b"")), (None, None));
    index.resume(mark);
    assert_eq!(index.first(), first);
}

#[test]
fn transposing_twice_changes_nothing() {
    for (i, &place) in PLACE.iter().enumerate() {
        let bit = 1_u64 << i;
        assert_eq!(transpose(bit), 1 << place);
        assert_eq!(transpose(transpose(bit | 1)), bit | 1);
    }
}
