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

/// How much a count may grow.
const CEILING: f64 = 1.03;

fn file() -> PathBuf {
    results::root().join("instructions.tsv")
}

/// Counts all loops and compares with the kept counts, or keeps the new ones.
///
/// # Errors
///
/// When a count grew by more than 3 %, where valgrind is missing, or where nothing is kept.
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
    let compiler = kept.get("compiler").copied().unwrap_or_default();
    let mut grown = String::new();
    for (name, count) in counts {
        let before: u64 = kept.get(name.as_str()).and_then(|count| count.parse().ok()).unwrap_or(0);
        println!("instructions of {name}: {count}, kept {before}");
        if *count as f64 > before as f64 * CEILING {
            let _ = write!(grown, " {name}");
        }
    }
    if grown.is_empty() {
        return Ok(());
    }
    let mut error = format!("more instructions than were kept:{grown}");
    if compiler != machine::compiler() {
        let _ = write!(error, " (kept with {compiler}, this is {})", machine::compiler());
    }
    Err(error)
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
