//! The stream: a source of blocks, and the same as a reader.
//!
//! [`Stream`] is a [`Source`] and hands whole blocks over without copying them. It cannot be a [`Read`] as well, since
//! every reader is a source already, of the copying kind; [`Stream::into_reader`] is for callers that want one.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fqbuf_line::{Block, PAGE, Source};
use fqbuf_pool::{BudgetError, Charge};

use crate::ahead::{self, Ahead, How, Trial};
use crate::builder::{self, ReadAhead, StreamBuilder};
use crate::fill::{self, Fill, Plain};
#[cfg(feature = "gzip")]
use crate::gzip::Gzip;
use crate::helper::Helper;
use crate::input::{self, Input, out_of_memory};
use crate::pieces::{self, Pieces};
use crate::progress::Progress;
use crate::team::{Plan, Supply, Team};
use crate::{Format, StreamError, StreamErrorKind};

/// A byte stream of a file or reader, decompressed, verified to its last byte.
///
/// Not for writing, nor for seeking: a plain file that is to be read from several places is better opened directly.
///
/// Bytes come in order through [`Source::fill`], or [`Read`] after [`Stream::into_reader`]. What is wrong with the input
/// comes as an error after all the bytes before it, and again at every later call; the end is reported once the whole
/// input, its trailer included, was verified, and stays the end even if the file grows on.
///
/// Interrupted reads are retried. `WouldBlock` of the reader below is returned, and the next call goes on; with read-ahead
/// the thread goes on asking the reader, as often as the caller comes back. Other errors of the reader end the stream. A
/// reader that panics, or claims more bytes than it was given room for, is an error ([`StreamErrorKind`]).
///
/// Dropping the stream stops its threads and waits for them: for as long as a read takes that is under way, since a blocked
/// read cannot be called off, and a thread left behind would go on reading what the caller may want to read next. Close the
/// other end, or give the reader a timeout, where a read may block for ever.
pub struct Stream {
    stage: Stage,
    settings: StreamBuilder,
    /// The format, once known.
    format: Option<Format>,
    /// A filled block of our own, of which the caller has not had all yet.
    current: Block,
    /// An error behind the bytes of `current`.
    pending: Option<io::Error>,
    progress: Progress,
    name: Arc<str>,
    /// The memory of the window and the blocks.
    charge: Option<Charge>,
}

/// How the bytes come.
enum Stage {
    /// Nothing but the first bytes was read.
    Fresh(Input),
    /// Plain, straight into the caller's memory.
    Direct(Input),
    /// Decoded in the calling thread.
    Inline(Box<dyn Fill>),
    /// Decoded in the calling thread, until that turns out to have other work.
    Trial(Box<dyn Fill>, Trial),
    /// Decoded on a thread.
    Ahead(Ahead),
    /// A plain file, read by a thread and the caller.
    Pieces(Team<Pieces>),
    /// Decoded on several threads.
    #[cfg(feature = "gzip")]
    Team(Team<Gzip>),
    /// At the end.
    Ended,
    /// Ended by this error.
    Failed(Fatal),
}

/// An error that can be told again.
#[derive(Clone)]
enum Fatal {
    Ours(StreamError),
    Other(io::ErrorKind, String),
}

impl Fatal {
    fn of(err: &io::Error) -> Self {
        StreamError::of(err).map_or_else(|| Self::Other(err.kind(), err.to_string()), |e| Self::Ours(e.clone()))
    }

    fn error(&self) -> io::Error {
        match self {
            Self::Ours(e) => e.clone().into(),
            Self::Other(kind, text) => io::Error::new(*kind, text.clone()),
        }
    }
}

impl Stream {
    /// The settings to open a stream with.
    #[must_use]
    pub fn builder() -> StreamBuilder {
        StreamBuilder::new()
    }

    pub(crate) fn new(input: Input, settings: StreamBuilder, progress: Progress) -> Self {
        let name = Arc::clone(input.name());
        let current = Block::new();
        Self {
            stage: Stage::Fresh(input),
            settings,
            format: None,
            current,
            pending: None,
            progress,
            name,
            charge: None,
        }
    }

