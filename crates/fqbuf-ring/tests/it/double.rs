//! The double buffer, whole and split.

use std::error::Error;
use std::io;
use std::task::Poll;
use std::thread;

use fqbuf_ring::{DoubleBuffer, DoubleBufferReader, DoubleBufferWriter, HandoverError, ReaderGone};
use rstest::rstest;

use crate::{assert_send, assert_sync};

#[test]
fn it_and_its_halves_go_to_other_threads() {
    assert_send::<DoubleBuffer<Vec<u8>>>();
    assert_sync::<DoubleBuffer<Vec<u8>>>();
    assert_send::<DoubleBufferWriter<Vec<u8>>>();
    assert_send::<DoubleBufferReader<Vec<u8>>>();
}

#[rstest]
fn a_swap_exchanges_and_clears(#[values(0, 1, 10)] capacity: usize) {
    let mut double = DoubleBuffer::new(capacity);
    assert!(double.get_read_buffer().is_empty());
    double.get_write_buffer().extend([1, 2, 3]);
    double.swap();
    assert_eq!(double.get_read_buffer(), &[1, 2, 3]);
    assert!(double.get_write_buffer().is_empty());
    double.get_write_buffer().push(4);
    double.swap();
    assert_eq!(double.get_read_buffer(), &[4]);
    assert!(double.get_write_buffer().is_empty(), "what was read is not written again");
    assert!(double.get_write_buffer().capacity() >= 3, "its memory is kept");
    double.swap();
    assert!(double.get_read_buffer().is_empty());
}

#[test]
fn a_split_loses_and_repeats_nothing() -> Result<(), Box<dyn Error>> {
    // Swapped but never looked at: the reader's first batch. Begun: stays in the writer's buffer.
    let mut double = DoubleBuffer::new(4);
    double.get_write_buffer().push(1);
    double.swap();
    double.get_write_buffer().push(2);
    let (mut writer, mut reader) = double.split();
    writer.get_write_buffer().push(3);
    writer.finish()?;
    assert_eq!(reader.next()?.expect("unread"), &[1]);
    assert_eq!(reader.next()?.expect("begun"), &[2, 3]);
    assert!(reader.next()?.is_none());

    // Looked at: not given again.
    let mut double = DoubleBuffer::new(4);
    double.get_write_buffer().push(1);
    double.swap();
    assert_eq!(double.get_read_buffer(), &[1]);
    let (mut writer, mut reader) = double.split();
    writer.get_write_buffer().push(2);
    writer.swap()?;
    assert!(writer.get_write_buffer().is_empty(), "the batch read before is cleared");
    writer.finish()?;
    assert_eq!(reader.next()?.expect("swapped"), &[2]);
    assert!(reader.next()?.is_none());
    Ok(())
}

#[test]
fn every_batch_is_read_once_and_in_order() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = DoubleBuffer::new(3).split();
    let writing = thread::spawn(move || {
        for n in 0..5000_u32 {
            assert!(writer.get_write_buffer().is_empty());
            writer.get_write_buffer().extend([n; 3]);
            writer.swap()?;
        }
        writer.get_write_buffer().push(5000);
        writer.finish()
    });
    for n in 0..5000 {
        assert_eq!(reader.next()?.expect("not the end yet"), &[n; 3]);
    }
    assert_eq!(reader.next()?.expect("filled and not swapped"), &[5000]);
    assert!(reader.next()?.is_none());
    writing.join().expect("no panic")?;
    Ok(())
}

#[test]
fn an_empty_batch_is_a_batch_and_no_end() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = DoubleBuffer::<u8>::new(0).split();
    writer.swap()?;
    writer.finish()?;
    assert!(reader.next()?.expect("swapped").is_empty());
    assert!(reader.next()?.is_none(), "nothing was filled after it");
    Ok(())
}

#[test]
fn an_error_comes_after_what_was_filled() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = DoubleBuffer::new(1).split();
    writer.get_write_buffer().push(1);
    writer.fail(io::Error::new(io::ErrorKind::InvalidData, "bad"))?;
    assert_eq!(reader.next()?.expect("filled before"), &[1]);
    assert_eq!(io::Error::from(reader.next().expect_err("failed")).kind(), io::ErrorKind::InvalidData);
    Ok(())
}

