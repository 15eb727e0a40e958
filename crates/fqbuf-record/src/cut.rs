//! Where an input may be cut in parts: the search for it, line by line, in little memory however long the lines are.
//!
//! A cut is the start of a line `c` of which two things hold, whatever stands before and behind:
//!
//! 1. it looks like a header: it begins with `@`, and the line behind it does not (`boundary.rs` has the exact rule);
//! 2. the four lines that end with it are no record.
//!
//! In an input that keeps the rules, every header is a cut, and nothing else is: a quality that begins with `@` has a header
//! behind it, and of the four lines that end with a header the first one is a sequence, which does not begin with `@`.
//!
//! In *any* input, a reader that begins a record at `s < c` arrives at `c` exactly, or at an error that it knows from bytes up
//! to the end of the line at `c`. The four lines from `s` end at or before `c`, or `c` is one of lines 2 to 4. As line 2 it is
//! an error (a sequence begins with `@`), as line 3 too (no `+`), as line 4 it is by the second rule (lengths differ, or an
//! earlier line is at fault). Blank lines before `c` end at `c`. And a reader that passes bad input goes on behind four lines
//! that are a record, which end at or before `c`, or at the next line that looks like a header, of which `c` is one.

use std::convert::Infallible;
use std::io::{self, ErrorKind};

use fqbuf_line::ReadAt;
use memchr::{memchr, memrchr};

/// Bytes that are looked at together; most searches need no more.
const WINDOW: usize = 64 << 10;

/// Bytes that are searched for line ends, forward and backward.
pub(crate) trait Text {
    type Error;

    /// The byte at `at`; `None` behind the last one.
    fn byte(&mut self, at: u64) -> Result<Option<u8>, Self::Error>;

    /// Just past the first newline at or after `from`.
    fn line_end(&mut self, from: u64) -> Result<Option<u64>, Self::Error>;

    /// Just past the last newline in `floor..to`, or `floor`.
    fn line_start(&mut self, floor: u64, to: u64) -> Result<u64, Self::Error>;
}

/// The first cut at or after `offset`, which is not 0. Records take at most `limit` bytes, header lines too.
pub(crate) fn first_cut<T: Text>(text: &mut T, offset: u64, limit: usize) -> Result<Option<u64>, T::Error> {
    // A record that ends with a line at or behind the offset, and is not too long, begins behind `floor`.
    let floor = offset.saturating_sub(limit as u64);
    let mut at = text.line_start(floor, offset)?;
    for _ in 0..3 {
        at = text.line_start(floor, at.saturating_sub(1).max(floor))?;
    }
    if at == floor && floor > 0 {
        // The middle of a line, maybe.
        let Some(end) = text.line_end(at)? else { return Ok(None) };
        at = end;
    }
    let mut before = [None; 3];
    loop {
        let (Some(first), Some(end)) = (text.byte(at)?, text.line_end(at)?) else { return Ok(None) };
        let cr = end - at > 1 && text.byte(end - 2)? == Some(b'\r');
        let line = Line { start: at, first, content: end - at - 1 - u64::from(cr) };
        let looks = at >= offset && first == b'@' && end - at <= limit as u64;
        if looks && begins_sequence(text, end)? && !is_record(&before, &line, end, limit) {
            return Ok(Some(at));
        }
        before = [before[1], before[2], Some(line)];
        at = end;
    }
}

/// A whole line.
#[derive(Clone, Copy)]
struct Line {
    start: u64,
    /// Its first byte, a line end for one.
    first: u8,
    /// Bytes without line end.
    content: u64,
}

/// Whether the line at `at`, behind one that begins with `@`, makes that one look like a header.
fn begins_sequence<T: Text>(text: &mut T, at: u64) -> Result<bool, T::Error> {
    let behind = match text.byte(at)? {
        None | Some(b'@') => return Ok(false),
        Some(b'\n') => at + 1,
        Some(b'\r') => match text.byte(at + 1)? {
            Some(b'\n') => at + 2,
            second => return Ok(second.is_some()),
        },
        Some(_) => return Ok(true),
    };
    // Blank: the sequence of an empty read, when a `+` line follows.
    Ok(text.byte(behind)? == Some(b'+'))
}

