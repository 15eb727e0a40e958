//! Quality summary of FASTQ files: records, bases, lengths, qualities and GC, as text, JSON or a report with plots.
//!
//! `cargo run --release --example qc -- --help` lists the options. Without a file it reads the sample in the repository.

mod args;
mod count;
#[path = "../shared/end_block.rs"]
mod end_block;
mod html;
mod json;
#[path = "../shared/parts.rs"]
mod parts;
mod tally;
mod terminal;
#[path = "../shared/told.rs"]
mod told;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use args::Args;
use fqbuf::stream::create;
use tally::Tally;

/// Why there is no result, as the user is told.
pub(crate) type Failure = String;

fn main() -> ExitCode {
    let args = match args::parse(std::env::args_os()) {
        Ok(args) => args,
        Err(message) => {
            told::say(&format!("error: {message}\nusage: qc [OPTIONS] [FILE...]; --help lists the options"));
            return ExitCode::from(2);
        }
    };
    if args.help {
        return written(io::stdout().write_all(args::USAGE.as_bytes()));
    }
    match run(&args) {
        Ok(tally) => match report(&args, &tally) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => failed(&message),
        },
        Err(message) => failed(&message),
    }
}

fn failed(message: &str) -> ExitCode {
    told::say(&format!("error: {message}"));
    ExitCode::FAILURE
}

fn run(args: &Args) -> Result<Tally, Failure> {
    if !args.merge {
        return count::all(args);
    }
    let mut sum = Tally::default();
    for file in &args.files {
        json::add(file, &mut sum)?;
    }
    Ok(sum)
}

fn report(args: &Args, tally: &Tally) -> Result<(), Failure> {
    let title = title(args);
    if let Some(path) = &args.json {
        save(path, json::text(tally).as_bytes())?;
    }
    if let Some(path) = &args.html {
        save(path, html::page(&title, tally).as_bytes())?;
    }
    let mut out = Vec::new();
    if args.tsv {
        let Tally { records, bases, qualsum, .. } = tally;
        out = format!("{records}\t{bases}\t{qualsum}\n").into_bytes();
        if tally.skipped_records > 0 {
            told::say(&format!("skipped {} bad records, {} bytes", tally.skipped_records, tally.skipped_bytes));
        }
        if tally.dropped_records > 0 {
            told::say(&format!("dropped {} good records with their bad mates", tally.dropped_records));
        }
    } else if args.results_on_stdout() == 0 {
        terminal::write(&mut out, &title, tally).map_err(|e| e.to_string())?;
    }
    to_stdout(&out).map_err(|e| format!("standard output: {e}"))
}

/// A name for the results: the files without their folders.
fn title(args: &Args) -> String {
    let names: Vec<_> =
        args.files.iter().map(|file| file.file_name().unwrap_or(file.as_os_str()).to_string_lossy()).collect();
    if names.is_empty() { "sample.fq.gz".into() } else { names.join(", ") }
}

/// Writes a file that is there whole or not at all.
fn save(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if path == Path::new("-") {
        return to_stdout(bytes).map_err(|e| format!("standard output: {e}"));
    }
    let saved = create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.finish()
    });
    // The error names the path.
    saved.map_err(|e| e.to_string())
}

/// Writes all of it; a reader that has gone away is no failure.
fn to_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn written(result: io::Result<()>) -> ExitCode {
    match result {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => failed(&e.to_string()),
        _ => ExitCode::SUCCESS,
    }
}

/// Whether progress may be shown: to a person, beside results that are not on the same terminal line.
pub(crate) fn shows_progress(args: &Args) -> bool {
    io::stderr().is_terminal() && !args.tsv
}
