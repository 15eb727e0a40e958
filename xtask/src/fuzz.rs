//! `cargo xtask fuzz [TARGET] [SECONDS]`: the fuzz targets, a minute each. Needs nightly and cargo-fuzz.

use std::process::{Command, Stdio};

use crate::run::{Outcome, nightly, root};

pub(crate) fn run(args: &[String]) -> Outcome {
    let mut targets = targets()?;
    let mut seconds = 60_u32;
    for arg in args {
        match arg.parse() {
            Ok(number) => seconds = number,
            Err(_) => targets.retain(|target| target == arg),
        }
    }
    if targets.is_empty() {
        return Err("no such fuzz target in fuzz/fuzz_targets".to_owned());
    }
    nightly()?;
    let found = Command::new("cargo-fuzz").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        return Err("cargo-fuzz is missing: cargo install --locked cargo-fuzz".to_owned());
    }
    for target in targets {
        let limit = format!("-max_total_time={seconds}");
        nightly()?.args(["fuzz", "run", "--fuzz-dir", "fuzz", target.as_str(), "--", limit.as_str()]).check()?;
    }
    Ok(())
}

/// The targets there are.
fn targets() -> Outcome<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let entries = folder.read_dir().map_err(|_| "there is no fuzz/fuzz_targets in this checkout".to_owned())?;
    let mut targets: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".rs")?.to_owned())).collect();
    targets.sort();
    Ok(targets)
}
