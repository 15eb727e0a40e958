//! Buffers going round: publish against next, recycle against waiting, two readers.

use std::task::Poll;

use loom::thread;

use crate::{batches, bounded, exhaustive, next, publish, publish_lazily};

#[test]
fn publish_against_a_reader_falling_asleep() {
    exhaustive("publish-without-notify", || {
        let (mut writer, mut reader) = batches(1);
        let reading = thread::spawn(move || next(&mut reader));
        assert!(publish(&mut writer, 7));
        assert_eq!(reading.join().expect("no panic"), Some(7));
        writer.finish();
    });
}

#[test]
fn lazy_publish_without_a_spare_against_a_reader_falling_asleep() {
    exhaustive("lazy-without-spare", || {
        let (mut writer, mut reader) = batches(1);
        let reading = thread::spawn(move || [next(&mut reader), next(&mut reader)]);
        for n in 0..2 {
            // More than there are buffers would be enough.
            assert!(publish_lazily(&mut writer, n, 2));
        }
        assert_eq!(reading.join().expect("no panic"), [Some(0), Some(1)]);
        writer.finish();
    });
}

#[test]
fn lazy_publishes_against_a_reader_falling_asleep() {
    exhaustive("lazy-for-ever", || {
        let (mut writer, mut reader) = batches(3);
        let reading = thread::spawn(move || (next(&mut reader), reader));
        for n in 0..2 {
            assert!(publish_lazily(&mut writer, n, 2));
        }
        assert_eq!(reading.join().expect("no panic").0, Some(0));
        writer.finish();
    });
}

#[test]
fn lazy_publishes_against_two_readers_falling_asleep() {
    exhaustive("lazy-wakes-one", || {
        let (mut writer, reader) = batches(2);
        let reading = [reader.clone(), reader].map(|mut reader| thread::spawn(move || (next(&mut reader), reader)));
        for n in 0..2 {
            assert!(publish_lazily(&mut writer, n, 2));
        }
        let ended = reading.map(|thread| thread.join().expect("no panic"));
        assert_eq!(ended.iter().filter_map(|(got, _)| *got).sum::<u64>(), 1, "each once");
        writer.finish();
    });
}

#[test]
fn the_end_after_a_lazy_publish_against_a_reader_falling_asleep() {
    exhaustive("finish-trusts-publish", || {
        let (mut writer, mut reader) = batches(2);
        let reading = thread::spawn(move || [next(&mut reader), next(&mut reader)]);
        assert!(publish_lazily(&mut writer, 0, 2));
        writer.finish();
        assert_eq!(reading.join().expect("no panic"), [Some(0), None]);
    });
}

#[test]
fn next_gives_back_against_a_writer_falling_asleep() {
    exhaustive("next-without-notify", || {
        let (mut writer, mut reader) = batches(1);
        let reading = thread::spawn(move || {
            assert_eq!(next(&mut reader), Some(0));
            assert_eq!(next(&mut reader), Some(1));
        });
        assert!(publish(&mut writer, 0));
        assert!(publish(&mut writer, 1));
        reading.join().expect("no panic");
        writer.finish();
    });
}

#[test]
fn early_recycle_against_a_writer_falling_asleep() {
    exhaustive("recycle-without-notify", || {
        let (mut writer, mut reader) = batches(1);
        let reading = thread::spawn(move || {
            assert_eq!(next(&mut reader), Some(0));
            reader.recycle();
            reader
        });
        assert!(publish(&mut writer, 0));
        assert!(publish(&mut writer, 1));
        drop(reading.join().expect("no panic"));
        writer.finish();
    });
}

#[test]
fn a_sleeping_writer_announces_itself() {
    exhaustive("sleep-unannounced", || {
        let (mut writer, mut reader) = batches(1);
        let reading = thread::spawn(move || {
            assert_eq!(next(&mut reader), Some(0));
            assert_eq!(next(&mut reader), Some(1));
            assert_eq!(next(&mut reader), None);
        });
        for n in 0..2 {
            assert!(publish(&mut writer, n));
        }
        writer.finish();
        reading.join().expect("no panic");
    });
}

#[test]
fn two_buffers_in_order_against_a_reader() {
    exhaustive("last-in-first-out", || {
        let (mut writer, mut reader) = batches(2);
        let reading = thread::spawn(move || {
            for n in 0..3 {
                assert_eq!(next(&mut reader), Some(n));
            }
        });
        for n in 0..3 {
            assert!(publish(&mut writer, n));
        }
        reading.join().expect("no panic");
        writer.finish();
    });
}

#[test]
fn clear_against_refill() {
    exhaustive("recycle-uncleared", || {
        let (mut writer, mut reader) = batches(1);
        let reading = thread::spawn(move || {
            assert_eq!(next(&mut reader), Some(0));
            assert_eq!(next(&mut reader), Some(1));
        });
        // `publish` asserts that the buffer is empty.
        let both = publish(&mut writer, 0) && publish(&mut writer, 1);
        assert!(both);
        reading.join().expect("no panic");
        writer.finish();
    });
}

