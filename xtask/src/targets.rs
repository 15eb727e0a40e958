//! `cargo xtask targets`: whether the crates still build for other systems than this one.
//!
//! Other operating systems, 32-bit addresses, the other byte order. Nothing runs there; tests run where ci does. std comes
//! from nightly's sources, so that nobody has to install a target.

use crate::{
    run::{Outcome, nightly, target},
    sanitize::sources,
};

/// Linux on ARM, on 32 bits and with the great end first; macOS; Windows.
const TARGETS: [&str; 5] = [
    "aarch64-unknown-linux-gnu",
    "i686-unknown-linux-gnu",
    "s390x-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];
/// Without files that are read at any place, so without what reads files.
const NO_FILES: &str = "wasm32-unknown-unknown";
const WITHOUT_FILES: [&str; 6] =
    ["fqbuf-stats", "fqbuf-arena", "fqbuf-line", "fqbuf-ring", "fqbuf-pool", "fqbuf-record"];

pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("targets takes no arguments".to_owned());
    }
    sources()?;
    for name in TARGETS {
        check(name, &["fqbuf"])?;
    }
    check(NO_FILES, &WITHOUT_FILES)
}

fn check(name: &str, packages: &[&str]) -> Outcome {
    nightly()?
        .args(["check", "--quiet", "-Zbuild-std", "--target", name])
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .var("CARGO_TARGET_DIR", target().join("targets").display().to_string())
        .check()
}
