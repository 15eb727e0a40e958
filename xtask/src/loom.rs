//! `cargo xtask loom [--mutants] [--quick] [FILTER]`: the concurrency models of the crates that have some.
//!
//! The models build with `--cfg loom`, optimised, in a target folder of their own, one crate at a time by name, so that
//! nothing else ever sees the cfg. Each runs in a process of its own and prints one line:
//!
//! ```text
//! loom-model<TAB>NAME<TAB>INTERLEAVINGS<TAB>exhaustive|bounded:K<TAB>MUTANT
//! ```
//!
//! With `--mutants` each runs once more with `FQBUF_MUTANT` set to its mutant, the one place in the code that it guards
//! broken on purpose, and has to fail: loom reports a deadlock by a panic and an abort, so death by a signal counts as red
//! too. A mutant in the code that no model names is an error. `--quick` bounds the preemptions at two.
//!
//! The last line is `loom: N models, E exhaustive, F failed`.

use std::{
    collections::BTreeSet,
    env, fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    manifest::PUBLISHED,
    run::{Outcome, cargo, root, target},
    tidy::source::rust_files,
};

/// A model that takes longer has gone wrong: an unbounded loop, or a state space that nobody meant.
const LIMIT: Duration = Duration::from_secs(900);
/// A mutant that is still alive after this counts as not seen.
const MUTANT_LIMIT: Duration = Duration::from_secs(180);

/// A model as a process: the crate, its test binary, the name of the test.
struct Model {
    package: &'static str,
    binary: PathBuf,
    name: String,
}

/// What a model said of itself.
struct Report {
    name: String,
    interleavings: u64,
    extent: String,
    mutant: String,
}

pub(crate) fn run(args: &[String]) -> Outcome {
    let (mut mutants, mut quick, mut filter) = (false, false, "");
    for arg in args {
        match arg.as_str() {
            "--mutants" => mutants = true,
            "--quick" => quick = true,
            option if option.starts_with('-') => return Err(format!("loom has no option {option}")),
            text => filter = text,
        }
    }
    let mut models = Vec::new();
    let mut sites = BTreeSet::new();
    for package in PUBLISHED {
        let folder = root().join("crates").join(package);
        if !folder.join("tests/loom.rs").is_file() {
            continue;
        }
        sites.extend(mutant_sites(&folder.join("src"))?);
        let binary = build(package)?;
        models.extend(list(package, &binary)?.into_iter().filter(|model| model.name.contains(filter)));
    }
    if models.is_empty() {
        return Err(if filter.is_empty() {
            "no models".to_owned()
        } else {
            format!("no model is named like {filter}")
        });
    }

    let results = on_all_cores(&models, |model| judge(model, quick, mutants));
    let (mut exhaustive, mut failed, mut red) = (0, 0, 0);
    for (report, errors) in &results {
        if let Some(report) = report {
            exhaustive += usize::from(report.extent == "exhaustive");
            red += usize::from(mutants && errors.is_empty());
            sites.remove(&report.mutant);
        }
        failed += usize::from(!errors.is_empty());
    }
    if mutants {
        println!("loom: {red} of {} mutants seen red", models.len());
        if filter.is_empty() {
            for site in &sites {
                println!("loom: no model names the mutant {site:?}");
                failed += 1;
            }
        }
    }
    println!("loom: {} models, {exhaustive} exhaustive, {failed} failed", models.len());
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of the models failed")) }
}

/// Builds the models of one crate and gives the path of the test binary.
fn build(package: &str) -> Outcome<PathBuf> {
    let messages = cargo()
        .args(["test", "--package", package, "--test", "loom", "--release", "--no-run", "--message-format=json"])
        .var("RUSTFLAGS", "--cfg loom")
        .var("CARGO_TARGET_DIR", target().join("loom").display().to_string())
        .output()?;
    // One JSON object a line; the one of the test binary is the only one with a path here.
    let path = messages.lines().rev().find_map(|line| {
        let (_, rest) = line.split_once("\"executable\":\"")?;
        rest.split_once('"').map(|(path, _)| PathBuf::from(path.replace("\\\\", "\\")))
    });
    path.ok_or_else(|| format!("cargo named no test binary for the models of {package}"))
}

