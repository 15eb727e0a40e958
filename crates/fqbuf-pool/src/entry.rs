//! An item of a pool with its accounts, as it goes in and out.

use crate::anchor::Anchor;
use crate::budget::Charge;
use crate::ledger::Ledger;
use crate::recipe::Recipe;
use crate::sync::Arc;

/// An item of the pool, leased or idle. Alone on its cache line, because neighbours in memory go to different threads.
#[repr(align(64))]
pub(crate) struct Entry<R: Recipe> {
    pub(crate) item: R::Item,
    pub(crate) size: Size,
    pub(crate) ledger: std::sync::Arc<Ledger>,
    /// What keeps the estate alive for an owned lease; none before the first. An idle item has it too, so that gets change no
    /// count: the end of the pool leaves none idle.
    pub(crate) anchor: Option<Arc<Anchor<R>>>,
}

/// An entry on its way: one pointer, because moving whole entries costs more than the queue does.
pub(crate) type Held<R> = Box<Entry<R>>;

impl<R: Recipe> Entry<R> {
    /// The item, idle until now, is handed out.
    #[inline]
    pub(crate) fn hit(&self) {
        self.ledger.hit();
    }
}

/// How many bytes an item had when they were last settled.
pub(crate) struct Size {
    /// To the pool's budget.
    charge: Charge,
    /// Bytes with which the item is kept as it is, without a further look: those charged, or [`NEVER`] where they are too many.
    kept: usize,
}

/// Bytes that no item has.
const NEVER: usize = usize::MAX;

impl Size {
    /// What has been charged for an item, and is to be settled.
    pub(crate) fn new(charge: Charge) -> Self {
        Self { charge, kept: NEVER }
    }

    /// Bytes charged.
    #[inline]
    pub(crate) fn charged(&self) -> usize {
        self.charge.bytes()
    }

    /// Whether an item that has `bytes` now is as it was, and is to be kept.
    #[inline]
    pub(crate) fn is_kept_with(&self, bytes: usize) -> bool {
        bytes == self.kept
    }

    /// The charge, to be changed. Until it is [settled](Self::settled), the item is not kept without a further look.
    pub(crate) fn unsettled(&mut self) -> &mut Charge {
        self.kept = NEVER;
        &mut self.charge
    }

    /// What is charged is what the item has, which is kept if that is not more than `most`.
    pub(crate) fn settled(&mut self, most: usize) {
        self.kept = if self.charged() <= most { self.charged() } else { NEVER };
    }
}
