//! Drives everything: `cargo xtask` lists the tasks.
//!
//! One file a task. Each command is printed before it runs, and its exit code is the verdict: the first that fails ends the
//! task. What a task needs and the machine lacks is installed below the target folder, or is an error that names the
//! command that mends it; nothing is skipped silently. No dependencies, so that the first task starts within seconds.
#![forbid(unsafe_code)]

mod bench;
mod ci;
mod deep;
mod fuzz;
mod generate;
mod loom;
mod manifest;
mod models;
mod run;
mod sample;
mod sanitize;
mod shuttle;
mod targets;
mod test;
mod tidy;
mod tools;

use std::{env, process::ExitCode};

use run::Outcome;

/// A task: its name, its arguments, what it does, and the function that does it.
struct Task(&'static str, &'static str, &'static str, fn(&[String]) -> Outcome);

const TASKS: &[Task] = &[
    Task("test", "", "all tests and doctests, and the models with few preemptions; needs nothing but Rust", test::run),
    Task("ci", "", "what lands or rejects a change: everything below that fits in half an hour", ci::run),
    Task(
        "loom",
        "[--mutants] [--quick] [FILTER]",
        "the concurrency models; with mutants, each is seen to fail",
        loom::run,
    ),
    Task(
        "shuttle",
        "[--mutants] [--deep] [FILTER]",
        "scenarios of real size over 20,000 random schedules each, or a million",
        shuttle::run,
    ),
    Task("tidy", "", "what the prose promises: layers, unsafe, copies, manifests, file heads", tidy::run),
    Task(
        "bench",
        "[GROUP] [ARGS]",
        "side by side with the peers where that runner is, else our criterion groups",
        bench::run,
    ),
    Task("fuzz", "[TARGET] [SECONDS]", "the fuzz targets for a minute each (nightly)", fuzz::run),
    Task(
        "sanitize",
        "[thread|address|memcheck]",
        "tests under ThreadSanitizer and AddressSanitizer (nightly) and valgrind",
        sanitize::run,
    ),
    Task("targets", "", "whether all builds for other systems than this one (nightly)", targets::run),
    Task("deep", "", "what takes long or needs nightly: all models, long tests, sanitizers, fuzzing", deep::run),
    Task(
        "generate",
        "KIND SIZE FILE",
        "a generated data set; KIND: illumina, trimmed, long, interleaved, paired",
        generate::run,
    ),
    Task("sample", "", "writes the sample that the facade ships", sample::run),
];

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        println!("usage: cargo xtask TASK\n");
        for Task(name, arguments, about, _) in TASKS {
            println!("  {:<42} {about}", format!("{name} {arguments}"));
        }
        return ExitCode::SUCCESS;
    };
    let Some(Task(_, _, _, task)) = TASKS.iter().find(|task| task.0 == name) else {
        eprintln!("error: no task `{name}`; `cargo xtask` lists them");
        return ExitCode::FAILURE;
    };
    match task(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
