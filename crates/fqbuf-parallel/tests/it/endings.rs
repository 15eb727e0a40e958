//! Every way in which a run ends early, many times over: what a rare race needs to show.
//!
//! Each run is ended at one record, and has later ends of other kinds planted behind it that must not be what is told. States,
//! readers and writers hold a token each; when the run has returned, no thread may hold one any more.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fqbuf_parallel::{BoxError, Error, Input, Layout, Run};
use fqbuf_pool::MemoryBudget;
use fqbuf_stream::{Format, ReadAhead, Stream, WriterBuilder};
use rstest::rstest;

use crate::shutdown::{number_of, numbered};
use crate::support::*;

/// Records are numbered up to here.
const RECORDS: usize = 1000;

/// Records in a block of one page.
const BATCH: usize = 32;

/// Bytes of a record, and of what is put out for it.
const RECORD: usize = 128;
const OUTPUT: usize = 6;

/// What ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    WorkerPanic,
    ClosureError,
    EarlyStop,
    ReaderError,
    ReaderPanic,
    WriterError,
    WriterPanic,
    /// `/dev/full`.
    FullDevice,
    /// A pipe whose other end is closed before or meanwhile.
    DroppedConsumer,
}

impl Way {
    fn is_of_the_closure(self) -> bool {
        matches!(self, Self::WorkerPanic | Self::ClosureError | Self::EarlyStop)
    }
}

/// Where the records come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Slice,
    Reader,
    File,
    Pairs,
    /// Compressed, read ahead on so many threads.
    Packed(Format, usize),
    /// A file of BGZF that the run's own threads decompress.
    Bgzf,
}

const SOURCES: [From; 7] = [
    From::Slice,
    From::Reader,
    From::File,
    From::Pairs,
    From::Packed(Format::Gzip, 1),
    From::Packed(Format::Bgzf, 2),
    From::Bgzf,
];

/// One run to be ended.
#[derive(Clone, Copy, Debug)]
struct Case {
    way: Way,
    from: From,
    threads: usize,
    /// The record that ends it.
    at: usize,
    /// Records in all, around a multiple of a block.
    records: usize,
    /// Bytes beyond the record's start after which a reader or writer fails.
    beyond: usize,
    /// Without output.
    folds: bool,
}

impl Case {
    fn of(way: Way, repeat: usize, rng: &mut Rng) -> Self {
        // The first 8,000 repeats are at each record with each number of threads.
        let (at, threads) = match repeat {
            0..8000 if deep() => (repeat % RECORDS, 1 + repeat / RECORDS),
            _ => (rng.below(RECORDS), 1 + rng.below(8)),
        };
        let around = [usize::MAX, 0, 1][rng.below(3)];
        let records = (BATCH * (at / BATCH + 1 + rng.below(3))).wrapping_add(around).max(at + 1);
        let from = match way {
            Way::ReaderPanic => From::Reader,
            Way::ReaderError if rng.below(2) == 0 => From::Reader,
            Way::ReaderError => SOURCES[4 + rng.below(2)],
            _ => SOURCES[rng.below(SOURCES.len())],
        };
        let folds = rng.below(3) == 0
            && !matches!(way, Way::WriterError | Way::WriterPanic | Way::FullDevice | Way::DroppedConsumer);
        Self { way, from, threads, at, records, beyond: rng.below(OUTPUT), folds }
    }

    /// Whether it is not known which records come before the end.
    fn is_anywhere(self) -> bool {
        self.way == Way::ReaderError && self.from != From::Reader
    }

    /// How the closure ends the run at a record, if it does.
    fn end_at(self, record: usize) -> Option<Way> {
        if self.is_anywhere() {
            return None;
        }
        match record.checked_sub(self.at)? {
            0 => Some(self.way),
            // In the same block and in later ones.
            1 | 33 => Some(Way::ClosureError),
            2 | 65 => Some(Way::EarlyStop),
            3 | 97 => Some(Way::WorkerPanic),
            _ => None,
        }
    }

    /// What the run comes to when it goes on past its end.
    fn next_end(self) -> End {
        let records =
            if matches!(self.from, From::Packed(..) | From::Bgzf) { Files::count_above(self.at) } else { self.records };
        match self.from {
            _ if self.at + 1 < records => End::Closure(format!("at {}", self.at + 1)),
            From::Reader | From::Pairs => End::Input(io::ErrorKind::ConnectionReset),
            From::Slice | From::File | From::Packed(..) | From::Bgzf => End::Done,
        }
    }
}

/// How a run has ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Done,
    Stopped,
    Closure(String),
    Input(io::ErrorKind),
    Output(io::ErrorKind),
    Panic(String),
}

