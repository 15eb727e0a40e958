//! A byte budget that pools, pipelines and anything else share, first come, first served.

mod counter;

use std::fmt;
use std::time::{Duration, Instant};

use crate::sync::{Arc, mutant};
use counter::NOBODY;
pub(crate) use counter::{Counter, Idle, Neighbour};

/// A cap in bytes that many holders of memory share.
///
/// Not an allocator: it counts what callers say they are about to allocate. Take a plain pool when memory is bounded by
/// construction.
///
/// Memory is charged by capacity, before it exists, so that what is charged never falls short of what there is and never
/// exceeds the limit. A [`Charge`] is given back when it drops. Clones share the budget.
///
/// **Waiting** is first come, first served, whatever the size: while anybody waits, nobody who comes later is served, by
/// `try_acquire` neither, so that a large request is not starved by many small ones. The first in line is woken by every
/// byte that is freed and by every item that comes home to a pool on this budget; it takes free bytes, or an idle item of
/// its own pool, or frees idle items of other pools until there is room. So memory that merely lies idle never makes
/// anybody wait. Memory in use does: threads that each hold a part and wait for more may wait for each other for ever,
/// which `acquire_timeout`, `try_acquire` and their likes report, and which a [`share`](Self::share) for each kind avoids.
///
/// # Examples
/// ```
/// use fqbuf_pool::MemoryBudget;
///
/// # fn main() -> Result<(), fqbuf_pool::BudgetError> {
/// let budget = MemoryBudget::new(1 << 20);
/// let mut charge = budget.acquire(1 << 19)?;
/// assert!(budget.try_acquire(1 << 20).is_err());
/// charge.shrink_to(0);
/// assert!(budget.try_acquire(1 << 20).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryBudget {
    counter: Arc<Counter>,
}

/// How long to wait for memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// Until there is some.
    Forever,
    /// Until then.
    Until(Instant),
    /// No longer: time ran out, and this look is the last.
    Spent,
}

impl Patience {
    /// Until `timeout` from now, for ever when that is beyond what the clock can count.
    pub(crate) fn lasting(timeout: Duration) -> Self {
        Instant::now().checked_add(timeout).map_or(Self::Forever, Self::Until)
    }
}

