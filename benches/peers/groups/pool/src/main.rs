//! Pools of 64 KiB buffers: get, touch and drop on one thread, on two at one pool, and got here and dropped there.
#![forbid(unsafe_code)]

mod across;
mod pools;

use std::process::ExitCode;

use harness::{Answer, Contender, Data, Row, Stage, together};

use crate::pools::{Fqbuf, Linear, Malloc, ObjectPool, Opool, Pool, Queue, Regex, Slab};

/// Of get, touch and drop, on each thread.
const TIMES: u64 = 500_000;

fn owned<P: Pool>(pool: &P) -> u64 {
    (0..TIMES).map(|n| pool.owned(n as u8)).sum()
}

fn borrowed<P: Pool>(pool: &P) -> u64 {
    (0..TIMES).map(|n| pool.borrowed(n as u8)).sum()
}

fn alone<P: Pool>(stage: &mut Stage, times: fn(&P) -> u64) -> Answer {
    stage.operations(TIMES);
    let pool = P::new();
    stage.time(|| [times(&pool), 0, 0])
}

fn at_once<P: Pool>(stage: &mut Stage, times: fn(&P) -> u64) -> Answer {
    stage.operations(TIMES);
    let pool = P::new();
    stage.timed(|| {
        let (seconds, first, second) = together(|| times(&pool), || times(&pool));
        (seconds, [first + second, 0, 0])
    })
}

/// The contenders of a row with owned guards.
macro_rules! with_owned {
    ($run:ident) => {
        vec![
            Contender::ours("fqbuf", |stage| $run::<Fqbuf>(stage, owned)),
            Contender::peer("opool", |stage| $run::<Opool>(stage, owned)),
            Contender::peer("object-pool", |stage| $run::<ObjectPool>(stage, owned)),
            Contender::peer("lockfree-object-pool", |stage| $run::<Linear>(stage, owned)),
            Contender::peer("sharded-slab", |stage| $run::<Slab>(stage, owned)),
            Contender::peer("malloc", |stage| $run::<Malloc>(stage, owned)),
            Contender::peer("raw ArrayQueue", |stage| $run::<Queue>(stage, owned)),
        ]
    };
}

/// The contenders of a row with borrowing guards.
macro_rules! with_borrowed {
    ($run:ident) => {
        vec![
            Contender::ours("fqbuf", |stage| $run::<Fqbuf>(stage, borrowed)),
            Contender::peer("opool", |stage| $run::<Opool>(stage, borrowed)),
            Contender::peer("object-pool", |stage| $run::<ObjectPool>(stage, borrowed)),
            Contender::peer("lockfree-object-pool", |stage| $run::<Linear>(stage, borrowed)),
            Contender::peer("sharded-slab", |stage| $run::<Slab>(stage, borrowed)),
            Contender::peer("regex-automata", |stage| $run::<Regex>(stage, borrowed)),
            Contender::peer("raw ArrayQueue", |stage| $run::<Queue>(stage, borrowed)),
        ]
    };
}

fn main() -> ExitCode {
    const OURS: &str = "Ours counts hits, misses, returns and bytes, bounds how many are kept and how big, and can hang on a byte \
                        budget; the others do little or nothing of that.";
    const OTHERS: &str = "object-pool, regex-automata's pool and the raw queue clear nothing: their user does it here. \
                          regex-automata's pool gives its first user a lane of its own. sharded-slab's guard has to be dropped \
                          and its key then cleared. malloc's memory is never used beyond its first byte. The raw queue has no \
                          guards: a buffer that its user forgets is lost.";
    const PAIR: &str = "All pools begin empty and keep at most 64 buffers where they have a bound.";
    const LANES: &str = "Each lap has two new threads. regex-automata's pool keeps its lane for the thread that came first of all, \
                         before any lap that counts, so both threads of a lap take its other way; a program whose first thread stays \
                         would have one of them on the quick way. In ours the lanes of threads that have ended go to the next.";
    const RING: &str = "An rtrb ring carries the guards, for all the same; what the ring alone costs is the limit. \
                        sharded-slab's and regex-automata's guards cannot be used like this.";
    let row = |name, title, notes, contenders| Row { group: "pool", name, title, data: Data::None, notes, contenders };
    let mut rows = [
        row(
            "owned-1",
            "get, touch, drop; guards that own their pool; one thread",
            &[OURS, OTHERS][..],
            with_owned!(alone),
        ),
        row(
            "borrowed-1",
            "get, touch, drop; guards that borrow it; one thread",
            &[OURS, OTHERS],
            with_borrowed!(alone),
        ),
        row("owned-2", "as owned-1 on two threads at one pool", &[OURS, OTHERS, PAIR], with_owned!(at_once)),
        row(
            "borrowed-2",
            "as borrowed-1 on two threads at one pool",
            &[OURS, OTHERS, PAIR, LANES],
            with_borrowed!(at_once),
        ),
        row(
            "across-owned",
            "got and touched here, dropped there, at most 32 on their way; guards that own their pool",
            &[OURS, RING],
            across::with_owned(),
        ),
        row("across-borrowed", "the same with guards that borrow it", &[OURS, RING], across::with_borrowed()),
    ];
    rows[2].contenders.push(Contender::control());
    rows[3].contenders.push(Contender::control());
    harness::run(&rows)
}
