//! Writes each read to the file of its sample, told by the index at the end of the header (`1:N:0:GCCATAGT+ACTAGGAC`).
//!
//! `cargo run --release --example demux -- SAMPLES.tsv IN PREFIX`, with lines of `index<TAB>sample`. One mismatch an index
//! is allowed where it is unambiguous. Writes `PREFIX.SAMPLE.fq.gz`, and `PREFIX.undetermined.fq.gz` for the rest. Reads are
//! sorted on all cores; each file has them in the order of the input.

#[path = "shared/end_block.rs"]
mod end_block;
#[path = "shared/ended.rs"]
mod ended;
#[path = "shared/told.rs"]
mod told;

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use ended::Asked;
use fqbuf::stream::{FileWriter, create};
use fqbuf::{Error, Pipeline, RefRecord};

const USAGE: &str = "usage: demux SAMPLES.tsv IN PREFIX";

/// The name of the output for what belongs to no sample.
const REST: &str = "undetermined";

/// What goes to one output.
struct Sample<'t> {
    name: &'t str,
    /// Empty for what is undetermined.
    index: &'t [u8],
}

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let asked = match <[OsString; 3]>::try_from(args) {
        Ok(args) => Asked::Run(args),
        Err(args) if args.iter().any(|arg| arg == "--help" || arg == "-h") => Asked::Help,
        Err(_) => Asked::Wrong("a table of samples, an input and a prefix are needed".into()),
    };
    ended::run(asked, USAGE, |[samples, input, prefix]| run(&samples, &input, &prefix))
}

fn run(samples: &OsString, input: &OsString, prefix: &OsString) -> Result<(), Error> {
    let named = |e: io::Error| Error::Open(io::Error::new(e.kind(), format!("{}: {e}", samples.display())));
    let table = std::fs::read_to_string(samples).map_err(named)?;
    let samples = parse(&table).map_err(|why| named(io::Error::new(io::ErrorKind::InvalidData, why)))?;
    let samples: Vec<_> =
        samples.into_iter().chain([("", REST)]).map(|(index, name)| Sample { name, index: index.as_bytes() }).collect();
    let file_of = |sample: &Sample<'_>| {
        let mut path = prefix.clone();
        path.push(format!(".{}.fq.gz", sample.name));
        create(path).map_err(Error::Output)
    };
    let mut files = samples.iter().map(file_of).collect::<Result<Vec<_>, _>>()?;
    let done = Pipeline::new().file(input)?.map_ordered_to(
        &mut files,
        || vec![0_u64; samples.len()],
        |reads, record, out| {
            let at = sample_of(&record, &samples);
            reads[at] += 1;
            record.append_to(out.to(at));
        },
    )?;
    end_block::note(&[input], &done.summary);
    files.into_iter().try_for_each(FileWriter::finish).map_err(Error::Output)?;
    for (at, Sample { name, .. }) in samples.iter().enumerate() {
        let reads: u64 = done.value.iter().map(|reads| reads[at]).sum();
        told::say(&format!("{name}: {reads} reads"));
    }
    Ok(())
}

/// Index and name of each sample. Names are parts of file names, so that no two may be the same.
fn parse(table: &str) -> Result<Vec<(&str, &str)>, String> {
    let mut names = HashSet::from([REST]);
    let mut indices = HashSet::new();
    let mut samples = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty()) {
        let (index, name) = line.split_once('\t').ok_or_else(|| format!("no tab in {line:?}"))?;
        if index.is_empty() || name.is_empty() || name.contains(std::path::is_separator) {
            return Err(format!("no index and file name in {line:?}"));
        }
        if !names.insert(name) || !indices.insert(index) {
            return Err(format!("{line:?} repeats the name or the index of another sample"));
        }
        samples.push((index, name));
    }
    Ok(samples)
}

/// Place of the record's sample among all, the last of which is for what is undetermined.
fn sample_of(record: &RefRecord<'_>, samples: &[Sample<'_>]) -> usize {
    let undetermined = samples.len() - 1;
    let index = record.description().and_then(|text| text.rsplit(|byte| *byte == b':').next()).unwrap_or_default();
    let mut near = samples[..undetermined].iter().enumerate().filter(|(_, sample)| {
        sample.index.len() == index.len() && sample.index.iter().zip(index).filter(|(a, b)| a != b).count() <= 1
    });
    match (near.next(), near.next()) {
        (Some((at, _)), None) => at,
        _ => samples[..undetermined].iter().position(|sample| sample.index == index).unwrap_or(undetermined),
    }
}
