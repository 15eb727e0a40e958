//! One budget for everything, never exceeded, and no deadlock however small it is.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use fqbuf_line::{Block, Source};
use fqbuf_parallel::{Error, Input, Monitor, Pipeline, Snapshot};
use fqbuf_pool::{BufferPool, MemoryBudget};
use rstest::rstest;

use crate::support::*;

/// With a budget of `limit`, the records in order and how it ended; each record is put out `times` over.
fn within(data: &[u8], limit: usize, threads: usize, times: usize, way: usize) -> (Vec<u8>, String) {
    let budget = MemoryBudget::new(limit);
    let file = Temporary::new("budget.fq", data).expect("a temporary file");
    let input = match way {
        0 => Input::slice(data),
        1 => Input::reader(Odd::new(data, 3)),
        _ => file.input(),
    };
    let mut out = Vec::new();
    let run = Pipeline::new().threads(threads).budget(&budget).single(input.named("input")).expect("open");
    let monitor = run.monitor();
    let result = run.map_ordered(
        &mut out,
        || (),
        |(), record, out| (0..times).for_each(|_| out.extend_from_slice(record.as_bytes())),
    );
    assert!(monitor.snapshot().budget_peak <= limit);
    assert_eq!(budget.used(), 0, "all is given back");
    (out, ended(result.map(|done| done.summary)))
}

/// Red with workers that wait in the budget's own line while they hold blocks.
#[rstest]
fn fault_78_small_budgets_end_with_all_records_or_an_error(
    #[values(1, 2, 8)] threads: usize,
    #[values(0, 1, 2)] way: usize,
) {
    watched(120, || {
        for (seed, most, n) in [(1, 300, 1200), (2, 9000, 80)] {
            let data = reads(seed, n, most);
            for limit in [20_000, 40_000, 70_000, 150_000, 400_000, 3_000_000] {
                for times in [1, 7] {
                    let (out, end) = within(&data, limit, threads, times, way);
                    let what =
                        format!("{limit} bytes, {threads} threads, {most} bases, {times} times, way {way}: {end}");
                    // The longest record there may be, twice while memory grows, and the output of it.
                    if limit >= 150_000 || most == 300 && limit >= 40_000 {
                        assert!(end.starts_with("end, "), "{what}");
                        assert_eq!(out.len(), times * data.len(), "{what}");
                    } else {
                        assert!(end.starts_with("end, ") || end.starts_with("Memory"), "{what}");
                        assert!(out.len() <= times * data.len());
                    }
                }
            }
        }
    });
}

#[rstest]
fn record_that_cannot_fit_is_an_error_with_its_place(#[values(1, 2, 8)] threads: usize) {
    watched(60, || {
        let mut data = reads(5, 40, 50);
        let before = data.len();
        let mut rng = Rng(9);
        record(&mut rng, 40, "", 2_000_000, &mut data);
        for way in 1..3 {
            let budget = MemoryBudget::new(1 << 20);
            let file = Temporary::new("long.fq", &data).expect("a temporary file");
            let input = if way == 1 { Input::reader(&data[..]) } else { file.input() };
            let run = Pipeline::new().threads(threads).budget(&budget).single(input.named("input")).expect("open");
            let mut seen = Vec::new();
            let result = run.map_ordered(&mut seen, || (), |(), record, out| out.extend_from_slice(record.as_bytes()));
            let Err(Error::Memory(error)) = result else { panic!("way {way}: no memory error") };
            assert_eq!(error.limit, Some(1 << 20));
            assert_eq!(error.source_name.as_deref(), Some("input"));
            assert_eq!((error.position.record, error.position.byte), (41, before as u64), "way {way}");
            assert_eq!(seen, &data[..before]);
            assert_eq!(budget.used(), 0);
        }
    });
}

/// Nothing fits: an error, not a wait.
#[rstest]
fn budget_of_nothing(#[values(0, 1, 4096)] limit: usize, #[values(1, 4)] threads: usize) {
    watched(30, || {
        let budget = MemoryBudget::new(limit);
        let data = reads(1, 10, 10);
        let run = Pipeline::new().threads(threads).budget(&budget).reader(&data[..]);
        assert!(matches!(run.fold(|| (), |(), _| (), |(), ()| ()), Err(Error::Memory(_))));
        // A slice that is folded needs none.
        let run = Pipeline::new().threads(threads).budget(&budget).slice(&data);
        assert!(run.fold(|| (), |(), _| (), |(), ()| ()).is_ok());
    });
}

