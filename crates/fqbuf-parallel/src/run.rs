//! A run: what is asked of it, and the threads that do it.
//!
//! There are no stages with a thread of their own and no queue between them. Each thread does the whole job for a block:
//! claims it (under the source's lock), reads what of it is not read yet, parses it and calls the closure, settles it with
//! the board. Of a file of BGZF it decompresses blocks before it claims one, as a rule the one that it then claims. With one thread the same loop runs on the caller's thread alone.

use std::io::Write;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use fqbuf_line::PAGE;
use fqbuf_record::{Position, ReaderBuilder, Skipped};
use fqbuf_stream::{Helper, Progress};

use crate::board::{Board, Event};
use crate::error::{ClosureError, Error};
use crate::feed::Feed;
use crate::input::Opened;
use crate::layout::Layout;
use crate::monitor::{Counters, Monitor};
use crate::outcome::Outcome;
use crate::pipeline::Pipeline;
use crate::sync::{Mutex, thread};
use crate::widest::{Folding, Unit};
use crate::work::{Core, Feeding, Mapping, Output};

/// Blocks are not made smaller than this for want of memory while there is more than one thread.
const SMALL_BLOCK: usize = 64 << 10;

/// What a run gives at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done<T> {
    /// The merged state, or the states.
    pub value: T,
    /// What went through.
    pub summary: Summary,
}

/// What went through a run that ended well; the same for any number of threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Records handed to the closures, both mates counted; of a stopped run, up to where it stopped.
    pub records: u64,
    /// Bad records passed over, where that was asked for.
    pub skipped: Skipped,
    /// Records dropped because their mates were passed over.
    pub dropped: u64,
    /// Whether a closure stopped the run.
    pub stopped: bool,
    /// Of each input, the second one of mates in two inputs last: whether it was BGZF and ended without the empty block that
    /// marks its end. All the blocks there were are whole, but the file may have been cut between two of them.
    pub end_block_missing: [bool; 2],
}

impl Summary {
    /// Adds what went through in a block.
    pub(crate) fn add(&mut self, delivered: u64, dropped: u64, skipped: Skipped) {
        self.records += delivered;
        self.dropped += dropped;
        self.skipped.records += skipped.records;
        self.skipped.bytes += skipped.bytes;
    }
}

/// A pipeline with its input: what is left to say is what to do with the records.
#[must_use = "nothing is read before one of its methods is called"]
pub struct Run<'a, L> {
    settings: Pipeline,
    feeds: Vec<Feed<'a>>,
    readers: Vec<ReaderBuilder>,
    names: Vec<Option<Arc<str>>>,
    /// How far each input has come, where it knows.
    progress: Vec<Option<Progress>>,
    /// Threads that the inputs keep busy by themselves, unless those of the run help.
    busy: usize,
    counters: Arc<Counters>,
    monitor: Monitor,
    layout: PhantomData<L>,
}

impl<'a, L: Layout> Run<'a, L> {
    pub(crate) fn new(settings: &Pipeline, inputs: Vec<Opened<'a>>) -> Self {
        let counters = Arc::new(Counters::default());
        let busy = inputs.iter().map(|input| input.threads).sum();
        let mut progress = Vec::new();
        let mut stored = Vec::new();
        let mut total = Some(0);
        let mut feeds = Vec::new();
        let mut readers = Vec::new();
        let mut names = Vec::new();
        for input in inputs {
            readers.push(settings.reader_of(input.name.clone(), input.compressed));
            names.push(input.name);
            feeds.push(input.feed);
            match &input.stored {
                Some(of) => stored.push(of.clone()),
                None => total = total.zip(input.size).map(|(a, b)| a + b),
            }
            progress.push(input.stored);
        }
        let monitor = Monitor::new(&counters, &settings.budget, stored, total);
        Self {
            settings: settings.clone(),
            feeds,
            readers,
            names,
            progress,
            busy,
            counters,
            monitor,
            layout: PhantomData,
        }
    }

