//! Reading into an arena, from readers that behave as badly as they may, and worse.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, ErrorKind, Read};

use fqbuf_arena::{Arena, ArenaFull, Growth};
use rstest::rstest;

/// What a reader does when it is called.
pub(crate) enum Act<'a> {
    /// Fills as much as it is given, up to this many bytes, with this.
    Give(usize, u8),
    Fail(ErrorKind),
    /// Returns a number of bytes that it did not fill.
    Claim(usize),
    /// Does this with what it was given.
    Look(&'a mut dyn FnMut(&mut [u8]) -> io::Result<usize>),
}

/// A reader that follows a script, and is at its end after it.
pub(crate) struct Script<'a>(pub(crate) VecDeque<Act<'a>>);

impl<'a> Script<'a> {
    fn new(acts: impl IntoIterator<Item = Act<'a>>) -> Self {
        Self(acts.into_iter().collect())
    }
}

impl Read for Script<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self.0.pop_front() {
            None => Ok(0),
            Some(Act::Give(most, byte)) => {
                let n = most.min(room.len());
                room[..n].fill(byte);
                Ok(n)
            }
            Some(Act::Fail(kind)) => Err(kind.into()),
            Some(Act::Claim(n)) => Ok(n),
            Some(Act::Look(act)) => act(room),
        }
    }
}

/// Seen red without the retry: the caller sees an error that is none.
#[test]
fn fault_29_interrupted_reads_are_tried_again() -> io::Result<()> {
    let interrupted = || Act::Fail(ErrorKind::Interrupted);
    let mut reader = Script::new([
        interrupted(),
        interrupted(),
        Act::Give(3, b'A'),
        Act::Give(2, b'C'),
        interrupted(),
        Act::Give(9, b'G'),
    ]);
    let arena = Arena::new(100);
    assert_eq!(arena.read_into(&mut reader, 10)?, b"AAA");
    assert_eq!(arena.read_exact_into(&mut reader, 4)?, b"CCGG");
    assert_eq!(arena.used(), 7);
    Ok(())
}

/// Seen red with a slice that stays taken: the arena shrinks with every attempt.
#[test]
fn fault_30_would_block_is_returned_and_costs_nothing() {
    let arena = Arena::new(10);
    let mut reader = Script::new((0..5).map(|_| Act::Fail(ErrorKind::WouldBlock)).chain([Act::Give(10, b'A')]));
    for _ in 0..5 {
        let error = arena.read_into(&mut reader, 10).expect_err("blocked");
        assert_eq!((error.kind(), arena.used()), (ErrorKind::WouldBlock, 0));
    }
    assert_eq!(arena.read_into(&mut reader, 10).expect("there it is"), b"AAAAAAAAAA");
}

/// Seen red with a reader that is called with an empty slice: its 0 reads as the end of input, here it panics.
#[test]
fn fault_31_a_reader_is_never_given_an_empty_slice() -> io::Result<()> {
    let mut never = |_: &mut [u8]| -> io::Result<usize> { panic!("called with nothing to fill") };
    let mut reader = Script::new([Act::Look(&mut never)]);
    let arena = Arena::new(4);
    assert_eq!(arena.read_into(&mut reader, 0)?, b"");
    assert_eq!(arena.read_exact_into(&mut reader, 0)?, b"");
    assert!(arena.allocate(4).is_some());
    assert_eq!(arena.read_into(&mut reader, 0)?, b"");
    Ok(())
}

/// Seen red with one read for an exact size.
#[test]
fn fault_32_short_reads_add_up() -> io::Result<()> {
    for step in 1..8 {
        let arena = Arena::new(20);
        let mut reader = Script::new((0..20).map(|n| Act::Give(step, n)));
        let expected: Vec<u8> = (0..20).flat_map(|n| vec![n; step]).take(20).collect();
        assert_eq!(arena.read_exact_into(&mut reader, 20)?, expected, "{step} bytes a read");
    }
    Ok(())
}

