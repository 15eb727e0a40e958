//! Files as they are: compressed or not, cut off, paired, missing.

use std::io::{self, Write};
use std::path::Path;

use fqbuf_line::Block;
use fqbuf_parallel::{Error, Input, Pipeline};
use fqbuf_pool::MemoryBudget;
use fqbuf_record::ParseErrorKind;
use fqbuf_stream::{Format, StreamWriter, WriterBuilder};
use rstest::rstest;

use crate::support::*;

fn packed(data: &[u8], format: Format) -> io::Result<Vec<u8>> {
    let mut writer: StreamWriter<Vec<u8>> = WriterBuilder::new().format(format).to_writer(Vec::new())?;
    writer.write_all(data)?;
    writer.finish()
}

/// Red when blocks of a stream come back to the decoder while they are parsed, or when members are read in part.
#[rstest]
fn compressed_as_plain(
    #[values(Format::Gzip, Format::Bgzf)] format: Format,
    #[values(1, 3, 8)] threads: usize,
) -> io::Result<()> {
    watched(60, || {
        for (seed, n, most) in [(1, 3000, 300), (2, 6, 300_000), (3, 0, 0)] {
            let data = reads(seed, n, most);
            let file = Temporary::new("reads.fq.gz", &packed(&data, format)?)?;
            let expected = serial(&data[..], PLAIN);
            for block in [4096, 1 << 20] {
                let run = pipeline(threads, block, PLAIN).single(file.input()).expect("open");
                let monitor = run.monitor();
                same(&ordered(run), &expected, &format!("{format} on {threads} threads, blocks of {block}"));
                let snapshot = monitor.snapshot();
                assert_eq!(Some(snapshot.bytes), snapshot.bytes_total, "compressed bytes");
                assert_eq!(snapshot.records, expected.records.len() as u64);
                let run = pipeline(threads, block, PLAIN).single(file.input()).expect("open");
                assert_eq!(folded(run), folded_serial(&expected));
            }
        }
        Ok(())
    })
}

/// Fails when what the stream knows of its end does not come to who runs the pipeline.
#[rstest]
fn fault_64_a_missing_end_block_is_told_with_the_summary(#[values(1, 3)] threads: usize) -> io::Result<()> {
    watched(60, || {
        let data = reads(1, 300, 200);
        let whole = packed(&data, Format::Bgzf)?;
        let file = Temporary::new("whole.fq.gz", &whole)?;
        let cut = Temporary::new("unmarked.fq.gz", &whole[..whole.len() - 28])?;
        let plain = Temporary::new("plain.fq", &data)?;
        let pipeline = pipeline(threads, 4096, PLAIN);
        let missing = |first: &Temporary, second: Option<&Temporary>| -> Result<[bool; 2], Error> {
            let (count, add) = (|n: &mut u64, records: u64| *n += records, |a: u64, b: u64| a + b);
            let done = match second {
                None => pipeline.single(first.input())?.fold(|| 0, |n, _| count(n, 1), add)?,
                Some(second) => pipeline.paired(first.input(), second.input())?.fold(|| 0, |n, _| count(n, 2), add)?,
            };
            assert_eq!((done.value, done.summary.records), (if second.is_some() { 600 } else { 300 }, done.value));
            Ok(done.summary.end_block_missing)
        };
        assert_eq!(missing(&file, None)?, [false, false]);
        assert_eq!(missing(&cut, None)?, [true, false]);
        assert_eq!(missing(&plain, None)?, [false, false]);
        assert_eq!(missing(&file, Some(&cut))?, [false, true]);
        assert_eq!(missing(&cut, Some(&plain))?, [true, false]);
        Ok(())
    })
}

