//! Models of the hand-over and what is built on it, each of a race, each with a mutant that breaks the code where the race
//! is decided.
//!
//! `cargo xtask loom` runs them, `cargo xtask loom --mutants` expects each to fail with its mutant. The spin before a sleep
//! is left out (it only decides when the lock is taken), and so are the counters of waits.
#![cfg(loom)]

#[path = "loom/double.rs"]
mod double;
#[path = "loom/ends.rs"]
mod ends;
#[path = "loom/halves.rs"]
mod halves;
#[path = "loom/handover.rs"]
mod handover;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fqbuf_ring::handover::{Reader, Writer, channel};

/// Runs a model over all interleavings.
fn exhaustive<F: Fn() + Send + Sync + 'static>(mutant: &str, model: F) {
    run(None, mutant, model);
}

/// Runs a model over all interleavings with at most `preemptions` of them.
fn bounded<F: Fn() + Send + Sync + 'static>(preemptions: usize, mutant: &str, model: F) {
    run(Some(preemptions), mutant, model);
}

fn run<F: Fn() + Send + Sync + 'static>(preemptions: Option<usize>, mutant: &str, model: F) {
    // The environment may have asked for fewer.
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = [builder.preemption_bound, preemptions].into_iter().flatten().min();
    builder.max_branches = 20_000;
    let extent = builder.preemption_bound.map_or("exhaustive".to_owned(), |bound| format!("bounded:{bound}"));
    let interleavings = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&interleavings);
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    // The closure is named after the test that made it.
    let name = std::any::type_name::<F>().rsplit("::").nth(1).unwrap_or_default();
    println!("loom-model\t{name}\t{}\t{extent}\t{mutant}", interleavings.load(Ordering::Relaxed));
}

/// A batch that loom tracks: lost or freed twice, it fails the model.
type Batch = Vec<loom::sync::Arc<u64>>;

/// A hand-over of so many buffers.
fn batches(buffers: usize) -> (Writer<Batch>, Reader<Batch>) {
    channel(vec![Batch::new(); buffers], Vec::clear)
}

/// Fills and publishes one batch; true when a reader is there.
fn publish(writer: &mut Writer<Batch>, number: u64) -> bool {
    let Ok(mut slot) = writer.buffer() else { return false };
    assert!(slot.is_empty(), "a buffer comes back cleared");
    slot.push(loom::sync::Arc::new(number));
    slot.publish().is_ok()
}

/// The number in the next batch, `None` at the end.
fn next(reader: &mut Reader<Batch>) -> Option<u64> {
    reader.next().expect("no error").map(|batch| *batch[0])
}