#[test]
fn spare_taken_at_publish_against_recycle() {
    exhaustive("spare-forgotten", || {
        let (mut writer, mut reader) = batches(2);
        assert!(publish(&mut writer, 0));
        let reading = thread::spawn(move || {
            for n in 0..3 {
                assert_eq!(next(&mut reader), Some(n));
            }
            // Nothing more is given back: the writer must have kept what it got.
            reader
        });
        assert!(publish(&mut writer, 1));
        assert!(publish(&mut writer, 2));
        let reader = reading.join().expect("no panic");
        assert!(writer.try_buffer().expect("the reader lives").is_some());
        drop(reader);
        writer.finish();
    });
}

#[test]
fn try_next_against_publish_and_finish() {
    exhaustive("pending-as-end", || {
        let (mut writer, mut reader) = batches(1);
        let writing = thread::spawn(move || {
            assert!(publish(&mut writer, 5));
            writer.finish();
        });
        match reader.try_next().expect("no error") {
            Poll::Pending => assert_eq!(next(&mut reader), Some(5)),
            Poll::Ready(batch) => assert_eq!(*batch.expect("no end before the batch")[0], 5),
        }
        assert_eq!(next(&mut reader), None);
        writing.join().expect("no panic");
    });
}

#[test]
fn take_back_against_next() {
    exhaustive("take-back-in-two-steps", || {
        let (mut writer, mut reader) = batches(2);
        let reading = thread::spawn(move || next(&mut reader));
        assert!(publish(&mut writer, 3));
        // Exactly one of both has it.
        let back = writer.take_back();
        let again = back.is_some();
        if let Some(mut batch) = back {
            assert_eq!(*batch[0], 3);
            let Ok(mut slot) = writer.buffer() else { panic!("the reader waits") };
            std::mem::swap(&mut *slot, &mut batch);
            assert!(slot.publish().is_ok());
        }
        assert_eq!(reading.join().expect("no panic"), Some(3), "taken back: {again}");
        writer.finish();
    });
}

#[test]
fn two_readers_on_the_last_batch() {
    exhaustive("take-in-two-steps", || {
        let (mut writer, mut reader) = batches(1);
        let mut other = reader.clone();
        assert!(publish(&mut writer, 0));
        writer.finish();
        let reading = thread::spawn(move || next(&mut other));
        let mine = next(&mut reader);
        let theirs = reading.join().expect("no panic");
        assert_eq!(mine.is_some() as u8 + theirs.is_some() as u8, 1, "{mine:?} {theirs:?}");
    });
}

#[test]
fn sequence_numbers_against_two_readers() {
    exhaustive("number-after-taking", || {
        let (mut writer, reader) = batches(2);
        for n in 0..2 {
            assert!(publish(&mut writer, n));
        }
        writer.finish();
        let mut other = reader.clone();
        let reading = thread::spawn(move || read_numbered(&mut other));
        let mut reader = reader;
        read_numbered(&mut reader);
        reading.join().expect("no panic");
    });
}

/// Takes a batch if there is one and compares its number with its content.
fn read_numbered(reader: &mut fqbuf_ring::handover::Reader<crate::Batch>) {
    if let Some(batch) = reader.next().expect("no error") {
        assert_eq!(batch.sequence(), *batch[0]);
    }
}

#[test]
fn two_readers_share_what_one_writer_publishes() {
    bounded(2, "share-without-notify", || {
        let (mut writer, mut reader) = batches(1);
        let mut other = reader.clone();
        let reading = thread::spawn(move || {
            let mut sum = 0;
            while let Some(n) = next(&mut other) {
                sum += n;
            }
            sum
        });
        let writing = thread::spawn(move || {
            assert!(publish(&mut writer, 1));
            assert!(publish(&mut writer, 2));
            writer.finish();
        });
        let mut sum = 0;
        while let Some(n) = next(&mut reader) {
            sum += n;
        }
        assert_eq!(sum + reading.join().expect("no panic"), 3);
        writing.join().expect("no panic");
    });
}

#[test]
fn clone_against_publish() {
    exhaustive("clone-uncounted", || {
        let (mut writer, reader) = batches(1);
        let cloning = thread::spawn(move || {
            let mut other = reader.clone();
            drop(reader);
            next(&mut other)
        });
        assert!(publish(&mut writer, 4), "a reader is there all the time");
        assert_eq!(cloning.join().expect("no panic"), Some(4));
        writer.finish();
    });
}

#[test]
fn clone_against_clone() {
    exhaustive("clone-in-two-steps", || {
        let (mut writer, reader) = batches(1);
        let second = reader.clone();
        let cloning = thread::spawn(move || second.clone());
        let third = reader.clone();
        let fourth = cloning.join().expect("no panic");
        drop((reader, third));
        // One is left; lost in counting, the writer would find nobody.
        assert!(publish(&mut writer, 1));
        drop(fourth);
        writer.finish();
    });
}
