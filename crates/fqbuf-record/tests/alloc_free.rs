//! Nothing is allocated per record, and memory stays within its bounds: a counting allocator watches both.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Read;

use fqbuf_record::{
    FastqRecord, GrowthPolicy, PairBuffer, PairedReader, ParseError, ParseErrorKind, ReadAt, Reader, RecordBuffer,
    SliceReader, Writer,
};

thread_local! {
    /// Times that this thread asked for memory.
    static CALLS: Cell<usize> = const { Cell::new(0) };
    /// Bytes that this thread has now, and the most that it had.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    /// Bytes beyond which it is refused what it asks for at once.
    static LARGEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn count(size: isize) {
    LIVE.set(LIVE.get() + size);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

struct Counting;

// SAFETY: every call is handed on as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > LARGEST.get() {
            return std::ptr::null_mut();
        }
        CALLS.set(CALLS.get() + 1);
        // Old and new exist together while the bytes are copied.
        count(size as isize);
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Times that `work` asked for memory.
fn calls<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = CALLS.get();
    let result = work();
    (CALLS.get() - before, result)
}

/// What `work` comes to when it gets no more than so many bytes at once.
fn refused_beyond<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    LARGEST.set(bytes);
    let result = work();
    LARGEST.set(usize::MAX);
    result
}

/// The most memory that `work` had, beside what was there before.
fn peak<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (usize::try_from(PEAK.get() - before).unwrap_or(0), result)
}

fn deep() -> bool {
    std::env::var_os("FQBUF_DEEP").is_some_and(|v| v == "1")
}

/// A text over and over, without an end.
struct Again<'a> {
    text: &'a [u8],
    at: usize,
}

impl Read for Again<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let mut done = 0;
        while done < buf.len() {
            let n = (buf.len() - done).min(self.text.len() - self.at);
            buf[done..done + n].copy_from_slice(&self.text[self.at..self.at + n]);
            self.at = (self.at + n) % self.text.len();
            done += n;
        }
        Ok(done)
    }
}

/// Records of every kind that the fast path and the exact one know.
const TEXT: &[u8] = b"@read1/1 x\nACGT\n+\nIIII\n@read1/2\r\nACGTACGT\r\n+\r\n@IIIIIII\r\n@e\n\n+\n\n@e\nA\n+e\nI\n";

fn again() -> Reader<Again<'static>> {
    Reader::new(Again { text: TEXT, at: 0 })
}

const MILLION: usize = 1_000_000;

#[test]
fn the_counter_counts() {
    let (n, _) = calls(|| vec![1_u8; 100]);
    assert_eq!(n, 1);
    let (bytes, _) = peak(|| drop(vec![1_u8; 100]));
    assert_eq!(bytes, 100);
}

#[test]
fn a_million_records_one_at_a_time() -> Result<(), ParseError> {
    let mut reader = again();
    assert!(reader.next_record()?.is_some());
    let (n, bases) =
        calls(|| (0..MILLION).try_fold(0, |sum, _| Ok(sum + reader.next_record()?.map_or(0, |r| r.len()))));
    assert_eq!((n, bases?), (0, MILLION / 4 * 13));
    Ok(())
}

#[test]
fn a_million_records_in_batches_that_are_recycled() -> Result<(), ParseError> {
    let mut reader = again();
    let mut batches = [RecordBuffer::new(1000), RecordBuffer::new(1000), RecordBuffer::new(1000)];
    for batch in &mut batches {
        reader.read_batch(batch)?;
    }
    let (n, ()) = calls(|| {
        for i in 0..MILLION / 1000 {
            let batch = &mut batches[i % 3];
            assert_eq!(reader.read_batch(batch).ok(), Some(1000));
            assert_eq!(batch.iter().map(|record| record.seq().len()).sum::<usize>(), 1000 / 4 * 13);
        }
    });
    assert_eq!(n, 0);
    Ok(())
}

#[test]
fn owned_records_take_two_allocations_a_batch() -> Result<(), ParseError> {
    let mut reader = again();
    let mut batch = RecordBuffer::new(1000);
    reader.read_batch(&mut batch)?;
    for _ in 0..MILLION / 1000 {
        let (n, owned) = calls(|| reader.read_batch(&mut batch).map(|_| batch.drain()));
        assert_eq!(n, 2);
        let owned = owned?;
        assert_eq!(owned.len(), 1000);
        let (n, clones) = calls(|| owned.iter().map(FastqRecord::clone).filter(|r| !r.is_empty()).count());
        assert_eq!((n, clones), (0, 750));
    }
    let (n, one) = calls(|| reader.next_record().map(|record| record.map(FastqRecord::from)));
    assert_eq!((n, one?.is_some()), (1, true), "one a record when taken one at a time");
    Ok(())
}