/// Others on the same budget are not waited for.
#[test]
fn budget_that_others_hold() -> Result<(), fqbuf_pool::BudgetError> {
    watched(30, || {
        let budget = MemoryBudget::new(1 << 20);
        let held = budget.acquire(1 << 20)?;
        let data = reads(1, 10, 10);
        let run = || Pipeline::new().threads(3).budget(&budget).reader(&data[..]);
        assert!(matches!(run().fold(|| (), |(), _| (), |(), ()| ()), Err(Error::Memory(_))));
        drop(held);
        assert!(run().fold(|| (), |(), _| (), |(), ()| ()).is_ok());
        Ok(())
    })
}

/// Pools in the closures, pools on threads of their own and the run itself, all on one budget. Red when any of them charges
/// after it has allocated, keeps a charge of what it freed, or takes what another was promised.
#[rstest]
fn several_pools_and_a_run_on_one_budget(#[values(1, 2, 4)] threads: usize) {
    watched(60, || {
        let data = reads(6, 4000, 300);
        let limit = 1 << 20;
        let budget = MemoryBudget::new(limit);
        let pool = |bytes| {
            let builder = BufferPool::builder().buffer_size(bytes).max_idle(2).max_retained(2 * bytes);
            builder.budget(&budget).build().expect("room for the pool")
        };
        let (small, large) = (pool(8 << 10), pool(40 << 10));
        let file = Temporary::new("pools.fq", &data).expect("a temporary file");
        for input in [Input::reader(Odd::new(&data, 3)), file.input(), Input::slice(&data)] {
            let run = Pipeline::new().threads(threads).budget(&budget).single(input).expect("open");
            let over = AtomicBool::new(false);
            let mut out = Vec::new();
            std::thread::scope(|scope| {
                // Both wait for memory where there is none; the run never does for theirs.
                for pool in [&small, &large] {
                    scope.spawn(|| {
                        while !over.load(Ordering::Relaxed) {
                            let (mut one, two) = (pool.get(), pool.get());
                            one.extend_from_slice(b"@r");
                            assert!(two.is_empty() && budget.used() <= limit);
                        }
                    });
                }
                let ended = run.map_ordered(
                    &mut out,
                    || (),
                    |(), record, out| {
                        // Without memory there is another way.
                        if let Some(mut buffer) = small.try_get() {
                            buffer.extend_from_slice(record.as_bytes());
                            out.extend_from_slice(&buffer);
                        } else {
                            out.extend_from_slice(record.as_bytes());
                        }
                    },
                );
                over.store(true, Ordering::Relaxed);
                assert!(ended.is_ok_and(|done| done.summary.records == 4000));
            });
            assert!(out == data, "{} bytes of {}", out.len(), data.len());
        }
        assert_eq!(budget.used(), (small.idle() * (8 << 10)) + (large.idle() * (40 << 10)), "the idle buffers");
        drop((small, large));
        assert_eq!(budget.used(), 0, "all is given back");
        assert!(budget.peak() <= limit);
    });
}

/// Takes few bytes at a time, and lets others run in between.
struct Slow(u64);

impl Write for Slow {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        std::thread::yield_now();
        let n = buf.len().min(4096);
        self.0 += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn slow_writer_holds_back_the_others_within_the_budget() -> Result<(), Error> {
    watched(60, || {
        let data = reads(4, 8000, 300);
        let budget = MemoryBudget::new(1 << 20);
        let mut writer = Slow(0);
        let run = Pipeline::new().threads(8).budget(&budget).reader(&data[..]);
        run.map_ordered(&mut writer, || (), |(), record, out| out.extend_from_slice(record.as_bytes()))?;
        assert_eq!(writer.0, data.len() as u64);
        assert!(budget.peak() <= budget.limit());
        Ok(())
    })
}

/// Takes nothing before somebody has waited.
struct Holding<'a>(&'a Monitor);

