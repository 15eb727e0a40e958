//! How runs end before their input does: panics, errors and stops, at any record, with any number of threads.
//!
//! A run that hangs ends the whole test process (see `watched`). Closures panic by `resume_unwind`, which prints nothing.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use fqbuf_parallel::{Done, Error, Input};

use crate::support::*;

/// Records of 128 bytes each, of which 32 make a block of one page; numbered from 0.
pub(crate) fn numbered(n: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for number in 0..n {
        out.extend_from_slice(format!("@{number:06}\n{}\n+\n{}\n", "A".repeat(58), "I".repeat(58)).as_bytes());
    }
    debug_assert_eq!(out.len(), 128 * n);
    out
}

pub(crate) fn number_of(head: &[u8]) -> usize {
    head.iter().fold(0, |n, digit| 10 * n + usize::from(digit - b'0'))
}

/// How a closure ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Panic,
    Error,
    Stop,
}

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Done,
    Panic(usize),
    Error(String),
    Stop,
}

impl How {
    /// Ends a run at a record.
    fn at(self, number: usize) -> Result<ControlFlow<()>, String> {
        match self {
            Self::Panic => resume_unwind(Box::new(number)),
            Self::Error => Err(format!("at {number}")),
            Self::Stop => Ok(ControlFlow::Break(())),
        }
    }
}

fn end_of<T>(result: std::thread::Result<Result<Done<T>, Error>>) -> End {
    match result {
        Ok(Ok(done)) if done.summary.stopped => End::Stop,
        Ok(Ok(_)) => End::Done,
        Ok(Err(Error::Closure(error))) => End::Error(error.error.to_string()),
        Ok(Err(error)) => End::Error(error.to_string()),
        Err(payload) => End::Panic(*payload.downcast::<usize>().expect("our own")),
    }
}

