//! Where a block of input may be cut in two.
//!
//! A cut is the start of a line `c` with which a serial reader begins a record, or never comes to. It is chosen so that no
//! record, however malformed the input, can lie across it:
//!
//! 1. the line at `c` begins with `@` and is all there, and the line after it does not begin with `@`, as far as can be
//!    told from the bytes there are (the rule of `find_last_record_start`: in valid input `c` is a header);
//! 2. the four lines that end with the one at `c` are no record.
//!
//! Why that is enough. Blocks begin at a place where a serial reader begins a record: the first one does, and the others
//! do by what follows. Let a serial reader begin a record at `s < c` of a block. Its four lines either end at or before
//! `c`, or the line at `c` is one of lines 2 to 4. As line 2 it is an error (a sequence begins with `@`); as line 3 too
//! (no `+`); as line 4 it is by rule 2 (lengths differ, or an earlier line is at fault). That error lies at or before the
//! end of the line at `c`, which is part of what the worker sees, so the worker meets the serial reader's error, at its
//! place, without more bytes. Where no error is met, the records before `c` end exactly at it. Blank lines before `c` are
//! an error as soon as the `@` at `c` is seen, which is visible as well. A record longer than the limit is an error by its
//! first bytes alone, up to the limit, and they are visible or the record would not reach `c`.
//!
//! Rule 2 counts on a serial reader that verifies the length of qualities. One that trusts it (`QualityLength::Trusted`) may take
//! a cut for the middle of a quality that is too short, where the lines behind happen to fit; so a pipeline always verifies.
//!
//! With bad records being skipped the same holds: a record that only fails a check is passed as it stands, and after any
//! other error at `s` the serial reader goes on at the first header behind it in the sense of rule 1, of which the line at
//! `c` is one; so it goes on at or before `c`, and by induction arrives at `c` exactly.

use fqbuf_record::{ReaderBuilder, find_last_record_start};
use memchr::{memchr, memchr_iter, memrchr};

/// The last cut in `data` behind its first byte, or `None`. `exact` says that a record begins with the first byte of
/// `data`, as a serial reader sees it; otherwise `data` may begin anywhere.
/// A header longer than `limit` is none.
pub(crate) fn last_cut(data: &[u8], exact: bool, limit: usize) -> Option<usize> {
    // A line that began before the window is not looked at.
    let skip = if exact { 0 } else { memchr(b'\n', data)? + 1 };
    let lines = &data[skip..];
    let mut end = lines.len();
    loop {
        let start = find_last_record_start(&lines[..end], false).filter(|&c| c > 0)?;
        let header = memchr(b'\n', &lines[start..]).map_or(usize::MAX, |n| n + 1);
        if header <= limit && !ends_a_record(lines, start, exact) {
            return Some(skip + start);
        }
        end = start;
    }
}

/// Whether the line at `c` and the three before it look like a record. What stands before `lines` is no line of a record
/// when they are `exact`, else unknown and taken for one.
fn ends_a_record(lines: &[u8], c: usize, exact: bool) -> bool {
    let unknown = !exact;
    let Some(plus) = line_before(lines, c) else { return unknown };
    if lines[plus] != b'+' {
        return false;
    }
    let Some(seq) = line_before(lines, plus) else { return unknown };
    if lines[seq] == b'@' {
        return false;
    }
    let Some(head) = line_before(lines, seq) else { return unknown };
    let end = memchr(b'\n', &lines[c..]).map_or(lines.len(), |n| c + n + 1);
    lines[head] == b'@' && content(&lines[seq..plus]) == content(&lines[c..end])
}

/// Start of the line that ends where the line at `next` begins.
fn line_before(lines: &[u8], next: usize) -> Option<usize> {
    let end = next.checked_sub(1)?;
    Some(memrchr(b'\n', &lines[..end]).map_or(0, |n| n + 1))
}

/// Length of a line without its line end.
fn content(line: &[u8]) -> usize {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line).len()
}

/// What a look at a block from its front has found, when no cut is to be seen from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// Whole records end here.
    Cut(usize),
    /// The block begins with a bad record: no more bytes are needed.
    Fault,
    /// The block is the beginning of one record, or of a blank tail.
    More,
}

/// Parses a block that begins with a record, for want of a cut near its end. Cuts are made after every record, or every
/// `step` of them.
pub(crate) fn front(data: &[u8], builder: &ReaderBuilder, step: u64) -> Front {
    let mut reader = builder.clone().build_slice(data).part();
    let mut end = 0;
    let mut records = 0;
    loop {
        match reader.next_record() {
            Ok(Some(_)) => {
                records += 1;
                if records % step == 0 {
                    end = reader.consumed();
                }
            }
            Ok(None) if end == 0 => return Front::More,
            Err(_) if end == 0 => return Front::Fault,
            // Behind a bad record nothing is cut: the next block begins with it.
            Ok(None) | Err(_) => return Front::Cut(end),
        }
    }
}

/// The greatest number of whole pairs of records in the `cut` first bytes of `data`, by lines, as the place where they
/// end; `None` when there is none.
pub(crate) fn pairs_within(data: &[u8], cut: usize) -> Option<usize> {
    let lines = lines_in(&data[..cut]);
    let mut end = cut;
    for _ in 0..lines % 8 {
        end = line_before(data, end)?;
    }
    Some(end).filter(|&end| end > 0)
}

/// Number of line ends.
pub(crate) fn lines_in(data: &[u8]) -> u64 {
    memchr_iter(b'\n', data).count() as u64
}

/// Bytes of the line at the front, its end included; of all there are where it has none yet.
pub(crate) fn line_len(data: &[u8]) -> usize {
    memchr(b'\n', data).map_or(data.len(), |end| end + 1)
}

/// Just past the line end number `n`, from 1; 0 when `n` is 0.
pub(crate) fn line_end(data: &[u8], n: u64) -> Option<usize> {
    if n == 0 {
        return Some(0);
    }
    let mut left = n;
    let mut at = 0;
    // Counting is many times faster than finding.
    for chunk in data.chunks(4096) {
        let here = lines_in(chunk);
        if here >= left {
            let nth = usize::try_from(left - 1).ok()?;
            return Some(at + memchr_iter(b'\n', chunk).nth(nth)? + 1);
        }
        left -= here;
        at += chunk.len();
    }
    None
}

#[cfg(test)]
mod tests;
