//! Where records begin: from any offset, without having parsed what is before.
//!
//! The rule, and why it is right. A strict four-line record has a sequence that does not begin with `@` and a third line
//! that begins with `+`; so only a header (line 1) and a quality (line 4) can begin with `@`. After a header comes a
//! sequence, which does not; after a quality comes a header, which does, or the end of input or blank lines. So a line that
//! begins with `@` is a header exactly when the line after it exists, is part of a record, and does not begin with `@`.
//!
//! Two ends need care. A quality that begins with `@` may be followed by the blank lines that are accepted after the last
//! record: they would make it look like the header of an empty read, so a blank line after the candidate is looked
//! behind: a header of an empty read has `+` after it. And in a file that breaks the rules the place found may be none: who
//! cuts an input in parts needs one rule more, which is in `cut.rs`.

use memchr::{memchr, memrchr};

/// What [`find_record_start`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordStart {
    /// A record begins at this offset of the data.
    At(usize),
    /// The data end too early to tell. No record begins between the offset asked for and this one, from where the search
    /// may go on when there are more data.
    NeedMore(usize),
    /// No record begins at or after the offset asked for; only at the end of input.
    None,
}

/// The first record start at or after `from` in `data`, which is any part of an input that keeps the four-line form.
///
/// A line begins at `from` when `from` is 0 or a newline stands before it: pass data that begin at a line start, or leave a
/// byte of what precedes in front. `at_end` says that the input ends with `data`. Does not allocate; looks at each byte at
/// most twice.
///
/// # Examples
/// ```
/// use fqbuf_record::{RecordStart, find_record_start};
///
/// let data = b"@r1\nACGT\n+\n@III\n@r2\nAC\n+\nII\n";
/// assert_eq!(find_record_start(data, 0, true), RecordStart::At(0));
/// assert_eq!(find_record_start(data, 5, true), RecordStart::At(16));
/// assert_eq!(find_record_start(data, 17, true), RecordStart::None);
/// assert_eq!(find_record_start(&data[..18], 5, false), RecordStart::NeedMore(16));
/// ```
#[must_use]
pub fn find_record_start(data: &[u8], from: usize, at_end: bool) -> RecordStart {
    find_within(data, from, 0, at_end, usize::MAX)
}

/// The same, where a header line of more than `limit` bytes, its line end included, begins no record. So little more than
/// `limit` bytes have to be kept of a line that might be a header, and the answer does not depend on how much there is at
/// once: the record would be too long anyway, and so would be the one that the line is the quality of.
///
/// No newline stands between `from` and `unbroken`: of a line that was not all there before, what was is not searched again.
pub(crate) fn find_within(data: &[u8], from: usize, unbroken: usize, at_end: bool, limit: usize) -> RecordStart {
    let undecided = |at| if at_end { RecordStart::None } else { RecordStart::NeedMore(at) };
    if from > data.len() {
        return undecided(from);
    }
    let mut line = if from == 0 || data[from - 1] == b'\n' {
        from
    } else {
        match line_end(data, from, unbroken) {
            Some(end) => end,
            None => return undecided(data.len()),
        }
    };
    loop {
        match is_header(data, line, unbroken, at_end, limit) {
            Some(true) => return RecordStart::At(line),
            Some(false) => {}
            None => return undecided(line),
        }
        match line_end(data, line, unbroken) {
            Some(end) => line = end,
            None => return undecided(data.len()),
        }
    }
}

/// Just past the newline of the line at `line`, which has none before `unbroken`.
fn line_end(data: &[u8], line: usize, unbroken: usize) -> Option<usize> {
    let from = line.max(unbroken);
    memchr(b'\n', &data[from..]).map(|n| from + n + 1)
}

/// The last record start in `data`, or `None` when none can be told without the data behind. Searches backward, so that
/// it costs what the last record or two take, not what `data` take. `data` begin at a line start.
#[must_use]
pub fn find_last_record_start(data: &[u8], at_end: bool) -> Option<usize> {
    let mut end = data.len();
    while end > 0 {
        let line = memrchr(b'\n', &data[..end - 1]).map_or(0, |n| n + 1);
        if is_header(data, line, line, at_end, usize::MAX) == Some(true) {
            return Some(line);
        }
        end = line;
    }
    None
}

/// Whether the line at `line`, which has no newline before `unbroken`, is a header of at most `limit` bytes; `None` when the data
/// end too early to tell.
fn is_header(data: &[u8], line: usize, unbroken: usize, at_end: bool, limit: usize) -> Option<bool> {
    // At the end of input what is missing is absent, so there is no header; before it, nobody can tell.
    let missing = at_end.then_some(false);
    match data.get(line) {
        Some(b'@') => {}
        Some(_) => return Some(false),
        None => return missing,
    }
    let end = line_end(data, line, unbroken);
    if end.unwrap_or(data.len()) - line > limit {
        return Some(false);
    }
    let Some(end) = end else { return missing };
    let second = &data[end..];
    match second {
        [] | [b'\r'] => missing,
        [b'@', ..] => Some(false),
        // Blank: the sequence of an empty read, when a `+` line follows.
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => match rest.first() {
            Some(third) => Some(*third == b'+'),
            None => missing,
        },
        _ => Some(true),
    }
}
