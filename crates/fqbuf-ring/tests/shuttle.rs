//! Scenarios of real size for the hand-over and what is built on it, over random schedules.
//!
//! `cargo xtask shuttle` runs them, with `--mutants` against the mutants that each names. What loom's models leave out is
//! in here: the spin before the sleep, many batches, more than three threads. Memory is sequentially consistent in them.
#![cfg(shuttle)]

#[path = "shuttle/double.rs"]
mod double;
#[path = "shuttle/halves.rs"]
mod halves;
#[path = "shuttle/handover.rs"]
mod handover;

use fqbuf_models::scenario;
use shuttle::rand::Rng;

/// A number below `bound`, chosen by the schedule.
fn below(bound: usize) -> usize {
    shuttle::rand::thread_rng().gen_range(0..bound)
}
