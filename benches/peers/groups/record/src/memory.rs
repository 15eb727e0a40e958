//! Contenders that are given the whole data set as a slice.

use fqbuf_record::{Checks, QualityLength, Reader, SliceReader};
use harness::{Answer, Contender, Stage};
use helicase::{input::FromSlice, parser::FastqParser};

use crate::{
    peers,
    sums::{self, DELIVER},
};

pub(crate) fn contenders() -> Vec<Contender> {
    let mut all = vec![
        Contender::ours("fqbuf", fqbuf),
        Contender::ours("fqbuf, all checks", fqbuf_strict),
        Contender::ours("fqbuf, quality's length trusted", fqbuf_trusting),
    ];
    all.extend(peers([
        ("seq_io", |stage| reader(stage, |bytes| sums::seq_io(bytes))),
        ("paraseq", |stage| reader(stage, |bytes| sums::paraseq(bytes))),
        ("needletail", |stage| reader(stage, |bytes| sums::needletail(bytes))),
        ("noodles-fastq", |stage| reader(stage, |bytes| sums::noodles(bytes))),
        ("fastq", |stage| reader(stage, |bytes| sums::fastq(bytes))),
        ("bio", |stage| reader(stage, |bytes| sums::bio(bytes))),
    ]));
    all.push(Contender::peer("helicase", helicase));
    all.push(Contender::native("helicase native", helicase));
    all.push(Contender::limit("64-bit sum", sum));
    all.push(Contender::limit("memchr count of line ends", count));
    all
}

/// Runs `walk` over the data set.
fn reader(stage: &mut Stage, walk: impl Fn(&[u8]) -> Answer) -> Answer {
    let bytes = stage.bytes();
    stage.time(|| walk(&bytes))
}

fn fqbuf(stage: &mut Stage) -> Answer {
    reader(stage, |bytes| sums::fqbuf!(SliceReader::new(bytes)))
}

fn fqbuf_strict(stage: &mut Stage) -> Answer {
    reader(stage, |bytes| sums::fqbuf!(Reader::builder().checks(Checks::strict()).build_slice(bytes)))
}

fn fqbuf_trusting(stage: &mut Stage) -> Answer {
    let builder = Reader::builder().quality_length(QualityLength::Trusted);
    reader(stage, |bytes| sums::fqbuf!(builder.clone().build_slice(bytes)))
}

fn helicase(stage: &mut Stage) -> Answer {
    reader(stage, |bytes| sums::helicase!(FastqParser::<DELIVER, _>::from_slice(bytes)))
}

/// Reads every byte and does as good as nothing with it.
fn sum(stage: &mut Stage) -> Answer {
    reader(stage, |bytes| {
        let words = bytes.as_chunks::<8>().0;
        [words.iter().fold(0, |sum: u64, word| sum.wrapping_add(u64::from_ne_bytes(*word))), 0, 0]
    })
}

fn count(stage: &mut Stage) -> Answer {
    reader(stage, |bytes| [memchr::memchr_iter(b'\n', bytes).count() as u64, 0, 0])
}