impl MemoryBudget {
    /// A budget of `limit` bytes, none of them charged.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { counter: Arc::new(Counter::new(limit, None)) }
    }

    /// Sets `bytes` aside as a budget of their own, waiting in line for as long as it takes. They come back when the last
    /// clone of it is gone, and all that was charged to it.
    ///
    /// For a stage that holds memory while it gets more, as a worker does that has a block of input and needs one for
    /// output: on one budget it would stand in line behind a reader who waits for the very block that the worker holds.
    /// With a share each, neither waits for the other's kind.
    ///
    /// # Errors
    /// [`BudgetError::TooLarge`], at once, when `bytes` is more than the limit.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_pool::{BufferPool, MemoryBudget};
    ///
    /// # fn main() -> Result<(), fqbuf_pool::BudgetError> {
    /// let budget = MemoryBudget::new(1 << 20);
    /// let output = BufferPool::builder().buffer_size(4096).budget(&budget.share(4 * 4096)?).build()?;
    /// let everything_else = budget.acquire(budget.available())?;
    /// assert!(output.try_get().is_some());
    /// # drop(everything_else);
    /// # Ok(())
    /// # }
    /// ```
    pub fn share(&self, bytes: usize) -> Result<Self, BudgetError> {
        Ok(Self::share_of(self.acquire(bytes)?))
    }

    /// Like [`share`](Self::share), if the bytes can be had without waiting.
    ///
    /// # Errors
    /// Those of [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    /// ```
    /// use fqbuf_pool::MemoryBudget;
    ///
    /// # fn main() -> Result<(), fqbuf_pool::BudgetError> {
    /// let budget = MemoryBudget::new(100);
    /// let share = budget.try_share(60)?;
    /// assert!(budget.try_share(60).is_err());
    /// drop(share);
    /// assert_eq!(budget.try_share(100)?.available(), 100);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_share(&self, bytes: usize) -> Result<Self, BudgetError> {
        Ok(Self::share_of(self.try_acquire(bytes)?))
    }

    /// Like [`share`](Self::share), waiting in line for no longer than `timeout`.
    ///
    /// # Errors
    /// Those of [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use fqbuf_pool::{BudgetError, MemoryBudget};
    ///
    /// # fn main() -> Result<(), BudgetError> {
    /// let budget = MemoryBudget::new(100);
    /// let share = budget.share_timeout(60, Duration::from_secs(1))?;
    /// let late = budget.share_timeout(60, Duration::ZERO).err();
    /// assert_eq!(late, Some(BudgetError::TimedOut { asked: 60, limit: 100 }));
    /// # drop(share);
    /// # Ok(())
    /// # }
    /// ```
    pub fn share_timeout(&self, bytes: usize, timeout: Duration) -> Result<Self, BudgetError> {
        Ok(Self::share_of(self.acquire_timeout(bytes, timeout)?))
    }

    /// What was charged, as a budget.
    fn share_of(charge: Charge) -> Self {
        Self { counter: Arc::new(Counter::new(charge.bytes(), Some(charge))) }
    }

    /// The cap, in bytes.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.counter.limit()
    }

    /// Bytes charged now, those of idle pool items included.
    #[must_use]
    pub fn used(&self) -> usize {
        self.counter.used()
    }

    /// The most that [`used`](Self::used) has been; never above [`limit`](Self::limit).
    #[must_use]
    pub fn peak(&self) -> usize {
        self.counter.peak()
    }

    /// Bytes not charged now.
    #[must_use]
    pub fn available(&self) -> usize {
        self.limit() - self.used()
    }

    /// Number of callers waiting in line.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.counter.waiting()
    }

    /// Charges `bytes`, waiting in line for as long as it takes.
    ///
    /// # Errors
    /// [`BudgetError::TooLarge`], at once, when `bytes` is more than the limit.
    pub fn acquire(&self, bytes: usize) -> Result<Charge, BudgetError> {
        self.charge(bytes, Patience::Forever)
    }

    /// Charges `bytes` if that is possible without waiting; frees idle pool items for it.
    ///
    /// # Errors
    /// [`BudgetError::TooLarge`] when `bytes` is more than the limit; [`BudgetError::Exhausted`] when that much is not
    /// free, or others wait in line.
    pub fn try_acquire(&self, bytes: usize) -> Result<Charge, BudgetError> {
        self.check(bytes)?;
        if !self.counter.try_take_or_reclaim(bytes, NOBODY) {
            return Err(BudgetError::Exhausted { asked: bytes, limit: self.limit() });
        }
        Ok(Charge::of(&self.counter, bytes))
    }

    /// Charges `bytes`, waiting in line for no longer than `timeout`.
    ///
    /// # Errors
    /// [`BudgetError::TooLarge`], at once, when `bytes` is more than the limit; [`BudgetError::TimedOut`].
    pub fn acquire_timeout(&self, bytes: usize, timeout: Duration) -> Result<Charge, BudgetError> {
        self.charge(bytes, Patience::lasting(timeout))
    }

    /// Error when `bytes` can never be had.
    pub(crate) fn check(&self, bytes: usize) -> Result<(), BudgetError> {
        if bytes > self.limit() {
            return Err(BudgetError::TooLarge { asked: bytes, limit: self.limit() });
        }
        Ok(())
    }

    pub(crate) fn counter(&self) -> &Arc<Counter> {
        &self.counter
    }

    fn charge(&self, bytes: usize, patience: Patience) -> Result<Charge, BudgetError> {
        self.check(bytes)?;
        if !self.counter.take_in_line(bytes, patience) {
            return Err(BudgetError::TimedOut { asked: bytes, limit: self.limit() });
        }
        Ok(Charge::of(&self.counter, bytes))
    }
}

// Poisoned locks are recovered, and the counts behind them are changed in one go.
impl std::panic::UnwindSafe for MemoryBudget {}
impl std::panic::RefUnwindSafe for MemoryBudget {}
impl std::panic::UnwindSafe for Charge {}
impl std::panic::RefUnwindSafe for Charge {}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBudget")
            .field("limit", &self.limit())
            .field("used", &self.used())
            .field("waiting", &self.waiting())
            .finish()
    }
}

/// Bytes of a [`MemoryBudget`] that are spoken for, until this drops.
///
/// Drop it after the memory that it stands for, not before. `mem::forget` loses the bytes to everybody, and nothing else.
#[must_use = "the bytes are given back when the charge drops"]
pub struct Charge {
    /// `None` for memory that no budget counts.
    counter: Option<Arc<Counter>>,
    /// Bytes charged; all of them taken from the counter, when there is one.
    bytes: usize,
}

impl Charge {
    /// A charge of bytes already taken.
    pub(crate) fn of(counter: &Arc<Counter>, bytes: usize) -> Self {
        Self { counter: Some(Arc::clone(counter)), bytes }
    }

