//! Reads of many lengths whose third line is a bare `+`, of which the fast path looks for three line ends of four: what it does
//! not look for never hides what is wrong.

use crate::compare;
use crate::texts::push;

/// Records of 3 to 150 bases, no two in a row of one length.
fn records(count: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for i in 0..count {
        push(&mut text, &"r".repeat(2 + i % 3), [60, 3, 150, 7, 64, 33, 100, 31][i % 8], ["+", "\n"]);
    }
    text
}

/// `change`d in the middle, where the fast path looks before and behind.
fn changed(change: impl Fn(&mut Vec<u8>)) {
    let mut text = records(21);
    change(&mut text);
    text.extend(records(16));
    compare::every_way(&text);
}

#[test]
fn three_bytes_changed_anywhere_in_a_few_records() {
    let (from, to) = (records(16).len(), records(18).len() + 2);
    for at in from..to {
        for number in 0..125 {
            let bytes = [number % 5, number / 5 % 5, number / 25].map(|digit| b"\n+A@\r"[digit]);
            changed(|text| text[at..at + 3].copy_from_slice(&bytes));
        }
    }
}

/// Every other byte a line end, from any place on.
#[test]
fn line_ends_two_bytes_apart() {
    let (from, to) = (records(16).len(), records(20).len());
    for at in from..to {
        for count in 1..6 {
            changed(|text| text[at..].iter_mut().step_by(2).take(count).for_each(|byte| *byte = b'\n'));
            changed(|text| drop(text.splice(at..at, b"\nA\n+\n".iter().copied().cycle().take(count))));
        }
    }
}

/// Of each kind that the fast path leaves to others, one record among many, many in a row, and nothing else.
#[test]
fn what_is_not_bare() {
    for (head, len, title, line_end) in [
        ("r", 100, "+", "\r\n"),
        ("r", 100, "+r", "\n"),
        ("r", 100, "+\r", "\n"),
        ("", 100, "+", "\n"),
        ("r", 0, "+", "\n"),
        ("r", 1, "+", "\n"),
        ("r", 2, "+", "\n"),
        ("r", 9000, "+", "\n"),
    ] {
        for count in [1, 2, 60] {
            changed(|text| (0..count).for_each(|_| push(text, head, len, [title, line_end])));
        }
        let mut text = Vec::new();
        (0..80).for_each(|i| push(&mut text, head, len + 3 * (i % 2), [title, line_end]));
        compare::every_way(&text);
    }
}
