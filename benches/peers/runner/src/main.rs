//! `cargo xtask bench [GROUP...] [--rounds N] [--laps N] [--row TEXT] [--keep] [--check] [--instructions]`.
//!
//! Builds the contenders of the groups, runs those of each row interleaved, one process each, in another order every round,
//! and compares: all answers of a row are equal, ratios are medians of the ratios within a round. The results are kept in
//! `benches/results/`, those of rows with two threads for each state of the machine that was met, and `benches/RESULTS.md`
//! and the table in the README are written anew; with `--row` only where `--keep` says so. What is kept has at least seven rounds.
//!
//! A row whose ratios lie far apart is measured three times as long.
//!
//! * `--check`: a short run, on a third of each set, against the kept results; a ratio that fell by more than 15 % fails, and it
//!   is told whether the code or the machine is the cause.
//! * `--instructions`: the instruction counts of our hot loops under callgrind, against the kept ones; `--keep` keeps the new.
#![forbid(unsafe_code)]

mod check;
mod data;
mod group;
mod instructions;
mod machine;
mod program;
mod readme;
mod report;
mod results;
mod round;
mod statistics;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::{
    data::Sets,
    group::{Group, Row},
    round::Measured,
};

/// What a step ends with; the error is for people.
type Outcome<T = ()> = Result<T, String>;

/// How thoroughly to measure.
#[derive(Clone, Copy)]
struct Effort {
    /// Rounds of all contenders.
    rounds: usize,
    /// Timed laps in each process, the median of which counts.
    laps: usize,
    /// What is read of the data sets.
    sets: Sets,
}

/// Rounds of which results are worth keeping.
const LEAST_KEPT: usize = 7;

/// The arguments.
struct Args {
    groups: Vec<String>,
    effort: Effort,
    row: String,
    check: bool,
    instructions: bool,
    keep: bool,
}

impl Args {
    /// Whether results replace those that were kept.
    fn keeps(&self) -> bool {
        self.keep || self.row.is_empty()
    }
}

fn main() -> ExitCode {
    match parse(env::args().skip(1)).and_then(|args| run(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Outcome<Args> {
    let mut parsed = Args {
        groups: Vec::new(),
        effort: Effort { rounds: 8, laps: 3, sets: Sets::Whole },
        row: String::new(),
        check: false,
        instructions: false,
        keep: false,
    };
    while let Some(arg) = args.next() {
        let mut number = || {
            let value = args.next().and_then(|value| value.parse().ok()).filter(|number| *number > 0);
            value.ok_or_else(|| format!("{arg} takes a number from 1"))
        };
        match arg.as_str() {
            "--rounds" => parsed.effort.rounds = number()?,
            "--laps" => parsed.effort.laps = number()?,
            "--row" => parsed.row = args.next().ok_or("--row takes a part of a row's name")?,
            "--check" => parsed.check = true,
            "--instructions" => parsed.instructions = true,
            "--keep" => parsed.keep = true,
            option if option.starts_with('-') => return Err(format!("no option {option}")),
            group => parsed.groups.push(group.to_owned()),
        }
    }
    Ok(parsed)
}

fn run(args: &Args) -> Outcome {
    if args.instructions {
        return instructions::run(args.keep);
    }
    if args.keeps() && !args.check && args.effort.rounds < LEAST_KEPT {
        return Err(format!(
            "results are kept of {LEAST_KEPT} rounds and more; with --row, and without --keep, they are printed"
        ));
    }
    let groups = group::build(&args.groups)?;
    if args.check {
        return check::run(&groups, || instructions::run(false));
    }
    for (group, row) in groups.iter().flat_map(|group| group.rows.iter().map(move |row| (group, row))) {
        if row.name.contains(&args.row) {
            measure(group, row, args)?;
        }
    }
    Ok(())
}

/// Measures a row, prints what came of it, and keeps that, so that a run that is stopped has kept what it has printed.
fn measure(group: &Group, row: &Row, args: &Args) -> Outcome {
    let run = |effort| -> Outcome<Option<Measured>> {
        let measured = round::run(row, effort)?;
        Ok(measured.map(|measured| Measured { how: results::how(&group.name, row, effort), ..measured }))
    };
    let mut measured = run(args.effort)?;
    if measured.as_ref().is_some_and(Measured::is_scattered) {
        measured = run(Effort { rounds: 3 * args.effort.rounds, ..args.effort })?.or(measured);
    }
    let Some(mut measured) = measured else {
        println!("{} {}: the machine changes too often\n", group.name, row.name);
        return Ok(());
    };
    round::count_allocations(row, &mut measured)?;
    println!("{}", report::row(row, [&measured]));
    if args.keeps() {
        results::keep(group, row, measured)?;
        results::render()?;
    }
    Ok(())
}

/// The root of the workspace of the peers.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the runner lies in it").to_path_buf()
}
