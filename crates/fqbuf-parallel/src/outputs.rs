//! Output in order to several writers: mates to two files, reads to the files of their samples.
//!
//! A block has one output buffer all the same, in which each piece says whose it is; they part when the block is written, in
//! turn. So memory does not grow with the number of writers, and the budget knows all of it. Rejected: a buffer for each writer
//! in each block. Those of 96 samples that are filled unevenly have many times the size of the block.

use std::io::{self, Write};

use crate::error::Error;
use crate::layout::Layout;
use crate::outcome::Outcome;
use crate::run::{Done, Run};

/// Bytes in front of a piece: the number of its writer (4) and its length (8).
const HEAD: usize = 12;

/// What one call of a closure puts out: taken back when the call fails, or panics, so that no part of it is written.
pub(crate) struct Own<'o> {
    pub(crate) bytes: &'o mut Vec<u8>,
    before: usize,
}

impl<'o> Own<'o> {
    #[inline(always)]
    pub(crate) fn of(bytes: &'o mut Vec<u8>) -> Self {
        let before = bytes.len();
        Self { bytes, before }
    }

    /// The call came to its end.
    ///
    /// # Panics
    /// When it took away what others have put out.
    #[inline(always)]
    pub(crate) fn keep(self) {
        assert!(self.before <= self.bytes.len(), "output was taken away from a buffer that is to be appended to");
        std::mem::forget(self);
    }
}

impl Drop for Own<'_> {
    fn drop(&mut self) {
        // Of a buffer that was made shorter nobody knows whose output is left.
        self.bytes.truncate(if self.bytes.len() < self.before { 0 } else { self.before });
    }
}

/// Where a closure puts what goes to several writers; see [`Run::map_ordered_to`].
#[derive(Debug)]
pub struct Outputs<'o> {
    bytes: &'o mut Vec<u8>,
    writers: usize,
    /// The writer of the piece that is being appended, and where in `bytes` its content begins.
    open: Option<(usize, usize)>,
}

impl<'o> Outputs<'o> {
    fn new(bytes: &'o mut Vec<u8>, writers: usize) -> Self {
        Self { bytes, writers, open: None }
    }

    /// A buffer to append to, for the writer at `index`. It holds other output already: take nothing away from it.
    ///
    /// # Panics
    /// When there is no such writer. Where what was put out before the present piece is taken away, when the next piece begins, or
    /// at the end of the closure's call.
    #[inline]
    pub fn to(&mut self, index: usize) -> &mut Vec<u8> {
        if self.open.is_none_or(|(writer, _)| writer != index) {
            self.begin(index);
        }
        self.bytes
    }

    fn begin(&mut self, index: usize) {
        assert!(index < self.writers, "no writer at index {index}: there are {}", self.writers);
        self.end();
        // Writers are fewer than 4 G, as each takes more than one byte of memory or is the same.
        self.bytes.extend_from_slice(&(index as u32).to_le_bytes());
        self.bytes.extend_from_slice(&[0; HEAD - 4]);
        self.open = Some((index, self.bytes.len()));
    }

    /// Ends the piece that is being appended.
    fn end(&mut self) {
        let Some((_, start)) = self.open.take() else { return };
        assert!(start <= self.bytes.len(), "output was taken away from a buffer that is to be appended to");
        let length = (self.bytes.len() - start) as u64;
        self.bytes[start - 8..start].copy_from_slice(&length.to_le_bytes());
    }
}

impl<L: Layout> Run<'_, L> {
    /// As [`map_ordered`](Self::map_ordered), to several writers: `each` says for each piece which writer it is for, and every
    /// writer gets its pieces in input order.
    ///
    /// Memory does not grow with the number of writers. A writer is given every piece by itself, so it should buffer, as a
    /// [`FileWriter`](fqbuf_stream::FileWriter) does. All writers are flushed, and are the caller's to finish.
    ///
    /// # Errors
    /// As [`map_ordered`](Self::map_ordered). When one of the writers fails, the others have what comes before.
    ///
    /// # Panics
    /// As [`map_ordered`](Self::map_ordered).
    ///
    /// # Examples
    /// Mates to two files, those with an N left out:
    /// ```
    /// use fqbuf_parallel::{Input, Pipeline};
    ///
    /// # fn main() -> Result<(), fqbuf_parallel::Error> {
    /// let first = Input::slice(b"@r1/1\nAC\n+\nII\n@r2/1\nCN\n+\nI!\n");
    /// let second = Input::slice(b"@r1/2\nG\n+\nI\n@r2/2\nA\n+\nI\n");
    /// let mut files = [Vec::new(), Vec::new()]; // or what `fqbuf_stream::create` gives
    /// Pipeline::new().paired(first, second)?.map_ordered_to(
    ///     &mut files,
    ///     || (),
    ///     |(), pair, out| {
    ///         let mates = [pair.first, pair.second];
    ///         if mates.iter().all(|mate| !mate.seq().contains(&b'N')) {
    ///             mates.iter().enumerate().for_each(|(file, mate)| mate.append_to(out.to(file)));
    ///         }
    ///     },
    /// )?;
    /// assert_eq!(files, [b"@r1/1\nAC\n+\nII\n".to_vec(), b"@r1/2\nG\n+\nI\n".to_vec()]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn map_ordered_to<W, S, R>(
        self,
        writers: &mut [W],
        init: impl Fn() -> S + Sync,
        each: impl for<'d> Fn(&mut S, L::Item<'d>, &mut Outputs<'_>) -> R + Sync,
    ) -> Result<Done<Vec<S>>, Error>
    where
        W: Write + Send,
        S: Send,
        R: Outcome,
    {
        let count = writers.len();
        self.map_ordered(Parting::new(writers), init, |state: &mut S, item: L::Item<'_>, bytes: &mut Vec<u8>| {
            let mut outputs = Outputs::new(bytes, count);
            let outcome = each(state, item, &mut outputs);
            outputs.end();
            outcome
        })
    }
}

/// Gives each piece to its writer.
struct Parting<'w, W> {
    writers: &'w mut [W],
    /// The head of the next piece, as far as it was seen.
    head: Vec<u8>,
    /// The writer of the present piece, and how much of it is still to come.
    writer: usize,
    left: u64,
}

impl<'w, W> Parting<'w, W> {
    fn new(writers: &'w mut [W]) -> Self {
        Self { writers, head: Vec::with_capacity(HEAD), writer: 0, left: 0 }
    }
}

impl<W: Write> Write for Parting<'_, W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut rest = data;
        while !rest.is_empty() {
            if self.left > 0 {
                let n = usize::try_from(self.left).map_or(rest.len(), |left| left.min(rest.len()));
                let (piece, behind) = rest.split_at(n);
                let Some(writer) = self.writers.get_mut(self.writer) else {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "output was changed after it was put out"));
                };
                writer.write_all(piece)?;
                self.left -= n as u64;
                rest = behind;
                continue;
            }
            let n = rest.len().min(HEAD - self.head.len());
            self.head.extend_from_slice(&rest[..n]);
            rest = &rest[n..];
            if let Some((writer, left)) = self.head.split_first_chunk::<4>()
                && let Ok(left) = <[u8; 8]>::try_from(left)
            {
                self.writer = u32::from_le_bytes(*writer) as usize;
                self.left = u64::from_le_bytes(left);
                self.head.clear();
            }
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writers.iter_mut().map(W::flush).fold(Ok(()), Result::and)
    }
}
