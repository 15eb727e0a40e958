//! The hand-over on real threads, and step by step on one.

use std::error::Error;
use std::io;
use std::task::Poll;
use std::thread;

use fqbuf_ring::handover::{self, BoxError, HandoverError, Reader, ReaderGone, Writer};
use rstest::rstest;

use crate::{assert_send, assert_sync};

type Vecs = (Writer<Vec<u64>>, Reader<Vec<u64>>);

fn vecs(count: usize) -> Vecs {
    handover::channel(vec![Vec::new(); count], Vec::clear)
}

/// Publishes one batch of `numbers`.
fn publish(writer: &mut Writer<Vec<u64>>, numbers: impl IntoIterator<Item = u64>) -> Result<(), Box<dyn Error>> {
    let mut slot = writer.buffer()?;
    slot.extend(numbers);
    Ok(slot.publish()?)
}

#[test]
fn both_halves_go_to_other_threads() {
    assert_send::<Writer<Vec<u8>>>();
    assert_send::<Reader<Vec<u8>>>();
    assert_sync::<Writer<Vec<u8>>>();
    assert_sync::<Reader<Vec<u8>>>();
    assert_send::<HandoverError>();
    assert_sync::<HandoverError>();
    // A buffer that cannot be shared can still be handed over.
    assert_send::<Writer<std::cell::Cell<u8>>>();
    assert_send::<Reader<std::cell::Cell<u8>>>();
}

#[test]
#[should_panic(expected = "needs a buffer")]
fn no_buffer_at_all_is_refused_before_anyone_can_wait() {
    let _ = handover::channel(Vec::<Vec<u8>>::new(), Vec::clear);
}

#[rstest]
fn every_batch_arrives_once_and_in_order(#[values(1, 2, 3, 8)] buffers: usize) -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = vecs(buffers);
    let writing = thread::spawn(move || {
        for n in 0..3000 {
            let mut slot = writer.buffer()?;
            assert!(slot.is_empty(), "a buffer comes back cleared");
            slot.extend([n, n + 1]);
            slot.publish().map_err(|_| ReaderGone(()))?;
        }
        writer.finish();
        Ok::<_, ReaderGone>(())
    });
    let mut next = 0;
    while let Some(batch) = reader.next()? {
        assert_eq!(batch.sequence(), next);
        assert_eq!(*batch, [next, next + 1]);
        next += 1;
    }
    assert_eq!(next, 3000);
    assert!(reader.next()?.is_none(), "the end stays the end");
    writing.join().expect("no panic")?;
    Ok(())
}

/// Fails when a reader that was left to sleep is never woken: by enough batches, by the last buffer there is, by either end.
#[rstest]
#[case::enough(3, 2, 2, "")]
#[case::no_more_buffers(2, 9, 2, "")]
#[case::the_end(3, 2, 1, "end")]
#[case::an_error(3, 2, 1, "error")]
fn a_lazy_writer_is_heard(
    #[case] buffers: usize,
    #[case] enough: usize,
    #[case] batches: u64,
    #[case] then: &str,
) -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = vecs(buffers);
    let reading = thread::spawn(move || {
        let first = reader.next().ok().flatten().map(|batch| batch[0]);
        (first, reader)
    });
    while writer.waits().reader.parks == 0 {
        thread::yield_now();
    }
    for n in 0..batches {
        let mut slot = writer.buffer()?;
        slot.push(n);
        slot.publish_lazily(enough)?;
    }
    let lives = match then {
        "end" => {
            writer.finish();
            None
        }
        "error" => {
            writer.fail("an error")?;
            None
        }
        _ => Some(writer),
    };
    let (first, _reader) = reading.join().expect("no panic");
    assert_eq!(first, Some(0));
    // Until here nothing but the batches has woken it.
    drop(lives);
    Ok(())
}

/// Fails when one of two that sleep is woken where two buffers are filled: by enough of them, by the last there is, by one that is
/// published at once after a lazy one.
#[rstest]
#[case::enough(4, [2, 2])]
#[case::no_more_buffers(2, [9, 9])]
#[case::one_at_once(4, [9, 1])]
fn a_lazy_writer_is_heard_by_as_many_readers_as_it_filled_buffers(
    #[case] buffers: usize,
    #[case] enough: [usize; 2],
) -> Result<(), Box<dyn Error>> {
    let (mut writer, reader) = vecs(buffers);
    let reading = [(); 2].map(|()| {
        let mut reader = reader.clone();
        thread::spawn(move || {
            let got = reader.next().ok().flatten().map(|batch| batch[0]);
            (got, reader)
        })
    });
    while writer.waits().reader.parks < 2 {
        thread::yield_now();
    }
    for (n, enough) in (0..).zip(enough) {
        let mut slot = writer.buffer()?;
        slot.push(n);
        slot.publish_lazily(enough)?;
    }
    let mut ended = reading.map(|thread| thread.join().expect("no panic"));
    ended.sort_by_key(|(got, _)| *got);
    assert_eq!([ended[0].0, ended[1].0], [Some(0), Some(1)]);
    // Until here nothing but the batches has woken them.
    drop(writer);
    Ok(())
}

