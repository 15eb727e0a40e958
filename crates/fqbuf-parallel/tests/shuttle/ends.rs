//! Runs that end early: the first end in input order is told, all before it was delivered, and nobody goes on.

use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use fqbuf_parallel::{BoxError, Done, Error};
use fqbuf_pool::MemoryBudget;

use crate::*;

/// Records of each scenario here.
const RECORDS: usize = 33;

/// How a run has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Stopped,
    Closure(usize),
    Input(io::ErrorKind),
    Output(io::ErrorKind),
    Panic(String),
}

fn end_of<T>(result: std::thread::Result<Result<Done<T>, Error>>) -> End {
    match result {
        Ok(Ok(done)) if done.summary.stopped => End::Stopped,
        Ok(Ok(_)) => End::Done,
        Ok(Err(Error::Closure(error))) => End::Closure(error.error.to_string().parse().expect("a number")),
        Ok(Err(Error::Output(error))) => End::Output(error.kind()),
        Ok(Err(error @ Error::Input(_))) => End::Input(io::Error::from(error).kind()),
        Ok(Err(error)) => panic!("{error}"),
        Err(payload) => match payload.downcast::<usize>() {
            Ok(number) => End::Panic(number.to_string()),
            Err(payload) => End::Panic((*payload.downcast::<&str>().expect("our own")).to_owned()),
        },
    }
}

/// What closures do at some records: stop, fail, panic.
fn ends_at(record: usize, at: &[(usize, usize)]) -> Result<ControlFlow<()>, BoxError> {
    step();
    match at.iter().find(|(number, _)| *number == record) {
        Some((_, 0)) => Ok(ControlFlow::Break(())),
        Some((_, 1)) => Err(record.to_string().into()),
        Some(_) => resume_unwind(Box::new(record)),
        None => Ok(ControlFlow::Continue(())),
    }
}

/// The end by a closure.
pub(crate) fn told((record, how): (usize, usize)) -> End {
    match how {
        0 => End::Stopped,
        1 => End::Closure(record),
        _ => End::Panic(record.to_string()),
    }
}

/// A run through `sink`, ended by its closure at some records, its reader or the writer.
fn ordered(pipeline: &Pipeline, tape: Tape<'_>, at: &[(usize, usize)], sink: Sink<'_>) -> End {
    with_ends(pipeline.reader(tape), at, sink)
}

/// A run through `sink`, ended by its closure at some records, or otherwise.
pub(crate) fn with_ends(run: Run<'_, Single>, at: &[(usize, usize)], sink: Sink<'_>) -> End {
    end_of(catch_unwind(AssertUnwindSafe(|| {
        run.map_ordered(
            sink,
            || (),
            |(), record, out| {
                let flow = ends_at(number(record.id()), at)?;
                if flow.is_continue() {
                    out.extend_from_slice(record.id());
                }
                Ok::<_, BoxError>(flow)
            },
        )
    })))
}

#[test]
fn stop_error_and_panic_at_several_records() {
    let mutants = [
        "panic-not-settled",
        "end-counts-as-behind",
        "reader-waits-behind-the-end",
        "settle-without-notify",
        "turn-passed-before-write",
    ];
    let data = records(RECORDS);
    scenario(&mutants, move || {
        let at: Vec<_> = (0..1 + below(3)).map(|_| (below(RECORDS), below(3))).collect();
        let first = *at.iter().min_by_key(|(record, _)| *record).expect("one at least");
        let mut got = Vec::new();
        let tape = Tape { data: &data, then: [Then::End, Then::Error][below(2)] };
        assert_eq!(ordered(&pipeline(), tape, &at, Sink::new(&mut got)), told(first), "{at:?}");
        assert_eq!(got, numbers(first.0));
    });
}

