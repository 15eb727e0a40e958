//! How it ends: finish, error, panic and drop of either half, against the other half.

use std::sync::atomic::Ordering;

use fqbuf_ring::HandoverError;
use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;
use loom::thread;

use crate::{batches, exhaustive, next, publish};

#[test]
fn finish_against_a_reader_falling_asleep() {
    exhaustive("finish-without-notify", || {
        let (writer, mut reader) = batches(1);
        let reading = thread::spawn(move || next(&mut reader));
        writer.finish();
        assert_eq!(reading.join().expect("no panic"), None);
    });
}

#[test]
fn fail_against_a_reader_falling_asleep() {
    exhaustive("fail-without-notify", || {
        let (writer, mut reader) = batches(1);
        let reading = thread::spawn(move || reader.next().expect_err("failed").to_string());
        // The reader may only go after it has the error.
        assert!(writer.fail("broken").is_ok());
        assert_eq!(reading.join().expect("no panic"), "broken");
    });
}

#[test]
fn writer_drop_against_a_reader_falling_asleep() {
    exhaustive("drop-without-notify", || {
        let (writer, mut reader) = batches(1);
        let reading = thread::spawn(move || reader.next().map(drop).expect_err("cut short"));
        drop(writer);
        let error = reading.join().expect("no panic");
        assert!(matches!(error, HandoverError::Lost { panicked: false, .. }));
    });
}

#[test]
fn writer_panic_against_next() {
    exhaustive("panic-as-end", || {
        let (mut writer, mut reader) = batches(1);
        let reading = thread::spawn(move || {
            assert_eq!(next(&mut reader), Some(0));
            let error = reader.next().map(drop).expect_err("a panic is no end");
            assert!(matches!(error, HandoverError::Lost { panicked: true, .. }));
        });
        assert!(publish(&mut writer, 0));
        writer.unwind();
        reading.join().expect("no panic");
    });
}

#[test]
fn writer_drop_against_next() {
    exhaustive("drop-as-end", || {
        let (mut writer, mut reader) = batches(2);
        let reading = thread::spawn(move || {
            assert_eq!(next(&mut reader), Some(0));
            assert!(reader.next().is_err(), "what was not finished has no end");
        });
        assert!(publish(&mut writer, 0));
        drop(writer);
        reading.join().expect("no panic");
    });
}

#[test]
fn end_against_the_batch_before_it() {
    exhaustive("end-before-batches", || {
        let (mut writer, mut reader) = batches(2);
        let reading = thread::spawn(move || {
            assert_eq!(next(&mut reader), Some(0));
            assert_eq!(next(&mut reader), Some(1));
            assert_eq!(next(&mut reader), None);
        });
        assert!(publish(&mut writer, 0));
        assert!(publish(&mut writer, 1));
        writer.finish();
        reading.join().expect("no panic");
    });
}

#[test]
fn error_against_the_batch_before_it() {
    exhaustive("error-before-batches", || {
        let (mut writer, mut reader) = batches(2);
        let reading = thread::spawn(move || {
            assert_eq!(next(&mut reader), Some(0));
            assert_eq!(next(&mut reader), Some(1));
            assert!(reader.next().is_err());
        });
        assert!(publish(&mut writer, 0));
        assert!(publish(&mut writer, 1));
        assert!(writer.fail("broken").is_ok());
        reading.join().expect("no panic");
    });
}

#[test]
fn two_readers_at_the_end() {
    exhaustive("end-wakes-one", || {
        let (writer, mut reader) = batches(1);
        let mut other = reader.clone();
        let reading = thread::spawn(move || next(&mut other));
        let finishing = thread::spawn(move || writer.finish());
        assert_eq!(next(&mut reader), None);
        assert_eq!(reading.join().expect("no panic"), None);
        finishing.join().expect("no panic");
    });
}

#[test]
fn two_readers_at_the_error() {
    exhaustive("reported-as-end", || {
        let (writer, mut reader) = batches(1);
        let mut other = reader.clone();
        assert!(writer.fail("broken").is_ok());
        let reading = thread::spawn(move || other.next().map(drop).expect_err("no end"));
        let mine = reader.next().map(drop).expect_err("no end");
        let theirs = reading.join().expect("no panic");
        let given = [&mine, &theirs].iter().filter(|error| matches!(error, HandoverError::Failed(_))).count();
        assert_eq!(given, 1, "{mine} {theirs}");
    });
}

#[test]
fn reader_drop_against_a_writer_falling_asleep() {
    exhaustive("leave-without-notify", || {
        let (mut writer, reader) = batches(1);
        assert!(publish(&mut writer, 0));
        let leaving = thread::spawn(move || drop(reader));
        assert!(writer.buffer().is_err(), "the only buffer never comes back");
        leaving.join().expect("no panic");
        assert_eq!(*writer.take_back().expect("unread")[0], 0);
    });
}

#[test]
fn reader_drop_against_publish() {
    exhaustive("publish-to-nobody", || {
        let (mut writer, reader) = batches(2);
        let gone = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&gone);
        let leaving = thread::spawn(move || {
            drop(reader);
            tell.store(true, Ordering::Release);
        });
        let Ok(mut slot) = writer.buffer() else { return leaving.join().expect("no panic") };
        slot.push(Arc::new(9));
        let known = gone.load(Ordering::Acquire);
        match slot.publish() {
            Ok(()) => {
                assert!(!known, "nobody was there any more");
                assert_eq!(*writer.take_back().expect("unread")[0], 9);
            }
            Err(gone) => assert_eq!(*gone.into_inner()[0], 9),
        }
        leaving.join().expect("no panic");
    });
}

#[test]
fn reader_drop_against_try_buffer() {
    exhaustive("empty-for-nobody", || {
        let (mut writer, reader) = batches(1);
        let gone = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&gone);
        let leaving = thread::spawn(move || {
            drop(reader);
            tell.store(true, Ordering::Release);
        });
        let known = gone.load(Ordering::Acquire);
        assert!(writer.try_buffer().is_err() || !known, "nobody was there any more");
        leaving.join().expect("no panic");
    });
}

#[test]
fn one_of_two_readers_leaves_against_publish() {
    exhaustive("first-leaver-closes", || {
        let (mut writer, mut reader) = batches(1);
        let other = reader.clone();
        let leaving = thread::spawn(move || drop(other));
        assert!(publish(&mut writer, 1), "one is left");
        assert_eq!(next(&mut reader), Some(1));
        leaving.join().expect("no panic");
        writer.finish();
    });
}

#[test]
fn two_readers_leave_against_a_waiting_writer() {
    exhaustive("leave-in-two-steps", || {
        let (mut writer, reader) = batches(1);
        let other = reader.clone();
        assert!(publish(&mut writer, 1));
        let first = thread::spawn(move || drop(other));
        let second = thread::spawn(move || drop(reader));
        assert!(writer.buffer().is_err());
        first.join().expect("no panic");
        second.join().expect("no panic");
    });
}

#[test]
fn a_leaving_reader_gives_its_buffer_to_a_waiting_writer() {
    exhaustive("leave-with-buffer", || {
        let (mut writer, reader) = batches(1);
        let mut other = reader.clone();
        assert!(publish(&mut writer, 1));
        let leaving = thread::spawn(move || {
            assert_eq!(next(&mut other), Some(1));
        });
        assert!(publish(&mut writer, 2));
        leaving.join().expect("no panic");
        drop(reader);
        writer.finish();
    });
}
