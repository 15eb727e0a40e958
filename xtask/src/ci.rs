//! `cargo xtask ci`: what lands or rejects a change. Once the lock files are found to be those of the manifests, the tests
//! come first, as a newcomer would run them.

use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::{
    loom,
    manifest::{PUBLISHED, features},
    run::{Outcome, cargo, target},
    shuttle, test, tidy,
    tools::tool,
};

/// The version of cargo-deny that `deny.toml` is written for.
const DENY: &str = "0.20.2";

/// The workspaces that there are.
const WORKSPACES: [&str; 3] = ["Cargo.toml", "benches/peers/Cargo.toml", "fuzz/Cargo.toml"];

pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("ci takes no arguments".to_owned());
    }
    // The lock files as committed, before anything writes new ones; and everything they name fetched, so that deny below can
    // stay offline.
    for manifest in WORKSPACES {
        cargo().args(["fetch", "--locked", "--manifest-path", manifest]).check()?;
    }
    test::run(&[])?;
    // The workspaces that nothing here builds are formatted all the same.
    for manifest in WORKSPACES {
        cargo().args(["fmt", "--manifest-path", manifest, "--all", "--check"]).check()?;
    }
    tidy::run(&[])?;
    let warnings = ["--", "--deny", "warnings"];
    cargo().args(["clippy", "--workspace", "--all-targets", "--all-features"]).args(warnings).check()?;
    cargo()
        .args(["doc", "--workspace", "--all-features", "--no-deps"])
        .var("RUSTDOCFLAGS", "--deny warnings")
        .check()?;
    feature_combinations()?;
    fuzz_targets()?;
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

/// Whether the fuzz targets still are what the crates offer; `fuzz` builds and runs them, with nightly.
fn fuzz_targets() -> Outcome {
    cargo()
        .args(["clippy", "--locked", "--manifest-path", "fuzz/Cargo.toml", "--", "--deny", "warnings"])
        // Nothing is linked, so no libFuzzer either, which would want a compiler of C++: its build script is told of one.
        .var("CUSTOM_LIBFUZZER_PATH", "nowhere/libfuzzer.a")
        .check()
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
    // A target folder of its own, new every time: cargo takes what is built or unpacked under a version for what it will
    // ever be, and an earlier run's crates have the same one.
    let folder = target().join("packages");
    forget(&folder)?;
    let packages = PUBLISHED.iter().flat_map(|name| ["--package", name]);
    cargo()
        .args(["package", "--allow-dirty", "--locked"])
        .args(packages)
        .var("CARGO_TARGET_DIR", folder.display().to_string())
        .check()?;
    forget(&folder)
}

/// Removes the folder in which packages were checked, and what cargo unpacked of them: it keeps that by their names below a
/// folder whose name begins with a hyphen, for the registry in the target folder has no host.
fn forget(folder: &Path) -> Outcome {
    let remove = |path: &Path| match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(format!("{}: {error}", path.display())),
        _ => Ok(()),
    };
    remove(folder)?;
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let Some(unpacked) = home.map(|home| home.join("registry/src")) else { return Ok(()) };
    for registry in fs::read_dir(unpacked).into_iter().flatten().flatten() {
        if registry.file_name().to_string_lossy().starts_with('-') {
            for name in PUBLISHED {
                remove(&registry.path().join(format!("{name}-{}", env!("CARGO_PKG_VERSION"))))?;
            }
        }
    }
    Ok(())
}
