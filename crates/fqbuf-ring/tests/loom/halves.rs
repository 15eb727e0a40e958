//! The two halves of a ring.

use std::io::{ErrorKind, Read, Write};

use fqbuf_ring::RingBuffer;
use loom::thread;

use crate::exhaustive;

#[test]
fn ring_wraps_around_against_read() {
    exhaustive("chunk-start-kept", || {
        // Two chunks of a byte: the third byte goes where the first was.
        let (mut writer, mut reader) = RingBuffer::new(1).split();
        let reading = thread::spawn(move || {
            let mut out = [0; 3];
            reader.read_exact(&mut out).expect("three bytes");
            assert_eq!(out, [1, 2, 3]);
        });
        writer.write_all(&[1, 2, 3]).expect("the reader lives");
        reading.join().expect("no panic");
        writer.finish();
    });
}

#[test]
fn ring_appends_against_read() {
    exhaustive("steal-in-two-steps", || {
        // Chunks of two bytes: the second byte joins the first unless the reader has that.
        let (mut writer, mut reader) = RingBuffer::new(3).split();
        let reading = thread::spawn(move || {
            let mut out = [0; 2];
            reader.read_exact(&mut out).expect("two bytes");
            assert_eq!(out, [1, 2]);
        });
        writer.write_all(&[1]).expect("the reader lives");
        writer.write_all(&[2]).expect("the reader lives");
        reading.join().expect("no panic");
        writer.finish();
    });
}

#[test]
fn ring_begins_a_chunk_against_read() {
    exhaustive("steal-past-published", || {
        // Chunks of two bytes: the third begins one while the reader may still be looking for the first.
        let (mut writer, mut reader) = RingBuffer::new(3).split();
        let reading = thread::spawn(move || {
            let mut out = [0; 1];
            reader.read_exact(&mut out).expect("a byte");
            assert_eq!(out, [1]);
            reader
        });
        writer.write_all(&[1, 2]).expect("the reader lives");
        writer.write_all(&[3]).expect("the reader lives");
        drop(reading.join().expect("no panic"));
        writer.finish();
    });
}

#[test]
fn ring_waits_for_an_answer_to_a_short_write() {
    exhaustive("hunger-untold", || {
        // The byte fills no chunk, and the writer writes no other before it was read.
        let (mut writer, mut reader) = RingBuffer::new(3).split();
        let reading = thread::spawn(move || {
            assert_eq!(reader.read(&mut [0; 2]).expect("no error"), 1);
            reader
        });
        writer.write_all(&[1]).expect("the reader lives");
        drop(reading.join().expect("no panic"));
        writer.finish();
    });
}

#[test]
fn ring_holds_its_capacity_after_a_wake_up() {
    exhaustive("hunger-kept", || {
        // Chunks of two bytes: the first write fills one, while the reader may just be saying that it found nothing.
        let (mut writer, mut reader) = RingBuffer::new(4).split();
        let reading = thread::spawn(move || {
            reader.read_exact(&mut [0; 2]).expect("two bytes");
            reader
        });
        writer.write_all(&[1, 2]).expect("the reader lives");
        let reader = reading.join().expect("no panic");
        // Nobody waits any more: a chunk that holds a byte is not the reader's yet.
        assert_eq!(writer.try_write(&[3]).expect("room"), 1);
        assert_eq!(writer.try_write(&[4, 5, 6]).expect("room"), 3);
        drop(reader);
        writer.finish();
    });
}

#[test]
fn ring_finish_behind_a_short_write() {
    exhaustive("rest-left-behind", || {
        let (mut writer, mut reader) = RingBuffer::new(3).split();
        let reading = thread::spawn(move || {
            assert_eq!(reader.read(&mut [0; 2]).expect("no error"), 1);
            assert_eq!(reader.read(&mut [0; 2]).expect("no error"), 0);
        });
        writer.write_all(&[1]).expect("the reader lives");
        writer.finish();
        reading.join().expect("no panic");
    });
}

