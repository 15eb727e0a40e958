//! Lines of a cached file, on one thread: each is delivered without its line end.
#![forbid(unsafe_code)]

use std::{
    fs::File,
    hint::black_box,
    io::{BufRead, BufReader},
    process::ExitCode,
};

use bstr::io::BufReadExt;
use fqbuf_line::LineReader;
use harness::{Answer, Contender, Data, Row, Stage, drain_by};

const KINDS: [(Data, &str, &str); 3] = [
    (Data::Short, "line-short", "lines of 150-base reads from a cached file"),
    (Data::Trimmed, "line-trimmed", "lines of reads trimmed to 35..=151 bases, from a cached file"),
    (Data::Long, "line-long", "lines of long reads from a cached file"),
];

fn main() -> ExitCode {
    let rows: Vec<Row> = KINDS.into_iter().map(|(data, name, title)| row(data, name, title)).collect();
    harness::run(&rows)
}

fn row(data: Data, name: &'static str, title: &'static str) -> Row {
    // linereader cuts a line that is longer than its buffer, without a word.
    let whole = data != Data::Long;
    let mut contenders = vec![Contender::ours("fqbuf", |stage| file(stage, |file| fqbuf(LineReader::new(file))))];
    if whole {
        contenders.push(Contender::peer("linereader", |stage| file(stage, |file| linereader(file, 64 << 10))));
    }
    contenders.extend([
        Contender::peer("linereader of 1 MiB", |stage| file(stage, |file| linereader(file, 1 << 20))),
        Contender::peer("ripline", |stage| file(stage, |file| ripline(file, 64 << 10))),
        Contender::peer("ripline of 512 KiB", |stage| file(stage, |file| ripline(file, 512 << 10))),
        Contender::peer("bstr of 64 KiB", |stage| file(stage, |file| bstr(file, 64 << 10))),
        Contender::peer("bstr of 512 KiB", |stage| file(stage, |file| bstr(file, 512 << 10))),
        Contender::peer("std read_until of 64 KiB", |stage| file(stage, |file| std(file, 64 << 10))),
        Contender::peer("std read_until of 512 KiB", |stage| file(stage, |file| std(file, 512 << 10))),
        Contender::limit("read(2) of 64 KiB", |stage| file(stage, |file| drain_by(64 << 10, file))),
        Contender::limit("read(2) of 512 KiB", |stage| file(stage, |file| drain_by(512 << 10, file))),
    ]);
    Row {
        group: "line",
        name,
        title,
        data,
        notes: &[
            "fqbuf counts lines and bytes and bounds what a line may take; nobody else does. linereader cuts lines that are \
             longer than its buffer; its default of 64 KiB is left out where there are such lines.",
            "bstr hands lines to a closure. ripline's are found in a filled buffer by an iterator.",
            "Buffers have their default sizes (fqbuf 256 KiB, on AMD's Zen 4 1.25 MiB, all others 64 KiB; BufReader's 8 KiB is \
             nobody's choice), but where a name says otherwise.",
        ],
        contenders,
    }
}

/// Runs `walk` over the file, which is opened within the time.
fn file(stage: &mut Stage, walk: impl Fn(File) -> Answer) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| walk(File::open(&path).expect("the runner made the file")))
}

/// Lines, their bytes, and a sum over the ends of each: little work, but none can be left out.
#[derive(Default)]
struct Sums([u64; 3]);

impl Sums {
    #[inline(always)]
    fn add(&mut self, line: &[u8]) {
        let line = black_box(line);
        self.0[0] += 1;
        self.0[1] += line.len() as u64;
        if let ([first, ..], [.., last]) = (line, line) {
            self.0[2] += u64::from(*first) + u64::from(*last);
        }
    }
}

#[inline(always)]
fn without_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

fn fqbuf(mut lines: LineReader<File>) -> Answer {
    let mut sums = Sums::default();
    while let Some(line) = lines.next_line().expect("a readable file") {
        sums.add(line);
    }
    sums.0
}

fn linereader(file: File, capacity: usize) -> Answer {
    let mut sums = Sums::default();
    let mut reader = linereader::LineReader::with_capacity(capacity, file);
    while let Some(line) = reader.next_line() {
        sums.add(without_end(line.expect("a readable file")));
    }
    sums.0
}

fn ripline(file: File, capacity: usize) -> Answer {
    use ripline::{line_buffer, lines::LineIter};
    let mut sums = Sums::default();
    let mut buffer = line_buffer::LineBufferBuilder::new().capacity(capacity).build();
    let mut reader = line_buffer::LineBufferReader::new(file, &mut buffer);
    while reader.fill().expect("a readable file") {
        for line in LineIter::new(b'\n', reader.buffer()) {
            sums.add(without_end(line));
        }
        reader.consume_all();
    }
    sums.0
}

fn bstr(file: File, capacity: usize) -> Answer {
    let mut sums = Sums::default();
    let lines = BufReader::with_capacity(capacity, file).for_byte_line(|line| {
        sums.add(line);
        Ok(true)
    });
    lines.expect("a readable file");
    sums.0
}

fn std(file: File, capacity: usize) -> Answer {
    let mut sums = Sums::default();
    let mut reader = BufReader::with_capacity(capacity, file);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).expect("a readable file") > 0 {
        sums.add(without_end(&line));
        line.clear();
    }
    sums.0
}
