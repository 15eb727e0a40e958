//! The same records, order and errors for any number of threads, block size and way of reading.

use std::io;

use fqbuf_line::{Block, Source};
use fqbuf_parallel::{Error, Input};
use fqbuf_record::Checks;
use rstest::rstest;

use crate::support::*;

/// Every way to read `data` against the serial reader.
fn all_ways(data: &[u8], given: Given, threads: usize, block: usize, seed: u64) {
    let expected = serial(data, given);
    let file = Temporary::new("reads.fq", data).expect("a temporary file");
    let of = |way: usize| -> Input<'_> {
        match way {
            0 => Input::slice(data).named("input"),
            1 => Input::reader(data).named("input"),
            2 => Input::reader(Odd::new(data, seed)).named("input"),
            _ => file.input(),
        }
    };
    for way in 0..4 {
        let pipeline = pipeline(threads, block, given);
        let what = format!("way {way}, {threads} threads, blocks of {block}, seed {seed}, {given:?}");
        same(&ordered(pipeline.single(of(way)).expect("open")), &expected, &what);
        let sum = folded(pipeline.single(of(way)).expect("open"));
        assert_eq!(sum, folded_serial(&expected), "{what}, folded");
    }
}

#[rstest]
fn valid_input(#[values(1, 2, 3, 8)] threads: usize, #[values(1, 8192, 100_000, 1 << 20)] block: usize) {
    watched(60, || {
        all_ways(&reads(7, 1500, 300), PLAIN, threads, block, 1);
        all_ways(&reads(8, 60, 12_000), PLAIN, threads, block, 2);
    });
}

#[rstest]
fn nearly_nothing(#[values(1, 2, 8)] threads: usize) {
    watched(60, || {
        for data in [
            "",
            "\n",
            "\n\n",
            "@",
            "@r\n",
            "@r\nA\n+\nI",
            "@r\nA\n+\nI\n\n\n",
            "@\n\n+\n\n",
            "x",
            "@r\r\nA\r\n+\r\nI\r",
        ] {
            all_ways(data.as_bytes(), PLAIN, threads, 1, 3);
            all_ways(data.as_bytes(), Given { skip: true, ..PLAIN }, threads, 1, 3);
        }
    });
}

#[rstest]
fn damaged_input(#[values(false, true)] skip: bool) {
    watched(if deep() { 3000 } else { 120 }, || {
        let rounds = if deep() { 20_000 } else { 120 };
        for seed in 0..rounds {
            let mut rng = Rng(seed);
            let mut data = reads(seed, 20 + rng.below(400), [5, 60, 300][rng.below(3)]);
            for _ in 0..=rng.below(3) {
                damage(&mut rng, &mut data);
            }
            let threads = 1 + rng.below(8);
            let block = [1, 4097, 20_000][rng.below(3)];
            all_ways(&data, Given { skip, ..PLAIN }, threads, block, seed);
        }
    });
}

#[rstest]
fn mixtures_with_much_that_is_no_record(#[values(false, true)] skip: bool) {
    watched(if deep() { 3000 } else { 120 }, || {
        for seed in 0..if deep() { 10_000 } else { 40 } {
            let mut rng = Rng(seed);
            let data = mixture(&mut rng);
            let block = [1, 4097][rng.below(2)];
            all_ways(&data, Given { skip, ..PLAIN }, 1 + rng.below(4), block, seed);
        }
    });
}

/// Red when a record that a check refuses is searched for the next one, by either reader alone.
#[rstest]
fn input_that_checks_refuse(#[values(false, true)] skip: bool) {
    watched(if deep() { 3000 } else { 120 }, || {
        let given = Given { checks: Checks::strict(), skip, ..PLAIN };
        for block in [1, 4097, 20_000] {
            all_ways(b"@r1\nAC\n+\n@\x7f\nGG\n+\nII\n@r3\nA\n+\nI\n", given, 2, block, 1);
        }
        for seed in 0..if deep() { 20_000 } else { 100 } {
            let mut rng = Rng(seed);
            let mut data = reads(seed, 20 + rng.below(400), [5, 60, 300][rng.below(3)]);
            for _ in 0..rng.below(4) {
                refuse(&mut rng, &mut data);
                damage(&mut rng, &mut data);
            }
            all_ways(&data, given, 1 + rng.below(8), [1, 4097, 20_000][rng.below(3)], seed);
        }
    });
}

/// Red when the refused record, and what is no record behind it, are passed together where a block grows for them.
#[rstest]
fn refused_records_with_much_behind_them_that_is_no_record(
    #[values("x", "\n", "\r", "x\n", "@\n", "\nx\n", "+\n", "@a\nA\n")] much: &str,
) {
    watched(60, || {
        let (good, refused) = ("@g\nA\n+\nI\n", "@r\nA\n+\n\x7f\n");
        for before in [refused.to_string(), [refused, good].concat(), [good, refused].concat(), refused.repeat(3)] {
            for repeats in [1, 20_000 / much.len()] {
                for end in ["", "\n", good, "\n@g\nA\n+\nI\n"] {
                    let data = [&before, &much.repeat(repeats), end].concat();
                    let given = Given { checks: Checks::strict(), skip: true, ..PLAIN };
                    all_ways(data.as_bytes(), given, 2, 1, 1);
                }
            }
        }
    });
}