#[derive(Clone, Copy)]
enum From<'a> {
    Slice(&'a [u8]),
    Reader(&'a [u8]),
    File(&'a Temporary),
}

impl<'a> From<'a> {
    fn input(self) -> Input<'a> {
        match self {
            Self::Slice(data) => Input::slice(data),
            Self::Reader(data) => Input::reader(data),
            Self::File(file) => file.input(),
        }
    }
}

/// A run whose closure ends it at each of the records `at`; the end it came to, and the numbers it put out.
fn ordered_until(from: From<'_>, threads: usize, at: &[usize], how: How) -> (End, Vec<usize>) {
    let mut out = Vec::new();
    let run = pipeline(threads, 1, PLAIN).single(from.input()).expect("open");
    let result = catch_unwind(AssertUnwindSafe(|| {
        run.map_ordered(
            &mut out,
            || (),
            |(), record, out| {
                let number = number_of(record.id());
                if at.contains(&number) {
                    return how.at(number);
                }
                out.extend_from_slice(record.id());
                Ok(ControlFlow::Continue(()))
            },
        )
    }));
    (end_of(result), out.chunks(6).map(number_of).collect())
}

/// The same with a run that folds; the number of records seen before the end.
fn folded_until(from: From<'_>, threads: usize, at: &[usize], how: How) -> (End, usize) {
    let first = at.iter().copied().min().unwrap_or(usize::MAX);
    let before = AtomicU64::new(0);
    let run = pipeline(threads, 1, PLAIN).single(from.input()).expect("open");
    let result = catch_unwind(AssertUnwindSafe(|| {
        run.fold(
            || (),
            |(), record| {
                let number = number_of(record.id());
                if number < first {
                    before.fetch_add(1, Ordering::Relaxed);
                }
                if at.contains(&number) {
                    return how.at(number);
                }
                Ok(ControlFlow::Continue(()))
            },
            |(), ()| (),
        )
    }));
    (end_of(result), usize::try_from(before.into_inner()).expect("small"))
}

fn expected(how: How, at: usize) -> End {
    match how {
        How::Panic => End::Panic(at),
        How::Error => End::Error(format!("at {at}")),
        How::Stop => End::Stop,
    }
}

/// Ends a run at `at`, and at two later records that must not be what is told.
fn ends_at(data: &[u8], file: &Temporary, threads: usize, at: usize, how: How) {
    let n = data.len() / 128;
    let all = [at, at + 40, at + 41];
    for from in [From::Slice(data), From::Reader(data), From::File(file)] {
        let (end, out) = ordered_until(from, threads, &all, how);
        let what = format!("{how:?} at {at} of {n}, {threads} threads");
        if at < n {
            assert_eq!(end, expected(how, at), "{what}");
            assert!(out.iter().copied().eq(0..at), "{what}: {out:?}");
        } else {
            assert_eq!((end, out.len()), (End::Done, n), "{what}");
        }
        let (end, before) = folded_until(from, threads, &all, how);
        let told = if at < n { expected(how, at) } else { End::Done };
        assert_eq!((end, before), (told, at.min(n)), "{what}, folded");
    }
}

fn at_any_record(how: How) {
    let data = numbered(1000);
    let file = Temporary::new("numbered.fq", &data).expect("a temporary file");
    watched(if deep() { 3000 } else { 120 }, || {
        for threads in 1..=8 {
            let step = if deep() { 1 } else { 311 + threads };
            for at in (0..1000).step_by(step).chain([1, 31, 32, 33, 999, 1000]) {
                ends_at(&data, &file, threads, at, how);
            }
        }
    });
}

/// Red with a worker loop that does not catch panics: the caller waits for a block that nobody settles.
#[test]
fn fault_71_worker_panic_is_raised_in_the_caller_after_all_threads_ended() {
    at_any_record(How::Panic);
}

/// Red when the first error in time is kept instead of the first in input order.
#[test]
fn first_error_in_input_order_is_told() {
    at_any_record(How::Error);
}

/// Red when blocks behind the stop are written because they were settled before it.
#[test]
fn fault_72_early_stop_ends_all_threads_and_writes_what_came_before() {
    at_any_record(How::Stop);
}

/// Red with a reader that asks for one more block when the last one was full to the byte.
#[test]
fn fault_73_record_counts_around_a_multiple_of_the_block() {
    watched(120, || {
        for k in 0..6_usize {
            for n in [(32 * k).saturating_sub(1), 32 * k, 32 * k + 1] {
                let data = numbered(n);
                let file = Temporary::new("counts.fq", &data).expect("a temporary file");
                for threads in 1..=8 {
                    ends_at(&data, &file, threads, n, How::Error);
                    if n > 0 {
                        ends_at(&data, &file, threads, n - 1, How::Stop);
                    }
                }
            }
        }
    });
}

/// Fails after so many bytes, then panics when it is used again.
struct Failing {
    left: usize,
    kind: io::ErrorKind,
    panics: bool,
    failed: bool,
    got: Vec<u8>,
}

impl Failing {
    fn after(left: usize) -> Self {
        Self { left, kind: io::ErrorKind::StorageFull, panics: false, failed: false, got: Vec::new() }
    }
}

impl Write for Failing {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        assert!(!self.failed, "written to after its error");
        if self.left == 0 {
            self.failed = true;
            if self.panics {
                resume_unwind(Box::new("the writer's"));
            }
            return Err(self.kind.into());
        }
        let n = buf.len().min(self.left).min(777);
        self.left -= n;
        self.got.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Red with a writer behind a `BufWriter` that is dropped, or with an error that is told by a later one.
#[test]
fn fault_75_writer_error_is_told_and_what_was_written_is_the_beginning() {
    let data = numbered(400);
    watched(120, || {
        for threads in 1..=8 {
            for left in (0..400 * 6).step_by(if deep() { 1 } else { 397 }) {
                let mut writer = Failing::after(left);
                let run = pipeline(threads, 1, PLAIN).reader(&data[..]);
                let result = run.map_ordered(&mut writer, || (), |(), record, out| out.extend_from_slice(record.id()));
                let Err(Error::Output(error)) = result else { panic!("{left} of {threads}: no error") };
                assert_eq!(error.kind(), io::ErrorKind::StorageFull);
                let expected: Vec<u8> = (0..400).flat_map(|n| format!("{n:06}").into_bytes()).take(left).collect();
                assert_eq!(writer.got, expected, "{left} of {threads}");
            }
        }
    });
}

#[test]
fn writer_panic_is_raised_in_the_caller() {
    let data = numbered(300);
    watched(60, || {
        for threads in 1..=8 {
            let mut writer = Failing { panics: true, ..Failing::after(700) };
            let result = catch_unwind(AssertUnwindSafe(|| {
                let run = pipeline(threads, 1, PLAIN).slice(&data);
                run.map_ordered(&mut writer, || (), |(), record, out| out.extend_from_slice(record.id()))
            }));
            let payload = result.expect_err("a panic");
            assert_eq!(payload.downcast_ref::<&str>(), Some(&"the writer's"));
        }
    });
}

/// A full disk, by the system's own words.
#[cfg(target_os = "linux")]
#[test]
fn full_device_is_an_error() {
    let data = numbered(100);
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        // Not by `eprintln!`, which is not shown of a test that passes.
        return writeln!(io::stderr(), "NOT TESTED: no /dev/full here").expect("standard error");
    };
    let result = pipeline(4, 1, PLAIN).slice(&data).map_ordered(
        full,
        || (),
        |(), record, out| {
            out.extend_from_slice(record.as_bytes());
        },
    );
    assert!(matches!(result, Err(Error::Output(e)) if e.kind() == io::ErrorKind::StorageFull));
}

/// Red with an error type that hides the kind: a tool cannot tell a closed pipe from a full disk.
#[test]
fn fault_74_closed_pipe_is_told_apart() {
    let data = numbered(100);
    let writer = Failing { kind: io::ErrorKind::BrokenPipe, ..Failing::after(0) };
    let run = pipeline(2, 1, PLAIN).slice(&data);
    let result = run.map_ordered(writer, || (), |(), record, out| out.extend_from_slice(record.as_bytes()));
    assert!(matches!(result, Err(Error::Output(e)) if e.kind() == io::ErrorKind::BrokenPipe));
}

/// A reader that panics after so many bytes.
struct Panicking<'a>(&'a [u8]);

