//! What a run allocates: nothing for a block or a record, and never more than its budget at once.
//!
//! The counts are those of the whole process, so there is one test in this binary, and it runs its parts in turn.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use fqbuf_parallel::{Error, Pipeline};
use fqbuf_pool::MemoryBudget;

struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grown(bytes: usize) {
    CALLS.fetch_add(1, Ordering::Relaxed);
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

#[allow(unsafe_code)]
// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grown(size);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations that `run` makes.
fn calls(run: impl FnOnce()) -> usize {
    let before = CALLS.load(Ordering::Relaxed);
    run();
    CALLS.load(Ordering::Relaxed) - before
}

/// Reads without an end in memory: one record, over and over.
struct Reads<'a> {
    record: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Reads<'a> {
    fn new(record: &'a [u8], times: usize) -> Self {
        Self { record, at: 0, left: times * record.len() }
    }
}

impl io::Read for Reads<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buf.len() && self.left > 0 {
            let rest = &self.record[self.at..];
            let n = rest.len().min(buf.len() - done);
            buf[done..done + n].copy_from_slice(&rest[..n]);
            done += n;
            self.left -= n;
            self.at = (self.at + n) % self.record.len();
        }
        Ok(done)
    }
}

fn record(len: usize) -> Vec<u8> {
    [&b"@read\n"[..], &vec![b'A'; len], b"\n+\n", &vec![b'I'; len], b"\n"].concat()
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
            let run = pipeline.reader(Reads::new(&record, times));
            calls(|| assert!(run.fold(|| 0_u64, |n, _| *n += 1, |a, b| a + b).is_ok()))
        };
        let rewrite = |times| {
            let run = pipeline.reader(Reads::new(&record, times));
            let each = |_: &mut (), record: fqbuf_record::RefRecord<'_>, out: &mut Vec<u8>| {
                out.extend_from_slice(record.as_bytes());
            };
            calls(|| assert!(run.map_ordered(io::sink(), || (), each).is_ok()))
        };
        // What the process allocates once.
        fold(1000);
        for (name, few, many) in [("fold", fold(1000), fold(50_000)), ("rewrite", rewrite(1000), rewrite(50_000))] {
            // Which blocks and outputs grow once depends on where memory begins, and how many are ever needed on the
            // threads: a few for a run, none for a block.
            let chance = 12 * threads;
            assert!(many <= few + chance, "{name} on {threads}: {few} allocations for 20 blocks, {many} for 1000");
        }
    }
}

fn never_above_the_budget() -> Result<(), Error> {
    let limit = 64 << 20;
    for (len, times) in [(150, 200_000), (500_000, 120), (20_000, 3000)] {
        let record = record(len);
        for copies in [1, 3] {
            let budget = MemoryBudget::new(limit);
            let run = Pipeline::new().threads(8).budget(&budget).reader(Reads::new(&record, times));
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

#[test]
fn runs_allocate_nothing_for_a_block_and_stay_within_their_budget() -> Result<(), Error> {
    nothing_per_block();
    never_above_the_budget()
}
