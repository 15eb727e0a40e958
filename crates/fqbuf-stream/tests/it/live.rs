//! Input that comes as it is made, from a pipe or socket: what was flushed is there before the next is asked for.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fqbuf_line::{Block, Source};
use fqbuf_stream::{Format, ReadAhead, Stream};

use crate::support::{WAYS, fastq};

/// `text` in two parts, each flushed, as `format`.
fn flushed(format: Format, text: [&[u8]; 2]) -> Option<[Vec<u8>; 2]> {
    fn parts(mut writer: impl Write, [first, second]: [&[u8]; 2], so_far: impl Fn() -> Vec<u8>) -> [Vec<u8>; 2] {
        writer.write_all(first).and_then(|()| writer.flush()).expect("memory");
        let one = so_far();
        writer.write_all(second).and_then(|()| writer.flush()).expect("memory");
        let two = so_far().split_off(one.len());
        [one, two]
    }
    let sink = Sink::default();
    let so_far = || sink.0.lock().expect("no panic").clone();
    match format {
        #[cfg(feature = "gzip")]
        Format::Gzip | Format::Bgzf => {
            let writer = fqbuf_stream::WriterBuilder::new().format(format).to_writer(sink.clone()).expect("written");
            Some(parts(writer, text, so_far))
        }
        #[cfg(feature = "zstd")]
        Format::Zstd => Some(parts(zstd::Encoder::new(sink.clone(), 3).expect("memory"), text, so_far)),
        _ => None,
    }
}

/// Runs `test` over each format that can be flushed: its name, both parts of a text as it, and the text of each.
fn in_each_format(test: impl Fn(Format, [Vec<u8>; 2], [&[u8]; 2])) {
    let text = fastq(40);
    let halves = <[&[u8]; 2]>::from(text.split_at(text.len() / 2));
    for format in [Format::Gzip, Format::Bgzf, Format::Zstd] {
        if let Some(parts) = flushed(format, halves) {
            test(format, parts, halves);
        }
    }
}

/// Memory that is written to and looked at.
#[derive(Clone, Default)]
struct Sink(Arc<std::sync::Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives a part a read, and counts the reads.
struct Parts(std::vec::IntoIter<Vec<u8>>, Arc<AtomicUsize>);

impl Read for Parts {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let part = self.0.next().unwrap_or_default();
        into[..part.len()].copy_from_slice(&part);
        Ok(part.len())
    }
}

/// Fails when the decoder asks for more, and waits, while it has output that nobody was given.
#[test]
fn what_was_flushed_is_given_before_more_is_read() {
    in_each_format(|format, parts, halves| {
        for ahead in [ReadAhead::Never, ReadAhead::Compressed] {
            let reads = Arc::new(AtomicUsize::new(0));
            let parts = Parts(Vec::from(parts.clone()).into_iter(), Arc::clone(&reads));
            let mut stream = Stream::builder().read_ahead(ahead).from_reader(parts);
            for (n, half) in halves.into_iter().enumerate() {
                let mut block = Block::new();
                block.make_room(1000).expect("memory");
                stream.fill(&mut block).expect("sound input");
                assert!(block.data() == half, "{format}, {ahead:?}: {} bytes", block.len());
                assert_eq!(reads.load(Ordering::Relaxed), n + 1, "{format}, {ahead:?}");
            }
        }
    });
}

/// Never ends when a thread that decodes ahead waits for more with output in its hands.
#[test]
fn what_was_flushed_comes_out_of_a_pipe_that_stays_open() {
    in_each_format(|format, parts, halves| {
        for way in WAYS {
            let (reader, mut writer) = io::pipe().expect("a pipe");
            let mut stream = way.builder().from_reader(reader).into_reader();
            for (part, half) in parts.iter().zip(halves) {
                writer.write_all(part).expect("room");
                let mut got = vec![0; half.len()];
                stream.read_exact(&mut got).expect("sound input");
                assert!(got == half, "{format}, {way:?}");
            }
            // A dropped stream waits for its read.
            drop(writer);
        }
    });
}
