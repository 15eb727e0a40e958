//! Two threads at once, what it costs them to reach each other, and how much of a core one of them took.

use std::{
    fs, hint,
    sync::{
        Barrier,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Release},
        },
    },
    thread,
    time::{Duration, Instant},
};

use core_affinity::CoreId;

use crate::stage::{Answer, Stage};

/// Runs both on threads that begin together, each pinned to a core of its own where there are two and the system allows it;
/// returns what they return and the seconds until both are done.
///
/// # Panics
///
/// Where one of them does.
pub fn together<A: Send, B: Send>(first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B + Send) -> (f64, A, B) {
    fn timed<T>(core: Option<&CoreId>, barrier: &Barrier, work: impl FnOnce() -> T) -> (T, Instant, Instant) {
        core.map(|core| core_affinity::set_for_current(*core));
        barrier.wait();
        let begin = Instant::now();
        let found = work();
        (found, begin, Instant::now())
    }
    let cores = core_affinity::get_core_ids().filter(|cores| cores.len() > 1).unwrap_or_default();
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let first = scope.spawn(|| timed(cores.first(), &barrier, first));
        let second = scope.spawn(|| timed(cores.get(1), &barrier, second));
        let (a, first_begin, first_end) = first.join().expect("the first thread ends well");
        let (b, second_begin, second_end) = second.join().expect("the second thread ends well");
        let seconds = first_end.max(second_end) - first_begin.min(second_begin);
        (seconds.as_secs_f64(), a, b)
    })
}

/// Waits for `ready` as who never sleeps does; gives the core away now and then, in case the other needs this very one.
pub fn spin_until<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    let mut rounds = 0_u32;
    loop {
        if let Some(found) = ready() {
            return found;
        }
        rounds += 1;
        if rounds.is_multiple_of(4096) {
            thread::yield_now();
        } else {
            hint::spin_loop();
        }
    }
}

/// The control of rows with two threads: one number that goes to the other core and back, an operation each way.
pub(crate) fn control(stage: &mut Stage) -> Answer {
    const TURNS: u64 = 20_000;
    stage.operations(2 * TURNS);
    stage.on_cold_processors();
    stage.timed(|| {
        let word = AtomicU64::new(0);
        let turn = |own: u64| {
            for n in 0..TURNS {
                spin_until(|| (word.load(Acquire) == 2 * n + own).then_some(()));
                word.store(2 * n + own + 1, Release);
            }
        };
        let (seconds, (), ()) = together(|| turn(0), || turn(1));
        (seconds, [word.load(Acquire), 0, 0])
    })
}

/// The time that the calling thread has run on a core, where Linux says; else nothing.
pub fn on_core() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Keeps the core busy for so long.
pub fn work_for(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        hint::spin_loop();
    }
}
