//! The halves of a double buffer.

use std::task::Poll;

use fqbuf_ring::{DoubleBuffer, DoubleBufferReader, HandoverError};
use shuttle::thread::{self, JoinHandle};

use crate::{below, scenario};

/// Items of a full batch.
const FULL: usize = 100;

/// Reads to the end; the items, and how it ended.
fn read_all(mut reader: DoubleBufferReader<usize>) -> JoinHandle<(Vec<usize>, Option<HandoverError>)> {
    thread::spawn(move || {
        let mut got = Vec::new();
        loop {
            match reader.next() {
                Ok(Some(batch)) => got.extend_from_slice(batch),
                Ok(None) => return (got, None),
                Err(error) => return (got, Some(error)),
            }
        }
    })
}

#[test]
fn batches_of_any_length_in_order() {
    let mutants = [
        "publish-without-notify",
        "next-without-notify",
        "sleep-unannounced",
        "recycle-uncleared",
        "last-in-first-out",
        "swap-without-wait",
        "swap-overwrites-unread",
        "finish-without-notify",
        "finish-drops-rest",
        "end-before-batches",
    ];
    scenario(&mutants, || {
        let (mut writer, reader) = DoubleBuffer::new(FULL).split();
        let reading = read_all(reader);
        let mut sent = 0;
        for _ in 0..40 {
            let length = below(FULL + 1);
            writer.get_write_buffer().extend(sent..sent + length);
            sent += length;
            writer.swap().expect("the reader lives");
            assert!(writer.get_write_buffer().is_empty() && writer.get_write_buffer().capacity() >= FULL);
        }
        let last = below(2);
        writer.get_write_buffer().extend(sent..sent + last);
        // Long enough, at times, for a reader to go to sleep.
        (0..below(30)).for_each(|_| thread::yield_now());
        writer.finish().expect("the reader lives");
        let (got, end) = reading.join().expect("no panic");
        assert!(end.is_none());
        assert!(got.into_iter().eq(0..sent + last), "every item once, in order");
    });
}

#[test]
fn a_writer_that_does_not_wait() {
    scenario(&["try-swap-waits", "recycle-uncleared", "last-in-first-out", "finish-drops-rest"], || {
        let (mut writer, mut reader) = DoubleBuffer::new(FULL).split();
        let writing = thread::spawn(move || {
            let mut sent = 0;
            for _ in 0..40 {
                let length = below(10);
                writer.get_write_buffer().extend(sent..sent + length);
                sent += length;
                if writer.try_swap().expect("the reader lives").is_ready() {
                    assert!(writer.get_write_buffer().is_empty(), "cleared");
                }
            }
            writer.finish().expect("the reader lives");
            sent
        });
        let mut got = Vec::new();
        for _ in 0..below(10) {
            if let Poll::Ready(Some(batch)) = reader.try_next().expect("no error") {
                got.extend_from_slice(batch);
            }
            if below(2) == 0 {
                reader.recycle();
            }
        }
        // Whatever the reader did, the writer comes to its end.
        let sent = writing.join().expect("no panic");
        while let Some(batch) = reader.next().expect("no error") {
            got.extend_from_slice(batch);
        }
        assert!(got.into_iter().eq(0..sent), "every item once, in order");
    });
}

#[test]
fn a_writer_that_fails_is_dropped_or_panics() {
    let mutants = [
        "fail-without-notify",
        "fail-drops-rest",
        "error-before-batches",
        "drop-without-notify",
        "drop-as-end",
        "reported-as-end",
    ];
    scenario(&mutants, || {
        let (mut writer, mut reader) = DoubleBuffer::new(FULL).split();
        let ending = thread::spawn(move || {
            let mut got = 0;
            let error = loop {
                match reader.next() {
                    Ok(batch) => got += batch.expect("no end without finish").len(),
                    Err(error) => break error,
                }
            };
            assert!(reader.next().is_err(), "what has failed stays so");
            (got, error)
        });
        let batches = below(30);
        for _ in 0..batches {
            writer.get_write_buffer().extend(0..FULL);
            writer.swap().expect("the reader lives");
        }
        let fails = below(2) == 0;
        writer.get_write_buffer().push(0);
        if fails {
            writer.fail("broken").expect("the reader lives");
        } else {
            drop(writer);
        }
        match ending.join().expect("no panic") {
            (got, HandoverError::Failed(error)) => {
                assert_eq!((got, error.to_string().as_str(), fails), (batches * FULL + 1, "broken", true));
            }
            (got, error) => {
                assert_eq!((got, fails), (batches * FULL, false));
                assert!(matches!(error, HandoverError::Lost { panicked: false, .. }));
            }
        }
    });
}

#[test]
fn a_reader_that_leaves_in_the_middle() {
    let mutants = ["leave-without-notify", "empty-for-nobody"];
    scenario(&mutants, || {
        let (mut writer, mut reader) = DoubleBuffer::new(FULL).split();
        let wanted = below(20);
        let reading = thread::spawn(move || {
            (0..wanted).map(|_| reader.next().expect("no error").expect("no end")[0]).collect::<Vec<_>>()
        });
        // One batch is read, both buffers are on their way: the third refusal at the latest.
        let mut refused = None;
        for n in 0..wanted + 3 {
            writer.get_write_buffer().push(n);
            if let Err(gone) = writer.swap() {
                refused = Some((n, gone.into_inner()));
                break;
            }
        }
        let (n, batch) = refused.expect("the reader left");
        assert!(n + 1 >= wanted, "it was there until it had as many");
        assert_eq!(batch, if n < wanted { vec![] } else { vec![n] }, "comes back if it was not read");
        assert!(reading.join().expect("no panic").into_iter().eq(0..wanted));
        assert!(writer.fail("late").is_err(), "and so does the error");
    });
}

#[test]
fn a_chain_of_two_where_any_stage_stops() {
    scenario(&["leave-without-notify", "drop-as-end", "next-without-notify"], || {
        let (mut first, mut middle) = DoubleBuffer::new(FULL).split();
        let (mut second, mut last) = DoubleBuffer::new(FULL).split();
        let total = below(30);
        let (relayed, wanted) = (below(36), below(36));
        let filling = thread::spawn(move || {
            for n in 0..total {
                first.get_write_buffer().push(n);
                if first.swap().is_err() {
                    return;
                }
            }
            // The reader may have left after the last batch.
            let _ = first.finish();
        });
        let relaying = thread::spawn(move || {
            for _ in 0..relayed {
                let Some(batch) = middle.next().expect("no error") else {
                    // The reader may have left.
                    let _ = second.finish();
                    return;
                };
                second.get_write_buffer().append(batch);
                if second.swap().is_err() {
                    return;
                }
            }
        });
        let mut got = Vec::new();
        let mut end = None;
        while got.len() < wanted && end.is_none() {
            match last.next() {
                Ok(Some(batch)) => got.append(batch),
                Ok(None) => end = Some(true),
                Err(_) => end = Some(false),
            }
        }
        drop(last);
        filling.join().expect("no panic");
        relaying.join().expect("no panic");
        assert!(got.iter().copied().eq(0..got.len()), "in order, without a gap");
        match end {
            None => assert_eq!(got.len(), wanted),
            Some(true) => assert_eq!((got.len(), total < relayed), (total, true)),
            Some(false) => assert_eq!((got.len(), relayed <= total), (relayed, true)),
        }
    });
}
