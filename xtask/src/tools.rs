//! Tools that a task needs and cargo does not bring: found, or built below the target folder.

use std::{path::PathBuf, process::Command};

use crate::run::{Outcome, Run, cargo, run, target};

/// A tool by name and version, from the search path or our own folder, where it is built first if need be.
///
/// # Errors
///
/// When it cannot be built; the command printed is the one that mends it.
pub(crate) fn tool(name: &str, version: &str, install: &[&str]) -> Outcome<Run> {
    let right = |path: &PathBuf| {
        let output = Command::new(path).arg("--version").output();
        output.is_ok_and(|output| output.status.success() && String::from_utf8_lossy(&output.stdout).contains(version))
    };
    let folder = target().join("tools");
    let own = folder.join("bin").join(name);
    let path = match [PathBuf::from(name), own.clone()].into_iter().find(right) {
        Some(path) => path,
        None => {
            // Hardly optimised: each runs for a second, and would build for many minutes.
            cargo()
                .args(["install", "--locked", name, "--version", version])
                .args(install.iter().copied())
                .args(["--root".to_owned(), folder.display().to_string()])
                .args(["--target-dir".to_owned(), folder.join("build").display().to_string()])
                .var("CARGO_PROFILE_RELEASE_LTO", "off")
                .var("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                .var("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                .check()?;
            own
        }
    };
    Ok(run(&path.display().to_string()))
}
