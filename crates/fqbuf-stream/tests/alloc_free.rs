//! No allocation after warm-up, on any thread: a counting allocator around long streams.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use fqbuf_line::{Block, Source};
use fqbuf_stream::{Format, ReadAhead, Stream, WriterBuilder};

/// Allocations by all threads.
static CALLS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is handed on as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The same bytes again and again, without an end.
struct Repeat {
    bytes: Vec<u8>,
    at: usize,
}

impl Read for Repeat {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = into.len().min(self.bytes.len() - self.at);
        into[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
        self.at = (self.at + n) % self.bytes.len();
        Ok(n)
    }
}

/// Reads `bytes` bytes as a parser would.
fn take(stream: &mut Stream, block: &mut Block, bytes: usize) {
    let mut left = bytes;
    while left > 0 {
        block.make_room(1000).expect("memory");
        let n = stream.fill(block).expect("sound input");
        left = left.saturating_sub(n);
        block.consume(block.len() - block.len().min(300));
    }
}

#[test]
fn a_stream_allocates_nothing_once_it_runs() {
    let text: Vec<u8> = b"@read\nACGTACGTTTGCA\n+\nIIIIIIIIIIIII\n".repeat(10_000);
    for format in [Format::Plain, Format::Gzip, Format::Bgzf] {
        if !format.is_supported() {
            continue;
        }
        let mut writer = WriterBuilder::new().format(format).to_writer(Vec::new()).expect("written");
        writer.write_all(&text).expect("memory");
        let bytes = writer.finish().expect("memory");
        for (ahead, threads) in
            [(ReadAhead::Never, 1), (ReadAhead::Always, 1), (ReadAhead::Always, 3), (ReadAhead::Compressed, 1)]
        {
            let input = Repeat { bytes: bytes.clone(), at: 0 };
            let mut stream = Stream::builder().read_ahead(ahead).threads(threads).block_size(0).from_reader(input);
            let mut block = Block::new();
            take(&mut stream, &mut block, 16 << 20);
            // The fewest of three: the test harness's own thread may allocate meanwhile.
            let calls = [(); 3].map(|()| {
                let before = CALLS.load(Ordering::Relaxed);
                take(&mut stream, &mut block, 8 << 20);
                CALLS.load(Ordering::Relaxed) - before
            });
            let calls = calls.into_iter().min().unwrap_or(0);
            // A worker may come to its first block late.
            assert!(calls <= if threads > 1 { 30 } else { 0 }, "{format}, {ahead:?}, {threads}: {calls} allocations");
        }
    }
}
