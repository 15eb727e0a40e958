//! Where cuts are, and where they must not be.

use super::*;

const READS: &[u8] = b"@a\nAC\n+\n@I\n@b\n\n+\n\n@c\nGG\n+\n+I\n@d\nT\n+\nI\n";

#[test]
fn cuts_are_record_starts_of_valid_input_whatever_is_visible() {
    let starts = [0, 11, 18, 29];
    for end in 0..=READS.len() {
        for from in 0..end {
            if let Some(cut) = last_cut(&READS[from..end], false, usize::MAX) {
                assert!(starts.contains(&(from + cut)), "{from}..{end}: {cut}");
            }
        }
        let cut = last_cut(&READS[..end], true, usize::MAX);
        assert!(cut.is_none_or(|cut| starts[1..].contains(&cut)), "{end}: {cut:?}");
    }
    assert_eq!(last_cut(READS, true, usize::MAX), Some(29));
    assert_eq!(last_cut(READS, true, 2), None, "headers of three bytes are too long");
}

/// Red without the second rule: a record of a serial reader, `@y` its quality, would lie across the cut.
#[test]
fn line_that_may_be_the_quality_of_a_record_is_no_cut() {
    let data = b"@x\nAC\n+\n@y\nAC\n+\nII\n@z\n";
    assert_eq!(last_cut(data, true, usize::MAX), None);
    // Nor where it cannot be told what stands before the window.
    assert_eq!(last_cut(&data[6..], false, usize::MAX), None);
    // Of another length it is none.
    assert_eq!(last_cut(b"@x\nACG\n+\n@y\nAC\n+\nII\n", true, usize::MAX), Some(9));
}

#[test]
fn nothing_to_cut() {
    for data in ["", "@", "@a\n", "@a\nA", "\n\n\n", "x\ny\n"] {
        assert_eq!(last_cut(data.as_bytes(), true, usize::MAX), None, "{data:?}");
        assert_eq!(last_cut(data.as_bytes(), false, usize::MAX), None, "{data:?}");
    }
}

#[test]
fn line_ends_are_counted_and_found() {
    let long = b"ab\n".repeat(5000);
    assert_eq!(lines_in(&long), 5000);
    for n in [0, 1, 2, 1365, 1366, 4999, 5000] {
        assert_eq!(line_end(&long, n), Some(3 * usize::try_from(n).expect("small")));
    }
    assert_eq!(line_end(&long, 5001), None);
    assert_eq!(line_end(b"", 1), None);
}

#[test]
fn pairs_end_after_every_eighth_line() {
    assert_eq!(pairs_within(READS, 29), Some(18), "three records: one pair");
    assert_eq!(pairs_within(READS, 18), Some(18));
    assert_eq!(pairs_within(READS, 11), None);
}
