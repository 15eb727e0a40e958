//! Streams with threads of their own over random schedules: reading ahead, several that inflate, several that deflate; and callers'
//! threads that inflate what they take.
//!
//! `cargo xtask shuttle` runs the scenarios, with `--mutants` against the mutants that each names.
#![cfg(all(shuttle, feature = "gzip"))]

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::OnceLock;

use fqbuf_line::{Block, Source};
use fqbuf_models::scenario;
use fqbuf_stream::{Format, ReadAhead, Stream, StreamError, StreamErrorKind, WriterBuilder};
use shuttle::rand::Rng;
use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::thread;

/// A number below `bound`, chosen by the schedule.
fn below(bound: usize) -> usize {
    shuttle::rand::thread_rng().gen_range(0..bound)
}

/// Lets the schedule take another thread.
fn step() {
    AtomicBool::new(true).load(Ordering::SeqCst);
}

/// Text that compresses, of `len` bytes.
fn text(len: usize) -> Vec<u8> {
    (0..len).map(|i| b"ACGTTGCA\n"[i * i % 9]).collect()
}

/// BGZF of `text` in blocks of `block` bytes, made on one thread.
fn bgzf(text: &[u8], block: usize) -> Vec<u8> {
    let mut writer = WriterBuilder::new().format(Format::Bgzf).to_writer(Vec::new()).expect("one thread");
    for part in text.chunks(block) {
        writer.write_all(part).and_then(|()| writer.flush()).expect("memory");
    }
    writer.finish().expect("memory")
}

/// A reader that lets others run, and ends in its way.
struct Tape {
    data: io::Cursor<Vec<u8>>,
    then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    End,
    Error,
    Panic,
}

impl Read for Tape {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        step();
        let most = buf.len().min(1 + below(3000));
        match (self.data.read(&mut buf[..most])?, self.then) {
            (0, Then::Error) => Err(io::ErrorKind::ConnectionReset.into()),
            (0, Then::Panic) => std::panic::resume_unwind(Box::new("the reader's")),
            (n, _) => Ok(n),
        }
    }
}

/// Reads up to `most` bytes; what came, and the error if there was one.
fn read(stream: &mut impl Read, most: usize) -> (Vec<u8>, Option<StreamErrorKind>) {
    let mut got = Vec::new();
    let mut buf = [0; 3000];
    while got.len() < most {
        match stream.read(&mut buf) {
            Ok(0) => break,
            Ok(n) => got.extend_from_slice(&buf[..n]),
            Err(e) => return (got, StreamError::of(&e).map(StreamError::kind)),
        }
    }
    (got, None)
}

/// Bytes of a text of more blocks than go round; blocks are no smaller than 64 KiB.
const LENGTH: usize = 600_000;

/// A stream of BGZF that ends in any way, read to its end or dropped before.
fn any_end(ahead: ReadAhead, threads: usize) {
    static INPUT: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    let (text, packed) = INPUT.get_or_init(|| {
        let text = text(LENGTH);
        let packed = bgzf(&text, 30_000);
        (text, packed)
    });
    let (cut, then) = match below(4) {
        0 => (packed.len(), Then::Error),
        // Which comes to the caller as it is where that decodes.
        1 if ahead == ReadAhead::Always => (packed.len() / 2, Then::Panic),
        2 => (packed.len() / 2, Then::End),
        _ => (packed.len(), Then::End),
    };
    let tape = Tape { data: io::Cursor::new(packed[..cut].to_vec()), then };
    let mut builder = Stream::builder();
    builder.read_ahead(ahead).threads(threads).block_size(0);
    let mut stream = builder.from_reader(tape).into_reader();
    let wanted = if below(3) == 0 { below(LENGTH) } else { usize::MAX };
    let (got, error) = read(&mut stream, wanted);
    assert_eq!(got, text[..got.len()], "in order");
    if wanted == usize::MAX {
        match then {
            Then::End if cut == packed.len() => assert_eq!((got.len(), error), (LENGTH, None)),
            Then::End => assert_eq!(error, Some(StreamErrorKind::Truncated)),
            Then::Error => assert_eq!((got.len(), error), (LENGTH, Some(StreamErrorKind::Read))),
            Then::Panic => assert_eq!(error, Some(StreamErrorKind::Panicked)),
        }
    }
}

#[test]
fn a_thread_that_reads_ahead() {
    let mutants = ["publish-without-notify", "leave-without-notify", "fail-without-notify", "error-before-batches"];
    scenario(&mutants, || any_end(ReadAhead::Always, 1));
}

