//! Pairs from two inputs and from one, against the serial reader of pairs.

use std::io::{self, Read};

use fqbuf_parallel::{Input, Paired, Run};
use fqbuf_pool::MemoryBudget;
use fqbuf_record::{Checks, GrowthPolicy, PairedReader, Reader};
use rstest::rstest;

use crate::support::*;

fn reader<R: Read>(input: R, name: &str, given: Given) -> Reader<R> {
    let growth = GrowthPolicy::with_limit(given.limit);
    let builder = Reader::builder().source_name(name).checks(given.checks);
    builder.skip_invalid(given.skip).growth(growth).build(input)
}

fn serial_pairs<A: Read, B: Read>(mut reader: PairedReader<A, B>) -> Told {
    let mut records = Vec::new();
    let end = loop {
        match reader.next_pair() {
            Ok(Some((a, b))) => {
                let mut out = Vec::new();
                essence(&mut out, a.head(), a.seq(), a.qual());
                essence(&mut out, b.head(), b.seq(), b.qual());
                records.push(out);
            }
            Ok(None) => {
                let mut skipped = reader.first_reader().skipped();
                if let Some(second) = reader.second_reader() {
                    skipped.records += second.skipped().records;
                    skipped.bytes += second.skipped().bytes;
                }
                break format!("end, skipped {skipped:?}, dropped {}", reader.dropped());
            }
            Err(error) => break format!("{error:?}"),
        }
    };
    Told { records, end }
}

fn ordered_pairs(run: Run<'_, Paired>) -> Told {
    let mut bytes = Vec::new();
    let result = run.map_ordered(
        &mut bytes,
        || (),
        |(), pair, out| {
            essence(out, pair.first.head(), pair.first.seq(), pair.first.qual());
            essence(out, pair.second.head(), pair.second.seq(), pair.second.qual());
        },
    );
    let dropped = result.as_ref().ok().map(|done| done.summary.dropped);
    let mut end = ended(result.map(|done| done.summary));
    if let Some(dropped) = dropped {
        end += &format!(", dropped {dropped}");
    }
    Told { records: records_of(&bytes, 6), end }
}

/// Two inputs, in several ways, against the serial reader.
fn two(a: &[u8], b: &[u8], given: Given, threads: usize, block: usize, seed: u64) {
    let expected = serial_pairs(PairedReader::new(reader(a, "one", given), reader(b, "two", given)));
    let files = [a, b].map(|data| Temporary::new("mates.fq", data).expect("a temporary file"));
    for way in 0..4 {
        let of = |i: usize, data| -> Input<'_> {
            match way + i {
                0 | 4 => Input::reader(Odd::new(data, seed)),
                1 => Input::reader(data),
                2 => Input::slice(data),
                _ => files[i].input(),
            }
        };
        let pipeline = pipeline(threads, block, given);
        let run = pipeline.paired(of(0, a).named("one"), of(1, b).named("two")).expect("open");
        let what = format!("way {way}, {threads} threads, blocks of {block}, seed {seed}, {given:?}");
        same(&ordered_pairs(run), &expected, &what);
    }
}

/// One input of alternating mates, in several ways, against the serial reader.
fn one(data: &[u8], given: Given, threads: usize, block: usize, seed: u64) {
    let expected = serial_pairs(PairedReader::interleaved(reader(data, "input", given)));
    let file = Temporary::new("alternating.fq", data).expect("a temporary file");
    for way in 0..4 {
        let input = match way {
            0 => Input::reader(data),
            1 => Input::reader(Odd::new(data, seed)),
            2 => Input::slice(data),
            _ => file.input(),
        };
        let run = pipeline(threads, block, given).interleaved(input.named("input")).expect("open");
        let what = format!("way {way}, {threads} threads, blocks of {block}, seed {seed}, {given:?}");
        same(&ordered_pairs(run), &expected, &what);
    }
}

/// Puts two inputs of mates together into one.
fn alternate(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut a, mut b) = (Reader::new(a), Reader::new(b));
    while let (Ok(Some(first)), Ok(Some(second))) = (a.next_record(), b.next_record()) {
        out.extend_from_slice(first.as_bytes());
        out.extend_from_slice(second.as_bytes());
    }
    out
}

