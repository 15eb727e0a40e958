//! From files to a tally: which reader or pipeline, and what the user is told when it fails.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use fqbuf::{Checks, Done, Error, GrowthPolicy, Input, MemoryBudget, Monitor, Pair, Pipeline};
use fqbuf::{Reader, ReaderBuilder, RefRecord, even_part};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{Args, Layout, Part};
use crate::tally::Tally;
use crate::{Failure, end_block, parts, shows_progress, told};

/// The sample shipped in the repository.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample/sample.fq.gz");

/// What may help with a bad record.
const SKIP: &str = "re-run with --skip-invalid to drop and count such records";

/// Memory for buffers when nothing else is said.
const MEMORY: usize = 24 << 20;

fn memory(args: &Args) -> usize {
    args.memory.unwrap_or(MEMORY)
}

/// Counts all files of the command line.
pub(crate) fn all(args: &Args) -> Result<Tally, Failure> {
    let sample = [PathBuf::from(SAMPLE)];
    let files = if args.files.is_empty() { &sample[..] } else { &args.files };
    let checks = if args.strict { Checks::strict() } else { Checks::none() };
    let mut pipeline = Pipeline::new()
        .budget(&MemoryBudget::new(memory(args)))
        .growth(GrowthPolicy::with_limit(memory(args)))
        .checks(checks)
        .skip_invalid(args.skip_invalid);
    if let Some(threads) = args.threads {
        pipeline = pipeline.threads(threads);
    }
    let mut sum = Tally::default();
    let mates = if args.layout == Some(Layout::Paired) { 2 } else { 1 };
    for group in files.chunks(mates) {
        let tally = match (args.layout, args.part, group) {
            (None, Some(part), [file]) => count_part(args, checks, file, part),
            (Some(Layout::Interleaved), _, [file]) => {
                let run = pipeline.interleaved(Input::path(file));
                run.and_then(|run| {
                    watched(args, group, run.monitor(), || run.fold(Tally::default, add_pair(args), merged))
                })
            }
            (_, _, [first, second]) => {
                let run = pipeline.paired(Input::path(first), Input::path(second));
                run.and_then(|run| {
                    watched(args, group, run.monitor(), || run.fold(Tally::default, add_pair(args), merged))
                })
            }
            (_, _, [file]) => {
                let run = pipeline.file(file);
                run.and_then(|run| {
                    watched(args, group, run.monitor(), || run.fold(Tally::default, add_one(args), merged))
                })
            }
            _ => unreachable!("chunks of one or two files"),
        };
        sum.merge(&tally.map_err(|error| told::message(&error, Some(SKIP)))?);
    }
    Ok(sum)
}

/// What is done with each record: all figures, or the three that `--tsv` prints where nothing else is written.
fn add_one(args: &Args) -> impl for<'d> Fn(&mut Tally, RefRecord<'d>) + Sync {
    let totals = args.tsv && args.json.is_none() && args.html.is_none();
    let add = if totals { Tally::add_totals } else { Tally::add };
    move |tally, record| add(tally, &record)
}

fn add_pair(args: &Args) -> impl for<'d> Fn(&mut Tally, Pair<'d>) + Sync {
    let add = add_one(args);
    move |tally, pair| {
        add(tally, pair.first);
        add(tally, pair.second);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what a fold merges with")]
fn merged(mut a: Tally, b: Tally) -> Tally {
    a.merge(&b);
    a
}

/// The records of one part of a plain file, on this thread.
fn count_part(args: &Args, checks: Checks, path: &Path, part: Part) -> Result<Tally, Error> {
    let (file, size) = parts::open(path)?;
    let bytes = match part {
        Part::Split { index, of } => even_part(size, index - 1, of),
        Part::Range { from, to } => from.min(size)..to.min(size),
    };
    // The one buffer that grows.
    let settings: ReaderBuilder = Reader::builder()
        .source_name(path.display().to_string())
        .growth(GrowthPolicy::with_limit(memory(args)))
        .checks(checks)
        .skip_invalid(args.skip_invalid);
    let mut reader = settings.build_part(file, bytes)?;
    let add = add_one(args);
    let mut tally = Tally::default();
    while let Some(record) = reader.next_record()? {
        add(&mut tally, record);
    }
    tally.skipped_records += reader.skipped().records;
    tally.skipped_bytes += reader.skipped().bytes;
    Ok(tally)
}

/// Runs `job`, with a progress bar beside it where a person sees it.
fn watched(
    args: &Args,
    names: &[PathBuf],
    monitor: Monitor,
    job: impl FnOnce() -> Result<Done<Tally>, Error>,
) -> Result<Tally, Error> {
    let done = if shows_progress(args) {
        std::thread::scope(|scope| {
            let (ended, end) = mpsc::channel::<()>();
            scope.spawn(move || show(&monitor, &end));
            let done = job();
            drop(ended);
            done
        })
    } else {
        job()
    }?;
    end_block::note(names, &done.summary);
    let mut tally = done.value;
    tally.skipped_records += done.summary.skipped.records;
    tally.skipped_bytes += done.summary.skipped.bytes;
    tally.dropped_records += done.summary.dropped;
    Ok(tally)
}

/// Shows compressed bytes read until the other end of the channel is dropped.
fn show(monitor: &Monitor, end: &mpsc::Receiver<()>) {
    let total = monitor.snapshot().bytes_total;
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}  {bytes_per_sec}  {eta}") {
        bar.set_style(style);
    }
    while let Err(mpsc::RecvTimeoutError::Timeout) = end.recv_timeout(Duration::from_millis(100)) {
        bar.set_position(monitor.snapshot().bytes);
    }
    bar.finish_and_clear();
}
