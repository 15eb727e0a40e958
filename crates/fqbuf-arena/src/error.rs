//! What is returned when there is no room, here or in the machine.

use std::error::Error;
use std::fmt;
use std::io;

/// An arena without room for a slice that was to be read into.
///
/// As an [`io::Error`] its kind is [`OutOfMemory`](io::ErrorKind::OutOfMemory), and [`get_ref`](io::Error::get_ref) gives this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArenaFull {
    /// Bytes asked for.
    pub requested: usize,
    /// Bytes there is room for in one slice, with growth as far as that is allowed and the allocator grants it.
    pub remaining: usize,
}

impl fmt::Display for ArenaFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arena is full: {} bytes requested, {} free", self.requested, self.remaining)
    }
}

impl Error for ArenaFull {}

impl From<ArenaFull> for io::Error {
    fn from(full: ArenaFull) -> Self {
        Self::new(io::ErrorKind::OutOfMemory, full)
    }
}

/// A capacity that the allocator does not give.
///
/// As an [`io::Error`] its kind is [`OutOfMemory`](io::ErrorKind::OutOfMemory), and [`get_ref`](io::Error::get_ref) gives this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutOfMemory {
    /// Bytes asked for.
    pub requested: usize,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no memory for an arena of {} bytes", self.requested)
    }
}

impl Error for OutOfMemory {}

impl From<OutOfMemory> for io::Error {
    fn from(error: OutOfMemory) -> Self {
        Self::new(io::ErrorKind::OutOfMemory, error)
    }
}