/// The decoder goes to a thread after a block, and comes back with the first for which the caller waited.
#[test]
fn a_decoder_that_comes_back() {
    scenario(&["decoder-back-without-block"], || any_end(ReadAhead::Compressed, 1));
}

#[test]
fn three_threads_that_inflate() {
    let mutants = ["entry-untold", "block-untold", "close-untold"];
    scenario(&mutants, || any_end(ReadAhead::Always, 3));
}

/// Threads that take blocks of a file by turns and decompress before, of a file that ends well or too early, or all of them
/// leave before its end.
#[test]
fn three_threads_that_take_turns() {
    static FILES: OnceLock<(Vec<u8>, [PathBuf; 2])> = OnceLock::new();
    let mutants = ["entry-untold", "others-blocks-left"];
    scenario(&mutants, || {
        let (text, paths) = FILES.get_or_init(|| {
            let text = text(LENGTH);
            let packed = bgzf(&text, 30_000);
            let paths = [packed.len(), packed.len() / 2].map(|len| {
                let path = std::env::temp_dir().join(format!("fqbuf-turns-{}-{len}.gz", std::process::id()));
                std::fs::write(&path, &packed[..len]).expect("a temporary file");
                path
            });
            (text, paths)
        });
        let cut = below(3) == 0;
        let mut stream = Stream::builder().block_size(0).open(&paths[usize::from(cut)]).expect("a file");
        let helpers = stream.helpers(3);
        assert_eq!(helpers.len(), 3);
        let wanted = if below(3) == 0 { below(LENGTH) } else { usize::MAX };
        let turns = Mutex::new((Some(stream), Vec::new(), None));
        thread::scope(|scope| {
            for mut helper in helpers {
                let turns = &turns;
                scope.spawn(move || {
                    let mut block = Block::new();
                    loop {
                        helper.help();
                        block.clear();
                        block.make_room(1).expect("memory");
                        let mut turn = turns.lock().expect("no panic");
                        let (stream, got, error) = &mut *turn;
                        match stream.as_mut().map(|stream| stream.fill(&mut block)) {
                            None => return,
                            Some(Ok(n)) if n > 0 && got.len() < wanted => got.extend_from_slice(block.data()),
                            Some(end) => {
                                *error = end.err().as_ref().and_then(StreamError::of).map(StreamError::kind);
                                *stream = None;
                            }
                        }
                        drop(turn);
                        step();
                    }
                });
            }
        });
        let (_, got, error) = turns.into_inner().expect("no panic");
        assert_eq!(got, text[..got.len()], "in order");
        match (wanted, cut) {
            (usize::MAX, true) => assert_eq!(error, Some(StreamErrorKind::Truncated)),
            (usize::MAX, false) => assert_eq!((got.len(), error), (LENGTH, None)),
            _ => assert!(cut || got.len() >= wanted),
        }
    });
    FILES.get().iter().flat_map(|(_, paths)| paths).for_each(|path| std::fs::remove_file(path).expect("its own file"));
}

/// A writer that lets others run, and fails from some byte on.
struct Disk {
    bytes: Vec<u8>,
    room: usize,
}

impl Write for Disk {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        step();
        if self.bytes.len() + buf.len() > self.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn three_threads_that_deflate() {
    let mutants = ["publish-without-notify", "drop-without-notify"];
    scenario(&mutants, || {
        let text = text(12_000);
        // All of it takes more than one of its blocks.
        let room = if below(2) == 0 { below(200) } else { usize::MAX };
        let disk = Disk { bytes: Vec::new(), room };
        let mut writer = WriterBuilder::new().format(Format::Bgzf).threads(3).to_writer(disk).expect("threads");
        let written = text.chunks(1500).try_for_each(|part| {
            writer.write_all(part)?;
            // Ends a block, and waits for all of them.
            if below(4) == 0 { writer.flush() } else { Ok(()) }
        });
        let dropped = below(3) == 0;
        if dropped {
            return drop(writer);
        }
        match (written.and_then(|()| writer.finish()), room) {
            (Ok(disk), usize::MAX) => {
                let mut stream = Stream::builder().from_reader(io::Cursor::new(disk.bytes)).into_reader();
                assert_eq!(read(&mut stream, usize::MAX), (text, None));
            }
            (Ok(_), _) => panic!("it did not fit"),
            (Err(e), room) => assert_eq!((e.kind(), room < usize::MAX), (io::ErrorKind::StorageFull, true)),
        }
    });
}
