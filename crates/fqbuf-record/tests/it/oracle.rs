//! A parser too simple to be wrong, and what it says of an input: every test compares with it.
//!
//! It cuts the record's bytes into lines and applies the rules one after the other. It knows nothing of buffers, and
//! looks at everything as often as it likes.

use fqbuf_record::{ParseErrorKind, Part, Position};

/// A record as the oracle sees it.
#[derive(Debug)]
pub(crate) struct Rec<'a> {
    pub(crate) position: Position,
    pub(crate) bytes: &'a [u8],
    pub(crate) head: &'a [u8],
    pub(crate) seq: &'a [u8],
    pub(crate) title: &'a [u8],
    pub(crate) qual: &'a [u8],
}

/// An error as the oracle sees it.
#[derive(Debug)]
pub(crate) struct Bad<'a> {
    pub(crate) kind: ParseErrorKind,
    /// Of the line that breaks the rule.
    pub(crate) position: Position,
    pub(crate) id: Option<&'a [u8]>,
    /// Where the record begins that breaks the rule, or for a blank line what is behind the blank lines.
    pub(crate) record: Position,
}

/// What becomes of an input.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) records: Vec<Rec<'a>>,
    pub(crate) end: Result<(), Bad<'a>>,
}

/// A line without its line end.
fn text(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split_inclusive(|b| *b == b'\n')
}

/// Parses `input` from `place` on, where a record may take `limit` (at least 2) bytes.
pub(crate) fn parse_from(input: &[u8], place: Position, limit: usize) -> Outcome<'_> {
    parse_with(input, place, limit, false)
}

/// The same where the length of a quality is trusted.
pub(crate) fn parse_trusting(input: &[u8], limit: usize) -> Outcome<'_> {
    parse_with(input, Position::START, limit, true)
}

fn parse_with(input: &[u8], mut place: Position, limit: usize, trusting: bool) -> Outcome<'_> {
    let mut records = Vec::new();
    loop {
        let rest = &input[place.byte as usize..];
        if rest.is_empty() {
            return Outcome { records, end: Ok(()) };
        }
        if text(lines(rest).next().unwrap()).is_empty() {
            let blank: Vec<&[u8]> = lines(rest).take_while(|line| text(line).is_empty()).collect();
            let size: usize = blank.iter().map(|line| line.len()).sum();
            if size == rest.len() {
                return Outcome { records, end: Ok(()) };
            }
            let behind = Position { line: place.line + blank.len() as u64, byte: place.byte + size as u64, ..place };
            let end = Err(Bad { kind: ParseErrorKind::BlankLine, position: place, id: None, record: behind });
            return Outcome { records, end };
        }
        let whole = rest.len() <= limit;
        let within = if whole { rest } else { &rest[..limit] };
        let mut seen: Vec<&[u8]> = lines(within).take(4).collect();
        if trusting && judge(&seen[..seen.len().min(3)], false, limit).is_err_and(|(_, line)| line == 3) {
            let body = &within[seen[..3].iter().map(|line| line.len()).sum()..];
            seen.truncate(3);
            seen.extend(trusted_line(body, text(seen[1]).len(), whole));
        }
        if let Err((kind, line)) = judge(&seen, whole, limit) {
            let offset: usize = seen[..line].iter().map(|line| line.len()).sum();
            let position = Position { line: place.line + line as u64, byte: place.byte + offset as u64, ..place };
            let id = text(seen[0]).strip_prefix(b"@");
            let id = id.map(|head| head.split(|b| *b == b' ' || *b == b'\t').next().unwrap());
            // An error keeps no more of it.
            let id = id.map(|id| &id[..id.len().min(256)]);
            return Outcome { records, end: Err(Bad { kind, position, id, record: place }) };
        }
        let size = seen.iter().map(|line| line.len()).sum();
        records.push(Rec {
            position: place,
            bytes: &rest[..size],
            head: &text(seen[0])[1..],
            seq: text(seen[1]),
            title: &text(seen[2])[1..],
            qual: seen.get(3).map_or(b"", |line| text(line)),
        });
        place = Position { record: place.record + 1, line: place.line + 4, byte: place.byte + size as u64 };
    }
}

/// The quality line at the start of `body`: of as many bytes as bases where a line end is behind them, else what is a line;
/// none when that cannot be told from so few bytes.
fn trusted_line(body: &[u8], len: usize, whole: bool) -> Option<&[u8]> {
    let line = lines(body).next();
    match body.get(len..) {
        Some([b'\n', ..]) if !body[..len].ends_with(b"\r") => Some(&body[..len + 1]),
        Some([b'\r', b'\n', ..]) => Some(&body[..len + 2]),
        None | Some([] | [b'\r']) if !whole => None,
        _ => line,
    }
}

pub(crate) fn parse(input: &[u8]) -> Outcome<'_> {
    parse_from(input, Position::START, usize::MAX)
}

