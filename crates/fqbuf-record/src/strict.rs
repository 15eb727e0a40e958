//! The exact parser of one record: slow, complete, and the only one that judges.
//!
//! It keeps what it has found of a record that is not all there yet, so that each byte is looked at once however the bytes
//! arrive. Its offsets are relative to the record's first byte, which may move in memory between calls.
//!
//! The rules are those of the four-line form of the format that Cock et al. describe (Nucleic Acids Research 38, 2010,
//! 1767-1771): `@` and title, sequence, `+` and optional title, as many quality characters as bases.

use crate::error::{ParseErrorKind, Part};
use crate::scan::{Entry, Layout, trusted_end};
use memchr::memchr;

/// A rule that the record breaks.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: ParseErrorKind,
    /// Line of the record that breaks it, 0 to 3.
    pub(crate) line: usize,
    /// Offset of that line's first byte from the record's.
    pub(crate) offset: usize,
}

/// What stands at the place of a record.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A whole record.
    Record(Entry),
    /// Not enough bytes to tell; never at the end of input.
    NeedMore,
    /// A blank line of so many bytes, line end included, where a header is due.
    Blank(usize),
    /// No byte, at the end of input.
    End,
    /// A broken rule.
    Fault(Fault),
}

/// What is said of a quality line whose length is trusted.
enum Trust {
    /// It ends right, and the record with it just before this offset.
    Ends(usize),
    /// Its end is not there yet.
    NeedsMore,
    /// It has to be looked at.
    No,
}

/// What is known so far of the record being parsed.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Strict {
    /// Whole lines found, 0 to 3.
    lines: usize,
    /// First byte of line `i`, for `i <= lines`.
    starts: [usize; 4],
    /// Just past the content of line `i`, for `i < lines`.
    ends: [usize; 4],
    /// No newline stands between the start of line `lines` and this offset.
    searched: usize,
}

impl Strict {
    /// Parses the record at the start of `data`; `at_end` when the input ends with `data`. After `NeedMore`, call again
    /// with the same bytes and more of them; after anything else, with a new value for the next record.
    ///
    /// A quality of the right length is not looked at for line ends when its record ends within the first `trusted` bytes.
    pub(crate) fn parse(&mut self, data: &[u8], at_end: bool, trusted: usize) -> Parsed {
        if data.is_empty() {
            return if at_end { Parsed::End } else { Parsed::NeedMore };
        }
        loop {
            let start = self.starts[self.lines];
            let rest = &data[start..];
            if let Some(verdict) = self.judge_first_byte(rest, at_end) {
                return verdict;
            }
            if self.lines == 3 {
                match self.trust(data, at_end, trusted) {
                    Trust::Ends(next) => return self.judge_lengths(next),
                    Trust::NeedsMore => return Parsed::NeedMore,
                    Trust::No => {}
                }
            }
            let from = self.searched.max(start);
            let (end, next) = match memchr(b'\n', &data[from..]) {
                Some(n) => (from + n, from + n + 1),
                None if !at_end => {
                    self.searched = data.len();
                    return Parsed::NeedMore;
                }
                None if self.lines < 3 => return self.truncated(rest.is_empty()),
                // The quality line at the end of input needs no line end, but it has to be there: only the quality line
                // of an empty read may be nothing at all.
                None if rest.is_empty() && self.ends[1] > self.starts[1] => return self.truncated(true),
                None => (data.len(), data.len()),
            };
            let cr = end > start && data[end - 1] == b'\r';
            self.ends[self.lines] = end - usize::from(cr);
            self.searched = next;
            if self.lines == 3 {
                return self.judge_lengths(next);
            }
            self.lines += 1;
            self.starts[self.lines] = next;
        }
    }

    /// Whether the quality line ends where it has to, as far as that may be taken for granted.
    fn trust(&mut self, data: &[u8], at_end: bool, trusted: usize) -> Trust {
        let len = self.ends[1] - self.starts[1];
        let end = self.starts[3] + len;
        // A CR may be the last byte there is.
        let whole = data.len() > end + usize::from(data.get(end) == Some(&b'\r'));
        if end >= trusted || (!whole && at_end) {
            return Trust::No;
        }
        if !whole {
            // So that the record is known to be begun.
            self.searched = self.searched.max(self.starts[3]);
            return Trust::NeedsMore;
        }
        match trusted_end(data, self.starts[3], len) {
            Some(next) if next <= trusted => {
                self.ends[3] = end;
                Trust::Ends(next)
            }
            _ => Trust::No,
        }
    }

    /// Whether nothing is known yet.
    pub(crate) fn is_new(&self) -> bool {
        self.searched == 0
    }

    /// The line being looked for, 0 to 3, and the offset of its first byte.
    pub(crate) fn present_line(&self) -> (usize, usize) {
        (self.lines, self.starts[self.lines])
    }

    /// What the first byte of the present line says by itself.
    fn judge_first_byte(&self, rest: &[u8], at_end: bool) -> Option<Parsed> {
        let first = *rest.first()?;
        let kind = match (self.lines, first) {
            (0, b'@') | (2, b'+') | (3, _) => return None,
            (0, b'\n') => return Some(Parsed::Blank(1)),
            (0, b'\r') => match rest.get(1) {
                Some(b'\n') => return Some(Parsed::Blank(2)),
                None if at_end => return Some(Parsed::Blank(1)),
                None => return Some(Parsed::NeedMore),
                Some(_) => ParseErrorKind::MissingAt { found: first },
            },
            (0, _) => ParseErrorKind::MissingAt { found: first },
            (1, b'@') => ParseErrorKind::SequenceStartsWithAt,
            (1, _) => return None,
            (_, _) => ParseErrorKind::MissingPlus { found: first },
        };
        Some(self.fault(kind, self.lines))
    }

    fn judge_lengths(&self, next: usize) -> Parsed {
        let seq = self.ends[1] - self.starts[1];
        let qual = self.ends[3] - self.starts[3];
        if seq != qual {
            return self.fault(ParseErrorKind::UnequalLengths { seq: seq as u64, qual: qual as u64 }, 3);
        }
        let layout = Layout { head_end: self.ends[0], seq_start: self.starts[1], len: seq, qual_start: self.starts[3] };
        Parsed::Record(Entry { start: 0, size: next, layout })
    }

    /// The input ended inside the present line, or before its first byte when it is `absent`: the fault stands in the
    /// last line there is.
    fn truncated(&self, absent: bool) -> Parsed {
        let line = self.lines - usize::from(absent);
        let after = [Part::Header, Part::Sequence, Part::Separator][line.min(2)];
        self.fault(ParseErrorKind::Truncated { after }, line)
    }

    fn fault(&self, kind: ParseErrorKind, line: usize) -> Parsed {
        Parsed::Fault(Fault { kind, line, offset: self.starts[line] })
    }
}
