//! Single slices: what fits, what they hold, where their limits are.

use fqbuf_arena::{Arena, ArenaBuilder, Growth, OutOfMemory, PreallocatedBuffers};
use rstest::rstest;

#[test]
fn many_slices_live_at_once_and_do_not_overlap() {
    let arena = Arena::new(100);
    let mut slices: Vec<_> = (0..10).map(|_| arena.allocate(10).expect("fits")).collect();
    for (fill, slice) in slices.iter_mut().enumerate() {
        slice.fill(fill as u8);
    }
    for (fill, slice) in slices.iter().enumerate() {
        assert_eq!(**slice, [fill as u8; 10]);
    }
    assert_eq!(arena.allocate(1), None);
}

/// Lengths on both sides of those at which another way of copying and zeroing begins.
#[test]
fn slices_of_every_length_hold_what_they_should_and_touch_no_neighbour() {
    let most = 9000;
    let text: Vec<u8> = (0..most).map(|n: usize| 1 + (n % 251) as u8).collect();
    let mut arena = Arena::new(4 * most);
    for length in (0..700).chain(1000..1050).chain(2040..2060).chain(2550..2570).chain(8180..8210).chain([most]) {
        let before = arena.copy_from(b"A").expect("fits");
        let copied = arena.copy_from(&text[..length]).expect("fits");
        let between = arena.copy_from(b"C").expect("fits");
        let zeroed = arena.allocate(length).expect("fits");
        let behind = arena.copy_from(b"G").expect("fits");
        assert_eq!(copied, &text[..length]);
        assert!(zeroed.len() == length && zeroed.iter().all(|&byte| byte == 0), "{length} zeros");
        assert_eq!([before, between, behind].map(|neighbour| neighbour[0]), *b"ACG");
        arena.reset();
        // What the next slices lie on.
        arena.allocate(4 * most).expect("fits").fill(0xff);
        arena.reset();
    }
}

#[rstest]
#[case(0)]
#[case(1)]
#[case(4095)]
#[case(4096)]
#[case(100_000)]
fn the_capacity_is_there_to_the_byte_and_no_further(#[case] capacity: usize) {
    let mut arena = Arena::new(capacity);
    for _ in 0..2 {
        assert_eq!((arena.capacity(), arena.used(), arena.remaining()), (capacity, 0, capacity));
        assert_eq!(arena.allocate(capacity + 1), None);
        assert_eq!(arena.allocate(capacity).map(|slice| slice.len()), Some(capacity));
        assert_eq!((arena.used(), arena.remaining()), (capacity, 0));
        assert_eq!(arena.allocate(1), None);
        assert_eq!(arena.allocate(0), Some(&mut [][..]));
        arena.reset();
    }
    assert_eq!(arena.high_water(), capacity);
}

#[test]
fn a_failure_changes_nothing() {
    let arena = Arena::new(10);
    assert!(arena.allocate(6).is_some());
    assert_eq!(arena.allocate(5), None);
    assert_eq!(arena.copy_from(b"ACGTA"), None);
    assert_eq!(arena.concat(&[b"ACG", b"TA"]), None);
    assert_eq!(arena.used(), 6);
    assert!(arena.allocate(4).is_some());
}

#[test]
fn the_high_water_mark_is_the_most_ever_used() {
    let mut arena = Arena::new(100);
    assert_eq!(arena.high_water(), 0);
    for (size, expected) in [(30, 30), (20, 30), (31, 31), (0, 31)] {
        assert!(arena.allocate(size).is_some());
        assert_eq!(arena.high_water(), expected);
        arena.reset();
        assert_eq!((arena.used(), arena.high_water()), (0, expected));
    }
}

#[test]
fn parts_are_joined_in_order_and_may_be_older_slices() {
    let arena = Arena::new(100);
    let name = arena.copy_from(b"read1").expect("fits");
    let empty: &[&[u8]] = &[];
    assert_eq!(arena.concat(empty), Some(&mut [][..]));
    assert_eq!(arena.concat(&[b"", b""]), Some(&mut [][..]));
    let line = arena.concat(&[b"@", name, b"", name, b"\n"]).expect("fits");
    assert_eq!(line, b"@read1read1\n");
    name[0] = b'R';
    assert_eq!(arena.copy_from(line).as_deref(), Some(&b"@read1read1\n"[..]));
    assert_eq!(arena.used(), 5 + 12 + 12);
}

/// Seen red with `position + size > capacity` in release arithmetic: the sum goes round and the slice is handed out.
#[rstest]
#[case::empty(0)]
#[case::in_use(10)]
fn fault_38_sizes_near_the_end_of_the_address_space_do_not_fit(#[case] used: usize) {
    for growth in [Growth::Fixed, Growth::Chunks { size: usize::MAX, limit: usize::MAX }] {
        let arena = Arena::builder().capacity(64).growth(growth).build().expect("little is asked for");
        assert!(arena.allocate(used).is_some());
        for size in [usize::MAX, usize::MAX - 1, usize::MAX - 9, usize::MAX - 10, usize::MAX / 2 + 1] {
            assert_eq!(arena.allocate(size), None, "{size}");
        }
        assert_eq!(arena.used(), used);
        assert!(arena.allocate(1).is_some());
    }
}

/// Seen red with the sum of the parts taken with `+` in release arithmetic: it goes round to 0 and the copy runs on.
#[test]
fn fault_38_parts_that_add_up_to_more_than_there_is_do_not_fit() {
    let arena = Arena::new(64);
    let part = vec![1; 1 << 20];
    assert_eq!(arena.concat(&vec![&part[..]; 1 << 12]), None);
    assert_eq!(arena.used(), 0);
}

