//! What cannot be reached through the public interface in a test's time: counts beyond 32 bits.

use std::sync::atomic::Ordering::Relaxed;

use super::*;

/// Seen red with `AtomicU32` counts, which go back to zero here.
#[test]
fn fault_56_more_than_four_giga_calls_are_counted() {
    let stats = BufferStats::new();
    let counts = &stats.counts[home()];
    counts.allocations.store(u64::from(u32::MAX), Relaxed);
    counts.deallocations.store(u64::from(u32::MAX) - 1, Relaxed);
    stats.record_allocation(1);
    stats.record_deallocation(0);
    let snapshot = stats.snapshot();
    assert_eq!((snapshot.allocations, snapshot.deallocations), (1 << 32, (1 << 32) - 1));
}

#[test]
fn counts_of_all_shards_are_summed() {
    let stats = BufferStats::new();
    for shard in 0..SHARDS {
        crate::home::move_to(shard);
        stats.record_allocation(shard);
        stats.record_deallocation(0);
    }
    let expected = StatsSnapshot { allocations: 8, deallocations: 8, total_bytes: 28, peak_bytes: 28 };
    assert_eq!(stats.snapshot(), expected);
}
