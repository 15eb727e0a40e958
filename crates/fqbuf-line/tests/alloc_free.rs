//! What the line buffer allocates: nothing a line, no more than it says for a line without end, and what it does when refused.

#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    io::{self, ErrorKind, Read},
    ptr,
};

use fqbuf_line::{GrowthPolicy, LineBuffer, LineReader, LineTooLong};

struct Counting;

// Of this thread alone: the test harness allocates on its own.
thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    /// Larger pieces of memory are refused.
    static MOST: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn grown(bytes: usize) {
    CALLS.set(CALLS.get() + 1);
    LIVE.set(LIVE.get() + bytes as isize);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

fn shrunk(bytes: usize) {
    LIVE.set(LIVE.get() - bytes as isize);
}

// SAFETY: every call is passed on to the system's allocator as it came; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > MOST.get() {
            return ptr::null_mut();
        }
        grown(layout.size());
        // SAFETY: the caller's promise is the one asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrunk(layout.size());
        // SAFETY: the caller's promise is the one asked for.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > MOST.get() {
            return ptr::null_mut();
        }
        // Old and new memory may exist together: both count.
        grown(size);
        shrunk(layout.size());
        // SAFETY: the caller's promise is the one asked for.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Delivers `pattern` time and again, `left` bytes in all, never more than `step` at a time.
struct Cycle<'a> {
    pattern: &'a [u8],
    at: usize,
    left: u64,
    step: usize,
}

impl Read for Cycle<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let rest = &self.pattern[self.at..];
        let n = rest.len().min(buf.len()).min(self.step).min(usize::try_from(self.left).unwrap_or(usize::MAX));
        buf[..n].copy_from_slice(&rest[..n]);
        self.at = (self.at + n) % self.pattern.len();
        self.left -= n as u64;
        Ok(n)
    }
}

#[test]
fn a_million_lines_allocate_nothing() -> io::Result<()> {
    let pattern = b"@r1\r\nACGTACGTACGT\r\n+\nIIIIIIIIIIII\n\n".repeat(300);
    let lines = 5 * 300;
    for step in [usize::MAX, 3_000] {
        let rounds = 1_000_000 / lines + 2;
        let left = (pattern.len() * rounds) as u64;
        let mut reader =
            LineReader::with_buffer(Cycle { pattern: &pattern, at: 0, left, step }, LineBuffer::new(10_000));
        for _ in 0..lines {
            assert!(reader.next_line()?.is_some());
        }
        let before = CALLS.get();
        let mut bases = 0;
        for _ in 0..1_000_000 {
            bases += reader.next_line()?.map_or(0, <[u8]>::len);
        }
        assert_eq!(CALLS.get(), before);
        assert_eq!(reader.line_number(), 1_000_000 + lines as u64);
        assert!(bases > 5_000_000);
    }
    Ok(())
}

/// Naive: `read_until` and `read_line` take the memory for all of it.
#[test]
fn fault_27_a_line_of_a_gibibyte_under_a_limit() {
    let pattern = vec![b'A'; 64 << 10];
    let limit = 64 << 10;
    let live = LIVE.get();
    PEAK.set(live);
    let buffer = LineBuffer::builder().growth(GrowthPolicy::with_limit(limit)).build();
    let mut reader =
        LineReader::with_buffer(Cycle { pattern: &pattern, at: 0, left: 1 << 30, step: usize::MAX }, buffer);
    // Not once, but for whoever skips it piece by piece to its end, too.
    let mut skipped = 0;
    let last = loop {
        match reader.next_line() {
            Ok(line) => break line.map(<[u8]>::len),
            Err(error) => {
                let inner = error.get_ref().and_then(|e| e.downcast_ref::<LineTooLong>());
                assert_eq!(inner, Some(&LineTooLong { line: 1, byte: skipped, limit }));
                let held = reader.buffer().remaining().len();
                skipped += held as u64;
                reader.buffer_mut().consume(held);
            }
        }
    };
    assert!(skipped + last.unwrap_or(0) as u64 == 1 << 30);
    let peak = PEAK.get() - live;
    assert!(peak < limit as isize + (1 << 20), "{peak} bytes at the peak");
}

#[test]
fn a_buffer_that_is_refused_memory_keeps_what_it_holds() -> io::Result<()> {
    let mut text = b"ACGT".repeat(20_000);
    text.extend_from_slice(b"\nlast\n");
    let mut input = &text[..];
    let mut buffer = LineBuffer::new(10_000);
    buffer.fill(&mut input)?;
    MOST.set(buffer.memory());
    let refusals = [(); 2].map(|()| {
        loop {
            if let Err(error) = buffer.fill(&mut input) {
                return (error.kind(), buffer.remaining().len());
            }
        }
    });
    MOST.set(usize::MAX);
    let held = text.len() - input.len();
    assert_eq!(refusals, [(ErrorKind::OutOfMemory, held); 2]);
    assert!(buffer.remaining() == &text[..held] && held >= 10_000);
    while buffer.fill(&mut input)? > 0 {}
    assert!(buffer.read_line() == Some(&text[..80_000]));
    assert_eq!(buffer.read_line(), Some(&b"last"[..]));
    assert_eq!(buffer.read_line(), None);
    Ok(())
}