#[test]
fn pairs_from_two_inputs_and_from_one() -> Result<(), ParseError> {
    // The interleaved reader copies a first mate when its buffer is refilled: into memory that is reused.
    let readers = [PairedReader::new(again(), again()), PairedReader::interleaved(again())];
    for reader in readers {
        let mut reader = reader.check(fqbuf_record::MateCheck::Off);
        let mut batch = PairBuffer::new(500);
        for _ in 0..200 {
            reader.read_batch(&mut batch)?;
        }
        let (n, ()) = calls(|| {
            for _ in 0..MILLION / 1000 {
                assert_eq!(reader.read_batch(&mut batch).ok(), Some(500));
            }
            for _ in 0..100_000 {
                assert!(matches!(reader.next_pair(), Ok(Some(_))));
            }
        });
        assert_eq!(n, 0);
    }
    Ok(())
}

#[test]
fn owned_pairs_take_five_allocations_a_batch() -> Result<(), ParseError> {
    let mut reader = PairedReader::interleaved(again()).check(fqbuf_record::MateCheck::Off);
    let mut batch = PairBuffer::new(500);
    reader.read_batch(&mut batch)?;
    for _ in 0..100 {
        let (n, owned) = calls(|| reader.read_batch(&mut batch).map(|_| batch.drain()));
        assert!(n <= 5, "{n}");
        assert_eq!(owned?.len(), 500);
    }
    Ok(())
}

#[test]
fn writing() -> std::io::Result<()> {
    let mut reader = again();
    let mut writer = Writer::new(std::io::sink());
    writer.write_parts(b"a", b"A", b"I")?;
    reader.next_record()?;
    let (n, result) = calls(|| {
        for _ in 0..MILLION {
            let Some(record) = reader.next_record()? else { break };
            writer.write(&record)?;
            writer.write_parts(record.head(), record.seq(), record.qual())?;
        }
        Ok::<(), std::io::Error>(())
    });
    assert_eq!(n, 0);
    result
}

#[test]
fn a_slice_is_read_in_place() {
    let text = TEXT.repeat(1000);
    let mut reader = SliceReader::new(&text);
    let (n, bases) = calls(|| reader.by_ref().map(|record| record.map_or(0, |r| r.len())).sum::<usize>());
    assert_eq!((n, bases), (0, 13_000));
}

/// One line of `bytes` bytes after a header.
fn long_line(bytes: u64) -> impl Read {
    b"@id\n".chain(std::io::repeat(b'A').take(bytes)).chain(&b"\n+\nI\n@next\nA\n+\nI\n"[..])
}

/// A reader that grows with the line, or whose limit is tried after the growth, takes a gigabyte.
#[test]
fn fault_78_a_line_of_a_gibibyte_under_a_small_limit() {
    const LIMIT: usize = 64 << 10;
    // The buffer has up to 1.25 MiB by default.
    let bound = LIMIT + (3 << 19);
    let builder = Reader::builder().growth(GrowthPolicy::with_limit(LIMIT));
    let (bytes, error) = peak(|| builder.clone().build(long_line(1 << 30)).next_record().map(drop));
    let error = error.unwrap_err();
    assert!(matches!(error.kind(), ParseErrorKind::RecordTooLong { limit: LIMIT }), "{error:?}");
    assert_eq!((error.position().line, error.position().byte, error.id()), (2, 4, Some(&b"id"[..])));
    assert!(bytes < bound, "{bytes}");
    // Passed over, it takes no more.
    let size = if deep() { 1 << 30 } else { 16 << 20 };
    let mut reader = builder.skip_invalid(true).build(long_line(size));
    let (bytes, id) = peak(|| reader.next_record().map(|record| record.map(|record| record.id() == b"next")));
    assert_eq!(id.unwrap(), Some(true));
    assert!(bytes < bound, "{bytes}");
    assert_eq!(reader.skipped().bytes, size + 4 + 5);
    // A batch has a limit of its own.
    let (bytes, result) = peak(|| Reader::new(long_line(1 << 30)).read_batch(&mut RecordBuffer::new(10)));
    assert!(result.is_err() && bytes < 3 * (64 << 20), "{bytes}");
}

