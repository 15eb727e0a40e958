//! The stream: a line buffer and the source it is filled from.

use std::{fmt, io};

use crate::{Block, LineBuffer, Source, buffer::DEFAULT_CAPACITY};

/// The lines of a reader, one after the other.
///
/// Take a [`LineBuffer`] where reading and taking lines are two steps, and a slice's own `split` where the input is in
/// memory already. What a line is, the end of input, growth and limits are the buffer's: see there.
///
/// # Examples
/// ```
/// use fqbuf_line::LineReader;
///
/// let mut lines = LineReader::new(&b"@r1\r\nACGT\n+\n!!!!"[..]);
/// let mut bases = 0;
/// while let Some(line) = lines.next_line()? {
///     if line == b"ACGT" {
///         bases += line.len();
///     }
/// }
/// assert_eq!((bases, lines.line_number()), (4, 4));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct LineReader<S> {
    buffer: LineBuffer,
    source: S,
}

impl<S: Source> LineReader<S> {
    /// Lines of `source`, any [`Read`](io::Read), through a buffer of default settings, but for a capacity of 1.25 MiB where the
    /// processor is [known](Block::at_a_time) to read so faster.
    ///
    /// The source needs no buffer of its own.
    #[must_use]
    pub fn new(source: S) -> Self {
        Self::with_buffer(source, LineBuffer::new(Block::at_a_time(DEFAULT_CAPACITY)))
    }

    /// Lines of `source` through `buffer`, and of what the buffer holds before.
    ///
    /// An end that the buffer met is another source's, and forgotten: what it holds of an unterminated line, this source goes on with.
    /// Positions go on, too. [Clear](LineBuffer::clear) the buffer to begin anew.
    #[must_use]
    pub fn with_buffer(source: S, mut buffer: LineBuffer) -> Self {
        buffer.resume();
        Self { buffer, source }
    }

    /// The next line without its line end; `None` at the end of input.
    ///
    /// Blocks as long as the source does. Allocates for the first call and where the buffer grows.
    ///
    /// # Errors
    /// As for [`LineBuffer::fill`]; all lines before the fault were returned. After an error of the source, `WouldBlock`
    /// among them, a call goes on where the last one stopped.
    #[inline]
    pub fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        if !self.buffer.is_ready() {
            self.advance()?;
        }
        Ok(self.buffer.read_line())
    }

    /// Reads until a line is there or the end of input.
    #[cold]
    #[inline(never)]
    fn advance(&mut self) -> io::Result<()> {
        while !self.buffer.seek() {
            if self.buffer.fill(&mut self.source)? == 0 {
                break;
            }
        }
        Ok(())
    }
}

impl<S> LineReader<S> {
    /// Number of the line that was returned last, from 1; 0 before the first.
    #[must_use]
    pub fn line_number(&self) -> u64 {
        self.buffer.line_number()
    }

    /// Offset in the input of the first byte of the line that was returned last, from 0.
    #[must_use]
    pub fn line_start(&self) -> u64 {
        self.buffer.line_start()
    }

    /// Offset in the input of the next line's first byte.
    #[must_use]
    pub fn byte_offset(&self) -> u64 {
        self.buffer.byte_offset()
    }

    /// The buffer.
    #[must_use]
    pub fn buffer(&self) -> &LineBuffer {
        &self.buffer
    }

    /// The buffer: to skip bytes or a line beyond the limit.
    ///
    /// To [go on](LineBuffer::resume) behind the end of an input that grows, take a [`LineBuffer`] alone: this reader has by then
    /// returned the unterminated last line, and its rest becomes a line of its own.
    #[must_use]
    pub fn buffer_mut(&mut self) -> &mut LineBuffer {
        &mut self.buffer
    }

    /// The source.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.source
    }

    /// The source; bytes read from it are missing between the lines.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// The source and the buffer with what it still holds.
    #[must_use]
    pub fn into_parts(self) -> (S, LineBuffer) {
        (self.source, self.buffer)
    }
}

impl<S> fmt::Debug for LineReader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineReader").field("buffer", &self.buffer).finish_non_exhaustive()
    }
}
