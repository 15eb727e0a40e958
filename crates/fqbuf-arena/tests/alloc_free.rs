//! No allocation after warm-up: a counting allocator around everything that is done again and again.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use fqbuf_arena::{Arena, Growth, PreallocatedBuffers};

thread_local! {
    /// Calls of the allocator by this thread.
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is handed on as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Calls of the allocator while `work` ran a hundred times, after it ran twice.
fn calls(mut work: impl FnMut()) -> usize {
    work();
    work();
    let before = CALLS.get();
    (0..100).for_each(|_| work());
    CALLS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(calls(|| drop(std::hint::black_box(vec![1_u8; 100]))), 200);
}

#[test]
fn an_arena_allocates_nothing_once_it_has_grown() {
    let growth = Growth::Chunks { size: 100, limit: 10_000 };
    let mut arena = Arena::builder().capacity(10).growth(growth).build().expect("little is asked for");
    let count = calls(|| {
        for size in 0..50 {
            assert!(arena.allocate(size).is_some());
            assert!(arena.copy_from(b"ACGT").is_some());
            assert!(arena.concat(&[b"AC", b"GT"]).is_some());
            assert!(arena.read_into(&mut &b"ACGT"[..], 10).is_ok());
        }
        assert!(arena.scope().allocate(200).is_some());
        arena.reset();
    });
    assert_eq!(count, 0);
}

#[test]
fn preallocated_buffers_allocate_nothing_within_their_bounds() {
    let mut buffers = PreallocatedBuffers::new(4, 64);
    assert_eq!(calls(|| (0..10).for_each(|_| buffers.get_next().resize(500, 1))), 0);
}