#[rstest]
fn several_readers_get_each_batch_once(#[values(1, 2, 4)] buffers: usize) -> Result<(), Box<dyn Error>> {
    let (mut writer, reader) = vecs(buffers);
    let reading: Vec<_> = (0..3)
        .map(|_| {
            let mut reader = reader.clone();
            thread::spawn(move || {
                let mut got = Vec::new();
                while let Some(batch) = reader.next().expect("the writer finishes") {
                    assert_eq!(batch[0], batch.sequence() * 7);
                    got.push(batch.sequence());
                }
                got
            })
        })
        .collect();
    drop(reader);
    for n in 0..3000 {
        publish(&mut writer, [n * 7])?;
    }
    writer.finish();
    let mut all: Vec<u64> = Vec::new();
    for reader in reading {
        let got = reader.join().expect("no panic");
        assert!(got.is_sorted(), "each reader sees the order of publishing");
        all.extend(got);
    }
    all.sort_unstable();
    assert_eq!(all, (0..3000).collect::<Vec<u64>>());
    Ok(())
}

#[test]
fn buffers_keep_their_memory() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = vecs(2);
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..10 {
        let mut slot = writer.buffer()?;
        slot.reserve(100);
        slot.push(n);
        slot.publish()?;
        let batch = reader.next()?.expect("published");
        assert!(batch.capacity() >= 100);
        seen.insert(batch.as_ptr() as usize);
    }
    assert!(seen.len() <= 2, "the same two buffers go round");
    Ok(())
}

#[test]
fn try_calls_answer_instead_of_waiting() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = vecs(1);
    assert!(matches!(reader.try_next()?, Poll::Pending));
    writer.try_buffer()?.expect("one is free").push(1);
    // Not published: still the writer's, with what it holds.
    assert_eq!(**writer.try_buffer()?.expect("the same"), [1]);
    writer.buffer()?.publish()?;
    assert!(writer.try_buffer()?.is_none());
    let Poll::Ready(Some(batch)) = reader.try_next()? else { panic!("one was published") };
    assert_eq!(*batch, [1]);
    assert!(writer.try_buffer()?.is_none(), "the reader has it");
    reader.recycle();
    assert!(writer.try_buffer()?.expect("given back").is_empty());
    writer.finish();
    assert!(matches!(reader.try_next()?, Poll::Ready(None)));
    Ok(())
}

#[test]
fn an_error_comes_after_the_batches_before_it_and_once() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = vecs(3);
    let mut other = reader.clone();
    publish(&mut writer, [1])?;
    publish(&mut writer, [2])?;
    writer.fail(io::Error::from_raw_os_error(28))?;
    assert_eq!(*reader.next()?.expect("first"), [1]);
    assert_eq!(*other.next()?.expect("second"), [2]);
    let error = io::Error::from(reader.next().expect_err("failed"));
    assert_eq!(error.raw_os_error(), Some(28), "the very error");
    // An end here would make a reader that retries believe that it has everything.
    assert!(matches!(reader.next(), Err(HandoverError::Reported)));
    assert!(matches!(other.next(), Err(HandoverError::Reported)));
    Ok(())
}

#[test]
fn errors_say_what_happened() {
    let (writer, mut reader) = vecs(1);
    writer.fail("bad line").expect("the reader lives");
    let failed = reader.next().expect_err("failed");
    assert_eq!(failed.to_string(), "bad line");
    assert_eq!(io::Error::from(failed).kind(), io::ErrorKind::Other);
    let reported = reader.next().expect_err("failed before");
    assert_eq!(reported.to_string(), "the writer failed; its error was reported before");
    assert_eq!(io::Error::from(reported).kind(), io::ErrorKind::Other);
    let gone = ReaderGone(vec![1]);
    assert_eq!(format!("{gone} {gone:?}"), "every reader is gone ReaderGone(..)");
    assert_eq!(gone.clone().into_inner(), [1]);
    assert_eq!(io::Error::from(gone).kind(), io::ErrorKind::BrokenPipe);
}

/// What the next call of `reader` fails with.
fn failure(mut reader: Reader<Vec<u64>>) -> HandoverError {
    reader.next().map(drop).expect_err("no buffer and no end")
}

/// What a second hand-over gives whose writer fails with what the first failed with.
fn passed_on(error: HandoverError) -> Result<HandoverError, ReaderGone<BoxError>> {
    let (writer, reader) = vecs(1);
    writer.fail(error)?;
    Ok(failure(reader))
}

/// Seen red with the first hand-over's error as the inside of the second's.
#[test]
fn an_error_passed_on_through_another_hand_over_stays_what_it_is() -> Result<(), Box<dyn Error>> {
    let (writer, reader) = vecs(1);
    writer.fail(io::Error::from_raw_os_error(28))?;
    let error = io::Error::from(passed_on(passed_on(failure(reader))?)?);
    assert_eq!(error.raw_os_error(), Some(28), "the very error");

    let (writer, reader) = vecs(1);
    drop(writer);
    let error = io::Error::from(passed_on(failure(reader))?);
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(error.to_string(), "the writer was dropped before it finished");

    let (writer, reader) = vecs(1);
    writer.fail("bad line")?;
    assert_eq!(failure(reader.clone()).to_string(), "bad line");
    assert_eq!(io::Error::from(passed_on(failure(reader))?).kind(), io::ErrorKind::Other, "reported before");
    Ok(())
}

