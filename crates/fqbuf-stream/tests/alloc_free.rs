//! No allocation after warm-up, on any thread, and no more memory than is charged: a counting allocator around streams.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{self, Cursor, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use fqbuf_line::{Block, Source};
use fqbuf_pool::MemoryBudget;
use fqbuf_stream::{Format, ReadAhead, Stream, WriterBuilder};

/// Allocations by all threads.
static CALLS: AtomicUsize = AtomicUsize::new(0);
/// Bytes allocated and not freed, and the most there were.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// One test at a time, since all threads are counted.
static TURN: Mutex<()> = Mutex::new(());

struct Counting;

// SAFETY: every call is handed on as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
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
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
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

/// `text` as `format`.
fn packed(text: &[u8], format: Format) -> Vec<u8> {
    let mut writer = WriterBuilder::new().format(format).level(1).to_writer(Vec::new()).expect("written");
    writer.write_all(text).expect("memory");
    writer.finish().expect("memory")
}

/// Gives 100,000 bytes at once, so that more and more of a block is left over.
struct Pieces(Cursor<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(100_000);
        self.0.read(&mut into[..most])
    }
}

/// Fails when a stream has memory that it did not charge for: a window that grows for large blocks, a list of small ones, a
/// block to read plain text through.
#[test]
fn no_more_is_allocated_than_is_charged() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    let noise: Vec<u8> = (0..1 << 20).map(|_| noise()).collect();
    let mut inputs = vec![("plain", noise.clone())];
    if Format::Bgzf.is_supported() {
        // Blocks without data are all end blocks.
        inputs.push(("empty blocks", packed(b"", Format::Bgzf).repeat(40_000)));
        inputs.push(("large blocks", packed(&noise, Format::Bgzf)));
        inputs.push(("gzip", packed(&noise, Format::Gzip)));
    }
    for (name, input) in inputs {
        for (ahead, threads) in [(ReadAhead::Never, 1), (ReadAhead::Always, 1), (ReadAhead::Always, 3)] {
            let budget = MemoryBudget::new(16 << 20);
            let mut builder = Stream::builder();
            builder.read_ahead(ahead).threads(threads).block_size(1 << 20).budget(&budget);
            let before = LIVE.load(Ordering::Relaxed);
            let input = Pieces(Cursor::new(input.clone()));
            let read = LIVE.load(Ordering::Relaxed) - before;
            PEAK.store(before + read, Ordering::Relaxed);
            let mut reader = builder.from_reader(input).into_reader();
            io::copy(&mut reader, &mut io::sink()).expect("sound input");
            let (allocated, charged) = (PEAK.load(Ordering::Relaxed) - before - read, budget.peak());
            // The tables of gzip's decoders are not charged.
            let tables = if name == "plain" { 8 << 10 } else { (64 << 10) * (1 + threads) / 2 };
            assert!(allocated <= charged + tables, "{name}, {ahead:?}, {threads}: {allocated} of {charged}");
            drop(reader);
            assert_eq!(budget.used(), 0, "{name}");
        }
    }
}