#[rstest]
#[case(usize::MAX)]
#[case(isize::MAX as usize)]
#[case(usize::MAX - 4094)]
fn a_capacity_that_no_machine_has_is_an_error(#[case] capacity: usize) {
    let error = Arena::builder().capacity(capacity).build().expect_err("too much");
    let OutOfMemory { requested, .. } = error;
    assert_eq!(requested, capacity);
    assert_eq!(error.to_string(), format!("no memory for an arena of {capacity} bytes"));
    let error = std::io::Error::from(error);
    assert_eq!(error.kind(), std::io::ErrorKind::OutOfMemory);
    assert!(error.get_ref().and_then(|source| source.downcast_ref::<OutOfMemory>()).is_some());
}

#[test]
#[should_panic(expected = "no memory for an arena of 18446744073709551615 bytes")]
#[cfg(target_pointer_width = "64")]
fn new_panics_where_the_builder_errs() {
    let _ = Arena::new(usize::MAX);
}

/// Seen red without the zeroing: the bytes of before the reset are there.
#[test]
fn fault_45_bytes_from_before_a_reset_are_never_seen() {
    let mut arena = Arena::new(8192);
    for round in 1..4 {
        for size in [1, 7, 64, 1000, 7000] {
            let slice = arena.allocate(size).expect("fits");
            assert!(slice.iter().all(|&byte| byte == 0), "round {round}, {size} bytes");
            slice.fill(0xA5);
        }
        arena.reset();
        arena.scope().allocate(8192).expect("fits").fill(0x5A);
    }
}

/// Seen red, each by itself, with zeros written ahead that are still believed in after a copy, a scope's end, and a read
/// that left some of its room, and with zeros that are written ahead of a chunk's end.
#[test]
fn fault_45_zeros_are_zeros_behind_slices_of_all_kinds() {
    let mut scribbler = Scribbler;
    let mut arena = Arena::builder()
        .capacity(700)
        .growth(Growth::Chunks { size: 900, limit: 1 << 20 })
        .build()
        .expect("little is asked for");
    for round in 0..20 {
        let mut live: Vec<&mut [u8]> = Vec::new();
        let zeros = |size| {
            let slice = arena.allocate(size).expect("grows");
            assert!(slice.iter().all(|&byte| byte == 0), "round {round}, {size} bytes");
            slice.fill(0xEE);
            slice
        };
        for n in 1..40 {
            live.push(zeros(n));
            live.push(zeros(2 * n));
            live.push(arena.copy_from(&[0xCC; 70][..n + round]).expect("grows"));
            live.push(arena.read_into(&mut scribbler, 3 * n).expect("grows"));
            live.push(zeros(3 * n + round));
        }
        assert!(live.iter().all(|slice| slice.iter().all(|byte| [0xEE, 0xCC].contains(byte))));
        for n in 1..20 {
            let scope = arena.scope();
            for size in [n, 100, 7 * n] {
                let slice = scope.allocate(size).expect("grows");
                assert!(slice.iter().all(|&byte| byte == 0), "round {round}, {size} bytes in a scope");
                slice.fill(0xDD);
            }
        }
        if round % 3 == 0 {
            arena.reset();
        }
    }
}

/// Writes to all that it is given, and says that it filled a third.
struct Scribbler;

impl std::io::Read for Scribbler {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        room.fill(0xCC);
        Ok(room.len() / 3)
    }
}

/// Slices of nothing take nothing, are legal to read and write, and there is no alignment to get wrong: bytes only.
/// Seen red with an arena of capacity 0 that asks the allocator for 0 bytes (undefined; a sanitizer reports it).
#[test]
fn fault_54_slices_of_zero_size_are_sound_everywhere() {
    for capacity in [0, 1, 5000] {
        let arena = Arena::new(capacity);
        let empty: Vec<_> = (0..3).filter_map(|_| arena.allocate(0)).collect();
        assert_eq!(empty, [[0_u8; 0]; 3]);
        assert!(arena.allocate(capacity).is_some());
        assert_eq!(arena.copy_from(&[]), Some(&mut [][..]));
        assert_eq!(arena.used(), capacity);
    }
}

/// Seen red with the first slice of a large arena 16 bytes past a page, where copies run at a tenth of the speed.
#[test]
fn large_chunks_begin_on_a_page() {
    for capacity in [4096, 65_536, 1 << 20] {
        let arena = Arena::new(capacity);
        let first = arena.allocate(1).expect("fits");
        assert_eq!(first.as_ptr().addr() % 4096, 0);
    }
}

#[test]
fn an_arena_moves_while_nothing_is_taken_and_crosses_threads() {
    const fn sent<T: Send>() {}
    const {
        sent::<Arena>();
        sent::<ArenaBuilder>();
        sent::<PreallocatedBuffers>();
    }
    let mut arena = Arena::new(10);
    arena.allocate(4).expect("fits").fill(1);
    let arena = std::thread::spawn(move || {
        arena.reset();
        arena.allocate(10).expect("fits").fill(2);
        Box::new(arena)
    })
    .join()
    .expect("no panic");
    assert_eq!((arena.used(), arena.high_water()), (10, 10));
}

#[test]
fn debug_shows_the_state_and_not_the_bytes() {
    let mut arena = Arena::new(10);
    assert!(arena.allocate(4).is_some());
    assert_eq!(format!("{arena:?}"), "Arena { used: 4, capacity: 10, high_water: 4 }");
    assert_eq!(format!("{:?}", arena.scope()), "Scope { used: 4, remaining: 6 }");
}
