//! The halves of a byte ring.

use std::io::{BufRead, ErrorKind, Read, Write};

use fqbuf_ring::{RingBuffer, RingReader};
use shuttle::thread;

use crate::{below, scenario};

/// The byte at `at` of an endless text that repeats late.
fn byte(at: usize) -> u8 {
    (at % 251) as u8
}

/// Reads `reader` to its end in pieces of any size.
fn read_all(mut reader: RingReader) -> (usize, std::io::Result<()>) {
    let mut at = 0;
    let mut out = [0; 300];
    loop {
        let length = 1 + below(out.len());
        match reader.read(&mut out[..length]) {
            Ok(0) => return (at, Ok(())),
            Ok(n) => {
                assert!(out[..n].iter().enumerate().all(|(i, &b)| b == byte(at + i)), "in order");
                at += n;
            }
            Err(error) => return (at, Err(error)),
        }
    }
}

#[test]
fn writes_and_reads_of_any_size() {
    let mutants = [
        "chunk-start-kept",
        "steal-in-two-steps",
        "steal-past-published",
        "rest-left-behind",
        "partial-as-whole",
        "nothing-yet-as-end",
        "next-without-notify",
        "publish-without-notify",
    ];
    scenario(&mutants, || {
        let (mut writer, reader) = RingBuffer::new(1 + below(512)).split();
        let reading = thread::spawn(move || read_all(reader));
        let mut at = 0;
        for _ in 0..30 {
            let data: Vec<u8> = (at..at + below(300)).map(byte).collect();
            writer.write_all(&data).expect("the reader lives");
            at += data.len();
        }
        writer.finish();
        let (got, end) = reading.join().expect("no panic");
        assert!(end.is_ok());
        assert_eq!(got, at);
    });
}

#[test]
fn as_much_fits_after_any_reads_as_the_ring_has_room_for() {
    scenario(&["hunger-kept"], || {
        let capacity = 2 + below(14);
        let (mut writer, mut reader) = RingBuffer::new(capacity).split();
        let wanted = 1 + below(3 * capacity);
        let reading = thread::spawn(move || {
            reader.read_exact(&mut vec![0; wanted]).expect("as much is written");
            reader
        });
        let mut left = wanted;
        while left > 0 {
            left -= writer.write(&vec![0; left.min(1 + below(capacity))]).expect("the reader lives");
        }
        let reader = reading.join().expect("no panic");
        // All was read, nobody waits: byte by byte, or the first alone.
        let bytes = below(2) * capacity;
        for _ in 0..bytes.max(1) {
            assert_eq!(writer.try_write(&[0]).expect("room"), 1);
        }
        let mut left = capacity - bytes.max(1);
        while left > 0 {
            left -= writer.try_write(&vec![0; left]).expect("room");
        }
        drop(reader);
        writer.finish();
    });
}

#[test]
fn a_ring_whose_writer_fails_or_goes() {
    scenario(&["error-as-end", "fail-without-notify", "drop-without-notify", "error-before-batches"], || {
        let (mut writer, reader) = RingBuffer::new(64).split();
        let reading = thread::spawn(move || read_all(reader));
        let data: Vec<u8> = (0..below(1500)).map(byte).collect();
        writer.write_all(&data).expect("the reader lives");
        // Time for the reader to fall asleep before this one ends.
        (0..below(40)).for_each(|_| thread::yield_now());
        let fails = below(2) == 0;
        if fails {
            writer.fail(std::io::Error::from(ErrorKind::ConnectionReset)).expect("the reader lives");
        } else {
            drop(writer);
        }
        let (got, end) = reading.join().expect("no panic");
        let kind = if fails { ErrorKind::ConnectionReset } else { ErrorKind::UnexpectedEof };
        assert_eq!((got, end.expect_err("no end").kind()), (data.len(), kind));
    });
}

#[test]
fn a_ring_whose_reader_goes() {
    scenario(&["broken-pipe-as-written", "partial-as-error", "leave-without-notify"], || {
        let (mut writer, mut reader) = RingBuffer::new(64).split();
        let wanted = below(1000);
        let reading = thread::spawn(move || {
            let mut got = 0;
            while got < wanted {
                let n = reader.fill_buf().expect("no error").len().min(wanted - got);
                reader.consume(n);
                got += n;
            }
            // Time for the writer to fall asleep before this one leaves.
            (0..below(40)).for_each(|_| thread::yield_now());
        });
        let mut sent = 0;
        let error = loop {
            match writer.write(&[7; 24]) {
                Ok(n) => sent += n,
                Err(error) => break error,
            }
            assert!(sent <= wanted + 96 + 24, "more than the ring holds beyond what was read");
        };
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert!(sent >= wanted);
        reading.join().expect("no panic");
    });
}

#[test]
fn a_ring_of_two_that_do_not_wait() {
    scenario(&["partial-as-whole", "pending-as-end"], || {
        let (mut writer, mut reader) = RingBuffer::new(16).split();
        let reading = thread::spawn(move || {
            let (mut at, mut out) = (0, [0; 10]);
            loop {
                match reader.try_read(&mut out) {
                    Ok(0) => return at,
                    Ok(n) => {
                        assert!(out[..n].iter().enumerate().all(|(i, &b)| b == byte(at + i)), "in order");
                        at += n;
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::WouldBlock);
                        thread::yield_now();
                    }
                }
            }
        });
        let data: Vec<u8> = (0..500).map(byte).collect();
        let mut at = 0;
        while at < data.len() {
            match writer.try_write(&data[at..]) {
                Ok(n) => at += n,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    thread::yield_now();
                }
            }
        }
        writer.finish();
        assert_eq!(reading.join().expect("no panic"), 500);
    });
}
