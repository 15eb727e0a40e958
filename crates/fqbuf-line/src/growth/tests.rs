//! Growth steps, the ends of the number range among them.

use super::*;

#[test]
fn doubles_then_steps_then_stops() {
    let policy = GrowthPolicy::with_limit(100).double_until(16);
    let sizes: Vec<_> = std::iter::successors(Some(1), |&size| policy.next(size)).collect();
    assert_eq!(sizes, [1, 2, 4, 8, 16, 32, 48, 64, 80, 96, 100]);
}

#[test]
fn grows_from_nothing() {
    assert_eq!(GrowthPolicy::default().next(0), Some(1));
}

#[test]
fn always_larger_or_none() {
    for limit in [0, 1, 2, 1_000, usize::MAX - 1, usize::MAX] {
        for until in [0, 1, 7, usize::MAX] {
            let policy = GrowthPolicy::with_limit(limit).double_until(until);
            for current in [0, 1, 2, 999, 1_000, usize::MAX / 2 + 1, usize::MAX - 1, usize::MAX] {
                match policy.next(current) {
                    Some(next) => assert!(next > current && next <= limit),
                    None => assert!(current >= limit),
                }
            }
        }
    }
}

#[test]
fn unlimited_ends_at_the_number_range_only() {
    assert_eq!(GrowthPolicy::unlimited().next(usize::MAX - 1), Some(usize::MAX));
    assert_eq!(GrowthPolicy::unlimited().next(usize::MAX), None);
}