    /// A handle to the figures of the run, for another thread to read while it runs.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// Calls `each` for every record, in no order between threads, and merges the threads' states at the end.
    ///
    /// `init` makes a state for each thread that gets records, and `merge` puts two together. Which records a state has
    /// seen depends on chance, so the result is the same for any number of threads when `each` and `merge` are: sums of
    /// integers are; sums of floating point numbers, or lists, are not ([`map_ordered`](Self::map_ordered) keeps order).
    ///
    /// When `each` stops the run, all records before that one have been seen by some thread, and some behind it may. Should
    /// `each` have panicked at one of those, the state is merged as the panic has left it.
    ///
    /// # Errors
    /// What goes wrong first in input order; the records before it were all seen.
    ///
    /// # Panics
    /// With the panic of a closure or a reader, after all threads have ended.
    pub fn fold<S, R>(
        self,
        init: impl Fn() -> S + Sync,
        each: impl for<'d> Fn(&mut S, L::Item<'d>) -> R + Sync,
        merge: impl FnMut(S, S) -> S,
    ) -> Result<Done<S>, Error>
    where
        S: Send,
        R: Outcome,
    {
        let unit = Unit::widest();
        self.fold_batches(
            init,
            |state, batch: &mut L::Batch<'_>| unit.visit(batch, &mut Folding { state, each: &each }),
            merge,
        )
    }

    /// As [`fold`](Self::fold), with a call for every block of records instead of every record.
    ///
    /// A batch is an iterator. What `each` leaves in it unread is read all the same, to find errors, unless `each` stops
    /// the run.
    ///
    /// # Errors
    /// As [`fold`](Self::fold).
    ///
    /// # Panics
    /// As [`fold`](Self::fold).
    pub fn fold_batches<S, R>(
        self,
        init: impl Fn() -> S + Sync,
        each: impl for<'d> Fn(&mut S, &mut L::Batch<'d>) -> R + Sync,
        merge: impl FnMut(S, S) -> S,
    ) -> Result<Done<S>, Error>
    where
        S: Send,
        R: Outcome,
    {
        let body = |state: &mut S, batch: &mut L::Batch<'_>, _: Option<Output<'_, '_>>| {
            each(state, batch).into_flow().map_err(|error| Event::Closure(error, Position::START))
        };
        let (states, summary) = self.drive(None, &init, &body)?;
        let value = states.into_iter().reduce(merge).unwrap_or_else(init);
        Ok(Done { value, summary })
    }

    /// Calls `each` for every record with a buffer to append output to, and writes the output in input order. The buffer holds
    /// other records' output already: take nothing away from it.
    ///
    /// The bytes are the same for any number of threads when what `each` appends depends on the record alone. Gives the
    /// states back, one for each thread that got records; the writer is flushed, and is the caller's to finish.
    ///
    /// When `each` stops the run, the output of all records up to that one is written, and of none behind it. When
    /// something goes wrong, the output of all records before it is written, and nothing of what a failing call has appended.
    /// [`map_ordered_to`](Self::map_ordered_to) writes to several writers. What the writer does, one thread does: to compress
    /// on several, give it BGZF with [threads](fqbuf_stream::WriterBuilder::threads) of its own.
    ///
    /// # Errors
    /// What goes wrong first in input order; [`Error::Output`] when the writer fails.
    ///
    /// # Panics
    /// With the panic of a closure, a reader or the writer, after all threads have ended. When a call of `each` has left the buffer
    /// shorter than it was: what the records before it in the same block have put out may be lost then.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_parallel::Pipeline;
    ///
    /// # fn main() -> Result<(), fqbuf_parallel::Error> {
    /// let mut out = Vec::new();
    /// Pipeline::new().slice(b"@r1\nAC\n+\nII\n@r2\nGT\n+\nII\n").map_ordered(
    ///     &mut out,
    ///     || (),
    ///     |_, record, out| {
    ///         out.extend_from_slice(record.id());
    ///         out.push(b'\n');
    ///     },
    /// )?;
    /// assert_eq!(out, b"r1\nr2\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn map_ordered<W, S, R>(
        self,
        mut writer: W,
        init: impl Fn() -> S + Sync,
        each: impl for<'d> Fn(&mut S, L::Item<'d>, &mut Vec<u8>) -> R + Sync,
    ) -> Result<Done<Vec<S>>, Error>
    where
        W: Write + Send,
        S: Send,
        R: Outcome,
    {
        let unit = Unit::widest();
        let body = |state: &mut S, batch: &mut L::Batch<'_>, output: Option<Output<'_, '_>>| {
            let Some(output) = output else { unreachable!("a run with a writer has outputs") };
            unit.visit(batch, &mut Mapping { state, output, each: &each })
        };
        let result = self.drive(Some(&mut writer), &init, &body);
        let flushed = writer.flush();
        let (value, summary) = result?;
        flushed.map_err(Error::Output)?;
        Ok(Done { value, summary })
    }

    /// How much of what is used; and what the threads of the run decompress its one input with, where that has none of its own.
    fn plan(&mut self, ordered: bool) -> (Plan, Vec<Helper>) {
        let of = |threads, feeds: &[Feed<'_>]| Plan::of(&self.settings, threads, feeds, ordered);
        let all = of(self.settings.threads, &self.feeds);
        if let [feed] = &mut self.feeds[..] {
            let helpers = feed.helpers(all.threads);
            if !helpers.is_empty() {
                return (all, helpers);
            }
        }
        let left = self.settings.threads.saturating_sub(self.busy).max(1);
        (of(left, &self.feeds), Vec::new())
    }

    /// Runs all threads to the end.
    fn drive<S: Send>(
        mut self,
        sink: Option<&mut (dyn Write + Send)>,
        init: &(impl Fn() -> S + Sync),
        body: &(impl for<'d> Fn(&mut S, &mut L::Batch<'d>, Option<Output<'_, '_>>) -> Result<ControlFlow<()>, Event> + Sync),
    ) -> Result<(Vec<S>, Summary), Error> {
        let ordered = sink.is_some();
        let inputs = self.feeds.len();
        let (plan, helpers) = self.plan(ordered);
        let core = Core {
            board: Board::new(&self.settings.budget, plan.threads, plan.retained, sink, &self.counters),
            helpers: Mutex::new(helpers),
            feed: Mutex::new(Feeding::new(self.feeds)),
            plan,
            readers: self.readers,
            names: self.names,
            skip: self.settings.skip_invalid,
            limit: self.settings.growth.limit(),
            alternating: L::MATES && inputs == 1,
            mates: self.settings.mates,
            ordered,
            counters: self.counters,
        };
        let mut states = Vec::new();
        thread::scope(|scope| {
            let helpers: Vec<_> = (1..core.plan.threads)
                // Where the system has no more threads, those there are do the work.
                .map_while(|_| spawn(scope, || core.work::<L, S>(init, body)))
                .collect();
            states.extend(core.work::<L, S>(init, body));
            for helper in helpers {
                match helper.join() {
                    Ok(state) => states.extend(state),
                    // Panics are caught where they happen; this one is of the pipeline itself.
                    Err(payload) => resume_unwind(payload),
                }
            }
        });
        let (verdict, mut summary) = core.board.into_verdict();
        for (missing, progress) in summary.end_block_missing.iter_mut().zip(&self.progress) {
            *missing = progress.as_ref().is_some_and(Progress::end_block_missing);
        }
        let error = match verdict {
            None => return Ok((states, summary)),
            Some(Event::Stop) => {
                summary.stopped = true;
                return Ok((states, summary));
            }
            Some(Event::Panic(payload)) => Err(payload),
            Some(Event::Input(placed)) => Ok(Error::Input(placed.error)),
            Some(Event::Memory(error, _)) => Ok(Error::Memory(error)),
            Some(Event::Output(error)) => Ok(Error::Output(error)),
            Some(Event::Closure(error, position)) => {
                let source_name = core.names[0].clone();
                Ok(Error::Closure(ClosureError { error, position, source_name }))
            }
        };
        // A state whose own end panics must not do so while another panic goes on: that would end the process.
        let ends = states.into_iter().map(|state| catch_unwind(AssertUnwindSafe(|| drop(state))));
        let ended = ends.fold(Ok(()), Result::and);
        match error.and_then(|error| ended.map(|()| error)) {
            Ok(error) => Err(error),
            Err(payload) => resume_unwind(payload),
        }
    }
}

