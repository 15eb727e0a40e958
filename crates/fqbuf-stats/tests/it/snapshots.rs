//! Differences, sums and text of snapshots.

use fqbuf_stats::{BufferStats, ShardedStats, StatsDifference, StatsSnapshot};
use proptest::prelude::*;
use rstest::rstest;

fn snapshot([allocations, deallocations, total_bytes, peak_bytes]: [u64; 4]) -> StatsSnapshot {
    StatsSnapshot { allocations, deallocations, total_bytes, peak_bytes }
}

#[test]
fn a_difference_of_shrunken_bytes_is_negative() {
    let (before, after) = (snapshot([5, 1, 900, 1000]), snapshot([6, 4, 100, 700]));
    let expected = StatsDifference { allocations: 1, deallocations: 3, total_bytes: -800, peak_bytes: -300 };
    assert_eq!(after.difference(&before), expected);
}

#[test]
fn a_difference_the_wrong_way_round_or_out_of_range_stops_at_the_ends() {
    let (none, all) = (snapshot([0; 4]), snapshot([u64::MAX; 4]));
    let up = all.difference(&none);
    assert_eq!((up.allocations, up.total_bytes), (u64::MAX, i64::MAX));
    let down = none.difference(&all);
    assert_eq!((down.allocations, down.total_bytes), (0, i64::MIN));
}

#[rstest]
#[case(0, "0 B")]
#[case(1, "1 B")]
#[case(1023, "1023 B")]
#[case(1024, "1.0 KiB")]
#[case(1535, "1.4 KiB")]
#[case(1536, "1.5 KiB")]
#[case((1 << 20) - 1, "1023.9 KiB")]
#[case(1 << 20, "1.0 MiB")]
#[case(5 << 30, "5.0 GiB")]
#[case(u64::MAX, "15.9 EiB")]
fn sizes_are_shown_in_binary_units_rounded_down(#[case] bytes: u64, #[case] shown: &str) {
    let text = snapshot([2, 1, bytes, 0]).to_string();
    assert_eq!(text, format!("2 allocations, 1 deallocation, {shown} live, 0 B peak"));
}

#[test]
fn a_difference_shows_its_signs() {
    let change = StatsDifference { allocations: 1, deallocations: 2, total_bytes: -1536, peak_bytes: 0 };
    assert_eq!(change.to_string(), "1 allocation, 2 deallocations, -1.5 KiB live, +0 B peak");
    let least = StatsDifference { total_bytes: i64::MIN, ..StatsDifference::default() };
    assert!(least.to_string().contains("-8.0 EiB live"));
}

proptest! {
    /// Integers throughout: seen red with means merged as `f64`.
    #[test]
    fn fault_59_sums_do_not_depend_on_the_order(parts in proptest::collection::vec(any::<[u64; 4]>(), 0..8)) {
        let add = |sum: StatsSnapshot, part: &[u64; 4]| sum.plus(&snapshot(*part));
        let forward = parts.iter().fold(StatsSnapshot::default(), add);
        let backward = parts.iter().rev().fold(StatsSnapshot::default(), add);
        prop_assert_eq!(forward, backward);
        let (left, right) = parts.split_at(parts.len() / 2);
        let halves = left.iter().fold(StatsSnapshot::default(), add).plus(&right.iter().fold(StatsSnapshot::default(), add));
        prop_assert_eq!(forward, halves);
    }

    #[test]
    fn a_later_snapshot_is_the_earlier_one_and_the_difference(
        sizes in proptest::collection::vec(0..1000_usize, 0..20),
        split in 0..20_usize,
    ) {
        let stats = BufferStats::new();
        let mut before = stats.snapshot();
        for (call, size) in sizes.iter().enumerate() {
            if call == split {
                before = stats.snapshot();
            }
            if call % 3 == 2 { stats.record_deallocation(*size) } else { stats.record_allocation(*size) }
        }
        let (after, change) = (stats.snapshot(), stats.snapshot().difference(&before));
        prop_assert_eq!(before.allocations + change.allocations, after.allocations);
        prop_assert_eq!(before.deallocations + change.deallocations, after.deallocations);
        prop_assert_eq!(before.total_bytes.checked_add_signed(change.total_bytes), Some(after.total_bytes));
        prop_assert_eq!(before.peak_bytes.checked_add_signed(change.peak_bytes), Some(after.peak_bytes));
    }
}

#[test]
fn debug_of_the_counters_shows_what_they_counted() {
    let (exact, sharded) = (BufferStats::default(), ShardedStats::with_slack(16));
    exact.record_allocation(77);
    sharded.record_allocation(77);
    assert!(format!("{exact:?}").contains("total_bytes: 77"));
    assert!(format!("{sharded:?}").contains("total_bytes: 77"));
}

#[cfg(feature = "serde")]
#[test]
fn serde_reads_a_snapshot_by_field_name() -> Result<(), serde::de::value::Error> {
    use serde::de::value::MapDeserializer;
    use serde::{Deserialize, Serialize};

    fn both<T: Serialize + for<'de> Deserialize<'de>>() {}
    both::<StatsSnapshot>();
    both::<StatsDifference>();
    let fields = [("total_bytes", 3_u64), ("peak_bytes", 4), ("allocations", 1), ("deallocations", 2)];
    let read = StatsSnapshot::deserialize(MapDeserializer::new(fields.into_iter()))?;
    assert_eq!(read, snapshot([1, 2, 3, 4]));
    Ok(())
}
