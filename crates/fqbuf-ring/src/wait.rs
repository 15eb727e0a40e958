//! How one half waits for the other: a brief spin on a counter, then a sleep; and the count of both.
//!
//! Parking and being woken costs 22 to 26 µs here, a hand-over to a spinning thread 0.03 to 0.3: a wait that ends
//! within a few microseconds must not sleep, and one that does not must not spin. Which it will be is guessed from the
//! waits before: each half widens its spin while waits end early, and narrows it to nothing within a few that do not, so
//! that waiting for a slow side costs what a sleep does and no more.
//!
//! Time on a core of the side that waits, ns a batch, 50 batches from the start on which the other takes 1 ms each (2-core
//! Zen 5 guest, AMD EPYC family 26 model 2, 2026-11-25, medians of thirteen interleaved processes of the rows `slow-writer` and
//! `slow-reader` of `cargo xtask bench handover`; half of the processes lie within 15 % of them):
//!
//! | how a long sleep narrows the spin | slow writer | slow reader |
//! |---|---|---|
//! | to a quarter, at last to nothing: this one | 6080 | 5570 |
//! | the same, begun with 256 rounds instead of 64: 14 µs for the first sleeps instead of 3 | 6490 | 5690 |
//! | to half, at last to nothing | 6800 | 6330 |
//! | to nothing at once when it took half a millisecond | 6670 | 5790 |
//! | to half, at last to 16 rounds | 7230 | 6640 |
//! | std's `sync_channel`, which does not spin: 18 µs a batch instead of 1.6 where both sides are fast | 6760 | 5650 |
//!
//! No clock read nor wait counted once nothing is spun: within that spread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::sync::atomic::AtomicUsize;
use crate::sync::{MODELLED, hint, thread};

/// Shortest spin but none, in rounds of [`hint::spin_loop`] (about 42 ns each here). With shuttle each round is a switch of
/// threads.
const LEAST: u32 = if cfg!(shuttle) { 1 } else { 16 };
/// Longest spin, in rounds: about what a sleep and its wake-up cost.
const MOST: u32 = if cfg!(shuttle) { 4 } else { 512 };
/// The first spin, in rounds: the first waits are often those of two threads that start together.
const FIRST: u32 = if cfg!(shuttle) { 2 } else { 64 };
/// Rounds from one yield of the core to the next.
const YIELD: u32 = 32;
/// A sleep shorter than this would have been better spun through.
const SHORT_SLEEP: Duration = Duration::from_micros(60);

/// How long one half spins before it sleeps; learns from each wait.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Rounds the next spin may take: none, or from `LEAST` to `MOST`.
    rounds: u32,
}

impl Pace {
    /// Begins willing to spin.
    pub(crate) const fn new() -> Self {
        Self { rounds: FIRST }
    }

    /// The rounds one wait may spin. loom's models do not spin: what they explore is the sleep, which must be right without it.
    pub(crate) fn start(&self) -> Spins {
        Spins(if cfg!(loom) { 0 } else { self.rounds })
    }

    /// Spins until `counter` is no longer `seen` or no round is left.
    pub(crate) fn spin(&mut self, left: &mut Spins, counter: &AtomicUsize, seen: usize) {
        while left.0 > 0 {
            if counter.load(Ordering::Acquire) != seen {
                self.rounds = (self.rounds * 2).min(MOST);
                return;
            }
            left.0 -= 1;
            if left.0 % YIELD == YIELD / 2 {
                // The other side may be waiting for this very core.
                thread::yield_now();
            } else {
                hint::spin_loop();
            }
        }
    }

    /// Runs `sleep` and learns from how long it took.
    pub(crate) fn sleep<R>(&mut self, sleep: impl FnOnce() -> R) -> R {
        if MODELLED {
            return sleep();
        }
        let begin = Instant::now();
        let woken = sleep();
        self.rounds = if begin.elapsed() < SHORT_SLEEP {
            (self.rounds * 2).clamp(LEAST, MOST)
        } else if self.rounds > LEAST {
            self.rounds / 4
        } else {
            0
        };
        woken
    }
}

/// Rounds of spinning that are left in one wait.
#[derive(Debug)]
pub(crate) struct Spins(u32);

impl Spins {
    /// Whether it is time to sleep.
    pub(crate) fn is_over(&self) -> bool {
        self.0 == 0
    }
}

/// How often one side of a hand-over had to wait for the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SideWaits {
    /// Times this side found nothing to go on with.
    pub waits: u64,
    /// Times it went to sleep meanwhile: none where the spin sufficed, several in one wait where it was woken for what another
    /// reader took first.
    pub parks: u64,
}

/// How often each side of a hand-over had to wait: the side that waits more is the faster one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waits {
    /// The writer, waiting for an empty buffer.
    pub writer: SideWaits,
    /// All readers together, waiting for a filled buffer.
    pub reader: SideWaits,
}

/// The counters behind [`SideWaits`]: statistics only, no part of the protocol, hence std's atomics in models too.
#[derive(Debug, Default)]
pub(crate) struct WaitCounter {
    /// See [`SideWaits::waits`].
    waits: AtomicU64,
    /// See [`SideWaits::parks`].
    parks: AtomicU64,
}

impl WaitCounter {
    pub(crate) fn wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn park(&self) {
        // Whoever sees it sees the wait before it as well.
        self.parks.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn snapshot(&self) -> SideWaits {
        // Parks first: a park is counted after its wait, so the pair never shows a park without its wait.
        let parks = self.parks.load(Ordering::Acquire);
        SideWaits { waits: self.waits.load(Ordering::Relaxed), parks }
    }
}
