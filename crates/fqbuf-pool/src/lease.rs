//! Leases: items on loan from a pool, that go home by themselves.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use bytes::Bytes;

use crate::anchor::{Anchor, Home};
use crate::budget::BudgetError;
use crate::entry::{Entry, Held};
use crate::recipe::{Buffers, Recipe};
use crate::sync::{Arc, mutant};

/// A byte buffer on loan from a [`BufferPool`](crate::BufferPool): a `Vec<u8>` that goes home when it drops.
///
/// See [`Lease`] for the methods.
pub type PooledBuffer = Lease<Buffers>;

/// An entry that no lease forgets: each takes it out at its end, so that the compiler need not free what is left.
type Loan<R> = ManuallyDrop<Held<R>>;

/// An item on loan from a [`Pool`](crate::Pool), which goes home when this drops, on whatever thread, and is empty for the next one.
///
/// Where the pool outlives the lease on the spot, [`ScopedLease`] is cheaper.
///
/// Growth by the holder (`push`, `reserve`, ...) is settled when the lease ends: what has grown beyond the pool's bound on
/// retained bytes, or beyond what the budget has free, is freed; so is an item that was taken away (`mem::take`). Growth
/// of a known size is charged before it happens by [`grow_with`](Lease::grow_with).
pub struct Lease<R: Recipe> {
    /// `None` only while the lease ends. The entry has an anchor.
    entry: Option<Loan<R>>,
}

impl<R: Recipe> Lease<R> {
    #[inline]
    pub(crate) fn new(mut entry: Held<R>, anchor: &Arc<Anchor<R>>) -> Self {
        anchor.estate().recipe().renew(&mut entry.item);
        // What was leased here before has it.
        let entry = match &entry.anchor {
            Some(had) if Arc::ptr_eq(had, anchor) => entry,
            _ => Self::anchored(entry, anchor),
        };
        Self { entry: Some(Loan::new(entry)) }
    }

    #[cold]
    fn anchored(mut entry: Held<R>, anchor: &Arc<Anchor<R>>) -> Held<R> {
        entry.anchor = Some(Arc::clone(anchor));
        entry
    }

    /// The item itself, which leaves the pool and its budget for good.
    #[must_use]
    pub fn into_inner(mut this: Self) -> R::Item {
        let mut entry = take(&mut this.entry);
        let anchor = entry.anchor.take();
        self::anchor(&anchor).estate().detach(entry)
    }

    /// Bytes charged for the item: those it had when it was made or last settled.
    #[must_use]
    pub fn charged(this: &Self) -> usize {
        held(&this.entry).size.charged()
    }

    /// Charges `bytes` to the pool's budget, waiting in line for as long as it takes, then calls `grow`, then settles the
    /// charge to what the item has. `bytes` is what `grow` allocates at most: a `Vec` that is reallocated needs the
    /// whole new capacity, because for a moment it has both. Without a budget nothing waits.
    ///
    /// The item is held meanwhile: two holders who wait for each other's memory wait for ever, which
    /// [`try_grow_with`](Self::try_grow_with) and [`grow_with_timeout`](Self::grow_with_timeout) avoid.
    ///
    /// # Errors
    /// [`BudgetError::TooLarge`], at once, when item and growth together exceed the whole budget; `grow` is not called.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_pool::{BufferPool, MemoryBudget};
    ///
    /// # fn main() -> Result<(), fqbuf_pool::BudgetError> {
    /// let budget = MemoryBudget::new(10_000);
    /// let pool = BufferPool::builder().buffer_size(1000).budget(&budget).build()?;
    /// let mut buffer = pool.get();
    /// buffer.grow_with(3000, |vec| vec.reserve_exact(3000))?;
    /// assert_eq!((buffer.capacity(), budget.used(), budget.peak()), (3000, 3000, 4000));
    /// # Ok(())
    /// # }
    /// ```
    pub fn grow_with<T>(&mut self, bytes: usize, grow: impl FnOnce(&mut R::Item) -> T) -> Result<T, BudgetError> {
        let Entry { item, size, anchor, .. } = held_mut(&mut self.entry);
        size.unsettled().grow(bytes)?;
        Ok(self::anchor(anchor).estate().grow(item, size, bytes, grow))
    }

