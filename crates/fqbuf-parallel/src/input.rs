//! What a pipeline reads: a path, a stream, any reader, a slice.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fqbuf_pool::MemoryBudget;
use fqbuf_record::Source;
use fqbuf_stream::{Format, Progress, ReadAhead, Stream};

use crate::feed::{Feed, FileAt, InPlace, Stream as Behind};

/// Bytes of the blocks that a decompressing stream is asked to hand over.
const WHOLE_BLOCK: usize = 512 << 10;

/// The same where memory is short, and below which budget it is.
const SMALL_BLOCK: usize = 64 << 10;
const AMPLE: usize = 32 << 20;

/// The budget below which nothing is decompressed ahead: of two inputs the blocks that takes have no more than room in it.
const ENOUGH: usize = 2 << 20;

/// One input of a pipeline, and its name in errors.
///
/// # Examples
/// ```
/// use fqbuf_parallel::{Input, Pipeline};
///
/// # fn main() -> Result<(), fqbuf_parallel::Error> {
/// let first = Input::slice(b"@r1/1\nAC\n+\nII\n").named("first");
/// let second = Input::reader(&b"@r1/2\nGT\n+\nII\n"[..]).named("second");
/// let pairs = Pipeline::new().paired(first, second)?.fold(|| 0, |n, _| *n += 1, |a, b| a + b)?;
/// assert_eq!(pairs.value, 1);
/// # Ok(())
/// # }
/// ```
pub struct Input<'a> {
    kind: Kind<'a>,
    name: Option<Arc<str>>,
}

enum Kind<'a> {
    Path(PathBuf),
    /// A path that was opened, and not read.
    Unread(PathBuf, Box<Stream>),
    Stream(Box<Stream>),
    Source(Box<dyn Source + Send + 'a>),
    Slice(&'a [u8]),
}

impl<'a> Input<'a> {
    /// A file, plain or compressed, told by its first bytes; `-` is standard input. Opened when the run is made.
    ///
    /// A plain regular file is read at own offsets by each thread, which is fastest; where two inputs have to be read in
    /// step, and for all else, threads take turns. Of BGZF in a file that is the only input each thread decompresses what it
    /// is going to parse, mostly.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self { kind: Kind::Path(path.into()), name: None }
    }

    /// A stream opened with settings of its own. Its decompression threads are not counted; its blocks are as large as it was told
    /// ([`Stream::block_memory`]), whatever the budget.
    #[must_use]
    pub fn stream(stream: Stream) -> Self {
        let name = Some(stream.name()).filter(|name| !name.is_empty()).map(Arc::from);
        Self { kind: Kind::Stream(Box::new(stream)), name }
    }

    /// Uncompressed FASTQ from anything that reads.
    #[must_use]
    pub fn reader(source: impl Source + Send + 'a) -> Self {
        Self { kind: Kind::Source(Box::new(source)), name: None }
    }

    /// Uncompressed FASTQ in memory, parsed in place: a caller's own memory map, say.
    #[must_use]
    pub fn slice(data: &'a [u8]) -> Self {
        Self { kind: Kind::Slice(data), name: None }
    }

    /// The name that errors give the input. Default: the path or the stream's name, else none.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl From<&Path> for Input<'_> {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Input<'_> {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<&str> for Input<'_> {
    fn from(path: &str) -> Self {
        Self::path(path)
    }
}

impl From<String> for Input<'_> {
    fn from(path: String) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for Input<'_> {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match &self.kind {
            Kind::Path(_) | Kind::Unread(..) => "path",
            Kind::Stream(_) => "stream",
            Kind::Source(_) => "reader",
            Kind::Slice(_) => "slice",
        };
        f.debug_struct("Input").field("kind", &kind).field("name", &self.name).finish()
    }
}

/// An input ready to be read.
pub(crate) struct Opened<'a> {
    pub(crate) feed: Feed<'a>,
    pub(crate) name: Option<Arc<str>>,
    /// Whether byte offsets are those of decompressed data.
    pub(crate) compressed: bool,
    /// Threads that the input keeps busy by itself, unless those of the run [help](Feed::helpers).
    pub(crate) threads: usize,
    /// How far the input has come, when it counts for itself.
    pub(crate) stored: Option<Progress>,
    /// Bytes that the input has, when it does not count for itself and they are known.
    pub(crate) size: Option<u64>,
}

