//! Scopes: what they take back, and what they must leave alone.

use fqbuf_arena::{Arena, Growth};

#[test]
fn a_scope_takes_back_its_own_slices_only() {
    let mut arena = Arena::new(100);
    assert!(arena.allocate(10).is_some());
    let mut outer = arena.scope();
    let kept = outer.copy_from(b"ACGT").expect("fits");
    for round in 0..5 {
        let mut middle = outer.scope();
        assert_eq!(middle.used(), 14);
        let bytes = middle.allocate(20).expect("fits");
        assert_eq!(bytes, [0; 20]);
        bytes.fill(round);
        let innermost = middle.scope();
        assert_eq!(innermost.remaining(), 66);
        assert_eq!(innermost.allocate(67), None);
        innermost.allocate(66).expect("fits").fill(0xEE);
        drop(innermost);
        assert_eq!(bytes, [round; 20]);
        assert_eq!(middle.used(), 34);
    }
    assert_eq!(kept, b"ACGT");
    assert_eq!(outer.used(), 14);
    drop(outer);
    assert_eq!((arena.used(), arena.high_water()), (10, 100));
}

#[test]
fn slices_of_a_scope_live_on_after_it_while_the_arena_is_lent() {
    let mut arena = Arena::new(100);
    let scope = arena.scope();
    let slice = scope.copy_from(b"ACGT").expect("fits");
    drop(scope);
    slice[0] = b'T';
    assert_eq!(slice, b"TCGT");
    assert_eq!(arena.used(), 0);
}

#[test]
fn a_forgotten_scope_takes_nothing_back_and_the_one_around_it_does() {
    let mut arena = Arena::new(100);
    let mut outer = arena.scope();
    let inner = outer.scope();
    let slice = inner.copy_from(b"ACGT").expect("fits");
    std::mem::forget(inner);
    assert_eq!(slice, b"ACGT");
    assert_eq!(outer.used(), 4);
    assert_eq!(outer.copy_from(b"TT").as_deref(), Some(&b"TT"[..]));
    drop(outer);
    assert_eq!(arena.used(), 0);
    std::mem::forget(arena.scope());
    arena.scope().allocate(100).expect("fits").fill(1);
    arena.reset();
    assert_eq!(arena.allocate(100), Some(&mut [0; 100][..]));
}

/// Each scope carries its own mark and its own arena, so it does not matter which variable holds it.
#[test]
fn swapped_scopes_take_back_what_is_theirs() {
    let (mut one, mut two) = (Arena::new(10), Arena::new(20));
    assert!(one.allocate(1).is_some() && two.allocate(2).is_some());
    let (mut first, mut second) = (one.scope(), two.scope());
    let (a, b) = (first.allocate(3).expect("fits"), second.allocate(4).expect("fits"));
    std::mem::swap(&mut first, &mut second);
    assert_eq!((first.used(), second.used()), (6, 4));
    drop(first);
    let c = second.allocate(5).expect("fits");
    a.fill(1);
    b.fill(2);
    c.fill(3);
    assert_eq!((&*a, &*b, &*c), (&[1; 3][..], &[2; 4][..], &[3; 5][..]));
    drop(second);
    assert_eq!((one.used(), two.used()), (1, 2));
}

#[test]
fn a_scope_that_ends_in_a_panic_takes_back_its_slices() {
    let mut arena = Arena::new(10);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let scope = arena.scope();
        scope.allocate(4).expect("fits").fill(1);
        scope.allocate(7).expect("does not fit");
    }));
    assert!(result.is_err());
    assert_eq!((arena.used(), arena.high_water()), (0, 4));
}

/// Seen red with a mark that is a position in the current chunk, whichever that is when the scope ends.
#[test]
fn a_scope_goes_back_over_grown_chunks() {
    let growth = Growth::Chunks { size: 10, limit: 1000 };
    let mut arena = Arena::builder().capacity(10).growth(growth).build().expect("little is asked for");
    assert!(arena.allocate(7).is_some());
    for _ in 0..3 {
        let scope = arena.scope();
        let slices: Vec<_> = (0..6).filter_map(|fill| Some((fill, scope.allocate(7 + usize::from(fill))?))).collect();
        assert_eq!(slices.len(), 6);
        for (fill, slice) in slices {
            slice.fill(fill);
        }
        assert_eq!(scope.used(), 7 + 7 + 8 + 9 + 10 + 11 + 12);
        drop(scope);
        assert_eq!((arena.used(), arena.remaining()), (7, 12));
        assert_eq!(arena.capacity(), 10 + 4 * 10 + 11 + 12);
    }
    assert_eq!(arena.allocate(3), Some(&mut [0; 3][..]));
}
