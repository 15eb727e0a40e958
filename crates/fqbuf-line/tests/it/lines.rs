//! The lines are the same however the bytes arrive and whatever the buffer's size.

use std::io::{self, Read};

use fqbuf_line::{LineBuffer, LineReader};

use crate::{
    naive::{Naive, Wrong},
    oracle,
    readers::{Pieces, Steps},
};

/// All lines of `reader` through `buffer`, whose positions are checked at each.
pub(crate) fn collect(buffer: &mut LineBuffer, reader: &mut impl Read, input: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    loop {
        let filled = buffer.fill(reader).unwrap();
        while let Some(line) = buffer.read_line().map(<[u8]>::to_vec) {
            let (start, end) = (buffer.line_start() as usize, buffer.byte_offset() as usize);
            let raw = &input[start..end];
            assert_eq!(line, oracle(raw).pop().unwrap());
            assert!(start == 0 || input[start - 1] == b'\n', "{input:?} {start}");
            lines.push(line);
            assert_eq!(buffer.line_number(), lines.len() as u64);
        }
        if filled == 0 {
            assert!(buffer.is_at_end() && buffer.remaining().is_empty());
            assert_eq!(buffer.byte_offset(), input.len() as u64);
            return lines;
        }
    }
}

fn naive(wrong: Wrong, capacity: usize, reader: &mut impl Read) -> Vec<Vec<u8>> {
    let mut naive = Naive::new(wrong, capacity);
    std::iter::from_fn(|| naive.next_line(reader).unwrap()).collect()
}

/// Every input of up to seven bytes, in every split.
#[test]
fn every_split_of_every_small_input() {
    let mut buffer = LineBuffer::new(8);
    for len in 0..=7_u32 {
        for number in 0..3_usize.pow(len) {
            let input: Vec<u8> = (0..len).map(|i| b"a\r\n"[number / 3_usize.pow(i) % 3]).collect();
            let expected = oracle(&input);
            for cuts in (0..1 << len).step_by(2) {
                buffer.clear();
                let lines = collect(&mut buffer, &mut Pieces::new(&input, cuts), &input);
                assert_eq!(lines, expected, "{input:?} cut {cuts:b}");
            }
        }
    }
}

/// Longer inputs in every split.
#[test]
fn every_split_of_trickier_inputs() {
    let inputs: [&[u8]; 6] = [
        b"\r\r\n\n\r\na\n\ra\r\n\r",
        b"aaaaaaaaaaaaaa",
        b"a\r\na\r\na\r\na\r\na\r",
        b"\n\n\n\n\n\n\n\n\n\n\n\n\n",
        b"\r\n\r\n\r\n\r\n\r\n\r\n\r",
        b"@r\r\nAC\n+\r\nII",
    ];
    let mut buffer = LineBuffer::new(64);
    for input in inputs {
        let expected = oracle(input);
        for cuts in (0..1 << input.len()).step_by(2) {
            buffer.clear();
            assert_eq!(collect(&mut buffer, &mut Pieces::new(input, cuts), input), expected, "{input:?} cut {cuts:b}");
        }
    }
}

/// Text with lines from empty to longer than two pages, both line ends, some `\r` to spare, and no end to the last.
pub(crate) fn tricky() -> Vec<u8> {
    let mut text = b"\r\n\n\r\r\n@read 1\r\nACGT\n+\r\nIIII\n".to_vec();
    for len in [0, 1, 62, 63, 64, 65, 127, 1_023, 1_024, 4_095, 2, 4_200, 0, 3] {
        text.extend(std::iter::repeat_n(b'A' + (len % 26) as u8, len));
        text.extend_from_slice(if len % 2 == 0 { b"\r\n" } else { b"\n" });
    }
    text.extend_from_slice(b"last\r");
    text
}

#[test]
fn fault_28_every_capacity() {
    let input = tricky();
    let expected = oracle(&input);
    // A buffer that hands out what fits is right only where everything fits.
    assert_ne!(naive(Wrong::CutsLines, 4_096, &mut &input[..]), expected);
    for capacity in 0..=4_096 {
        let lines = collect(&mut LineBuffer::new(capacity), &mut &input[..], &input);
        assert!(lines == expected, "capacity {capacity}");
    }
}

#[test]
fn every_read_size() {
    let input = tricky();
    let expected = oracle(&input);
    for step in (1..70).chain([127, 128, 1_023, 1_024, 4_095, 4_096, 4_097, 20_000]) {
        for capacity in [1, 5_000, 50_000] {
            let lines = collect(&mut LineBuffer::new(capacity), &mut Steps { data: &input, step }, &input);
            assert!(lines == expected, "step {step}, capacity {capacity}");
        }
    }
}

