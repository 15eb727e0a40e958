//! Programs that must not compile, each beside its nearest neighbour that does: the borrow checker is the test.
//!
//! Seen accepted with slices of the lifetime `'static`, and, for the scopes, with `scope(&self)`.
#![allow(dead_code, non_snake_case)]

/// ```
/// let mut arena = fqbuf_arena::Arena::new(64);
/// let slice = arena.allocate(4).unwrap();
/// slice[0] = 1;
/// arena.reset();
/// ```
/// ```compile_fail,E0502
/// let mut arena = fqbuf_arena::Arena::new(64);
/// let slice = arena.allocate(4).unwrap();
/// arena.reset();
/// slice[0] = 1;
/// ```
fn fault_55_reset_with_live_slices_is_refused() {}

/// ```
/// let mut arena = fqbuf_arena::Arena::new(64);
/// let slice = arena.scope().allocate(4).unwrap();
/// slice[0] = 1;
/// arena.reset();
/// ```
/// ```compile_fail,E0499
/// let mut arena = fqbuf_arena::Arena::new(64);
/// let slice = arena.scope().allocate(4).unwrap();
/// arena.reset();
/// slice[0] = 1;
/// ```
fn fault_55_reset_with_live_slices_of_a_scope_is_refused() {}

/// ```
/// let arena = fqbuf_arena::Arena::new(64);
/// let copies: Vec<_> = [b"A", b"C"].into_iter().filter_map(|base| arena.copy_from(base)).collect();
/// assert_eq!(copies[1], b"C");
/// drop(arena);
/// ```
/// ```compile_fail,E0505
/// let arena = fqbuf_arena::Arena::new(64);
/// let copies: Vec<_> = [b"A", b"C"].into_iter().filter_map(|base| arena.copy_from(base)).collect();
/// drop(arena);
/// assert_eq!(copies[1], b"C");
/// ```
/// ```compile_fail,E0505
/// let arena = fqbuf_arena::Arena::new(64);
/// let mut copies = [b"A", b"C"].into_iter().map(|base| arena.copy_from(base));
/// drop(arena);
/// copies.next();
/// ```
fn fault_51_slices_and_iterators_that_outlive_the_arena_are_refused() {}

/// ```
/// let mut arena = fqbuf_arena::Arena::new(64);
/// let mut outer = arena.scope();
/// let kept = outer.allocate(4).unwrap();
/// let inner = outer.scope();
/// let slice = inner.allocate(4).unwrap();
/// slice[0] = 1;
/// drop(inner);
/// outer.allocate(4).unwrap();
/// kept[0] = 1;
/// ```
/// ```compile_fail,E0499
/// let mut arena = fqbuf_arena::Arena::new(64);
/// let mut outer = arena.scope();
/// let one = outer.scope();
/// let other = outer.scope();
/// drop((one, other));
/// ```
/// ```compile_fail,E0502
/// let mut arena = fqbuf_arena::Arena::new(64);
/// let mut outer = arena.scope();
/// let inner = outer.scope();
/// let slice = inner.allocate(4).unwrap();
/// drop(inner);
/// outer.allocate(4).unwrap();
/// slice[0] = 1;
/// ```
/// ```compile_fail,E0505
/// let mut arena = fqbuf_arena::Arena::new(64);
/// let mut outer = arena.scope();
/// let inner = outer.scope();
/// drop(outer);
/// inner.allocate(4).unwrap();
/// ```
fn scopes_out_of_order_are_refused() {}

/// ```
/// let arena = fqbuf_arena::Arena::new(64);
/// std::thread::spawn(move || arena.allocate(4).unwrap()[0]).join().unwrap();
/// ```
/// ```compile_fail,E0277
/// let arena = fqbuf_arena::Arena::new(64);
/// std::thread::scope(|threads| {
///     threads.spawn(|| arena.allocate(4).is_some());
/// });
/// ```
/// ```compile_fail,E0277
/// let mut arena = fqbuf_arena::Arena::new(64);
/// let scope = arena.scope();
/// std::thread::scope(|threads| {
///     threads.spawn(|| scope.allocate(4).is_some());
/// });
/// ```
fn fault_49_an_arena_shared_between_threads_is_refused() {}
