//! What a run allocates: nothing for a block or a record, and never more than its budget at once.
//!
//! Bytes are counted for the whole process, so there is one test in this binary, and it runs its parts in turn. Calls on one
//! thread are counted for that thread: the test harness has one of its own, which allocates when it comes to it.
//!
//! How much of a piece of memory a block can use depends on where in a page it begins, so that place is chosen here.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use fqbuf_parallel::{Error, Input, Pipeline};
use fqbuf_pool::MemoryBudget;
use fqbuf_record::RefRecord;
use fqbuf_stream::{Format, Stream, WriterBuilder};

use over::Over;

#[path = "it/over.rs"]
mod over;

struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Bytes from which on a piece of memory is large. Large ones begin `PAST_PAGE` bytes past a page.
const LARGE: usize = 4096;
static PAST_PAGE: AtomicUsize = AtomicUsize::new(16);

thread_local! {
    /// Calls on this thread.
    static OWN_CALLS: Cell<usize> = const { Cell::new(0) };
}

fn grown(bytes: usize) {
    CALLS.fetch_add(1, Ordering::Relaxed);
    OWN_CALLS.with(|calls| calls.set(calls.get() + 1));
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

/// What is asked of the system for large memory: a page more, from a page boundary on.
fn ample(layout: Layout) -> Option<Layout> {
    let large = layout.size() >= LARGE && layout.align() <= 16;
    large.then(|| Layout::from_size_align(layout.size() + LARGE, LARGE).ok()).flatten()
}

#[allow(unsafe_code)]
// SAFETY: small memory is the system's as it is. Large memory is the system's from a page boundary on, with a page more than
// was asked for; what is given out begins a multiple of 16, less than a page, behind the boundary.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        let Some(ample) = ample(layout) else {
            // SAFETY: the caller's promises are those that `System` asks for.
            return unsafe { System.alloc(layout) };
        };
        // SAFETY: the size is not zero.
        let at = unsafe { System.alloc(ample) };
        if at.is_null() { at } else { at.wrapping_add(PAST_PAGE.load(Ordering::Relaxed)) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        match ample(layout) {
            // SAFETY: the caller's promises are those that `System` asks for.
            None => unsafe { System.dealloc(at, layout) },
            // SAFETY: it was had from the system in this layout, from the page boundary on.
            Some(ample) => unsafe { System.dealloc(at.wrapping_sub(at.addr() % LARGE), ample) },
        }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of all threads while `run` runs, and of this one.
fn calls(run: impl FnOnce()) -> (usize, usize) {
    let before = (CALLS.load(Ordering::Relaxed), OWN_CALLS.get());
    run();
    (CALLS.load(Ordering::Relaxed) - before.0, OWN_CALLS.get() - before.1)
}

fn record(len: usize) -> Vec<u8> {
    [&b"@read\n"[..], &vec![b'A'; len], b"\n+\n", &vec![b'I'; len], b"\n"].concat()
}

/// A file, plain or gzip, gone at the end.
struct File(std::path::PathBuf);

impl File {
    fn new(format: Format, record: &[u8], times: usize) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("fqbuf-alloc-free-{format}-{times}-{}.fq", std::process::id()));
        let mut file = WriterBuilder::new().format(format).level(1).create(&path)?;
        io::copy(&mut Over::new(record, times), &mut file)?;
        file.finish()?;
        Ok(Self(path))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // It is gone, or the system will see to it.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The same for files, which are read at offsets or decompressed, on one thread.
fn nothing_per_block_of_a_file() -> Result<(), Error> {
    let record = record(150);
    let pipeline = Pipeline::new().threads(1).block_size(16 << 10);
    for format in [Format::Plain, Format::Gzip, Format::Bgzf] {
        let files = [1000, 50_000].map(|times| File::new(format, &record, times));
        for past_page in [0, 16, 4080] {
            PAST_PAGE.store(past_page, Ordering::Relaxed);
            let mut counts = Vec::new();
            for file in &files {
                let run = pipeline.file(&file.as_ref().map_err(|e| Error::Output(e.kind().into()))?.0)?;
                counts.push(calls(|| assert!(run.fold(|| 0_u64, |n, _| *n += 1, |a, b| a + b).is_ok())).1);
            }
            assert_eq!(
                counts[0], counts[1],
                "{format}, {past_page} past a page: allocations for few blocks and for many"
            );
        }
    }
    PAST_PAGE.store(16, Ordering::Relaxed);
    Ok(())
}

/// A writer that lets everybody else run first.
struct Slow;

impl Write for Slow {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        for _ in 0..20 {
            std::thread::yield_now();
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn nothing_per_block() {
    let record = record(150);
    for threads in [1, 3] {
        let pipeline = Pipeline::new().threads(threads).block_size(16 << 10);
        let fold = |times| {
            let run = pipeline.reader(Over::new(&record, times));
            calls(|| assert!(run.fold(|| 0_u64, |n, _| *n += 1, |a, b| a + b).is_ok()))
        };
        let rewrite = |times| {
            let run = pipeline.reader(Over::new(&record, times));
            let each = |_: &mut (), record: RefRecord<'_>, out: &mut Vec<u8>| {
                out.extend_from_slice(record.as_bytes());
            };
            calls(|| assert!(run.map_ordered(io::sink(), || (), each).is_ok()))
        };
        // What the process allocates once.
        fold(1000);
        for past_page in [0, 16, 4080] {
            PAST_PAGE.store(past_page, Ordering::Relaxed);
            for (name, few, many) in [("fold", fold(1000), fold(50_000)), ("rewrite", rewrite(1000), rewrite(50_000))] {
                let what = format!("{name} on {threads}, {past_page} past a page");
                if threads == 1 {
                    assert_eq!(few.1, many.1, "{what}: allocations for 20 blocks and for 1000");
                }
                // How many blocks and outputs are ever needed at once on the threads is chance: a few for a run, none for
                // a block.
                let chance = 12 * threads;
                assert!(many.0 <= few.0 + chance, "{what}: {} allocations for 20 blocks, {} for 1000", few.0, many.0);
            }
        }
        PAST_PAGE.store(16, Ordering::Relaxed);
    }
}

fn never_above_the_budget() -> Result<(), Error> {
    let limit = 64 << 20;
    for (len, times) in [(150, 200_000), (500_000, 120), (20_000, 3000)] {
        let record = record(len);
        for copies in [1, 3] {
            let budget = MemoryBudget::new(limit);
            let run = Pipeline::new().threads(8).budget(&budget).reader(Over::new(&record, times));
            let before = LIVE.load(Ordering::Relaxed);
            PEAK.store(before, Ordering::Relaxed);
            run.map_ordered(
                Slow,
                || (),
                |(), record, out| (0..copies).for_each(|_| out.extend_from_slice(record.as_bytes())),
            )?;
            let peak = PEAK.load(Ordering::Relaxed) - before;
            // What closures make their buffers grow by is charged when it is there; the rest is the threads' own.
            let grace = copies * 8 * (2 * record.len() + (1 << 20)) * usize::from(copies > 1) + (1 << 20);
            assert!(peak <= limit + grace, "reads of {len}, {copies} copies: peak of {peak} bytes");
        }
    }
    Ok(())
}

/// Blocks of a decompressing stream change hands with those of the run, and what is charged for them goes with them: also where
/// those of the run are smaller, or became larger for a long record now and then.
fn never_above_what_is_charged() -> Result<(), Error> {
    const THREADS: usize = 8;
    let short = record(150).repeat(3000);
    let mixed = [&record(240_000)[..], &short].concat();
    for format in [Format::Gzip, Format::Bgzf] {
        for (name, records, times) in [("short", &short, 30), ("mixed", &mixed, 40)] {
            let file = File::new(format, records, times).map_err(Error::Output)?;
            for (block, own) in [(4096, false), (1 << 20, false), (4096, true), (1 << 20, true)] {
                let budget = MemoryBudget::new(256 << 20);
                let before = LIVE.load(Ordering::Relaxed);
                PEAK.store(before, Ordering::Relaxed);
                let input = if own {
                    let mut builder = Stream::builder();
                    builder.budget(&budget);
                    Input::stream(builder.open(&file.0).map_err(Error::Open)?)
                } else {
                    Input::path(&file.0)
                };
                let run = Pipeline::new().threads(THREADS).block_size(block).budget(&budget).single(input)?;
                let monitor = run.monitor();
                // All threads have a block at once, but for the one that may decompress.
                let wait = |n: &mut u64, _: RefRecord<'_>| {
                    while monitor.snapshot().blocks < THREADS as u64 - 1 {
                        std::thread::yield_now();
                    }
                    *n += 1;
                };
                run.fold(|| 0, wait, |a, b| a + b)?;
                let peak = PEAK.load(Ordering::Relaxed) - before;
                // What a thread's decoder has beside its blocks: tables and history, as the stream's README says.
                let most = budget.peak() + THREADS * (60 << 10);
                assert!(peak <= most, "{format}, {name}, blocks of {block}, opened: {own}: {peak} bytes of {most}");
            }
        }
    }
    Ok(())
}

#[test]
fn runs_allocate_nothing_for_a_block_and_stay_within_their_budget() -> Result<(), Error> {
    nothing_per_block();
    nothing_per_block_of_a_file()?;
    never_above_the_budget()?;
    never_above_what_is_charged()
}
