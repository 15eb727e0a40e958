//! Where a contender runs: its data, and the clock.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use crate::allocations::counted;

/// What a contender found: equal for all in a row. What the numbers mean is the row's.
pub type Answer = [u64; 3];

/// A contender's data and clock.
pub struct Stage {
    path: PathBuf,
    laps: u32,
    counting: bool,
    pub(crate) seconds: f64,
    pub(crate) allocations: u64,
    /// Bytes, or operations.
    pub(crate) amount: u64,
    pub(crate) operations: bool,
}

impl Stage {
    pub(crate) fn new(path: PathBuf, laps: u32, counting: bool) -> Self {
        let amount = fs::metadata(&path).map_or(0, |meta| meta.len());
        Self { path, laps, counting, seconds: f64::NAN, allocations: 0, amount, operations: false }
    }

    /// The row's data set.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The row's data set in memory, in a `Vec` as `fs::read` makes it.
    ///
    /// # Panics
    ///
    /// Where the file cannot be read.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).expect("the runner made the file")
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

    /// Times `work`: the median of some laps behind one that warms up. When allocations are counted, one lap behind that.
    pub fn time(&mut self, mut work: impl FnMut() -> Answer) -> Answer {
        let mut answer = work();
        if self.counting {
            self.allocations = counted(|| answer = work());
        }
        let mut laps: Vec<f64> = (0..self.laps)
            .map(|_| {
                let start = Instant::now();
                answer = work();
                start.elapsed().as_secs_f64()
            })
            .collect();
        laps.sort_by(f64::total_cmp);
        self.seconds = laps[laps.len() / 2];
        answer
    }

    /// Takes the time that `work` measured itself, in seconds a lap: where threads are started before and joined after.
    pub fn timed(&mut self, mut work: impl FnMut() -> (f64, Answer)) -> Answer {
        let mut answer = work().1;
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
