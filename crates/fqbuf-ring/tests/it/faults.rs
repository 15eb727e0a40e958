//! Faults that users of other tools met. Each test names the wrong implementation that it was seen to fail on.
//!
//! Not here: lines longer than a buffer (26, 27), which a byte ring does not know; uninitialised memory (34), two mutable
//! views of one slot (37) and mirrored mappings (39), which cannot be had without `unsafe`: there is none.

use std::error::Error;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use fqbuf_ring::handover::{self, BoxError, HandoverError};
use fqbuf_ring::{DoubleBuffer, RingBuffer};

/// A reader that answers with what is in the list, in order.
struct Script(Vec<io::Result<&'static [u8]>>);

impl Read for Script {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        assert!(!out.is_empty(), "never asked to read into nothing");
        if self.0.is_empty() {
            return Ok(0);
        }
        let bytes = self.0.remove(0)?;
        out[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }
}

/// Red with a ring whose front wraps when it is past the capacity instead of at it.
#[test]
fn fault_28_every_small_capacity_is_right() {
    for capacity in 0..40 {
        // Of fewer than two bytes none is held while the front moves.
        let last = if capacity < 2 { 0 } else { capacity };
        for skip in 0..=last {
            let mut ring = RingBuffer::new(capacity);
            let text: Vec<u8> = (0..capacity as u8).collect();
            let (held, rest) = text.split_at(capacity.min(1));
            ring.write(held);
            // Moves the front to `skip`, with one byte held all the time so that the ring does not begin anew.
            for _ in 0..skip {
                assert_eq!(ring.write(held), 1);
                ring.consume(1);
            }
            assert_eq!(ring.write(rest), rest.len());
            let front = if skip < capacity { skip } else { 0 };
            // At the memory's start again at its end: an empty first slice would look like the end to `BufRead`.
            assert_eq!(ring.as_slices(), text.split_at(capacity - front));
            let taken = skip.min(capacity / 2);
            ring.consume(taken);
            assert_eq!(ring.write(&text[..taken]), taken);
            let mut out = vec![0; capacity - taken];
            assert_eq!(ring.read(&mut out), capacity - taken);
            assert_eq!(out, &text[taken..]);
            assert_eq!(ring.as_slices(), text[..taken].split_at(taken.min(capacity - front)));
        }
    }
}

/// Red when `fill_from` returns the first error it meets.
#[test]
fn fault_29_an_interrupted_read_is_retried() -> io::Result<()> {
    let mut ring = RingBuffer::new(8);
    let interrupted = || Err(io::ErrorKind::Interrupted.into());
    let mut input = Script(vec![interrupted(), interrupted(), Ok(b"AC"), interrupted(), Ok(b"GT")]);
    assert_eq!(ring.fill_from(&mut input)?, 2);
    assert_eq!(ring.fill_from(&mut input)?, 2);
    assert_eq!(ring.as_slices().0, b"ACGT");
    Ok(())
}

/// Red when `WouldBlock` is retried as an interrupted read is.
#[test]
fn fault_30_would_block_is_returned_and_nothing_is_lost() -> io::Result<()> {
    let mut ring = RingBuffer::new(8);
    let mut input = Script(vec![Ok(b"AC"), Err(io::ErrorKind::WouldBlock.into()), Ok(b"GT")]);
    assert_eq!(ring.fill_from(&mut input)?, 2);
    assert_eq!(ring.fill_from(&mut input).expect_err("not now").kind(), io::ErrorKind::WouldBlock);
    assert_eq!(ring.fill_from(&mut input)?, 2);
    assert_eq!(ring.as_slices().0, b"ACGT");
    Ok(())
}

/// Red when a full ring offers its reader an empty slice: the 0 that comes back looks like the end.
#[test]
fn fault_31_a_full_ring_is_an_error_and_no_end() -> io::Result<()> {
    let mut ring = RingBuffer::new(2);
    let mut input = Script(vec![Ok(b"AC"), Ok(b"GT")]);
    assert_eq!(ring.fill_from(&mut input)?, 2);
    assert_eq!(ring.fill_from(&mut input).expect_err("full").kind(), io::ErrorKind::InvalidInput);
    ring.consume(2);
    assert_eq!(ring.fill_from(&mut input)?, 2);
    assert_eq!(ring.fill_from(&mut input).expect_err("full").kind(), io::ErrorKind::InvalidInput);
    ring.consume(2);
    assert_eq!(ring.fill_from(&mut input)?, 0, "and this is the end");
    Ok(())
}

/// Red when a short write counts as whole.
#[test]
fn fault_32_short_reads_and_writes_give_the_same_bytes() -> Result<(), Box<dyn Error>> {
    let text: Vec<u8> = (0..2000_u32).map(|n| (n % 251) as u8).collect();
    for step in [1, 2, 3, 7, 64, 1999] {
        let (mut writer, mut reader) = RingBuffer::new(50).split();
        let sent = text.clone();
        let writing = thread::spawn(move || {
            let mut rest = &sent[..];
            while !rest.is_empty() {
                let n = writer.write(&rest[..step.min(rest.len())])?;
                rest = &rest[n..];
            }
            writer.finish();
            io::Result::Ok(())
        });
        let mut got = Vec::new();
        let mut part = vec![0; step];
        loop {
            match reader.read(&mut part)? {
                0 => break,
                n => got.extend_from_slice(&part[..n]),
            }
        }
        assert_eq!(got, text);
        writing.join().expect("no panic")?;
    }
    Ok(())
}

/// Red when the claim is added to the length unchecked: bytes that were never read appear.
#[test]
fn fault_33_a_reader_that_claims_too_much_is_an_error() {
    struct Liar;
    impl Read for Liar {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            Ok(out.len() + 1)
        }
    }
    let mut ring = RingBuffer::new(4);
    ring.write(b"A");
    assert_eq!(ring.fill_from(&mut Liar).expect_err("a lie").kind(), io::ErrorKind::InvalidData);
    assert_eq!(ring.as_slices().0, b"A");
}

