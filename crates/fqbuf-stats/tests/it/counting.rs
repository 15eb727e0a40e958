//! Both counters on one thread, against an oracle and at the ends of their range.

use fqbuf_stats::{BufferStats, ShardedStats, StatsSnapshot, optimal_buffer_size};
use proptest::prelude::*;
use rstest::rstest;

/// What both counters offer, so that one test serves both.
pub(crate) trait Counter: Default + Send + Sync + 'static {
    fn allocate(&self, size: usize);
    fn deallocate(&self, size: usize);
    fn snapshot(&self) -> StatsSnapshot;
    fn reset_peak(&self);
    /// How far the peak may be above the true one.
    fn peak_error(&self) -> u64;
}

macro_rules! counter {
    ($type:ty, $error:expr) => {
        impl Counter for $type {
            fn allocate(&self, size: usize) {
                self.record_allocation(size);
            }
            fn deallocate(&self, size: usize) {
                self.record_deallocation(size);
            }
            fn snapshot(&self) -> StatsSnapshot {
                self.snapshot()
            }
            fn reset_peak(&self) {
                self.reset_peak();
            }
            fn peak_error(&self) -> u64 {
                $error(self)
            }
        }
    };
}
counter!(BufferStats, |_: &BufferStats| 0);
counter!(ShardedStats, ShardedStats::peak_error);

#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::new())]
fn nothing_recorded_is_all_zero(#[case] stats: impl Counter) {
    assert_eq!(stats.snapshot(), StatsSnapshot::default());
    stats.reset_peak();
    assert_eq!(stats.snapshot(), StatsSnapshot::default());
}

/// Seen red with `fetch_sub`, which leaves some 2^64 live bytes.
#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::new())]
fn an_unmatched_deallocation_stops_at_zero(#[case] stats: impl Counter) {
    stats.allocate(10);
    stats.deallocate(11);
    assert_eq!(stats.snapshot().total_bytes, 0);
    stats.deallocate(usize::MAX);
    let snapshot = stats.snapshot();
    assert_eq!((snapshot.allocations, snapshot.deallocations, snapshot.total_bytes), (1, 2, 0));
}

/// Seen red with a signed live count that is clamped when read: it reports 0 until the debt is paid.
#[test]
fn after_an_unmatched_deallocation_the_exact_count_goes_on_from_zero() {
    let stats = BufferStats::new();
    stats.record_deallocation(1000);
    stats.record_allocation(10);
    let snapshot = stats.snapshot();
    assert_eq!((snapshot.total_bytes, snapshot.peak_bytes), (10, 10));
}

/// Seen red with an addition of the size as it is, which goes round, and with one that is not brought back, which goes on.
#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::new())]
fn absurd_sizes_stop_at_the_top(#[case] stats: impl Counter) {
    const TOP: u64 = 1 << 56;
    let most = TOP.min(usize::MAX as u64);
    for _ in 0..200 {
        stats.allocate(usize::MAX);
        stats.allocate(10);
    }
    let snapshot = stats.snapshot();
    assert!(snapshot.total_bytes >= most - (8 << 20) && snapshot.total_bytes <= TOP, "{snapshot:?}");
    assert!(snapshot.peak_bytes >= snapshot.total_bytes && snapshot.peak_bytes <= TOP, "{snapshot:?}");
    stats.deallocate(usize::MAX);
    stats.deallocate(usize::MAX);
    stats.allocate(10);
    assert!(stats.snapshot().total_bytes <= TOP);
}

/// What a shard may keep is never more than the shared word can give. Seen red with the slack taken as it is.
#[test]
fn an_absurd_slack_keeps_live_bytes_exact() {
    let stats = ShardedStats::with_slack(usize::MAX);
    stats.record_allocation(1000);
    stats.record_deallocation(10);
    assert_eq!(stats.snapshot().total_bytes, 990);
    assert!(stats.snapshot().peak_bytes >= 1000);
}

#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::with_slack(0))]
fn the_peak_outlives_what_made_it_and_a_reset_begins_at_the_live_bytes(#[case] stats: impl Counter) {
    stats.allocate(70);
    stats.allocate(30);
    stats.deallocate(70);
    assert_eq!(stats.snapshot().peak_bytes, 100);
    stats.reset_peak();
    assert_eq!(stats.snapshot().peak_bytes, 30);
    stats.allocate(5);
    stats.deallocate(35);
    assert_eq!(stats.snapshot().peak_bytes, 35);
}

/// Seen red with sizes cut to `u32` on the way in: a record of 5 GiB counts as 1 GiB.
#[cfg(target_pointer_width = "64")]
#[rstest]
#[case::exact(BufferStats::new())]
#[case::sharded(ShardedStats::new())]
fn fault_57_records_beyond_four_gigabytes_count_in_full(#[case] stats: impl Counter) {
    stats.allocate(5 << 30);
    stats.allocate(3 << 30);
    stats.deallocate(5 << 30);
    let snapshot = stats.snapshot();
    assert_eq!(snapshot.total_bytes, 3 << 30);
    assert!(snapshot.peak_bytes >= 8 << 30 && snapshot.peak_bytes <= (8 << 30) + stats.peak_error());
}

/// Seen red with `total_bytes / allocations`, which panics, and with a heuristic that takes 1 % of an empty file.
#[test]
fn fault_58_an_empty_run_divides_by_nothing() {
    assert_eq!(StatsSnapshot::default().mean_live_bytes(), None);
    let stats = BufferStats::new();
    stats.record_allocation(9);
    stats.record_allocation(6);
    assert_eq!(stats.snapshot().mean_live_bytes(), Some(7));
    stats.record_deallocation(9);
    stats.record_deallocation(6);
    assert_eq!(stats.snapshot().mean_live_bytes(), None);
    assert_eq!(optimal_buffer_size(0), 8192);
}

proptest! {
    /// Seen red with a peak that is set from the sum of all allocations, and with wrapping live bytes.
    #[test]
    fn exact_counters_agree_with_a_plain_struct(
        calls in proptest::collection::vec((0..8_u8, 0..10_000_usize), 0..300),
    ) {
        let stats = BufferStats::new();
        let mut plain = StatsSnapshot::default();
        for (what, size) in calls {
            match what {
                0..4 => {
                    stats.record_allocation(size);
                    plain.allocations += 1;
                    plain.total_bytes += size as u64;
                    plain.peak_bytes = plain.peak_bytes.max(plain.total_bytes);
                }
                4..7 => {
                    stats.record_deallocation(size);
                    plain.deallocations += 1;
                    plain.total_bytes = plain.total_bytes.saturating_sub(size as u64);
                }
                _ => {
                    stats.reset_peak();
                    plain.peak_bytes = plain.total_bytes;
                }
            }
            prop_assert_eq!(stats.snapshot(), plain);
            prop_assert_eq!(stats.live_bytes(), plain.total_bytes);
        }
    }
}
