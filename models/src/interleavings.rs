//! Models over all interleavings, with loom.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::name_of;

/// Runs a model over all interleavings. `mutant` is the one that it fails with.
///
/// Prints `loom-model<TAB>NAME<TAB>INTERLEAVINGS<TAB>exhaustive|bounded:K<TAB>MUTANT`.
///
/// # Panics
/// When the model fails in one of them.
pub fn exhaustive<F: Fn() + Send + Sync + 'static>(mutant: &str, model: F) {
    run(None, mutant, model);
}

/// Runs a model over all interleavings with at most `preemptions` of them; otherwise as [`exhaustive`].
///
/// # Panics
/// When the model fails in one of them.
pub fn bounded<F: Fn() + Send + Sync + 'static>(preemptions: usize, mutant: &str, model: F) {
    run(Some(preemptions), mutant, model);
}

fn run<F: Fn() + Send + Sync + 'static>(preemptions: Option<usize>, mutant: &str, model: F) {
    // The environment may have asked for fewer.
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = [builder.preemption_bound, preemptions].into_iter().flatten().min();
    builder.max_branches = 20_000;
    // It may have asked for an early end, which nothing would tell, or for a beginning in the middle.
    (builder.max_permutations, builder.max_duration, builder.checkpoint_file) = (None, None, None);
    let extent = builder.preemption_bound.map_or("exhaustive".to_owned(), |bound| format!("bounded:{bound}"));
    let interleavings = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&interleavings);
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    println!("loom-model\t{}\t{}\t{extent}\t{mutant}", name_of::<F>(), interleavings.load(Ordering::Relaxed));
}
