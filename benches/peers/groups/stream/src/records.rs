//! Contenders that want records.

use std::{fs::File, io::BufReader, path::Path};

use flate2::bufread::MultiGzDecoder;
use fqbuf_line::{Block, Source};
use fqbuf_parallel::Pipeline;
use fqbuf_record::{Reader, RefRecord};
use fqbuf_stream::{ReadAhead, Stream};
use harness::{Answer, Contender, STEP, drain_by, work::Work};
use helicase::{HelicaseParser, ParallelFastxParser, input::FromFile, parser::FastqParser};

use crate::{both, timed, unpacking};

pub(crate) fn gzip() -> Vec<Contender> {
    let mut all = vec![
        Contender::ours("fqbuf", |stage| unpacking(stage, |path| fqbuf(ahead(path, ReadAhead::Compressed)))),
        Contender::ours("fqbuf, pipeline of two threads", |stage| unpacking(stage, |path| pipeline(path, 2))),
        Contender::ours("fqbuf, one thread", |stage| unpacking(stage, |path| fqbuf(ahead(path, ReadAhead::Never)))),
        Contender::peer("seq_io over zlib-rs", |stage| unpacking(stage, seq_io)),
    ];
    all.extend(both(["helicase", "helicase native"], |stage| unpacking(stage, helicase)));
    all.extend(both(["helicase, two workers", "helicase native, two workers"], |stage| {
        unpacking(stage, |path| parallel_helicase(path, 2))
    }));
    all.push(Contender::control());
    all.push(Contender::limit("fqbuf, bytes alone", |stage| unpacking(stage, decompress)));
    all
}

pub(crate) fn bgzf() -> Vec<Contender> {
    let mut all = vec![
        Contender::ours("fqbuf", |stage| unpacking(stage, |path| pipeline(path, 2))),
        Contender::ours("fqbuf, one thread", |stage| unpacking(stage, |path| pipeline(path, 1))),
    ];
    all.extend(both(["helicase", "helicase native"], |stage| unpacking(stage, |path| parallel_helicase(path, 2))));
    all.push(Contender::control());
    all.push(Contender::limit("fqbuf, bytes alone", |stage| unpacking(stage, |path| fills(inflated_by(path, 1)))));
    all
}

pub(crate) fn plain() -> Vec<Contender> {
    let mut all = vec![
        Contender::ours("fqbuf", |stage| timed(stage, |path| count(ahead(path, ReadAhead::Always)))),
        Contender::ours("fqbuf, one thread", |stage| timed(stage, |path| count(ahead(path, ReadAhead::Never)))),
    ];
    all.extend(both(["helicase", "helicase native"], |stage| timed(stage, count_helicase)));
    all.push(Contender::control());
    all.push(Contender::limit("fqbuf, bytes alone", |stage| {
        timed(stage, |path| fills(ahead(path, ReadAhead::Always)))
    }));
    all.push(Contender::limit("read(2) of 1 MiB", |stage| {
        timed(stage, |path| drain_by(1 << 20, File::open(path).expect("the runner made the file")))
    }));
    all
}

fn ahead(path: &Path, when: ReadAhead) -> Stream {
    Stream::builder().read_ahead(when).open(path).expect("the runner made the file")
}

/// Its bytes come from so many threads, and the caller's, which helps.
fn inflated_by(path: &Path, threads: usize) -> Stream {
    let mut builder = Stream::builder();
    builder.read_ahead(ReadAhead::Always).threads(threads).open(path).expect("the runner made the file")
}

fn fqbuf(stream: Stream) -> Answer {
    let mut work = Work::default();
    let mut reader = Reader::new(stream);
    while let Some(record) = reader.next_record().expect("good input") {
        work.add_counts(record.gc_count() as u64, record.quality_sum() as u64, record.len());
    }
    work.answer()
}

fn pipeline(path: &Path, threads: usize) -> Answer {
    let run = Pipeline::new().threads(threads).file(path).expect("the runner made the file");
    let each = |work: &mut Work, record: RefRecord<'_>| {
        work.add_counts(record.gc_count() as u64, record.quality_sum() as u64, record.len());
    };
    run.fold(Work::default, each, Work::merge).expect("good input").value.answer()
}

fn seq_io(path: &Path) -> Answer {
    use seq_io::fastq::Record;
    let file = BufReader::with_capacity(STEP / 2, File::open(path).expect("the runner made the file"));
    let mut work = Work::default();
    let mut reader = seq_io::fastq::Reader::new(MultiGzDecoder::new(file));
    while let Some(record) = reader.next() {
        let record = record.expect("good input");
        work.add(record.seq(), record.qual());
    }
    work.answer()
}

/// What helicase is asked to deliver: sequence and quality as bytes.
const DELIVER: helicase::Config = helicase::ParserOptions::default().ignore_headers().compute_quality().config();

fn helicase(path: &Path) -> Answer {
    let mut work = Work::default();
    let mut parser = FastqParser::<DELIVER, _>::from_file(path).expect("good input");
    while let Some(event) = parser.next() {
        event.expect("good input");
        work.add(parser.get_dna_string(), parser.get_quality().expect("FASTQ"));
    }
    work.answer()
}

fn parallel_helicase(path: &Path, threads: usize) -> Answer {
    let parser = ParallelFastxParser::<DELIVER>::from_file(path).expect("the runner made the file");
    let sums = parser.threads(threads).for_each_with(Work::default, |work, mut parser| {
        while let Some(event) = parser.next() {
            event?;
            work.add(parser.get_dna_string(), parser.get_quality().expect("FASTQ"));
        }
        Ok::<_, helicase::parser::Error>(())
    });
    sums.expect("good input").into_iter().fold(Work::default(), Work::merge).answer()
}

fn decompress(path: &Path) -> Answer {
    fills(ahead(path, ReadAhead::Never))
}

/// Takes blocks as a reader of records does.
fn fills(mut stream: Stream) -> Answer {
    let mut block = Block::new();
    let mut count = 0;
    loop {
        block.clear();
        block.make_room(1 << 20).expect("memory");
        match stream.fill(&mut block).expect("good input") {
            0 => return [count as u64, 0, 0],
            n => count += n,
        }
    }
}

/// Records and bases.
fn count(stream: Stream) -> Answer {
    let (mut records, mut bases) = (0, 0);
    let mut reader = Reader::new(stream);
    while let Some(record) = reader.next_record().expect("good input") {
        records += 1;
        bases += record.seq().len() as u64;
    }
    [records, bases, 0]
}

fn count_helicase(path: &Path) -> Answer {
    let (mut records, mut bases) = (0, 0);
    let mut parser = FastqParser::<DELIVER, _>::from_file(path).expect("good input");
    while let Some(event) = parser.next() {
        event.expect("good input");
        records += 1;
        bases += parser.get_dna_string().len() as u64;
    }
    [records, bases, 0]
}
