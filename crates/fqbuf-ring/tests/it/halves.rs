//! The two halves of a split ring: a pipe.

use std::error::Error;
use std::io::{self, BufRead, Read, Write};
use std::thread;

use fqbuf_ring::{RingBuffer, RingReader, RingWriter};
use proptest::prelude::*;
use rstest::rstest;

use crate::assert_send;

#[test]
fn both_halves_go_to_other_threads() {
    assert_send::<RingWriter>();
    assert_send::<RingReader>();
}

#[rstest]
fn bytes_arrive_in_order(
    #[values(0, 1, 2, 7, 64, 5000)] capacity: usize,
    #[values(1, 3, 100)] piece: usize,
) -> Result<(), Box<dyn Error>> {
    let text: Vec<u8> = (0..20_000_u32).map(|n| (n / 7) as u8).collect();
    let (mut writer, mut reader) = RingBuffer::new(capacity).split();
    let sent = text.clone();
    let writing = thread::spawn(move || {
        for part in sent.chunks(piece) {
            writer.write_all(part)?;
        }
        writer.finish();
        io::Result::Ok(())
    });
    let mut got = Vec::new();
    reader.read_to_end(&mut got)?;
    assert_eq!(got, text);
    assert_eq!(reader.read(&mut [0; 4])?, 0, "the end stays the end");
    writing.join().expect("no panic")?;
    Ok(())
}

#[rstest]
fn as_many_bytes_fit_as_the_ring_had_room_for(#[values(1, 2, 3, 10, 1000, 300_000)] capacity: usize) -> io::Result<()> {
    // Also when each write is of one byte, and when the reader holds a chunk that it has read all but one byte of.
    let (mut writer, mut reader) = RingBuffer::new(capacity).split();
    let mut rest = capacity;
    if capacity > 1 {
        writer.write_all(&[1, 2])?;
        assert_eq!(reader.read(&mut [0])?, 1);
        rest -= 1;
    }
    for n in 0..rest.min(1000) {
        assert_eq!(writer.try_write(&[n as u8])?, 1);
    }
    rest -= rest.min(1000);
    while rest > 0 {
        rest -= writer.try_write(&vec![0; rest])?;
    }
    Ok(())
}

/// Fails when a byte more than two of the largest chunks takes as much memory as three of them and one.
#[rstest]
fn what_is_taken_beside_the_capacity_is_half_of_it_or_a_chunk(
    #[values(1, 2, 3, 1000, 131_072, 131_073, 262_144, 262_145, 300_000, 1_048_576, 1_048_577)] capacity: usize,
) -> Result<(), Box<dyn Error>> {
    let chunk = 131_072;
    let (mut writer, _reader) = RingBuffer::new(capacity).split();
    let mut taken = 0;
    loop {
        // Nobody reads: all the memory there is.
        match writer.try_write(&[0; 5000]) {
            Ok(n) => taken += n,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error.into()),
        }
    }
    let rounding = capacity.div_ceil(chunk);
    assert!((capacity..=capacity + capacity.div_ceil(2).min(chunk) + rounding).contains(&taken), "{taken}");
    if capacity.is_multiple_of(chunk) {
        assert_eq!(taken, capacity + chunk.min(capacity / 2));
    }
    Ok(())
}

#[test]
fn a_split_keeps_what_the_ring_held() -> io::Result<()> {
    let mut ring = RingBuffer::new(8);
    ring.write(b"xxxxxx");
    ring.consume(6);
    ring.write(b"x12345");
    ring.consume(1);
    ring.write(b"678");
    let (writer, mut reader) = ring.split();
    writer.finish();
    let mut text = String::new();
    reader.read_to_string(&mut text)?;
    assert_eq!(text, "12345678");
    Ok(())
}

#[test]
fn try_calls_answer_instead_of_waiting() -> io::Result<()> {
    let (mut writer, mut reader) = RingBuffer::new(4).split();
    let mut out = [0; 9];
    assert_eq!(reader.try_read(&mut out).expect_err("nothing there").kind(), io::ErrorKind::WouldBlock);
    assert_eq!(reader.try_read(&mut [])?, 0);
    assert_eq!(writer.try_write(b"")?, 0);
    let mut fitted = 0;
    while let Ok(n) = writer.try_write(b"A") {
        fitted += n;
    }
    assert!(fitted >= 4);
    assert_eq!(writer.try_write(b"A").expect_err("full").kind(), io::ErrorKind::WouldBlock);
    writer.finish();
    let mut got = 0;
    loop {
        match reader.try_read(&mut out)? {
            0 => break,
            n => got += n,
        }
    }
    assert_eq!(got, fitted);
    Ok(())
}

