//! How a stream is to be read.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use fqbuf_pool::MemoryBudget;

use crate::input::Input;
use crate::progress::Progress;
use crate::{Format, Stream, StreamError, StreamErrorKind};

/// Whether a thread decodes ahead of the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadAhead {
    /// For compressed input, once the caller turns out to take some time over what it gets: a thread for one that only counts
    /// bytes costs more than it saves. Given up where it takes longer to decode than the caller would, work included. BGZF
    /// that several inflate has its threads from the start; plain input is read in the calling thread.
    #[default]
    Compressed,
    /// Always, from the start.
    Always,
    /// Never: everything happens in the calling thread.
    Never,
}

/// Bytes of data in a block, by default. GB/s on a 2-core Zen 5 guest, 2026-11-25: gzip read ahead, median of 7, 1.90 with 64
/// KiB, 1.94 with 128, 1.98 with 256, 2.03 with 512, 2.01 with 1 MiB, where the decoder alone has 2.09; BGZF on two threads, best
/// of 7, 2.82 with 64 KiB, 3.20 with 128, 3.34 with 256, 3.36 with 512, 3.50 with 1 MiB, and 1.86 on one thread; for plain files see
/// `pieces.rs`. On a busy machine small blocks lose more.
const BLOCK_SIZE: usize = 512 * 1024;

/// The smallest block: a BGZF block is inflated into one whole.
const SMALLEST_BLOCK: usize = 64 * 1024;

/// The size of a block where there are more of them, for blocks of `size` bytes: the first touch of a block's memory costs as
/// much as a thirtieth of what is inflated into it. Two threads, bytes counted, and records in a pipeline (2-core Zen 5 guest,
/// 2026-11-25, medians of 9 and 13): 1.00 and 1.00 with 512 KiB, 0.99 and 0.99 with 256, 0.98 and 0.97 with 128, 0.99 and 1.02 with 64.
pub(crate) fn half_block(size: usize) -> usize {
    (size / 2).max(SMALLEST_BLOCK).next_multiple_of(fqbuf_line::PAGE)
}

/// Threads that a stream or a writer starts at most: a number far beyond is a slip, and would take the machine's memory.
pub(crate) const MOST_THREADS: usize = 1024;

/// The memory a decoder may ask for, by default: xz -9 and zstd --long fit.
const DECODER_MEMORY: u64 = 160 * 1024 * 1024;

/// The settings of a [`Stream`].
///
/// # Examples
/// ```
/// use fqbuf_stream::{ReadAhead, Stream};
///
/// let stream = Stream::builder().read_ahead(ReadAhead::Never).name("reads").from_reader(&b"@r1\nA\n+\nI\n"[..]);
/// assert_eq!(stream.name(), "reads");
/// ```
#[derive(Clone, Debug)]
pub struct StreamBuilder {
    pub(crate) read_ahead: ReadAhead,
    pub(crate) threads: usize,
    pub(crate) block_size: usize,
    pub(crate) decoder_memory: u64,
    pub(crate) budget: Option<MemoryBudget>,
    name: Option<Arc<str>>,
}