#[rstest]
fn cut_off_is_told_after_the_records_before_it(#[values(1, 2, 5)] threads: usize) -> io::Result<()> {
    watched(60, || {
        let data = reads(1, 3000, 200);
        let whole = packed(&data, Format::Gzip)?;
        for len in [20, whole.len() / 2, whole.len() - 1] {
            let file = Temporary::new("cut.fq.gz", &whole[..len])?;
            let told = ordered(pipeline(threads, 4096, PLAIN).single(file.input()).expect("open"));
            assert!(told.end.contains("Truncated"), "{}", told.end);
            let expected = serial(&data[..], PLAIN);
            assert_eq!(told.records, expected.records[..told.records.len()]);
            assert_eq!(told.records.len() > 500, len > whole.len() / 3, "{len}");
        }
        Ok(())
    })
}

#[test]
fn compressed_within_a_budget() -> io::Result<()> {
    watched(60, || {
        let data = reads(1, 8000, 300);
        let file = Temporary::new("reads.fq.gz", &packed(&data, Format::Bgzf)?)?;
        for limit in [3 << 20, 8 << 20, 64 << 20] {
            for threads in [1, 2, 8] {
                let budget = MemoryBudget::new(limit);
                let mut out = Vec::new();
                let run = Pipeline::new().threads(threads).budget(&budget).file(&file.0)?;
                run.map_ordered(&mut out, || (), |(), record, out| out.extend_from_slice(record.as_bytes()))?;
                assert_eq!(out.len(), data.len());
                assert_eq!(budget.used(), 0);
            }
        }
        Ok(())
    })
}

/// Red with a message that leaves the path to the caller.
#[test]
fn fault_80_errors_name_the_second_file() -> io::Result<()> {
    let one = Temporary::new("one.fq", b"@r1/1\nA\n+\nI\n")?;
    let two = Temporary::new("two.fq", b"@r1/2\nA\n+\nII\n")?;
    let run = Pipeline::new().paired(Input::path(&one.0), Input::path(&two.0))?;
    let Err(error) = run.fold(|| (), |(), _| (), |(), ()| ()) else { return Err(io::Error::other("accepted")) };
    assert!(error.to_string().starts_with(&two.0.display().to_string()), "{error}");
    let missing = Path::new("no/such/file.fq");
    let Err(Error::Open(error)) = Pipeline::new().paired(one.0.as_path(), missing) else {
        return Err(io::Error::other("opened"));
    };
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("no/such/file.fq"), "{error}");
    assert!(matches!(Pipeline::new().file(std::env::temp_dir()), Err(Error::Open(_))), "a directory");
    Ok(())
}

/// A pipe with a name, to be used once.
#[cfg(unix)]
fn named_pipe(name: &str) -> io::Result<Temporary> {
    let pipe = Temporary::new(name, b"")?;
    std::fs::remove_file(&pipe.0)?;
    assert!(std::process::Command::new("mkfifo").arg(&pipe.0).status()?.success());
    Ok(pipe)
}

/// Red when the first of two pipes is read before the second is open.
#[cfg(unix)]
#[rstest]
fn two_pipes_whose_writer_opens_both_before_it_writes(#[values(1, 3)] threads: usize) -> io::Result<()> {
    watched(60, || {
        let (a, b) = pairs(1, 3, 50);
        let (one, two) = (named_pipe("one.fq")?, named_pipe("two.fq")?);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let open = |pipe: &Temporary| std::fs::OpenOptions::new().write(true).open(&pipe.0);
                let (mut first, mut second) = (open(&one)?, open(&two)?);
                first.write_all(&a)?;
                second.write_all(&b)
            });
            let run = pipeline(threads, 4096, PLAIN).paired(one.0.as_path(), two.0.as_path())?;
            let done = run.fold(|| 0, |pairs, _| *pairs += 1, |a, b| a + b)?;
            assert_eq!(done.value, 3);
            writer.join().expect("no panic")
        })
    })
}

/// A pipe with a name can be opened once: who opens it again when its writer has gone waits for ever.
#[cfg(unix)]
#[rstest]
fn pipe_with_a_name_whose_writer_has_finished(#[values(0, 3)] records: usize) -> io::Result<()> {
    watched(60, || {
        let data = reads(1, records, 50);
        for _ in 0..20 {
            let pipe = named_pipe("pipe.fq")?;
            std::thread::scope(|scope| {
                let writer = scope.spawn(|| std::fs::write(&pipe.0, &data));
                let run = pipeline(2, 4096, PLAIN).single(pipe.input())?;
                writer.join().expect("no panic")?;
                same(&ordered(run), &serial(&data[..], PLAIN), "a pipe");
                Ok::<_, io::Error>(())
            })?;
        }
        Ok(())
    })
}

