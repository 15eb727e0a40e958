//! Records of good mean quality, written in input order.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
};

use fqbuf_parallel::Pipeline;
use fqbuf_record::{RefRecord, mean_quality};
use harness::{Answer, Contender, Stage, work::mean};

use crate::ours;

/// The least mean quality.
const GOOD: f64 = 30.0;

/// The same in hundredths.
const GOOD_HUNDREDTHS: u64 = 3000;

pub(crate) fn contenders() -> Vec<Contender> {
    vec![
        Contender::ours("fqbuf", |stage| {
            rewrite(stage, |path, out| fqbuf(path, out, 2, |record| record.mean_quality() >= Some(GOOD)))
        }),
        Contender::ours("fqbuf, one thread", |stage| {
            rewrite(stage, |path, out| fqbuf(path, out, 1, |record| record.mean_quality() >= Some(GOOD)))
        }),
        Contender::ours("fqbuf, plain loops", |stage| {
            rewrite(stage, |path, out| fqbuf(path, out, 2, |record| is_good_by_loops(record.qual())))
        }),
        Contender::peer("paraseq", |stage| rewrite(stage, |path, out| paraseq::<false>(path, out, 2))),
        Contender::peer("paraseq, one thread", |stage| rewrite(stage, |path, out| paraseq::<false>(path, out, 1))),
        Contender::peer("paraseq with fqbuf's counts", |stage| {
            rewrite(stage, |path, out| paraseq::<true>(path, out, 2))
        }),
        Contender::ours_native("fqbuf native", |stage| {
            rewrite(stage, |path, out| fqbuf(path, out, 2, |record| record.mean_quality() >= Some(GOOD)))
        }),
        Contender::native("paraseq native", |stage| rewrite(stage, |path, out| paraseq::<false>(path, out, 2))),
        Contender::control(),
        Contender::limit("read(2) of 1 MiB", |stage| ours::read(stage, 2)),
    ]
}

/// Runs `work` once into a digest, then for time into the null device.
fn rewrite(stage: &mut Stage, work: impl Fn(&Path, Box<dyn Write + Send>)) -> Answer {
    let path = stage.path().to_owned();
    let digest = Arc::new(Mutex::new(Digest::default()));
    work(&path, Box::new(Shared(Arc::clone(&digest))));
    let digest = digest.lock().expect("no panic").clone();
    stage.time(|| {
        work(&path, Box::new(File::create("/dev/null").expect("a null device")));
        [digest.bytes, digest.sum, digest.sums]
    })
}

/// Bytes, their sum, and the sum of the sums: each byte counts by its place, however they are cut into writes.
#[derive(Clone, Default)]
struct Digest {
    bytes: u64,
    sum: u64,
    sums: u64,
}

struct Shared(Arc<Mutex<Digest>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut digest = self.0.lock().expect("no panic");
        digest.bytes += bytes.len() as u64;
        for byte in bytes {
            digest.sum = digest.sum.wrapping_add(u64::from(*byte));
            digest.sums = digest.sums.wrapping_add(digest.sum);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the peers do.
fn is_good_by_loops(qual: &[u8]) -> bool {
    mean(qual) >= GOOD_HUNDREDTHS
}

fn fqbuf(
    path: &Path,
    out: Box<dyn Write + Send>,
    threads: usize,
    is_good: impl for<'d> Fn(RefRecord<'d>) -> bool + Sync,
) {
    let run = Pipeline::new().threads(threads).file(path).expect("the runner made the file");
    let done = run.map_ordered(
        out,
        || (),
        |(), record, out| {
            if is_good(record) {
                out.extend_from_slice(record.as_bytes());
            }
        },
    );
    done.expect("good input");
}

/// A thread's output of a batch, and the writer of all; with plain loops, or with fqbuf's functions over slices.
#[derive(Clone)]
struct Writing<const COUNTS: bool> {
    buffer: Vec<u8>,
    out: Arc<Mutex<Box<dyn Write + Send>>>,
}

impl<R: paraseq::Record, const COUNTS: bool> paraseq::prelude::ParallelProcessor<R> for Writing<COUNTS> {
    fn process_record(&mut self, record: R) -> paraseq::Result<()> {
        let qual = record.qual().expect("FASTQ");
        if if COUNTS { mean_quality(qual) >= Some(GOOD) } else { is_good_by_loops(qual) } {
            record.write_fastq(&mut self.buffer)?;
        }
        Ok(())
    }

    fn on_batch_complete(&mut self) -> paraseq::Result<()> {
        self.out.lock().expect("no panic").write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn requires_ordering(&self) -> bool {
        true
    }
}

fn paraseq<const COUNTS: bool>(path: &Path, out: Box<dyn Write + Send>, threads: usize) {
    use paraseq::prelude::ParallelReader;
    let mut writing = Writing::<COUNTS> { buffer: Vec::new(), out: Arc::new(Mutex::new(out)) };
    let file = File::open(path).expect("the runner made the file");
    paraseq::fastq::Reader::new(file).process_parallel(&mut writing, threads).expect("good input");
}