impl<L> std::fmt::Debug for Run<'_, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("settings", &self.settings).field("names", &self.names).finish_non_exhaustive()
    }
}

/// How much of what a run uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) threads: usize,
    /// Bytes of a block.
    pub(crate) size: usize,
    /// Bytes of a file's block while records are short.
    pub(crate) size_of_short: usize,
    /// Bytes of a new slot.
    pub(crate) slot: usize,
    /// Bytes above which memory is given back after a block.
    pub(crate) retained: usize,
}

impl Plan {
    /// Fits blocks and threads into half of the budget; the other half is for long records and for output that waits.
    fn of(settings: &Pipeline, threads: usize, feeds: &[Feed<'_>], ordered: bool) -> Self {
        // A stream's own blocks may be of any size.
        let slot = |size: usize| feeds.iter().fold(0, |sum: usize, feed| sum.saturating_add(feed.memory(size)));
        let need = |size: usize| slot(size).saturating_add(if ordered { size } else { 0 });
        let share = settings.budget.available() / 2;
        let whole = feeds.iter().filter_map(Feed::preferred).min();
        let wanted = settings.size_of_blocks(ordered, false);
        let mut size = whole.map_or(wanted, |size| wanted.min(size));
        let mut threads = threads;
        while size > SMALL_BLOCK && need(size).saturating_mul(threads) > share {
            size = (size / 2).next_multiple_of(PAGE);
        }
        while threads > 1 && need(size).saturating_mul(threads) > share {
            threads -= 1;
        }
        while size > PAGE && need(size) > share && need(size / 2) < need(size) {
            size = (size / 2).next_multiple_of(PAGE);
        }
        let size_of_short = settings.size_of_blocks(ordered, true).min(size);
        let slot = slot(size);
        Self { threads, size, size_of_short, slot, retained: slot.max(size + 2 * PAGE).saturating_mul(4) }
    }
}

/// A worker thread of the scope, if the system has one more.
#[cfg(not(shuttle))]
fn spawn<'s, T: Send + 's>(
    scope: &'s thread::Scope<'s, '_>,
    work: impl FnOnce() -> T + Send + 's,
) -> Option<thread::ScopedJoinHandle<'s, T>> {
    thread::Builder::new().name("fqbuf-worker".into()).spawn_scoped(scope, work).ok()
}

/// The same in models, whose threads have no names.
#[cfg(shuttle)]
fn spawn<'s, T: Send + 's>(
    scope: &'s thread::Scope<'s, '_>,
    work: impl FnOnce() -> T + Send + 's,
) -> Option<thread::ScopedJoinHandle<'s, T>> {
    Some(scope.spawn(work))
}
