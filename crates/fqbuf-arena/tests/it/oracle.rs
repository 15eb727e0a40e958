//! Random use of arenas and nested scopes, compared with vectors: too simple to be wrong.
//!
//! Every slice that lives is rewritten and compared after every step, so that an overlap, a byte too many or memory
//! taken back too early shows, here or under a sanitizer.

use std::collections::VecDeque;

use fqbuf_arena::{Arena, Growth, Scope};
use proptest::prelude::*;

use crate::reading::{Act, Script};

#[derive(Clone, Debug)]
enum Step {
    Allocate(usize),
    Copy(Vec<u8>),
    /// Parts of their own, and one that is the slice of that index.
    Concat(Vec<Vec<u8>>, usize),
    /// A read of at most so many bytes, of which the reader has so many.
    Read(usize, usize),
    ReadExact(usize, usize),
    Scope(Vec<Step>),
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..20)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let leaf = prop_oneof![
        3 => (0..40_usize).prop_map(Step::Allocate),
        1 => any::<usize>().prop_map(Step::Allocate),
        3 => bytes().prop_map(Step::Copy),
        2 => (proptest::collection::vec(bytes(), 0..4), any::<usize>()).prop_map(|(parts, old)| Step::Concat(parts, old)),
        2 => (0..30_usize, 0..30_usize).prop_map(|(max, has)| Step::Read(max, has)),
        1 => (0..30_usize, 0..30_usize).prop_map(|(size, has)| Step::ReadExact(size, has)),
    ];
    let step = leaf.prop_recursive(3, 40, 8, |inner| proptest::collection::vec(inner, 0..8).prop_map(Step::Scope));
    proptest::collection::vec(step, 0..25)
}

/// A slice that lives, and what it must hold.
struct Live<'a> {
    slice: &'a mut [u8],
    expected: Vec<u8>,
}

/// What the arena must do, by counting only.
#[derive(Clone, Copy)]
struct Account {
    used: usize,
    /// The fixed capacity; `None` for an arena that grows, of which only the contents are compared.
    capacity: Option<usize>,
}

impl Account {
    /// Checks whether `size` bytes were handed out rightly, and counts them.
    fn settle(&mut self, size: usize, slice: Option<&mut [u8]>, remaining: usize) -> Option<()> {
        let fits = match self.capacity {
            Some(capacity) => size <= capacity - self.used,
            None => slice.is_some(),
        };
        assert_eq!(slice.is_some(), fits, "{size} bytes with {} used", self.used);
        assert!(fits || size > remaining);
        self.used += slice?.len();
        Some(())
    }
}

/// The letters that a reader of `has` bytes gives.
fn letters(has: usize) -> Vec<u8> {
    (0..has).map(|n| b'a' + (n % 26) as u8).collect()
}

