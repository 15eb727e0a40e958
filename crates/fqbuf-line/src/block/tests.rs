//! The block against a `Vec`, and what its moves and its memory may cost.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// Each field's invariant.
fn check(block: &Block) {
    assert!(block.start <= block.end && block.end <= block.bytes.len());
    assert_eq!(block.base, first_page(&block.bytes));
    assert!(block.read_limit >= 1);
}

fn end_is_on_a_page(block: &mut Block) -> bool {
    block.spare().as_ptr().addr().is_multiple_of(PAGE)
}

#[derive(Clone, Debug)]
enum Op {
    Append(usize),
    Prepend(usize),
    Consume(usize),
    Truncate(usize),
    MakeRoom(usize),
    MakeRoomForRead(usize, usize),
    Grow(usize),
    ReadFrom(usize),
    Commit(usize),
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    let size = || prop_oneof![3 => 0..20_usize, 1 => 0..9_000_usize, 1 => Just(PAGE), 1 => Just(2 * PAGE)];
    prop_oneof![
        3 => size().prop_map(Op::Append),
        2 => size().prop_map(Op::Prepend),
        3 => size().prop_map(Op::Consume),
        1 => size().prop_map(Op::Truncate),
        3 => size().prop_map(Op::MakeRoom),
        2 => (size(), size()).prop_map(|(size, min)| Op::MakeRoomForRead(size, min)),
        1 => (0..60_000_usize).prop_map(Op::Grow),
        2 => size().prop_map(Op::ReadFrom),
        1 => size().prop_map(Op::Commit),
        1 => Just(Op::Clear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn any_order_of_calls_keeps_the_bytes(ops in prop::collection::vec(op(), 0..50), first_limit in 1..20_000_usize) {
        let mut limit = first_limit;
        let mut block = Block::new();
        block.set_read_limit(limit);
        let mut model = VecDeque::new();
        let mut next = 0_u8;
        let mut bytes = |n: usize| -> Vec<u8> {
            (0..n).map(|_| { next = next.wrapping_add(1); next }).collect()
        };
        for op in ops {
            match op {
                Op::Append(n) => {
                    let more = bytes(n);
                    let room = block.room();
                    let taken = block.append(&more);
                    prop_assert_eq!(taken, n.min(room));
                    model.extend(&more[..taken]);
                }
                Op::Prepend(n) => {
                    let front = bytes(n);
                    let fits = n <= block.head_room();
                    prop_assert_eq!(block.prepend(&front), fits);
                    if fits {
                        front.iter().rev().for_each(|&b| model.push_front(b));
                    }
                }
                Op::Consume(n) => {
                    block.consume(n);
                    model.drain(..n.min(model.len()));
                }
                Op::Truncate(n) => {
                    block.truncate(n);
                    model.truncate(n);
                }
                Op::MakeRoom(min) => {
                    let (capacity, len) = (block.capacity(), block.len());
                    let (grows, start) = (block.must_grow_for(min), block.data().as_ptr());
                    block.make_room(min).unwrap();
                    prop_assert!(block.room() >= min);
                    prop_assert!(!block.must_grow_for(min));
                    prop_assert_eq!(block.capacity() > capacity, grows);
                    prop_assert!(block.capacity() <= capacity.max(2 * (len + min + 2 * PAGE)));
                    prop_assert!(!grows || capacity < len + min + 2 * PAGE);
                    let ample = block.capacity() >= len + min + 2 * PAGE;
                    if block.data().as_ptr() != start || (len < PAGE && ample) {
                        prop_assert!(end_is_on_a_page(&mut block));
                    }
                }
                Op::MakeRoomForRead(size, min) => {
                    let (capacity, grows) = (block.capacity(), block.must_grow_for(min));
                    block.make_room_for_read(size, min).unwrap();
                    limit = size.max(1);
                    prop_assert!(block.room() >= min);
                    prop_assert_eq!(block.capacity() > capacity, grows);
                    prop_assert!(block.len() > size / 4 || block.len() + block.room() + 2 * PAGE >= block.capacity());
                }
                Op::Grow(capacity) => {
                    block.grow(capacity).unwrap();
                    prop_assert!(block.capacity() >= capacity);
                }
                Op::ReadFrom(n) => {
                    let input = bytes(n);
                    let room = block.room();
                    let read = block.read_from(&mut &input[..]);
                    match read {
                        Ok(read) => {
                            prop_assert!(read <= n.min(room).min(limit));
                            prop_assert!(read > 0 || n == 0);
                            model.extend(&input[..read]);
                        }
                        Err(e) => prop_assert!(room == 0 && e.kind() == io::ErrorKind::InvalidInput),
                    }
                }
                Op::Commit(n) => {
                    let n = n.min(block.room());
                    let more = bytes(n);
                    block.spare()[..n].copy_from_slice(&more);
                    block.commit(n);
                    model.extend(&more);
                }
                Op::Clear => {
                    block.clear();
                    model.clear();
                    prop_assert!(block.capacity() < 3 * PAGE || block.head_room() >= PAGE);
                }
            }
            check(&block);
            prop_assert_eq!(block.len(), model.len());
            prop_assert_eq!(block.is_empty(), model.is_empty());
            prop_assert!(block.data().iter().eq(model.iter()));
        }
    }
}

#[test]
fn nothing_held_and_no_memory() {
    let mut block = Block::default();
    assert_eq!((block.len(), block.room(), block.head_room(), block.capacity()), (0, 0, 0, 0));
    block.consume(1);
    block.truncate(0);
    block.clear();
    assert_eq!((block.append(b"a"), block.prepend(b"a"), block.prepend(b"")), (0, false, true));
    assert!(!block.must_grow_for(0) && block.must_grow_for(1));
    block.make_room(0).unwrap();
    assert_eq!(block.capacity(), 0);
    check(&block);
}

#[test]
fn every_small_capacity() {
    for capacity in (0..40).chain([PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 1]) {
        let mut block = Block::with_capacity(capacity).unwrap();
        assert!(block.capacity() >= capacity);
        let bytes = vec![7; block.room()];
        assert_eq!(block.append(&bytes), bytes.len());
        assert_eq!((block.append(b"x"), block.room()), (0, 0));
        check(&block);
    }
}

#[test]
fn the_guaranteed_size_never_grows() {
    for (held, min) in [(0, 1), (1, 1), (PAGE - 1, 1), (PAGE, 1), (PAGE + 1, PAGE), (50_001, 1), (100_000, 30_000)] {
        let mut block = Block::with_capacity(held + min + 2 * PAGE).unwrap();
        let capacity = block.capacity();
        for consumed in [0, 1, PAGE - 1, PAGE, PAGE + 1, min, 3 * PAGE] {
            block.clear();
            let _ = block.append(&vec![1; consumed + held]);
            block.consume(block.len().saturating_sub(held));
            assert!(!block.must_grow_for(min), "{held} held, {min} wanted, {consumed} consumed");
            block.make_room(min).unwrap();
            assert_eq!(block.capacity(), capacity);
        }
    }
}

#[test]
fn a_refusal_by_the_allocator_leaves_the_bytes() {
    let mut block = Block::new();
    assert!(block.grow(usize::MAX).is_err() && block.grow(isize::MAX as usize).is_err());
    assert!(Block::with_capacity(usize::MAX).is_err());
    block.make_room(100).unwrap();
    block.append(b"kept");
    assert!(block.grow(usize::MAX).is_err() && block.grow(isize::MAX as usize).is_err());
    assert!(block.make_room(usize::MAX).is_err() && block.make_room(isize::MAX as usize).is_err());
    assert_eq!(block.data(), b"kept");
    check(&block);
}

/// One vector after the other, read a byte at a time and consumed seldom: every byte held is moved about once.
#[test]
fn bytes_that_arrive_one_by_one_are_moved_a_few_times() {
    for min in [1, 100, PAGE] {
        let mut block = Block::new();
        let (mut moved, mut appended) = (0, 0);
        for round in 0..4 {
            for _ in 0..100_000 {
                let (address, capacity) = (block.data().as_ptr(), block.capacity());
                block.make_room(min).unwrap();
                // Less than a page may be moved each time, in the place of a slow read.
                if block.len() >= PAGE && (address != block.data().as_ptr() || capacity != block.capacity()) {
                    moved += block.len();
                }
                appended += block.append(b"x");
            }
            block.consume(if round % 2 == 0 { 60_000 } else { 120_000 });
        }
        assert!(moved < 8 * appended, "{moved} bytes moved for {appended}");
    }
}

#[test]
fn a_full_block_with_an_unconsumed_record_is_moved_once() {
    let mut block = Block::with_capacity(20 * PAGE).unwrap();
    block.clear();
    let room = block.room();
    block.append(&vec![1; room]);
    block.consume(8 * PAGE);
    let mut moves = 0;
    while !block.must_grow_for(1) {
        let start = block.start;
        block.make_room(1).unwrap();
        moves += usize::from(start != block.start);
        block.append(b"x");
    }
    assert_eq!(moves, 1);
}

/// Reads of whole pages keep the file offset and the address on page boundaries; a short rest goes to the front.
#[test]
fn reads_begin_and_end_on_pages() {
    let mut block = Block::with_capacity(64 * 1024 + 2 * PAGE).unwrap();
    let mut file = io::repeat(b'x');
    let mut offset = 0;
    for rest in [0, 1, 350, PAGE - 1, 17, 0, 5] {
        block.make_room(1).unwrap();
        assert!(end_is_on_a_page(&mut block) && block.end <= block.base + PAGE);
        offset += block.read_from(&mut file).unwrap();
        assert!(offset.is_multiple_of(PAGE) && end_is_on_a_page(&mut block));
        block.consume(block.len() - rest);
    }
}

#[test]
fn a_cleared_block_keeps_head_room_through_make_room() {
    let mut block = Block::new();
    block.make_room(1_000).unwrap();
    assert!(block.head_room() >= PAGE);
    block.append(&[1; 50]);
    block.clear();
    block.make_room(1_000).unwrap();
    assert!(block.prepend(&[2; PAGE]) && end_is_on_a_page(&mut block));
    assert_eq!(block.data(), [2; PAGE]);
}

#[test]
fn fresh_memory_goes_where_the_old_went_first() {
    let mut block = Block::with_capacity(PAGE).unwrap();
    block.set_read_limit(10);
    block.grow(10 * PAGE).unwrap();
    assert_eq!(block.read_from(&mut io::repeat(1)).unwrap(), 10);
    assert_eq!(block.data(), [1; 10]);
}