/// How an input is to be opened.
pub(crate) struct Opening<'s> {
    /// Threads that it may use for itself.
    pub(crate) threads: usize,
    pub(crate) budget: &'s MemoryBudget,
    /// Whether a file may be read at offsets, a slice in place: not when another input is read in step with it.
    pub(crate) alone: bool,
}

impl<'a> Input<'a> {
    /// Opens what is opened by its path, and reads nothing of it yet.
    pub(crate) fn unread(self) -> io::Result<Self> {
        let Self { kind, name } = self;
        let kind = match kind {
            Kind::Path(path) => {
                let stream = Box::new(Stream::builder().open_unread(&path)?);
                Kind::Unread(path, stream)
            }
            other => other,
        };
        Ok(Self { kind, name })
    }

    /// Opens the input and tells its format, for which its first bytes are read.
    pub(crate) fn open(self, how: &Opening<'_>) -> io::Result<Opened<'a>> {
        let Self { kind, name } = self.unread()?;
        match kind {
            Kind::Path(_) => unreachable!("it was opened"),
            Kind::Unread(path, stream) => of_path(&path, *stream, name, how),
            Kind::Stream(mut stream) => {
                let format = stream.detect()?;
                Ok(of_stream(*stream, format, name, None))
            }
            Kind::Source(source) => Ok(Opened {
                feed: Feed::Stream(Behind::new(source, None, false)),
                name,
                compressed: false,
                threads: 0,
                stored: None,
                size: None,
            }),
            Kind::Slice(data) => {
                let feed = match how.alone {
                    true => Feed::Slice(InPlace::new(data)),
                    false => Feed::Stream(Behind::new(Box::new(data), None, false).at_hand()),
                };
                let size = Some(data.len() as u64);
                Ok(Opened { feed, name, compressed: false, threads: 0, stored: None, size })
            }
        }
    }
}

fn of_path<'a>(path: &Path, mut stream: Stream, name: Option<Arc<str>>, how: &Opening<'_>) -> io::Result<Opened<'a>> {
    let ahead = how.threads > 0 && how.budget.available() >= ENOUGH;
    // Where the threads of the run cannot help: BGZF takes as many threads as it is given, and decompressing is mostly the
    // greater part of the work.
    let team = (2 * how.threads / 3).max(1);
    let block = if how.budget.available() < AMPLE { SMALL_BLOCK } else { WHOLE_BLOCK };
    let mut builder = Stream::builder();
    builder.budget(how.budget).threads(team).block_size(block);
    builder.read_ahead(if ahead { ReadAhead::Compressed } else { ReadAhead::Never });
    stream.set(&builder);
    let name = name.or_else(|| Some(stream.name().into()));
    let format = stream.detect()?;
    // Of regular files alone the size is known; a pipe that is opened again may wait for a writer for ever. Some files of the
    // system say that they are regular and empty, and are neither.
    let sized = stream.progress().compressed_total().is_some_and(|bytes| bytes > 0);
    if format == Format::Plain && how.alone && sized {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let feed = Feed::File(FileAt::new(file, len));
        return Ok(Opened { feed, name, compressed: false, threads: 0, stored: None, size: Some(len) });
    }
    let threads = match format {
        Format::Plain => 0,
        _ if !ahead => 0,
        Format::Bgzf => team,
        _ => 1,
    };
    Ok(of_stream(stream, format, name, Some(threads)))
}

fn of_stream<'a>(stream: Stream, format: Format, name: Option<Arc<str>>, own: Option<usize>) -> Opened<'a> {
    let progress = stream.progress();
    let compressed = format != Format::Plain;
    let whole = compressed.then_some(stream.block_size());
    let memory = stream.block_memory();
    let behind = match own {
        Some(_) => Behind::own(stream, whole),
        None => Behind::new(Box::new(stream), whole, true),
    };
    let behind = behind.exchanging(memory);
    let behind = if progress.compressed_total().is_some() { behind.at_hand() } else { behind };
    Opened {
        feed: Feed::Stream(behind),
        name,
        compressed,
        threads: own.unwrap_or(0),
        stored: Some(progress),
        size: None,
    }
}
