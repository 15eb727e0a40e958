//! The hand-over itself, with several buffers and readers.

use fqbuf_ring::handover::{HandoverError, Reader, Writer, channel};
use shuttle::thread;

use crate::{below, scenario};

/// A hand-over of so many buffers.
fn buffers(count: usize) -> (Writer<Vec<u64>>, Reader<Vec<u64>>) {
    channel((0..count).map(|_| Vec::with_capacity(16)), Vec::clear)
}

/// Publishes `numbers`, one a buffer, until no reader is left; true when one is.
fn publish(writer: &mut Writer<Vec<u64>>, numbers: std::ops::Range<u64>) -> bool {
    for n in numbers {
        let Ok(mut slot) = writer.buffer() else { return false };
        assert!(slot.is_empty() && slot.capacity() >= 16, "the buffers that were given, cleared");
        slot.push(n);
        if slot.publish().is_err() {
            return false;
        }
    }
    true
}

/// Reads to the end; numbers of batches and whether there was an error.
fn read_all(reader: &mut Reader<Vec<u64>>) -> (Vec<u64>, Option<HandoverError>) {
    let mut got = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(batch)) => {
                assert_eq!(batch.sequence(), batch[0], "numbered as they were published");
                got.push(batch[0]);
            }
            Ok(None) => return (got, None),
            Err(error) => return (got, Some(error)),
        }
    }
}

#[test]
fn one_writer_and_four_readers() {
    let mutants = [
        "publish-without-notify",
        "share-without-notify",
        "take-in-two-steps",
        "number-after-taking",
        "end-wakes-one",
        "clone-uncounted",
        "clone-in-two-steps",
    ];
    scenario(&mutants, || {
        let (mut writer, reader) = buffers(5);
        let reading: Vec<_> = (0..4)
            .map(|_| {
                let reader = reader.clone();
                thread::spawn(move || {
                    let mut twin = reader.clone();
                    drop(reader);
                    read_all(&mut twin)
                })
            })
            .collect();
        drop(reader);
        assert!(publish(&mut writer, 0..60), "readers are there");
        writer.finish();
        let mut all = Vec::new();
        for thread in reading {
            let (got, error) = thread.join().expect("no panic");
            assert!(error.is_none() && got.is_sorted());
            all.extend(got);
        }
        all.sort_unstable();
        assert!(all.into_iter().eq(0..60), "each once");
    });
}

#[test]
fn an_error_for_one_of_three_readers() {
    scenario(&["fail-without-notify", "error-before-batches", "reported-as-end"], || {
        let (mut writer, reader) = buffers(3);
        let reading: Vec<_> = (0..3)
            .map(|_| {
                let mut reader = reader.clone();
                thread::spawn(move || read_all(&mut reader))
            })
            .collect();
        drop(reader);
        assert!(publish(&mut writer, 0..30));
        writer.fail("broken").expect("readers are there");
        let ended: Vec<_> = reading.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        assert_eq!(ended.iter().map(|(got, _)| got.len()).sum::<usize>(), 30, "all that came before");
        let given = ended.iter().filter(|(_, error)| matches!(error, Some(HandoverError::Failed(_)))).count();
        let told = ended.iter().filter(|(_, error)| matches!(error, Some(HandoverError::Reported))).count();
        assert_eq!((given, told), (1, 2));
    });
}

#[test]
fn readers_that_come_and_go() {
    let mutants = [
        "recycle-without-notify",
        "leave-without-notify",
        "first-leaver-closes",
        "leave-in-two-steps",
        "leave-with-buffer",
    ];
    scenario(&mutants, || {
        let (mut writer, mut reader) = buffers(2);
        let passing: Vec<_> = (0..3)
            .map(|_| {
                let mut reader = reader.clone();
                let wanted = below(12);
                thread::spawn(move || (0..wanted).filter(|_| matches!(reader.next(), Ok(Some(_)))).count())
            })
            .collect();
        let lasting = thread::spawn(move || {
            let mut got = 0;
            while let Some(mut batch) = reader.next().expect("no error") {
                batch.clear();
                got += 1;
                if got % 2 == 0 {
                    reader.recycle();
                }
            }
            got
        });
        assert!(publish(&mut writer, 0..40), "one stays to the end");
        writer.finish();
        let mut got = lasting.join().expect("no panic");
        got += passing.into_iter().map(|thread| thread.join().expect("no panic")).sum::<usize>();
        assert_eq!(got, 40);
    });
}

#[test]
fn a_lazy_writer_and_readers_that_come_and_go() {
    scenario(&["lazy-without-spare", "finish-trusts-publish", "first-leaver-closes"], || {
        let (mut writer, reader) = buffers(4);
        let reading: Vec<_> = (0..3)
            .map(|i| {
                let mut reader = reader.clone();
                // Two may leave while others sleep over what is filled.
                let wanted = if i == 0 { usize::MAX } else { below(20) };
                thread::spawn(move || {
                    (0..wanted)
                        .map_while(|_| reader.next().expect("no error").map(|batch| batch[0]))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        drop(reader);
        for n in 0..40 {
            let mut slot = writer.buffer().expect("one stays to the end");
            slot.push(n);
            // At times more than there are buffers.
            slot.publish_lazily(1 + below(6)).expect("one stays to the end");
        }
        writer.finish();
        let mut all: Vec<_> = reading.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..40), "each once");
    });
}

#[test]
fn both_sides_without_waiting() {
    scenario(&["pending-as-end", "take-back-in-two-steps", "take-in-two-steps", "publish-without-notify"], || {
        let (mut writer, mut reader) = buffers(4);
        let mut again = 3;
        let reading = thread::spawn(move || {
            let mut got = Vec::new();
            loop {
                match reader.try_next().expect("no error") {
                    std::task::Poll::Ready(Some(batch)) => got.push(batch[0]),
                    std::task::Poll::Ready(None) => return got,
                    // Without a pause the writer would never have its turn; with a wait now and then both ways are mixed.
                    std::task::Poll::Pending if below(4) == 0 => match reader.next().expect("no error") {
                        Some(batch) => got.push(batch[0]),
                        None => return got,
                    },
                    std::task::Poll::Pending => thread::yield_now(),
                }
            }
        });
        for n in 0..40 {
            let mut slot = loop {
                match writer.try_buffer().expect("the reader lives") {
                    Some(_) => break writer.buffer().expect("the reader lives"),
                    None => thread::yield_now(),
                }
            };
            slot.push(n);
            slot.publish().expect("the reader lives");
            if again > 0
                && let Some(back) = writer.take_back()
            {
                assert_eq!(back, [n], "the last one");
                again -= 1;
                let mut slot = writer.buffer().expect("the reader lives");
                *slot = back;
                slot.publish().expect("the reader lives");
            }
        }
        writer.finish();
        assert!(reading.join().expect("no panic").into_iter().eq(0..40));
    });
}

#[test]
fn a_writer_that_panics_among_many_batches() {
    scenario(&["panic-as-end", "drop-without-notify"], || {
        let (mut writer, mut reader) = buffers(2);
        let reading = thread::spawn(move || read_all(&mut reader));
        let sent = below(30) as u64;
        assert!(publish(&mut writer, 0..sent));
        writer.unwind();
        let (got, error) = reading.join().expect("no panic");
        assert!(got.into_iter().eq(0..sent));
        assert!(matches!(error, Some(HandoverError::Lost { panicked: true, .. })));
    });
}