/// Seen red with `room[..n]` of the claimed `n`: a panic, and without bounds checks the neighbour's bytes.
#[rstest]
#[case(11)]
#[case(4096)]
#[case(usize::MAX)]
fn fault_33_a_reader_that_claims_more_than_it_was_given_is_an_error(#[case] claim: usize) {
    let arena = Arena::new(100);
    let neighbour = arena.copy_from(b"ACGT").expect("fits");
    let once = arena.read_into(&mut Script::new([Act::Claim(claim)]), 10).expect_err("a lie");
    let exact =
        arena.read_exact_into(&mut Script::new([Act::Give(4, b'A'), Act::Claim(claim)]), 10).expect_err("a lie");
    assert_eq!((once.kind(), exact.kind()), (ErrorKind::InvalidData, ErrorKind::InvalidData));
    assert_eq!(once.to_string(), format!("reader claims {claim} bytes of the 10 that it was given"));
    assert_eq!(exact.to_string(), format!("reader claims {claim} bytes of the 6 that it was given"));
    assert_eq!((&*neighbour, arena.used()), (&b"ACGT"[..], 4));
}

/// Seen red without the zeroing: the reader sees what was there before the reset, and one that claims bytes it never
/// wrote hands it on.
#[test]
fn fault_34_a_reader_sees_zeros_only() -> io::Result<()> {
    let mut arena = Arena::new(64);
    for _ in 0..2 {
        arena.allocate(64).expect("fits").fill(0xA5);
        arena.reset();
        let mut look = |room: &mut [u8]| {
            assert!(room.iter().all(|&byte| byte == 0));
            room[0] = 1;
            Ok(1)
        };
        let mut reader = Script::new([Act::Look(&mut look), Act::Claim(20)]);
        assert_eq!(arena.read_into(&mut reader, 40)?, [1]);
        assert_eq!(arena.read_into(&mut reader, 40)?, [0; 20]);
        arena.reset();
    }
    Ok(())
}

#[test]
fn fault_35_a_reader_that_panics_leaves_a_sound_arena() {
    let mut arena = Arena::new(10);
    let mut panics = |_: &mut [u8]| -> io::Result<usize> { panic!("the reader's own") };
    let mut reader = Script::new([Act::Look(&mut panics)]);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| arena.read_into(&mut reader, 6).is_ok()));
    assert!(result.is_err());
    assert_eq!(arena.used(), 6); // lost until the reset, as documented
    assert_eq!(arena.allocate(4), Some(&mut [0; 4][..]));
    arena.reset();
    assert_eq!(arena.allocate(10), Some(&mut [0; 10][..]));
}

#[test]
fn no_room_is_an_error_before_anything_is_read() -> Result<(), Box<dyn Error>> {
    let arena = Arena::new(10);
    let mut input: &[u8] = b"ACGTACGTACGT";
    for _ in 0..2 {
        let error = arena.read_into(&mut input, 11).expect_err("too much");
        assert_eq!(error.kind(), ErrorKind::OutOfMemory);
        let full = error.get_ref().and_then(|source| source.downcast_ref::<ArenaFull>()).ok_or("no ArenaFull")?;
        assert_eq!((full.requested, full.remaining), (11, 10));
        assert_eq!(error.to_string(), "arena is full: 11 bytes requested, 10 free");
        assert!(arena.read_exact_into(&mut input, 11).is_err());
        assert_eq!((input.len(), arena.used()), (12, 0));
    }
    assert_eq!(arena.read_into(&mut input, 10)?, b"ACGTACGTAC");
    Ok(())
}

#[test]
fn an_input_that_ends_early_is_an_error_for_an_exact_size_only() {
    let arena = Arena::new(10);
    let error = arena.read_exact_into(&mut &b"ACG"[..], 4).expect_err("cut");
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::UnexpectedEof, "input ends after 3 of 4 bytes".into()));
    assert_eq!(arena.used(), 0);
    assert_eq!(arena.read_into(&mut &b"ACG"[..], 4).expect("short is fine"), b"ACG");
}

/// A reader may hold the arena that it reads into. Seen red with room given back by its size alone: the reader's own
/// slices would be handed out a second time.
#[rstest]
#[case::in_the_same_chunk(100)]
#[case::in_another_chunk(10)]
fn a_reader_may_take_from_the_arena_meanwhile(#[case] capacity: usize) -> io::Result<()> {
    let growth = Growth::Chunks { size: 100, limit: 1000 };
    let arena = Arena::builder().capacity(capacity).growth(growth).build().expect("little is asked for");
    let mut inner: Vec<&mut [u8]> = Vec::new();
    let mut nested = |room: &mut [u8]| {
        inner.extend(arena.copy_from(b"TTTT"));
        inner.extend(arena.allocate(0));
        room[..2].copy_from_slice(b"AC");
        Ok(2)
    };
    let outer = arena.read_into(&mut Script::new([Act::Look(&mut nested)]), 10)?;
    let next = arena.copy_from(b"GGGGGGGG").expect("fits");
    outer.fill(b'x');
    assert_eq!((&*inner[0], &*next, &*outer), (&b"TTTT"[..], &b"GGGGGGGG"[..], &b"xx"[..]));
    assert_eq!(arena.used(), 10 + 4 + 8);
    Ok(())
}

