//! Pools of other things than byte vectors.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

use fqbuf_pool::{BudgetError, BufferPool, Lease, MemoryBudget, PoolBuilder, Recipe};

/// Items that may be sent but not shared.
pub(crate) struct SendOnly;

impl Recipe for SendOnly {
    type Item = Cell<u32>;
    fn make(&self) -> Cell<u32> {
        Cell::new(0)
    }
    fn fresh_bytes(&self) -> usize {
        4
    }
    fn bytes(&self, _: &Cell<u32>) -> usize {
        4
    }
    fn reset(&self, item: &mut Cell<u32>) {
        item.set(0);
    }
}

#[test]
fn items_that_are_not_sync_are_pooled() -> Result<(), BudgetError> {
    let pool = PoolBuilder::new(SendOnly).build()?;
    let item = pool.get();
    item.set(7);
    drop(item);
    assert_eq!(pool.get().get(), 0);
    assert_eq!(pool.stats().hits, 1);
    Ok(())
}

/// Writes down what is done to an item.
struct Diary;

impl Recipe for Diary {
    type Item = String;
    fn make(&self) -> String {
        "made".into()
    }
    fn fresh_bytes(&self) -> usize {
        1
    }
    fn bytes(&self, _: &String) -> usize {
        1
    }
    fn reset(&self, item: &mut String) {
        item.push_str(", reset");
    }
    fn renew(&self, item: &mut String) {
        item.push_str(", renewed");
    }
}

#[test]
fn items_are_reset_on_their_way_home_and_renewed_on_their_way_out() -> Result<(), BudgetError> {
    let pool = PoolBuilder::new(Diary).max_idle(8).build()?;
    pool.prefill(1);
    assert_eq!(*pool.get(), "made, renewed");
    assert_eq!(*pool.get_scoped(), "made, renewed, reset, renewed");
    assert_eq!(Lease::into_inner(pool.get()), "made, renewed, reset, renewed, reset, renewed");
    Ok(())
}

/// Counts the items alive.
struct Counted(Arc<AtomicIsize>);

struct Item {
    alive: Arc<AtomicIsize>,
    bytes: usize,
}

impl Drop for Item {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Recipe for Counted {
    type Item = Item;
    fn make(&self) -> Item {
        self.0.fetch_add(1, Ordering::SeqCst);
        Item { alive: Arc::clone(&self.0), bytes: 10 }
    }
    fn fresh_bytes(&self) -> usize {
        10
    }
    fn bytes(&self, item: &Item) -> usize {
        item.bytes
    }
    fn reset(&self, _: &mut Item) {}
}

#[test]
fn every_item_is_dropped_exactly_once() -> Result<(), BudgetError> {
    let alive = Arc::new(AtomicIsize::new(0));
    let pool = PoolBuilder::new(Counted(Arc::clone(&alive))).max_idle(3).shards(2).build()?;
    let leases: Vec<_> = (0..5).map(|_| pool.get()).collect();
    assert_eq!(alive.load(Ordering::SeqCst), 5);
    drop(leases);
    assert_eq!((alive.load(Ordering::SeqCst), pool.idle()), (3, 3));
    let kept = Lease::into_inner(pool.get());
    let leased = pool.get();
    drop(pool);
    assert_eq!(alive.load(Ordering::SeqCst), 2);
    drop(leased);
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    drop(kept);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    Ok(())
}

/// A recipe that makes other items than it said.
struct Misjudged {
    announced: usize,
    made: usize,
}

impl Recipe for Misjudged {
    type Item = Vec<u8>;
    fn make(&self) -> Vec<u8> {
        Vec::with_capacity(self.made)
    }
    fn fresh_bytes(&self) -> usize {
        self.announced
    }
    fn bytes(&self, item: &Vec<u8>) -> usize {
        item.capacity()
    }
    fn reset(&self, item: &mut Vec<u8>) {
        item.clear();
    }
}

#[test]
fn an_item_bigger_than_announced_is_charged_in_full_where_that_is_possible() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(170);
    let pool = PoolBuilder::new(Misjudged { announced: 60, made: 100 }).budget(&budget).build()?;
    let first = pool.get();
    assert_eq!(budget.used(), 100);
    let second = pool.get();
    assert_eq!(budget.used(), 160);
    drop(second);
    assert_eq!((budget.used(), pool.idle()), (100, 0), "beyond the budget: not kept");
    drop(first);
    assert_eq!((budget.used(), pool.idle()), (100, 1));
    Ok(())
}

