//! Scenarios over random schedules, with shuttle.
//!
//! Half of the schedules take any thread that can run at each step. The other half give threads priorities that change at
//! three random steps (PCT), which starves a thread for long stretches: what the first half hardly ever does.

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, Runner};

use crate::name_of;

/// Schedules without `FQBUF_SCHEDULES`.
const FEW: usize = 1000;
/// Changes of priority in a schedule of the second half.
const CHANGES: usize = 3;
/// Bytes of a thread's stack: a panic and its backtrace fit as well.
const STACK: usize = 256 << 10;

/// Runs a scenario over as many schedules as `FQBUF_SCHEDULES` says, the same ones each time, unless `FQBUF_SEED` says
/// others. `mutants` are those that it fails with.
///
/// Prints `shuttle-scenario<TAB>NAME<TAB>SCHEDULES<TAB>MUTANT,MUTANT…`. A schedule that fails is printed before the panic,
/// for `shuttle::replay`.
///
/// # Panics
/// When the scenario fails in one of them, ends in a deadlock, or does not end.
pub fn scenario<F: Fn() + Send + Sync + Clone + 'static>(mutants: &[&str], scenario: F) {
    let schedules = number("FQBUF_SCHEDULES").unwrap_or(FEW);
    let seed = number("FQBUF_SEED").unwrap_or(1) as u64;
    let some = schedules / 2;
    let mut done = 0;
    if some > 0 {
        done += run(PctScheduler::new_from_seed(seed, CHANGES, some), scenario.clone());
    }
    done += run(RandomScheduler::new_from_seed(seed, schedules - some), scenario);
    println!("shuttle-scenario\t{}\t{done}\t{}", name_of::<F>(), mutants.join(","));
}

fn run<F: Fn() + Send + Sync + 'static>(scheduler: impl Scheduler + 'static, scenario: F) -> usize {
    let mut config = Config::new();
    config.stack_size = STACK;
    // Orderings weaker than sequential consistency are loom's part.
    config.silence_warnings = true;
    if std::env::var_os("FQBUF_MUTANT").is_some() {
        config.failure_persistence = FailurePersistence::None;
    }
    Runner::new(scheduler, config).run(scenario)
}

/// A number from the environment.
fn number(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
