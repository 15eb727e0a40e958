//! Got and touched on one thread, dropped on another.

use std::ops::DerefMut;

use harness::{Answer, Contender, Stage, spin_until, together};

use crate::pools::{Fqbuf, Linear, Malloc, ObjectPool, Opool, Pool, Queue, SIZE, Sending, SendingBorrowed, touch};

/// Buffers of a lap.
const TIMES: u64 = 200_000;
/// On their way at most.
const ON_THE_WAY: usize = 32;

pub(crate) fn with_owned() -> Vec<Contender> {
    let mut all = vec![
        Contender::ours("fqbuf", owned::<Fqbuf>),
        Contender::peer("opool", owned::<Opool>),
        Contender::peer("object-pool", owned::<ObjectPool>),
        Contender::peer("lockfree-object-pool", owned::<Linear>),
        Contender::peer("malloc", owned::<Malloc>),
    ];
    all.extend(others());
    all
}

pub(crate) fn with_borrowed() -> Vec<Contender> {
    let mut all = vec![
        Contender::ours("fqbuf", borrowed::<Fqbuf>),
        Contender::peer("opool", borrowed::<Opool>),
        Contender::peer("object-pool", borrowed::<ObjectPool>),
        Contender::peer("lockfree-object-pool", borrowed::<Linear>),
    ];
    all.extend(others());
    all
}

fn others() -> [Contender; 3] {
    [
        Contender::peer("raw ArrayQueue", queue),
        Contender::control(),
        Contender::limit("nothing: numbers are handed over", |stage| across(stage, u64::from, |_| 1)),
    ]
}

fn owned<P: Sending>(stage: &mut Stage) -> Answer {
    let pool = P::new();
    across(stage, |n| touched(pool.get(), n), |guard| guard.len() as u64)
}

fn borrowed<P: SendingBorrowed>(stage: &mut Stage) -> Answer {
    let pool = P::new();
    across(stage, |n| touched(pool.get_borrowed(), n), |guard| guard.len() as u64)
}

fn queue(stage: &mut Stage) -> Answer {
    let pool = Queue::new();
    across(
        stage,
        |n| {
            let mut found = pool.0.pop().unwrap_or_else(|| Vec::with_capacity(SIZE));
            found.clear();
            touch(&mut found, n);
            found
        },
        |found| {
            let len = found.len() as u64;
            drop(pool.0.push(found));
            len
        },
    )
}

#[inline]
fn touched<G: DerefMut<Target = Vec<u8>>>(mut guard: G, n: u8) -> G {
    touch(&mut guard, n);
    guard
}

/// Passes what `make` makes from one thread to another, which ends it; the answer is the number of them and the sum of what `end`
/// found in each, the bytes that a buffer holds: one, if it came as it was touched.
fn across<T: Send>(stage: &mut Stage, make: impl Fn(u8) -> T + Sync, end: impl Fn(T) -> u64 + Sync) -> Answer {
    stage.operations(TIMES);
    stage.timed(|| {
        // Each end goes to its thread: side by side on this one's stack they would share a cache line, or not, as that begins.
        let (mut to, mut from) = rtrb::RingBuffer::new(ON_THE_WAY);
        let (make, end) = (&make, &end);
        let give = move || {
            for n in 0..TIMES {
                let mut item = Some(make(n as u8));
                spin_until(|| match to.push(item.take()?) {
                    Ok(()) => Some(()),
                    Err(rtrb::PushError::Full(back)) => {
                        item = Some(back);
                        None
                    }
                });
            }
        };
        let take = move || (0..TIMES).map(|_| end(spin_until(|| from.pop().ok()))).sum();
        let (seconds, (), sum) = together(give, take);
        (seconds, [TIMES, sum, 0])
    })
}
