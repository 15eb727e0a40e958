//! fqbuf's pipeline, and what reading alone takes.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    sync::atomic::{AtomicU64, Ordering},
};

use fqbuf_parallel::{Pipeline, Run, Single};
use harness::{Aligned, Answer, Stage, work::Work};

pub(crate) fn file(stage: &mut Stage, threads: usize) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| fold(Pipeline::new().threads(threads).file(&path).expect("the runner made the file")))
}

pub(crate) fn slice(stage: &mut Stage, threads: usize) -> Answer {
    let bytes = stage.bytes();
    stage.time(|| fold(Pipeline::new().threads(threads).slice(&bytes)))
}

fn fold(run: Run<'_, Single>) -> Answer {
    let done = run.fold(Work::default, |work, record| work.add(record.seq(), record.qual()), Work::merge);
    done.expect("good input").value.answer()
}

/// Reads the file in blocks, each at its own offset into a page-aligned window, and looks at nothing.
pub(crate) fn read(stage: &mut Stage, threads: usize) -> Answer {
    const BLOCK: usize = 1 << 20;
    let path = stage.path().to_owned();
    stage.time(|| {
        let file = File::open(&path).expect("the runner made the file");
        let next = AtomicU64::new(0);
        let total = AtomicU64::new(0);
        let work = || {
            let mut window = Aligned::new(BLOCK, |_| 0);
            loop {
                let at = next.fetch_add(BLOCK as u64, Ordering::Relaxed);
                match file.read_at(&mut window, at).expect("a file that can be read") {
                    0 => return,
                    count => total.fetch_add(count as u64, Ordering::Relaxed),
                };
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        [total.into_inner(), 0, 0]
    })
}
