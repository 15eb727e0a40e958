//! The end of input: it sticks, and inputs that grow go on when told to.

use std::io::{self, Read};

use fqbuf_line::{LineBuffer, LineReader};

use crate::{
    naive::{Naive, Wrong},
    readers::{Fault, Faulty},
};

/// Naive: what comes after the end of input is glued to the line that was not finished, or asked for time and again.
#[test]
fn fault_31_the_end_of_input_sticks() -> io::Result<()> {
    let input = b"one\ntwo\nthree\n";
    let mut reader = Faulty::new(input, 100, 6, Fault::End);
    let mut lines = LineReader::new(&mut reader);
    assert_eq!(lines.next_line()?, Some(&b"one"[..]));
    assert_eq!(lines.next_line()?, Some(&b"tw"[..]));
    assert_eq!(lines.next_line()?, None);
    assert_eq!(lines.next_line()?, None);
    assert_eq!((lines.line_number(), lines.byte_offset()), (2, 6));
    assert_eq!(reader.delivered, 6);
    let mut reader = Faulty::new(input, 100, 6, Fault::End);
    let mut naive = Naive::new(Wrong::GoesOnAfterEnd, 64);
    naive.next_line(&mut reader)?;
    assert_eq!(naive.next_line(&mut reader)?, Some(b"two".to_vec()));
    Ok(())
}

#[test]
fn the_source_is_not_asked_again() -> io::Result<()> {
    struct Once(bool);
    impl Read for Once {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            assert!(!std::mem::replace(&mut self.0, true), "asked again");
            Ok(0)
        }
    }
    let mut buffer = LineBuffer::new(10);
    let mut once = Once(false);
    for _ in 0..3 {
        assert_eq!(buffer.fill(&mut once)?, 0);
    }
    assert!(buffer.is_at_end());
    Ok(())
}

/// Naive: the unfinished line is returned as soon as nothing more is there, and its rest becomes a line of its own.
#[test]
fn fault_77_a_file_that_grows() -> io::Result<()> {
    let mut buffer = LineBuffer::new(10);
    let mut found = Vec::new();
    for piece in ["one\ntw", "", "o\nthr", "e", "", "e\r", "\n"] {
        let mut reader = piece.as_bytes();
        while buffer.fill(&mut reader)? > 0 {}
        // Before the last line is taken: it may still grow.
        buffer.resume();
        while let Some(line) = buffer.read_line() {
            found.push(String::from_utf8_lossy(line).into_owned());
        }
    }
    assert_eq!(found, ["one", "two", "three"]);
    assert_eq!((buffer.fill(&mut io::empty())?, buffer.read_line()), (0, None));
    let mut naive = Naive::new(Wrong::Nothing, 64);
    naive.next_line(&mut &b"one\ntw"[..])?;
    assert_eq!(naive.next_line(&mut io::empty())?, Some(b"tw".to_vec()));
    Ok(())
}

#[test]
fn a_last_line_that_was_returned_stays_one() -> io::Result<()> {
    let mut buffer = LineBuffer::new(10);
    while buffer.fill(&mut &b"one"[..])? < 3 {}
    assert_eq!(buffer.read_line(), None);
    assert_eq!(buffer.fill(&mut io::empty())?, 0);
    assert_eq!(buffer.read_line(), Some(&b"one"[..]));
    assert_eq!(buffer.fill(&mut &b"two\n"[..])?, 0);
    buffer.resume();
    assert_eq!(buffer.fill(&mut &b"two\n"[..])?, 4);
    assert_eq!(buffer.read_line(), Some(&b"two"[..]));
    assert_eq!((buffer.line_number(), buffer.line_start(), buffer.byte_offset()), (2, 3, 7));
    Ok(())
}

/// Seen red with a reader that takes the end of the first source for its own.
#[test]
fn a_buffer_that_met_an_end_reads_another_source() -> io::Result<()> {
    let mut lines = LineReader::new(&b"one\n"[..]);
    while lines.next_line()?.is_some() {}
    let (_, buffer) = lines.into_parts();
    let mut lines = LineReader::with_buffer(&b"two\nthree"[..], buffer);
    assert_eq!(lines.next_line()?, Some(&b"two"[..]));
    assert_eq!(lines.next_line()?, Some(&b"three"[..]));
    assert_eq!(lines.next_line()?, None);
    assert_eq!((lines.line_number(), lines.byte_offset()), (3, 13), "positions go on");
    Ok(())
}

#[test]
fn a_cleared_buffer_begins_anew() -> io::Result<()> {
    let mut buffer = LineBuffer::new(10);
    buffer.fill(&mut &b"a\nb\nc"[..])?;
    buffer.read_line();
    while buffer.fill(&mut io::empty())? > 0 {}
    buffer.clear();
    assert!(!buffer.is_at_end());
    assert_eq!((buffer.line_number(), buffer.line_start(), buffer.byte_offset()), (0, 0, 0));
    buffer.fill(&mut &b"d\n"[..])?;
    assert_eq!(buffer.read_line(), Some(&b"d"[..]));
    assert_eq!(buffer.line_number(), 1);
    Ok(())
}
