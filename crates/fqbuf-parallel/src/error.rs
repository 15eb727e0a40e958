//! What ends a run before the end of its input.

use std::fmt;
use std::io;
use std::sync::Arc;

use fqbuf_record::{ParseError, Position};
use fqbuf_stream::StreamError;

use crate::outcome::BoxError;

/// Why a run failed: of all that went wrong, what comes first in input order.
///
/// A panic is none of these: it goes on in the caller, after all threads have ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The input cannot be opened, or its format is not known to this build.
    Open(io::Error),
    /// The input breaks a rule, or reading it failed.
    Input(ParseError),
    /// The output cannot be written. `BrokenPipe` is here too: a tool whose reader has gone mostly wants to end quietly.
    Output(io::Error),
    /// A closure returned an error.
    Closure(ClosureError),
    /// A record does not fit into the memory budget, or the budget not even a block.
    Memory(MemoryError),
}

/// What a closure returned, and at which record.
#[derive(Debug)]
pub struct ClosureError {
    /// The closure's own error.
    pub error: BoxError,
    /// The record that it was given, of two mates the first; of a batch the last one that was taken from it.
    pub position: Position,
    /// Name of the (first) input, where one was given.
    pub source_name: Option<Arc<str>>,
}

impl fmt::Display for ClosureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error, position, source_name } = self;
        if let Some(name) = source_name {
            write!(f, "{name}: ")?;
        }
        write!(f, "{position}: {error}")
    }
}

impl std::error::Error for ClosureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // What it says itself, Display has said.
        self.error.source()
    }
}

/// Memory that was not to be had, and for which record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryError {
    /// Bytes asked for on top of what was held.
    pub asked: usize,
    /// Bytes of the budget; `None` when it was the allocator that refused.
    pub limit: Option<usize>,
    /// The first record that was to go into this memory.
    pub position: Position,
    /// Name of the input, where one was given.
    pub source_name: Option<Arc<str>>,
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked, limit, position, source_name } = self;
        if let Some(name) = source_name {
            write!(f, "{name}: ")?;
        }
        write!(f, "{position}: ")?;
        match limit {
            Some(limit) => write!(f, "no {asked} bytes more in a memory budget of {limit}: raise the budget"),
            None => write!(f, "the system refused {asked} bytes of memory"),
        }
    }
}

impl std::error::Error for MemoryError {}

impl Error {
    /// The error as a tool shows it: Display, and for bad input the record's id and a hint; see [`ParseError::report`].
    ///
    /// # Examples
    /// ```
    /// use fqbuf_parallel::Pipeline;
    ///
    /// let error = Pipeline::new().slice(b">r1\nACGT\n").fold(|| (), |(), _| (), |(), ()| ()).unwrap_err();
    /// let report = error.report().to_string();
    /// assert!(report.ends_with("\n  hint: this looks like FASTA, which has no qualities"), "{report}");
    /// ```
    #[must_use]
    pub fn report(&self) -> impl fmt::Display + '_ {
        Report(self)
    }
}

struct Report<'a>(&'a Error);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Error::Input(error) => error.report().fmt(f),
            other => other.fmt(f),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(e) => e.fmt(f),
            Self::Input(e) => e.fmt(f),
            // A file that is written knows its name, and says what could not be done.
            Self::Output(e) if StreamError::of(e).is_some() => e.fmt(f),
            Self::Output(e) => write!(f, "cannot write the output: {e}"),
            Self::Closure(e) => e.fmt(f),
            Self::Memory(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Input(e) => e.source(),
            // What they say themselves, Display has said.
            Self::Open(e) | Self::Output(e) => e.source(),
            Self::Closure(e) => e.source(),
            Self::Memory(_) => None,
        }
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::Input(error)
    }
}

impl From<Error> for io::Error {
    /// The kind that fits best; the error itself is inside.
    fn from(error: Error) -> Self {
        match error {
            Error::Input(e) => e.into(),
            Error::Open(e) | Error::Output(e) => e,
            Error::Closure(e) => Self::other(e),
            Error::Memory(e) => Self::new(io::ErrorKind::OutOfMemory, e),
        }
    }
}