#[rstest]
fn valid_pairs(#[values(1, 2, 5)] threads: usize, #[values(1, 20_000, 1 << 20)] block: usize) {
    watched(60, || {
        let (a, b) = pairs(7, 900, 300);
        two(&a, &b, PLAIN, threads, block, 1);
        one(&alternate(&a, &b), PLAIN, threads, block, 1);
        // Mates of very different lengths: one input is always ahead.
        let (a, _) = pairs(8, 300, 3000);
        let (_, b) = pairs(9, 300, 20);
        two(&a, &b, PLAIN, threads, block, 2);
        two(&b, &a, PLAIN, threads, block, 2);
    });
}

#[rstest]
fn nearly_nothing(#[values(3)] threads: usize) {
    watched(60, || {
        let cases = [
            "",
            "\n\n",
            "@r/1\nA\n+\nI\n",
            "@r/1\nA\n+\nI\n\n\n\n\n",
            "@r/2\nA\n+\nI",
            "@r/2\nA\n+\nI\n\n",
            "@r\n",
            "@s/1\nC\n+\nI\n@t",
            "\n\n\n\n\n\n\n\n\n\n\n\n",
            "@e/1\n\n+\n\n\n\n\n\n\n\n\n\n\n\n\n",
        ];
        for a in cases {
            for b in cases {
                for skip in [false, true] {
                    let given = Given { skip, ..PLAIN };
                    two(a.as_bytes(), b.as_bytes(), given, threads, 1, 3);
                    one(format!("{a}{b}").as_bytes(), given, threads, 1, 3);
                }
            }
        }
    });
}

#[rstest]
fn damaged_pairs(#[values(false, true)] skip: bool) {
    watched(if deep() { 3000 } else { 120 }, || {
        let rounds = if deep() { 20_000 } else { 50 };
        for seed in 0..rounds {
            let mut rng = Rng(seed);
            let (mut a, mut b) = pairs(seed, 20 + rng.below(300), [5, 60, 300][rng.below(3)]);
            let mut both = alternate(&a, &b);
            for _ in 0..=rng.below(2) {
                damage(&mut rng, &mut a);
                if rng.below(2) == 0 {
                    damage(&mut rng, &mut b);
                }
                damage(&mut rng, &mut both);
            }
            let threads = 1 + rng.below(8);
            let block = [1, 4097, 20_000][rng.below(3)];
            let given = Given { skip, ..PLAIN };
            two(&a, &b, given, threads, block, seed);
            one(&both, given, threads, block, seed);
        }
    });
}

/// Red when a record that a check refuses is searched for the next one, by either reader alone.
#[rstest]
fn pairs_that_checks_refuse(#[values(false, true)] skip: bool) {
    watched(if deep() { 3000 } else { 120 }, || {
        for seed in 0..if deep() { 20_000 } else { 50 } {
            let mut rng = Rng(seed);
            let (mut a, mut b) = pairs(seed, 20 + rng.below(300), [5, 60, 300][rng.below(3)]);
            let mut both = alternate(&a, &b);
            for data in [&mut a, &mut b, &mut both] {
                refuse(&mut rng, data);
                if rng.below(2) == 0 {
                    damage(&mut rng, data);
                    data.extend_from_slice("x\n".repeat(rng.below(2) * 10_000).as_bytes());
                }
            }
            let (threads, block) = (1 + rng.below(8), [1, 4097, 20_000][rng.below(3)]);
            let given = Given { checks: Checks::strict(), skip, ..PLAIN };
            two(&a, &b, given, threads, block, seed);
            one(&both, given, threads, block, seed);
        }
    });
}

/// What is left over of the first input is a page, as large as a block is to be, when another thread begins with memory of its
/// own. Red when that gets none, for nothing more is to be read.
#[test]
fn block_that_is_left_over_whole() {
    watched(60, || {
        let record = |len: usize| format!("@rr\n{}\n+\n{}\n", "A".repeat(len), "I".repeat(len));
        let a = [record(6140), record(2044), record(100)].concat();
        assert_eq!((record(6140).len(), record(2044).len()), (3 * 4096, 4096));
        let b = [record(1), record(1), record(1)].concat();
        let run = pipeline(2, 1, PLAIN).paired(Input::reader(a.as_bytes()), Input::reader(b.as_bytes())).expect("open");
        let monitor = run.monitor();
        let done = run.fold(
            || 0,
            |pairs, _| {
                while monitor.snapshot().blocks < 2 {
                    std::thread::yield_now();
                }
                *pairs += 1;
            },
            |a, b| a + b,
        );
        assert_eq!(done.expect("good pairs").value, 3);
    });
}

