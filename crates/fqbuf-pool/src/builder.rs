//! How a pool is configured.

use std::sync::OnceLock;

use crate::budget::{BudgetError, MemoryBudget};
use crate::estate::Estate;
use crate::pool::Pool;
use crate::recipe::{Buffers, Recipe};

/// The most home shards that a pool has unless the builder says otherwise.
const MOST_HOMES: usize = 8;

/// The least that the default bound on retained bytes is.
const LEAST_RETAINED: usize = 64 * 1024;

/// Configures a [`Pool`].
///
/// # Examples
/// ```
/// use fqbuf_pool::{BufferPool, MemoryBudget};
///
/// # fn main() -> Result<(), fqbuf_pool::BudgetError> {
/// let budget = MemoryBudget::new(1 << 20);
/// let pool = BufferPool::builder().buffer_size(4096).max_idle(16).budget(&budget).build()?;
/// assert_eq!(pool.prefill(16), 16);
/// assert_eq!(budget.used(), 16 * 4096);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PoolBuilder<R> {
    recipe: R,
    /// `None` for as many as suit the machine.
    homes: Option<usize>,
    max_idle: usize,
    max_retained: Option<usize>,
    budget: Option<MemoryBudget>,
}

impl PoolBuilder<Buffers> {
    /// Capacity of a new buffer, in bytes. Default: 64 KiB.
    #[must_use]
    pub fn buffer_size(mut self, bytes: usize) -> Self {
        self.recipe = Buffers::new(bytes);
        self
    }
}

impl<R: Recipe> PoolBuilder<R> {
    /// A pool of what `recipe` makes.
    #[must_use]
    pub fn new(recipe: R) -> Self {
        Self { recipe, homes: None, max_idle: 64, max_retained: None, budget: None }
    }

    /// The most items that stay idle in the pool, over all shards; more are freed as they come home. Default: 64. Each takes 16
    /// bytes from the start, so this is no place for `usize::MAX`.
    #[must_use]
    pub fn max_idle(mut self, items: usize) -> Self {
        self.max_idle = items;
        self
    }

    /// The most bytes that an item may have grown to and still be kept. Default: four times those of a new item, and no
    /// less than 64 KiB. `usize::MAX` keeps everything.
    #[must_use]
    pub fn max_retained(mut self, bytes: usize) -> Self {
        self.max_retained = Some(bytes);
        self
    }

    /// Charges all items, leased or idle, to `budget`. Default: none.
    #[must_use]
    pub fn budget(mut self, budget: &MemoryBudget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// Number of shards, rounded down to a power of two and to no more than the idle items; threads are spread over them.
    /// Default: two for each core, 8 at most. A thread that holds more items at a time than its home has places goes
    /// through the others' for the rest, which costs it a few ns each.
    #[must_use]
    pub fn shards(mut self, shards: usize) -> Self {
        self.homes = Some(shards.max(1));
        self
    }

    /// The pool. Takes memory for the list of idle items, and makes none of them yet. On Linux the first without a budget also asks
    /// the system for barriers in all threads: 1 µs in a process of one thread, up to 10 ms in others, once.
    ///
    /// # Errors
    /// [`BudgetError::TooLarge`] when the budget could not hold a single item, so that every get would wait for ever.
    ///
    /// # Panics
    /// When memory cannot address the list of idle items. Aborts when there is not that much, as every `Vec`.
    pub fn build(self) -> Result<Pool<R>, BudgetError> {
        if let Some(budget) = &self.budget {
            budget.check(self.recipe.fresh_bytes())?;
        }
        Ok(self.finish())
    }

    /// The pool, when no budget was given.
    pub(crate) fn unbudgeted(self) -> Pool<R> {
        debug_assert!(self.budget.is_none());
        self.finish()
    }

    fn finish(self) -> Pool<R> {
        let default = self.recipe.fresh_bytes().saturating_mul(4).max(LEAST_RETAINED);
        let max_retained = self.max_retained.unwrap_or(default);
        let homes = self.homes.unwrap_or_else(homes_of_this_machine);
        Pool::of(Estate::new(self.recipe, homes, self.max_idle, max_retained, self.budget))
    }
}

/// Home shards that suit this machine: more than there are threads at work only make each smaller.
fn homes_of_this_machine() -> usize {
    /// Asking the system takes some microseconds.
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from));
    MOST_HOMES.min(cores.saturating_mul(2).next_power_of_two())
}
