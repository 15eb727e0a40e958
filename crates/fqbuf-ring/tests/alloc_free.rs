//! Once set up, neither the hand-over nor the pipe allocates.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::error::Error;
use std::io::{Read, Write};

use fqbuf_ring::{DoubleBuffer, RingBuffer};

struct Counting;

thread_local! {
    /// Allocations of this thread; those of the test harness are on others.
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came; a number alone is kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: what the caller promised is what is asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: what the caller promised is what is asked for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn batches_go_round_without_allocating() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = DoubleBuffer::new(100).split();
    let before = CALLS.get();
    for n in 0..1000_u64 {
        writer.get_write_buffer().extend([n; 100]);
        writer.swap()?;
        assert_eq!(reader.next()?.map(|batch| batch[99]), Some(n));
        // Gives the batch back: on one thread nobody else would.
        assert!(reader.try_next()?.is_pending());
    }
    assert_eq!(CALLS.get(), before);
    Ok(())
}

#[test]
fn bytes_go_through_the_pipe_without_allocating() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = RingBuffer::new(1000).split();
    let before = CALLS.get();
    let mut out = [0; 300];
    for _ in 0..1000 {
        writer.write_all(&[7; 300])?;
        reader.read_exact(&mut out)?;
    }
    assert_eq!(CALLS.get(), before);
    Ok(())
}
