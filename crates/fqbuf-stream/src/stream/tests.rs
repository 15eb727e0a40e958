//! A system that has no threads to spare.

use std::io::{self, Cursor, Read, Write};

use crate::spawn::refusal;
use crate::{Format, ReadAhead, Stream, WriterBuilder};

/// Some text, and it packed as `format` is.
fn packed(format: Format) -> (Vec<u8>, Vec<u8>) {
    let text: Vec<u8> = (0..60_000).flat_map(|n| format!("@read{n}\nACGT\n+\nIIII\n").into_bytes()).collect();
    let mut writer = WriterBuilder::new().format(format).threads(3).to_writer(Vec::new()).expect("written");
    writer.write_all(&text).expect("memory");
    (text, writer.finish().expect("memory"))
}

/// Reads to the end, with the work of a caller who is worth a thread.
fn all(stream: Stream) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    stream.into_reader().read_to_end(&mut text).map(|_| text)
}

/// Fails when a refused thread takes the input with it: an end before the end, that nothing tells from a good one.
#[test]
fn without_threads_the_caller_does_it_all() {
    for format in [Format::Plain, Format::Gzip, Format::Bgzf].into_iter().filter(|format| format.is_supported()) {
        let (text, bytes) = packed(format);
        let path = std::env::temp_dir().join(format!("fqbuf-refused-{}-{format}", std::process::id()));
        std::fs::write(&path, &bytes).expect("writes");
        for ahead in [ReadAhead::Always, ReadAhead::Compressed, ReadAhead::Never] {
            for threads in [1, 3] {
                let mut builder = Stream::builder();
                builder.read_ahead(ahead).threads(threads).block_size(0);
                let (reader, file) = refusal::during(|| {
                    (all(builder.from_reader(Cursor::new(bytes.clone()))), builder.open(&path).and_then(all))
                });
                for read in [reader, file] {
                    let read = read.expect("sound input");
                    assert!(read == text, "{format}, {ahead:?}, {threads}: {} bytes of {}", read.len(), text.len());
                }
            }
        }
        std::fs::remove_file(&path).expect("removes");
    }
}

/// Fails when what one thread would have done is not done by the caller.
#[test]
fn without_threads_the_same_is_written() {
    if Format::Bgzf.is_supported() {
        assert!(refusal::during(|| packed(Format::Bgzf)) == packed(Format::Bgzf));
    }
}
