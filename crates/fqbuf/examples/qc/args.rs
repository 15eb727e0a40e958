//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

/// The usage text.
pub(crate) const USAGE: &str = "\
Quality summary of FASTQ files, plain or compressed.

usage: qc [OPTIONS] [FILE...]          without FILE: the sample shipped with the repository; - is standard input
       qc --merge [OPTIONS] PART.json...

  --threads N       threads in all (default: all cores)
  --memory SIZE     memory for buffers, such as 64MiB (default: 24MiB)
  --json F          write the results as JSON (- for standard output)
  --html F          write a report with plots (- for standard output)
  --tsv             print records, bases and the sum of qualities, and nothing else
  --paired          FILEs are pairs R1 R2; names of mates are checked
  --interleaved     mates follow each other in each FILE
  --strict          also check quality range, title after '+', white space in sequences
  --skip-invalid    pass over bad records, with their mates, and count them
  --split I/N       only the I-th of N parts of a plain FILE (I from 1)
  --range A-B       only the records of a plain FILE whose first byte lies in A..B
  --merge           combine JSON results of parts
  --help            this text
";

/// How records of the inputs belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Paired,
    Interleaved,
}

/// The part of each file that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The I-th of N, I from 1.
    Split { index: u64, of: u64 },
    /// Records whose first byte lies in this range.
    Range { from: u64, to: u64 },
}

/// What was asked for.
#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) threads: Option<usize>,
    pub(crate) memory: Option<usize>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) html: Option<PathBuf>,
    pub(crate) tsv: bool,
    /// Default: single reads.
    pub(crate) layout: Option<Layout>,
    pub(crate) strict: bool,
    pub(crate) skip_invalid: bool,
    pub(crate) part: Option<Part>,
    pub(crate) merge: bool,
    pub(crate) help: bool,
}

impl Args {
    /// How many results are written to standard output, instead of the summary.
    pub(crate) fn results_on_stdout(&self) -> usize {
        let files = [&self.json, &self.html].into_iter().flatten();
        usize::from(self.tsv)
            + files.filter(|path| ["-", "/dev/stdout"].contains(&path.to_str().unwrap_or_default())).count()
    }

    /// Whether something was said about how sequences are read.
    fn reads_as_told(&self) -> bool {
        let Self { threads, memory, layout, strict, skip_invalid, part, .. } = self;
        threads.is_some() || memory.is_some() || layout.is_some() || *strict || *skip_invalid || part.is_some()
    }
}

/// Parses the arguments of this process.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Args, String> {
    parse_args(Parser::from_iter(args)).map_err(|e| e.to_string())
}

fn parse_args(mut parser: Parser) -> Result<Args, lexopt::Error> {
    let mut args = Args::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("threads") => args.threads = Some(parser.value()?.parse_with(positive)?),
            Arg::Long("memory") => args.memory = Some(parser.value()?.parse_with(bytes)?),
            Arg::Long("json") => args.json = Some(parser.value()?.into()),
            Arg::Long("html") => args.html = Some(parser.value()?.into()),
            Arg::Long("tsv") => args.tsv = true,
            Arg::Long("paired") => one_of(&mut args.layout, Layout::Paired, "--paired and --interleaved")?,
            Arg::Long("interleaved") => one_of(&mut args.layout, Layout::Interleaved, "--paired and --interleaved")?,
            Arg::Long("strict") => args.strict = true,
            Arg::Long("skip-invalid") => args.skip_invalid = true,
            Arg::Long("split") => one_of(&mut args.part, parser.value()?.parse_with(split)?, "--split and --range")?,
            Arg::Long("range") => one_of(&mut args.part, parser.value()?.parse_with(range)?, "--split and --range")?,
            Arg::Long("merge") => args.merge = true,
            Arg::Long("help") | Arg::Short('h') => args.help = true,
            Arg::Value(file) => args.files.push(file.into()),
            other => return Err(other.unexpected()),
        }
    }
    if args.merge && args.files.is_empty() {
        return Err("--merge needs the JSON files of the parts".into());
    }
    if args.merge && args.reads_as_told() {
        return Err("--merge reads no sequences: only --json, --html and --tsv go with it".into());
    }
    if args.layout == Some(Layout::Paired) && (args.files.is_empty() || !args.files.len().is_multiple_of(2)) {
        return Err("--paired needs an even number of files".into());
    }
    if args.results_on_stdout() > 1 {
        return Err("only one of --tsv, --json - and --html - fits on standard output".into());
    }
    if args.part.is_some() && args.layout.is_some() {
        return Err("--split and --range read single files".into());
    }
    Ok(args)
}

/// Takes a value where the option, and what it excludes, said nothing else before.
fn one_of<T: PartialEq>(slot: &mut Option<T>, value: T, options: &str) -> Result<(), lexopt::Error> {
    if slot.as_ref().is_some_and(|before| *before != value) {
        return Err(format!("{options} exclude each other, and are given once").into());
    }
    *slot = Some(value);
    Ok(())
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err("a number from 1 on is needed".into()),
    }
}

/// Bytes, with an optional suffix of K, M or G: powers of 1024, also written KiB, MiB, GiB.
fn bytes(text: &str) -> Result<usize, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit {
        "" | "B" => 0,
        "K" | "KiB" => 10,
        "M" | "MiB" => 20,
        "G" | "GiB" => 30,
        _ => return Err(format!("unknown unit {unit:?}; use KiB, MiB or GiB")),
    };
    let number: usize = number.parse().map_err(|_| "a number of bytes is needed".to_string())?;
    number.checked_mul(1 << shift).ok_or_else(|| "too many bytes".to_string())
}

fn split(text: &str) -> Result<Part, String> {
    let (index, of) = pair(text, '/')?;
    if index < 1 || index > of {
        return Err(format!("part {index} of {of} does not exist; parts count from 1"));
    }
    Ok(Part::Split { index, of })
}

fn range(text: &str) -> Result<Part, String> {
    let (from, to) = pair(text, '-')?;
    if from > to {
        return Err(format!("range {from}-{to} ends before it begins"));
    }
    Ok(Part::Range { from, to })
}

fn pair(text: &str, between: char) -> Result<(u64, u64), String> {
    let numbers = text.split_once(between).and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    numbers.ok_or_else(|| format!("two numbers with {between:?} between them are needed"))
}
