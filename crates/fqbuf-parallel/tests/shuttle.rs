//! The whole pipeline over random schedules: three threads, a reader, ordered output, one budget, every way to end.
//!
//! `cargo xtask shuttle` runs the scenarios, with `--mutants` against the mutants that each names. A run that hangs is a
//! deadlock here, and a thread that outlives its run is a task that is left over: both fail a scenario.
#![cfg(shuttle)]

#[path = "shuttle/bgzf.rs"]
mod bgzf;
#[path = "shuttle/ends.rs"]
mod ends;
#[path = "shuttle/memory.rs"]
mod memory;
#[path = "shuttle/order.rs"]
mod order;

use std::io::{self, Read, Write};

use fqbuf_models::scenario;
use fqbuf_parallel::{Pipeline, Run, Single};
use shuttle::rand::Rng;
use shuttle::sync::atomic::{AtomicBool, Ordering};

/// Memory for three threads, each with a block and its output, and as much again: when outputs grow, somebody has to wait.
const LITTLE: usize = 2 * 3 * (3 * 4096 + 4096);

/// Bytes of a record, of which four make a block of one page.
const RECORD: usize = 1024;

/// A number below `bound`, chosen by the schedule.
fn below(bound: usize) -> usize {
    shuttle::rand::thread_rng().gen_range(0..bound)
}

/// Lets the schedule take another thread. A yield would put this one behind all others, and none would ever be far behind.
fn step() {
    AtomicBool::new(true).load(Ordering::SeqCst);
}

/// Records that begin with their number.
fn records(n: usize) -> Vec<u8> {
    let len = (RECORD - 12) / 2;
    (0..n).flat_map(|i| format!("@{i:06}\n{}\n+\n{}\n", "A".repeat(len), "I".repeat(len)).into_bytes()).collect()
}

/// The number of a record by its name.
fn number(id: &[u8]) -> usize {
    id.iter().fold(0, |n, digit| 10 * n + usize::from(digit - b'0'))
}

/// What is put out for the first `n` records.
fn numbers(n: usize) -> Vec<u8> {
    (0..n).flat_map(|i| format!("{i:06}").into_bytes()).collect()
}

/// Settings of three threads and blocks of one page.
fn pipeline() -> Pipeline {
    Pipeline::new().threads(3).block_size(1)
}

/// How a tape ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    End,
    Error,
    Panic,
}

/// A reader that lets others run, and ends in its way. After a panic it would go on, in the middle of something else.
struct Tape<'a> {
    data: &'a [u8],
    then: Then,
}

impl Read for Tape<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        step();
        match (self.data.read(buf)?, self.then) {
            (0, Then::Error) => Err(io::ErrorKind::ConnectionReset.into()),
            (0, Then::Panic) => {
                *self = Tape { data: b"@999999\nA\n+\nI\n", then: Then::End };
                std::panic::resume_unwind(Box::new("the reader's"))
            }
            (n, _) => Ok(n),
        }
    }
}

/// A writer that lets others run between its pieces, and fails after so many bytes.
struct Sink<'a> {
    got: &'a mut Vec<u8>,
    left: usize,
    panics: bool,
}

impl<'a> Sink<'a> {
    fn new(got: &'a mut Vec<u8>) -> Self {
        Self { got, left: usize::MAX, panics: false }
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        step();
        if self.left == 0 && self.panics {
            std::panic::resume_unwind(Box::new("the writer's"));
        }
        if self.left == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let n = buf.len().min(self.left).min(1 + buf.len() / 2);
        self.left -= n;
        self.got.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A run over a tape.
fn run<'a>(pipeline: &Pipeline, data: &'a [u8]) -> Run<'a, Single> {
    pipeline.reader(Tape { data, then: Then::End })
}
