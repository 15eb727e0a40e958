//! What a run takes of the system, seen from outside: memory and threads of a process of its own. Linux tells both.
#![cfg(target_os = "linux")]

use std::io::{self, Write};
use std::process::Command;

use fqbuf_parallel::{Error, Input, Pipeline};
use fqbuf_pool::MemoryBudget;
use fqbuf_stream::{Format, WriterBuilder};
use rstest::rstest;

use crate::over::Over;
use crate::support::*;

/// The memory that is set, and what may come on top: the program itself, its threads' stacks, the decoders' tables.
const LIMIT: usize = 64 << 20;
const GRACE: usize = 16 << 20;

/// Tells the child what to do.
const JOB: &str = "FQBUF_TEST_JOB";

/// A figure of this process, in the units the system has it in.
fn status(name: &str) -> usize {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a figure");
    line.trim_start_matches(':').split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
}

/// A writer that takes a piece at a time, lets others run in between, and counts this process' threads now and then.
struct Slow {
    written: u64,
    calls: usize,
    threads: usize,
}

impl Write for Slow {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        for _ in 0..50 {
            std::thread::yield_now();
        }
        if self.calls.is_multiple_of(64) {
            self.threads = self.threads.max(status("Threads"));
        }
        self.calls += 1;
        let n = buf.len().min(64 << 10);
        self.written += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The child: does nothing when nobody has asked for it.
#[test]
fn a_process_of_its_own() -> Result<(), Error> {
    let Ok(job) = std::env::var(JOB) else { return Ok(()) };
    let fields: Vec<&str> = job.split(',').collect();
    let [source, bases, threads] = fields[..] else { panic!("a job of three fields") };
    let (bases, threads) = (bases.parse::<usize>().expect("a number"), threads.parse::<usize>().expect("a number"));
    // Debug builds are slow; what matters is many blocks.
    let bytes = if deep() { 512 << 20 } else { 150 << 20 };
    let record = format!("@read\n{}\n+\n{}\n", "ACGT".repeat(bases / 4), "IIFF".repeat(bases / 4)).into_bytes();
    let times = bytes / record.len();
    let total = (times * record.len()) as u64;
    let data = Over::new(record, times);
    let before = status("Threads");
    let budget = MemoryBudget::new(LIMIT);
    let file;
    let input = match source {
        "reader" => Input::reader(data),
        source => {
            let format = match source {
                "gzip" => Format::Gzip,
                "bgzf" => Format::Bgzf,
                _ => Format::Plain,
            };
            file = Temporary::new("process.fq", b"").expect("a temporary file");
            let mut writer = WriterBuilder::new().format(format).level(1).create(&file.0).expect("creates");
            io::copy(&mut { data }, &mut writer).expect("writes");
            writer.finish().expect("finishes");
            file.input()
        }
    };
    let mut slow = Slow { written: 0, calls: 0, threads: 0 };
    let run = Pipeline::new().threads(threads).budget(&budget).single(input)?;
    run.map_ordered(&mut slow, || (), |(), record, out| out.extend_from_slice(record.as_bytes()))?;
    assert_eq!((slow.written, budget.used()), (total, 0));
    println!("peak {} kB, {} threads\n", status("VmHWM"), slow.threads - before + 1);
    Ok(())
}

/// Fails when blocks, output that waits, decompression or carried-over records are not in the budget, or not bounded.
#[rstest]
fn fault_78_peak_memory_is_the_budget_and_little_more(
    #[values("reader", "file", "gzip", "bgzf")] source: &str,
    #[values(150, 500_000)] bases: usize,
) {
    watched(if deep() { 900 } else { 300 }, || {
        let child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "process::a_process_of_its_own", "--nocapture", "--test-threads=1"])
            .env(JOB, format!("{source},{bases},8"))
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
        let figures = said.lines().find_map(|line| line.split_once("peak ")).expect("its figures").1;
        let numbers: Vec<usize> = figures.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        let [peak, threads] = numbers[..] else { panic!("{figures}") };
        println!("{source}, reads of {bases}: {figures}");
        assert!(peak << 10 < LIMIT + GRACE, "{source}, reads of {bases}: {figures}");
        assert!(threads <= 8, "{source}, reads of {bases}: {figures}");
    });
}