/// A reader that comes to its end by an error, a panic, or as it should.
struct Tape {
    data: io::Cursor<Vec<u8>>,
    then: Then,
    _token: Arc<()>,
}

#[derive(Clone, Copy)]
enum Then {
    End,
    Error,
    Panic,
}

impl Read for Tape {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match (self.data.read(buf)?, self.then) {
            (0, Then::Error) => Err(io::ErrorKind::ConnectionReset.into()),
            (0, Then::Panic) => resume_unwind(Box::new("the reader's".to_owned())),
            (n, _) => Ok(n),
        }
    }
}

/// A writer that fails after so many bytes.
struct Sink<'a> {
    got: &'a mut Vec<u8>,
    left: usize,
    panics: bool,
    _token: Arc<()>,
}

impl Write for Sink<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.left == 0 && self.panics {
            resume_unwind(Box::new("the writer's".to_owned()));
        }
        if self.left == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let n = buf.len().min(self.left);
        self.left -= n;
        self.got.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compressed records.
pub(crate) fn packed(data: &[u8], format: Format) -> Vec<u8> {
    let mut writer = WriterBuilder::new().format(format).level(1).to_writer(Vec::new()).expect("memory");
    writer.write_all(data).expect("memory");
    writer.finish().expect("memory")
}

/// Runs the records through `writer`, or folds them without one; the closures do as the case says.
fn drive<L: Layout>(
    run: Run<'_, L>,
    number: impl for<'d> Fn(&L::Item<'d>) -> usize + Sync,
    case: Case,
    writer: Option<impl Write + Send>,
    token: &Arc<()>,
) -> End {
    let ends = |record: usize| -> Result<ControlFlow<()>, BoxError> {
        match case.end_at(record) {
            Some(Way::WorkerPanic) => resume_unwind(Box::new(format!("at {record}"))),
            Some(Way::ClosureError) => Err(format!("at {record}").into()),
            Some(Way::EarlyStop) => Ok(ControlFlow::Break(())),
            _ => Ok(ControlFlow::Continue(())),
        }
    };
    let seen = AtomicUsize::new(0);
    let result = catch_unwind(AssertUnwindSafe(|| {
        let Some(writer) = writer else {
            let each = |(_, mine): &mut (Arc<()>, usize), item: L::Item<'_>| {
                let record = number(&item);
                if record < case.at {
                    seen.fetch_add(1, Ordering::Relaxed);
                    *mine += 1;
                }
                ends(record)
            };
            let done = run.fold(|| (Arc::clone(token), 0), each, |a, b| (a.0, a.1 + b.1))?;
            assert_eq!(done.value.1, seen.load(Ordering::Relaxed), "{case:?}: what was seen is in the states");
            return Ok(done.summary);
        };
        let each = |_: &mut Arc<()>, item: L::Item<'_>, out: &mut Vec<u8>| {
            let record = number(&item);
            let flow = ends(record)?;
            if flow.is_continue() {
                out.extend_from_slice(format!("{record:06}").as_bytes());
            }
            Ok::<_, BoxError>(flow)
        };
        run.map_ordered(writer, || Arc::clone(token), each).map(|done| done.summary)
    }));
    if case.folds && case.way.is_of_the_closure() {
        assert_eq!(seen.into_inner(), case.at, "{case:?}: all before the end are seen");
    }
    match result {
        Ok(Ok(summary)) if summary.stopped => End::Stopped,
        Ok(Ok(_)) => End::Done,
        Ok(Err(Error::Closure(error))) => End::Closure(error.error.to_string()),
        Ok(Err(Error::Output(error))) => End::Output(error.kind()),
        Ok(Err(error @ Error::Input(_))) => End::Input(io::Error::from(error).kind()),
        Ok(Err(error)) => panic!("{case:?}: {error}"),
        Err(payload) => End::Panic(*payload.downcast::<String>().expect("our own")),
    }
}

/// All that the cases share.
struct Files {
    data: Vec<u8>,
    /// gzip and BGZF, of each of the counts.
    packed: [Vec<Vec<u8>>; 2],
}

impl Files {
    /// Numbers of records that compressed files are made for.
    const COUNTS: [usize; 4] = [BATCH - 1, BATCH, 20 * BATCH + 1, RECORDS + 3 * BATCH];

    fn new() -> Self {
        let data = numbered(RECORDS + 4 * BATCH);
        let packed = [Format::Gzip, Format::Bgzf]
            .map(|format| Self::COUNTS.iter().map(|n| packed(&data[..n * RECORD], format)).collect());
        Self { data, packed }
    }

    /// The first of the counts that is more than `at`.
    fn count_above(at: usize) -> usize {
        Self::COUNTS.into_iter().find(|n| *n > at).expect("the last is more than all")
    }