/// Takes nothing.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Red when the cause of an error is the error itself once more: who prints the whole chain says everything twice.
#[test]
fn errors_and_their_causes_are_told_once() {
    let missing = Pipeline::new().file("no/such/file.fq").expect_err("there is none");
    let run = Pipeline::new().threads(1).slice(b"@r\nA\n+\nI\n");
    let full = run.map_ordered(Full, || (), |(), record, out| out.extend_from_slice(record.id())).expect_err("full");
    for (error, causes) in [(missing, 1), (full, 0)] {
        let chain = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        let texts: Vec<String> = chain.map(ToString::to_string).collect();
        assert_eq!(texts.len(), causes, "{error}: {texts:?}");
        assert!(!texts.contains(&error.to_string()), "{error}: {texts:?}");
    }
}

/// Red when the last block of the shorter input is taken for the end of both.
#[rstest]
fn fault_67_unequal_numbers_of_mates(#[values(1, 2, 8)] threads: usize, #[values(0, 1, 40, 500)] missing: usize) {
    watched(60, || {
        let (a, b) = pairs(1, 500, 100);
        let records = serial(&b[..], PLAIN).records.len() - missing;
        let cut = b.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth((4 * records).wrapping_sub(1));
        let shorter = &b[..cut.map_or(0, |(at, _)| at + 1)];
        for (one, two) in [(&a[..], shorter), (shorter, &a[..])] {
            let swapped = one.len() == shorter.len();
            let run = pipeline(threads, 4096, PLAIN).mate_check(fqbuf_record::MateCheck::Off);
            let run = run.paired(Input::reader(one), Input::slice(two)).expect("open");
            let result = run.fold(|| 0, |n, _| *n += 1, |a, b| a + b);
            match result {
                Ok(done) => assert_eq!((missing, done.value), (0, 500)),
                Err(Error::Input(error)) => {
                    assert!(matches!(error.kind(), ParseErrorKind::UnequalMates { .. }), "{error}");
                    assert_eq!(error.position().record, records as u64 + 1, "swapped: {swapped}");
                }
                Err(error) => panic!("{error}"),
            }
        }
    });
}

/// Red when names are not compared, or the lock is let go between the mates so that others' come in between (70).
#[rstest]
fn fault_68_and_70_mates_that_do_not_belong_together(#[values(1, 2, 8)] threads: usize) {
    watched(60, || {
        let (a, b) = pairs(1, 300, 100);
        let (_, mut other) = pairs(2, 300, 100);
        let at = b.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(4 * 200 - 1).expect("200 records").0 + 1;
        other = other.split(|&byte| byte == b'\n').skip(4 * 10).take(4).collect::<Vec<_>>().join(&b'\n');
        let mut wrong = b[..at].to_vec();
        wrong.extend_from_slice(&other);
        wrong.push(b'\n');
        wrong.extend_from_slice(&b[at..]);
        let run =
            pipeline(threads, 4096, PLAIN).paired(Input::reader(&a[..]), Input::reader(&wrong[..])).expect("open");
        let result = run.fold(|| (), |(), pair| assert!(pair.first.len() < 1000), |(), ()| ());
        let Err(Error::Input(error)) = result else { panic!("accepted") };
        assert!(matches!(error.kind(), ParseErrorKind::MateMismatch { pair: 201, .. }), "{error:?}");
    });
}