#[test]
fn ring_reader_drop_against_short_writes() {
    exhaustive("gone-unseen", || {
        // Chunks of four bytes: none is ever published.
        let (mut writer, reader) = RingBuffer::new(7).split();
        let leaving = thread::spawn(move || drop(reader));
        let early = writer.write(&[1]);
        assert!(early.map_or_else(|error| error.kind() == ErrorKind::BrokenPipe, |n| n == 1));
        leaving.join().expect("no panic");
        assert_eq!(writer.write(&[2]).expect_err("nobody reads").kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn ring_partial_write_against_read() {
    exhaustive("partial-as-whole", || {
        let (mut writer, mut reader) = RingBuffer::new(1).split();
        let reading = thread::spawn(move || {
            let mut got = vec![0];
            reader.read_exact(&mut got).expect("a byte");
            (reader, got)
        });
        let n = writer.write(&[1, 2, 3]).expect("the reader lives");
        assert!(n >= 1);
        writer.finish();
        let (mut reader, mut got) = reading.join().expect("no panic");
        reader.read_to_end(&mut got).expect("finished");
        assert_eq!(got, [1, 2, 3][..n]);
    });
}

#[test]
fn ring_try_write_against_read() {
    exhaustive("try-waits", || {
        // A try that waits hangs here, since nobody reads before it is done.
        let (mut writer, mut reader) = RingBuffer::new(1).split();
        let writing = thread::spawn(move || {
            let mut sent = 0;
            for _ in 0..3 {
                match writer.try_write(&[7]) {
                    Ok(n) => sent += n,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
            }
            writer.finish();
            sent
        });
        let mut got = reader.try_read(&mut [0]).unwrap_or(0);
        let sent = writing.join().expect("no panic");
        got += reader.read_to_end(&mut Vec::new()).expect("finished");
        assert_eq!(got, sent);
    });
}

#[test]
fn ring_reader_drop_against_a_waiting_write() {
    exhaustive("broken-pipe-as-written", || {
        let (mut writer, reader) = RingBuffer::new(1).split();
        writer.write_all(&[1, 2]).expect("two chunks");
        let leaving = thread::spawn(move || drop(reader));
        assert_eq!(writer.write(&[3]).expect_err("nobody reads").kind(), ErrorKind::BrokenPipe);
        leaving.join().expect("no panic");
    });
}

#[test]
fn ring_reader_drop_in_the_middle_of_a_write() {
    exhaustive("partial-as-error", || {
        let (mut writer, mut reader) = RingBuffer::new(1).split();
        let reading = thread::spawn(move || reader.try_read(&mut [0]).unwrap_or(0));
        // An error says that nothing was written, so nothing may have been read.
        let written = writer.write(&[1, 2]).unwrap_or(0);
        assert!(reading.join().expect("no panic") <= written);
    });
}

#[test]
fn ring_read_against_a_late_write() {
    exhaustive("nothing-yet-as-end", || {
        let (mut writer, mut reader) = RingBuffer::new(1).split();
        let reading = thread::spawn(move || {
            assert_eq!(reader.read(&mut [0]).expect("no error"), 1, "nothing yet is no end");
            assert_eq!(reader.read(&mut [0]).expect("no error"), 0);
        });
        writer.write_all(&[1]).expect("the reader lives");
        writer.finish();
        reading.join().expect("no panic");
    });
}

#[test]
fn ring_error_against_read() {
    exhaustive("error-as-end", || {
        let (mut writer, mut reader) = RingBuffer::new(1).split();
        let reading = thread::spawn(move || {
            let mut got = Vec::new();
            let error = reader.read_to_end(&mut got).expect_err("failed");
            assert_eq!((&got[..], error.raw_os_error()), (&[1][..], Some(5)));
        });
        writer.write_all(&[1]).expect("the reader lives");
        assert!(writer.fail(std::io::Error::from_raw_os_error(5)).is_ok());
        reading.join().expect("no panic");
    });
}
