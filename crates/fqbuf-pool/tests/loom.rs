//! Models of the pool and its budget, each of a race, each with a mutant that breaks the code where the race is decided.
//!
//! `cargo xtask loom` runs them, `cargo xtask loom --mutants` expects each to fail with its mutant. What they cover of
//! crossbeam's queue, and what not, is said in `src/queue.rs`. Statistics are std atomics, which loom does not see; so are
//! the counts of the probes here.
#![cfg(loom)]

#[path = "loom/budget.rs"]
mod budget;
#[path = "loom/freeze.rs"]
mod freeze;
#[path = "loom/idle.rs"]
mod idle;
#[path = "loom/pool.rs"]
mod pool;
#[path = "loom/waiting.rs"]
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use fqbuf_pool::{MemoryBudget, Pool, PoolBuilder, Recipe};

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

/// Makes [`Token`]s of one byte each and counts those alive.
#[derive(Clone, Default)]
struct Probe {
    alive: Arc<AtomicIsize>,
    /// The most that may ever be alive; 0 stands for no such limit.
    most: isize,
}

/// An item that knows whether it was emptied since it was used.
struct Token {
    alive: Arc<AtomicIsize>,
    used: bool,
    bytes: usize,
}

impl Probe {
    /// A probe that fails when more than `most` tokens are alive at once.
    fn at_most(most: isize) -> Self {
        Self { most, ..Self::default() }
    }

    fn alive(&self) -> isize {
        self.alive.load(Ordering::Relaxed)
    }

    /// A pool of tokens with one shard.
    fn pool(&self, max_idle: usize) -> Pool<Probe> {
        self.shards(1, max_idle, None)
    }

    /// A pool of tokens with one shard, on a budget.
    fn pool_on(&self, budget: &MemoryBudget, max_idle: usize) -> Pool<Probe> {
        self.shards(1, max_idle, Some(budget))
    }

    fn shards(&self, shards: usize, max_idle: usize, budget: Option<&MemoryBudget>) -> Pool<Probe> {
        let builder = PoolBuilder::new(self.clone()).shards(shards).max_idle(max_idle).max_retained(2);
        let builder = budget.map(|budget| builder.clone().budget(budget)).unwrap_or(builder);
        builder.build().expect("the budget holds one")
    }
}

impl Recipe for Probe {
    type Item = Token;
    fn make(&self) -> Token {
        let alive = 1 + self.alive.fetch_add(1, Ordering::Relaxed);
        assert!(self.most == 0 || alive <= self.most, "{alive} tokens where {} are allowed", self.most);
        Token { alive: Arc::clone(&self.alive), used: false, bytes: 1 }
    }
    fn fresh_bytes(&self) -> usize {
        1
    }
    fn bytes(&self, item: &Token) -> usize {
        item.bytes
    }
    fn reset(&self, item: &mut Token) {
        item.used = false;
    }
}

impl Token {
    /// Uses the token; fails when somebody else does.
    fn touch(&mut self) {
        assert!(!self.used, "handed out as it was left");
        self.used = true;
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}
