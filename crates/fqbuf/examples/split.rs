//! Splits a plain FASTQ file into N files of about equal size, each of whole records, without reading it twice.
//!
//! `cargo run --release --example split -- N IN PREFIX` writes `PREFIX.1.fq` to `PREFIX.N.fq`. Each part is checked
//! as it is copied; the files appear only when they are whole.

#[path = "shared/told.rs"]
mod told;

use std::fs::File;
use std::process::ExitCode;

use fqbuf::stream::{FileWriter, create};
use fqbuf::{Error, Reader, Writer};

const USAGE: &str = "usage: split N IN PREFIX";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [parts, input, prefix] = &args[..] else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let Ok(parts) = parts.parse::<std::num::NonZeroU64>() else {
        eprintln!("error: {parts:?} is no number of parts\n{USAGE}");
        return ExitCode::from(2);
    };
    match run(parts.get(), input, prefix) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", told::message(&error, None));
            ExitCode::FAILURE
        }
    }
}

fn run(parts: u64, input: &str, prefix: &str) -> Result<(), Error> {
    let file = File::open(input).map_err(|e| Error::Open(std::io::Error::new(e.kind(), format!("{input}: {e}"))))?;
    let settings = Reader::builder().source_name(input);
    for (number, part) in (1..).zip(settings.split(&file, parts)?) {
        let mut reader = settings.clone().build_part(&file, part)?;
        let output = create(format!("{prefix}.{number}.fq")).map_err(Error::Output)?;
        let mut writer = Writer::new(output);
        let mut records = 0u64;
        while let Some(record) = reader.next_record()? {
            writer.write(&record).map_err(Error::Output)?;
            records += 1;
        }
        writer.finish().and_then(FileWriter::finish).map_err(Error::Output)?;
        eprintln!("{prefix}.{number}.fq: {records} records");
    }
    Ok(())
}
