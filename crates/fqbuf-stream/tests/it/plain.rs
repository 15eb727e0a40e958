//! Plain input, and readers below that misbehave.

use std::io::{self, BufRead, Read};

use fqbuf_line::{Block, Source};
use fqbuf_stream::{Format, ReadAhead, Stream, StreamErrorKind};

use crate::support::{Answer, Script, WAYS, drain, fastq, read_every_way, read_from};

#[test]
fn plain_input_comes_out_as_it_went_in() {
    for text in [Vec::new(), b"@".to_vec(), b"@r\nA\n+\nI".to_vec(), fastq(5000)] {
        let out = read_every_way(&text);
        assert!(out.error.is_none());
        assert!(out.bytes == text);
    }
}

/// Rounded up without care, it is an empty block, or a panic.
#[test]
fn a_block_size_beyond_all_memory_is_refused() {
    for ahead in [ReadAhead::Never, ReadAhead::Always] {
        let mut builder = Stream::builder();
        let stream = builder.read_ahead(ahead).block_size(usize::MAX).from_reader(&b"@r\nA\n+\nI\n"[..]);
        let error = stream.into_reader().read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory, "{ahead:?}");
    }
}

/// Fails when a short first read decides the format.
#[test]
fn fault_32_short_reads() {
    let text = fastq(50);
    assert!(read_every_way(&text).bytes == text);
}

/// Fails without the retry.
#[test]
fn fault_29_interrupted() {
    for way in WAYS {
        let script = Script::new([
            Answer::Error(io::ErrorKind::Interrupted),
            Answer::Bytes(b"@r\nA".to_vec()),
            Answer::Error(io::ErrorKind::Interrupted),
            Answer::Error(io::ErrorKind::Interrupted),
            Answer::Bytes(b"\n+\nI\n".to_vec()),
        ]);
        let out = read_from(script, way);
        assert!(out.error.is_none());
        assert_eq!(out.bytes, b"@r\nA\n+\nI\n");
    }
}

/// Fails when an error ends the stream whatever its kind.
#[test]
fn fault_30_would_block() {
    for way in WAYS {
        let script = Script::new([
            Answer::Error(io::ErrorKind::WouldBlock),
            Answer::Bytes(b"@r\nA".to_vec()),
            Answer::Error(io::ErrorKind::WouldBlock),
            Answer::Bytes(b"\n+\nI\n".to_vec()),
        ]);
        let mut stream = way.builder().from_reader(script);
        let (mut block, mut waits) = (Block::new(), 0);
        loop {
            block.make_room(100).expect("memory");
            match stream.fill(&mut block) {
                Ok(0) => break,
                Ok(_) => {}
                Err(e) => {
                    assert_eq!(e.kind(), io::ErrorKind::WouldBlock);
                    waits += 1;
                }
            }
        }
        assert_eq!((block.data(), waits), (&b"@r\nA\n+\nI\n"[..], 2), "{way:?}");
    }
}

/// Fails when the reader is asked again after its end.
#[test]
fn fault_31_the_end_stays_the_end() {
    for way in WAYS {
        let script =
            Script::new([Answer::Bytes(b"@r\n".to_vec()), Answer::Bytes(Vec::new()), Answer::Bytes(b"more".to_vec())]);
        let mut reader = way.builder().from_reader(script).into_reader();
        let mut text = Vec::new();
        for _ in 0..3 {
            reader.read_to_end(&mut text).expect("no error");
            assert_eq!(reader.read(&mut []).expect("no error"), 0);
        }
        assert_eq!(text, b"@r\n");
    }
}

/// Fails when the claim is believed.
#[test]
fn fault_33_a_reader_that_claims_too_much() {
    for way in WAYS {
        for before in [&b""[..], b"@r\n"] {
            let out = read_from(
                Script::new(
                    [Answer::Bytes(before.to_vec()), Answer::Claim(1)].into_iter().skip(usize::from(before.is_empty())),
                ),
                way,
            );
            assert_eq!(out.kind(), Some(StreamErrorKind::Overclaim));
            assert_eq!(out.bytes, before);
            assert_eq!(out.offset(), Some(before.len() as u64));
        }
    }
}

