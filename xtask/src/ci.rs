//! `cargo xtask ci`: what lands or rejects a change. The tests come first, as a newcomer would run them.

use crate::{
    loom,
    manifest::{PUBLISHED, features},
    run::{Outcome, cargo},
    shuttle, test, tidy,
    tools::tool,
};

/// The version of cargo-deny that `deny.toml` is written for.
const DENY: &str = "0.20.2";

pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("ci takes no arguments".to_owned());
    }
    test::run(&[])?;
    cargo().args(["fmt", "--all", "--check"]).check()?;
    tidy::run(&[])?;
    // The lock file as committed, and everything it names fetched, so that deny below can stay offline.
    cargo().args(["fetch", "--locked"]).check()?;
    let warnings = ["--", "--deny", "warnings"];
    cargo().args(["clippy", "--workspace", "--all-targets", "--all-features"]).args(warnings).check()?;
    cargo()
        .args(["doc", "--workspace", "--all-features", "--no-deps"])
        .var("RUSTDOCFLAGS", "--deny warnings")
        .check()?;
    feature_combinations()?;
    loom::run(&["--mutants".to_owned()])?;
    shuttle::run(&["--mutants".to_owned()])?;
    deny()?;
    package()?;
    println!("ci: all green");
    Ok(())
}

/// Every set of features of every crate that has some, libraries only, warnings denied; and what a build that reads no
/// compressed format says to each of them.
fn feature_combinations() -> Outcome {
    cargo().args(["test", "--package", "fqbuf-stream", "--no-default-features", "--test", "it"]).check()?;
    for name in PUBLISHED {
        let features = features(name)?;
        if features.is_empty() {
            continue;
        }
        if features.len() > 6 {
            return Err(format!("{name} has {} features: too many for every set of them", features.len()));
        }
        for set in 0..1_u32 << features.len() {
            let chosen: Vec<&str> = features
                .iter()
                .enumerate()
                .filter(|(at, _)| set & (1 << at) != 0)
                .map(|(_, name)| name.as_str())
                .collect();
            let chosen = format!("--features={}", chosen.join(","));
            let lints = ["--lib", "--quiet", "--", "--deny", "warnings"];
            cargo().args(["clippy", "--package", name, "--no-default-features", &chosen]).args(lints).check()?;
        }
    }
    Ok(())
}

/// Licences, sources and duplicate versions of all dependencies. Advisories need a database from the network and are left
/// to whoever publishes.
fn deny() -> Outcome {
    tool("cargo-deny", DENY, &["--no-default-features"])?
        .args(["--offline", "check", "bans", "licenses", "sources"])
        .check()
}

/// The published crates as they would be uploaded: what is in them, and that each builds from its own archive.
fn package() -> Outcome {
    for name in PUBLISHED {
        let list = cargo().args(["package", "--list", "--allow-dirty", "--package", name]).output()?;
        for needed in ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"] {
            if !list.lines().any(|line| line == needed) {
                return Err(format!("the package of {name} lacks {needed}"));
            }
        }
    }
    let packages = PUBLISHED.iter().flat_map(|name| ["--package", name]);
    cargo().args(["package", "--allow-dirty", "--locked"]).args(packages).check()
}
