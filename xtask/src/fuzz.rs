//! `cargo xtask fuzz [TARGET] [SECONDS]`: the fuzz targets, a minute each. Needs nightly and cargo-fuzz.

use crate::{
    run::{Outcome, nightly, root},
    tools::tool,
};

/// The version of cargo-fuzz that is built where there is none.
const FUZZ: &str = "0.13.2";

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
    for target in targets {
        let limit = format!("-max_total_time={seconds}");
        tool("cargo-fuzz", FUZZ, &[])?
            .args(["fuzz", "run", "--fuzz-dir", "fuzz", target.as_str(), "--", limit.as_str()])
            .var("RUSTUP_TOOLCHAIN", "nightly")
            .remove("CARGO")
            .check()?;
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
