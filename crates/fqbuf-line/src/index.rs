//! Where the lines are that were found and not yet taken.
//!
//! A search call a line costs more than the line: the index finds many line ends in one pass over a stretch of bytes
//! that then is in the first-level cache for whoever reads the lines. It has a fixed size, so that a megabyte of empty
//! lines takes no more memory than any other. How line ends are searched is the business of `search.rs`.
//!
//! Lines handed to a closure straight from the index saved 5 % of the time for 150-base reads from a file (two-core Zen 5
//! guest, 2026-11-25), and are not offered for that.

use crate::search::{FOUND, Starts, find_lines};

/// Lines of a block's data. All offsets count from the first byte held.
pub(crate) struct LineIndex {
    /// Ascending: at `next` the first byte not consumed, at `next + 1..=count` those behind the line ends not yet taken.
    starts: Starts,
    /// Entry of the next line; `next <= count`.
    next: usize,
    /// Lines before this entry are of allowed length; `ready <= count`.
    ready: usize,
    /// `count <= FOUND`.
    count: usize,
    /// Every line end before this offset is in the index or taken.
    searched: usize,
    /// Lines taken before those of the index.
    before: u64,
}

/// How far an index had come before its data changed hands; see [`LineIndex::suspend`].
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    next: usize,
    count: usize,
    searched: usize,
}

impl LineIndex {
    pub(crate) const fn new() -> Self {
        Self { starts: [0; FOUND + 1], next: 0, ready: 0, count: 0, searched: 0, before: 0 }
    }

    /// One that is empty and `lines` lines on.
    #[cfg(test)]
    pub(crate) fn behind(lines: u64) -> Self {
        Self { before: lines, ..Self::new() }
    }

    /// The first byte not consumed.
    #[inline]
    pub(crate) fn pos(&self) -> usize {
        self.starts[self.next]
    }

    /// Lines taken.
    pub(crate) fn lines(&self) -> u64 {
        self.before + self.next as u64
    }

    /// Whether a line of allowed length was found.
    #[inline(always)]
    pub(crate) fn is_ready(&self) -> bool {
        self.next < self.ready
    }

    /// Takes the next line, one that [is ready](LineIndex::is_ready): its first byte and its line end.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> (usize, usize) {
        let entry = self.next % FOUND;
        self.next += 1;
        (self.starts[entry], self.starts[entry + 1] - 1)
    }

    /// Looks for lines in `data` that take at most `limit` bytes; whether the next one is there and does.
    pub(crate) fn prepare(&mut self, data: &[u8], limit: usize) -> bool {
        self.next_end(data);
        let lines = &self.starts[self.next..=self.count];
        let allowed = match lines {
            [first, .., last] if last - first <= limit => lines.len() - 1,
            lines => lines.windows(2).take_while(|line| line[1] - 1 - line[0] <= limit).count(),
        };
        self.ready = self.next + allowed;
        self.is_ready()
    }

    /// The first line end in `data` not yet taken; searches on when the index is used up.
    pub(crate) fn next_end(&mut self, data: &[u8]) -> Option<usize> {
        while self.next == self.count && self.searched < data.len() {
            self.search(data);
        }
        if self.next < self.count { Some(self.starts[self.next + 1] - 1) } else { None }
    }

    /// Takes all lines that end before `target`, an offset in `data` behind [`LineIndex::pos`], and moves there.
    pub(crate) fn advance(&mut self, data: &[u8], target: usize) {
        while let Some(end) = self.next_end(data)
            && end < target
        {
            self.next += 1;
        }
        self.starts[self.next] = target;
    }

    /// Takes what is left of `data`, which has no line end, as a line: where it begins.
    pub(crate) fn take_rest(&mut self, data: &[u8]) -> usize {
        let start = self.pos();
        self.starts[self.next] = data.len();
        self.before += 1;
        start
    }

    /// Follows the data when all before [`LineIndex::pos`] is dropped; returns how much that is.
    pub(crate) fn rebase(&mut self) -> usize {
        let dropped = self.pos();
        if dropped > 0 {
            self.starts[self.next..=self.count].iter_mut().for_each(|start| *start -= dropped);
            self.searched -= dropped;
        }
        dropped
    }

    /// Knows no lines until [`LineIndex::resume`]: right whatever becomes of the data. All before [`LineIndex::pos`] was
    /// dropped.
    pub(crate) fn suspend(&mut self) -> Mark {
        let mark = Mark { next: self.next, count: self.count, searched: self.searched };
        self.before = self.lines();
        (self.next, self.ready, self.count, self.searched) = (0, 0, 0, 0);
        self.starts[0] = 0;
        mark
    }

    /// Goes on from `mark`, the data being as it was, but for more behind it.
    pub(crate) fn resume(&mut self, mark: Mark) {
        self.before -= mark.next as u64;
        (self.next, self.ready, self.count, self.searched) = (mark.next, mark.next, mark.count, mark.searched);
    }

    /// Replaces the used-up index by the lines of the next stretch of `data`, of which not all was searched.
    fn search(&mut self, data: &[u8]) {
        self.before = self.lines();
        self.starts[0] = self.pos();
        let text = &data[self.searched..];
        let (count, searched) = find_lines(text, self.searched, &mut self.starts);
        (self.next, self.ready, self.count) = (0, 0, count);
        self.searched += searched;
    }
}

#[cfg(test)]
mod tests;