#[rstest]
fn mixtures_with_much_that_is_no_record(#[values(false, true)] skip: bool) {
    watched(if deep() { 3000 } else { 120 }, || {
        for seed in 0..if deep() { 10_000 } else { 30 } {
            let mut rng = Rng(seed);
            let (a, b) = (mixture(&mut rng), mixture(&mut rng));
            let block = [1, 4097][rng.below(2)];
            let given = Given { skip, ..PLAIN };
            one(&a, given, 1 + rng.below(4), block, seed);
            two(&a, &b, given, 1 + rng.below(4), block, seed);
        }
    });
}

/// Bad input and blank lines that take several blocks, before all or behind an odd record, and what follows cut anywhere.
/// Red when what is left of them begins a record in another place, or counts for another number of records.
#[rstest]
fn much_bad_input(#[values("x", "\n", "\r\n", "\r", "\nx", "x\n")] bad: &str) {
    watched(120, || {
        let (a, b) = pairs(11, 6, 30);
        let both = alternate(&a, &b);
        let (odd, _) = pairs(12, 1, 10);
        for before in [&b""[..], &odd] {
            for left in (0..100).step_by(if deep() { 1 } else { 7 }) {
                let bad = bad.repeat((16_384 - left) / bad.len());
                let bad = [before, bad.as_bytes(), b"\n"].concat();
                for skip in [false, true] {
                    let given = Given { skip, ..PLAIN };
                    one(&[&bad, &both[..]].concat(), given, 2, 1, 5);
                    one(&bad, given, 2, 1, 5);
                    two(&[&bad, &a[..]].concat(), &b, given, 2, 1, 5);
                    two(&a, &[&bad, &b[..]].concat(), given, 2, 1, 5);
                }
            }
        }
    });
}

/// Behind an odd record no cut may be made, and yet what follows must not be kept for ever.
#[test]
fn bad_input_behind_an_odd_record_takes_little_memory() {
    watched(60, || {
        let (odd, _) = pairs(12, 1, 10);
        for bad in ["x\n", "\n", "x"] {
            let data = [&odd, bad.repeat(2_000_000).as_bytes()].concat();
            let given = Given { skip: true, ..PLAIN };
            let expected = serial_pairs(PairedReader::interleaved(reader(&data[..], "input", given)));
            let pipeline = pipeline(2, 4096, given).budget(&MemoryBudget::new(600_000));
            let run = pipeline.interleaved(Input::reader(&data[..]).named("input")).expect("open");
            same(&ordered_pairs(run), &expected, &format!("{bad:?}"));
        }
    });
}

/// Two pipes that a writer fills by turns, record by record, and waits where one is full; records shorter and longer than a
/// pipe, and than a block. Red when a block of the one is filled before the other is read.
#[rstest]
fn pipes_that_are_written_in_step(
    #[values(1, 2)] threads: usize,
    #[values(4096, 1 << 20)] block: usize,
    #[values((20_000, 150, 150), (20, 200_000, 20), (20, 20, 200_000), (2, 1_500_000, 1_500_000))] lengths: (
        usize,
        usize,
        usize,
    ),
    #[values(false, true)] skip: bool,
) {
    use std::io::Write;
    let (count, one, two) = lengths;
    let record = |mate: u8, len: usize| format!("@r/{mate}\n{}\n+\n{}\n", "A".repeat(len), "I".repeat(len));
    watched(20, || {
        let ((first, mut to_first), (second, mut to_second)) =
            (io::pipe().expect("a pipe"), io::pipe().expect("a pipe"));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (one, two) = (record(1, one), record(2, two));
                for _ in 0..count {
                    to_first.write_all(one.as_bytes()).expect("it is read");
                    to_second.write_all(two.as_bytes()).expect("it is read");
                }
                drop((to_first, to_second));
            });
            let run = pipeline(threads, block, Given { skip, ..PLAIN });
            let run = run.paired(Input::reader(first), Input::reader(second)).expect("open");
            let done = run.fold(|| 0, |pairs, _| *pairs += 1, |a, b| a + b).expect("good pairs");
            assert_eq!(done.value, count);
        });
    });
}

