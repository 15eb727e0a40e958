//! `cargo xtask deep`: what takes longer than a change should wait for, or needs nightly.

use crate::{
    bench, fuzz, loom,
    run::{Outcome, cargo, nightly, target},
    shuttle,
};

/// Crates with `unsafe` of their own, and those whose tests drive it.
const SANITIZED: [&str; 3] = ["fqbuf-arena", "fqbuf-record", "fqbuf-pool"];

pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("deep takes no arguments".to_owned());
    }
    // First what may be missing, so that nobody waits an hour to hear of it.
    let nightly = nightly()?;
    loom::run(&["--mutants".to_owned()])?;
    shuttle::run(&["--mutants".to_owned(), "--deep".to_owned()])?;
    // With the variable set, tests repeat and enumerate far more than a change should wait for.
    cargo().args(["test", "--workspace", "--all-features", "--release"]).var("FQBUF_DEEP", "1").check()?;
    let packages = SANITIZED.iter().flat_map(|name| ["--package", name]);
    nightly
        .args(["test", "--target", "x86_64-unknown-linux-gnu", "--lib", "--test", "it"])
        .args(packages)
        .var("RUSTFLAGS", "-Zsanitizer=address")
        // Tests of forgotten leases leak on purpose.
        .var("ASAN_OPTIONS", "detect_leaks=0")
        .var("CARGO_TARGET_DIR", target().join("asan").display().to_string())
        .check()?;
    fuzz::run(&[])?;
    if bench::peers() {
        bench::run(&["--check".to_owned()])?;
    }
    Ok(())
}
