//! Positions that a test cannot reach by reading.

use super::*;

/// Counting in 32 bits fails this: line 4,294,967,296 would be line 0.
#[test]
fn fault_57_positions_beyond_32_bits() -> io::Result<()> {
    let mut buffer = LineBuffer::new(16);
    buffer.base = u64::from(u32::MAX) - 1;
    buffer.index = LineIndex::behind(u64::from(u32::MAX));
    let mut input = &b"a\nb\nc"[..];
    while buffer.fill(&mut input)? > 0 {}
    assert_eq!(buffer.read_line(), Some(&b"a"[..]));
    assert_eq!((buffer.line_number(), buffer.line_start(), buffer.byte_offset()), (1 << 32, (1 << 32) - 2, 1 << 32));
    assert_eq!(buffer.read_line(), Some(&b"b"[..]));
    assert_eq!(buffer.read_line(), Some(&b"c"[..]));
    assert_eq!(buffer.line_start(), (1 << 32) + 2);
    Ok(())
}

/// The index of an unread line must not outlive the bytes it speaks of.
#[test]
fn a_source_that_panics_with_the_block_in_its_hands() {
    struct Thief;
    impl Source for Thief {
        fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
            let _stolen = std::mem::take(block);
            panic!("gone");
        }
    }
    let mut buffer = LineBuffer::new(64);
    buffer.fill(&mut &b"one\ntwo\n"[..]).unwrap();
    assert_eq!(buffer.read_line(), Some(&b"one"[..]));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| buffer.fill(&mut Thief))).unwrap_err();
    assert_eq!(buffer.read_line(), None);
    assert_eq!(buffer.remaining(), b"");
    assert_eq!(buffer.fill(&mut &b"three\n"[..]).unwrap(), 6);
    assert_eq!(buffer.read_line(), Some(&b"three"[..]));
}

#[test]
fn a_source_that_takes_bytes_away_is_an_error() {
    struct Miser;
    impl Source for Miser {
        fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
            block.truncate(1);
            Ok(1)
        }
    }
    let mut buffer = LineBuffer::new(64);
    buffer.fill(&mut &b"one\ntwo\n"[..]).unwrap();
    buffer.read_line();
    assert_eq!(buffer.fill(&mut Miser).unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(buffer.remaining(), b"t");
    assert_eq!(buffer.read_line(), None);
}

#[test]
fn a_source_that_claims_what_it_did_not_add_is_an_error() {
    struct Braggart;
    impl Source for Braggart {
        fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
            Ok(block.append(b"ab") + 5)
        }
    }
    let mut buffer = LineBuffer::new(64);
    assert_eq!(buffer.fill(&mut Braggart).unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(buffer.remaining(), b"ab");
}

/// A stage that exchanges the block: what was held is put in front of the new bytes.
#[test]
fn a_source_that_swaps_the_block() -> io::Result<()> {
    struct Stage<'a>(std::slice::Chunks<'a, u8>);
    impl Source for Stage<'_> {
        fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
            let Some(bytes) = self.0.next() else { return Ok(0) };
            let mut ready = Block::with_capacity(4 * PAGE).map_err(out_of_memory)?;
            ready.clear();
            assert_eq!(ready.append(bytes), bytes.len());
            assert!(ready.prepend(block.data()));
            *block = ready;
            Ok(bytes.len())
        }
    }
    let input = b"@r1\r\nACGT\n+\nIIII\n@r2".repeat(20);
    let mut lines = crate::LineReader::with_buffer(Stage(input.chunks(7)), LineBuffer::new(100));
    let mut found = Vec::new();
    while let Some(line) = lines.next_line()? {
        found.push(line.to_vec());
    }
    let expected: Vec<_> = input.split(|&b| b == b'\n').map(|l| without_cr(l).to_vec()).collect();
    assert_eq!(found, expected);
    assert_eq!(lines.byte_offset(), input.len() as u64);
    Ok(())
}
