//! Any bytes as lines: the same lines, numbers and offsets as cutting the whole input at its line feeds.
#![no_main]

#[path = "../pieces.rs"]
mod pieces;

use fqbuf_line::LineBuffer;
use libfuzzer_sys::fuzz_target;
use pieces::Pieces;

fuzz_target!(|input: (u64, u16, u16, &[u8])| {
    let (seed, most, capacity, bytes) = input;
    let mut source = Pieces::new(bytes, seed, most);
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
