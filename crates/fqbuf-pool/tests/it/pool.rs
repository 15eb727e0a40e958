//! One pool, one thread: what is kept, what is freed, what is counted.

use fqbuf_pool::{BudgetError, BufferPool, MemoryBudget, PoolStats, PooledBuffer};
use rstest::rstest;

#[test]
fn a_returned_buffer_is_handed_out_again() {
    let pool = BufferPool::new(100);
    let mut buffer = pool.get();
    buffer.extend_from_slice(&[7; 100]);
    let address = buffer.as_ptr();
    drop(buffer);
    let again = pool.get();
    assert_eq!((again.as_ptr(), again.len(), again.capacity()), (address, 0, 100));
}

#[rstest]
#[case(0)]
#[case(1)]
#[case(4096)]
fn a_new_buffer_has_the_size_asked_for(#[case] size: usize) {
    let pool = BufferPool::new(size);
    let buffer = pool.get();
    assert!(buffer.is_empty());
    assert_eq!(buffer.capacity(), size);
}

#[test]
fn new_keeps_64_buffers() {
    let pool = BufferPool::new(8);
    drop((0..100).map(|_| pool.get()).collect::<Vec<_>>());
    assert_eq!((pool.idle(), pool.max_idle()), (64, 64));
}

#[test]
fn a_pool_tells_its_settings_and_defaults() -> Result<(), BudgetError> {
    let pool = BufferPool::builder().build()?;
    assert_eq!((pool.get().capacity(), pool.max_idle(), pool.max_retained()), (64 << 10, 64, 256 << 10));
    assert!(pool.budget().is_none());
    let budget = MemoryBudget::new(100);
    let pool = BufferPool::builder().buffer_size(10).max_idle(3).max_retained(20).budget(&budget).build()?;
    assert_eq!((pool.get().capacity(), pool.max_idle(), pool.max_retained()), (10, 3, 20));
    assert_eq!(pool.budget().map(MemoryBudget::used), Some(10));
    Ok(())
}

// The naive pool asks its idle list for `capacity()`, which is 0 for a list that began empty.
#[rstest]
fn as_many_are_kept_as_were_asked_for(
    #[values(0, 1, 2, 3, 5, 7, 8, 9, 63, 64, 65)] max: usize,
    #[values(1, 2, 3, 8)] shards: usize,
) {
    let pool = BufferPool::builder().buffer_size(16).max_idle(max).shards(shards).build().expect("no budget");
    assert_eq!(pool.max_idle(), max);
    drop((0..max + 3).map(|_| pool.get()).collect::<Vec<_>>());
    assert_eq!(pool.idle(), max);
    let stats = pool.stats();
    assert_eq!((stats.returned, stats.discarded, stats.idle), (max as u64, 3, max as u64));
    drop((0..max).map(|_| pool.get()).collect::<Vec<_>>());
    assert_eq!(pool.stats().hits, max as u64, "each of them was found again, in whatever shard");
}

#[test]
fn a_pool_that_keeps_nothing_works() {
    let pool = BufferPool::with_capacity(10, 0);
    for _ in 0..3 {
        pool.get().push(1);
    }
    assert_eq!(pool.prefill(5), 0);
    pool.clear();
    let stats = pool.stats();
    assert_eq!((stats.misses, stats.hits, stats.discarded, pool.idle(), pool.live()), (3, 0, 3, 0, 0));
}

// The naive pool keeps whatever comes back.
#[test]
fn a_buffer_that_grew_huge_is_not_hoarded() {
    let pool = BufferPool::new(64 * 1024);
    let mut buffer = pool.get();
    buffer.reserve_exact(50_000_000);
    drop(buffer);
    assert_eq!((pool.idle(), pool.stats().discarded), (0, 1));
    assert!(pool.stats().peak_bytes >= 50_000_000);
    assert_eq!(pool.stats().bytes, 0);
}

#[rstest]
#[case::at_the_default(BufferPool::new(100_000), 400_000, true)]
#[case::beyond_the_default(BufferPool::new(100_000), 400_001, false)]
#[case::small_buffers_may_grow_to_64_kib(BufferPool::new(10), 65_536, true)]
#[case::at_the_bound(BufferPool::builder().buffer_size(10).max_retained(20).build().expect("no budget"), 20, true)]
#[case::beyond(BufferPool::builder().buffer_size(10).max_retained(20).build().expect("no budget"), 21, false)]
#[case::unbounded(BufferPool::builder().buffer_size(10).max_retained(usize::MAX).build().expect("no budget"), 9_999_999, true)]
fn retained_capacity_is_bounded(#[case] pool: BufferPool, #[case] grown: usize, #[case] kept: bool) {
    let mut buffer = pool.get();
    buffer.reserve_exact(grown);
    assert_eq!(buffer.capacity(), grown);
    drop(buffer);
    assert_eq!(pool.idle(), usize::from(kept));
    assert_eq!(pool.stats().bytes, if kept { grown as u64 } else { 0 });
}

