//! What runs the concurrency models of the crates, and says how far each was explored.
//!
//! A crate with models has a `src/sync.rs`, the same file in all of them, and reaches threads, locks and atomics through it,
//! but for counters and the pool's ledgers, which have std's in models too. Its manifest names loom and shuttle under `cfg(loom)`
//! and `cfg(shuttle)`, and this crate as a dev-dependency under either. Both cfgs are set for a whole build
//! (`RUSTFLAGS="--cfg shuttle"`), so the crates below are modelled as well.
//!
//! - `tests/loom.rs`: small models, over all interleavings and all values that weak memory allows: `exhaustive`, or
//!   `bounded` in their preemptions. Run by `cargo xtask loom`.
//! - `tests/shuttle.rs`: scenarios of real size, over random schedules: `scenario`. Run by `cargo xtask shuttle`.
//!
//! Each prints one line, which the tasks read, and names its mutants, with which it has to fail: see `mutant` in
//! `src/sync.rs`. Without either cfg there is nothing here.
#![forbid(unsafe_code)]

#[cfg(loom)]
mod interleavings;
#[cfg(shuttle)]
mod schedules;

#[cfg(loom)]
pub use interleavings::{bounded, exhaustive};
#[cfg(shuttle)]
pub use schedules::scenario;

/// The name of the test that made the closure `F`.
#[cfg(any(loom, shuttle))]
fn name_of<F>() -> &'static str {
    std::any::type_name::<F>().rsplit("::").nth(1).unwrap_or_default()
}