    /// The smallest of the files that has the case's end in it.
    fn packed(&self, format: Format, case: Case) -> &[u8] {
        let files = &self.packed[usize::from(format == Format::Bgzf)];
        &files[Self::COUNTS.iter().take_while(|n| **n <= case.at).count()]
    }

    /// Opens the input of the case and runs it.
    fn run(&self, case: Case, writer: Option<impl Write + Send>, token: &Arc<()>) -> End {
        let whole = &self.data[..case.records * RECORD];
        let (cut, then) = match case.way {
            Way::ReaderError => (case.at * RECORD + 20 * case.beyond, Then::Error),
            Way::ReaderPanic => (case.at * RECORD + 20 * case.beyond, Then::Panic),
            // A later end of yet another kind.
            _ => (whole.len(), Then::Error),
        };
        let tape = |data: &[u8], then| Tape { data: io::Cursor::new(data.to_vec()), then, _token: Arc::clone(token) };
        let mut pipeline = pipeline(case.threads, 1, PLAIN);
        let file;
        let input = match case.from {
            From::Slice => Input::slice(whole),
            From::Reader => Input::reader(tape(&whole[..cut], then)),
            From::File => {
                file = Temporary::new("ending.fq", whole).expect("a temporary file");
                file.input()
            }
            From::Pairs => {
                let [one, two] = [whole; 2].map(|data| Input::reader(tape(data, then)));
                let run = pipeline.paired(one, two).expect("open");
                return drive(run, |pair| number_of(pair.first.id()), case, writer, token);
            }
            From::Packed(format, threads) => {
                let whole = self.packed(format, case);
                let tape = match case.way {
                    Way::ReaderError => tape(&whole[..whole.len() * case.at / RECORDS], Then::Error),
                    _ => tape(whole, Then::End),
                };
                let mut builder = Stream::builder();
                builder.read_ahead(ReadAhead::Always).threads(threads).block_size(0);
                Input::stream(builder.from_reader(tape))
            }
            From::Bgzf => {
                // So little that blocks are small, and some go round.
                pipeline = pipeline.budget(&MemoryBudget::new(16 << 20));
                file = Temporary::new("ending.fq.bgz", self.packed(Format::Bgzf, case)).expect("a temporary file");
                file.input()
            }
        };
        match pipeline.single(input) {
            Ok(run) => drive(run, |record| number_of(record.id()), case, writer, token),
            // The compressed input failed within its first bytes.
            Err(Error::Open(error)) => End::Input(error.kind()),
            Err(error) => panic!("{case:?}: {error}"),
        }
    }

    /// The end of the case, and what was put out.
    fn end(&self, case: Case, token: &Arc<()>) -> (End, Vec<u8>) {
        let mut got = Vec::new();
        let end = match case.way {
            _ if case.folds => self.run(case, None::<io::Sink>, token),
            Way::FullDevice => {
                let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
                self.run(case, Some(full), token)
            }
            Way::DroppedConsumer => {
                let (mut reader, writer) = io::pipe().expect("a pipe");
                std::thread::scope(|scope| {
                    let wanted = case.at / 2 * OUTPUT * (case.beyond % 2);
                    let consumer = scope.spawn(move || {
                        let mut some = vec![0; wanted];
                        reader.read_exact(&mut some).map(|()| some)
                    });
                    if wanted == 0 {
                        // It has gone before anything is written.
                        got = consumer.join().expect("no panic").expect("nothing");
                        return self.run(case, Some(writer), token);
                    }
                    let end = self.run(case, Some(writer), token);
                    got = consumer.join().expect("no panic").expect("as much as there is before the end");
                    end
                })
            }
            way => {
                let left = match way {
                    Way::WriterError | Way::WriterPanic => case.at * OUTPUT + case.beyond,
                    _ if case.is_anywhere() => usize::MAX,
                    // A later end than the case's own.
                    _ => (case.at + 20) * OUTPUT,
                };
                let panics = way == Way::WriterPanic;
                self.run(case, Some(Sink { got: &mut got, left, panics, _token: Arc::clone(token) }), token)
            }
        };
        (end, got)
    }

