//! Counters of buffer memory: an allocation and a deallocation of 64 KiB recorded, on one thread and on two.
#![forbid(unsafe_code)]

use std::{
    hint::black_box,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use fqbuf_stats::{BufferStats, ShardedStats};
use harness::{Answer, Contender, Data, Row, Stage, together};

const SIZE: usize = 64 << 10;
/// Of calls, on each thread.
const PAIRS: u64 = 500_000;

/// What everybody writes first: four words side by side.
#[derive(Default)]
struct Naive {
    allocations: AtomicUsize,
    deallocations: AtomicUsize,
    live: AtomicUsize,
    peak: AtomicUsize,
}

/// The least that counts two kinds of event for a reader on another thread: a word for each, on lines of their own.
#[derive(Default)]
#[repr(align(128))]
struct Events {
    allocations: AtomicUsize,
    deallocations: AtomicUsize,
}

trait Counters: Default + Send + Sync {
    fn pair(&self);
    /// Allocations, deallocations, live bytes.
    fn answer(&self) -> Answer;
}

impl Counters for Naive {
    #[inline]
    fn pair(&self) {
        let size = black_box(SIZE);
        self.allocations.fetch_add(1, Relaxed);
        let live = self.live.fetch_add(size, Relaxed) + size;
        self.peak.fetch_max(live, Relaxed);
        self.deallocations.fetch_add(1, Relaxed);
        self.live.fetch_sub(size, Relaxed);
    }

    fn answer(&self) -> Answer {
        assert!(self.peak.load(Relaxed) >= SIZE);
        [&self.allocations, &self.deallocations, &self.live].map(|word| word.load(Relaxed) as u64)
    }
}

impl Counters for Events {
    #[inline]
    fn pair(&self) {
        self.allocations.fetch_add(1, Relaxed);
        self.deallocations.fetch_add(1, Relaxed);
    }

    fn answer(&self) -> Answer {
        let [allocations, deallocations] =
            [&self.allocations, &self.deallocations].map(|word| word.load(Relaxed) as u64);
        [allocations, deallocations, 0]
    }
}

macro_rules! ours {
    ($type:ty) => {
        impl Counters for $type {
            #[inline]
            fn pair(&self) {
                self.record_allocation(black_box(SIZE));
                self.record_deallocation(black_box(SIZE));
            }

            fn answer(&self) -> Answer {
                let found = self.snapshot();
                assert!(found.peak_bytes >= SIZE as u64);
                [found.allocations, found.deallocations, found.total_bytes]
            }
        }
    };
}
ours!(BufferStats);
ours!(ShardedStats);

fn one<C: Counters>(stage: &mut Stage) -> Answer {
    stage.operations(PAIRS);
    stage.time(|| {
        let counters = C::default();
        (0..PAIRS).for_each(|_| counters.pair());
        counters.answer()
    })
}

fn two<C: Counters>(stage: &mut Stage) -> Answer {
    stage.operations(PAIRS);
    stage.timed(|| {
        // Not on this thread's stack: whether small ones lie on one cache line or on two would depend on where that begins.
        let counters = Arc::new(C::default());
        let work = || (0..PAIRS).for_each(|_| counters.pair());
        let (seconds, (), ()) = together(work, work);
        (seconds, counters.answer())
    })
}

/// Each thread has an object of its own.
fn apart<C: Counters>(stage: &mut Stage) -> Answer {
    stage.operations(PAIRS);
    stage.timed(|| {
        let counters = Arc::new([C::default(), C::default()]);
        let work = |own: &C| (0..PAIRS).for_each(|_| own.pair());
        let (seconds, (), ()) = together(|| work(&counters[0]), || work(&counters[1]));
        let [mut sum, other] = [counters[0].answer(), counters[1].answer()];
        sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
        (seconds, sum)
    })
}

fn main() -> ExitCode {
    const EXACT: &str =
        "The naive counters wrap below zero when more is deallocated than was allocated, which ours do not.";
    const EVENTS: &str = "The limit counts events alone, by an atomic add each: no bytes, no peak.";
    let rows = [
        Row {
            group: "stats",
            name: "pair-1",
            title: "an allocation and a deallocation recorded, one thread",
            data: Data::None,
            notes: &[
                EXACT,
                "`ShardedStats` gives up the exact peak: it may be too great, by a bound that is known.",
                EVENTS,
            ],
            contenders: vec![
                Contender::ours("fqbuf BufferStats", one::<BufferStats>),
                Contender::ours("fqbuf ShardedStats", one::<ShardedStats>),
                Contender::peer("naive counters", one::<Naive>),
                Contender::limit("two counters", one::<Events>),
            ],
        },
        Row {
            group: "stats",
            name: "pair-2",
            title: "the same on two threads at one object; the time of a thread's pair",
            data: Data::None,
            notes: &[EXACT, EVENTS],
            contenders: vec![
                Contender::ours("fqbuf BufferStats", two::<BufferStats>),
                Contender::ours("fqbuf ShardedStats", two::<ShardedStats>),
                Contender::peer("naive counters", two::<Naive>),
                Contender::control(),
                Contender::limit("two counters a thread", apart::<Events>),
            ],
        },
    ];
    harness::run(&rows)
}
