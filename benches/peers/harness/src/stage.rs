//! Where a contender runs: its data, and the clock.

use std::{
    fs::File,
    io::Read,
    ops::Deref,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::allocations::counted;

/// What a contender found: equal for all in a row. What the numbers mean is the row's.
pub type Answer = [u64; 3];

/// Bytes past the start of a page at which data in memory begin, another in every round: where a `Vec` of this size would,
/// at a page, at a cache line, and at places where some machines copy slowly.
const OFFSETS: [usize; 8] = [16, 0, 64, 1, 2048, 31, 4080, 40];

/// A contender's data and clock.
pub struct Stage {
    path: PathBuf,
    /// Bytes past the start of a page at which data in memory begin.
    offset: usize,
    laps: u32,
    warm_up: Duration,
    counting: bool,
    pub(crate) seconds: f64,
    pub(crate) allocations: u64,
    /// Bytes, or operations.
    pub(crate) amount: u64,
    pub(crate) operations: bool,
}

/// A guest's second processor that has been idle takes a while to run at full speed: on two threads the first laps of a
/// process took 16 to 20 ms, those behind 60 ms of work 12.
const WARM_UP: Duration = Duration::from_millis(100);

impl Stage {
    pub(crate) fn new(path: PathBuf, round: usize, laps: u32, counting: bool) -> Self {
        let amount = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        let offset = OFFSETS[round % OFFSETS.len()];
        Self {
            path,
            offset,
            laps,
            warm_up: WARM_UP,
            counting,
            seconds: f64::NAN,
            allocations: 0,
            amount,
            operations: false,
        }
    }

    /// The row's data set.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The row's data set in memory, which begins at another place of a page in every round.
    ///
    /// # Panics
    ///
    /// Where the file cannot be read.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        let length = usize::try_from(self.amount).expect("fits memory");
        let mut memory = vec![0; length + 2 * 4096];
        let start = memory.as_ptr().align_offset(4096) + self.offset;
        let window = &mut memory[start..start + length];
        File::open(&self.path).and_then(|mut file| file.read_exact(window)).expect("the runner made the file");
        Bytes { memory, start, length }
    }

    /// Says that the row counts operations, not the bytes of its file: `amount` in one run of the closure.
    pub fn operations(&mut self, amount: u64) {
        self.amount = amount;
        self.operations = true;
    }

    /// Says that one run of the closure moves `amount` bytes, where that is not the length of the file.
    pub fn moves(&mut self, amount: u64) {
        self.amount = amount;
    }

    /// Says that a lap is right on cold processors: which of two levels that are far apart it tells, for one.
    pub(crate) fn on_cold_processors(&mut self) {
        self.warm_up = Duration::ZERO;
    }

    /// Times `work`: the median of some laps behind those that warm up. When allocations are counted, one lap behind that.
    pub fn time(&mut self, mut work: impl FnMut() -> Answer) -> Answer {
        self.timed(|| {
            let start = Instant::now();
            let answer = work();
            (start.elapsed().as_secs_f64(), answer)
        })
    }

    /// The same with the time that `work` measured itself, in seconds a lap: where threads are started before and joined after.
    pub fn timed(&mut self, mut work: impl FnMut() -> (f64, Answer)) -> Answer {
        let begun = Instant::now();
        let mut answer = work().1;
        while begun.elapsed() < self.warm_up {
            answer = work().1;
        }
        if self.counting {
            self.allocations = counted(|| answer = work().1);
        }
        let mut laps: Vec<f64> = (0..self.laps)
            .map(|_| {
                let (seconds, found) = work();
                answer = found;
                seconds
            })
            .collect();
        laps.sort_by(f64::total_cmp);
        self.seconds = laps[laps.len() / 2];
        answer
    }
}

/// A data set in memory.
pub struct Bytes {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}