    fn check(&self, case: Case) {
        let token = Arc::new(());
        let (end, got) = self.end(case, &token);
        assert_eq!(Arc::strong_count(&token), 1, "{case:?}: somebody goes on");
        let all: Vec<u8> = (0..RECORDS + 4 * BATCH).flat_map(|n| format!("{n:06}").into_bytes()).collect();
        assert!(all.starts_with(&got), "{case:?}: {} bytes", got.len());
        let Case { way, at, .. } = case;
        let put_out = (!case.folds).then_some(got.len());
        match way {
            Way::WorkerPanic => assert_eq!(end, End::Panic(format!("at {at}")), "{case:?}"),
            Way::ClosureError => assert_eq!(end, End::Closure(format!("at {at}")), "{case:?}"),
            Way::EarlyStop => assert_eq!(end, End::Stopped, "{case:?}"),
            Way::ReaderError => assert_eq!(end, End::Input(io::ErrorKind::ConnectionReset), "{case:?}"),
            Way::ReaderPanic => assert_eq!(end, End::Panic("the reader's".to_owned()), "{case:?}"),
            Way::WriterError => assert_eq!(end, End::Output(io::ErrorKind::StorageFull), "{case:?}"),
            Way::WriterPanic => assert_eq!(end, End::Panic("the writer's".to_owned()), "{case:?}"),
            Way::FullDevice => assert_eq!(end, End::Output(io::ErrorKind::StorageFull), "{case:?}"),
            Way::DroppedConsumer => {
                // It may have had all that there is before the next end, and left then.
                let late = !got.is_empty() && end != End::Output(io::ErrorKind::BrokenPipe);
                let next = if late { case.next_end() } else { End::Output(io::ErrorKind::BrokenPipe) };
                assert_eq!(end, next, "{case:?}");
            }
        }
        let wanted = match way {
            Way::WorkerPanic | Way::ClosureError | Way::EarlyStop => Some(at * OUTPUT),
            Way::ReaderError if !case.is_anywhere() => Some(at * OUTPUT),
            Way::WriterError | Way::WriterPanic => Some(at * OUTPUT + case.beyond),
            _ => put_out,
        };
        assert!(put_out.is_none() || put_out == wanted, "{case:?}: {put_out:?} of {wanted:?} bytes");
    }
}

/// Red when what a closure says is told without the record that it says it of.
#[rstest]
fn error_of_a_closure_has_its_place(#[values(1, 3)] threads: usize, #[values(0, 31, 32, 77, 299)] at: usize) {
    let data = numbered(300);
    // The last line has no end.
    let data = &data[..data.len() - 1];
    let place = |record: usize| format!("record {} (line {}, byte {})", record + 1, 4 * record + 1, RECORD * record);
    let ends = |record: &fqbuf_record::RefRecord<'_>| if number_of(record.id()) == at { Err("odd") } else { Ok(()) };
    watched(60, || {
        let file = Temporary::new("closure.fq", data).expect("a temporary file");
        for input in [Input::slice(data).named("input"), Input::reader(data).named("input"), file.input()] {
            let run = pipeline(threads, 1, PLAIN).single(input).expect("open");
            let error = run.fold(|| (), |(), record| ends(&record), |(), ()| ()).expect_err("the closure's");
            assert_eq!(error.to_string(), format!("input: {}: odd", place(at)));
        }
        let run = pipeline(threads, 1, PLAIN).slice(data);
        let error = run.map_ordered(io::sink(), || (), |(), record, _| ends(&record)).expect_err("the closure's");
        assert_eq!(error.to_string(), format!("{}: odd", place(at)));
        let mates = pipeline(threads, 1, PLAIN).mate_check(fqbuf_record::MateCheck::Off);
        let run = mates.paired(Input::slice(data), Input::reader(data)).expect("open");
        let error = run.fold(|| (), |(), pair| ends(&pair.second), |(), ()| ()).expect_err("the closure's");
        assert_eq!(error.to_string(), format!("{}: odd", place(at)));
        let run = mates.interleaved(Input::slice(data)).expect("open");
        let error = run.fold(|| (), |(), pair| ends(&pair.first).and(ends(&pair.second)), |(), ()| ()).expect_err("it");
        assert_eq!(error.to_string(), format!("{}: odd", place(at / 2 * 2)));
    });
}

#[rstest]
fn fault_73_every_way_to_end_many_times_over(
    #[values(
        Way::WorkerPanic,
        Way::ClosureError,
        Way::EarlyStop,
        Way::ReaderError,
        Way::ReaderPanic,
        Way::WriterError,
        Way::WriterPanic,
        Way::FullDevice,
        Way::DroppedConsumer
    )]
    way: Way,
) {
    if way == Way::FullDevice && !std::path::Path::new("/dev/full").exists() {
        // Not by `eprintln!`, which is not shown of a test that passes.
        writeln!(io::stderr(), "NOT TESTED: no /dev/full here").expect("standard error");
        return;
    }
    let files = Files::new();
    let repeats = if deep() { 10_000 } else { 500 };
    watched(if deep() { 1800 } else { 120 }, || {
        let mut rng = Rng(way as u64);
        for repeat in 0..repeats {
            files.check(Case::of(way, repeat, &mut rng));
        }
    });
}
