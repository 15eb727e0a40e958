//! A reader that does anything a reader may do, at every offset: no line is lost, none comes twice, every call ends.

use std::{
    io::{self, ErrorKind, Read},
    panic::{AssertUnwindSafe, catch_unwind},
};

use fqbuf_line::{Block, LineBuffer, LineReader, Source};

use crate::{
    lines::tricky,
    naive::{Naive, Wrong},
    oracle,
    readers::{FAULTS, Fault, Faulty},
};

/// Lines until the end of input, going on behind every fault; and the faults met.
fn through(buffer: &mut LineBuffer, reader: &mut Faulty<'_>) -> (Vec<Vec<u8>>, Vec<Option<ErrorKind>>) {
    let (mut lines, mut met) = (Vec::new(), Vec::new());
    loop {
        let before = buffer.byte_offset() as usize + buffer.remaining().len();
        let filled = match catch_unwind(AssertUnwindSafe(|| buffer.fill(reader))) {
            Ok(Ok(n)) => Some(n),
            Ok(Err(e)) => {
                met.push(Some(e.kind()));
                None
            }
            Err(_) => {
                met.push(None);
                None
            }
        };
        // What is held are the bytes delivered so far and nothing else.
        let offset = buffer.byte_offset() as usize;
        assert_eq!(buffer.remaining(), &reader.data[offset..reader.delivered]);
        assert_eq!(reader.delivered, before + filled.unwrap_or(0));
        while let Some(line) = buffer.read_line() {
            lines.push(line.to_vec());
        }
        assert_eq!(buffer.line_number(), lines.len() as u64);
        if filled == Some(0) {
            return (lines, met);
        }
    }
}