#[test]
fn a_write_of_nothing_is_no_end() -> io::Result<()> {
    let (mut writer, mut reader) = RingBuffer::new(4).split();
    assert_eq!(writer.write(b"")?, 0);
    writer.write_all(b"A")?;
    assert_eq!(writer.write(b"")?, 0);
    writer.write_all(b"C")?;
    writer.flush()?;
    assert_eq!(reader.read(&mut [])?, 0);
    let mut out = [0; 2];
    reader.read_exact(&mut out)?;
    assert_eq!(&out, b"AC");
    Ok(())
}

#[test]
fn the_writers_io_error_arrives_unharmed_after_the_bytes() -> Result<(), Box<dyn Error>> {
    let (mut writer, mut reader) = RingBuffer::new(4).split();
    writer.write_all(b"AC")?;
    writer.fail(io::Error::from_raw_os_error(5))?;
    let mut out = [0; 2];
    reader.read_exact(&mut out)?;
    assert_eq!(reader.read(&mut out).expect_err("failed").raw_os_error(), Some(5));
    // Also one that readers retry, as `read_to_end` does with this kind, never turns into an end.
    let (writer, mut reader) = RingBuffer::new(4).split();
    writer.fail(io::Error::from(io::ErrorKind::Interrupted))?;
    assert!(reader.read_to_end(&mut Vec::new()).is_err());
    Ok(())
}

#[test]
fn a_reader_that_left_breaks_the_pipe() -> io::Result<()> {
    let (mut writer, reader) = RingBuffer::new(4).split();
    writer.write_all(b"A")?;
    drop(reader);
    assert_eq!(writer.write(b"C").expect_err("broken").kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(writer.try_write(b"C").expect_err("still broken").kind(), io::ErrorKind::BrokenPipe);
    assert!(writer.fail("unheard").is_err());
    Ok(())
}

#[test]
fn lines_are_read_through_buf_read() -> io::Result<()> {
    let (mut writer, reader) = RingBuffer::new(8).split();
    let writing = thread::spawn(move || {
        for n in 0..500 {
            writeln!(writer, "line {n}")?;
        }
        assert!(format!("{writer:?}").contains("waits"));
        writer.finish();
        io::Result::Ok(())
    });
    assert!(format!("{reader:?}").contains("waits"));
    for (n, line) in reader.lines().enumerate() {
        assert_eq!(line?, format!("line {n}"));
    }
    writing.join().expect("no panic")
}

#[test]
fn consume_stops_at_what_is_there() -> io::Result<()> {
    let (mut writer, mut reader) = RingBuffer::new(16).split();
    reader.consume(5);
    writer.write_all(b"ACGT")?;
    assert_eq!(reader.fill_buf()?, b"ACGT");
    reader.consume(99);
    writer.write_all(b"T")?;
    assert_eq!(reader.fill_buf()?, b"T");
    Ok(())
}

proptest! {
    #[test]
    fn any_calls_agree_with_a_list(
        capacity in 0..40_usize,
        steps in prop::collection::vec((any::<bool>(), 0..30_usize), 0..80),
    ) {
        let (mut writer, mut reader) = RingBuffer::new(capacity).split();
        let (mut sent, mut got) = (Vec::new(), Vec::new());
        for (write, n) in steps {
            if write {
                let data: Vec<u8> = (0..n).map(|i| (sent.len() + i) as u8).collect();
                match writer.try_write(&data) {
                    Ok(n) => sent.extend_from_slice(&data[..n]),
                    Err(_) => prop_assert!(sent.len() - got.len() >= capacity),
                }
            } else {
                let mut out = vec![0; n];
                match reader.try_read(&mut out) {
                    Ok(n) => got.extend_from_slice(&out[..n]),
                    Err(_) => prop_assert_eq!(sent.len(), got.len()),
                }
            }
        }
        writer.finish();
        reader.read_to_end(&mut got).expect("finished");
        prop_assert_eq!(got, sent);
    }
}
