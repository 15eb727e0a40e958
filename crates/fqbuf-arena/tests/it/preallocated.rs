//! Buffers that take turns: their order, their size, and what becomes of one that grew.

use fqbuf_arena::PreallocatedBuffers;
use proptest::prelude::*;
use rstest::rstest;

#[test]
fn buffers_take_turns_and_come_back_empty() {
    for count in 1..5 {
        let mut buffers = PreallocatedBuffers::new(count, 16);
        let first_round: Vec<_> = (0..count).map(|_| buffers.get_next().as_ptr()).collect();
        for _ in 0..3 {
            for &pointer in &first_round {
                let buffer = buffers.get_next();
                assert_eq!((buffer.as_ptr(), buffer.len()), (pointer, 0));
                buffer.extend_from_slice(b"ACGT");
            }
        }
        assert_eq!((buffers.len(), buffers.capacity()), (count, count * 16));
    }
}

/// Seen red with `next % count`, which divides by zero later, in the middle of a run.
#[test]
#[should_panic(expected = "at least one buffer")]
fn a_count_of_zero_panics_at_once() {
    let _ = PreallocatedBuffers::new(0, 16);
}

#[test]
fn a_size_of_zero_allocates_nothing() {
    let mut buffers = PreallocatedBuffers::new(3, 0);
    assert_eq!((buffers.capacity(), buffers.buffer_size()), (0, 0));
    buffers.get_next().push(1);
    assert!((0..3).all(|_| buffers.get_next().is_empty()));
}

#[test]
fn a_buffer_that_grew_keeps_it_up_to_the_bound_and_is_replaced_beyond() {
    let mut buffers = PreallocatedBuffers::new(1, 100).with_retain(1000);
    assert_eq!((buffers.buffer_size(), buffers.retain()), (100, 1000));
    buffers.get_next().reserve_exact(1000);
    assert_eq!(buffers.get_next().capacity(), 1000);
    buffers.get_next().reserve_exact(1001);
    assert_eq!(buffers.get_next().capacity(), 100);
}

/// Seen red with buffers that are only cleared: 80 MB of idle memory.
#[test]
fn fault_53_one_huge_record_a_buffer_is_not_hoarded() {
    let mut buffers = PreallocatedBuffers::new(8, 4096);
    for _ in 0..8 {
        buffers.get_next().resize(10_000_000, 1);
    }
    for _ in 0..8 {
        assert!(buffers.get_next().is_empty());
    }
    assert_eq!(buffers.capacity(), 8 * 4096);
}

/// Seen red with buffers that are only cleared: the next user finds one without memory, and allocates for each record.
#[test]
fn a_buffer_whose_memory_was_taken_away_is_made_anew() {
    let mut buffers = PreallocatedBuffers::new(1, 64);
    let mut taken = std::mem::take(buffers.get_next());
    taken.push(1);
    assert_eq!(buffers.get_next().capacity(), 64);
    *buffers.get_next() = Vec::with_capacity(63);
    assert_eq!(buffers.get_next().capacity(), 64);
}

#[rstest]
#[case::small(10, 65_536)]
#[case::large(1 << 20, 4 << 20)]
fn the_default_bound_is_four_times_the_size_or_64_kib(#[case] size: usize, #[case] retain: usize) {
    assert_eq!(PreallocatedBuffers::new(1, size).retain(), retain);
}

#[test]
fn a_bound_below_the_size_is_the_size() {
    let mut buffers = PreallocatedBuffers::new(2, 64).with_retain(0);
    assert_eq!(buffers.retain(), 64);
    buffers.get_next().reserve_exact(65);
    let _ = buffers.get_next();
    assert_eq!(buffers.get_next().capacity(), 64);
    assert_eq!(format!("{buffers:?}"), "PreallocatedBuffers { count: 2, size: 64, retain: 64, next: 1 }");
}

proptest! {
    #[test]
    fn every_buffer_is_empty_within_its_bounds_and_in_turn(
        count in 1..5_usize,
        size in 0..100_usize,
        retain in 0..300_usize,
        lengths in proptest::collection::vec(0..500_usize, 0..40),
    ) {
        let mut buffers = PreallocatedBuffers::new(count, size).with_retain(retain);
        let mut lent = vec![None; count];
        for (turn, length) in lengths.into_iter().enumerate() {
            let buffer = buffers.get_next();
            prop_assert!(buffer.is_empty());
            prop_assert!(buffer.capacity() >= size && buffer.capacity() <= retain.max(size));
            if let Some((pointer, capacity)) = lent[turn % count]
                && (size.max(1)..=retain.max(size)).contains(&capacity)
            {
                prop_assert_eq!(buffer.as_ptr(), pointer, "kept, and in its turn");
            }
            buffer.resize(length, 1);
            lent[turn % count] = Some((buffer.as_ptr(), buffer.capacity()));
        }
    }
}
