//! The index as its data come, go and change hands; how line ends are found is tested in `search/tests.rs`.

use super::*;

fn naive(text: &[u8]) -> Vec<(usize, usize)> {
    let mut lines = Vec::new();
    let mut start = 0;
    for end in (0..text.len()).filter(|&i| text[i] == b'\n') {
        lines.push((start, end));
        start = end + 1;
    }
    lines
}

fn all(index: &mut LineIndex, text: &[u8]) -> Vec<(usize, usize)> {
    let mut lines = Vec::new();
    while index.prepare(text, usize::MAX) {
        while index.is_ready() {
            lines.push(index.take());
        }
    }
    lines
}

/// Text of `len` bytes, about one in `one_in` of them a line end; the same for the same arguments.
fn text(len: usize, one_in: usize) -> Vec<u8> {
    (0..len).map(|i| if i * i % one_in == 0 || i % 97 == 0 { b'\n' } else { b'A' }).collect()
}

#[test]
fn every_line_and_how_many_they_are() {
    for one_in in [1, 2, 7, 40, 10_007] {
        let text = text(40_000, one_in);
        let mut index = LineIndex::new();
        let lines = all(&mut index, &text);
        assert_eq!(lines, naive(&text));
        assert_eq!(index.lines(), lines.len() as u64);
        assert_eq!(index.pos(), lines.last().map_or(0, |line| line.1 + 1));
    }
}

#[test]
fn data_that_grows_is_not_searched_again_from_the_start() {
    let text = text(5_000, 40);
    let mut index = LineIndex::new();
    let mut lines = Vec::new();
    for len in 0..=text.len() {
        lines.extend(all(&mut index, &text[..len]));
        assert_eq!(index.searched, len);
    }
    assert_eq!(lines, naive(&text));
}

#[test]
fn dropping_the_front_moves_what_is_left() {
    let text = text(3_000, 25);
    let mut index = LineIndex::new();
    let mut dropped = 0;
    let mut lines = Vec::new();
    while index.prepare(&text[dropped..], usize::MAX) {
        let (start, end) = index.take();
        lines.push((dropped + start, dropped + end));
        dropped += index.rebase();
        assert_eq!((index.pos(), dropped), (0, lines.last().expect("one was pushed").1 + 1));
    }
    assert_eq!(lines, naive(&text));
}

#[test]
fn lines_are_ready_up_to_one_beyond_the_limit() {
    let text = b"1\n22\n\n4444\n1\n";
    let mut index = LineIndex::new();
    assert!(index.prepare(text, 3));
    assert_eq!([index.take(), index.take(), index.take()], [(0, 1), (2, 4), (5, 5)]);
    assert!(!index.is_ready() && !index.prepare(text, 3));
    assert_eq!(index.next_end(text), Some(10));
    index.advance(text, 7);
    assert!(index.prepare(text, 3));
    assert_eq!([index.take(), index.take()], [(7, 10), (11, 12)]);
    assert!(!index.prepare(text, 3));
    assert_eq!(index.lines(), 5);
}

#[test]
fn advancing_takes_the_lines_that_end_before() {
    let text = text(30_000, 50);
    let lines = naive(&text);
    for target in (0..text.len()).step_by(701).chain([text.len()]) {
        let mut index = LineIndex::new();
        index.advance(&text, target);
        assert_eq!(index.pos(), target);
        assert_eq!(index.lines(), lines.iter().filter(|line| line.1 < target).count() as u64);
    }
}

#[test]
fn what_is_left_is_a_line() {
    let mut index = LineIndex::new();
    assert_eq!(all(&mut index, b"A\nB"), [(0, 1)]);
    assert_eq!(index.take_rest(b"A\nB"), 2);
    assert_eq!((index.lines(), index.pos()), (2, 3));
    assert_eq!(all(&mut index, b"A\nB\nC\n"), [(3, 3), (4, 5)]);
}

#[test]
fn a_suspended_index_knows_no_lines_and_resumes() {
    let text = text(500, 10);
    let mut index = LineIndex::new();
    assert!(index.prepare(&text, usize::MAX));
    index.take();
    index.take();
    let dropped = index.rebase();
    let text = &text[dropped..];
    let mark = index.suspend();
    assert_eq!((index.is_ready(), index.next_end(b""), index.pos(), index.lines()), (false, None, 0, 2));
    index.resume(mark);
    assert_eq!(index.lines(), 2);
    assert_eq!(all(&mut index, text), naive(text));
}