#[test]
fn a_writer_dropped_without_finish_is_an_error() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = vecs(2);
    publish(&mut writer, [1])?;
    drop(writer);
    assert_eq!(*reader.next()?.expect("published before"), [1]);
    for _ in 0..2 {
        let error = reader.next().expect_err("cut short");
        assert!(matches!(error, HandoverError::Lost { panicked: false, .. }));
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::UnexpectedEof);
    }
    Ok(())
}

#[test]
fn a_writer_without_readers_gets_back_what_it_wrote() -> Result<(), Box<dyn Error>> {
    let (mut writer, reader) = vecs(3);
    publish(&mut writer, [1])?;
    publish(&mut writer, [2])?;
    let mut slot = writer.buffer()?;
    slot.push(3);
    drop(reader);
    assert_eq!(slot.publish(), Err(ReaderGone(vec![3])));
    assert!(writer.buffer().is_err());
    assert!(writer.try_buffer().is_err());
    assert_eq!((writer.take_back(), writer.take_back(), writer.take_back()), (Some(vec![2]), Some(vec![1]), None));
    let ReaderGone(error) = writer.fail("unheard").expect_err("nobody listens");
    assert_eq!(error.to_string(), "unheard");
    Ok(())
}

/// What is at hand comes without a look at the readers, of which only the lock tells.
#[test]
fn a_writer_with_a_buffer_at_hand_learns_of_the_readers_with_its_publish() -> Result<(), Box<dyn Error>> {
    let (mut writer, reader) = vecs(3);
    publish(&mut writer, [1])?;
    drop(reader);
    writer.buffer()?.push(2);
    writer.try_buffer()?.expect("begun").push(3);
    assert_eq!(writer.buffer()?.publish(), Err(ReaderGone(vec![2, 3])));
    assert!(writer.buffer().is_err() && writer.try_buffer().is_err(), "though one is empty");
    Ok(())
}

#[test]
fn a_batch_taken_back_keeps_its_number() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = vecs(2);
    publish(&mut writer, [1])?;
    publish(&mut writer, [2])?;
    let mut back = writer.take_back().expect("nobody read it");
    back.push(3);
    assert_eq!(*reader.next()?.expect("the first"), [1]);
    assert!(writer.take_back().is_none(), "the first is the reader's");
    reader.recycle();
    let mut slot = writer.buffer()?;
    std::mem::swap(&mut *slot, &mut back);
    slot.publish()?;
    let batch = reader.next()?.expect("the second");
    assert_eq!((batch.sequence(), &batch[..]), (1, &[2, 3][..]));
    Ok(())
}

#[test]
fn content_swapped_out_moves_on_without_a_copy() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = vecs(1);
    let mut slot = writer.buffer()?;
    slot.extend([1, 2]);
    let address = slot.as_ptr();
    slot.publish()?;
    let mut mine = Vec::with_capacity(500);
    std::mem::swap(reader.next()?.expect("published").into_mut(), &mut mine);
    assert_eq!((mine.as_ptr(), &mine[..]), (address, &[1, 2][..]));
    reader.recycle();
    assert!(writer.buffer()?.capacity() >= 500, "the other one goes round now");
    Ok(())
}

#[test]
fn a_reader_that_leaves_gives_its_buffer_to_those_that_stay() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = vecs(1);
    let mut other = reader.clone();
    publish(&mut writer, [1])?;
    other.next()?.expect("published");
    drop(other);
    // Kept with the reader that left, the only buffer would be lost and this would wait for ever.
    publish(&mut writer, [2])?;
    assert_eq!(*reader.next()?.expect("published"), [2]);
    Ok(())
}

#[test]
fn waits_are_counted_on_the_side_that_waits() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = vecs(1);
    publish(&mut writer, [1])?;
    reader.next()?;
    reader.recycle();
    assert_eq!(writer.waits(), Default::default());
    let waiting = thread::spawn(move || {
        reader.next()?;
        Ok::<_, HandoverError>(reader)
    });
    while writer.waits().reader.waits == 0 {
        thread::yield_now();
    }
    publish(&mut writer, [2])?;
    let reader = waiting.join().expect("no panic")?;
    let waits = reader.waits();
    assert_eq!((waits.reader.waits, waits.writer.waits), (1, 0));
    assert!(waits.reader.parks <= waits.reader.waits + 1);
    assert!(format!("{writer:?} {reader:?}").contains("waits"));
    Ok(())
}

/// Seen red with the buffer used last going first, every line of which is still in the reader's core.
#[test]
fn buffers_go_round_in_turn() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = handover::channel(1..=3, |_| {});
    let mut order = Vec::new();
    for _ in 0..6 {
        writer.buffer()?.publish()?;
        order.extend(reader.next()?.map(|batch| *batch));
        reader.recycle();
    }
    assert_eq!(order, [1, 2, 3, 1, 2, 3]);
    Ok(())
}
