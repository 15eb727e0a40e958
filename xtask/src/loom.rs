//! `cargo xtask loom [--mutants] [--quick] [FILTER]`: the concurrency models of the crates that have some.
//!
//! Each runs in a process of its own and prints one line:
//!
//! ```text
//! loom-model<TAB>NAME<TAB>INTERLEAVINGS<TAB>exhaustive|bounded:K<TAB>MUTANT
//! ```
//!
//! With `--mutants` each runs once more with `FQBUF_MUTANT` set to its mutant, the one place in the code that it guards
//! broken on purpose, and has to fail: loom reports a deadlock by a panic and an abort, so death by a signal counts as red
//! too. A mutant in the code that no model names, or more than one, is an error. `--quick` bounds the preemptions at two, for mutants
//! as well: one that takes three then stays green.
//!
//! The last line is `loom: N models, E exhaustive, F failed`.

use std::{
    collections::BTreeSet,
    env,
    time::{Duration, Instant},
};

use crate::{
    models::{Model, TIMED_OUT, models, mutant_sites, on_all_cores},
    run::Outcome,
};

/// A model that takes longer has gone wrong: an unbounded loop, or a state space that nobody meant.
const LIMIT: Duration = Duration::from_secs(900);
/// A mutant that is still alive after this counts as not seen.
const MUTANT_LIMIT: Duration = Duration::from_secs(180);

/// What a model said of itself.
struct Report {
    name: String,
    interleavings: u64,
    extent: String,
    mutant: String,
}

pub(crate) fn run(args: &[String]) -> Outcome {
    let (mut mutants, mut quick, mut filter) = (false, false, "");
    for arg in args {
        match arg.as_str() {
            "--mutants" => mutants = true,
            "--quick" => quick = true,
            option if option.starts_with('-') => return Err(format!("loom has no option {option}")),
            text => filter = text,
        }
    }
    let models = models("loom", filter)?;
    let mut sites = BTreeSet::new();
    for package in models.iter().map(|model| model.package).collect::<BTreeSet<_>>() {
        sites.extend(mutant_sites(package)?);
    }

    let results = on_all_cores(&models, |model| judge(model, quick, mutants));
    let (mut exhaustive, mut failed, mut red) = (0, 0, 0);
    for (report, errors) in &results {
        if let Some(report) = report {
            exhaustive += usize::from(report.extent == "exhaustive");
            red += usize::from(mutants && errors.is_empty());
            if !sites.remove(&report.mutant) && mutants && errors.is_empty() {
                println!("loom: {}: its mutant {:?} is another model's, or no line's", report.name, report.mutant);
                failed += 1;
            }
        }
        failed += usize::from(!errors.is_empty());
    }
    if mutants {
        println!("loom: {red} of {} mutants seen red", models.len());
        if filter.is_empty() {
            for site in &sites {
                println!("loom: no model names the mutant {site:?}");
                failed += 1;
            }
        }
    }
    println!("loom: {} models, {exhaustive} exhaustive, {failed} failed", models.len());
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of the models failed")) }
}

/// Runs a model, and its mutant when asked; the verdict is printed.
fn judge(model: &Model, quick: bool, mutants: bool) -> (Option<Report>, Vec<String>) {
    let start = Instant::now();
    let mut errors = Vec::new();
    // The same bounds for the model and for its mutant.
    let quick = quick && env::var_os("LOOM_MAX_PREEMPTIONS").is_none();
    let vars = if quick { vec![("LOOM_MAX_PREEMPTIONS", "2".to_owned())] } else { Vec::new() };
    let outcome = model.process(None, &vars, LIMIT);
    let report = outcome.text.lines().find_map(parse);
    if !outcome.green {
        errors.push(format!("failed ({})\n{}", outcome.end, outcome.text));
    } else if report.is_none() {
        errors.push("passed, but did not say how: the line loom-model is missing".to_owned());
    }
    if let Some(report) = &report
        && !model.name.ends_with(&report.name)
    {
        errors.push(format!("calls itself {}", report.name));
    }
    let mut seen = String::new();
    if let (Some(report), true, true) = (&report, mutants, errors.is_empty()) {
        if report.mutant.is_empty() {
            errors.push("has no mutant".to_owned());
        } else {
            let outcome = model.process(Some(&report.mutant), &vars, MUTANT_LIMIT);
            if outcome.green {
                errors.push(format!("stays green with its mutant {:?}", report.mutant));
            } else if outcome.end == TIMED_OUT {
                errors.push(format!(
                    "its mutant {:?} ran for {} s without a verdict",
                    report.mutant,
                    MUTANT_LIMIT.as_secs()
                ));
            }
            seen = format!("; red with mutant {}", report.mutant);
        }
    }
    let name = format!("{}::{}", model.package, model.name);
    match (&report, errors.is_empty()) {
        (Some(report), true) => println!(
            "{name}: {} interleavings, {}{seen} ({:.1} s)",
            report.interleavings,
            report.extent,
            start.elapsed().as_secs_f32()
        ),
        _ => println!("{name}: FAILED: {}", errors.join("; ")),
    }
    (report, errors)
}

/// Reads a model's line. The test harness may have printed something before it on the same line.
fn parse(line: &str) -> Option<Report> {
    let (_, line) = line.split_once("loom-model\t")?;
    let mut fields = line.trim_end().split('\t');
    let (name, interleavings, extent) = (fields.next()?, fields.next()?, fields.next()?);
    Some(Report {
        name: name.to_owned(),
        interleavings: interleavings.parse().ok()?,
        extent: extent.to_owned(),
        mutant: fields.next().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_models_line_is_found_behind_the_harness() {
        let report = parse("test swap ... loom-model\tswap\t120\tbounded:3\tdropped notify").expect("a report");
        assert_eq!((report.name.as_str(), report.interleavings), ("swap", 120));
        assert_eq!((report.extent.as_str(), report.mutant.as_str()), ("bounded:3", "dropped notify"));
        assert!(parse("running 1 test").is_none());
        assert!(parse("loom-model\tswap\tmany\texhaustive\t").is_none());
    }
}
