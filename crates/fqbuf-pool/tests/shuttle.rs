//! Scenarios of real size for the pool and its budget, over random schedules.
//!
//! `cargo xtask shuttle` runs them, with `--mutants` against the mutants that each names. Memory is sequentially consistent in
//! them, and crossbeam's queue is the stand-in of `src/queue.rs`.
#![cfg(shuttle)]

#[path = "shuttle/belt.rs"]
mod belt;
#[path = "shuttle/budget.rs"]
mod budget;
#[path = "shuttle/lane.rs"]
mod lane;
#[path = "shuttle/pool.rs"]
mod pool;
#[path = "models/probe.rs"]
mod probe;

use fqbuf_models::scenario;
use fqbuf_pool::Pool;
use probe::Probe;
use shuttle::rand::Rng;

/// A number below `bound`, chosen by the schedule.
fn below(bound: usize) -> usize {
    shuttle::rand::thread_rng().gen_range(0..bound)
}

/// What holds of a pool that nobody is using: every token is somewhere, and within the bound.
fn check(pool: &Pool<Probe>, live: u64) {
    let stats = pool.stats();
    assert!(pool.idle() <= pool.max_idle(), "{} idle", pool.idle());
    assert_eq!((stats.live, stats.idle), (live, pool.idle() as u64));
    assert_eq!(stats.hits + stats.misses, stats.returned + stats.discarded + stats.detached + stats.live);
    assert_eq!(
        stats.misses + stats.prefilled,
        stats.live + stats.idle + stats.discarded + stats.freed + stats.detached,
        "{stats:?}"
    );
}