#[test]
fn the_reader_gives_what_the_buffer_gives() -> io::Result<()> {
    let input = tricky();
    let mut reader = LineReader::new(Steps { data: &input, step: 777 });
    for (i, expected) in oracle(&input).iter().enumerate() {
        assert_eq!(reader.next_line()?, Some(&expected[..]));
        assert_eq!(reader.line_number(), i as u64 + 1);
    }
    assert_eq!(reader.next_line()?, None);
    assert_eq!(reader.next_line()?, None);
    assert_eq!(reader.byte_offset(), input.len() as u64);
    assert_eq!(reader.line_start(), input.len() as u64 - 5);
    Ok(())
}

#[test]
fn the_reader_gives_back_what_it_was_made_of() -> io::Result<()> {
    let mut reader = LineReader::new(&b"one\ntwo\nthree"[..]);
    assert_eq!(reader.next_line()?, Some(&b"one"[..]));
    assert_eq!(reader.get_ref().len(), 0);
    *reader.get_mut() = b" and more\n";
    let (source, buffer) = reader.into_parts();
    assert_eq!((buffer.remaining(), buffer.line_number()), (&b"two\nthree"[..], 1));
    let mut reader = LineReader::with_buffer(source, buffer);
    assert_eq!(reader.next_line()?, Some(&b"two"[..]));
    assert_eq!(reader.next_line()?, Some(&b"three and more"[..]));
    assert_eq!((reader.line_number(), reader.byte_offset()), (3, 23));
    assert!(!format!("{reader:?}").is_empty());
    Ok(())
}

#[test]
fn no_input_has_no_lines() -> io::Result<()> {
    for capacity in [0, 1, 100] {
        let mut buffer = LineBuffer::new(capacity);
        assert_eq!(buffer.read_line(), None);
        assert_eq!((buffer.fill(&mut io::empty())?, buffer.fill(&mut io::empty())?), (0, 0));
        assert_eq!(buffer.read_line(), None);
        assert_eq!((buffer.line_number(), buffer.line_start(), buffer.byte_offset()), (0, 0, 0));
    }
    Ok(())
}

#[test]
fn a_new_buffer_has_no_memory_and_a_used_one_keeps_it() -> io::Result<()> {
    let mut buffer = LineBuffer::new(10_000);
    assert_eq!(buffer.memory(), 0);
    buffer.fill(&mut &b"a\nb"[..])?;
    let memory = buffer.memory();
    assert!((10_000..10_000 + 3 * 4_096).contains(&memory));
    buffer.clear();
    assert_eq!((buffer.memory(), buffer.remaining()), (memory, &b""[..]));
    assert_eq!(buffer.read_line(), None);
    Ok(())
}

#[test]
fn trait_objects_are_sources() -> io::Result<()> {
    let mut input = &b"a\n"[..];
    let reader: &mut dyn Read = &mut input;
    let mut buffer = LineBuffer::default();
    assert_eq!(buffer.fill(reader)?, 2);
    assert_eq!(buffer.read_line(), Some(&b"a"[..]));
    Ok(())
}

/// Naive: a line is what a `\n` ends.
#[test]
fn fault_01_no_final_newline() {
    let input = b"@r\nAC\n+\nII";
    assert_eq!(collect(&mut LineBuffer::new(4), &mut &input[..], input), oracle(input));
    assert_ne!(naive(Wrong::DropsUnterminated, 64, &mut &input[..]), oracle(input));
    assert_eq!(naive(Wrong::Nothing, 64, &mut &input[..]), oracle(input));
}

/// Naive: `\r\n` searched for as two bytes; every trailing `\r` trimmed.
#[test]
fn fault_02_cr_lf() {
    let input = b"@r\r\nAC\r\r\n+\r\nII\r";
    let expected: [&[u8]; 4] = [b"@r", b"AC\r", b"+", b"II"];
    assert_eq!(collect(&mut LineBuffer::new(4), &mut &input[..], input), expected);
    assert_ne!(naive(Wrong::WantsBoth, 64, &mut &input[..]), expected);
    assert_ne!(naive(Wrong::TrimsAll, 64, &mut &input[..]), expected);
}

/// Naive: the line end is recognised within what one read brought.
#[test]
fn fault_03_mixed_line_ends_cut_anywhere() {
    let input = b"a\r\nb\nc\r\n\r\nd\r";
    for cut in 0..input.len() {
        assert_eq!(collect(&mut LineBuffer::new(64), &mut Pieces::new(input, 1 << cut), input), oracle(input));
    }
    assert_ne!(naive(Wrong::StripsReads, 64, &mut Pieces::new(input, 1 << 2)), oracle(input));
}

/// Naive: a read that did not fill the buffer was the last.
#[test]
fn fault_32_short_reads() {
    let input = tricky();
    let one_by_one = || Steps { data: &input, step: 1 };
    assert_eq!(collect(&mut LineBuffer::new(8_192), &mut one_by_one(), &input), oracle(&input));
    assert_ne!(naive(Wrong::ShortReadIsEnd, 8_192, &mut one_by_one()), oracle(&input));
}
