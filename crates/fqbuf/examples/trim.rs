//! Trims reads at their 3' end by quality and writes those that are long enough, in input order, on all cores.
//!
//! `cargo run --release --example trim -- [--quality Q] [--length N] [--threads N] IN OUT`; OUT is plain, gzip (`.gz`) or
//! BGZF (`.bgz`), and appears only when all of it is written. The cut is that of the BWA aligner: the one that maximises the
//! sum of (Q - quality) over what is cut off.

#[path = "shared/end_block.rs"]
mod end_block;
#[path = "shared/ended.rs"]
mod ended;
#[path = "shared/told.rs"]
mod told;

use std::process::ExitCode;

use ended::Asked;
use fqbuf::{Error, Pipeline};
use lexopt::{Arg, Parser, ValueExt};

const USAGE: &str = "usage: trim [--quality Q] [--length N] [--threads N] IN OUT";

struct Args {
    quality: u8,
    length: usize,
    threads: Option<usize>,
    files: Vec<std::path::PathBuf>,
}

/// What was done, by one thread or all.
#[derive(Default)]
struct Counts {
    reads: u64,
    kept: u64,
    bases_cut: u64,
}

fn main() -> ExitCode {
    let asked = parse().unwrap_or_else(|error| Asked::Wrong(error.to_string()));
    ended::run(asked, USAGE, |args| {
        let Counts { reads, kept, bases_cut } = run(&args)?;
        told::say(&format!("{reads} reads, {kept} kept, {bases_cut} bases cut"));
        Ok(())
    })
}

fn parse() -> Result<Asked<Args>, lexopt::Error> {
    let mut args = Args { quality: 20, length: 30, threads: None, files: Vec::new() };
    let mut parser = Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("quality") => args.quality = parser.value()?.parse()?,
            Arg::Long("length") => args.length = parser.value()?.parse()?,
            Arg::Long("threads") => args.threads = Some(parser.value()?.parse()?),
            Arg::Long("help") | Arg::Short('h') => return Ok(Asked::Help),
            Arg::Value(file) => args.files.push(file.into()),
            other => return Err(other.unexpected()),
        }
    }
    if args.files.len() == 2 { Ok(Asked::Run(args)) } else { Err("two files are needed".into()) }
}

fn run(args: &Args) -> Result<Counts, Error> {
    let mut pipeline = Pipeline::new();
    if let Some(threads) = args.threads {
        pipeline = pipeline.threads(threads);
    }
    let mut output = fqbuf::stream::create(&args.files[1]).map_err(Error::Output)?;
    let done = pipeline.file(&args.files[0])?.map_ordered(&mut output, Counts::default, |counts, record, out| {
        let length = kept_length(record.qual(), args.quality);
        counts.reads += 1;
        counts.bases_cut += (record.len() - length) as u64;
        if length < args.length {
            return Ok(());
        }
        counts.kept += 1;
        record.append_range_to(0..length, out)
    })?;
    end_block::note(&args.files[..1], &done.summary);
    output.finish().map_err(Error::Output)?;
    Ok(done.value.into_iter().fold(Counts::default(), |a, b| Counts {
        reads: a.reads + b.reads,
        kept: a.kept + b.kept,
        bases_cut: a.bases_cut + b.bases_cut,
    }))
}

/// Bases to keep, so that those behind are of low quality on the whole.
fn kept_length(qual: &[u8], quality: u8) -> usize {
    let (mut sum, mut best, mut keep) = (0i64, 0i64, qual.len());
    for (at, q) in qual.iter().enumerate().rev() {
        sum += i64::from(quality) - (i64::from(*q) - 33);
        if sum < 0 {
            break;
        }
        if sum > best {
            (best, keep) = (sum, at);
        }
    }
    keep
}
