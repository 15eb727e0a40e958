//! Contenders that are given the path of a file in the page cache.

use std::fs::File;

use fqbuf_record::{QualityLength, Reader};
use fqbuf_stream::{ReadAhead, Stream};
use harness::{Answer, Contender, Stage, drain_by};
use helicase::{
    input::{FromFile, FromMmap, FromReader},
    parser::FastqParser,
};

use crate::{
    peers,
    sums::{self, DELIVER},
};

pub(crate) fn contenders() -> Vec<Contender> {
    let mut all = vec![
        Contender::ours("fqbuf", fqbuf),
        Contender::ours("fqbuf, reading ahead", fqbuf_ahead),
        Contender::ours("fqbuf over a caller's map", |stage| fqbuf_mapped(stage, QualityLength::Verified)),
        Contender::ours("fqbuf over a caller's map, quality's length trusted", |stage| {
            fqbuf_mapped(stage, QualityLength::Trusted)
        }),
        Contender::ours("fqbuf, quality's length trusted", fqbuf_trusting),
    ];
    all.extend(peers([
        ("seq_io", |stage| file(stage, sums::seq_io)),
        ("seq_io of 1 MiB", |stage| file(stage, |file| sums::seq_io_of(file, 1 << 20))),
        ("paraseq", |stage| file(stage, sums::paraseq)),
        ("needletail", |stage| file(stage, sums::needletail)),
        ("noodles-fastq", |stage| file(stage, sums::noodles)),
        ("fastq", |stage| file(stage, sums::fastq)),
        ("bio", |stage| file(stage, sums::bio)),
    ]));
    all.push(Contender::peer("helicase", helicase));
    all.push(Contender::native("helicase native", helicase));
    all.push(Contender::native("helicase native, reading ahead", helicase_ahead));
    // For those that read ahead, on a thread.
    all.push(Contender::control());
    all.push(Contender::native("helicase mmap native", helicase_mmap));
    all.push(Contender::limit("read(2) of 64 KiB", |stage| file(stage, |file| drain_by(64 << 10, file))));
    all.push(Contender::limit("read(2) of 1 MiB", |stage| file(stage, |file| drain_by(1 << 20, file))));
    all
}

/// Runs `walk` over the file, which is opened within the time.
fn file(stage: &mut Stage, walk: impl Fn(File) -> Answer) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| walk(File::open(&path).expect("the runner made the file")))
}

fn fqbuf(stage: &mut Stage) -> Answer {
    file(stage, |file| sums::fqbuf!(Reader::new(file)))
}

/// A second thread reads.
fn fqbuf_ahead(stage: &mut Stage) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| {
        let stream = Stream::builder().read_ahead(ReadAhead::Always).open(&path).expect("the runner made the file");
        sums::fqbuf!(Reader::new(stream))
    })
}

/// Its user maps the file and hands the slice over.
fn fqbuf_mapped(stage: &mut Stage, quality: QualityLength) -> Answer {
    let path = stage.path().to_owned();
    let builder = Reader::builder().quality_length(quality);
    stage.time(|| {
        let bytes = harness::mapped(&path);
        sums::fqbuf!(builder.clone().build_slice(&bytes))
    })
}

fn fqbuf_trusting(stage: &mut Stage) -> Answer {
    let builder = Reader::builder().quality_length(QualityLength::Trusted);
    file(stage, |file| sums::fqbuf!(builder.clone().build(file)))
}

fn helicase(stage: &mut Stage) -> Answer {
    file(stage, |file| sums::helicase!(FastqParser::<DELIVER, _>::from_reader(file)))
}

/// A second thread reads, which is what `from_file` does where there are two cores.
fn helicase_ahead(stage: &mut Stage) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| sums::helicase!(FastqParser::<DELIVER, _>::from_file(&path)))
}

fn helicase_mmap(stage: &mut Stage) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| sums::helicase!(FastqParser::<DELIVER, _>::from_file_mmap(&path)))
}