    /// Like [`grow_with`](Self::grow_with), waiting in line for no longer than `timeout`.
    ///
    /// # Errors
    /// [`BudgetError::TooLarge`] as there, [`BudgetError::TimedOut`]; `grow` is not called.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use fqbuf_pool::{BudgetError, BufferPool, MemoryBudget};
    ///
    /// # fn main() -> Result<(), BudgetError> {
    /// let budget = MemoryBudget::new(4000);
    /// let pool = BufferPool::builder().buffer_size(1000).budget(&budget).build()?;
    /// let (mut buffer, other) = (pool.get(), pool.get());
    /// let late = buffer.grow_with_timeout(3000, Duration::ZERO, |vec| vec.reserve_exact(3000));
    /// assert_eq!(late, Err(BudgetError::TimedOut { asked: 3000, limit: 4000 }));
    /// drop(other);
    /// pool.clear();
    /// buffer.grow_with_timeout(3000, Duration::ZERO, |vec| vec.reserve_exact(3000))?;
    /// assert_eq!(buffer.capacity(), 3000);
    /// # Ok(())
    /// # }
    /// ```
    pub fn grow_with_timeout<T>(
        &mut self,
        bytes: usize,
        timeout: Duration,
        grow: impl FnOnce(&mut R::Item) -> T,
    ) -> Result<T, BudgetError> {
        let Entry { item, size, anchor, .. } = held_mut(&mut self.entry);
        size.unsettled().grow_timeout(bytes, timeout)?;
        Ok(self::anchor(anchor).estate().grow(item, size, bytes, grow))
    }

    /// Like [`grow_with`](Self::grow_with), if the bytes can be had without waiting.
    ///
    /// # Errors
    /// [`BudgetError::TooLarge`] as there, [`BudgetError::Exhausted`] when the bytes are not free; `grow` is not called.
    pub fn try_grow_with<T>(&mut self, bytes: usize, grow: impl FnOnce(&mut R::Item) -> T) -> Result<T, BudgetError> {
        let Entry { item, size, anchor, .. } = held_mut(&mut self.entry);
        size.unsettled().try_grow(bytes)?;
        Ok(self::anchor(anchor).estate().grow(item, size, bytes, grow))
    }
}

impl<R: Recipe> Lease<R>
where
    R::Item: AsRef<[u8]>,
{
    /// The item's bytes as refcounted slices; the item goes home when the last of them drops, on whatever thread.
    ///
    /// Costs one small allocation. A short slice keeps the whole item from coming home.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_pool::{BufferPool, PooledBuffer};
    ///
    /// let pool = BufferPool::new(1024);
    /// let mut buffer = pool.get();
    /// buffer.extend_from_slice(b"ACGTACGT");
    /// let whole = PooledBuffer::freeze(buffer);
    /// let part = whole.slice(4..);
    /// drop(whole);
    /// assert_eq!((&part[..], pool.idle()), (&b"ACGT"[..], 0));
    /// drop(part);
    /// assert_eq!(pool.idle(), 1);
    /// ```
    #[must_use]
    pub fn freeze(this: Self) -> Bytes {
        if mutant("freeze_copies") {
            return Bytes::copy_from_slice(this.as_ref());
        }
        if mutant("frozen_lease_is_forgotten") {
            return Bytes::from_owner(ManuallyDrop::new(this).as_ref().to_vec());
        }
        Bytes::from_owner(this)
    }
}

impl<R: Recipe> Drop for Lease<R> {
    #[inline]
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            Anchor::come_home_for_good(Loan::into_inner(entry));
        }
    }
}

