//! `cargo xtask shuttle [--mutants] [--deep] [FILTER]`: scenarios of real size over random schedules.
//!
//! Every crate with a `tests/shuttle.rs` has some. Each scenario runs over 20,000 schedules, with `--deep` over a million,
//! always the same ones: a schedule that fails is printed and can be replayed. It prints one line:
//!
//! ```text
//! shuttle-scenario<TAB>NAME<TAB>SCHEDULES<TAB>MUTANT,MUTANT…
//! ```
//!
//! With `--mutants` it runs once more with each of its mutants, and has to fail every time. A mutant that no scenario names is an
//! error in crates that have no loom models to name it.
//!
//! The last line is `shuttle: N scenarios, S schedules, M mutants seen red, F failed`.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use crate::{
    models::{Model, TIMED_OUT, has_models, models, mutant_sites, on_all_cores},
    run::Outcome,
};

/// Schedules of each scenario.
const SCHEDULES: u64 = 20_000;
/// The same with `--deep`.
const DEEP: u64 = 1_000_000;
/// A scenario that takes longer has gone wrong.
const LIMIT: Duration = Duration::from_secs(300);
/// The same with `--deep`.
const DEEP_LIMIT: Duration = Duration::from_secs(6 * 3600);

pub(crate) fn run(args: &[String]) -> Outcome {
    let (mut mutants, mut deep, mut filter) = (false, false, "");
    for arg in args {
        match arg.as_str() {
            "--mutants" => mutants = true,
            "--deep" => deep = true,
            option if option.starts_with('-') => return Err(format!("shuttle has no option {option}")),
            text => filter = text,
        }
    }
    let scenarios = models("shuttle", filter)?;
    let mut sites = BTreeSet::new();
    for package in scenarios.iter().map(|scenario| scenario.package).collect::<BTreeSet<_>>() {
        if !has_models(package, "loom") {
            sites.extend(mutant_sites(package)?);
        }
    }
    let results = on_all_cores(&scenarios, |scenario| judge(scenario, deep, mutants));
    let schedules: u64 = results.iter().map(|verdict| verdict.schedules).sum();
    let red: usize = results.iter().map(|verdict| verdict.red).sum();
    let mut failed = results.iter().filter(|verdict| verdict.failed).count();
    let named: BTreeSet<&String> = results.iter().flat_map(|verdict| &verdict.mutants).collect();
    if mutants && filter.is_empty() {
        for site in sites.iter().filter(|site| !named.contains(site)) {
            println!("shuttle: no scenario names the mutant {site:?}");
            failed += 1;
        }
    }
    println!("shuttle: {} scenarios, {schedules} schedules, {red} mutants seen red, {failed} failed", scenarios.len());
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of the scenarios failed")) }
}

/// What became of a scenario.
#[derive(Default)]
struct Verdict {
    schedules: u64,
    /// The mutants that it names.
    mutants: Vec<String>,
    /// Those of them with which it failed, as it should.
    red: usize,
    failed: bool,
}

/// Runs a scenario, and with each of its mutants when asked; the verdict is printed.
fn judge(scenario: &Model, deep: bool, mutants: bool) -> Verdict {
    let start = Instant::now();
    let name = format!("{}::{}", scenario.package, scenario.name);
    let count = if deep { DEEP } else { SCHEDULES };
    let schedules = [("FQBUF_SCHEDULES", count.to_string())];
    let outcome = scenario.process(None, &schedules, if deep { DEEP_LIMIT } else { LIMIT });
    let report = outcome.text.lines().find_map(parse).filter(|report| report.schedules == count);
    let Some(report) = report.filter(|_| outcome.green) else {
        println!("{name}: FAILED ({})\n{}", outcome.end, outcome.text);
        return Verdict { failed: true, ..Verdict::default() };
    };
    let mut verdict = Verdict { schedules: report.schedules, ..Verdict::default() };
    let mut errors = Vec::new();
    if report.mutants.is_empty() {
        errors.push("it names no mutant".to_owned());
    }
    if mutants {
        // As many schedules as without, so that what is red in ci is red in the long run as well.
        let schedules = [("FQBUF_SCHEDULES", SCHEDULES.to_string())];
        for mutant in &report.mutants {
            let outcome = scenario.process(Some(mutant), &schedules, LIMIT);
            match outcome.end.as_str() {
                _ if outcome.green => errors.push(format!("it stays green with its mutant {mutant:?}")),
                TIMED_OUT => errors.push(format!("its mutant {mutant:?} came to no verdict")),
                _ => verdict.red += 1,
            }
        }
    }
    verdict.failed = !errors.is_empty();
    let seconds = start.elapsed().as_secs_f32();
    let red =
        if mutants { format!(", {} of {} mutants red", verdict.red, report.mutants.len()) } else { String::new() };
    println!("{name}: {count} schedules{red} ({seconds:.1} s)");
    for error in errors {
        println!("{name}: FAILED: {error}");
    }
    verdict.mutants = report.mutants;
    verdict
}

/// What a scenario said of itself.
#[derive(Debug, PartialEq, Eq)]
struct Report {
    schedules: u64,
    mutants: Vec<String>,
}

/// Reads a scenario's line. The test harness may have printed something before it on the same line.
fn parse(line: &str) -> Option<Report> {
    let (_, line) = line.split_once("shuttle-scenario\t")?;
    let mut fields = line.trim_end().split('\t').skip(1);
    let schedules = fields.next()?.parse().ok()?;
    let mutants = fields.next().unwrap_or_default().split(',').filter(|name| !name.is_empty());
    Some(Report { schedules, mutants: mutants.map(str::to_owned).collect() })
}

#[cfg(test)]
mod tests {
    use super::{Report, parse};

    #[test]
    fn a_scenarios_line_is_found_behind_the_harness() {
        let mutants = vec!["one".to_owned(), "other".to_owned()];
        let line = "test swap ... shuttle-scenario\tswap\t1000\tone,other";
        assert_eq!(parse(line), Some(Report { schedules: 1000, mutants }));
        assert_eq!(parse("shuttle-scenario\tswap\t5\t"), Some(Report { schedules: 5, mutants: Vec::new() }));
        assert_eq!(parse("shuttle-scenario\tswap\tmany\tone"), None);
        assert_eq!(parse("running 1 test"), None);
    }
}
