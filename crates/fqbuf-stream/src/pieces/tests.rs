//! Files that fail, end and answer in ways that real ones seldom do.

use super::*;
use crate::input::Input;
use crate::team::{Plan, Team};

/// Bytes of data in a block.
const SIZE: usize = 64 * 1024;

/// A file in memory.
struct Tape {
    bytes: Vec<u8>,
    /// Most bytes that one read gives.
    most: usize,
    /// Offset from where on reads fail.
    torn: Option<u64>,
    /// How they fail.
    kind: io::ErrorKind,
}

impl ReadAt for Tape {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut most = buf.len().min(self.most);
        if let Some(torn) = self.torn {
            let left = torn.saturating_sub(offset);
            if left == 0 {
                return Err(io::Error::new(self.kind, "torn"));
            }
            most = most.min(usize::try_from(left).unwrap_or(usize::MAX));
        }
        self.bytes[..].read_at(&mut buf[..most], offset)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }
}

/// Bytes that tell their places.
fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at * 7 % 251).unwrap_or(0)).collect()
}

/// Reads the tape as a stream does whose first `window` bytes were read to tell the format.
fn read(tape: Tape, window: usize, helps: bool) -> (Vec<u8>, Option<String>) {
    let counters = Arc::new(Counters::default());
    let first = io::Cursor::new(tape.bytes[..window].to_vec());
    let mut input = Input::new(Box::new(first), "tape".into(), Arc::clone(&counters));
    while input.end() < window as u64 {
        input.more().expect("memory");
    }
    let pieces = Pieces::new(Plain { input, size: SIZE }, Arc::new(tape));
    let plan = Plan { threads: 1, helps, blocks: BLOCKS, size: SIZE };
    let mut team = Team::start(pieces, plan, Arc::clone(&counters), None);
    let (mut got, mut block, mut pending) = (Vec::new(), Block::new(), None);
    let error: Option<io::Error> = loop {
        if let Some(error) = pending.take() {
            break Some(error);
        }
        match team.next(&mut block, &mut pending) {
            Ok(0) => break None,
            Ok(n) => {
                assert!(n <= SIZE && block.head_room() >= HEAD);
                got.extend_from_slice(block.data());
            }
            Err(error) => {
                break Some(error);
            }
        }
    };
    // Asked again after that, it would wait, or deliver what lies behind a gap.
    assert_ne!(error.as_ref().map(io::Error::kind), Some(io::ErrorKind::WouldBlock));
    assert!(error.is_some() || team.next(&mut block, &mut pending).is_ok_and(|n| n == 0), "the end stays the end");
    drop(team);
    assert_eq!(counters.compressed.load(Ordering::Relaxed), got.len() as u64);
    (got, error.map(|error| error.to_string()))
}

#[test]
fn every_length_around_a_block_and_every_window_comes_out_whole() {
    for len in [0, 1, PAGE, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE - 1, 3 * SIZE, 7 * SIZE + 5] {
        let bytes = bytes(len);
        for window in [0, 1, 18, PAGE, PAGE + 16, 2 * SIZE, len] {
            for (most, helps) in [(usize::MAX, true), (usize::MAX, false), (10_000, true)] {
                let tape = Tape { bytes: bytes.clone(), most, torn: None, kind: io::ErrorKind::Other };
                let (got, error) = read(tape, window.min(len), helps);
                assert_eq!(error, None);
                assert!(got == bytes, "{} of {len} bytes, of which {window} were there", got.len());
            }
        }
    }
}

/// Fails when a piece's error overtakes the data before it, or names another place.
#[test]
fn an_error_comes_after_all_data_before_it_and_says_where() {
    let bytes = bytes(5 * SIZE);
    for torn in [0, 1, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE + 17] {
        for (helps, kind) in
            [(true, io::ErrorKind::Other), (false, io::ErrorKind::Other), (true, io::ErrorKind::WouldBlock)]
        {
            let tape = Tape { bytes: bytes.clone(), most: usize::MAX, torn: Some(torn as u64), kind };
            let (got, error) = read(tape, 0, helps);
            assert!(got == bytes[..torn], "{} of {torn} bytes", got.len());
            assert_eq!(error, Some(format!("tape: cannot be read: torn (byte {torn})")));
        }
    }
}