#[test]
fn every_fault_at_every_offset() {
    let inputs: [&[u8]; 4] = [b"", b"a\r\nbb\n\r\n\nccc\r", b"@r1\nACGT\n+\nIIII\n", b"\r\r\n"];
    for input in inputs {
        for at in 0..=input.len() {
            for step in [1, 2, 100] {
                for capacity in [1, 3, 100] {
                    for fault in FAULTS {
                        let mut buffer = LineBuffer::new(capacity);
                        let mut reader = Faulty::new(input, step, at, fault);
                        let (lines, met) = through(&mut buffer, &mut reader);
                        let (expected, kinds): (_, &[_]) = match fault {
                            Fault::Interrupted => (oracle(input), &[]),
                            Fault::WouldBlock => (oracle(input), &[Some(ErrorKind::WouldBlock)]),
                            Fault::Error => (oracle(input), &[Some(ErrorKind::Other)]),
                            Fault::Overclaim => (oracle(input), &[Some(ErrorKind::InvalidData)]),
                            Fault::Panic => (oracle(input), &[None]),
                            Fault::End => (oracle(&input[..at]), &[]),
                        };
                        assert_eq!((&lines, &met[..]), (&expected, kinds), "{input:?}, {fault:?} at {at}, step {step}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_fault_in_a_long_input() {
    let input = tricky();
    for at in (0..input.len()).step_by(509).chain([4_095, 4_096, 4_097, 8_192]) {
        for fault in [Fault::Interrupted, Fault::WouldBlock, Fault::Overclaim] {
            let (lines, _) = through(&mut LineBuffer::new(4_096), &mut Faulty::new(&input, 4_096, at, fault));
            assert!(lines == oracle(&input), "{fault:?} at {at}");
        }
    }
}

/// Lines of the naive reader until the end, at most `patience` errors on the way.
fn naive(wrong: Wrong, mut reader: impl Read, patience: usize) -> Vec<Vec<u8>> {
    let mut naive = Naive::new(wrong, 64);
    let (mut lines, mut errors) = (Vec::new(), 0);
    loop {
        match catch_unwind(AssertUnwindSafe(|| naive.next_line(&mut reader))) {
            Ok(Ok(Some(line))) => lines.push(line),
            Ok(Ok(None)) => return lines,
            Ok(Err(_)) | Err(_) if errors == patience => return lines,
            Ok(Err(_)) | Err(_) => errors += 1,
        }
    }
}

const INPUT: &[u8] = b"@r1\nACGT\n+\nIIII\n";

/// Naive: an error is an error.
#[test]
fn fault_29_interrupted() {
    let reader = || Faulty::new(INPUT, 5, 5, Fault::Interrupted);
    let (lines, met) = through(&mut LineBuffer::new(64), &mut reader());
    assert_eq!((lines, met.len()), (oracle(INPUT), 0));
    assert_ne!(naive(Wrong::GivesUp, reader(), 0), oracle(INPUT));
}

/// Seen red where the retry is `read_from`'s alone, which a source of one's own does not go through.
#[test]
fn fault_29_interrupted_in_a_source_that_is_no_reader() -> io::Result<()> {
    struct Script(Vec<io::Result<&'static [u8]>>);
    impl Source for Script {
        fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
            Ok(block.append(self.0.remove(0)?))
        }
    }
    let interrupted = || Err(ErrorKind::Interrupted.into());
    let mut script = Script(vec![interrupted(), Ok(b"a\n"), interrupted(), interrupted(), Ok(b"")]);
    let mut buffer = LineBuffer::new(64);
    assert_eq!(buffer.fill(&mut script)?, 2);
    assert_eq!(buffer.fill(&mut script)?, 0);
    Ok(())
}

/// Seen red with a retry of every interrupted call: what the first one added would count for nothing.
#[test]
fn fault_29_interrupted_after_bytes_were_added_is_an_error() {
    struct AddsFirst(u32);
    impl Source for AddsFirst {
        fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
            block.append(b"AC");
            self.0 += 1;
            if self.0 == 1 { Err(ErrorKind::Interrupted.into()) } else { Ok(2) }
        }
    }
    let mut buffer = LineBuffer::new(64);
    assert_eq!(buffer.fill(&mut AddsFirst(0)).unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(buffer.remaining(), b"AC");
}

/// Naive: the bytes of the line at hand are dropped with the call that failed, as `read_until` into a local `Vec` does.
#[test]
fn fault_30_would_block() -> io::Result<()> {
    let reader = || Faulty::new(INPUT, 6, 6, Fault::WouldBlock);
    let mut lines = LineReader::new(reader());
    assert_eq!(lines.next_line()?, Some(&b"@r1"[..]));
    assert_eq!(lines.next_line().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!((lines.line_number(), lines.byte_offset(), lines.buffer().remaining()), (1, 4, &b"AC"[..]));
    assert_eq!(lines.next_line()?, Some(&b"ACGT"[..]));
    assert_ne!(naive(Wrong::DropsOnError, reader(), 1), oracle(INPUT));
    Ok(())
}

/// Naive: the number is believed, and the next slice is out of range (or the length is set to it, and memory is read that
/// is not there).
#[test]
fn fault_33_a_reader_that_claims_too_much() {
    let reader = || Faulty::new(INPUT, 6, 6, Fault::Overclaim);
    let mut buffer = LineBuffer::new(64);
    let (lines, met) = through(&mut buffer, &mut reader());
    assert_eq!((lines, met), (oracle(INPUT), vec![Some(ErrorKind::InvalidData)]));
    let mut believer = Naive::new(Wrong::Believes, 64);
    let mut believed = reader();
    catch_unwind(AssertUnwindSafe(|| while believer.next_line(&mut believed).unwrap().is_some() {})).unwrap_err();
}

/// A reader may look at what it was given: it is zero or was read before. The naive version that hands out a `Vec`'s spare
/// capacity needs `unsafe` to be wrong, which this crate forbids.
#[test]
fn fault_34_a_reader_that_looks_at_the_buffer() -> io::Result<()> {
    struct Looks(u64);
    impl Read for Looks {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0 += buf.iter().map(|&byte| u64::from(byte)).sum::<u64>();
            Ok(0)
        }
    }
    let mut looks = Looks(0);
    LineBuffer::new(100_000).fill(&mut looks)?;
    assert_eq!(looks.0, 0);
    Ok(())
}

/// Naive: the buffer is taken out of its place while the reader has it, and what it held goes with it.
#[test]
fn fault_35_a_reader_that_panics() {
    let reader = || Faulty::new(INPUT, 6, 6, Fault::Panic);
    let mut buffer = LineBuffer::new(64);
    let (lines, met) = through(&mut buffer, &mut reader());
    assert_eq!((lines, met), (oracle(INPUT), vec![None]));
    assert_ne!(naive(Wrong::TakesOut, reader(), 1), oracle(INPUT));
}
