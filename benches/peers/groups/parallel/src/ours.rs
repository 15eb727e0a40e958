//! fqbuf's pipeline, and what reading alone takes.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use fqbuf_parallel::{Pipeline, Run, Single};
use fqbuf_record::RefRecord;
use harness::{Aligned, Answer, Stage, work::Work};

/// What is done with all records.
type Fold = fn(Run<'_, Single>) -> Answer;

pub(crate) fn file(stage: &mut Stage, threads: usize, fold: Fold) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| fold(Pipeline::new().threads(threads).file(&path).expect("the runner made the file")))
}

pub(crate) fn slice(stage: &mut Stage, threads: usize, fold: Fold) -> Answer {
    let bytes = stage.bytes();
    stage.time(|| fold(Pipeline::new().threads(threads).slice(&bytes)))
}

/// The file as its user's own map of it.
pub(crate) fn mapped(stage: &mut Stage, threads: usize, fold: Fold) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| fold(Pipeline::new().threads(threads).slice(&harness::mapped(&path))))
}

/// As a user of fqbuf would write it.
pub(crate) fn counts(run: Run<'_, Single>) -> Answer {
    let each = |work: &mut Work, record: RefRecord<'_>| {
        work.add_counts(record.gc_count() as u64, record.quality_sum() as u64, record.len());
    };
    run.fold(Work::default, each, Work::merge).expect("good input").value.answer()
}

/// With the code that the peers run for each record.
pub(crate) fn plain_loops(run: Run<'_, Single>) -> Answer {
    let each = |work: &mut Work, record: RefRecord<'_>| work.add(record.seq(), record.qual());
    run.fold(Work::default, each, Work::merge).expect("good input").value.answer()
}

/// Reads the file in blocks, each at its own offset into a page-aligned window, and looks at nothing.
pub(crate) fn read(stage: &mut Stage, threads: usize) -> Answer {
    const BLOCK: usize = 1 << 20;
    let path = stage.path().to_owned();
    stage.time(|| {
        let file = File::open(&path).expect("the runner made the file");
        let (next, total) = (AtomicU64::new(0), AtomicU64::new(0));
        on_threads(threads, || {
            let mut window = Aligned::new(BLOCK, |_| 0);
            loop {
                let at = next.fetch_add(BLOCK as u64, Ordering::Relaxed);
                match file.read_at(&mut window, at).expect("a file that can be read") {
                    0 => return,
                    count => total.fetch_add(count as u64, Ordering::Relaxed),
                };
            }
        });
        [total.into_inner(), 0, 0]
    })
}

/// Adds up the words of the data set in memory, a block at a time.
pub(crate) fn sum(stage: &mut Stage, threads: usize) -> Answer {
    const BLOCK: usize = 1 << 20;
    let bytes = stage.bytes();
    stage.time(|| {
        let (next, total) = (AtomicUsize::new(0), AtomicU64::new(0));
        on_threads(threads, || {
            while let Some(block) = bytes.chunks(BLOCK).nth(next.fetch_add(1, Ordering::Relaxed)) {
                let words = block.as_chunks::<8>().0.iter();
                let sum = words.fold(0, |sum: u64, word| sum.wrapping_add(u64::from_ne_bytes(*word)));
                total.fetch_add(sum, Ordering::Relaxed);
            }
        });
        [total.into_inner(), 0, 0]
    })
}

/// Does the same on so many threads, of which the caller's is one.
fn on_threads(threads: usize, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(&work);
        }
        work();
    });
}
