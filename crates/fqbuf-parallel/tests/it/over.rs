//! One record over and over, without all of it in memory.

use std::io::{self, Read};

pub(crate) struct Over<R> {
    record: R,
    /// What was read of the record.
    at: usize,
    /// Bytes still to come.
    left: usize,
}

impl<R: AsRef<[u8]>> Over<R> {
    pub(crate) fn new(record: R, times: usize) -> Self {
        let left = times * record.as_ref().len();
        Self { record, at: 0, left }
    }
}

impl<R: AsRef<[u8]>> Read for Over<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let record = self.record.as_ref();
        let mut done = 0;
        while done < buf.len() && self.left > 0 {
            let rest = &record[self.at..];
            let n = rest.len().min(buf.len() - done);
            buf[done..done + n].copy_from_slice(&rest[..n]);
            (self.at, self.left) = ((self.at + n) % record.len(), self.left - n);
            done += n;
        }
        Ok(done)
    }
}