#[test]
fn a_swap_without_a_reader_gives_the_batch_back() {
    let (mut writer, reader) = DoubleBuffer::new(1).split();
    drop(reader);
    for n in 0..3 {
        writer.get_write_buffer().push(n);
        assert_eq!(writer.swap(), Err(ReaderGone(vec![n])));
    }
    writer.get_write_buffer().push(9);
    assert_eq!(writer.finish(), Err(ReaderGone(vec![9])));
}

#[test]
fn a_reader_that_leaves_during_a_swap_ends_it() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = DoubleBuffer::new(1).split();
    writer.get_write_buffer().push(1);
    writer.swap()?;
    let swapping = thread::spawn(move || {
        // The reader holds the other buffer and never gives it back: it leaves.
        writer.get_write_buffer().push(2);
        writer.swap()
    });
    assert_eq!(reader.next()?.expect("swapped"), &[1]);
    while reader.waits().writer.waits == 0 && !swapping.is_finished() {
        thread::yield_now();
    }
    drop(reader);
    assert_eq!(swapping.join().expect("no panic"), Err(ReaderGone(vec![2])));
    Ok(())
}

#[test]
fn try_next_does_not_wait() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = DoubleBuffer::new(1).split();
    assert_eq!(reader.try_next()?, Poll::Pending);
    writer.get_write_buffer().push(1);
    writer.swap()?;
    assert_eq!(reader.try_next()?, Poll::Ready(Some(&mut vec![1])));
    drop(writer);
    assert!(matches!(reader.try_next(), Err(HandoverError::Lost { panicked: false, .. })));
    Ok(())
}

#[test]
fn try_swap_does_not_wait_and_keeps_what_it_does_not_hand_over() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = DoubleBuffer::new(4).split();
    writer.get_write_buffer().push(1);
    assert_eq!(writer.try_swap()?, Poll::Ready(()));
    assert!(writer.get_write_buffer().is_empty() && writer.get_write_buffer().capacity() >= 4, "the other one");
    writer.get_write_buffer().push(2);
    assert_eq!(writer.try_swap()?, Poll::Pending);
    assert_eq!(reader.next()?, Some(&mut vec![1]));
    writer.get_write_buffer().push(3);
    assert_eq!(writer.try_swap()?, Poll::Pending, "it is being read");
    assert_eq!(reader.try_next()?, Poll::Pending, "which gives it back");
    assert_eq!(writer.try_swap()?, Poll::Ready(()));
    assert_eq!(reader.next()?, Some(&mut vec![2, 3]));
    assert_eq!(writer.get_write_buffer(), &[], "and cleared");
    reader.recycle();
    reader.recycle();
    assert_eq!(writer.try_swap()?, Poll::Ready(()), "an empty batch is one");
    assert_eq!(reader.next()?, Some(&mut vec![]));
    writer.get_write_buffer().push(4);
    writer.finish()?;
    assert_eq!(reader.next()?, Some(&mut vec![4]));
    assert_eq!(reader.next()?, None);
    Ok(())
}

#[test]
fn a_try_swap_without_a_reader_gives_the_batch_back() -> Result<(), Box<dyn Error>> {
    let (mut writer, reader) = DoubleBuffer::new(1).split();
    writer.get_write_buffer().push(1);
    assert_eq!(writer.try_swap()?, Poll::Ready(()));
    drop(reader);
    for n in 2..4 {
        writer.get_write_buffer().push(n);
        assert_eq!(writer.try_swap(), Err(ReaderGone(vec![n])));
    }
    // Also while the other buffer is free.
    let (mut writer, reader) = DoubleBuffer::new(1).split();
    drop(reader);
    writer.get_write_buffer().push(5);
    assert_eq!(writer.try_swap(), Err(ReaderGone(vec![5])));
    writer.get_write_buffer().push(6);
    assert_eq!(writer.swap(), Err(ReaderGone(vec![6])));
    Ok(())
}

#[test]
fn what_is_printed_shows_the_state() {
    let mut double = DoubleBuffer::new(1);
    double.get_write_buffer().push(7);
    assert_eq!(format!("{double:?}"), "DoubleBuffer { write: [7], read: [] }");
    let (writer, reader) = double.split();
    assert!(format!("{writer:?} {reader:?}").contains("DoubleBufferReader"));
}
