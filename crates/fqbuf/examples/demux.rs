//! Writes each read to the file of its sample, told by the index at the end of the header (`1:N:0:GCCATAGT+ACTAGGAC`).
//!
//! `cargo run --release --example demux -- SAMPLES.tsv IN PREFIX`, with lines of `index<TAB>sample`. One mismatch an index
//! is allowed where it is unambiguous. Writes `PREFIX.SAMPLE.fq.gz`, and `PREFIX.undetermined.fq.gz` for the rest.

#[path = "shared/told.rs"]
mod told;

use std::process::ExitCode;

use fqbuf::stream::{FileWriter, create};
use fqbuf::{Error, RefRecord, Writer};

const USAGE: &str = "usage: demux SAMPLES.tsv IN PREFIX";

/// One output.
struct Sample {
    name: String,
    /// Empty for what is undetermined.
    index: Vec<u8>,
    writer: Writer<FileWriter>,
    reads: u64,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [samples, input, prefix] = &args[..] else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(samples, input, prefix) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", told::message(&error, None));
            ExitCode::FAILURE
        }
    }
}

fn run(samples: &str, input: &str, prefix: &str) -> Result<(), Error> {
    let named = |e: std::io::Error| Error::Open(std::io::Error::new(e.kind(), format!("{samples}: {e}")));
    let table = std::fs::read_to_string(samples).map_err(named)?;
    let mut outputs = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty()).chain(["\tundetermined"]) {
        let Some((index, name)) = line.split_once('\t') else {
            return Err(named(std::io::Error::other(format!("no tab in {line:?}"))));
        };
        let file = create(format!("{prefix}.{name}.fq.gz")).map_err(Error::Output)?;
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
        eprintln!("{name}: {reads} reads");
    }
    Ok(())
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