/// The rule that the record's lines break, and the line's index. `whole`: the input ends with them, or goes on behind four.
fn judge(lines: &[&[u8]], whole: bool, limit: usize) -> Result<(), (ParseErrorKind, usize)> {
    let parts = [Part::Header, Part::Sequence, Part::Separator];
    for i in 0..4 {
        let Some(line) = lines.get(i) else {
            return match i {
                _ if !whole => Err((ParseErrorKind::RecordTooLong { limit }, i)),
                // The empty quality line of an empty read, which lost its line end.
                3 if text(lines[1]).is_empty() => Ok(()),
                _ => Err((ParseErrorKind::Truncated { after: parts[i - 1] }, i - 1)),
            };
        };
        let found = line[0];
        match i {
            0 if found != b'@' => return Err((ParseErrorKind::MissingAt { found }, 0)),
            1 if found == b'@' => return Err((ParseErrorKind::SequenceStartsWithAt, 1)),
            2 if found != b'+' => return Err((ParseErrorKind::MissingPlus { found }, 2)),
            _ => {}
        }
        if !line.ends_with(b"\n") && !whole {
            return Err((ParseErrorKind::RecordTooLong { limit }, i));
        }
        if !line.ends_with(b"\n") && i < 3 {
            return Err((ParseErrorKind::Truncated { after: parts[i] }, i));
        }
    }
    let (seq, qual) = (text(lines[1]).len() as u64, text(lines[3]).len() as u64);
    if seq == qual { Ok(()) } else { Err((ParseErrorKind::UnequalLengths { seq, qual }, 3)) }
}

/// The first line start at or after `from` at which the rule for record starts holds.
pub(crate) fn record_start(input: &[u8], from: usize, limit: usize) -> Option<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in lines(input) {
        starts.push((at, line));
        at += line.len();
    }
    let line = |i: usize| starts.get(i).map(|(_, line)| *line);
    (0..starts.len()).find_map(|i| {
        let (at, header) = starts[i];
        let next = line(i + 1)?;
        let fits = header[0] == b'@' && header.len() <= limit;
        let sequence = match text(next) {
            [] => next.ends_with(b"\n") && line(i + 2).is_some_and(|third| third[0] == b'+'),
            [first, ..] => *first != b'@',
        };
        (at >= from && fits && sequence).then_some(at)
    })
}

/// The first line start at or after `from` that looks like a header, and does not end what looks like a record.
pub(crate) fn cut(input: &[u8], from: usize, limit: usize) -> Option<usize> {
    let all: Vec<&[u8]> = lines(input).collect();
    let mut at = 0;
    for (i, line) in all.iter().enumerate() {
        let looks = record_start(input, at, limit) == Some(at);
        let ends = i >= 3 && {
            let four = &all[i - 3..=i];
            four.iter().map(|line| line.len()).sum::<usize>() <= limit && judge(four, true, limit).is_ok()
        };
        if at >= from && looks && !ends {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// What a reader that skips bad records delivers and counts.
pub(crate) struct Skipping<'a> {
    pub(crate) records: Vec<Rec<'a>>,
    /// Bad places and bytes.
    pub(crate) skipped: (u64, u64),
    /// Those places, as errors name them.
    pub(crate) places: Vec<Position>,
}

pub(crate) fn skip(input: &[u8], limit: usize) -> Skipping<'_> {
    let mut all = Skipping { records: Vec::new(), skipped: (0, 0), places: Vec::new() };
    let mut place = Position::START;
    loop {
        let Outcome { records, end } = parse_from(input, place, limit);
        all.records.extend(records);
        let Err(bad) = end else { return all };
        all.skipped.0 += 1;
        all.places.push(bad.position);
        if matches!(bad.kind, ParseErrorKind::BlankLine) {
            all.skipped.1 += bad.record.byte - bad.position.byte;
            place = bad.record;
            continue;
        }
        let start = bad.record.byte as usize;
        let next = record_start(input, start + 1, limit).unwrap_or(input.len());
        let passed = &input[start..next];
        all.skipped.1 += passed.len() as u64;
        place = Position {
            record: bad.record.record + 1,
            line: bad.record.line + passed.iter().filter(|b| **b == b'\n').count() as u64,
            byte: next as u64,
        };
    }
}

#[test]
fn the_oracle_knows_the_rules() {
    let good = parse(b"@a b\nAC\n+t\n@I\n@\r\n\r\n+\n");
    assert!(good.end.is_ok());
    assert_eq!(
        (good.records[0].head, good.records[0].title, good.records[0].qual),
        (&b"a b"[..], &b"t"[..], &b"@I"[..])
    );
    assert_eq!(good.records[1].position, Position { record: 2, line: 5, byte: 14 });
    let bad = parse(b"@a\nAC\n+\nI\n").end.unwrap_err();
    assert!(matches!(bad.kind, ParseErrorKind::UnequalLengths { seq: 2, qual: 1 }));
    assert_eq!(bad.position, Position { record: 1, line: 4, byte: 8 });
    let long = parse_from(b"@a\nAC\n+\nII\n", Position::START, 7).end.unwrap_err();
    assert!(matches!(long.kind, ParseErrorKind::RecordTooLong { limit: 7 }));
    assert_eq!(long.position, Position { record: 1, line: 3, byte: 6 });
    assert_eq!(record_start(b"@a\nAC\n+\n@I\n@b\nG", 3, usize::MAX), Some(11));
}
