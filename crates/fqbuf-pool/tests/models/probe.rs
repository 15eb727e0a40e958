//! A recipe that watches over its items.

#![allow(dead_code)] // each kind of model uses its part of it

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use fqbuf_pool::{MemoryBudget, Pool, PoolBuilder, Recipe};

/// Makes [`Token`]s of one byte each and counts those alive.
#[derive(Clone, Default)]
pub(crate) struct Probe {
    alive: Arc<AtomicIsize>,
    /// The most that may ever be alive; 0 stands for no such limit.
    most: isize,
}

/// An item that knows whether it was emptied since it was used.
pub(crate) struct Token {
    alive: Arc<AtomicIsize>,
    used: bool,
    pub(crate) bytes: usize,
}

impl Probe {
    /// A probe that fails when more than `most` tokens are alive at once.
    pub(crate) fn at_most(most: isize) -> Self {
        Self { most, ..Self::default() }
    }

    pub(crate) fn alive(&self) -> isize {
        self.alive.load(Ordering::Relaxed)
    }

    /// A pool of tokens with one shard.
    pub(crate) fn pool(&self, max_idle: usize) -> Pool<Probe> {
        self.shards(1, max_idle, None)
    }

    /// A pool of tokens with one shard, on a budget.
    pub(crate) fn pool_on(&self, budget: &MemoryBudget, max_idle: usize) -> Pool<Probe> {
        self.shards(1, max_idle, Some(budget))
    }

    /// A pool of tokens with two shards, of which the first has a slot and a queue of one, the other a slot. A lease of the
    /// first that ends on a thread at home in the second goes to the queue.
    pub(crate) fn pool_with_queue(&self, budget: Option<&MemoryBudget>) -> Pool<Probe> {
        self.shards(2, 3, budget)
    }

    pub(crate) fn shards(&self, shards: usize, max_idle: usize, budget: Option<&MemoryBudget>) -> Pool<Probe> {
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
    pub(crate) fn touch(&mut self) {
        assert!(!self.used, "handed out as it was left");
        self.used = true;
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}
