//! Any bytes as lines: the same lines, numbers and offsets as cutting the whole input at its line feeds.
#![no_main]

use std::io::{self, Read};

use fqbuf_benches::Rng;
use fqbuf_line::LineBuffer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, u16, u16, &[u8])| {
    let (seed, most, capacity, bytes) = input;
    let mut source = Pieces { rest: bytes, rng: Rng::new(seed), most: u64::from(most).max(1) };
    let mut buffer = LineBuffer::new(usize::from(capacity));
    let mut expected = bytes.split_inclusive(|byte| *byte == b'\n');
    let (mut number, mut offset) = (0, 0);
    loop {
        let filled = buffer.fill(&mut source).expect("no line is longer than the default limit");
        while let Some(line) = buffer.read_line() {
            let whole = expected.next().expect("a line more than there are");
            let text = whole.strip_suffix(b"\n").unwrap_or(whole);
            assert_eq!(line, text.strip_suffix(b"\r").unwrap_or(text));
            number += 1;
            offset += whole.len() as u64;
            assert_eq!((buffer.line_number(), buffer.byte_offset()), (number, offset));
        }
        if filled == 0 {
            break;
        }
    }
    assert_eq!(expected.next(), None, "a line is missing");
    assert!(buffer.remaining().is_empty());
});

/// Reads of 1 to `most` bytes, some of them interrupted first.
struct Pieces<'a> {
    rest: &'a [u8],
    rng: Rng,
    most: u64,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.rng.one_in(8) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let size = self.rng.between(1, self.most) as usize;
        let size = size.min(out.len()).min(self.rest.len());
        let (now, rest) = self.rest.split_at(size);
        out[..size].copy_from_slice(now);
        self.rest = rest;
        Ok(size)
    }
}
