//! Writers into writers.

use std::io::{self, Write};

use fqbuf_stream::{Format, WriterBuilder};

use crate::support::{WAYS, fastq, read};

/// Formats this build writes.
fn formats() -> impl Iterator<Item = Format> {
    [Format::Plain, Format::Gzip, Format::Bgzf].into_iter().filter(|f| f.is_supported())
}

#[test]
fn what_is_written_is_read() {
    for format in formats() {
        for records in [0, 1, 500, 5000] {
            let text = fastq(records);
            for (threads, piece, level) in [(0, 1 << 20, 6), (1, 777, 1), (3, 70_000, 9), (2, 1, 0), (1, 60_000, 200)] {
                if piece == 1 && records > 500 {
                    continue;
                }
                let mut builder = WriterBuilder::new();
                builder.format(format).threads(threads).level(level);
                let mut writer = builder.to_writer(Vec::new()).expect("known");
                for data in text.chunks(piece) {
                    assert_eq!(writer.write(&[]).expect("memory"), 0);
                    writer.write_all(data).expect("memory");
                }
                let out = read(&writer.finish().expect("memory"), WAYS[threads % 3]);
                assert!(out.error.is_none(), "{format}: {:?}", out.error);
                assert!(out.bytes == text, "{format}, {threads} threads, level {level}");
            }
        }
    }
}

#[test]
fn bgzf_is_the_same_bytes_on_any_number_of_threads() {
    if !Format::Bgzf.is_supported() {
        return;
    }
    let text = fastq(9000);
    let pack = |threads| {
        let mut writer =
            WriterBuilder::new().format(Format::Bgzf).threads(threads).to_writer(Vec::new()).expect("known");
        writer.write_all(&text).expect("memory");
        writer.finish().expect("memory")
    };
    let one = pack(1);
    for threads in [2, 3, 8] {
        assert!(pack(threads) == one, "{threads} threads");
    }
}

/// Red when memory for all of them is asked for before the first is started.
#[test]
fn any_number_of_threads_may_be_asked_for() {
    if Format::Bgzf.is_supported() {
        let mut builder = WriterBuilder::new();
        let mut writer = builder.format(Format::Bgzf).threads(usize::MAX).to_writer(Vec::new()).expect("threads");
        writer.write_all(&fastq(10)).expect("memory");
        assert!(read(&writer.finish().expect("memory"), WAYS[0]).bytes == fastq(10));
    }
}

#[test]
fn a_flush_makes_what_was_written_readable() {
    for format in formats() {
        for threads in [1, 2] {
            let mut packed = Vec::new();
            let mut writer =
                WriterBuilder::new().format(format).threads(threads).to_writer(&mut packed).expect("known");
            writer.write_all(b"@r1\n").expect("memory");
            writer.flush().expect("memory");
            writer.write_all(b"never flushed").expect("memory");
            drop(writer);
            assert_eq!(read(&packed, WAYS[0]).bytes, b"@r1\n", "{format}");
        }
    }
}

/// A writer that takes so many bytes and then fails.
struct Full {
    left: usize,
    kind: io::ErrorKind,
}

impl Write for Full {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(self.kind.into());
        }
        let n = data.len().min(self.left);
        self.left -= n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fails when what a buffer could not write is dropped with it.
#[test]
fn fault_75_no_error_is_lost() {
    // More than all buffers hold.
    let text = fastq(20_000);
    assert!(text.len() > 3_500_000);
    for format in formats() {
        for threads in [1, 3] {
            for left in [0, 5, 100, 100_000] {
                let mut builder = WriterBuilder::new();
                builder.format(format).threads(threads).level(0);
                let full = Full { left, kind: io::ErrorKind::StorageFull };
                let mut writer = builder.to_writer(full).expect("known");
                let written = text.chunks(1000).try_for_each(|data| writer.write_all(data));
                // Told once while writing, it is told again at the end.
                for told in [written, writer.finish().map(drop)] {
                    let told = told.map_err(|e| e.kind());
                    assert_eq!(told, Err(io::ErrorKind::StorageFull), "{format} {threads} {left}");
                }
            }
        }
    }
}

/// Fails when an interrupted flush is an error; remembered as one, it has every later `write_all` try again for ever.
#[test]
fn fault_29_an_interrupted_flush_is_tried_again() {
    /// Is interrupted at every other flush.
    struct Flaky(Vec<u8>, bool);

    impl Write for Flaky {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.0.write(data)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.1 = !self.1;
            if self.1 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
        }
    }

    let text = fastq(10);
    for format in formats() {
        let mut writer = WriterBuilder::new().format(format).to_writer(Flaky(Vec::new(), false)).expect("known");
        writer.write_all(&text).expect("memory");
        writer.flush().expect("tried again");
        writer.write_all(&text).expect("memory");
        let packed = writer.finish().expect("tried again").0;
        assert!(read(&packed, WAYS[0]).bytes == [&text[..], &text].concat(), "{format}");
    }
}

/// Fails when a closed pipe is told as something else.
#[test]
fn fault_74_a_closed_pipe_is_a_broken_pipe() {
    for format in formats() {
        let full = Full { left: 10, kind: io::ErrorKind::BrokenPipe };
        let mut writer = WriterBuilder::new().format(format).to_writer(full).expect("known");
        let _ = writer.write_all(&fastq(3000));
        assert_eq!(writer.finish().map(drop).map_err(|e| e.kind()), Err(io::ErrorKind::BrokenPipe));
    }
}

#[test]
fn a_format_that_is_not_written_is_refused() {
    for format in [Format::Zstd, Format::Bzip2, Format::Xz, Format::Gzip, Format::Bgzf] {
        let writer = WriterBuilder::new().format(format).to_writer(Vec::new());
        let wanted = formats().any(|f| f == format);
        assert_eq!(
            writer.map(drop).map_err(|e| e.kind()),
            if wanted { Ok(()) } else { Err(io::ErrorKind::Unsupported) }
        );
    }
}
