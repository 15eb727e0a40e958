//! Models of the pool and its budget, each of a race, each with a mutant that breaks the code where the race is decided.
//!
//! `cargo xtask loom` runs them, `cargo xtask loom --mutants` expects each to fail with its mutant. What they cover of
//! crossbeam's queue, and what not, is said in `src/queue.rs`. Statistics are std atomics, which loom does not see; so are
//! the counts of the probes here.
#![cfg(loom)]

#[path = "loom/belt.rs"]
mod belt;
#[path = "loom/budget.rs"]
mod budget;
#[path = "loom/freeze.rs"]
mod freeze;
#[path = "loom/idle.rs"]
mod idle;
#[path = "loom/lane.rs"]
mod lane;
#[path = "loom/pool.rs"]
mod pool;
#[path = "models/probe.rs"]
mod probe;
#[path = "loom/waiting.rs"]
mod waiting;

use fqbuf_models::{bounded, exhaustive};
use fqbuf_pool::{Lease, Pool};
use loom::thread::{self, JoinHandle};
use probe::Probe;

/// A get on another thread.
fn get_elsewhere(pool: &Pool<Probe>) -> JoinHandle<Lease<Probe>> {
    let pool = pool.clone();
    thread::spawn(move || pool.get())
}

/// Gets two, of which one ends on another thread while the other ends here.
fn return_two_at_once(pool: &Pool<Probe>) {
    let (first, second) = (pool.get(), pool.get());
    let holder = thread::spawn(move || drop(first));
    drop(second);
    holder.join().unwrap();
}
