//! Contenders that decompress and count bytes.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    num::NonZero,
    path::Path,
};

use flate2::bufread::MultiGzDecoder;
use fqbuf_stream::{ReadAhead, Stream};
use harness::{Answer, Contender, STEP, Stage, bgzf_length, count, drain, together, unpacked};
use libdeflater::Decompressor;

use crate::unpacking;

pub(crate) fn gzip() -> Vec<Contender> {
    vec![
        Contender::ours("fqbuf", |stage| unpacking(stage, |path| fqbuf(path, ReadAhead::Never, 1))),
        Contender::ours("fqbuf, read ahead", |stage| unpacking(stage, |path| fqbuf(path, ReadAhead::Compressed, 1))),
        Contender::ours("fqbuf, always on a thread", |stage| {
            unpacking(stage, |path| fqbuf(path, ReadAhead::Always, 1))
        }),
        Contender::peer("sirocco", |stage| unpacking(stage, sirocco)),
        Contender::peer("sirocco's decoder", |stage| unpacking(stage, decoder)),
        Contender::peer("flate2 over zlib-rs", |stage| unpacking(stage, flate2)),
        // For those with a thread.
        Contender::control(),
        Contender::limit("libdeflate, whole", libdeflate),
    ]
}

pub(crate) fn bgzf() -> Vec<Contender> {
    vec![
        Contender::ours("fqbuf", |stage| unpacking(stage, |path| fqbuf(path, ReadAhead::Always, 2))),
        Contender::ours("fqbuf, one thread", |stage| unpacking(stage, |path| fqbuf(path, ReadAhead::Always, 1))),
        Contender::ours("fqbuf, the caller's thread", |stage| {
            unpacking(stage, |path| fqbuf(path, ReadAhead::Never, 1))
        }),
        Contender::peer("noodles-bgzf", |stage| unpacking(stage, |path| noodles(path, 2))),
        Contender::peer("noodles-bgzf, one thread", |stage| unpacking(stage, |path| noodles(path, 1))),
        Contender::peer("flate2 over zlib-rs, the caller's thread", |stage| unpacking(stage, flate2)),
        Contender::control(),
        Contender::limit("libdeflate, two threads", |stage| unpacking(stage, |path| blocks(path, 2))),
        Contender::limit("libdeflate, one thread", |stage| unpacking(stage, |path| blocks(path, 1))),
    ]
}

fn open(path: &Path) -> BufReader<File> {
    BufReader::with_capacity(STEP / 2, File::open(path).expect("the runner made the file"))
}

fn fqbuf(path: &Path, ahead: ReadAhead, threads: usize) -> Answer {
    let stream = Stream::builder().read_ahead(ahead).threads(threads).open(path).expect("the runner made the file");
    count(stream.into_reader())
}

fn sirocco(path: &Path) -> Answer {
    drain(sirocco::inflate::Reader::new(sirocco::Format::Gzip, open(path)))
}

/// As its documentation does it; what comes out is counted where it is.
fn decoder(path: &Path) -> Answer {
    let mut file = open(path);
    let mut decoder = sirocco::inflate::Decoder::new(sirocco::Format::Gzip);
    let mut buffer = vec![0; STEP];
    let mut count = 0;
    loop {
        let input = file.fill_buf().expect("a file that can be read");
        let is_end = input.is_empty();
        let progress = decoder.decompress(input, &mut buffer, is_end).expect("good input");
        count += progress.output.len() as u64;
        let (consumed, done, full) = (progress.consumed, progress.done, progress.full);
        file.consume(consumed);
        if done {
            return [count, 0, 0];
        }
        if full {
            decoder.make_room(&mut buffer);
        }
    }
}

fn flate2(path: &Path) -> Answer {
    drain(MultiGzDecoder::new(open(path)))
}

fn noodles(path: &Path, workers: usize) -> Answer {
    let file = File::open(path).expect("the runner made the file");
    let workers = NonZero::new(workers).expect("a worker");
    let reader = noodles_bgzf::io::MultithreadedReader::with_worker_count(workers, file);
    count(reader)
}

fn libdeflate(stage: &mut Stage) -> Answer {
    let mut bytes = vec![1; usize::try_from(unpacked(stage.path())).expect("a small file")];
    unpacking(stage, |path| {
        let packed = std::fs::read(path).expect("the runner made the file");
        let count = Decompressor::new().gzip_decompress(&packed, &mut bytes).expect("good input");
        [count as u64, 0, 0]
    })
}

/// Every block into one buffer, by so many threads, each of which has a piece of the file for itself: nothing is put in order,
/// nothing handed over.
fn blocks(path: &Path, threads: usize) -> Answer {
    let packed = std::fs::read(path).expect("the runner made the file");
    let middle = if threads == 1 { packed.len() } else { begin_of_block(&packed, packed.len() / 2) };
    let (first, second) = packed.split_at(middle);
    let count = if threads == 1 {
        inflated(first)
    } else {
        let (_, first, second) = together(|| inflated(first), || inflated(second));
        first + second
    };
    [count, 0, 0]
}

/// The first block that begins at this byte or behind it.
fn begin_of_block(packed: &[u8], least: usize) -> usize {
    let mut at = 0;
    while at < least {
        at += bgzf_length(&packed[at..]);
    }
    at
}

/// Bytes that the blocks have uncompressed, each of which is.
fn inflated(mut packed: &[u8]) -> u64 {
    let mut decompressor = Decompressor::new();
    let mut buffer = vec![1; 1 << 16];
    let mut count = 0;
    while !packed.is_empty() {
        let (block, rest) = packed.split_at(bgzf_length(packed));
        count += decompressor.gzip_decompress(block, &mut buffer).expect("good input") as u64;
        packed = rest;
    }
    count
}
