//! The peers, each as its documentation does it.

use std::{
    fs::File,
    io::Read,
    sync::{Arc, Mutex},
};

use fqbuf_record::{gc_count, quality_sum};
use harness::{Answer, Stage, work::Work};
use helicase::{HelicaseParser, ParallelFastxParser};

/// Runs `walk` over the file, which is opened within the time.
pub(crate) fn from_file(stage: &mut Stage, walk: impl Fn(File) -> Answer) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| walk(File::open(&path).expect("the runner made the file")))
}

/// Runs `walk` over the data set in memory.
pub(crate) fn from_slice(stage: &mut Stage, walk: impl Fn(&[u8]) -> Answer) -> Answer {
    let bytes = stage.bytes();
    stage.time(|| walk(&bytes))
}

/// A thread's sums, added to all threads' when it ends; with plain loops, or with fqbuf's functions over slices.
#[derive(Clone, Default)]
struct Summing<const COUNTS: bool> {
    own: Work,
    all: Arc<Mutex<Work>>,
}

impl<R: paraseq::Record, const COUNTS: bool> paraseq::prelude::ParallelProcessor<R> for Summing<COUNTS> {
    fn process_record(&mut self, record: R) -> paraseq::Result<()> {
        let (seq, qual) = (record.seq_raw(), record.qual().expect("FASTQ"));
        if COUNTS {
            self.own.add_counts(gc_count(seq) as u64, quality_sum(qual) as u64, qual.len());
        } else {
            self.own.add(seq, qual);
        }
        Ok(())
    }

    fn on_thread_complete(&mut self) -> paraseq::Result<()> {
        let mut all = self.all.lock().expect("no panic");
        *all = all.merge(self.own);
        Ok(())
    }
}

pub(crate) fn paraseq(input: impl Read + Send, threads: usize) -> Answer {
    run_paraseq::<false>(input, threads)
}

pub(crate) fn counting_paraseq(input: impl Read + Send, threads: usize) -> Answer {
    run_paraseq::<true>(input, threads)
}

fn run_paraseq<const COUNTS: bool>(input: impl Read + Send, threads: usize) -> Answer {
    use paraseq::prelude::ParallelReader;
    let mut summing = Summing::<COUNTS>::default();
    paraseq::fastq::Reader::new(input).process_parallel(&mut summing, threads).expect("good input");
    let all = summing.all.lock().expect("no panic");
    all.answer()
}

/// A reading thread and so many workers; the caller's thread adds up.
pub(crate) fn seq_io(input: impl Read + Send, workers: u32) -> Answer {
    use seq_io::{
        fastq::{Reader, Record, RecordSet},
        parallel::read_parallel,
    };
    let work = |set: &mut RecordSet| {
        let mut work = Work::default();
        for record in &*set {
            work.add(record.seq(), record.qual());
        }
        work
    };
    let all = read_parallel(Reader::new(input), workers, 2 * workers as usize, work, |sets| {
        let mut all = Work::default();
        while let Some(set) = sets.next() {
            all = all.merge(set.expect("good input").1);
        }
        all
    });
    all.answer()
}

/// The caller's thread reads for so many workers.
pub(crate) fn fastq(input: impl Read, workers: usize) -> Answer {
    use fastq::Record;
    let sums: Vec<Work> = fastq::Parser::new(input)
        .parallel_each(workers, |sets| {
            let mut work = Work::default();
            for set in sets {
                for record in set.iter() {
                    work.add(record.seq(), record.qual());
                }
            }
            work
        })
        .expect("good input");
    sums.into_iter().fold(Work::default(), Work::merge).answer()
}

/// What helicase is asked to deliver: sequence and quality as bytes.
const DELIVER: helicase::Config = helicase::ParserOptions::default().ignore_headers().compute_quality().config();

fn helicase(parser: helicase::parser::Result<ParallelFastxParser<'_, DELIVER>>, threads: usize) -> Answer {
    let parser = parser.expect("the runner made the file").threads(threads);
    let sums = parser.for_each_with(Work::default, |work, mut parser| {
        while let Some(event) = parser.next() {
            event?;
            work.add(parser.get_dna_string(), parser.get_quality().expect("FASTQ"));
        }
        Ok::<_, helicase::parser::Error>(())
    });
    sums.expect("good input").into_iter().fold(Work::default(), Work::merge).answer()
}

pub(crate) fn helicase_file(stage: &mut Stage, threads: usize) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| helicase(ParallelFastxParser::from_file(&path), threads))
}

pub(crate) fn helicase_mmap(stage: &mut Stage, threads: usize) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| helicase(ParallelFastxParser::from_file_mmap(&path), threads))
}

pub(crate) fn helicase_slice(stage: &mut Stage, threads: usize) -> Answer {
    let bytes = stage.bytes();
    stage.time(|| helicase(Ok(ParallelFastxParser::from_slice(&bytes)), threads))
}
