//! Inputs with a point to them, and inputs at random that are nearly right.

use proptest::collection::vec;
use proptest::prelude::*;

/// Short inputs, each with its own trap.
pub(crate) const SHORT: &[&[u8]] = &[
    b"",
    b"\n",
    b"\r\n\n\r",
    b"@",
    b"@a\nA\n+\nI\n",
    b"@a\nA\n+\nI",
    b"@\r\nA\r\n+\r\n@\r\n\r\n",
    b"@\n\n+\n\n@\n\n+\n\n\n",
    b"@\n\n+\n@\nA\n+\n",
    b"@\n\n+\n",
    b"@b\nA\n+\n+\n@\nC\n+",
    b"@\nA\n+\nI\n\n@\n\n+\n\n",
    b"@\nA\r\n+\nI\r\r\n@",
    b"@\nA\r\n+\r\nI\r\n\r",
    b"@\n@A\n+\n@A\n",
    b"@\nA\nA\n+\nII\n",
    b"A\n@\nA\n+\nI\n",
    b"@\nA\n+A\n\nI\n",
    b"\n@\nA\n+\nI\n",
];

/// Records that look like something else at many offsets: every line kind that may begin with `@` or `+` does.
pub(crate) fn adversarial() -> Vec<Vec<u8>> {
    let at: &[u8] = b"@@@ @\nACGT\n+@x\n@@@@\n@r2 @+\nAC\n+\n+@\n@\nG\n+\n@\n@x\nTTT\n+\n@+@\n";
    let mut all: Vec<Vec<u8>> = vec![
        at.to_vec(),
        at.strip_suffix(b"\n").unwrap().to_vec(),
        // Empty reads next to qualities that begin with `@`.
        b"@a\n\n+\n\n@b\nA\n+\n@\n@c\n\n+@\n\n@@\n\n+\n\n".to_vec(),
        b"@a\nA\n+\n@\n\n\n\n".to_vec(),
        b"@a\nA\n+\n@\n\r\n\r".to_vec(),
        b"@a\nA\n+\n@\n\n+\n\n".to_vec(),
        b"@a\n\n+\n\n\n\n".to_vec(),
        b"@a\nA\n+\nI\n@b\n\n+\n".to_vec(),
        b"@a\n+\n+\n+\n@b\n+A\n+\n@+\n".to_vec(),
    ];
    let crlf: Vec<Vec<u8>> = all.iter().map(|text| crlf(text)).collect();
    all.extend(crlf);
    all
}

/// The same with CR LF for each LF.
pub(crate) fn crlf(text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|b| if *b == b'\n' { b"\r\n".to_vec() } else { vec![*b] }).collect()
}

/// Appends a record of `len` bases in four lines.
pub(crate) fn push(text: &mut Vec<u8>, head: &str, len: usize, [title, line_end]: [&str; 2]) {
    let (seq, qual) = ("ACGTN".repeat(len / 5 + 1), "I+@#".repeat(len / 4 + 1));
    for line in [&format!("@{head}"), &seq[..len], title, &qual[..len]] {
        text.extend(line.bytes().chain(line_end.bytes()));
    }
}

/// Some records of up to 150 bases, long enough for the fast path to take part, with every kind of line end.
pub(crate) fn mixed(records: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for i in 0..records {
        let len = [150, 7, 0, 64, 101, 1, 63, 36, 65][i % 9];
        let end: &[u8] = if i % 5 == 3 { b"\r\n" } else { b"\n" };
        let seq: Vec<u8> = (0..len).map(|j| b"ACGTN"[(i * 7 + j * 3) % 5]).collect();
        let qual: Vec<u8> = (0..len).map(|j| b"@+I!J~5"[(i + j * 5) % 7]).collect();
        let head = format!("@read{i} @ + lane {}", i % 3);
        let title = if i % 7 == 2 { &head[1..] } else { "" };
        for line in [head.as_bytes(), &seq, format!("+{title}").as_bytes(), &qual] {
            text.extend_from_slice(line);
            text.extend_from_slice(end);
        }
    }
    text
}

/// One change to a text.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Put(u8),
    Replace(u8),
    Remove,
    /// Repeats the line.
    Double,
    /// Removes the rest of the line.
    CutLine,
    /// Removes all behind.
    End,
}

fn change() -> impl Strategy<Value = Change> {
    let byte = prop::sample::select(b"\n\n\r@+AI \t\0\xff".to_vec());
    prop_oneof![
        byte.clone().prop_map(Change::Put),
        byte.prop_map(Change::Replace),
        Just(Change::Remove),
        Just(Change::Double),
        Just(Change::CutLine),
        Just(Change::End),
    ]
}

fn apply(text: &mut Vec<u8>, at: usize, change: &Change) {
    if text.is_empty() {
        return;
    }
    let at = at % text.len();
    let line_end = text[at..].iter().position(|b| *b == b'\n').map_or(text.len(), |n| at + n);
    match change {
        Change::Put(byte) => text.insert(at, *byte),
        Change::Replace(byte) => text[at] = *byte,
        Change::Remove => drop(text.remove(at)),
        Change::Double => {
            let line = text[at..(line_end + 1).min(text.len())].to_vec();
            text.splice(at..at, line);
        }
        Change::CutLine => drop(text.drain(at..line_end)),
        Change::End => text.truncate(at),
    }
}

/// One record in four lines.
fn record() -> impl Strategy<Value = Vec<u8>> {
    let head = vec(prop::sample::select(b"@+r1 /\t.".to_vec()), 0..40);
    let len = prop_oneof![0..4_usize, 0..80_usize, 100..300_usize];
    let end = prop::sample::select(vec![&b"\n"[..], b"\n", b"\n", b"\r\n"]);
    (head, len, any::<u64>(), prop::bool::weighted(0.2), prop::array::uniform4(end)).prop_map(
        |(head, len, seed, title, ends)| {
            let mut seq: Vec<u8> = (0..len).map(|i| b"ACGT+N"[(seed >> (i % 50)) as usize % 6]).collect();
            if seq.first() == Some(&b'@') {
                seq[0] = b'A';
            }
            let qual: Vec<u8> = (0..len).map(|i| b"@+I!"[(seed >> ((i * 3) % 61)) as usize % 4]).collect();
            let title = if title { &head[..] } else { b"" };
            [b"@", &head[..], ends[0], &seq, ends[1], b"+", title, ends[2], &qual, ends[3]].concat()
        },
    )
}

/// A few records, mostly whole, with a few changes.
pub(crate) fn near_valid() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop_oneof![Just(0..1), Just(1..2), Just(1..6)].prop_flat_map(|n| vec((any::<usize>(), change()), n));
    let tail = prop::sample::select(vec![&b""[..], b"", b"\n", b"\r\n\n", b"\r"]);
    (vec(record(), 0..12), changes, tail).prop_map(|(records, changes, tail)| {
        let mut text = records.concat();
        text.extend_from_slice(tail);
        for (at, change) in &changes {
            apply(&mut text, *at, change);
        }
        text
    })
}