#[rstest]
fn failing_reader(
    #[values(1, 2, 5)] threads: usize,
    #[values(false, true)] skip: bool,
    #[values(50, 300, 64 << 20)] limit: usize,
) {
    watched(if deep() { 3000 } else { 60 }, || {
        let given = Given { skip, limit, ..PLAIN };
        let good = reads(3, 300, 200);
        for cut in (0..good.len()).step_by(if deep() { 7 } else { 2977 }) {
            let mut data = good[..cut].to_vec();
            // Good, and damaged more and more, where what is skipped ends with a failure.
            for damages in 0..4 {
                let of = || Odd::failing(&data, 5, io::ErrorKind::ConnectionReset);
                let expected = serial(of(), given);
                let run = pipeline(threads, 1, given).single(Input::reader(of()).named("input")).expect("open");
                same(&ordered(run), &expected, &format!("cut at {cut}, {damages} damages, {threads} threads"));
                let near = data.len().saturating_sub(300);
                let mut end = data.split_off(near);
                damage(&mut Rng(cut as u64 + damages), &mut end);
                data.append(&mut end);
            }
        }
    });
}

/// A line that is too long for a header is passed as soon as that is clear. Red when it is kept for one, as there is no end of it.
#[rstest]
fn failing_behind_what_is_too_long_for_a_header(
    #[values("", "\n", "\nA", "\nA\n", "\n@b")] end: &str,
    #[values(1, 8192)] block: usize,
) {
    watched(60, || {
        for length in [0, 1, 40, 47, 48, 49, 50, 51, 52, 100, 30_000] {
            for skip in [false, true] {
                let given = Given { skip, limit: 50, ..PLAIN };
                let data = format!("x\n@{}{end}", "a".repeat(length));
                let of = || Odd::failing(data.as_bytes(), 5, io::ErrorKind::ConnectionReset);
                let run = pipeline(2, block, given).single(Input::reader(of()).named("input")).expect("open");
                same(&ordered(run), &serial(of(), given), &format!("{length} bytes, {given:?}"));
            }
        }
    });
}

/// Red when what is left of much bad input is not the line that may be a header, as long as one may be at most.
#[rstest]
fn failing_within_a_header_behind_much_that_is_no_record(#[values(48, 49, 50)] length: usize) {
    watched(60, || {
        let given = Given { skip: true, limit: 50, ..PLAIN };
        // As much in all as a block of a page has grown to.
        let header = format!("@{}", "a".repeat(length));
        let data = ["x\n".repeat((16_384 - header.len()) / 2), header].concat();
        let data = ["x".repeat(16_384 - data.len()), data].concat();
        let of = || Odd::failing(data.as_bytes(), 5, io::ErrorKind::ConnectionReset);
        let run = pipeline(2, 1, given).single(Input::reader(of()).named("input")).expect("open");
        same(&ordered(run), &serial(of(), given), &format!("{length} bytes"));
    });
}

/// Red when a place forgets what was left out of a block.
#[rstest]
fn failing_behind_much_that_is_no_record(#[values("\n", "\r\n", "x\n", "\nx\n", "\r")] much: &str) {
    watched(60, || {
        for before in [&b""[..], &reads(3, 20, 20)] {
            for skip in [false, true] {
                let given = Given { skip, ..PLAIN };
                let data = [before, much.repeat(30_000 / much.len()).as_bytes(), b"\n"].concat();
                let of = || Odd::failing(&data, 5, io::ErrorKind::ConnectionReset);
                let run = pipeline(2, 1, given).single(Input::reader(of()).named("input")).expect("open");
                same(&ordered(run), &serial(of(), given), &format!("{given:?}"));
            }
        }
    });
}

/// A number of threads that is a slip is none that hangs, or takes the machine's memory. Red when it is counted down to what
/// the budget allows.
#[test]
fn any_number_of_threads_may_be_asked_for() {
    watched(60, || {
        let data = reads(9, 300, 200);
        let small = fqbuf_pool::MemoryBudget::new(256 << 10);
        for pipeline in [fqbuf_parallel::Pipeline::new(), fqbuf_parallel::Pipeline::new().budget(&small)] {
            let run = pipeline.threads(usize::MAX).slice(&data);
            assert_eq!(run.fold(|| 0, |n, _| *n += 1, |a, b| a + b).unwrap().value, 300);
        }
    });
}

/// Nor is a size of blocks that is a slip one that is counted past the end of all numbers.
#[test]
fn any_size_of_blocks_may_be_asked_for() {
    watched(60, || {
        let data = reads(9, 300, 200);
        let expected = serial(&data[..], PLAIN);
        let file = Temporary::new("reads.fq", &data).expect("a temporary file");
        let inputs = [Input::slice(&data).named("input"), Input::reader(&data[..]).named("input"), file.input()];
        for (way, input) in inputs.into_iter().enumerate() {
            let run = pipeline(2, usize::MAX, PLAIN).single(input).expect("open");
            same(&ordered(run), &expected, &format!("way {way}"));
        }
    });
}

/// Gives a record, and then claims bytes that it does not add, or takes away what it was lent.
struct Lying {
    given: bool,
    takes: bool,
}

impl Source for Lying {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        if !std::mem::replace(&mut self.given, true) {
            let all = block.read_from(&mut &b"@r\nA\n+\nI\n@s\nC"[..])?;
            return Ok(all);
        }
        if self.takes {
            block.clear();
        }
        Ok(5)
    }
}

/// Red with a pipeline that takes a source's word: it asks again for ever.
#[rstest]
fn source_that_lies(#[values(false, true)] takes: bool, #[values(1, 2)] threads: usize) {
    watched(60, || {
        let run = pipeline(threads, 8192, PLAIN).reader(Lying { given: false, takes });
        let error = run.fold(|| 0, |count, _| *count += 1, |a, b| a + b).expect_err("a lie");
        let Error::Input(error) = error else { panic!("{error}") };
        assert_eq!(error.io_error().map(io::Error::kind), Some(io::ErrorKind::InvalidData), "{error}");
    });
}
