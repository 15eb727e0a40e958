//! Compressed output: what is written is whole only after `finish`, which tells every error.

use std::io::{self, BufWriter, Write};

use crate::Format;
use crate::builder::MOST_THREADS;

/// Bytes that plain output is collected to.
const BUFFER: usize = 64 * 1024;

/// The default level: a fair size at a fair speed, as in gzip.
const LEVEL: u8 = 6;

/// The settings of a [`StreamWriter`] or [`FileWriter`](crate::FileWriter).
///
/// # Examples
/// ```
/// use std::io::{Read, Write};
/// use fqbuf_stream::{Format, WriterBuilder};
///
/// # fn main() -> std::io::Result<()> {
/// let mut writer = WriterBuilder::new().format(Format::Gzip).to_writer(Vec::new())?;
/// writer.write_all(b"@r1\nACGT\n+\nIIII\n")?;
/// let packed = writer.finish()?;
///
/// let mut text = String::new();
/// fqbuf_stream::from_reader(std::io::Cursor::new(packed)).into_reader().read_to_string(&mut text)?;
/// assert_eq!(text, "@r1\nACGT\n+\nIIII\n");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WriterBuilder {
    pub(crate) format: Option<Format>,
    level: u8,
    threads: usize,
}

impl Default for WriterBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl WriterBuilder {
    /// All defaults.
    #[must_use]
    pub fn new() -> Self {
        Self { format: None, level: LEVEL, threads: 1 }
    }

    /// The format: plain, gzip or BGZF. Default: told by a file's extension, plain for a writer.
    pub fn format(&mut self, format: Format) -> &mut Self {
        self.format = Some(format);
        self
    }

    /// How hard to compress, from 0 (not) to 9; more counts as 9. Default: 6.
    pub fn level(&mut self, level: u8) -> &mut Self {
        self.level = level.min(9);
        self
    }

    /// Threads that compress, for BGZF alone; up to 1 it is the caller's. More than 1,024 count as 1,024, and of those that
    /// the system refuses the others do the work, or the caller. Default: 1.
    pub fn threads(&mut self, threads: usize) -> &mut Self {
        self.threads = threads.min(MOST_THREADS);
        self
    }

    /// A writer into `inner`.
    ///
    /// # Errors
    /// `Unsupported` for a format that is not written, or whose feature is off.
    pub fn to_writer<W: Write>(&self, inner: W) -> io::Result<StreamWriter<W>> {
        let format = self.format.unwrap_or(Format::Plain);
        let pack = match format {
            Format::Plain => Packing::Plain,
            #[cfg(feature = "gzip")]
            Format::Gzip => Packing::Gzip(Box::new(crate::deflate::Member::new(self.level))),
            #[cfg(feature = "gzip")]
            Format::Bgzf => Packing::Bgzf(Box::new(crate::bgzf::Bgzf::new(self.level, self.threads))),
            #[cfg(not(feature = "gzip"))]
            Format::Gzip | Format::Bgzf => {
                let why = format!("fqbuf-stream was built without its feature `gzip`, which writes {format}");
                return Err(io::Error::new(io::ErrorKind::Unsupported, why));
            }
            Format::Zstd | Format::Bzip2 | Format::Xz => {
                let why = format!("{format} is read and not written");
                return Err(io::Error::new(io::ErrorKind::Unsupported, why));
            }
        };
        Ok(StreamWriter { inner: Some(BufWriter::with_capacity(BUFFER, inner)), pack, failed: None })
    }
}

/// Writes plain, gzip or BGZF into any writer.
///
/// Call [`finish`](StreamWriter::finish): without it the output is not whole, and what the last writes met is not told. A
/// writer that is dropped writes nothing more; gzip cut that way is an error to every reader, BGZF lacks its end block.
///
/// After an error all later calls fail with the same kind: a part of the output may be lost. That holds for `WouldBlock`
/// as well. `Interrupted` is retried; `BrokenPipe`, a closed standard output, comes as such.
pub struct StreamWriter<W: Write> {
    /// `None` once it was given back.
    inner: Option<BufWriter<W>>,
    pack: Packing,
    /// The error that a part of the output was lost to.
    failed: Option<(io::ErrorKind, String)>,
}

/// How the bytes are packed.
enum Packing {
    Plain,
    #[cfg(feature = "gzip")]
    Gzip(Box<crate::deflate::Member>),
    #[cfg(feature = "gzip")]
    Bgzf(Box<crate::bgzf::Bgzf>),
}

impl<W: Write> StreamWriter<W> {
    /// Writes what is left, the trailer and the end block, flushes, and gives the writer below back.
    ///
    /// # Errors
    /// Every error that was not told yet, the ones of writes before included.
    pub fn finish(mut self) -> io::Result<W> {
        self.attempt(|pack, inner| {
            match pack {
                Packing::Plain => {}
                #[cfg(feature = "gzip")]
                Packing::Gzip(member) => member.finish(inner)?,
                #[cfg(feature = "gzip")]
                Packing::Bgzf(bgzf) => bgzf.finish(inner)?,
            }
            flush(inner)
        })?;
        self.abandon().ok_or_else(gone)
    }

    /// Gives up: the writer below as it is, without what is left to write.
    pub(crate) fn abandon(&mut self) -> Option<W> {
        self.inner.take().map(|inner| inner.into_parts().0)
    }

    /// Runs `write`, unless there was an error before.
    fn attempt<T>(&mut self, write: impl FnOnce(&mut Packing, &mut BufWriter<W>) -> io::Result<T>) -> io::Result<T> {
        if let Some((kind, said)) = &self.failed {
            return Err(io::Error::new(*kind, said.clone()));
        }
        let written = write(&mut self.pack, self.inner.as_mut().ok_or_else(gone)?);
        if let Err(e) = &written {
            // Told again, `Interrupted` would be tried again for ever.
            let kind = Some(e.kind()).filter(|&kind| kind != io::ErrorKind::Interrupted);
            self.failed = Some((kind.unwrap_or(io::ErrorKind::Other), e.to_string()));
        }
        written
    }
}

/// Flushes, once more where that is interrupted.
fn flush(inner: &mut impl Write) -> io::Result<()> {
    loop {
        match inner.flush() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            flushed => return flushed,
        }
    }
}

/// The answer of a writer whose inner one was given back; nobody can ask it.
fn gone() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

impl<W: Write> Drop for StreamWriter<W> {
    fn drop(&mut self) {
        // Without `finish` nothing more is written.
        self.abandon();
    }
}

impl<W: Write> Write for StreamWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.is_empty() {
            return Ok(0);
        }
        self.attempt(|pack, inner| match pack {
            // Whole or an error: a part written before one could not be told.
            Packing::Plain => inner.write_all(data).map(|()| data.len()),
            #[cfg(feature = "gzip")]
            Packing::Gzip(member) => member.push(data, inner),
            #[cfg(feature = "gzip")]
            Packing::Bgzf(bgzf) => bgzf.push(data, inner),
        })
    }

    /// Makes everything written so far readable, at some cost in size.
    fn flush(&mut self) -> io::Result<()> {
        self.attempt(|pack, inner| {
            match pack {
                Packing::Plain => {}
                #[cfg(feature = "gzip")]
                Packing::Gzip(member) => member.flush(inner)?,
                #[cfg(feature = "gzip")]
                Packing::Bgzf(bgzf) => bgzf.flush(inner)?,
            }
            flush(inner)
        })
    }
}

impl<W: Write> std::fmt::Debug for StreamWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamWriter").field("failed", &self.failed).finish_non_exhaustive()
    }
}