#[test]
fn a_scope_reads_as_the_arena_does() -> io::Result<()> {
    let mut arena = Arena::new(10);
    let scope = arena.scope();
    let mut input: &[u8] = b"ACGTTT";
    let (one, two) = (scope.read_into(&mut input, 3)?, scope.read_exact_into(&mut input, 3)?);
    assert_eq!((&*one, &*two), (&b"ACG"[..], &b"TTT"[..]));
    assert!(scope.read_into(&mut input, 5).is_err());
    assert_eq!(scope.read_into(&mut input, 4)?, b"");
    drop(scope);
    assert_eq!(arena.used(), 0);
    Ok(())
}

/// Seen red with the chunk that such a read began: what was left of the one before is lost until the reset.
#[rstest]
#[case::failed(Act::Fail(ErrorKind::Other))]
#[case::blocked(Act::Fail(ErrorKind::WouldBlock))]
#[case::empty(Act::Claim(0))]
#[case::a_lie(Act::Claim(101))]
fn a_read_that_brings_nothing_leaves_all_room_of_a_growing_arena(
    #[case] act: Act<'static>,
    #[values(false, true)] exact: bool,
) {
    let growth = Growth::Chunks { size: 100, limit: 200 };
    let mut arena = Arena::builder().capacity(100).growth(growth).build().expect("little is asked for");
    let first = arena.allocate(10).expect("fits");
    first.fill(b'A');
    let mut reader = Script::new([act]);
    let read = if exact { arena.read_exact_into(&mut reader, 100) } else { arena.read_into(&mut reader, 100) };
    assert!(read.map_or(0, |slice| slice.len()) == 0);
    assert_eq!((arena.used(), arena.capacity(), arena.remaining()), (10, 200, 100));
    let (rest, chunk) = (arena.allocate(90).expect("room"), arena.allocate(100).expect("the chunk was kept"));
    assert_eq!((&*rest, &*chunk, &*first), (&[0; 90][..], &[0; 100][..], &b"AAAAAAAAAA"[..]));
    arena.reset();
    assert_eq!((arena.used(), arena.high_water()), (0, 200));
}

/// Seen red with the most that was handed out: an arena of 4 bytes has no room for the read.
#[test]
fn the_high_water_mark_counts_the_room_of_a_read() -> io::Result<()> {
    let mut arena = Arena::new(100);
    assert_eq!(arena.read_into(&mut &b"ACGT"[..], 50)?, b"ACGT");
    assert_eq!((arena.used(), arena.high_water()), (4, 50));
    assert!(arena.read_exact_into(&mut &b"ACGT"[..], 70).is_err());
    assert_eq!((arena.used(), arena.high_water()), (4, 74));
    arena.reset();
    assert_eq!(arena.high_water(), 74);
    let same = Arena::new(74);
    assert_eq!(same.read_into(&mut &b"ACGT"[..], 50)?, b"ACGT");
    assert!(same.read_exact_into(&mut &b"ACGT"[..], 70).is_err_and(|error| error.kind() == ErrorKind::UnexpectedEof));
    Ok(())
}

/// Seen red with what is left without growth.
#[rstest]
#[case::more_by_growth(100, 400, 300)]
#[case::more_as_it_is(100, 150, 90)]
#[case::beyond_the_limit(100, 50, 90)]
fn a_full_arena_tells_how_far_it_can_grow(#[case] capacity: usize, #[case] limit: usize, #[case] room: usize) {
    let growth = Growth::Chunks { size: 10, limit };
    let arena = Arena::builder().capacity(capacity).growth(growth).build().expect("little is asked for");
    assert!(arena.allocate(10).is_some());
    let full = |error: io::Error| error.get_ref().and_then(|full| full.downcast_ref::<ArenaFull>().copied());
    let error = arena.read_into(&mut &b"ACGT"[..], room + 1).map_err(full).expect_err("too much");
    assert_eq!(error.map(|full| (full.requested, full.remaining)), Some((room + 1, room)));
    assert_eq!(arena.read_into(&mut &vec![b'A'; room][..], room).map_or(0, |slice| slice.len()), room);
}
