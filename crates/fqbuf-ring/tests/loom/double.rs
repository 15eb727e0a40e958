//! The two halves of a double buffer.

use std::task::Poll;

use fqbuf_ring::{DoubleBuffer, ReaderGone};
use loom::thread;

use crate::exhaustive;

#[test]
fn swap_handshake() {
    exhaustive("swap-without-wait", || {
        let (mut writer, mut reader) = DoubleBuffer::new(1).split();
        let reading = thread::spawn(move || {
            for n in 0..2 {
                assert_eq!(reader.next().expect("no error").expect("no end"), &[n]);
            }
            reader
        });
        for n in 0..2 {
            writer.get_write_buffer().push(n);
            assert!(writer.swap().is_ok());
            assert!(writer.get_write_buffer().is_empty(), "cleared");
            assert!(writer.get_write_buffer().capacity() >= 1, "one of the two, with its memory");
        }
        drop(reading.join().expect("no panic"));
        assert!(writer.finish().is_ok());
    });
}

#[test]
fn try_swap_against_recycle() {
    exhaustive("try-swap-waits", || {
        // A try that waits hangs here, since a reader that finds nothing reads on only when it is done.
        let (mut writer, mut reader) = DoubleBuffer::new(1).split();
        let writing = thread::spawn(move || {
            for n in 0..3 {
                writer.get_write_buffer().push(n);
                let swapped = writer.try_swap().expect("the reader lives").is_ready();
                assert_eq!(writer.get_write_buffer().is_empty(), swapped);
                assert!(writer.get_write_buffer().capacity() >= 1, "one of the two, with its memory");
            }
            assert!(writer.finish().is_ok());
        });
        let mut got = Vec::new();
        if let Poll::Ready(Some(batch)) = reader.try_next().expect("no error") {
            got.append(batch);
        }
        reader.recycle();
        writing.join().expect("no panic");
        while let Some(batch) = reader.next().expect("no error") {
            got.append(batch);
        }
        assert_eq!(got, [0, 1, 2], "every item once, in order");
    });
}

#[test]
fn reader_drop_during_swap() {
    exhaustive("swap-keeps-refused", || {
        let (mut writer, reader) = DoubleBuffer::new(1).split();
        writer.get_write_buffer().push(1);
        assert!(writer.swap().is_ok(), "the other buffer is free");
        let leaving = thread::spawn(move || drop(reader));
        writer.get_write_buffer().push(2);
        // Both buffers are filled and unread: only the reader's end ends this, and the batch comes back.
        assert_eq!(writer.swap(), Err(ReaderGone(vec![2])));
        leaving.join().expect("no panic");
    });
}

#[test]
fn finish_with_a_rest_against_next() {
    exhaustive("finish-drops-rest", || {
        let (mut writer, mut reader) = DoubleBuffer::new(1).split();
        let reading = thread::spawn(move || {
            assert_eq!(reader.next().expect("no error").expect("a rest"), &[1]);
            assert!(reader.next().expect("no error").is_none());
        });
        writer.get_write_buffer().push(1);
        assert!(writer.finish().is_ok());
        reading.join().expect("no panic");
    });
}

#[test]
fn fail_with_a_rest_against_next() {
    exhaustive("fail-drops-rest", || {
        let (mut writer, mut reader) = DoubleBuffer::new(1).split();
        let reading = thread::spawn(move || {
            assert_eq!(reader.next().expect("no error yet").expect("a rest"), &[1]);
            assert!(reader.next().is_err());
        });
        writer.get_write_buffer().push(1);
        assert!(writer.fail("broken").is_ok());
        reading.join().expect("no panic");
    });
}

#[test]
fn three_swaps_against_a_slow_reader() {
    exhaustive("swap-overwrites-unread", || {
        let (mut writer, mut reader) = DoubleBuffer::new(1).split();
        let reading = thread::spawn(move || {
            let mut got = Vec::new();
            while let Some(batch) = reader.next().expect("no error") {
                got.append(batch);
                thread::yield_now();
            }
            got
        });
        for n in 0..3 {
            writer.get_write_buffer().push(n);
            assert!(writer.swap().is_ok());
        }
        assert!(writer.finish().is_ok());
        assert_eq!(reading.join().expect("no panic"), [0, 1, 2]);
    });
}