    /// The input's format, told by its first bytes; `None` before they were read, as `open` does.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// The input's format, for which its first bytes are read if they were not yet.
    ///
    /// # Errors
    /// The reader's error; `Unsupported` for a format whose feature is off.
    pub fn detect(&mut self) -> io::Result<Format> {
        match (self.format, &mut self.stage) {
            (Some(format), _) => Ok(format),
            (None, Stage::Fresh(input)) => match builder::detect(input) {
                Ok(format) => {
                    self.format = Some(format);
                    Ok(format)
                }
                Err(e) => Err(self.failed(e)),
            },
            (None, Stage::Failed(fatal)) => Err(fatal.error()),
            (None, _) => Ok(Format::Plain),
        }
    }

    /// Other settings for a stream of which nothing was read yet: how it is read may depend on what else was opened.
    #[doc(hidden)]
    pub fn set(&mut self, settings: &StreamBuilder) {
        self.settings = settings.clone();
    }

    /// The path, or the name that was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Most bytes of data in a block that is handed over: as [set](StreamBuilder::block_size), half of it for BGZF read ahead.
    /// Before the format is known, what is set.
    #[must_use]
    pub fn block_size(&self) -> usize {
        let size = self.settings.block_size;
        match self.format {
            Some(Format::Bgzf) if self.settings.read_ahead != ReadAhead::Never => builder::half_block(size),
            _ => size,
        }
    }

    /// Bytes of memory of a block that is handed over, for who charges for blocks: give the stream blocks of as much, which it takes
    /// in exchange. 0 for plain input that is not read ahead, for it is read into the caller's own. Before the format is known, as
    /// for compressed input.
    #[must_use]
    pub fn block_memory(&self) -> usize {
        let direct = self.format == Some(Format::Plain) && self.settings.read_ahead != ReadAhead::Always;
        if direct { 0 } else { fill::block_memory(self.block_size()) }
    }

    /// A handle that tells how far the stream has come, whoever owns it.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// The stream as a [`Read`] and [`BufRead`].
    #[must_use]
    pub fn into_reader(self) -> StreamReader {
        StreamReader { stream: self }
    }

    /// For so many threads that take blocks from the stream by turns: what each decompresses with, beforehand and at the same time
    /// as the others. See [`Helper`]. Of use for BGZF in a file opened by its path; none otherwise, nor where half of the budget
    /// has no memory for two, nothing is to be [read ahead](ReadAhead::Never), or the stream was read from: then it is read like
    /// any other.
    ///
    /// The stream has no threads of its own then. It charges for its blocks here, and for as long as it or a helper is there.
    #[must_use]
    pub fn helpers(&mut self, threads: usize) -> Vec<Helper> {
        #[cfg(feature = "gzip")]
        if let Some((team, threads)) = self.team_without_threads(threads) {
            let helpers = (0..threads).map(|_| Helper::new(team.helper())).collect();
            self.stage = Stage::Team(team);
            return helpers;
        }
        let _ = threads;
        Vec::new()
    }

    /// A team of no threads but so many helpers, or as many as there is memory for; where there are to be any.
    #[cfg(feature = "gzip")]
    fn team_without_threads(&mut self, threads: usize) -> Option<(Team<Gzip>, usize)> {
        if self.detect().ok()? != Format::Bgzf || self.settings.read_ahead == ReadAhead::Never {
            return None;
        }
        let size = self.block_size();
        let blocks = |helpers| 2 * helpers + 1;
        // The caller has blocks of the input as well: it works where it would wait.
        let memory = |helpers| memory_of(blocks(helpers) + helpers + 1, size);
        let helpers = self.within_half(threads.min(builder::MOST_THREADS), memory);
        let Stage::Fresh(input) = &self.stage else { return None };
        if helpers < 2 || input.file().is_none() {
            return None;
        }
        self.charge_for(memory(helpers)).ok()?;
        let Stage::Fresh(input) = std::mem::replace(&mut self.stage, Stage::Ended) else { return None };
        let plan = Plan { threads: 0, helps: true, blocks: blocks(helpers), size };
        Some((self.team(Gzip::new(input, size), plan), helpers))
    }

