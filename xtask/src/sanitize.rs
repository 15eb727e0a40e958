//! `cargo xtask sanitize [thread|address|memcheck]`: tests on real threads and real memory, watched.
//!
//! * `thread`: `ThreadSanitizer`, over the crates that share anything between threads. It reports races that do not exist
//!   unless std is built with it as well, so it is: that needs nightly and its `rust-src`, which is fetched if missing.
//! * `address`: `AddressSanitizer`, over the crates whose `unsafe` touches memory, those whose tests drive it, and those that call
//!   codecs. Needs nightly.
//! * `memcheck`: valgrind, over optimised test binaries, one thread of tests at a time: also values that were never written, and
//!   memory that nobody can reach any more. Others would take an hour. Needs valgrind.
//!
//! Where a tool is missing, that is an error which names the command that brings it.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::run::{Outcome, Run, cargo, executable, nightly, run as program, target};

/// Crates with locks and atomics that others share, and one with threads of its own.
const SHARING: [&str; 4] = ["fqbuf-stats", "fqbuf-ring", "fqbuf-pool", "fqbuf-stream"];
/// Crates whose `unsafe` touches memory, those whose tests drive it, and those that call codecs.
const UNSAFE: [&str; 6] = ["fqbuf-arena", "fqbuf-line", "fqbuf-record", "fqbuf-ring", "fqbuf-pool", "fqbuf-stream"];
/// Crates whose tests valgrind runs in minutes.
const CHECKED: [&str; 4] = ["fqbuf-arena", "fqbuf-ring", "fqbuf-pool", "fqbuf-record"];

/// The one target that sanitizers are used on. Named, so that build scripts and macros are built without them.
const TARGET: &str = "x86_64-unknown-linux-gnu";

pub(crate) fn run(args: &[String]) -> Outcome {
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            thread()?;
            address()?;
            memcheck()
        }
        ["thread"] => thread(),
        ["address"] => address(),
        ["memcheck"] => memcheck(),
        _ => Err("sanitize takes thread, address or memcheck".to_owned()),
    }
}

/// What would stop a task after an hour, looked for at its beginning.
///
/// # Errors
///
/// When a tool is missing.
pub(crate) fn look() -> Outcome {
    nightly()?;
    sources()?;
    valgrind()
}

fn thread() -> Outcome {
    sources()?;
    let watched = |packages: &[&str], filter: &[&str]| {
        let run = sanitized("thread", packages)?.args(["-Zbuild-std", "--"]).args(filter.iter().copied());
        // What is ten to fifty times slower may take its time.
        Ok::<_, String>(run.var("TSAN_OPTIONS", "halt_on_error=1").var("FQBUF_PATIENCE", "20"))
    };
    watched(&SHARING, &[])?.check()?;
    // Those that the others share their memory through once more, with their tests of threads at their longest.
    watched(&SHARING[..3], &["threads::"])?.var("FQBUF_DEEP", "1").check()?;
    // Not a thousand runs, each with threads of its own, on input that hardly is; nor what asks the system for a process'
    // memory, which the sanitizer multiplies; nor what enumerates texts on one thread.
    let skipped = ["nearly_nothing", "peak_memory", "condensed"];
    watched(&["fqbuf-parallel"], &skipped.map(|name| ["--skip", name]).concat())?.check()
}

fn address() -> Outcome {
    // Tests of forgotten leases leak on purpose, and others ask for more memory than there is.
    sanitized("address", &UNSAFE)?.var("ASAN_OPTIONS", "detect_leaks=0:allocator_may_return_null=1").check()
}

/// The tests of these crates under a sanitizer, in a target folder of its own.
fn sanitized(sanitizer: &str, packages: &[&str]) -> Outcome<Run> {
    Ok(nightly()?
        .args(["test", "--target", TARGET, "--all-features", "--lib", "--test", "it"])
        .args(packages.iter().flat_map(|name| ["--package", name]))
        .var("RUSTFLAGS", format!("-Zsanitizer={sanitizer}"))
        .var("CARGO_TARGET_DIR", target().join(sanitizer).display().to_string()))
}

/// The sources of nightly's std, fetched if missing.
pub(crate) fn sources() -> Outcome {
    let there = || -> Option<bool> {
        let output = Command::new("rustup").args(["run", "nightly", "rustc", "--print", "sysroot"]).output().ok()?;
        let sysroot = String::from_utf8(output.stdout).ok()?;
        Some(Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std").is_dir())
    };
    if there() == Some(true) {
        return Ok(());
    }
    program("rustup").args(["component", "add", "rust-src", "--toolchain", "nightly"]).check()
}

fn valgrind() -> Outcome {
    let found = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    if found {
        Ok(())
    } else {
        Err("this needs valgrind, which comes with the system: apt install valgrind".to_owned())
    }
}

fn memcheck() -> Outcome {
    valgrind()?;
    for package in CHECKED {
        let build = [
            "test",
            "--package",
            package,
            "--test",
            "it",
            "--all-features",
            "--release",
            "--no-run",
            "--message-format=json",
        ];
        let binary = executable(&cargo().args(build).output()?)
            .ok_or_else(|| format!("cargo named no test binary for {package}"))?;
        program("valgrind")
            // Without turns, a thread that never waits keeps the others from running at all.
            .args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--fair-sched=yes"])
            .args(["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"])
            .args([binary.display().to_string().as_str(), "--test-threads=1", "--quiet"])
            // What is forgotten on purpose, and what enumerates.
            .args(["--skip", "forgotten", "--skip", "exhaustive"])
            .var("PROPTEST_CASES", "8")
            .check()?;
    }
    Ok(())
}