/// The next first mate is bad, and the second one is too long for the budget, or does not come: as a serial reader never gets to
/// it, nothing is told of it, and nothing waits for it.
#[rstest]
fn bad_first_mate_is_told_whatever_the_second_is(#[values(1, 2)] threads: usize, #[values(false, true)] idle: bool) {
    watched(20, || {
        let (reader, writer) = io::pipe().expect("a pipe");
        let long = format!("@r/2\n{}\n+\n{}\n", "A".repeat(1 << 20), "I".repeat(1 << 20));
        let second = if idle { Input::reader(reader) } else { Input::slice(long.as_bytes()) };
        let pipeline = pipeline(threads, 4096, PLAIN).budget(&MemoryBudget::new(600_000));
        let run = pipeline.paired(Input::slice(b"@r/1\nAC\n+\nI\n@s/1\nA\n+\nI\n"), second).expect("open");
        let error = run.fold(|| (), |(), _| (), |(), ()| ()).expect_err("a bad record");
        assert_eq!(error.to_string(), "record 1 (line 4, byte 10): quality has 1 character, sequence has 2");
        drop(writer);
    });
}

#[test]
fn failing_readers() {
    watched(60, || {
        let (a, b) = pairs(3, 200, 200);
        let mut rng = Rng(5);
        for _ in 0..if deep() { 5000 } else { 30 } {
            let (cut_a, cut_b) = (rng.below(a.len() + 1), rng.below(b.len() + 1));
            for skip in [false, true] {
                let given = Given { skip, ..PLAIN };
                let of = |data, kind| Odd::failing(data, 5, kind);
                let first = || of(&a[..cut_a], io::ErrorKind::ConnectionReset);
                let second = || of(&b[..cut_b], io::ErrorKind::TimedOut);
                let readers = PairedReader::new(reader(first(), "one", given), reader(second(), "two", given));
                let expected = serial_pairs(readers);
                let inputs = (Input::reader(first()).named("one"), Input::reader(second()).named("two"));
                let run = pipeline(3, 1, given).paired(inputs.0, inputs.1).expect("open");
                same(&ordered_pairs(run), &expected, &format!("cut at {cut_a} and {cut_b}, {given:?}"));
            }
        }
    });
}

/// One input fails at or near the end of a record, and the next record of the other one is bad: what comes first in the order of
/// a serial reader is told. Red when what comes before the failure is all that the other input is cut by.
#[rstest]
fn failing_behind_a_record_where_the_next_mate_is_bad(#[values(1, 3)] threads: usize) {
    watched(60, || {
        let (a, b) = pairs(4, 60, 100);
        let ends = |data: &[u8]| -> Vec<usize> {
            let lines = data.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
            [0].into_iter().chain(lines.skip(3).step_by(4)).collect()
        };
        let (ends_a, ends_b) = (ends(&a), ends(&b));
        for records in [0, 1, 2, 40] {
            for bad in [records, records + 1] {
                let mut other = a.clone();
                let plus = other[ends_a[bad]..].iter().position(|&byte| byte == b'+').expect("a third line");
                other[ends_a[bad] + plus] = b'x';
                let cut = ends_b[records];
                let blank = [&b[..cut], b"\n"].concat();
                let pieces = [&b[..cut], &b[..cut.saturating_sub(1)], &b[..cut + 2], &blank];
                for (block, skip, piece) in [1, 8192]
                    .into_iter()
                    .flat_map(|n| [(n, false), (n, true)])
                    .flat_map(|(n, s)| pieces.map(|p| (n, s, p)))
                {
                    let given = Given { skip, ..PLAIN };
                    let failing = || Odd::failing(piece, 5, io::ErrorKind::ConnectionReset);
                    let what =
                        format!("{records} records, {} bytes, {bad} bad, blocks of {block}, {given:?}", piece.len());
                    let readers = (reader(&other[..], "one", given), reader(failing(), "two", given));
                    let expected = serial_pairs(PairedReader::new(readers.0, readers.1));
                    let inputs = (Input::reader(&other[..]).named("one"), Input::reader(failing()).named("two"));
                    let run = pipeline(threads, block, given).paired(inputs.0, inputs.1).expect("open");
                    same(&ordered_pairs(run), &expected, &what);
                    // And the other way round.
                    let readers = (reader(failing(), "one", given), reader(&other[..], "two", given));
                    let expected = serial_pairs(PairedReader::new(readers.0, readers.1));
                    let inputs = (Input::reader(failing()).named("one"), Input::reader(&other[..]).named("two"));
                    let run = pipeline(threads, block, given).paired(inputs.0, inputs.1).expect("open");
                    same(&ordered_pairs(run), &expected, &format!("{what}, the other way round"));
                }
            }
        }
    });
}
