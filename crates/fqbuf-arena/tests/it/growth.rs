//! Growth by chunks: opt-in, bounded, kept.

use fqbuf_arena::{Arena, Growth};
use rstest::rstest;

fn arena(capacity: usize, size: usize, limit: usize) -> Arena {
    Arena::builder().capacity(capacity).growth(Growth::Chunks { size, limit }).build().expect("little is asked for")
}

#[test]
fn the_default_builder_is_fixed_at_64_kib() {
    let arena = Arena::builder().build().expect("little is asked for");
    assert_eq!(arena.capacity(), 64 * 1024);
    assert_eq!(arena.allocate(64 * 1024 + 1), None);
}

/// Seen red with one buffer that is reallocated: slices handed out before would point into freed memory, which this
/// reads, and a sanitizer reports.
#[test]
fn fault_50_growth_moves_nothing_that_was_handed_out() {
    let arena = arena(10, 16, 10_000);
    let mut slices: Vec<&mut [u8]> = Vec::new();
    for size in 1..100 {
        let slice = arena.allocate(size).expect("within the limit");
        slice.fill(size as u8);
        slices.push(slice);
    }
    for (slice, size) in slices.iter().zip(1..) {
        assert_eq!(slice.len(), size);
        assert!(slice.iter().all(|&byte| byte == size as u8), "slice of {size} bytes");
    }
}

/// Seen red with growth that has no limit.
#[test]
fn fault_53_growth_ends_at_its_limit() {
    let arena = arena(100, 64, 300);
    let handed_out: usize = (0..10_000).filter_map(|_| Some(arena.allocate(10)?.len())).sum();
    assert_eq!((handed_out, arena.used()), (100 + 3 * 60, 280));
    assert_eq!((arena.capacity(), arena.remaining()), (100 + 3 * 64, 4));
    assert!(arena.allocate(8).is_some());
    assert_eq!(arena.capacity(), 300);
    assert_eq!(arena.allocate(1), None);
}

#[rstest]
#[case::below_the_capacity(50, 0)]
#[case::at_the_capacity(100, 0)]
#[case::a_little_above(110, 10)]
fn the_last_chunk_is_cut_to_the_limit(#[case] limit: usize, #[case] more: usize) {
    let arena = arena(100, 64, limit);
    assert!(arena.allocate(100).is_some());
    assert_eq!(arena.allocate(more + 1), None);
    assert_eq!(arena.allocate(more).map(|slice| slice.len()), Some(more));
    assert_eq!(arena.capacity(), 100 + more);
}

#[rstest]
#[case::nothing_to_begin_with(0, 16)]
#[case::no_chunk_size(8, 0)]
#[case::neither(0, 0)]
fn zero_sizes_grow_by_what_is_asked_for(#[case] capacity: usize, #[case] size: usize) {
    let arena = arena(capacity, size, 1000);
    for _ in 0..3 {
        assert_eq!(arena.allocate(20).map(|slice| slice.len()), Some(20));
    }
    assert_eq!((arena.used(), arena.capacity()), (60, capacity + 60));
}

/// Seen red with a reset that drops the chunks: the capacity is back at its beginning.
#[test]
fn chunks_are_kept_on_reset() {
    let mut arena = arena(16, 32, 10_000);
    let sizes = [10, 40, 5, 32, 100, 1, 30, 31, 16];
    for round in 0..4 {
        for size in sizes {
            let slice = arena.allocate(size).expect("within the limit");
            assert!(slice.iter().all(|&byte| byte == 0));
            slice.fill(round + 1);
        }
        assert_eq!(arena.used(), sizes.iter().sum::<usize>());
        assert_eq!(arena.capacity(), 16 + 40 + 32 + 32 + 100 + 32 + 32 + 32);
        arena.reset();
        assert_eq!((arena.used(), arena.high_water()), (0, sizes.iter().sum::<usize>()));
    }
}

/// A kept chunk that is too small is passed over and used later, not lost. Seen red with chunks taken strictly in order.
#[test]
fn kept_chunks_are_used_in_the_order_that_fits() {
    let mut arena = arena(10, 10, 130);
    for size in [10, 10, 100, 10] {
        assert!(arena.allocate(size).is_some());
    }
    arena.reset();
    assert_eq!(arena.remaining(), 100);
    for size in [5, 100, 10, 10] {
        assert_eq!(arena.allocate(size).map(|slice| slice.len()), Some(size));
    }
    assert_eq!((arena.capacity(), arena.used(), arena.remaining()), (130, 125, 0));
}

#[test]
fn a_slice_may_be_larger_than_a_chunk() {
    let arena = arena(10, 10, 10_000);
    let large = arena.copy_from(&[7; 5000]).expect("within the limit");
    let small = arena.concat(&[b"A", b"C"]).expect("within the limit");
    assert_eq!((&*large, &*small), (&[7; 5000][..], &b"AC"[..]));
    assert_eq!(arena.capacity(), 10 + 5000 + 10);
}
