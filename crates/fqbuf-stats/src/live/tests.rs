//! What two threads do at once, step by step: the step of the one falls between the two of the other.

use super::*;

/// Seen red with a store of 0 by whoever is to bring the word back.
#[test]
fn what_came_in_between_is_kept() {
    let live = Live::new();
    live.0.fetch_sub(5, SeqCst);
    assert_eq!(live.get(), 0, "nobody sees the debt");
    assert_eq!(live.add(12), 7, "the debt is taken from what comes");
    live.bring_back();
    assert_eq!(live.get(), 7);
}

#[test]
fn what_went_in_between_is_not_taken_twice() {
    let live = Live::new();
    live.0.fetch_add(TOP + 5, SeqCst);
    assert_eq!(live.get(), TOP.unsigned_abs(), "nobody sees the excess");
    live.take(12);
    live.bring_back();
    assert_eq!(live.get(), TOP.unsigned_abs() - 7);
}

/// Seen red with a [`TOP`] of 2^62, where the second of these is below 0.
#[test]
fn a_hundred_threads_beyond_the_range_are_brought_back() {
    let live = Live::new();
    (0..100).for_each(|_| _ = live.0.fetch_add(within(u64::MAX), SeqCst));
    assert_eq!(live.get(), TOP.unsigned_abs());
    live.bring_back();
    (0..100).for_each(|_| _ = live.0.fetch_sub(within(u64::MAX), SeqCst));
    assert_eq!(live.get(), 0);
    live.bring_back();
    assert_eq!(live.add(1), 1);
}