/// Red when an interleaved block is cut after any record: mates come to be pairs of strangers.
#[rstest]
fn fault_69_odd_number_of_alternating_mates(#[values(1, 2, 8)] threads: usize) {
    watched(60, || {
        let mut data = reads(1, 301, 100);
        let run = |data: &[u8]| {
            let pipeline = pipeline(threads, 4096, PLAIN).mate_check(fqbuf_record::MateCheck::Off);
            pipeline.interleaved(Input::reader(data)).expect("open").fold(|| 0, |n, _| *n += 1, |a, b| a + b)
        };
        let Err(Error::Input(error)) = run(&data[..]) else { panic!("accepted") };
        assert!(matches!(error.kind(), ParseErrorKind::OddMates), "{error:?}");
        assert_eq!(error.position().record, 301);
        record(&mut Rng(3), 301, "", 20, &mut data);
        assert_eq!(run(&data[..]).expect("even").value, 151);
    });
}

/// Red when short reads get blocks that only long ones gain by, or others than asked for.
#[test]
fn blocks_of_a_file_are_smaller_while_its_records_are_short() -> io::Result<()> {
    watched(60, || {
        let (short, long) = (reads(1, 12_000, 300), reads(2, 60, 200_000));
        let mean_block = |data: &[u8], pipeline: Pipeline| -> io::Result<u64> {
            let file = Temporary::new("reads.fq", data)?;
            let run = pipeline.threads(2).single(file.input())?;
            let monitor = run.monitor();
            run.fold(|| (), |(), _| {}, |(), ()| ()).expect("good input");
            Ok(data.len() as u64 / monitor.snapshot().blocks)
        };
        let sizes = [
            mean_block(&short, Pipeline::new())?,
            mean_block(&long, Pipeline::new())?,
            mean_block(&short, Pipeline::new().block_size(1 << 20))?,
        ];
        // The last block of a file is what is left.
        let wanted = [Block::at_a_time(512 << 10), Block::at_a_time(1 << 20), 1 << 20].map(|size| size as u64);
        let near = sizes.iter().zip(wanted).all(|(&size, wanted)| (wanted * 2 / 3..=wanted).contains(&size));
        assert!(near, "{sizes:?}, not {wanted:?}");
        Ok(())
    })
}

/// Red when what is looked at for a cut, and read again behind it, is counted each time.
#[rstest]
fn bytes_of_a_plain_file_are_counted_once(#[values(1, 3)] threads: usize, #[values(1, 20_000, 1 << 20)] block: usize) {
    watched(60, || {
        for (n, most) in [(3000, 300), (30, 100_000), (0, 0)] {
            let data = reads(1, n, most);
            let file = Temporary::new("reads.fq", &data).expect("a temporary file");
            let run = pipeline(threads, block, PLAIN).single(file.input()).expect("open");
            let monitor = run.monitor();
            run.fold(|| (), |(), _| {}, |(), ()| ()).expect("good input");
            let snapshot = monitor.snapshot();
            assert_eq!((snapshot.bytes, snapshot.bytes_total), (data.len() as u64, Some(data.len() as u64)), "{most}");
        }
    });
}

/// Red when the size of the file when it was opened is trusted for reads into it.
#[test]
fn fault_76_and_77_file_that_changes_its_size_is_no_crash() -> io::Result<()> {
    watched(60, || {
        let data = reads(1, 2000, 200);
        let file = Temporary::new("shrinks.fq", &data)?;
        let run = pipeline(2, 4096, PLAIN).single(file.input())?;
        std::fs::OpenOptions::new().write(true).open(&file.0)?.set_len(data.len() as u64 / 2)?;
        let result = run.fold(|| 0, |n, _| *n += 1, |a, b| a + b);
        // As long as it is when it is read; where that is in the middle of a record, the record is cut off.
        assert!(matches!(result, Err(Error::Input(_))) || result.is_ok_and(|done| done.value < 2000));
        Ok(())
    })
}

/// Red with a serial path of its own: one thread and many differ in an input's last record.
#[test]
fn fault_79_one_thread_and_many_are_the_same() {
    watched(60, || {
        let data = reads(5, 700, 90);
        for end in (data.len() - 200..=data.len()).step_by(7) {
            let told: Vec<Told> =
                (1..=8).map(|threads| ordered(pipeline(threads, 4096, PLAIN).reader(&data[..end]))).collect();
            assert!(told.windows(2).all(|two| two[0] == two[1]), "cut at {end}");
        }
    });
}
