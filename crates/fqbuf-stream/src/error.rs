//! What can be wrong with an input, with the file and the compressed byte.
//!
//! One small type for every format: which part (gzip member, BGZF block, zstd frame, ...) is a number and a format, not
//! a variant. It travels inside [`io::Error`], since that is what every reader returns.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::Format;

/// What is wrong with an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamErrorKind {
    /// The input ends inside a part; everything that could be decoded was delivered.
    Truncated,
    /// A part's header is not what its format prescribes.
    Header,
    /// Compressed data that decodes to nothing.
    Data,
    /// The decoded data do not have the checksum stated behind them.
    Checksum,
    /// The decoded data do not have the length stated behind them.
    Length,
    /// Bytes after the last part that are neither another part nor zero padding.
    TrailingGarbage,
    /// The input is in a format whose feature is off in this build.
    Unsupported,
    /// The file cannot be opened, or is a directory.
    Open,
    /// The reader below failed.
    Read,
    /// The writer below failed.
    Write,
    /// The reader below claims more bytes than it was given room for.
    Overclaim,
    /// The reader below panicked, or the decoder did.
    Panicked,
    /// The memory budget, or a limit on a decoder's memory, is too small for this input.
    Memory,
}

/// What is wrong, in which file, at which compressed byte.
///
/// Found inside the [`io::Error`] that a [`Stream`](crate::Stream) returns.
///
/// # Examples
/// ```
/// use fqbuf_stream::{StreamError, StreamErrorKind};
///
/// let err = fqbuf_stream::open("no/such/sample.fq.gz").unwrap_err();
/// assert_eq!(StreamError::of(&err).map(StreamError::kind), Some(StreamErrorKind::Open));
/// assert!(err.to_string().starts_with("no/such/sample.fq.gz: "));
/// ```
#[derive(Clone, Debug)]
pub struct StreamError {
    /// What is wrong.
    kind: StreamErrorKind,
    /// The format of the part it was found in.
    format: Format,
    /// Number of that part, from 1; 0 where there is none.
    part: u64,
    /// Offset in the compressed input, `None` where there is none (before it was opened).
    offset: Option<u64>,
    /// The path or the name the input was given; empty when it was given none.
    name: Arc<str>,
    /// What the system or the decoder said.
    source: Option<Arc<io::Error>>,
}

impl StreamError {
    /// An error of `kind` in an input called `name`.
    pub(crate) fn new(kind: StreamErrorKind, name: &Arc<str>) -> Self {
        Self { kind, format: Format::Plain, part: 0, offset: None, name: Arc::clone(name), source: None }
    }

    /// The same error, in part number `part` of an input of `format`.
    pub(crate) fn in_part(mut self, format: Format, part: u64) -> Self {
        self.format = format;
        self.part = part;
        self
    }

    /// The same error, at a compressed offset.
    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// The same error, with what the system or the decoder said.
    pub(crate) fn because(mut self, source: io::Error) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// The error of this type inside an [`io::Error`].
    #[must_use]
    pub fn of(err: &io::Error) -> Option<&Self> {
        err.get_ref()?.downcast_ref()
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> StreamErrorKind {
        self.kind
    }

    /// The format of the part it was found in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Number of the gzip member, BGZF block, zstd frame, or stream it was found in, from 1; 0 when in none.
    #[must_use]
    pub fn part(&self) -> u64 {
        self.part
    }

    /// Offset in the compressed input, from 0.
    #[must_use]
    pub fn compressed_offset(&self) -> Option<u64> {
        self.offset
    }

    /// The path or the name the input was given; empty when it was given none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of [`io::Error`] it travels in.
    pub(crate) fn io_kind(&self) -> io::ErrorKind {
        match self.kind {
            StreamErrorKind::Truncated => io::ErrorKind::UnexpectedEof,
            StreamErrorKind::Header
            | StreamErrorKind::Data
            | StreamErrorKind::Checksum
            | StreamErrorKind::Length
            | StreamErrorKind::TrailingGarbage
            | StreamErrorKind::Overclaim => io::ErrorKind::InvalidData,
            StreamErrorKind::Unsupported => io::ErrorKind::Unsupported,
            StreamErrorKind::Panicked => io::ErrorKind::Other,
            StreamErrorKind::Memory => io::ErrorKind::OutOfMemory,
            StreamErrorKind::Open | StreamErrorKind::Read | StreamErrorKind::Write => {
                match self.source.as_ref().map_or(io::ErrorKind::Other, |e| e.kind()) {
                    // Of a read it would say that the stream goes on, which it does not after an error of ours.
                    io::ErrorKind::WouldBlock if self.kind == StreamErrorKind::Read => io::ErrorKind::Other,
                    kind => kind,
                }
            }
        }
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, format, part, .. } = *self;
        match &*self.name {
            // A path of nothing, of an unset variable of a shell for one.
            "" if kind == StreamErrorKind::Open => f.write_str("\"\": ")?,
            "" => {}
            name => write!(f, "{name}: ")?,
        }
        let what = format.part();
        match kind {
            StreamErrorKind::Truncated => write!(f, "{format} {what} {part} is cut off")?,
            StreamErrorKind::Header => write!(f, "{format} {what} {part} has a damaged header")?,
            StreamErrorKind::Data => write!(f, "{format} {what} {part} has damaged data")?,
            StreamErrorKind::Checksum => write!(f, "{format} {what} {part} fails its checksum")?,
            StreamErrorKind::Length => write!(f, "{format} {what} {part} is not as long as it states")?,
            StreamErrorKind::TrailingGarbage => write!(f, "bytes after {format} {what} {part} that are none of it")?,
            StreamErrorKind::Unsupported => {
                let feature = format.feature().unwrap_or_default();
                write!(f, "{format} input, and fqbuf-stream was built without its feature `{feature}`")?;
            }
            // The system's words alone say it best: `reads.fq: No such file or directory`.
            StreamErrorKind::Open => {
                return match &self.source {
                    Some(source) => source.fmt(f),
                    None => f.write_str("cannot be opened"),
                };
            }
            StreamErrorKind::Read => f.write_str("cannot be read")?,
            StreamErrorKind::Write => f.write_str("cannot be written")?,
            StreamErrorKind::Overclaim => f.write_str("the reader claims more bytes than it was given room for")?,
            StreamErrorKind::Panicked => f.write_str("the reader panicked")?,
            StreamErrorKind::Memory => f.write_str("more memory needed than allowed")?,
        }
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        match self.offset {
            Some(_) if kind == StreamErrorKind::Unsupported => Ok(()),
            // The reader below failed, whatever it reads, or nothing is compressed.
            Some(offset) if format == Format::Plain => write!(f, " (byte {offset})"),
            Some(offset) => write!(f, " (compressed byte {offset})"),
            _ => Ok(()),
        }
    }
}

impl Error for StreamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}

impl From<StreamError> for io::Error {
    fn from(err: StreamError) -> Self {
        Self::new(err.io_kind(), err)
    }
}