/// The models in a test binary.
fn list(package: &'static str, binary: &Path) -> Outcome<Vec<Model>> {
    let output = Command::new(binary).args(["--list", "--format", "terse"]).output();
    let output = output.map_err(|error| format!("{}: {error}", binary.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(|name| Model { package, binary: binary.to_path_buf(), name: name.to_owned() }).collect())
}

/// The names of all `mutant("…")` in a crate's sources.
fn mutant_sites(folder: &Path) -> Outcome<BTreeSet<String>> {
    let mut sites = BTreeSet::new();
    for path in rust_files(folder) {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        for rest in text.split("mutant(\"").skip(1) {
            sites.extend(rest.split_once('"').map(|(name, _)| name.to_owned()));
        }
    }
    Ok(sites)
}

/// Runs a model, and its mutant when asked; the verdict is printed.
fn judge(model: &Model, quick: bool, mutants: bool) -> (Option<Report>, Vec<String>) {
    let start = Instant::now();
    let mut errors = Vec::new();
    let outcome = process(model, None, quick, LIMIT);
    let report = outcome.text.lines().find_map(parse);
    if !outcome.green {
        errors.push(format!("failed ({})\n{}", outcome.end, outcome.text));
    } else if report.is_none() {
        errors.push("passed, but did not say how: the line loom-model is missing".to_owned());
    }
    let mut seen = String::new();
    if let (Some(report), true, true) = (&report, mutants, errors.is_empty()) {
        if report.mutant.is_empty() {
            errors.push("has no mutant".to_owned());
        } else {
            // The mutant is looked for with the same bounds as the model itself.
            let outcome = process(model, Some(&report.mutant), quick, MUTANT_LIMIT);
            if outcome.green {
                errors.push(format!("stays green with its mutant {:?}", report.mutant));
            } else if outcome.end == TIMED_OUT {
                errors.push(format!(
                    "its mutant {:?} ran for {} s without a verdict",
                    report.mutant,
                    MUTANT_LIMIT.as_secs()
                ));
            }
            seen = format!("; red with mutant {}", report.mutant);
        }
    }
    let name = format!("{}::{}", model.package, model.name);
    match (&report, errors.is_empty()) {
        (Some(report), true) => println!(
            "{name}: {} interleavings, {}{seen} ({:.1} s)",
            report.interleavings,
            report.extent,
            start.elapsed().as_secs_f32()
        ),
        _ => println!("{name}: FAILED: {}", errors.join("; ")),
    }
    if let Some(report) = &report
        && !model.name.ends_with(&report.name)
    {
        errors.push(format!("calls itself {}", report.name));
    }
    (report, errors)
}

/// How a process ended, and all it printed.
struct Ended {
    green: bool,
    end: String,
    text: String,
}

const TIMED_OUT: &str = "no end";

/// Runs one model alone in a process.
fn process(model: &Model, mutant: Option<&str>, quick: bool, limit: Duration) -> Ended {
    let mut command = Command::new(&model.binary);
    command.args(["--exact", &model.name, "--nocapture", "--test-threads=1"]).env_remove("FQBUF_MUTANT");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("RUST_BACKTRACE", "0");
    if quick && env::var_os("LOOM_MAX_PREEMPTIONS").is_none() {
        command.env("LOOM_MAX_PREEMPTIONS", "2");
    }
    if let Some(mutant) = mutant {
        command.env("FQBUF_MUTANT", mutant);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ended { green: false, end: error.to_string(), text: String::new() },
    };
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let out = scope.spawn(move || read_all(stdout.as_mut()));
        let err = scope.spawn(move || read_all(stderr.as_mut()));
        let start = Instant::now();
        let (green, end) = loop {
            match child.try_wait() {
                Ok(Some(status)) => break (status.success(), status.to_string()),
                Err(error) => break (false, error.to_string()),
                Ok(None) if start.elapsed() > limit => {
                    // A process that is gone already is no error.
                    let _ = child.kill();
                    let _ = child.wait();
                    break (false, TIMED_OUT.to_owned());
                }
                Ok(None) => thread::sleep(Duration::from_millis(5)),
            }
        };
        let text = [out, err].map(|thread| thread.join().unwrap_or_default()).concat();
        Ended { green, end, text }
    })
}

fn read_all(from: Option<&mut impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        // What came before an error is still worth showing.
        let _ = from.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads a model's line. The test harness may have printed something before it on the same line.
fn parse(line: &str) -> Option<Report> {
    let (_, line) = line.split_once("loom-model\t")?;
    let mut fields = line.trim_end().split('\t');
    let (name, interleavings, extent) = (fields.next()?, fields.next()?, fields.next()?);
    Some(Report {
        name: name.to_owned(),
        interleavings: interleavings.parse().ok()?,
        extent: extent.to_owned(),
        mutant: fields.next().unwrap_or_default().to_owned(),
    })
}

/// Applies `job` to all items on as many threads as there are cores; the answers are in the items' order.
fn on_all_cores<T: Sync, R: Send>(items: &[T], job: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((at, item)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    items.get(at).map(|item| (at, item))
                } {
                    let answer = job(item);
                    answers.lock().expect("no job panics with the lock held").push((at, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().expect("no job panics with the lock held");
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::{on_all_cores, parse};

    #[test]
    fn a_models_line_is_found_behind_the_harness() {
        let report = parse("test swap ... loom-model\tswap\t120\tbounded:3\tdropped notify").expect("a report");
        assert_eq!((report.name.as_str(), report.interleavings), ("swap", 120));
        assert_eq!((report.extent.as_str(), report.mutant.as_str()), ("bounded:3", "dropped notify"));
        assert!(parse("running 1 test").is_none());
        assert!(parse("loom-model\tswap\tmany\texhaustive\t").is_none());
    }

    #[test]
    fn answers_keep_the_order_of_the_items() {
        let items: Vec<u32> = (0..50).collect();
        assert_eq!(on_all_cores(&items, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(on_all_cores(&[] as &[u32], |item| *item).is_empty());
    }
}
