//! Instruction counts of our hot loops under callgrind, which do not depend on what else the machine does.
//!
//! The loops are those of the binary `hot` in `benches/`. Each runs twice, with one and with two portions of work; the
//! difference is free of start and end. valgrind offers the program no AVX-512, so the vector code counted is the next
//! narrower unit's.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Outcome, here, machine, results};

/// By what factor a count may be more or less than what was kept: what fell unseen could grow back unseen.
const NEAR: f64 = 1.03;

fn file() -> PathBuf {
    results::root().join("instructions.tsv")
}

/// Counts all loops and compares with the kept counts, or keeps the new ones.
///
/// # Errors
///
/// When a count is more than 3 % off the kept one, or there is only one of both; where valgrind is missing.
pub(crate) fn run(keep: bool) -> Outcome {
    let binary = build()?;
    let loops = output(Command::new(&binary).arg("list"))?;
    let mut counts = BTreeMap::new();
    for name in loops.lines() {
        let (one, two) = (count(&binary, name, 1)?, count(&binary, name, 2)?);
        counts.insert(name.to_owned(), two.saturating_sub(one));
    }
    if keep {
        let mut text = format!("compiler\t{}\n", machine::compiler());
        counts.iter().for_each(|(name, count)| text.push_str(&format!("{name}\t{count}\n")));
        return fs::write(file(), text).map_err(|error| format!("{}: {error}", file().display()));
    }
    compare(&counts)
}

fn compare(counts: &BTreeMap<String, u64>) -> Outcome {
    let text = fs::read_to_string(file()).map_err(|error| format!("{}: {error}", file().display()))?;
    let kept: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('\t')).collect();
    counts.iter().for_each(|(name, count)| {
        println!("instructions of {name}: {count}, kept {}", kept.get(name.as_str()).unwrap_or(&"nothing"));
    });
    let compiler = kept.get("compiler").copied().unwrap_or_default();
    let kept = kept.into_iter().filter_map(|(name, count)| Some((name, count.parse().ok()?))).collect();
    let mut error = differences(counts, &kept);
    if error.is_empty() {
        return Ok(());
    }
    error.insert_str(0, "not the instructions that were kept:");
    if compiler != machine::compiler() {
        let _ = write!(error, " (kept with {compiler}, this is {})", machine::compiler());
    }
    Err(error)
}

/// What is not as it was kept, for people; nothing if all is.
fn differences(counts: &BTreeMap<String, u64>, kept: &BTreeMap<&str, u64>) -> String {
    let mut text = String::new();
    for (name, &count) in counts {
        let before = kept.get(name.as_str()).copied().unwrap_or(0) as f64;
        let count = count as f64;
        if count > before * NEAR {
            let _ = write!(text, " {name} (more)");
        } else if count * NEAR < before {
            let _ = write!(text, " {name} (less, which `cargo xtask bench --instructions --keep` keeps)");
        }
    }
    for name in kept.keys().filter(|name| !counts.contains_key(**name)) {
        let _ = write!(text, " {name} (no such loop)");
    }
    text
}

/// Builds the loops.
fn build() -> Outcome<PathBuf> {
    let root = here().join("../..");
    let target = here().join("target/hot");
    let status = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args(["build", "--quiet", "--release", "--package", "fqbuf-benches", "--features", "hot", "--bin", "hot"])
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(root)
        .status();
    match status {
        Ok(status) if status.success() => Ok(target.join("release/hot")),
        Ok(_) => Err("the hot loops do not build".to_owned()),
        Err(error) => Err(format!("cargo: {error}")),
    }
}

/// The instructions of `portions` of a loop's work, start and end included.
fn count(binary: &Path, name: &str, portions: u32) -> Outcome<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(binary).arg(name);
    let text = output(command.arg(portions.to_string()))?;
    let line = text.lines().find_map(|line| line.split_once("Collected : "));
    line.and_then(|(_, count)| count.trim().parse().ok()).ok_or_else(|| format!("callgrind of {name} counted nothing"))
}

/// What a command prints on both its outputs.
fn output(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}; it is a package of most systems"))?;
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if output.status.success() { Ok(text) } else { Err(format!("{name} failed:\n{text}")) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::differences;

    #[test]
    fn more_less_and_what_is_no_longer_there_differ() {
        let counts = |counts: &[(&str, u64)]| counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let kept = BTreeMap::from([("line", 1000), ("pool", 1000)]);
        let told = |line, pool| differences(&counts(&[("line", line), ("pool", pool)]), &kept);
        assert_eq!(told(1029, 971), "");
        assert_eq!(told(1031, 1000), " line (more)");
        assert!(told(1000, 970).starts_with(" pool (less"));
        assert_eq!(differences(&counts(&[("line", 1000)]), &kept), " pool (no such loop)");
        assert_eq!(differences(&counts(&[("arena", 1), ("line", 1000), ("pool", 1000)]), &kept), " arena (more)");
    }
}