    /// As many workers, at least one, as half of the budget has memory for: the other half is for who takes the blocks.
    fn within_half(&self, mut workers: usize, memory: impl Fn(usize) -> usize) -> usize {
        let room = self.settings.budget.as_ref().map_or(usize::MAX, |budget| budget.available() / 2);
        while workers > 1 && memory(workers) > room {
            workers -= 1;
        }
        workers
    }

    /// Starts a team, which has the stream's charge from now on.
    fn team<S: Supply>(&mut self, supply: S, plan: Plan) -> Team<S> {
        Team::start(supply, plan, Arc::clone(&self.progress.0), self.charge.take())
    }

    /// Remembers an error that ends the stream: all but `WouldBlock`, which is the reader's alone.
    fn failed(&mut self, err: io::Error) -> io::Error {
        if err.kind() != io::ErrorKind::WouldBlock {
            self.stage = Stage::Failed(Fatal::of(&err));
            self.current = Block::new();
            self.charge = None;
        }
        err
    }

    /// Starts decoding, on a thread or not.
    fn start(&mut self) -> io::Result<()> {
        let format = self.detect()?;
        let ahead = match self.settings.read_ahead {
            ReadAhead::Never => false,
            ReadAhead::Always => true,
            ReadAhead::Compressed => format != Format::Plain,
        };
        let Stage::Fresh(input) = &self.stage else { return Ok(()) };
        // A read of a regular file does not wait, so the caller may work as well while it would wait.
        let helps = ahead && input.file().is_some() && matches!(format, Format::Plain | Format::Bgzf);
        let threads = if ahead && format == Format::Bgzf { self.settings.threads } else { 1 };
        let size = self.block_size();
        let blocks = |workers| match (format, ahead) {
            (Format::Plain, false) => 0,
            (_, false) => 1,
            (Format::Plain, true) if workers > 1 => pieces::BLOCKS,
            // Each fills one while another waits to be read, and the caller has one.
            (_, true) if workers > 1 => 2 * workers + 1,
            (_, true) => ahead::BLOCKS + 1,
        };
        // Those who inflate have batches of compressed blocks as well.
        let batches = |workers| if workers > 1 && format == Format::Bgzf { workers } else { 0 };
        let memory = |workers| memory_of(blocks(workers) + batches(workers), size);
        let mut workers = threads + usize::from(helps);
        if format == Format::Bgzf {
            workers = self.within_half(workers, memory);
        }
        let helps = helps && workers > 1;
        let plan = Plan { threads: workers - usize::from(helps), helps, blocks: blocks(workers), size };
        self.charge_for(memory(workers))?;
        let Stage::Fresh(input) = std::mem::replace(&mut self.stage, Stage::Ended) else { return Ok(()) };
        if format == Format::Plain && !ahead {
            self.stage = Stage::Direct(input);
            return Ok(());
        }
        if format == Format::Plain
            && let Some(file) = input.file().cloned()
        {
            let pieces = Pieces::new(Plain { input, size: plan.size }, file);
            self.stage = Stage::Pieces(self.team(pieces, plan));
            return Ok(());
        }
        #[cfg(feature = "gzip")]
        if workers > 1 {
            self.stage = Stage::Team(self.team(Gzip::new(input, plan.size), plan));
            return Ok(());
        }
        let enough = if input.file().is_some() { ahead::ENOUGH } else { 1 };
        let fill = self.decoder(format, input)?;
        let counters = Arc::clone(&self.progress.0);
        let how = How { name: Arc::clone(&self.name), counters, enough, alone: None };
        self.stage = match self.settings.read_ahead {
            ReadAhead::Never => Stage::Inline(fill),
            ReadAhead::Compressed => Stage::Trial(fill, Trial::new(how)),
            ReadAhead::Always => run_ahead(fill, how),
        };
        Ok(())
    }