impl Default for StreamBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl StreamBuilder {
    /// All defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            read_ahead: ReadAhead::default(),
            threads: 1,
            block_size: BLOCK_SIZE,
            decoder_memory: DECODER_MEMORY,
            budget: None,
            name: None,
        }
    }

    /// Whether a thread decodes ahead. Default: for compressed input, where it is worth its while.
    pub fn read_ahead(&mut self, when: ReadAhead) -> &mut Self {
        self.read_ahead = when;
        self
    }

    /// Threads that decompress, beside the caller's; more than one are of use for BGZF alone. 0 counts as 1; the way to
    /// have none is [`ReadAhead::Never`]. More than 1,024 count as 1,024. Default: 1.
    ///
    /// Where the system refuses a thread, the others do its work, or the caller. Where it would wait for the next block of a BGZF file opened by its path, the caller's thread decompresses too; of a plain
    /// one that is read ahead, it reads too.
    pub fn threads(&mut self, threads: usize) -> &mut Self {
        self.threads = threads.clamp(1, MOST_THREADS);
        self
    }

    /// Bytes of data in a block that is handed over, 64 KiB at least; BGZF that is read ahead takes half of it, as it has more
    /// blocks. Default: 512 KiB.
    pub fn block_size(&mut self, bytes: usize) -> &mut Self {
        self.block_size = bytes.max(SMALLEST_BLOCK).checked_next_multiple_of(fqbuf_line::PAGE).unwrap_or(bytes);
        self
    }

    /// Memory that a decoder may ask for beside the blocks: the window of zstd, the dictionary of xz. A file that asks
    /// for more is an error. Default: 160 MiB.
    pub fn decoder_memory(&mut self, bytes: u64) -> &mut Self {
        self.decoder_memory = bytes;
        self
    }

    /// Charges everything the stream allocates to `budget`. Default: no budget, some 3 MiB, 1 more a thread for
    /// BGZF, and what the decoder needs.
    ///
    /// The stream charges for its blocks when it starts and does not wait; a budget without room for them is an error of
    /// the first read (for plain input, that of the first through a [reader](Stream::into_reader), which has no block of its own), and BGZF is inflated by no more threads than half of it has memory for. The block that the caller holds by exchange stays charged until the stream ends.
    pub fn budget(&mut self, budget: &MemoryBudget) -> &mut Self {
        self.budget = Some(budget.clone());
        self
    }

    /// The name that errors carry. Default: the path, `stdin`, or nothing for a reader.
    pub fn name(&mut self, name: impl Into<Arc<str>>) -> &mut Self {
        self.name = Some(name.into());
        self
    }

    /// Opens a file, or standard input for `-`, and tells its format, for which the first bytes are read.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied` and the like; `IsADirectory`; `Unsupported` for a format whose feature is off; the
    /// first read's error. All name the path.
    pub fn open(&self, path: impl AsRef<Path>) -> io::Result<Stream> {
        let mut stream = self.open_unread(path)?;
        stream.detect()?;
        Ok(stream)
    }

    /// As [`open`](Self::open), but nothing is read before the first use: who writes two named pipes may open both before it
    /// writes to either, and so must who reads them.
    ///
    /// # Errors
    /// Those of `open` but for the format's and the first read's.
    pub fn open_unread(&self, path: impl AsRef<Path>) -> io::Result<Stream> {
        let path = path.as_ref();
        let stdin = path.as_os_str() == "-";
        let default = || if stdin { "stdin".into() } else { path.display().to_string().into() };
        let name = self.name.clone().unwrap_or_else(default);
        if stdin {
            return Ok(self.stream(Box::new(io::stdin()), name));
        }
        match open_file(path) {
            Ok((file, Some(total))) => {
                let progress = Progress::new(Some(total));
                let input = Input::of_file(file, name, Arc::clone(&progress.0));
                Ok(Stream::new(input, self.clone(), progress))
            }
            Ok((file, None)) => Ok(self.stream(Box::new(file), name)),
            Err(e) => Err(StreamError::new(StreamErrorKind::Open, &name).because(e).into()),
        }
    }

    /// A stream of what `reader` yields. Nothing is read before the first use.
    #[must_use]
    pub fn from_reader(&self, reader: impl Read + Send + 'static) -> Stream {
        let name = self.name.clone().unwrap_or_default();
        self.stream(Box::new(reader), name)
    }

    fn stream(&self, reader: Box<dyn Read + Send>, name: Arc<str>) -> Stream {
        let progress = Progress::new(None);
        let input = Input::new(reader, name, Arc::clone(&progress.0));
        Stream::new(input, self.clone(), progress)
    }
}

/// Opens a file that is no directory, with its length where that means something.
fn open_file(path: &Path) -> io::Result<(File, Option<u64>)> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if meta.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory"));
    }
    Ok((file, meta.is_file().then_some(meta.len())))
}

/// Opens a file of any known format, or standard input for `-`, with default settings.
///
/// # Errors
/// As [`StreamBuilder::open`].
///
/// # Examples
/// ```no_run
/// let stream = fqbuf_stream::open("reads.fq.gz")?;
/// assert_eq!(stream.format(), Some(fqbuf_stream::Format::Gzip));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn open(path: impl AsRef<Path>) -> io::Result<Stream> {
    StreamBuilder::new().open(path)
}

/// A stream of what `reader` yields, of any known format, with default settings.
///
/// # Examples
/// ```
/// use std::io::Read;
///
/// let mut text = String::new();
/// fqbuf_stream::from_reader(&b"@r1\nA\n+\nI\n"[..]).into_reader().read_to_string(&mut text)?;
/// assert_eq!(text, "@r1\nA\n+\nI\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn from_reader(reader: impl Read + Send + 'static) -> Stream {
    StreamBuilder::new().from_reader(reader)
}

/// The format told by the first bytes of `input`, of which it reads as many as that takes.
pub(crate) fn detect(input: &mut Input) -> io::Result<Format> {
    while crate::format::undecided(input.data()) {
        if input.more()? == 0 {
            break;
        }
    }
    let format = Format::from_start(input.data());
    if !format.is_supported() {
        let err = StreamError::new(StreamErrorKind::Unsupported, input.name());
        return Err(err.in_part(format, 0).at(0).into());
    }
    Ok(format)
}
