//! The one error of this crate's own; all others are the reader's or the allocator's.

use std::{error, fmt, io};

/// A line takes more bytes than the growth policy allows.
///
/// It travels inside an [`io::Error`] of kind `InvalidData`; `error.get_ref()` and a downcast give it back.
///
/// # Examples
/// ```
/// use fqbuf_line::{GrowthPolicy, LineBuffer, LineReader, LineTooLong};
///
/// let buffer = LineBuffer::builder().growth(GrowthPolicy::with_limit(4)).build();
/// let mut lines = LineReader::with_buffer(&b"ACGT\nACGTA\n"[..], buffer);
/// assert_eq!(lines.next_line()?, Some(&b"ACGT"[..]));
/// let error = lines.next_line().unwrap_err();
/// let too_long = error.get_ref().and_then(|e| e.downcast_ref::<LineTooLong>());
/// assert_eq!(too_long, Some(&LineTooLong { line: 2, byte: 5, limit: 4 }));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTooLong {
    /// Number of the line, from 1.
    pub line: u64,
    /// Offset in the input of the line's first byte that was not consumed, from 0.
    pub byte: u64,
    /// Most bytes that a line may take, its `\n` not counted.
    pub limit: usize,
}

impl fmt::Display for LineTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, byte, limit } = self;
        write!(f, "line {line} (byte {byte}) takes more than the {limit} bytes allowed")
    }
}

impl error::Error for LineTooLong {}

impl From<LineTooLong> for io::Error {
    fn from(error: LineTooLong) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