    /// Charges for what the stream allocates.
    fn charge_for(&mut self, bytes: usize) -> io::Result<()> {
        let Some(budget) = &self.settings.budget else { return Ok(()) };
        let charge = budget.try_acquire(bytes);
        self.charge = Some(charge.map_err(|e| memory_refused(&self.name, e))?);
        Ok(())
    }

    /// Charges for the block that plain input is read into for who has none, once it is.
    fn charge_for_reader(&mut self) -> io::Result<()> {
        let Some(charge) = &mut self.charge else { return Ok(()) };
        let bytes = memory_of(1, self.settings.block_size);
        charge.try_grow(bytes.saturating_sub(charge.bytes())).map_err(|e| memory_refused(&self.name, e))
    }

    /// The decoder of a supported format.
    #[cfg_attr(not(any(feature = "zstd", feature = "xz")), expect(clippy::unnecessary_wraps))]
    fn decoder(&self, format: Format, input: Input) -> io::Result<Box<dyn Fill>> {
        let size = self.block_size();
        #[cfg(any(feature = "zstd", feature = "bzip2", feature = "xz"))]
        let allowance = crate::memory::Allowance::new(self.settings.decoder_memory, self.settings.budget.clone());
        Ok(match format {
            #[cfg(feature = "gzip")]
            Format::Gzip | Format::Bgzf => Box::new(Gzip::new(input, size)),
            #[cfg(feature = "zstd")]
            Format::Zstd => {
                use crate::codec::{Coded, zstd::Zstd};
                Box::new(Coded::new(input, Zstd::new()?, allowance, size))
            }
            #[cfg(feature = "bzip2")]
            Format::Bzip2 => {
                use crate::codec::{Coded, bzip2::Bzip2};
                Box::new(Coded::new(input, Bzip2::new(), allowance, size))
            }
            #[cfg(feature = "xz")]
            Format::Xz => {
                use crate::codec::{Coded, xz::Xz};
                Box::new(Coded::new(input, Xz::new(), allowance, size))
            }
            _ => Box::new(Plain { input, size }),
        })
    }

    /// Makes `current` hold at least one byte; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        if !self.current.is_empty() {
            return Ok(true);
        }
        if matches!(self.stage, Stage::Fresh(_))
            && let Err(e) = self.start()
        {
            return Err(self.failed(e));
        }
        if let Some(e) = self.pending.take() {
            return Err(self.failed(e));
        }
        if let Stage::Trial(_, trial) = &mut self.stage
            && trial.is_over()
            && let Stage::Trial(fill, trial) = std::mem::replace(&mut self.stage, Stage::Ended)
        {
            self.stage = run_ahead(fill, trial.how());
        }
        if matches!(self.stage, Stage::Direct(_))
            && let Err(e) = self.charge_for_reader()
        {
            return Err(self.failed(e));
        }
        let filled = match &mut self.stage {
            Stage::Fresh(_) | Stage::Ended => Ok(0),
            Stage::Failed(fatal) => return Err(fatal.error()),
            Stage::Direct(input) => match fill::prepare(&mut self.current, self.settings.block_size) {
                Ok(()) => input.pass_on(&mut self.current, self.settings.block_size),
                Err(e) => Err(out_of_memory(input.name(), &e)),
            },
            Stage::Inline(fill) => fill.fill(&mut self.current),
            Stage::Trial(fill, trial) => trial.fill(&mut **fill, &mut self.current),
            Stage::Ahead(ahead) => ahead.next(&mut self.current, &mut self.pending),
            Stage::Pieces(team) => team.next(&mut self.current, &mut self.pending),
            #[cfg(feature = "gzip")]
            Stage::Team(team) => team.next(&mut self.current, &mut self.pending),
        };
        match filled {
            Ok(0) => {
                self.stage = Stage::Ended;
                self.current = Block::new();
                self.charge = None;
                Ok(false)
            }
            Ok(_) => Ok(true),
            Err(e) => Err(self.failed(e)),
        }
    }

    /// Counts bytes handed to the caller.
    fn delivered(&self, n: usize) {
        self.progress.0.uncompressed.fetch_add(n as u64, Ordering::Relaxed);
    }
}