impl io::Read for Panicking<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            resume_unwind(Box::new("the reader's"));
        }
        self.0.read(buf)
    }
}

/// Red with a lock that is poisoned and then waited for.
#[test]
fn reader_panic_is_raised_in_the_caller() {
    let data = numbered(300);
    watched(60, || {
        for threads in 1..=8 {
            for len in [0, 128, 5000, 128 * 300] {
                let result = catch_unwind(AssertUnwindSafe(|| {
                    let run = pipeline(threads, 1, PLAIN).reader(Panicking(&data[..len]));
                    run.fold(|| (), |(), _| (), |(), ()| ())
                }));
                assert_eq!(result.expect_err("a panic").downcast_ref::<&str>(), Some(&"the reader's"));
            }
        }
    });
}

#[test]
fn panic_of_a_state_that_is_made_or_dropped() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            resume_unwind(Box::new("the state's end"));
        }
    }
    let data = numbered(300);
    watched(60, || {
        for threads in 1..=4 {
            let made = catch_unwind(AssertUnwindSafe(|| {
                let init = || -> () { resume_unwind(Box::new("the state's beginning")) };
                pipeline(threads, 1, PLAIN).slice(&data).fold(init, |(), _| (), |(), ()| ())
            }));
            assert_eq!(made.expect_err("a panic").downcast_ref::<&str>(), Some(&"the state's beginning"));
            let dropped = catch_unwind(AssertUnwindSafe(|| {
                let each =
                    |_: &mut Bomb, _: fqbuf_record::RefRecord<'_>| -> () { resume_unwind(Box::new("the closure's")) };
                pipeline(threads, 1, PLAIN).slice(&data).fold(
                    || Bomb,
                    each,
                    |a, b| {
                        std::mem::forget(b);
                        a
                    },
                )
            }));
            let payload = dropped.err().expect("a panic");
            assert_eq!(payload.downcast_ref::<&str>(), Some(&"the closure's"));
        }
        // An error of the input, and a state of each of two threads.
        let bad = [&data[..], b"x\n"].concat();
        let made = AtomicU64::new(0);
        let failed = catch_unwind(AssertUnwindSafe(|| {
            let init = || {
                made.fetch_add(1, Ordering::Relaxed);
                Bomb
            };
            let each = |_: &mut Bomb, _: fqbuf_record::RefRecord<'_>| {
                while made.load(Ordering::Relaxed) < 2 {
                    std::thread::yield_now();
                }
            };
            pipeline(2, 1, PLAIN).slice(&bad).fold(init, each, |a, _| a)
        }));
        assert_eq!(failed.err().expect("a panic").downcast_ref::<&str>(), Some(&"the state's end"));
    });
}
