//! Splits a plain FASTQ file into N files of about equal size, each of whole records, without reading it twice.
//!
//! `cargo run --release --example split -- N IN PREFIX` writes `PREFIX.1.fq` to `PREFIX.N.fq`. Each part is checked
//! as it is copied; the files appear only when they are whole.

#[path = "shared/ended.rs"]
mod ended;
#[path = "shared/parts.rs"]
mod parts;
#[path = "shared/told.rs"]
mod told;

use std::ffi::OsString;
use std::fs;
use std::num::NonZeroU64;
use std::path::Path;
use std::process::ExitCode;

use ended::Asked;
use fqbuf::stream::{FileWriter, create};
use fqbuf::{Error, Reader, Writer};

const USAGE: &str = "usage: split N IN PREFIX";

/// What was asked for.
struct Args {
    parts: NonZeroU64,
    input: OsString,
    prefix: OsString,
}

fn main() -> ExitCode {
    ended::run(parse(), USAGE, |args| run(&args))
}

fn parse() -> Asked<Args> {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    match &args[..] {
        [help] if help == "--help" || help == "-h" => Asked::Help,
        [number, input, prefix] => match number.to_str().and_then(|text| text.parse().ok()) {
            Some(parts) => Asked::Run(Args { parts, input: input.clone(), prefix: prefix.clone() }),
            None => Asked::Wrong(format!("{} is no number of parts", number.display())),
        },
        _ => Asked::Wrong("a number, a file and a prefix are needed".into()),
    }
}

fn run(args: &Args) -> Result<(), Error> {
    let (file, _) = parts::open(args.input.as_ref())?;
    let settings = Reader::builder().source_name(args.input.display().to_string());
    // Records and lines before the part: what its reader cannot know.
    let (mut before, mut lines_before) = (0, 0);
    let mut last = None;
    for (number, part) in (1..).zip(settings.split(&file, args.parts.get())?) {
        let mut reader = settings.clone().build_part(&file, part)?;
        let mut path = args.prefix.clone();
        path.push(format!(".{number}.fq"));
        let mut writer = Writer::new(create(&path).map_err(Error::Output)?);
        let mut records = 0u64;
        while let Some(record) = reader.next_record().map_err(|e| e.offset_by(before, lines_before, 0))? {
            writer.write(&record).map_err(Error::Output)?;
            records += 1;
        }
        let end = reader.position();
        (before, lines_before) = (before + end.record - 1, lines_before + end.line - 1);
        let writer = writer.finish().map_err(Error::Output)?;
        let said = format!("{}: {records} records", path.display());
        if replaces(path.as_ref(), args.input.as_ref()) {
            last = Some((writer, said));
        } else {
            finish(writer, &said)?;
        }
    }
    last.map_or(Ok(()), |(writer, said)| finish(writer, &said))
}

/// Whether an output takes the place of the input: then it is to be the last, for what was read has to be there as long as anything
/// may fail.
fn replaces(output: &Path, input: &Path) -> bool {
    fs::canonicalize(output).ok().zip(fs::canonicalize(input).ok()).is_some_and(|(output, input)| output == input)
}

fn finish(writer: FileWriter, said: &str) -> Result<(), Error> {
    writer.finish().map_err(Error::Output)?;
    told::say(said);
    Ok(())
}