/// A batch that counts the bytes of its records alone takes nine times its limit for the shortest ones.
#[test]
fn fault_78_a_batch_of_the_shortest_records() -> Result<(), ParseError> {
    const LIMIT: usize = 1 << 20;
    let text = b"@\n\n+\n\n".repeat(LIMIT / 6);
    let fits = LIMIT / (6 + RecordBuffer::RECORD_OVERHEAD);
    let mut reader = Reader::builder().capacity(1).build(&text[..]);
    let mut batch = RecordBuffer::with_byte_limit(usize::MAX, LIMIT);
    let (bytes, n) = peak(|| reader.read_batch(&mut batch));
    assert_eq!(n?, fits);
    assert!(bytes < 2 * LIMIT, "{bytes}");
    let readers = || Reader::builder().capacity(1).build(&text[..]);
    let mut reader = PairedReader::new(readers(), readers());
    let mut batch = PairBuffer::with_byte_limit(usize::MAX, LIMIT);
    let (bytes, n) = peak(|| reader.read_batch(&mut batch));
    assert_eq!(n?, fits / 2);
    assert!(bytes < 3 * LIMIT, "each half grows by itself: {bytes}");
    Ok(())
}

/// Growth that may not fail ends the process.
#[test]
fn a_batch_that_is_refused_memory_loses_nothing() -> Result<(), ParseError> {
    const RECORDS: usize = 20_000;
    // Where records are long it is their bytes that grow beyond what there is, where they are short what is kept of each.
    for record in [&b"@r\nACGTACGTACGTACGT\n+\nIIIIIIIIIIIIIIII\n"[..], b"@\n\n+\n\n"] {
        let record =
            if record.len() > 6 { [b"@", &vec![b'r'; 200][..], &record[1..]].concat() } else { record.to_vec() };
        let text = record.repeat(RECORDS);
        let mut reader = Reader::builder().capacity(1).build(&text[..]);
        let mut batch = RecordBuffer::new(RECORDS);
        let error = refused_beyond(100_000, || reader.read_batch(&mut batch)).unwrap_err();
        assert!(matches!(error.kind(), ParseErrorKind::OutOfMemory), "{error:?}");
        let before = batch.len();
        assert!(before > 0 && batch.iter().all(|got| got.as_bytes() == record));
        assert_eq!((before + reader.read_batch(&mut batch)?, batch.byte_len() % record.len()), (RECORDS, 0));
        let mut pairs = PairBuffer::new(RECORDS);
        let readers = || Reader::builder().capacity(1).build(&text[..]);
        let mut reader = PairedReader::new(readers(), readers());
        let error = refused_beyond(100_000, || reader.read_batch(&mut pairs)).unwrap_err();
        assert!(matches!(error.kind(), ParseErrorKind::OutOfMemory), "{error:?}");
        let before = pairs.len();
        assert_eq!((pairs.first().len(), pairs.second().len()), (before, before));
        assert_eq!(before + reader.read_batch(&mut pairs)?, RECORDS);
    }
    Ok(())
}

/// A search that keeps the line it is in takes a gigabyte, or the limit.
#[test]
fn the_search_for_a_cut_takes_little_memory() -> Result<(), ParseError> {
    struct Line(u64);
    impl ReadAt for Line {
        fn read_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<usize> {
            let n = buf.len().min(usize::try_from(self.0.saturating_sub(offset)).unwrap_or(usize::MAX));
            buf[..n].fill(b'@');
            Ok(n)
        }
        fn size(&self) -> std::io::Result<u64> {
            Ok(self.0)
        }
    }
    let size = if deep() { 1 << 30 } else { 64 << 20 };
    let (bytes, start) = peak(|| Reader::builder().record_start(&Line(size), size / 2));
    assert_eq!(start?, size);
    assert!(bytes < 80 << 10, "{bytes}");
    Ok(())
}

/// Reads as long as the longest chromosomes, when the limit allows them.
#[test]
fn fault_57_reads_of_hundreds_of_megabases() -> Result<(), ParseError> {
    let bases: u64 = if deep() { 500_000_000 } else { 10_000_000 };
    let source = b"@chr\n"
        .chain(std::io::repeat(b'A').take(bases))
        .chain(&b"\n+\n"[..])
        .chain(std::io::repeat(b'I').take(bases))
        .chain(&b"\n@b\nA\n+\nI"[..]);
    let limit = 2 * bases as usize + 100;
    let mut reader = Reader::builder().growth(GrowthPolicy::with_limit(limit)).build(source);
    let (bytes, len) = peak(|| reader.next_record().map(|record| record.map(|record| record.len() as u64)));
    assert_eq!(len?, Some(bases));
    assert!(bytes <= 2 * limit + (2 << 20), "{bytes} for a limit of {limit}");
    assert_eq!(reader.next_record()?.map(|record| record.id().to_vec()), Some(b"b".to_vec()));
    assert!(reader.next_record()?.is_none());
    Ok(())
}