/// Without output the reader may be far ahead of the block whose end it waits for.
#[test]
fn a_fold_that_ends_at_several_records() {
    let mutants = ["panic-not-settled", "end-counts-as-behind", "panic-takes-the-state"];
    let data = records(RECORDS);
    scenario(&mutants, move || {
        let at: Vec<_> = (0..1 + below(3)).map(|_| (below(RECORDS), below(3))).collect();
        let first = *at.iter().min_by_key(|(record, _)| *record).expect("one at least");
        let run = run(&pipeline(), &data);
        let result = catch_unwind(AssertUnwindSafe(|| {
            let each = |seen: &mut Vec<usize>, record: fqbuf_record::RefRecord<'_>| {
                seen.push(number(record.id()));
                ends_at(number(record.id()), &at)
            };
            run.fold(Vec::new, each, |a, b| [a, b].concat())
        }));
        if let Ok(Ok(done)) = &result {
            let mut seen = done.value.clone();
            seen.sort_unstable();
            assert!(seen.iter().copied().take(first.0 + 1).eq(0..=first.0), "all before the stop, once: {seen:?}");
        }
        assert_eq!(end_of(result), told(first), "{at:?}");
    });
}

#[test]
fn a_reader_that_fails_or_panics() {
    let mutants = ["reader-end-not-settled", "input-open-after-panic"];
    let data = records(RECORDS);
    scenario(&mutants, move || {
        let (whole, then) = (below(RECORDS), [Then::Error, Then::Panic][below(2)]);
        let tape = Tape { data: &data[..whole * RECORD + below(RECORD)], then };
        let mut got = Vec::new();
        let end = ordered(&pipeline(), tape, &[], Sink::new(&mut got));
        if then == Then::Error {
            assert_eq!((end, got), (End::Input(io::ErrorKind::ConnectionReset), numbers(whole)));
        } else {
            assert_eq!(end, End::Panic("the reader's".to_owned()));
            assert!(numbers(whole).starts_with(&got));
        }
    });
}

/// Some wait for memory, some for their turn, when the writer ends it all.
#[test]
fn a_writer_that_fails_or_panics_while_others_wait() {
    let mutants = ["verdict-without-notify", "settle-without-notify", "turn-passed-before-write"];
    let data = records(RECORDS);
    scenario(&mutants, move || {
        let budget = MemoryBudget::new(LITTLE);
        let mut got = Vec::new();
        let (left, panics) = (below(RECORDS * RECORD * 4), below(2) == 0);
        let sink = Sink { got: &mut got, left, panics };
        let run = run(&pipeline().budget(&budget), &data);
        let end = end_of(catch_unwind(AssertUnwindSafe(|| {
            run.map_ordered(
                sink,
                || (),
                |(), record, out| {
                    step();
                    for _ in 0..4 {
                        out.extend_from_slice(record.as_bytes());
                    }
                },
            )
        })));
        let wanted: Vec<u8> = data.chunks(RECORD).flat_map(|record| record.repeat(4)).take(left).collect();
        let said = if panics { End::Panic("the writer's".to_owned()) } else { End::Output(io::ErrorKind::StorageFull) };
        assert_eq!(end, said);
        assert!(got == wanted, "{} bytes of {left}", got.len());
        assert_eq!(budget.used(), 0);
    });
}

/// A closure ends the run while a worker before it waits for its turn, and one behind it for memory.
#[test]
fn an_end_while_others_wait_for_turn_and_memory() {
    let mutants = ["panic-not-settled", "verdict-without-notify", "write-out-of-turn"];
    let data = records(RECORDS);
    scenario(&mutants, move || {
        let budget = MemoryBudget::new(LITTLE);
        let at = (below(RECORDS), below(3));
        let mut got = Vec::new();
        let run = run(&pipeline().budget(&budget), &data);
        let sink = Sink::new(&mut got);
        let end = end_of(catch_unwind(AssertUnwindSafe(|| {
            run.map_ordered(
                sink,
                || (),
                |(), record, out| {
                    let flow = ends_at(number(record.id()), &[at])?;
                    if flow.is_continue() {
                        (0..4).for_each(|_| out.extend_from_slice(record.as_bytes()));
                    }
                    Ok::<_, BoxError>(flow)
                },
            )
        })));
        assert_eq!(end, told(at));
        assert_eq!(got.len(), at.0 * RECORD * 4);
        assert_eq!(budget.used(), 0);
    });
}
