//! `cargo xtask deep`: what takes longer than a change should wait for, or needs nightly.
//!
//! One step after the other, and the first that fails ends it. On two cores some four hours: two of them are shuttle's million
//! schedules of each scenario, half an hour each the long tests and `ThreadSanitizer`, minutes the others.

use crate::{
    bench, fuzz, loom,
    run::{Outcome, cargo, run as program},
    sanitize, shuttle, targets,
};

pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("deep takes no arguments".to_owned());
    }
    // First what may be missing, so that nobody waits an hour to hear of it.
    sanitize::look()?;
    if bench::peers() {
        look()?;
    }
    targets::run(&[])?;
    loom::run(&["--mutants".to_owned()])?;
    // With the variable set, tests repeat and enumerate far more than a change should wait for.
    cargo().args(["test", "--workspace", "--all-features", "--release"]).var("FQBUF_DEEP", "1").check()?;
    sanitize::run(&[])?;
    fuzz::run(&[])?;
    shuttle::run(&["--mutants".to_owned(), "--deep".to_owned()])?;
    if bench::peers() {
        // A workspace of its own, which nothing that runs for a change builds.
        let lints = ["--manifest-path", "benches/peers/Cargo.toml", "--all-targets", "--", "--deny", "warnings"];
        cargo().args(["clippy"]).args(lints).check()?;
        let tests = ["--manifest-path", "benches/peers/Cargo.toml", "--package", "runner", "--package", "harness"];
        cargo().args(["test"]).args(tests).check()?;
        bench::run(&["--check".to_owned()])?;
    }
    Ok(())
}

/// What the comparison with the peers would miss at the end of everything: cmake, which one of them is built with, and the
/// history, from which the code of kept results is built.
///
/// # Errors
///
/// When one of them is not there.
fn look() -> Outcome {
    if program("cmake").args(["--version"]).output().is_err() {
        return Err("this needs cmake, which comes with the system: apt install cmake".to_owned());
    }
    match program("git").args(["rev-parse", "--is-shallow-repository"]).output() {
        Ok(shallow) if shallow.trim() == "false" => Ok(()),
        Ok(_) => Err("this needs the whole history of the repository: git fetch --unshallow".to_owned()),
        Err(_) => Err("this needs git and a checkout with its history, not a copy of the files".to_owned()),
    }
}
