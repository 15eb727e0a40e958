//! The settings of a run, and the three kinds of input it may have.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use fqbuf_line::{Block, GrowthPolicy, PAGE};
use fqbuf_pool::MemoryBudget;
use fqbuf_record::{Checks, MateCheck, Reader, ReaderBuilder, Source};

use crate::error::Error;
use crate::input::{Input, Opening};
use crate::layout::Single;
use crate::pairs::Paired;
use crate::run::Run;

/// Bytes of a block by default, and of one whose output is written in order, as the output takes room in the caches as well, or
/// that is read from a file while records are short. The cut of a block of long ones takes longer to find, and what is behind it is
/// read again, so they want larger blocks.
///
/// Two threads that rewrite records of good mean quality, GB/s with blocks of 256 KiB, 384, 512, 768 and 1 MiB (2-core Zen 5
/// guest with 1 MiB of second-level cache a core, 2026-11-25, medians of 9): 150-base reads 16.1, 16.6, 16.9, 16.1, 14.6;
/// trimmed reads 11.8, 12.2, 12.4, 12.2, 12.0; long reads 17, 20, 25, 27, 28. Without output 512 KiB and 1 MiB are level on
/// short reads, and long ones 22 and 26. On a 2-core Cascade Lake guest with as much of that cache (2026-11-27, medians of 5),
/// without output, 128 KiB, 256, 384, 512, 640, 768 and 1 MiB: 150-base reads 8.0, 8.7, 8.9, 8.8, 8.8, 8.7, 8.4; trimmed ones 7.0, 7.4,
/// 7.4, 7.4, 7.3, 7.4, 7.3; long ones 5.8, 8.7, 9.5, 10.6, 10.8, 10.6, 10.2.
///
/// On AMD's Zen 4 neither: a block of less than the second cache level is read more slowly there ([`Block::at_a_time`]). Time of 768 KiB,
/// 1 MiB, 1.25, 1.5 and 2 in units of 512 KiB, and of long reads of 1 MiB (2-core guest, AMD EPYC family 25 model 17, 2026-11-27, medians
/// of seven interleaved processes): without output 150-base reads 0.94, 0.91, 0.92, 0.91, 0.92; trimmed ones 0.96, 0.91, 0.91, 0.88, 0.90;
/// long ones 1.08, 0.99, 0.97, 0.96, 0.91. Rewritten 150-base reads 1.00, 1.02, 0.99, 1.04, 1.04.
const BLOCK_SIZE: usize = 1 << 20;
const SMALLER_BLOCK_SIZE: usize = 512 << 10;

/// Bytes of a block at most. A few times as many, for both of two inputs, can be counted in 32 bits.
const LARGEST_BLOCK_SIZE: usize = 256 << 20;

/// Settings for a run over FASTQ: threads, memory, strictness. Not worth it for inputs of less than a megabyte.
///
/// Choose the input, and what is done with it:
///
/// | input | call |
/// |---|---|
/// | one file, reader or slice | [`file`](Self::file), [`reader`](Self::reader), [`slice`](Self::slice), [`single`](Self::single) |
/// | two inputs of mates | [`paired`](Self::paired) |
/// | one input of alternating mates | [`interleaved`](Self::interleaved) |
///
/// # Examples
/// ```
/// use fqbuf_parallel::Pipeline;
///
/// # fn main() -> Result<(), fqbuf_parallel::Error> {
/// let reads = b"@r1\nACGT\n+\nIIII\n@r2\nGG\n+\nII\n";
/// let done = Pipeline::new().threads(2).slice(reads).fold(
///     || 0,
///     |gc, record| *gc += record.gc_count(),
///     |a, b| a + b,
/// )?;
/// assert_eq!(done.value, 4);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Threads in all; at least 1.
    pub(crate) threads: usize,
    /// Bytes of a block, whole pages, at least one, at most [`LARGEST_BLOCK_SIZE`], where the caller chose it.
    block_size: Option<usize>,
    pub(crate) budget: MemoryBudget,
    pub(crate) skip_invalid: bool,
    pub(crate) mates: MateCheck,
    pub(crate) growth: GrowthPolicy,
    checks: Checks,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::new()
    }
}