fn play<'a>(scope: &mut Scope<'a>, steps: &[Step], mut account: Account, mark: &mut u8) {
    let mut live: Vec<Live<'a>> = Vec::new();
    for step in steps {
        let remaining = scope.remaining();
        let mut take = |slice: Option<&'a mut [u8]>, size: usize, expected: Vec<u8>| {
            let mut slice = slice;
            account.settle(size, slice.as_deref_mut(), remaining);
            if let Some(slice) = slice {
                assert_eq!(slice, expected);
                live.push(Live { slice, expected });
            }
        };
        match step {
            Step::Allocate(size) => {
                let slice = scope.allocate(*size);
                let length = slice.as_ref().map_or(0, |slice| slice.len());
                take(slice, *size, vec![0; length]);
            }
            Step::Copy(bytes) => take(scope.copy_from(bytes), bytes.len(), bytes.clone()),
            Step::Concat(parts, old) => {
                let old = if live.is_empty() { Vec::new() } else { vec![old % live.len()] };
                let mut all: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
                all.extend(old.iter().map(|&index| &*live[index].slice));
                let expected = all.concat();
                let slice = scope.concat(&all);
                let mut slice = slice;
                account.settle(expected.len(), slice.as_deref_mut(), remaining);
                if let Some(slice) = slice {
                    live.push(Live { slice, expected });
                }
            }
            Step::Read(max, has) => {
                let given = letters(*has);
                let result = scope.read_into(&mut &given[..], *max);
                let short = (*max).min(*has);
                match result {
                    Ok(slice) => take(Some(slice), short, given[..short].to_vec()),
                    Err(_) => assert!(account.capacity.is_none_or(|capacity| *max > capacity - account.used)),
                }
            }
            Step::ReadExact(size, has) => {
                let acts = letters(*has).into_iter().map(|letter| Act::Give(1, letter));
                match scope.read_exact_into(&mut Script(VecDeque::from_iter(acts)), *size) {
                    Ok(slice) => take(Some(slice), *size, letters(*size)),
                    Err(_) => assert!(has < size || *size > remaining),
                }
            }
            Step::Scope(steps) => {
                let mut inner = scope.scope();
                play(&mut inner, steps, account, mark);
            }
        }
        for Live { slice, expected } in &mut live {
            assert_eq!(slice, expected);
            *mark = mark.wrapping_add(1);
            slice.fill(*mark);
            expected.fill(*mark);
        }
        assert_eq!(scope.used(), account.used);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Seen red with slices one byte too long, with a scope that goes back to the start of the arena, and with a read
    /// that keeps all of its room.
    #[test]
    fn scopes_of_a_fixed_arena_agree_with_vectors(
        capacity in 0..400_usize,
        rounds in proptest::collection::vec((steps(), any::<bool>()), 1..4),
    ) {
        let mut arena = Arena::new(capacity);
        let mut mark = 0;
        for (steps, reset) in rounds {
            let used = arena.used();
            play(&mut arena.scope(), &steps, Account { used, capacity: Some(capacity) }, &mut mark);
            prop_assert_eq!(arena.used(), used);
            prop_assert!(arena.high_water() <= capacity);
            prop_assert!(arena.allocate((capacity - used) / 4).is_some());
            if reset {
                arena.reset();
                prop_assert_eq!(arena.used(), 0);
            }
        }
    }

    #[test]
    fn scopes_of_a_growing_arena_agree_with_vectors(
        capacity in 0..50_usize,
        size in 0..50_usize,
        limit in 0..2000_usize,
        rounds in proptest::collection::vec(steps(), 1..4),
    ) {
        let growth = Growth::Chunks { size, limit };
        let mut arena = Arena::builder().capacity(capacity).growth(growth).build().expect("little is asked for");
        let mut mark = 0;
        for steps in rounds {
            play(&mut arena.scope(), &steps, Account { used: 0, capacity: None }, &mut mark);
            prop_assert_eq!(arena.used(), 0);
            prop_assert!(arena.capacity() <= limit.max(capacity));
        }
    }

    /// The arena's own methods, without scopes: slices of all kinds live side by side until the reset.
    #[test]
    fn slices_of_an_arena_agree_with_vectors(
        capacity in 0..300_usize,
        rounds in proptest::collection::vec(proptest::collection::vec((0..4_u8, bytes()), 0..20), 1..4),
    ) {
        let mut arena = Arena::new(capacity);
        for round in rounds {
            let mut live: Vec<(&mut [u8], Vec<u8>)> = Vec::new();
            let mut used = 0;
            for (what, bytes) in round {
                let (slice, expected) = match what {
                    0 => (arena.allocate(bytes.len()), vec![0; bytes.len()]),
                    1 => (arena.copy_from(&bytes), bytes),
                    2 => (arena.concat(&[&bytes, b"+", &bytes]), [&bytes[..], b"+", &bytes].concat()),
                    _ => (arena.read_into(&mut &bytes[..], bytes.len()).ok(), bytes),
                };
                prop_assert_eq!(slice.is_some(), expected.len() <= capacity - used);
                if let Some(slice) = slice {
                    prop_assert_eq!(&*slice, &*expected);
                    used += expected.len();
                    slice.iter_mut().for_each(|byte| *byte = !*byte);
                    live.push((slice, expected));
                }
                prop_assert_eq!((arena.used(), arena.remaining()), (used, capacity - used));
            }
            for (slice, expected) in live {
                prop_assert!(slice.iter().zip(&expected).all(|(byte, expected)| *byte == !*expected));
            }
            arena.reset();
        }
    }
}