/// Whether `last`, which ends at `end`, and the three lines before it are a record of at most `limit` bytes.
fn is_record(before: &[Option<Line>; 3], last: &Line, end: u64, limit: usize) -> bool {
    let [Some(head), Some(seq), Some(title)] = before else { return false };
    head.first == b'@'
        && seq.first != b'@'
        && title.first == b'+'
        && seq.content == last.content
        && end - head.start <= limit as u64
}

/// A slice is searched in place.
impl Text for &[u8] {
    type Error = Infallible;

    fn byte(&mut self, at: u64) -> Result<Option<u8>, Infallible> {
        Ok(usize::try_from(at).ok().and_then(|at| self.get(at).copied()))
    }

    fn line_end(&mut self, from: u64) -> Result<Option<u64>, Infallible> {
        let rest = usize::try_from(from).ok().and_then(|from| self.get(from..)).unwrap_or_default();
        Ok(memchr(b'\n', rest).map(|n| from + n as u64 + 1))
    }

    fn line_start(&mut self, floor: u64, to: u64) -> Result<u64, Infallible> {
        let range = usize::try_from(floor).unwrap_or(usize::MAX)..usize::try_from(to).unwrap_or(usize::MAX);
        let part = self.get(range).unwrap_or_default();
        Ok(memrchr(b'\n', part).map_or(floor, |n| floor + n as u64 + 1))
    }
}

/// Any input, a window of which is in memory.
pub(crate) struct Window<'a, A: ?Sized> {
    input: &'a A,
    bytes: Vec<u8>,
    /// Offset in the input of the first byte held.
    base: u64,
    /// Bytes held; at most `bytes.len()`.
    held: usize,
}

impl<'a, A: ReadAt + ?Sized> Window<'a, A> {
    /// Of an input of `size` bytes.
    pub(crate) fn new(input: &'a A, size: u64) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let len = usize::try_from(size).unwrap_or(WINDOW).clamp(1, WINDOW);
        bytes.try_reserve_exact(len).map_err(|refusal| io::Error::new(ErrorKind::OutOfMemory, refusal))?;
        bytes.resize(len, 0);
        Ok(Self { input, bytes, base: 0, held: 0 })
    }

    /// The bytes held from `at` on, after they were read if need be; empty at the end of the input.
    fn from(&mut self, at: u64) -> io::Result<&[u8]> {
        if !self.holds(at) {
            self.load(at, self.bytes.len())?;
        }
        Ok(&self.bytes[(at - self.base) as usize..self.held])
    }

    fn holds(&self, at: u64) -> bool {
        at >= self.base && at - self.base < self.held as u64
    }

    fn load(&mut self, at: u64, len: usize) -> io::Result<()> {
        (self.base, self.held) = (at, 0);
        self.held = self.input.fill_at(&mut self.bytes[..len], at).map_err(|(_, e)| e)?;
        Ok(())
    }
}

impl<A: ReadAt + ?Sized> Text for Window<'_, A> {
    type Error = io::Error;

    fn byte(&mut self, at: u64) -> io::Result<Option<u8>> {
        Ok(self.from(at)?.first().copied())
    }

    fn line_end(&mut self, mut from: u64) -> io::Result<Option<u64>> {
        loop {
            let held = self.from(from)?;
            if held.is_empty() {
                return Ok(None);
            }
            if let Some(n) = memchr(b'\n', held) {
                return Ok(Some(from + n as u64 + 1));
            }
            from += held.len() as u64;
        }
    }

    fn line_start(&mut self, floor: u64, mut to: u64) -> io::Result<u64> {
        while to > floor {
            let mut from = self.base.max(floor);
            if !self.holds(to - 1) {
                from = to.saturating_sub(self.bytes.len() as u64).max(floor);
                self.load(from, (to - from) as usize)?;
                if !self.holds(to - 1) {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "the input has become shorter"));
                }
            }
            let part = &self.bytes[(from - self.base) as usize..(to - self.base) as usize];
            if let Some(n) = memrchr(b'\n', part) {
                return Ok(from + n as u64 + 1);
            }
            to = from;
        }
        Ok(floor)
    }
}