    /// A charge to nobody.
    pub(crate) fn to_nobody(bytes: usize) -> Self {
        Self { counter: None, bytes }
    }

    /// Bytes charged.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Charges `more` bytes on top, waiting in line for as long as it takes; what is held stays held meanwhile.
    ///
    /// # Errors
    /// [`BudgetError::TooLarge`], at once, when this charge alone would exceed the limit.
    pub fn grow(&mut self, more: usize) -> Result<(), BudgetError> {
        self.grow_patiently(more, Patience::Forever)
    }

    /// Charges `more` bytes on top, waiting in line for no longer than `timeout`.
    ///
    /// # Errors
    /// [`BudgetError::TooLarge`], at once, when this charge alone would exceed the limit; [`BudgetError::TimedOut`].
    pub fn grow_timeout(&mut self, more: usize, timeout: Duration) -> Result<(), BudgetError> {
        self.grow_patiently(more, Patience::lasting(timeout))
    }

    /// Charges `more` bytes on top if that is possible without waiting.
    ///
    /// # Errors
    /// [`BudgetError::TooLarge`] when this charge alone would exceed the limit; [`BudgetError::Exhausted`] when that much
    /// is not free, or others wait in line.
    pub fn try_grow(&mut self, more: usize) -> Result<(), BudgetError> {
        let grown = self.grown(more)?;
        if let Some(counter) = &self.counter
            && !counter.try_take_or_reclaim(more, NOBODY)
        {
            return Err(BudgetError::Exhausted { asked: more, limit: counter.limit() });
        }
        self.bytes = grown;
        Ok(())
    }

    /// Charges `more` bytes on top if they are free and nobody waits, without freeing anything for them.
    pub(crate) fn try_grow_into_free(&mut self, more: usize) -> bool {
        let Ok(grown) = self.grown(more) else { return false };
        let granted = self.counter.as_ref().is_none_or(|counter| counter.try_take(more));
        if granted {
            self.bytes = grown;
        }
        granted
    }

    /// Gives back all but `bytes`; a charge that is smaller stays as it is.
    pub fn shrink_to(&mut self, bytes: usize) {
        if let Some(less) = self.bytes.checked_sub(bytes) {
            self.bytes = bytes;
            if let Some(counter) = &self.counter {
                counter.give_back(less);
            }
        }
    }

    fn grow_patiently(&mut self, more: usize, patience: Patience) -> Result<(), BudgetError> {
        let grown = self.grown(more)?;
        if mutant("growth_counted_ahead") {
            self.bytes = grown;
        }
        if let Some(counter) = &self.counter
            && !counter.take_in_line(more, patience)
        {
            return Err(BudgetError::TimedOut { asked: more, limit: counter.limit() });
        }
        self.bytes = grown;
        Ok(())
    }

    /// Bytes after growth by `more`, if that can ever be had.
    fn grown(&self, more: usize) -> Result<usize, BudgetError> {
        let limit = self.counter.as_ref().map_or(usize::MAX, |counter| counter.limit());
        match self.bytes.checked_add(more) {
            Some(sum) if sum <= limit => Ok(sum),
            _ => Err(BudgetError::TooLarge { asked: self.bytes.saturating_add(more), limit }),
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charge").field("bytes", &self.bytes).finish()
    }
}

/// Why bytes were not charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BudgetError {
    /// More than the whole budget: waiting would not help.
    TooLarge {
        /// Bytes asked for.
        asked: usize,
        /// Bytes of the budget.
        limit: usize,
    },
    /// Not free now, or others were waiting first.
    Exhausted {
        /// Bytes asked for.
        asked: usize,
        /// Bytes of the budget.
        limit: usize,
    },
    /// Not free in time.
    TimedOut {
        /// Bytes asked for.
        asked: usize,
        /// Bytes of the budget.
        limit: usize,
    },
}

impl fmt::Display for BudgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { asked, limit } => {
                write!(f, "{asked} bytes asked of a memory budget of {limit}: raise the budget")
            }
            Self::Exhausted { asked, limit } => write!(f, "no {asked} bytes free in a memory budget of {limit}"),
            Self::TimedOut { asked, limit } => {
                write!(f, "timed out waiting for {asked} bytes of a memory budget of {limit}")
            }
        }
    }
}

impl std::error::Error for BudgetError {}

impl From<BudgetError> for std::io::Error {
    fn from(e: BudgetError) -> Self {
        let kind = match e {
            BudgetError::TimedOut { .. } => std::io::ErrorKind::TimedOut,
            _ => std::io::ErrorKind::OutOfMemory,
        };
        Self::new(kind, e)
    }
}