// Like the item it holds; the pool does not mind.
impl<R: Recipe> std::panic::UnwindSafe for Lease<R> where R::Item: std::panic::UnwindSafe {}
impl<R: Recipe> std::panic::RefUnwindSafe for Lease<R> where R::Item: std::panic::RefUnwindSafe {}
impl<R: Recipe> std::panic::UnwindSafe for ScopedLease<'_, R> where R::Item: std::panic::UnwindSafe {}
impl<R: Recipe> std::panic::RefUnwindSafe for ScopedLease<'_, R> where R::Item: std::panic::RefUnwindSafe {}

/// An item on loan that borrows its pool, goes home when this drops, and is empty for the next one.
///
/// Cheaper than a [`Lease`], which can do more: leave the thread's scope, grow at the budget's expense before it happens, and
/// be frozen. What its holder makes of the item is settled in the same way; [`Pool::get_scoped`](crate::Pool::get_scoped) makes it.
pub struct ScopedLease<'p, R: Recipe> {
    /// `None` only while the lease ends.
    entry: Option<Loan<R>>,
    home: &'p Home<R>,
}

impl<'p, R: Recipe> ScopedLease<'p, R> {
    #[inline]
    pub(crate) fn new(mut entry: Held<R>, home: &'p Home<R>) -> Self {
        home.estate().recipe().renew(&mut entry.item);
        Self { entry: Some(Loan::new(entry)), home }
    }

    /// The item itself, which leaves the pool and its budget for good.
    #[must_use]
    pub fn into_inner(mut this: Self) -> R::Item {
        this.home.estate().detach(take(&mut this.entry))
    }
}

impl<R: Recipe> Drop for ScopedLease<'_, R> {
    #[inline]
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.home.come_home(Loan::into_inner(entry));
        }
    }
}

/// Why the parts of a lease are there.
const HELD: &str = "a lease has its item until it ends";
const ANCHORED: &str = "an owned lease keeps the pool's insides alive";

#[inline]
fn held<R: Recipe>(entry: &Option<Loan<R>>) -> &Entry<R> {
    entry.as_ref().expect(HELD)
}

#[inline]
fn held_mut<R: Recipe>(entry: &mut Option<Loan<R>>) -> &mut Entry<R> {
    entry.as_mut().expect(HELD)
}

fn anchor<R: Recipe>(anchor: &Option<Arc<Anchor<R>>>) -> &Anchor<R> {
    anchor.as_ref().expect(ANCHORED)
}

fn take<R: Recipe>(entry: &mut Option<Loan<R>>) -> Held<R> {
    Loan::into_inner(entry.take().expect(HELD))
}

impl<R: Recipe> Deref for Lease<R> {
    type Target = R::Item;

    #[inline]
    fn deref(&self) -> &R::Item {
        &held(&self.entry).item
    }
}

impl<R: Recipe> DerefMut for Lease<R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut R::Item {
        &mut held_mut(&mut self.entry).item
    }
}

impl<R: Recipe> Deref for ScopedLease<'_, R> {
    type Target = R::Item;

    #[inline]
    fn deref(&self) -> &R::Item {
        &held(&self.entry).item
    }
}

impl<R: Recipe> DerefMut for ScopedLease<'_, R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut R::Item {
        &mut held_mut(&mut self.entry).item
    }
}

impl<R: Recipe> AsRef<[u8]> for Lease<R>
where
    R::Item: AsRef<[u8]>,
{
    fn as_ref(&self) -> &[u8] {
        (**self).as_ref()
    }
}

impl<R: Recipe> AsRef<[u8]> for ScopedLease<'_, R>
where
    R::Item: AsRef<[u8]>,
{
    fn as_ref(&self) -> &[u8] {
        (**self).as_ref()
    }
}

impl<R: Recipe> fmt::Debug for Lease<R>
where
    R::Item: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&**self).finish()
    }
}

impl<R: Recipe> fmt::Debug for ScopedLease<'_, R>
where
    R::Item: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopedLease").field(&**self).finish()
    }
}