/// Fails where the growth counts as what the item had before: it is charged for more than it has, and not kept.
#[test]
fn an_item_smaller_than_announced_is_charged_for_what_it_grows_to() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(1000);
    let pool = PoolBuilder::new(Misjudged { announced: 100, made: 50 }).budget(&budget).build()?;
    let mut lease = pool.get();
    assert_eq!(budget.used(), 50);
    lease.grow_with(80, |vec| vec.reserve_exact(80))?;
    assert_eq!((budget.used(), Lease::charged(&lease), pool.stats().bytes), (80, 80, 80));
    drop(lease);
    assert_eq!((budget.used(), pool.idle()), (80, 1));
    let mut lease = pool.get();
    lease.grow_with(10, |vec| *vec = Vec::new())?;
    drop(lease);
    assert_eq!((budget.used(), pool.idle()), (0, 0), "taken away");
    Ok(())
}

/// A recipe that leases scratch memory from another pool and looks at its own statistics while it makes an item.
struct Nested(BufferPool);

impl Recipe for Nested {
    type Item = Vec<u8>;
    fn make(&self) -> Vec<u8> {
        let mut scratch = self.0.get();
        scratch.push(1);
        scratch.to_vec()
    }
    fn fresh_bytes(&self) -> usize {
        1
    }
    fn bytes(&self, item: &Vec<u8>) -> usize {
        item.capacity()
    }
    fn reset(&self, item: &mut Vec<u8>) {
        self.0.get().push(2);
        item.clear();
    }
}

#[test]
fn a_recipe_may_use_pools_itself() -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(64);
    let inner = BufferPool::builder().buffer_size(16).budget(&budget).build()?;
    let pool = PoolBuilder::new(Nested(inner.clone())).budget(&budget).build()?;
    drop(pool.get());
    drop(pool.get());
    assert_eq!((pool.stats().hits, inner.stats().misses), (1, 1));
    Ok(())
}

/// Where a [`Wrecker`] panics.
#[derive(Clone, Copy, PartialEq)]
enum Wreck {
    Make,
    Measure,
    Reset,
    /// When an item drops.
    End,
}

/// A recipe that panics at one place while it is armed.
struct Wrecker {
    wreck: Wreck,
    armed: Arc<AtomicBool>,
}

/// An item that panics when it drops while its recipe is armed to.
struct Wrecked(Option<Arc<AtomicBool>>);

impl Wrecker {
    fn pass(&self, wreck: Wreck) {
        assert!(self.wreck != wreck || !self.armed.load(Ordering::Relaxed), "on purpose");
    }
}

impl Drop for Wrecked {
    fn drop(&mut self) {
        let armed = self.0.as_ref().is_some_and(|armed| armed.load(Ordering::Relaxed));
        assert!(!armed, "on purpose");
    }
}

impl Recipe for Wrecker {
    type Item = Wrecked;
    fn make(&self) -> Wrecked {
        self.pass(Wreck::Make);
        Wrecked((self.wreck == Wreck::End).then(|| Arc::clone(&self.armed)))
    }
    fn fresh_bytes(&self) -> usize {
        10
    }
    fn bytes(&self, _: &Wrecked) -> usize {
        self.pass(Wreck::Measure);
        10
    }
    fn reset(&self, _: &mut Wrecked) {
        self.pass(Wreck::Reset);
    }
}

