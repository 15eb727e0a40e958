//! What decompresses with flate2 as it comes.
#![forbid(unsafe_code)]

use std::{
    fs::File,
    io::BufReader,
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex},
};

use flate2::bufread::MultiGzDecoder;
use harness::{Answer, Contender, Data, Row, STEP, Stage, drain, unpacked, work::Work};

fn main() -> ExitCode {
    let row = |name, contenders| Row { group: "stream", name, title: "", data: Data::Gzip, notes: &[], contenders };
    harness::run(&[
        row("gzip", vec![Contender::peer("flate2 over miniz_oxide", |stage| unpacking(stage, flate2))]),
        row(
            "gzip-records",
            vec![
                Contender::peer("needletail", |stage| unpacking(stage, needletail)),
                Contender::peer("paraseq, two threads", |stage| unpacking(stage, paraseq)),
            ],
        ),
    ])
}

/// Runs `work` over the path of the data set, which is opened within the time; bytes are counted as they are uncompressed.
fn unpacking(stage: &mut Stage, work: impl Fn(&Path) -> Answer) -> Answer {
    let path = stage.path().to_owned();
    stage.moves(unpacked(&path));
    stage.time(|| work(&path))
}

fn flate2(path: &Path) -> Answer {
    let file = File::open(path).expect("the runner made the file");
    drain(MultiGzDecoder::new(BufReader::with_capacity(STEP / 2, file)))
}

fn needletail(path: &Path) -> Answer {
    let mut work = Work::default();
    let mut reader = needletail::parse_fastx_file(path).expect("good input");
    while let Some(record) = reader.next() {
        let record = record.expect("good input");
        work.add(record.raw_seq(), record.qual().expect("FASTQ"));
    }
    work.answer()
}

fn paraseq(path: &Path) -> Answer {
    use paraseq::{Record, fastq::RefRecord, prelude::ParallelReader};
    let all = Arc::new(Mutex::new(Work::default()));
    let sums = Arc::clone(&all);
    let mut processor = move |batch: &mut dyn Iterator<Item = RefRecord<'_>>| {
        let mut work = Work::default();
        for record in batch {
            work.add(record.seq_raw(), record.qual().expect("FASTQ"));
        }
        let mut sums = sums.lock().expect("no panic");
        *sums = sums.merge(work);
        Ok(())
    };
    let reader = paraseq::ReaderBuilder::path(path).build_fastq().expect("good input");
    reader.process_parallel(&mut processor, 2).expect("good input");
    let all = all.lock().expect("no panic");
    all.answer()
}