impl Pipeline {
    /// All defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            block_size: None,
            budget: MemoryBudget::new(usize::MAX),
            skip_invalid: false,
            mates: MateCheck::default(),
            growth: GrowthPolicy::default(),
            checks: Checks::none(),
        }
    }

    /// Threads that work, the calling one among them; threads that do nothing but decompress inputs opened by path count as well. With 1
    /// everything happens on the calling thread, in the same way. 0 counts as 1, and more than 1,024 as 1,024: so many are a
    /// slip. Default: as many as the machine has cores.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.clamp(1, 1024);
        self
    }

    /// All memory for blocks, output and decompression is charged to `budget`, before it exists. Blocks become smaller, and
    /// threads fewer, when it is small; a record that does not fit is an error. A [stream](Input::stream) keeps the size of its own
    /// blocks, and one block of each input has to fit beside what it decompresses with. Default: no limit but what blocks
    /// and threads need.
    ///
    /// What a call of a closure appends to its output is charged right after the call. Where the budget has no more, it is held
    /// beside the budget until the block's turn has come, when it is written; by each thread once at most.
    ///
    /// What the allocator keeps for itself is not in it: glibc's keeps freed memory for each thread, seen to be 25 MB for eight
    /// threads, reads of 500 kb and a budget of 4 MiB, and 4 MB with `MALLOC_ARENA_MAX=1` in the environment.
    #[must_use]
    pub fn budget(mut self, budget: &MemoryBudget) -> Self {
        self.budget = budget.clone();
        self
    }

    /// Bytes of input in a block, rounded up to whole pages; more than 256 MiB counts as 256 MiB. Default: 512 KiB where output is
    /// written in order; else 1 MiB, or 512 KiB where a file's records are short, a few kilobytes at most, and 1.25 MiB in either
    /// case on AMD's Zen 4, for which see [`Block::at_a_time`].
    #[must_use]
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = Some(bytes.clamp(1, LARGEST_BLOCK_SIZE).next_multiple_of(PAGE));
        self
    }

    /// How long a record may be. Default: 64 MiB.
    #[must_use]
    pub fn growth(mut self, policy: GrowthPolicy) -> Self {
        self.growth = policy;
        self
    }

    /// Checks beyond the format's structure. Default: none. The length of qualities is verified always: where it is trusted, two
    /// cuts of a bad input could come to different records.
    #[must_use]
    pub fn checks(mut self, checks: Checks) -> Self {
        self.checks = checks;
        self
    }

    /// Whether bad records are passed over and counted, instead of ending the run. Default: no.
    #[must_use]
    pub fn skip_invalid(mut self, on: bool) -> Self {
        self.skip_invalid = on;
        self
    }

    /// How the names of mates are compared. Default: [`MateCheck::Ids`].
    #[must_use]
    pub fn mate_check(mut self, check: MateCheck) -> Self {
        self.mates = check;
        self
    }

    /// A run over a file, plain or compressed; `-` is standard input.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn file(&self, path: impl Into<PathBuf>) -> Result<Run<'static, Single>, Error> {
        self.single(Input::path(path))
    }

    /// A run over uncompressed FASTQ from anything that reads.
    pub fn reader<'a>(&self, source: impl Source + Send + 'a) -> Run<'a, Single> {
        match self.single(Input::reader(source)) {
            Ok(run) => run,
            Err(_) => unreachable!("a reader is open"),
        }
    }

    /// A run over uncompressed FASTQ in memory, in place.
    pub fn slice<'a>(&self, data: &'a [u8]) -> Run<'a, Single> {
        match self.single(Input::slice(data)) {
            Ok(run) => run,
            Err(_) => unreachable!("a slice is open"),
        }
    }

    /// A run over one input.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn single<'a>(&self, input: impl Into<Input<'a>>) -> Result<Run<'a, Single>, Error> {
        let opening = Opening { threads: self.threads - 1, budget: &self.budget, alone: true };
        let opened = input.into().open(&opening).map_err(Error::Open)?;
        Ok(Run::new(self, vec![opened]))
    }

    /// A run over two inputs of mates: the first mates in one, the second in the other, in the same order.
    ///
    /// # Errors
    /// [`Error::Open`].
    ///
    /// # Examples
    /// ```
    /// use fqbuf_parallel::{Input, Pipeline};
    ///
    /// # fn main() -> Result<(), fqbuf_parallel::Error> {
    /// let (one, two) = (b"@r1/1\nAC\n+\nII\n", b"@r1/2\nG\n+\nI\n");
    /// let run = Pipeline::new().paired(Input::slice(one), Input::slice(two))?;
    /// let bases = run.fold(|| 0, |sum, pair| *sum += pair.first.len() + pair.second.len(), |a, b| a + b)?;
    /// assert_eq!(bases.value, 3);
    /// # Ok(())
    /// # }
    /// ```
    /// Paths are inputs as they are:
    /// ```no_run
    /// # fn main() -> Result<(), fqbuf_parallel::Error> {
    /// let run = fqbuf_parallel::Pipeline::new().paired("reads_R1.fq.gz", "reads_R2.fq.gz")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn paired<'a>(
        &self,
        first: impl Into<Input<'a>>,
        second: impl Into<Input<'a>>,
    ) -> Result<Run<'a, Paired>, Error> {
        // Both before one is read: who writes two pipes may open both before it writes.
        let first = first.into().unread().map_err(Error::Open)?;
        let second = second.into().unread().map_err(Error::Open)?;
        // Each input may decompress on a thread of its own, if one is left.
        let left = self.threads - 1;
        let mut opening = Opening { threads: left.div_ceil(2), budget: &self.budget, alone: false };
        let first = first.open(&opening).map_err(Error::Open)?;
        opening.threads = left - first.threads;
        let second = second.open(&opening).map_err(Error::Open)?;
        Ok(Run::new(self, vec![first, second]))
    }

    /// A run over one input in which each first mate is followed by its second.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn interleaved<'a>(&self, input: impl Into<Input<'a>>) -> Result<Run<'a, Paired>, Error> {
        let opening = Opening { threads: self.threads - 1, budget: &self.budget, alone: false };
        let opened = input.into().open(&opening).map_err(Error::Open)?;
        Ok(Run::new(self, vec![opened]))
    }

    /// Bytes of a block: those asked for, or else as suits output in order, or records of a file that are `short` or may be long.
    pub(crate) fn size_of_blocks(&self, ordered: bool, short: bool) -> usize {
        match self.block_size {
            Some(size) => size,
            None if ordered => SMALLER_BLOCK_SIZE,
            None => Block::at_a_time(if short { SMALLER_BLOCK_SIZE } else { BLOCK_SIZE }),
        }
    }

    /// What parses records of this input.
    pub(crate) fn reader_of(&self, name: Option<Arc<str>>, compressed: bool) -> ReaderBuilder {
        let builder = Reader::builder().growth(self.growth).checks(self.checks).compressed(compressed);
        match name {
            Some(name) => builder.source_name(name),
            None => builder,
        }
    }
}