/// Fails when a thread's panic is taken for the end of input, or takes the caller down.
#[test]
fn fault_35_a_reader_that_panics() {
    for way in WAYS {
        let script = Script::new([Answer::Bytes(b"@r\n".to_vec()), Answer::Panic]);
        let mut stream = way.builder().name("tape").from_reader(script);
        let out = drain(&mut stream);
        assert_eq!((out.kind(), &out.bytes[..]), (Some(StreamErrorKind::Panicked), &b"@r\n"[..]));
        assert_eq!(
            out.error.map(|e| e.to_string()).as_deref(),
            Some("tape: the reader panicked: the tape tore (byte 3)")
        );
        // And again, not an end.
        assert_eq!(drain(&mut stream).kind(), Some(StreamErrorKind::Panicked));
    }
}

#[test]
fn a_failing_reader_is_an_error_after_the_data_before_it() {
    for way in WAYS {
        let script = Script::new([Answer::Bytes(b"@r\n".to_vec()), Answer::Error(io::ErrorKind::ConnectionReset)]);
        let mut stream = way.builder().from_reader(script);
        for bytes in [&b"@r\n"[..], b""] {
            let out = drain(&mut stream);
            assert_eq!((out.kind(), &out.bytes[..]), (Some(StreamErrorKind::Read), bytes));
            assert_eq!(out.error.map(|e| e.kind()), Some(io::ErrorKind::ConnectionReset));
        }
    }
}

#[test]
fn a_file_that_is_not_there_and_one_that_is_a_directory() {
    let err = fqbuf_stream::open("no/such/reads.fq").unwrap_err();
    assert_eq!(err.kind(), io::ErrorKind::NotFound);
    assert!(err.to_string().starts_with("no/such/reads.fq: "), "{err}");
    let err = fqbuf_stream::open("").unwrap_err();
    assert!(err.to_string().starts_with("\"\": "), "a variable of a shell that was not set: {err}");
    let err = fqbuf_stream::open(env!("CARGO_MANIFEST_DIR")).unwrap_err();
    assert_eq!(err.kind(), io::ErrorKind::IsADirectory);
    assert_eq!(err.to_string(), format!("{}: is a directory", env!("CARGO_MANIFEST_DIR")));
}

#[test]
fn progress_outlives_the_stream() {
    let text = fastq(300);
    let len = text.len() as u64;
    let mut stream = fqbuf_stream::from_reader(io::Cursor::new(text));
    let progress = stream.progress();
    assert_eq!((stream.format(), progress.compressed(), progress.compressed_total()), (None, 0, None));
    assert_eq!(stream.detect().expect("plain"), Format::Plain);
    drain(stream);
    assert_eq!((progress.compressed(), progress.uncompressed(), progress.end_block_missing()), (len, len, false));
}

/// Fails when the copying way says 0 for want of room, or a block without any ends the stream.
#[test]
fn a_block_without_room_is_an_error_or_exchanged() {
    let text = fastq(3000);
    for way in WAYS {
        for pages in [0, 3] {
            // Bytes that were read to tell the format; then none.
            for before in [0, 200_000] {
                let mut stream = way.builder().block_size(0).from_reader(io::Cursor::new(text.clone()));
                let mut got = Vec::new();
                while got.len() < before {
                    let mut block = Block::with_capacity(9 * fqbuf_line::PAGE).expect("memory");
                    assert!(stream.fill(&mut block).expect("plain") > 0, "{way:?}");
                    got.extend_from_slice(block.data());
                }
                let mut block = Block::with_capacity(pages * fqbuf_line::PAGE).expect("memory");
                block.commit(block.room());
                let full = block.len();
                match stream.fill(&mut block) {
                    Ok(n) => assert!(n > 0 && block.len() == full + n, "{way:?}: {n} of {}", block.len()),
                    Err(e) => assert_eq!((e.kind(), block.len()), (io::ErrorKind::InvalidInput, full)),
                }
                got.extend_from_slice(&block.data()[full..]);
                let rest = drain(stream);
                got.extend_from_slice(&rest.bytes);
                assert!(rest.error.is_none() && got == text, "{way:?}: {} bytes of {}", got.len(), text.len());
            }
        }
    }
}

