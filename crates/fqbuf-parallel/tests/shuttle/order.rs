//! What comes out of runs that come to their end.

use fqbuf_parallel::{Error, Input, Layout, Run};
use fqbuf_record::MateCheck;

use crate::*;

#[test]
fn ordered_output_of_a_reader() {
    let mutants = ["turn-passed-before-write", "number-after-claim"];
    let data = records(41);
    scenario(&mutants, move || {
        let mut got = Vec::new();
        let done = run(&pipeline(), &data).map_ordered(
            Sink::new(&mut got),
            || 0,
            |count, record, out| {
                *count += 1;
                step();
                out.extend_from_slice(record.id());
            },
        );
        let done = done.expect("all is well");
        assert_eq!(got, numbers(41));
        assert_eq!((done.value.iter().sum::<u64>(), done.summary.records), (41, 41));
    });
}

/// Records of two lengths, so that blocks have different numbers of them, and a bad one behind.
fn varied(n: usize) -> Vec<u8> {
    let mut data = Vec::new();
    for i in 0..n {
        let len = if i % 7 < 3 { 500 } else { 200 };
        data.extend_from_slice(format!("@{i:06}\n{}\n+\n{}\n", "A".repeat(len), "I".repeat(len)).as_bytes());
    }
    data.extend_from_slice(b"@bad\nACGT\n+\nIII\n");
    data
}

/// Folds all items, of which the last is bad: the place of the error, in records.
fn place<L: Layout>(run: Run<'_, L>) -> u64 {
    let each = |count: &mut u64, _: L::Item<'_>| {
        step();
        *count += 1;
    };
    match run.fold(|| 0, each, |a, b| a + b) {
        Err(Error::Input(error)) => error.position().record,
        other => panic!("{other:?}"),
    }
}

/// Where an error stands is added up from the blocks before it, in their order.
#[test]
fn an_error_has_its_place_in_one_input_and_in_two() {
    let data: Vec<Vec<u8>> = (0..40).map(varied).collect();
    scenario(&["number-after-claim"], move || {
        let n = 10 + below(30);
        let pipeline = pipeline().mate_check(MateCheck::Off);
        let tape = || Input::reader(Tape { data: &data[n], then: Then::End });
        let wanted = n as u64 + 1;
        assert_eq!(place(pipeline.single(tape()).expect("open")), wanted);
        assert_eq!(place(pipeline.interleaved(tape()).expect("open")), wanted);
        let two = pipeline.paired(tape(), Input::reader(&data[39][..])).expect("open");
        assert_eq!(place(two), wanted);
    });
}