/// Red when the length is raised before the read.
#[test]
fn fault_35_a_reader_that_panics_leaves_the_ring_as_it_was() {
    struct Panics;
    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("on purpose")
        }
    }
    let mut ring = RingBuffer::new(4);
    ring.write(b"AC");
    assert!(catch_unwind(AssertUnwindSafe(|| ring.fill_from(&mut Panics))).is_err());
    assert_eq!((ring.as_slices().0, ring.remaining()), (&b"AC"[..], 2));
}

/// Red when a buffer whose clearing panics is dropped with its reader: the writer waits for it for ever.
#[test]
fn fault_36_a_panic_in_an_elements_drop_loses_no_buffer() -> Result<(), Box<dyn Error>> {
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0, "on purpose");
        }
    }
    let (mut writer, mut reader) = handover::channel([Vec::new()], Vec::clear);
    let mut slot = writer.buffer()?;
    slot.push(Bomb(true));
    slot.publish()?;
    let stays = reader.clone();
    assert_eq!(reader.next()?.expect("published").len(), 1);
    assert!(catch_unwind(AssertUnwindSafe(move || drop(reader))).is_err());
    assert!(writer.buffer()?.is_empty(), "the only buffer came back");
    drop(stays);
    Ok(())
}

/// Red when a buffer goes back although its clearing panicked: the writer would find what was read before.
#[test]
fn fault_36_a_buffer_stays_with_its_reader_until_it_is_cleared() -> Result<(), Box<dyn Error>> {
    // Clearing 1 panics the first time it is tried.
    let clear = |n: &mut u32| {
        *n += 1;
        assert!(*n != 2, "on purpose");
        *n = 0;
    };
    let (mut writer, mut reader) = handover::channel([0], clear);
    let mut slot = writer.buffer()?;
    *slot = 1;
    slot.publish()?;
    let stays = reader.clone();
    assert_eq!(*reader.next()?.expect("published"), 1);
    assert!(catch_unwind(AssertUnwindSafe(|| reader.next().map(drop))).is_err());
    assert!(writer.try_buffer()?.is_none(), "not cleared, not given back");
    drop(reader);
    assert_eq!(*writer.buffer()?, 0);
    drop(stays);
    Ok(())
}

/// Red when the page that aligns the memory is added unchecked: the sum wraps and a tiny ring claims to be huge.
#[test]
fn fault_38_a_capacity_beyond_memory_panics_at_once() {
    for capacity in [usize::MAX, usize::MAX - 4095, isize::MAX as usize] {
        assert!(catch_unwind(|| RingBuffer::new(capacity)).is_err());
    }
    assert!(catch_unwind(|| DoubleBuffer::<u64>::new(usize::MAX)).is_err());
}