#[test]
fn a_stream_dropped_early_stops_its_thread() {
    struct Endless;
    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            into.fill(b'A');
            Ok(into.len())
        }
    }
    for way in WAYS {
        drop(way.builder().from_reader(Endless));
        let mut reader = way.builder().from_reader(Endless).into_reader();
        assert_eq!(reader.fill_buf().expect("bytes")[0], b'A');
        drop(reader);
    }
}

#[test]
fn long_rests_are_carried_over_by_copying() {
    let text = fastq(20_000);
    for way in WAYS {
        let mut stream = way.builder().block_size(0).from_reader(io::Cursor::new(text.clone()));
        let mut block = Block::new();
        loop {
            block.make_room(5000).expect("memory");
            if stream.fill(&mut block).expect("plain") == 0 {
                break;
            }
        }
        assert!(block.data() == text);
    }
}

/// Fails to compile when a part of it cannot go to another thread.
#[test]
fn streams_and_writers_are_send() {
    fn send<T: Send + 'static>() {}
    fn sync<T: Send + Sync + Clone + 'static>() {}
    send::<fqbuf_stream::Stream>();
    send::<fqbuf_stream::StreamReader>();
    send::<fqbuf_stream::StreamWriter<Vec<u8>>>();
    send::<fqbuf_stream::FileWriter>();
    sync::<fqbuf_stream::Progress>();
    sync::<fqbuf_stream::StreamError>();
    sync::<fqbuf_stream::StreamBuilder>();
}

/// A file that grows behind its end: what was the end when it was reached stays the end.
#[test]
fn fault_77_a_growing_file() {
    use std::io::Write;
    let path = std::env::temp_dir().join(format!("fqbuf-grows-{}", std::process::id()));
    let mut file = std::fs::File::create(&path).expect("creates");
    file.write_all(b"@r1\n").expect("writes");
    for way in WAYS {
        let mut reader = way.builder().open(&path).expect("opens").into_reader();
        let mut text = Vec::new();
        reader.read_to_end(&mut text).expect("reads");
        let before = text.len();
        file.write_all(b"more\n").expect("writes");
        assert_eq!(reader.read_to_end(&mut text).expect("reads"), 0);
        assert_eq!(text.len(), before);
    }
    std::fs::remove_file(&path).expect("removes");
}

/// Fails when what is read at offsets is put together in the order in which it was read, or the first bytes are lost.
#[test]
fn files_of_any_length_come_out_as_they_are() {
    let path = std::env::temp_dir().join(format!("fqbuf-lengths-{}", std::process::id()));
    let text = fastq(5000);
    for len in [0, 1, 131_071, 131_072, 131_073, 131_072 + 65_536, text.len()] {
        std::fs::write(&path, &text[..len]).expect("writes");
        for way in WAYS {
            let stream = way.builder().block_size(0).open(&path).expect("opens");
            let progress = stream.progress();
            let out = drain(stream);
            assert!(out.error.is_none() && out.bytes == text[..len], "{way:?}");
            assert_eq!((progress.compressed(), progress.uncompressed()), (len as u64, len as u64));
        }
    }
    std::fs::remove_file(&path).expect("removes");
}

/// Fails when bytes that were read before the file was cut come after a gap.
#[test]
fn a_file_that_is_cut_meanwhile_ends_early_without_a_gap() {
    let path = std::env::temp_dir().join(format!("fqbuf-shrinks-{}", std::process::id()));
    let text = fastq(10_000);
    for way in WAYS {
        std::fs::write(&path, &text).expect("writes");
        let mut reader = way.builder().block_size(0).open(&path).expect("opens").into_reader();
        let mut got = vec![0; 200_000];
        reader.read_exact(&mut got).expect("reads");
        std::fs::File::options().write(true).open(&path).and_then(|file| file.set_len(500_000)).expect("cuts");
        reader.read_to_end(&mut got).expect("reads");
        assert!(got.len() >= 500_000 && text.starts_with(&got), "{} bytes {way:?}", got.len());
    }
    std::fs::remove_file(&path).expect("removes");
}
