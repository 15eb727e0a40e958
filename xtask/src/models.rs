//! The concurrency models of the crates as processes: what `loom` and `shuttle` have in common.
//!
//! Models build with the cfg that is named like their kind, optimised, in a target folder of their own, one crate at a time
//! by name, so that nothing else ever sees the cfg. Each then runs in a process of its own.

use std::{
    collections::BTreeSet,
    fs,
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
    run::{Outcome, cargo, executable, root, target},
    tidy::source::rust_files,
};

/// A model: the crate, its test binary, the name of the test.
pub(crate) struct Model {
    pub(crate) package: &'static str,
    binary: PathBuf,
    pub(crate) name: String,
}

/// Builds `tests/KIND.rs` of every crate that has one and gives the models in it whose names contain `filter`.
///
/// # Errors
///
/// When something does not build, or there is no such model.
pub(crate) fn models(kind: &str, filter: &str) -> Outcome<Vec<Model>> {
    let mut models = Vec::new();
    for package in PUBLISHED {
        if has_models(package, kind) {
            let binary = build(package, kind)?;
            models.extend(list(package, &binary)?.into_iter().filter(|model| model.name.contains(filter)));
        }
    }
    match (models.is_empty(), filter) {
        (false, _) => Ok(models),
        (true, "") => Err(format!("no models for {kind}")),
        (true, _) => Err(format!("no model for {kind} is named like {filter}")),
    }
}

/// Whether a crate has models of a kind.
pub(crate) fn has_models(package: &str, kind: &str) -> bool {
    root().join("crates").join(package).join("tests").join(kind).with_extension("rs").is_file()
}

/// The names of all `mutant("…")` in the sources of a crate.
///
/// # Errors
///
/// When a source cannot be read.
pub(crate) fn mutant_sites(package: &str) -> Outcome<BTreeSet<String>> {
    let mut sites = BTreeSet::new();
    for path in rust_files(&root().join("crates").join(package).join("src")) {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        for rest in text.split("mutant(\"").skip(1) {
            sites.extend(rest.split_once('"').map(|(name, _)| name.to_owned()));
        }
    }
    Ok(sites)
}

/// Builds the models of one crate and gives the path of the test binary.
fn build(package: &str, kind: &str) -> Outcome<PathBuf> {
    let messages = cargo()
        .args(["test", "--package", package, "--test", kind, "--release", "--no-run", "--message-format=json"])
        .var("RUSTFLAGS", format!("--cfg {kind}"))
        .var("CARGO_TARGET_DIR", target().join(kind).display().to_string())
        .output()?;
    executable(&messages).ok_or_else(|| format!("cargo named no test binary for the models of {package}"))
}

/// The models in a test binary.
fn list(package: &'static str, binary: &Path) -> Outcome<Vec<Model>> {
    let output = Command::new(binary).args(["--list", "--format", "terse"]).output();
    let output = output.map_err(|error| format!("{}: {error}", binary.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(|name| Model { package, binary: binary.to_path_buf(), name: name.to_owned() }).collect())
}

/// How a process ended, and all it printed.
pub(crate) struct Ended {
    pub(crate) green: bool,
    pub(crate) end: String,
    pub(crate) text: String,
}

/// The end of a process that took too long.
pub(crate) const TIMED_OUT: &str = "no end";

impl Model {
    /// Runs one model alone in a process.
    pub(crate) fn process(&self, mutant: Option<&str>, vars: &[(&str, String)], limit: Duration) -> Ended {
        let mut command = Command::new(&self.binary);
        command.args(["--exact", &self.name, "--nocapture", "--test-threads=1"]).env_remove("FQBUF_MUTANT");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("RUST_BACKTRACE", "0");
        command.envs(vars.iter().map(|(name, value)| (name, value)));
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
}

fn read_all(from: Option<&mut impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        // What came before an error is still worth showing.
        let _ = from.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Applies `job` to all items on as many threads as there are cores; the answers are in the items' order.
pub(crate) fn on_all_cores<T: Sync, R: Send>(items: &[T], job: impl Fn(&T) -> R + Sync) -> Vec<R> {
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
    use super::on_all_cores;

    #[test]
    fn answers_keep_the_order_of_the_items() {
        let items: Vec<u32> = (0..50).collect();
        assert_eq!(on_all_cores(&items, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(on_all_cores(&[] as &[u32], |item| *item).is_empty());
    }
}
