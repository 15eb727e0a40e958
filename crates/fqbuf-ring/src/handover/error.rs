//! What either half of a hand-over learns when the other half fails or goes.

use std::error::Error;
use std::{fmt, io};

/// Any error a writer may fail with.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Why a reader gets no further buffer although the writer did not finish.
///
/// Comes after every buffer that was published before it. Turned into an [`io::Error`], it is the very `io::Error` that
/// the writer failed with, if it was one.
///
/// # Examples
/// ```
/// use std::io;
/// use fqbuf_ring::handover::{self, HandoverError};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (writer, mut reader) = handover::channel([String::new()], String::clear);
/// writer.fail(io::Error::from_raw_os_error(5))?;
/// let error = reader.next().expect_err("the writer failed");
/// assert_eq!(io::Error::from(error).raw_os_error(), Some(5));
/// assert!(matches!(reader.next(), Err(HandoverError::Reported)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum HandoverError {
    /// The writer failed with this error. It is given out once; later calls get [`HandoverError::Reported`].
    Failed(BoxError),
    /// The writer failed, and its error was given out before: to this reader or to another.
    Reported,
    /// The writer was dropped before it finished: what was read is not the whole.
    #[non_exhaustive]
    Lost {
        /// Whether a panic dropped it.
        panicked: bool,
    },
}

impl fmt::Display for HandoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Reported => f.write_str("the writer failed; its error was reported before"),
            Self::Lost { panicked: true } => f.write_str("the writer panicked before it finished"),
            Self::Lost { panicked: false } => f.write_str("the writer was dropped before it finished"),
        }
    }
}

impl Error for HandoverError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // `Failed` shows the writer's error as its own message, so its source is that error's source.
        match self {
            Self::Failed(error) => error.source(),
            _ => None,
        }
    }
}

impl From<HandoverError> for io::Error {
    /// The writer's own `io::Error` unharmed; any other error of the writer as the inside of one of kind `Other`; a lost
    /// writer as `UnexpectedEof`. What a writer passed on from another hand-over becomes what it would have become there.
    fn from(error: HandoverError) -> Self {
        match error {
            HandoverError::Failed(inner) => match inner.downcast::<io::Error>() {
                Ok(error) => *error,
                Err(other) => match other.downcast::<HandoverError>() {
                    Ok(passed_on) => Self::from(*passed_on),
                    Err(other) => Self::other(other),
                },
            },
            HandoverError::Reported => Self::other(error),
            HandoverError::Lost { .. } => Self::new(io::ErrorKind::UnexpectedEof, error),
        }
    }
}

/// Every reader is gone; holds what the writer wanted to hand over.
///
/// # Examples
/// ```
/// use fqbuf_ring::handover::{self, ReaderGone};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (mut writer, reader) = handover::channel([String::new()], String::clear);
/// let mut slot = writer.buffer()?;
/// slot.push_str("unread");
/// drop(reader);
/// assert_eq!(slot.publish(), Err(ReaderGone("unread".to_string())));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReaderGone<T = ()>(pub T);

impl<T> ReaderGone<T> {
    /// What was refused.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for ReaderGone<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReaderGone(..)")
    }
}

impl<T> fmt::Display for ReaderGone<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("every reader is gone")
    }
}

impl<T> Error for ReaderGone<T> {}

impl<T> From<ReaderGone<T>> for io::Error {
    /// `BrokenPipe`; what was refused is dropped.
    fn from(_: ReaderGone<T>) -> Self {
        Self::new(io::ErrorKind::BrokenPipe, ReaderGone(()))
    }
}
