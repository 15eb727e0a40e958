//! The promised names are at the root, and what crosses threads may.

use fqbuf::{
    Arena, BufferPool, BufferStats, DoubleBuffer, FastqRecord, LineBuffer, MemoryBudget, PairedReader, ParseError,
    Pipeline, PooledBuffer, Position, PreallocatedBuffers, Reader, RecordBuffer, RefRecord, RingBuffer, SliceReader,
    StatsSnapshot, Stream, Writer,
};

fn sends<T: Send>() {}
fn shares<T: Send + Sync + 'static>() {}

#[test]
fn what_crosses_threads_may() {
    shares::<BufferPool>();
    shares::<BufferStats>();
    shares::<MemoryBudget>();
    shares::<StatsSnapshot>();
    shares::<ParseError>();
    shares::<FastqRecord>();
    shares::<Position>();
    shares::<Pipeline>();
    sends::<PooledBuffer>();
    sends::<RingBuffer>();
    sends::<DoubleBuffer<u8>>();
    sends::<LineBuffer>();
    sends::<RecordBuffer>();
    sends::<RefRecord<'_>>();
    sends::<Reader<Stream>>();
    sends::<SliceReader<'_>>();
    sends::<PairedReader<Stream, Stream>>();
    sends::<Writer<Vec<u8>>>();
    sends::<Arena>();
    sends::<PreallocatedBuffers>();
}

#[test]
fn an_error_is_as_small_as_a_pointer() {
    assert_eq!(size_of::<ParseError>(), size_of::<usize>());
    assert_eq!(size_of::<Option<ParseError>>(), size_of::<usize>());
}

#[test]
fn functions_are_at_the_root() {
    assert_eq!(fqbuf::optimal_buffer_size(0), 8192);
    assert_eq!(fqbuf::find_record_start(b"@r\nA\n+\nI\n", 0, true), fqbuf::RecordStart::At(0));
}