impl Source for Stream {
    /// Hands a whole block over when what `block` holds fits into the head room of ours, else copies into its room. With a
    /// budget, memory that is larger than ours is not taken for it, as nobody would be charged for what it has more.
    ///
    /// # Errors
    /// As the [stream](Stream): what is wrong with the input, after the bytes before it. `InvalidInput` for want of room, after
    /// which the stream goes on.
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        if matches!(self.stage, Stage::Fresh(_))
            && let Err(e) = self.start()
        {
            return Err(self.failed(e));
        }
        if let Stage::Direct(input) = &mut self.stage
            && self.current.is_empty()
        {
            if block.room() == 0 {
                return Err(no_room());
            }
            let read = input.read_block(block);
            return match read {
                Ok(0) => {
                    self.stage = Stage::Ended;
                    self.charge = None;
                    Ok(0)
                }
                Ok(n) => {
                    self.delivered(n);
                    Ok(n)
                }
                Err(e) => Err(self.failed(e)),
            };
        }
        if !self.advance()? {
            return Ok(0);
        }
        let most = if self.settings.budget.is_some() { 1 } else { 2 };
        let n = hand_over(&mut self.current, block, most);
        if n == 0 {
            return Err(no_room());
        }
        self.delivered(n);
        Ok(n)
    }
}

impl Source for &mut Stream {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        (**self).fill(block)
    }
}

/// The answer to a block that nothing can be put into: 0 would say that the input ended.
fn no_room() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "no room in the block to read into")
}

/// Decoding on a thread, or in the caller's where the system refuses one.
fn run_ahead(fill: Box<dyn Fill>, how: How) -> Stage {
    Ahead::start(fill, how).map_or_else(Stage::Inline, Stage::Ahead)
}

/// The budget's refusal as an error of the input called `name`.
fn memory_refused(name: &Arc<str>, refusal: BudgetError) -> io::Error {
    StreamError::new(StreamErrorKind::Memory, name).because(refusal.into()).into()
}

/// Bytes of the window and of so many blocks of `size` bytes of data.
fn memory_of(blocks: usize, size: usize) -> usize {
    fill::block_memory(size).saturating_mul(blocks).saturating_add(input::MEMORY)
}

/// Appends bytes of `ours` to `theirs`: all at once by exchanging the memory, or as many as there is room for, which may
/// be none. Memory of more than `most` times ours is left where it is, unless it is full.
fn hand_over(ours: &mut Block, theirs: &mut Block, most: usize) -> usize {
    let n = ours.len();
    // Few bytes are sooner copied than a block is exchanged.
    let copy = (n <= PAGE || theirs.capacity() / most > ours.capacity()) && theirs.room() > 0;
    if !copy && ours.prepend(theirs.data()) {
        std::mem::swap(ours, theirs);
        ours.clear();
        return n;
    }
    let n = theirs.append(ours.data());
    ours.consume(n);
    n
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("name", &self.name)
            .field("format", &self.format)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

/// A [`Stream`] as a [`Read`] and [`BufRead`].
///
/// # Examples
/// ```
/// use std::io::BufRead;
///
/// let reader = fqbuf_stream::from_reader(&b"@r1\nACGT\n+\nIIII\n"[..]).into_reader();
/// assert_eq!(reader.lines().count(), 4);
/// ```
#[derive(Debug)]
pub struct StreamReader {
    stream: Stream,
}

impl StreamReader {
    /// The stream, to go on with as a source.
    #[must_use]
    pub fn into_inner(self) -> Stream {
        self.stream
    }

    /// The stream.
    #[must_use]
    pub fn get_ref(&self) -> &Stream {
        &self.stream
    }
}

impl BufRead for StreamReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.stream.advance()?;
        Ok(self.stream.current.data())
    }

    fn consume(&mut self, n: usize) {
        let n = n.min(self.stream.current.len());
        self.stream.current.consume(n);
        self.stream.delivered(n);
    }
}

impl Read for StreamReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let data = self.fill_buf()?;
        let n = data.len().min(buf.len());
        buf[..n].copy_from_slice(&data[..n]);
        self.consume(n);
        Ok(n)
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests;
