//! Writes a generated data set: `generate KIND SIZE FILE`, `generate paired SIZE R1 R2` or `generate sample FILE`.
//!
//! `FILE` may be `-`; a name in `.gz` is compressed with gzip, one in `.bgz` with BGZF. What the set holds goes to standard
//! error as records, bases and quality sum.

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, BufWriter, StdoutLock, Write},
    process::ExitCode,
};

use fqbuf_benches::{Bgzf, Kind, SAMPLE_RECORDS, SAMPLE_SEED, Size, Totals, bgzf, gzip, write, write_pair};

const USAGE: &str = "usage: generate illumina|trimmed|long|interleaved SIZE FILE [--seed N] [--level N]
       generate paired SIZE R1 R2 [--seed N] [--level N]
       generate sample FILE
SIZE: 300MB, 64MiB, 4096 (bytes), 20000r (records); FILE: - is standard output, .gz and .bgz are compressed";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut names = Vec::new();
    let (mut seed, mut level) = (1, 6);
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--seed" => seed = args.next().ok_or(USAGE)?.parse()?,
            "--level" => level = args.next().ok_or(USAGE)?.parse::<u32>()?.min(9),
            _ => names.push(arg),
        }
    }
    match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sample", file] => {
            let mut out = Output::create(file, 9)?;
            let totals = write(Kind::Illumina, SAMPLE_SEED, Size::Records(SAMPLE_RECORDS), &mut out)?;
            out.finish()?;
            report(file, totals);
        }
        ["paired", size, first, second] => {
            let (mut r1, mut r2) = (Output::create(first, level)?, Output::create(second, level)?);
            let totals = write_pair(seed, size.parse()?, &mut r1, &mut r2)?;
            r1.finish()?;
            r2.finish()?;
            report(first, totals[0]);
            report(second, totals[1]);
        }
        [kind, size, file] => {
            let (kind, size): (Kind, Size) = (kind.parse()?, size.parse()?);
            let mut out = Output::create(file, level)?;
            let totals = write(kind, seed, size, &mut out)?;
            out.finish()?;
            report(file, totals);
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

fn report(file: &str, totals: Totals) {
    eprintln!("{file}: {} records, {} bases, quality sum {}", totals.records, totals.bases, totals.qualsum);
}

/// Where the bytes go, compressed or not.
enum Output {
    Stdout(StdoutLock<'static>),
    Plain(File),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Bgzf(Bgzf<BufWriter<File>>),
}

impl Output {
    fn create(name: &str, level: u32) -> io::Result<Self> {
        if name == "-" {
            return Ok(Self::Stdout(io::stdout().lock()));
        }
        let file = File::create(name).map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
        Ok(if name.ends_with(".gz") {
            Self::Gzip(gzip(BufWriter::new(file), level))
        } else if name.ends_with(".bgz") {
            Self::Bgzf(bgzf(BufWriter::new(file), level))
        } else {
            Self::Plain(file)
        })
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Stdout(mut out) => out.flush(),
            Self::Plain(mut out) => out.flush(),
            Self::Gzip(out) => out.finish()?.flush(),
            Self::Bgzf(out) => out.finish()?.flush(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(out) => out.write(bytes),
            Self::Bgzf(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Plain(out) => out.flush(),
            // Compressors gather until `finish`.
            Self::Gzip(_) | Self::Bgzf(_) => Ok(()),
        }
    }
}
