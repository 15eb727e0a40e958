//! Sources that deliver bytes as no friendly source does.

use std::io::{self, Read};

use fqbuf_record::Source;

/// Delivers its input in reads of the given sizes, over and over.
pub(crate) struct Chunks<'a> {
    rest: &'a [u8],
    sizes: Vec<usize>,
    next: usize,
}

impl<'a> Chunks<'a> {
    pub(crate) fn new(input: &'a [u8], sizes: &[usize]) -> Self {
        assert!(sizes.iter().all(|size| *size > 0));
        Self { rest: input, sizes: sizes.to_vec(), next: 0 }
    }

    /// Two reads, the first of `at` bytes; one when `at` is 0.
    pub(crate) fn cut(input: &'a [u8], at: usize) -> Self {
        Self::new(input, &[if at == 0 { usize::MAX } else { at }, usize::MAX])
    }

    /// One read a bit that is 0: bit `i` joins the bytes `i` and `i + 1`.
    pub(crate) fn mask(input: &'a [u8], mask: usize) -> Self {
        let mut sizes = vec![1];
        for i in 1..input.len() {
            if mask >> (i - 1) & 1 == 1 {
                *sizes.last_mut().unwrap() += 1;
            } else {
                sizes.push(1);
            }
        }
        Self::new(input, &sizes)
    }
}

impl Read for Chunks<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(!buf.is_empty(), "a read into nothing looks like the end of input");
        let n = self.sizes[self.next % self.sizes.len()].min(self.rest.len()).min(buf.len());
        self.next += 1;
        buf[..n].copy_from_slice(&self.rest[..n]);
        self.rest = &self.rest[n..];
        Ok(n)
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Interrupted,
    WouldBlock,
    Error,
    /// Says that the input has ended, and has more when asked again.
    Zero,
    /// Claims more bytes than were asked for.
    TooMany,
    Panic,
}

impl Trouble {
    pub(crate) const ALL: [Self; 6] =
        [Self::Interrupted, Self::WouldBlock, Self::Error, Self::Zero, Self::TooMany, Self::Panic];
}

/// Delivers its input, with trouble once, when `at` bytes were delivered.
pub(crate) struct Troubled<'a> {
    input: &'a [u8],
    at: usize,
    done: usize,
    trouble: Option<Trouble>,
    /// Most bytes a read.
    size: usize,
}

impl<'a> Troubled<'a> {
    pub(crate) fn new(input: &'a [u8], at: usize, trouble: Trouble, size: usize) -> Self {
        Self { input, at, done: 0, trouble: Some(trouble), size }
    }
}

impl Read for Troubled<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(!buf.is_empty(), "a read into nothing looks like the end of input");
        if self.done == self.at {
            match self.trouble.take() {
                None => {}
                Some(Trouble::Interrupted) => return Err(io::ErrorKind::Interrupted.into()),
                Some(Trouble::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
                Some(Trouble::Error) => return Err(io::Error::other("medium failed")),
                Some(Trouble::Zero) => return Ok(0),
                Some(Trouble::TooMany) => return Ok(buf.len() + 1),
                Some(Trouble::Panic) => panic!("the source panics"),
            }
        }
        let end = if self.done < self.at { self.at } else { self.input.len() };
        let n = (end - self.done).min(self.size).min(buf.len());
        buf[..n].copy_from_slice(&self.input[self.done..self.done + n]);
        self.done += n;
        Ok(n)
    }
}

/// A source by a closure, which may do to the block whatever it likes.
pub(crate) struct Free<F>(pub(crate) F);

impl<F: FnMut(&mut fqbuf_record::Block) -> io::Result<usize>> Source for Free<F> {
    fn fill(&mut self, block: &mut fqbuf_record::Block) -> io::Result<usize> {
        (self.0)(block)
    }
}

/// What a source does at each call, one after the other; then it is at its end.
pub(crate) fn scripted<const N: usize>(calls: [fn(&mut fqbuf_record::Block) -> io::Result<usize>; N]) -> impl Source {
    let mut calls = calls.into_iter();
    Free(move |block: &mut fqbuf_record::Block| calls.next().map_or(Ok(0), |call| call(block)))
}