#[test]
fn a_bound_below_the_size_of_a_new_buffer_keeps_nothing() {
    let pool = BufferPool::builder().buffer_size(10).max_retained(9).build().expect("no budget");
    drop(pool.get());
    assert_eq!(pool.idle(), 0);
}

// The naive pool takes the empty Vec that `mem::take` left behind, and hands it out as a buffer.
#[test]
fn a_buffer_that_was_taken_away_does_not_come_back_empty() {
    let pool = BufferPool::new(1000);
    let mut buffer = pool.get();
    buffer.push(1);
    let taken = std::mem::take(&mut *buffer);
    drop(buffer);
    assert_eq!((taken.capacity(), pool.idle(), pool.stats().discarded), (1000, 0, 1));
    assert_eq!(pool.get().capacity(), 1000);
    let mut shrunk = pool.get();
    shrunk.shrink_to(10);
    drop(shrunk);
    assert!((0..2).all(|_| pool.get().capacity() == 1000));
    assert_eq!(pool.stats().bytes, 1000);
}

#[test]
fn prefill_makes_up_to_what_is_asked_and_no_more_than_fits() {
    let pool = BufferPool::with_capacity(10, 6);
    assert_eq!(pool.prefill(0), 0);
    assert_eq!((pool.prefill(4), pool.idle()), (4, 4));
    assert_eq!((pool.prefill(4), pool.idle()), (0, 4));
    assert_eq!((pool.prefill(100), pool.idle()), (2, 6));
    let stats = pool.stats();
    assert_eq!((stats.prefilled, stats.misses, stats.bytes), (6, 0, 60));
    drop((0..6).map(|_| pool.get()).collect::<Vec<_>>());
    assert_eq!((pool.stats().hits, pool.stats().misses), (6, 0));
}

#[test]
fn trim_and_clear_free_idle_buffers_and_leave_leases_alone() {
    let pool = BufferPool::with_capacity(10, 20);
    pool.prefill(20);
    let lease = pool.get();
    assert_eq!((pool.trim(19), pool.trim(5), pool.idle()), (0, 14, 5));
    pool.clear();
    assert_eq!((pool.idle(), pool.live(), pool.stats().bytes), (0, 1, 10));
    drop(lease);
    assert_eq!((pool.idle(), pool.live(), pool.stats().freed), (1, 0, 19));
}

#[test]
fn statistics_tell_where_every_buffer_is() {
    let pool = BufferPool::with_capacity(10, 2);
    pool.prefill(1);
    let a = pool.get();
    let b = pool.get();
    let c = pool.get();
    let d = pool.get();
    assert_eq!(PooledBuffer::into_inner(d).capacity(), 10);
    drop((a, b, c));
    let e = pool.get();
    assert_eq!((pool.live(), pool.idle()), (1, 1));
    let stats = pool.stats();
    assert_eq!((stats.hits, stats.misses, stats.prefilled), (2, 3, 1));
    assert_eq!((stats.returned, stats.discarded, stats.detached), (2, 1, 1));
    assert_eq!((stats.bytes, stats.peak_bytes), (20, 40));
    drop(e);
    pool.clear();
    let stats = pool.stats();
    assert_eq!((stats.freed, stats.idle, stats.live, stats.bytes), (2, 0, 0, 0));
    assert_eq!(BufferPool::new(1).stats(), PoolStats::default());
}

#[test]
fn clones_share_one_pool() {
    let pool = BufferPool::new(10);
    let clone = pool.clone();
    drop(pool.get());
    assert_eq!(clone.idle(), 1);
    drop(pool);
    drop(clone.get());
    assert_eq!(clone.stats().hits, 1, "the pool lives as long as one of its handles");
}

#[test]
fn many_shards_make_one_bound() {
    let pool = BufferPool::builder().buffer_size(1).max_idle(3).shards(usize::MAX).build().expect("no budget");
    assert_eq!(pool.prefill(10), 3);
}

#[test]
fn a_list_of_idle_buffers_beyond_memory_panics_at_once() {
    assert!(std::panic::catch_unwind(|| BufferPool::with_capacity(10, usize::MAX)).is_err());
    assert!(std::panic::catch_unwind(|| BufferPool::builder().shards(1).max_idle(usize::MAX).build()).is_err());
}

#[test]
fn without_a_budget_get_never_says_no() {
    let pool = BufferPool::with_capacity(10, 1);
    let held: Vec<_> = (0..50).map(|_| pool.try_get().expect("no budget")).collect();
    assert!(pool.get_timeout(std::time::Duration::ZERO).is_some());
    assert_eq!(held.len(), 50);
}

#[test]
fn debug_output_names_the_state() {
    let pool = BufferPool::new(10);
    let mut buffer = pool.get();
    buffer.push(65);
    assert!(format!("{pool:?}").contains("misses: 1"), "{pool:?}");
    assert_eq!(format!("{buffer:?}"), "Lease([65])");
}
