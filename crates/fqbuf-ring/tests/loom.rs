//! Models of the hand-over and what is built on it, each of a race, each with a mutant that breaks the code where the race
//! is decided.
//!
//! `cargo xtask loom` runs them, `cargo xtask loom --mutants` expects each to fail with its mutant. The spin before a sleep
//! is left out (it only decides when the lock is taken; `tests/shuttle.rs` has it), and so are the counters of waits.
#![cfg(loom)]

#[path = "loom/double.rs"]
mod double;
#[path = "loom/ends.rs"]
mod ends;
#[path = "loom/halves.rs"]
mod halves;
#[path = "loom/handover.rs"]
mod handover;

use fqbuf_models::{bounded, exhaustive};
use fqbuf_ring::handover::{Reader, Writer, channel};

/// A batch that loom tracks: lost or freed twice, it fails the model.
type Batch = Vec<loom::sync::Arc<u64>>;

/// A hand-over of so many buffers.
fn batches(buffers: usize) -> (Writer<Batch>, Reader<Batch>) {
    channel(vec![Batch::new(); buffers], Vec::clear)
}

/// Fills and publishes one batch; true when a reader is there.
fn publish(writer: &mut Writer<Batch>, number: u64) -> bool {
    publish_lazily(writer, number, 1)
}

/// The same, with a sleeping reader left to sleep until so many are filled.
fn publish_lazily(writer: &mut Writer<Batch>, number: u64, enough: usize) -> bool {
    let Ok(mut slot) = writer.buffer() else { return false };
    assert!(slot.is_empty(), "a buffer comes back cleared");
    slot.push(loom::sync::Arc::new(number));
    slot.publish_lazily(enough).is_ok()
}

/// The number in the next batch, `None` at the end.
fn next(reader: &mut Reader<Batch>) -> Option<u64> {
    reader.next().expect("no error").map(|batch| *batch[0])
}
