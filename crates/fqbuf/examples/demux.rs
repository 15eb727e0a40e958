//! Writes each read to the file of its sample, told by the index at the end of the header (`1:N:0:GCCATAGT+ACTAGGAC`).
//!
//! `cargo run --release --example demux -- SAMPLES.tsv IN PREFIX`, with lines of `index<TAB>sample`. One mismatch an index
//! is allowed where it is unambiguous. Writes `PREFIX.SAMPLE.fq.gz`, and `PREFIX.undetermined.fq.gz` for the rest.

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
use fqbuf::{Error, RefRecord, Writer};

const USAGE: &str = "usage: demux SAMPLES.tsv IN PREFIX";

/// The name of the output for what belongs to no sample.
const REST: &str = "undetermined";

/// One output.
struct Sample {
    name: String,
    /// Empty for what is undetermined.
    index: Vec<u8>,
    writer: Writer<FileWriter>,
    reads: u64,
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
    let mut outputs = Vec::new();
    for (index, name) in samples.into_iter().chain([("", REST)]) {
        let mut path = prefix.clone();
        path.push(format!(".{name}.fq.gz"));
        let file = create(path).map_err(Error::Output)?;
        outputs.push(Sample { name: name.into(), index: index.into(), writer: Writer::new(file), reads: 0 });
    }
    let mut reader = fqbuf::open(input).map_err(Error::Open)?;
    while let Some(record) = reader.next_record()? {
        let at = sample_of(&record, &outputs);
        outputs[at].reads += 1;
        outputs[at].writer.write(&record).map_err(Error::Output)?;
    }
    for Sample { name, writer, reads, .. } in outputs {
        writer.finish().and_then(FileWriter::finish).map_err(Error::Output)?;
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

/// Place of the record's sample among the outputs, the last of which is for what is undetermined.
fn sample_of(record: &RefRecord<'_>, outputs: &[Sample]) -> usize {
    let undetermined = outputs.len() - 1;
    let index = record.description().and_then(|text| text.rsplit(|byte| *byte == b':').next()).unwrap_or_default();
    let mut near = outputs[..undetermined].iter().enumerate().filter(|(_, sample)| {
        sample.index.len() == index.len() && sample.index.iter().zip(index).filter(|(a, b)| a != b).count() <= 1
    });
    match (near.next(), near.next()) {
        (Some((at, _)), None) => at,
        _ => outputs[..undetermined].iter().position(|sample| sample.index == index).unwrap_or(undetermined),
    }
}