/// Red when the writer's drop closes nothing (a hang) or counts as the end.
#[test]
fn fault_71_a_panic_in_the_writer_is_an_error_after_its_batches() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = DoubleBuffer::new(1).split();
    let writing = thread::spawn(move || {
        writer.get_write_buffer().push(1);
        writer.swap().expect("the reader lives");
        panic!("on purpose");
    });
    assert_eq!(reader.next()?.expect("swapped before"), &[1]);
    let error = reader.next().expect_err("a panic is no end");
    assert!(matches!(error, HandoverError::Lost { panicked: true, .. }));
    assert_eq!(error.to_string(), "the writer panicked before it finished");
    assert!(writing.join().is_err());
    Ok(())
}

/// Red when the writer counts as done before its error is made of what it was given, which may panic: its readers wait for ever.
#[test]
fn fault_71_a_panic_in_the_making_of_an_error_is_an_error() {
    struct Unmade;
    impl From<Unmade> for BoxError {
        fn from(_: Unmade) -> Self {
            panic!("on purpose")
        }
    }
    let (writer, mut reader) = handover::channel([Vec::<u8>::new()], Vec::clear);
    assert!(catch_unwind(AssertUnwindSafe(|| writer.fail(Unmade))).is_err());
    assert!(matches!(reader.try_next(), Err(HandoverError::Lost { panicked: true, .. })));

    let (mut writer, mut reader) = DoubleBuffer::new(1).split();
    writer.get_write_buffer().push(1);
    assert!(catch_unwind(AssertUnwindSafe(|| writer.fail(Unmade))).is_err());
    assert_eq!(reader.next().expect("no error"), Some(&mut vec![1]));
    assert!(matches!(reader.try_next(), Err(HandoverError::Lost { panicked: true, .. })));

    let (mut writer, mut reader) = RingBuffer::new(8).split();
    writer.write_all(b"AC").expect("room");
    assert!(catch_unwind(AssertUnwindSafe(|| writer.fail(Unmade))).is_err());
    let mut out = [0; 4];
    assert_eq!(reader.try_read(&mut out).expect("written before"), 2);
    assert_eq!(reader.try_read(&mut out).expect_err("no end").kind(), io::ErrorKind::UnexpectedEof);
}

/// Red when a panic in the clearing of a buffer, met by the reader's drop of that panic, is a second one: the process aborts.
#[test]
fn fault_36_a_clearing_that_panics_twice_is_one_panic() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = handover::channel([1], |_: &mut u32| panic!("on purpose"));
    writer.buffer()?.publish()?;
    let reading = thread::spawn(move || {
        reader.next().expect("no error").expect("published");
        // The panic drops the reader, which clears the buffer once more.
        reader.recycle();
    });
    assert!(reading.join().is_err());
    assert!(writer.buffer().is_err(), "nobody reads");
    Ok(())
}

/// Red when a reader's panic leaves the writer waiting for the buffer that it held.
#[test]
fn fault_71_a_panic_in_the_reader_does_not_hang_the_writer() {
    let (mut writer, mut reader) = DoubleBuffer::new(1).split();
    let reading = thread::spawn(move || {
        reader.next().expect("no error").expect("swapped").push(2);
        panic!("on purpose");
    });
    let mut swaps = 0;
    while writer.swap().is_ok() {
        swaps += 1;
    }
    assert!(swaps >= 1);
    assert!(reading.join().is_err());
}

/// Red when a reader that leaves is not counted off: the writer waits for it for ever.
#[test]
fn fault_72_a_reader_dropped_early_stops_the_writer_cleanly() {
    let (mut writer, mut reader) = RingBuffer::new(16).split();
    let writing = thread::spawn(move || {
        loop {
            if let Err(error) = writer.write_all(b"ACGT") {
                return error.kind();
            }
        }
    });
    reader.read_exact(&mut [0; 40]).expect("more than the ring holds");
    drop(reader);
    assert_eq!(writing.join().expect("no panic"), io::ErrorKind::BrokenPipe);
}

/// Red with a wait that misses the wake-up between its look and its sleep: one of these runs hangs. The counts are
/// multiples of the batch size, and not.
#[test]
fn fault_73_five_thousand_short_runs_all_end() -> Result<(), Box<dyn Error>> {
    for run in 0..5000_u64 {
        let (mut writer, mut reader) = DoubleBuffer::new(2).split();
        let records = run % 7;
        let writing = thread::spawn(move || {
            for n in 0..records {
                writer.get_write_buffer().push(n);
                if writer.get_write_buffer().len() == 2 {
                    writer.swap()?;
                }
            }
            writer.finish()
        });
        let mut got = 0;
        while let Some(batch) = reader.next()? {
            got += batch.len() as u64;
        }
        assert_eq!(got, records);
        writing.join().expect("no panic")?;
    }
    Ok(())
}