impl Write for Holding<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let waits = |now: Snapshot| now.order_waits + now.memory_waits + now.input_waits;
        while waits(self.0.snapshot()) == 0 {
            std::thread::yield_now();
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fails when a figure is not taken back; hangs when waits are never counted.
#[test]
fn figures_of_a_run_while_it_runs_and_after() -> Result<(), Error> {
    watched(60, || {
        let data = reads(4, 8000, 300);
        let budget = MemoryBudget::new(1 << 20);
        let run = Pipeline::new().threads(4).block_size(8 << 10).budget(&budget).reader(&data[..]);
        let monitor = run.monitor();
        let seen = std::sync::Mutex::new(Vec::new());
        run.map_ordered(
            Holding(&monitor),
            || (),
            |(), record, out| {
                out.extend_from_slice(record.as_bytes());
                seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(monitor.snapshot());
            },
        )?;
        let seen = seen.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let most = |figure: fn(&Snapshot) -> u64| seen.iter().map(figure).max().unwrap_or(0);
        assert!((1..=8).contains(&most(|now| now.blocks_in_flight)), "{}", most(|now| now.blocks_in_flight));
        assert!((2..=20).contains(&most(|now| now.buffers)), "{}", most(|now| now.buffers));
        assert!(seen.iter().all(|now| now.buffers_idle <= now.buffers + 1 && now.budget_used <= now.budget_limit));
        assert!(most(|now| now.budget_used as u64) > 2 * 8192 && most(|now| now.records) > 4000);
        let end = monitor.snapshot();
        assert_eq!((end.bytes, end.written, end.records), (data.len() as u64, data.len() as u64, 8000));
        assert_eq!((end.blocks_in_flight, end.buffers, end.buffers_idle, end.budget_used), (0, 0, 0, 0));
        Ok(())
    })
}

/// Any amount of bad input or of blank lines takes little memory. Red when a block grows until it can be cut.
#[rstest]
fn bad_input_without_an_end_takes_little_memory(#[values(1, 3)] threads: usize) {
    watched(60, || {
        let good = reads(1, 100, 50);
        let line = b"no record at all\n".repeat(40_000);
        let headers = b"@r\n@s\n".repeat(100_000);
        let cases: [Vec<u8>; 8] = [
            [&good[..], &line, &good].concat(),
            [&good[..], &vec![b'x'; 700_000], b"\n", &good].concat(),
            [&good[..], &vec![b'x'; 700_000]].concat(),
            [&good[..], b"@bad\nAC\nGT\n", &line, &good, &line].concat(),
            [&good[..], &b"\n".repeat(600_000)].concat(),
            [&good[..], &b"\r\n".repeat(300_000), b"\r"].concat(),
            [&good[..], &b"\n".repeat(600_000), &good].concat(),
            [&good[..], &headers, &good].concat(),
        ];
        for (i, data) in cases.iter().enumerate() {
            for skip in [false, true] {
                let given = Given { skip, limit: 50_000, ..PLAIN };
                let expected = serial(&data[..], given);
                let file = Temporary::new("bad.fq", data).expect("a temporary file");
                for way in 0..2 {
                    let input = if way == 0 { Input::reader(&data[..]).named("input") } else { file.input() };
                    let budget = MemoryBudget::new(600_000);
                    let pipeline = pipeline(threads, 4096, given).budget(&budget);
                    let what = format!("case {i}, way {way}, {threads} threads, {given:?}");
                    same(&ordered(pipeline.single(input).expect("open")), &expected, &what);
                }
                if given.skip || i > 3 {
                    continue;
                }
                assert!(expected.end.contains("ParseError"));
            }
        }
    });
}

/// A budget that serves one thread serves many: what they inflate with is taken from it as well.
#[test]
fn bgzf_within_a_small_budget_is_the_same_for_any_number_of_threads() {
    watched(120, || {
        let data = reads(5, 20_000, 150);
        let packed = crate::endings::packed(&data, fqbuf_stream::Format::Bgzf);
        let file = Temporary::new("budget.bgz", &packed).expect("a temporary file");
        for threads in [1, 2, 8, 100] {
            for limit in [800 << 10, 2 << 20] {
                let budget = MemoryBudget::new(limit);
                let run = Pipeline::new().threads(threads).budget(&budget).single(file.input()).expect("open");
                let records = run.fold(|| 0, |n, _| *n += 1, |a, b| a + b);
                assert!(matches!(&records, Ok(done) if done.value == 20_000), "{threads}, {limit}: {records:?}");
                assert!(budget.peak() <= limit);
            }
        }
    });
}

/// Offset of each record in good input, and of its end.
fn starts(data: &[u8]) -> Vec<usize> {
    let lines = data.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    [0].into_iter().chain(lines.skip(3).step_by(4)).collect()
}

/// Whatever it is that memory is refused for, record, line and byte of the error are those of one place, and of the input it names.
/// Red when one of them has gone on to the next block, or is the other input's.
#[rstest]
fn place_of_a_memory_error_is_one_place(#[values(1, 3)] threads: usize, #[values(300, 3000)] most: usize) {
    watched(60, || {
        let (one, two) = pairs(5, 40, most);
        let mut errors = 0;
        for limit in (12_000..60_000).step_by(250) {
            for paired in [false, true] {
                let budget = MemoryBudget::new(limit);
                let pipeline = pipeline(threads, 4096, PLAIN).budget(&budget);
                let (a, b) = (Input::reader(&one[..]).named("one"), Input::reader(&two[..]).named("two"));
                let result = if paired {
                    pipeline.paired(a, b).expect("open").fold(|| (), |(), _| (), |(), ()| ())
                } else {
                    pipeline.single(a).expect("open").fold(|| (), |(), _| (), |(), ()| ())
                };
                let error = match result {
                    Ok(_) => continue,
                    Err(Error::Memory(error)) => error,
                    Err(error) => panic!("{limit}: {error}"),
                };
                let data = match error.source_name.as_deref() {
                    Some("two") => &two,
                    _ => &one,
                };
                errors += 1;
                let at = error.position;
                let what = format!("{limit} bytes, paired: {paired}: {error}");
                assert_eq!(at.line, 4 * at.record - 3, "{what}");
                assert_eq!(at.byte, starts(data)[usize::try_from(at.record).expect("few") - 1] as u64, "{what}");
            }
        }
        // For which of the inputs it is depends on where in a page memory begins.
        assert!(errors > 10, "{errors}");
    });
}

/// Red with the name and the place of the first input, whichever it is.
#[rstest]
fn second_mate_that_cannot_fit_is_named(#[values(1, 3)] threads: usize) {
    watched(60, || {
        let (mut one, mut two) = pairs(5, 40, 50);
        let before = two.len();
        record(&mut Rng(9), 40, "/1", 50, &mut one);
        record(&mut Rng(9), 40, "/2", 2_000_000, &mut two);
        let budget = MemoryBudget::new(1 << 20);
        let inputs = (Input::reader(&one[..]).named("one"), Input::reader(&two[..]).named("two"));
        let run = Pipeline::new().threads(threads).budget(&budget).paired(inputs.0, inputs.1).expect("open");
        let Err(Error::Memory(error)) = run.fold(|| (), |(), _| (), |(), ()| ()) else { panic!("no memory error") };
        assert_eq!(error.source_name.as_deref(), Some("two"));
        assert_eq!((error.position.record, error.position.byte), (41, before as u64));
    });
}

/// Hands over all it has in a block of its own.
struct Whole(Block);

impl Source for Whole {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        assert!(block.is_empty(), "nothing comes before it");
        *block = std::mem::take(&mut self.0);
        Ok(block.len())
    }
}

/// Red when the run goes on with what it was charged for its own block.
#[test]
fn block_that_a_source_exchanges_is_charged_as_large_as_it_is() {
    watched(60, || {
        let data = reads(4, 30, 300);
        let budget = MemoryBudget::new(2 << 20);
        let mut block = Block::with_capacity(1 << 20).expect("memory");
        assert_eq!(block.append(&data), data.len());
        let run = Pipeline::new().threads(1).block_size(4096).budget(&budget).reader(Whole(block));
        let most =
            run.fold(|| 0, |most: &mut usize, _| *most = budget.used().max(*most), usize::max).expect("good input");
        assert!(most.value >= 1 << 20, "{} bytes", most.value);
        assert_eq!(budget.used(), 0);
    });
}