/// Fails where a panic of the user's keeps bytes charged, an item idle that was not emptied, or a pool from going on.
#[rstest::rstest]
#[case(Wreck::Make, 0)]
#[case(Wreck::Measure, 1)] // The second was never counted.
#[case(Wreck::Reset, 2)]
#[case(Wreck::End, 0)]
fn a_recipe_that_panics_costs_no_memory(#[case] wreck: Wreck, #[case] lost: u64) -> Result<(), BudgetError> {
    let budget = MemoryBudget::new(20);
    let armed = Arc::new(AtomicBool::new(false));
    let pool = PoolBuilder::new(Wrecker { wreck, armed: Arc::clone(&armed) }).budget(&budget).build()?;
    let lease = pool.get();
    armed.store(true, Ordering::Relaxed);
    // Makes a second item, brings both home, and drops them: whoever takes the memory of an idle item does.
    let made = catch_unwind(AssertUnwindSafe(|| drop(pool.try_get())));
    let ended = catch_unwind(AssertUnwindSafe(|| drop(lease)));
    let taken = catch_unwind(AssertUnwindSafe(|| drop(budget.try_acquire(20))));
    assert!([&made, &ended, &taken].iter().any(|result| result.is_err()));
    armed.store(false, Ordering::Relaxed);
    let stats = pool.stats();
    assert_eq!(stats.misses, stats.live + stats.idle + stats.discarded + stats.freed + stats.detached);
    assert!([pool.try_get(), pool.try_get()].iter().all(Option::is_some), "all of the memory can still be had");
    pool.clear();
    assert_eq!((pool.stats().live, pool.idle(), budget.used(), budget.waiting()), (lost, 0, 0, 0));
    Ok(())
}

/// Items that count themselves, and of which the first few to end panic.
struct SomeBad(Arc<AtomicIsize>, Arc<AtomicIsize>);

struct MayBeBad(Arc<AtomicIsize>, Arc<AtomicIsize>);

impl Drop for MayBeBad {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        let left = self.1.fetch_sub(1, Ordering::Relaxed);
        assert!(left <= 0, "{left} to go");
    }
}

impl Recipe for SomeBad {
    type Item = MayBeBad;
    fn make(&self) -> MayBeBad {
        self.0.fetch_add(1, Ordering::Relaxed);
        MayBeBad(Arc::clone(&self.0), Arc::clone(&self.1))
    }
    fn fresh_bytes(&self) -> usize {
        1
    }
    fn bytes(&self, _: &MayBeBad) -> usize {
        1
    }
    fn reset(&self, _: &mut MayBeBad) {}
}

/// Fails where an item that panics as the pool ends leaves the others idle, which would keep the pool for ever, or has them dropped
/// while it unwinds, so that a second one aborts.
#[rstest::rstest]
fn items_that_panic_as_the_pool_ends_take_nothing_with_them(
    #[values(1, 3, 40)] items: usize,
    #[values(1, 2)] bad: usize,
) {
    let (alive, bad) = (Arc::new(AtomicIsize::new(0)), bad.min(items));
    let budget = MemoryBudget::new(64);
    let recipe = SomeBad(Arc::clone(&alive), Arc::new(AtomicIsize::new(bad as isize)));
    let pool = PoolBuilder::new(recipe).max_idle(64).shards(2).budget(&budget).build().expect("room for one");
    let leases: Vec<_> = (0..items).map(|_| pool.get()).collect();
    drop(leases);
    assert_eq!(pool.idle(), items);
    let panic = catch_unwind(AssertUnwindSafe(|| drop(pool))).expect_err("the first");
    assert_eq!(panic.downcast_ref(), Some(&format!("{bad} to go")));
    assert_eq!((alive.load(Ordering::Relaxed), Arc::strong_count(&alive)), (0, 1), "the recipe is gone too");
    assert_eq!(budget.used(), 0);
}
