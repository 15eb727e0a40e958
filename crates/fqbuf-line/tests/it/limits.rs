//! Growth, its limit, and what else may refuse.

use std::io::{self, ErrorKind, Read};

use fqbuf_line::{GrowthPolicy, LineBuffer, LineReader, LineTooLong};

use crate::{
    lines::collect,
    naive::{Naive, Wrong},
    oracle,
    readers::Steps,
};

fn limited(capacity: usize, limit: usize) -> LineBuffer {
    LineBuffer::builder().capacity(capacity).growth(GrowthPolicy::with_limit(limit)).build()
}

fn too_long(error: &io::Error) -> Option<LineTooLong> {
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    error.get_ref()?.downcast_ref().copied()
}

/// Naive: a full buffer is read into, takes nothing, and the input seems to be at its end.
#[test]
fn fault_26_a_line_longer_than_the_buffer() {
    let mut input = vec![b'A'; 100_000];
    input.extend_from_slice(b"\nshort\n");
    for capacity in [1, 100, 10_000] {
        assert!(collect(&mut LineBuffer::new(capacity), &mut &input[..], &input) == oracle(&input));
    }
    let mut naive = Naive::new(Wrong::ReadsIntoNothing, 100);
    assert_ne!(naive.next_line(&mut &input[..]).unwrap().unwrap().len(), 100_000);
}

/// Naive: the line is cut where the buffer ends (and written past its end where nobody checks).
#[test]
fn fault_27_a_hostile_line_ends_in_an_error() {
    let mut lines = LineReader::with_buffer(io::repeat(b'A'), limited(1_000, 10_000));
    let error = lines.next_line().unwrap_err();
    assert_eq!(too_long(&error), Some(LineTooLong { line: 1, byte: 0, limit: 10_000 }));
    assert_eq!(error.to_string(), "line 1 (byte 0) takes more than the 10000 bytes allowed");
    assert!(lines.buffer().memory() <= 10_000 + 2 * 4_096);
    // Again, as long as nobody skips it.
    assert_eq!(too_long(&lines.next_line().unwrap_err()), too_long(&error));
    let mut naive = Naive::new(Wrong::CutsLines, 1_000);
    assert_eq!(naive.next_line(&mut io::repeat(b'A').take(2_000)).unwrap().unwrap().len(), 1_000);
}

/// The limit is on the line: neither capacity nor reads nor what stands before it make a difference.
#[test]
fn the_limit_is_the_same_for_every_capacity_and_read_size() {
    for limit in [0, 1, 5, 64, 100_usize] {
        for len in [limit.saturating_sub(1), limit, limit + 1] {
            for (end, cr) in [("\n", 0), ("\r\n", 1), ("", 0), ("\r", 1)] {
                let text = format!("\n\r\n{}{end}", "A".repeat(len));
                for capacity in [1, 2, 7, 50, 64, 1_000] {
                    for step in [1, 3, 1_000] {
                        let reader = Steps { data: text.as_bytes(), step };
                        let mut lines = LineReader::with_buffer(reader, limited(capacity, limit));
                        assert_eq!(lines.next_line().unwrap(), Some(&b""[..]));
                        if limit == 0 {
                            // The second line holds a `\r`.
                            assert_eq!(too_long(&lines.next_line().unwrap_err()).unwrap().line, 2);
                            continue;
                        }
                        assert_eq!(lines.next_line().unwrap(), Some(&b""[..]));
                        match lines.next_line() {
                            Ok(line) => {
                                assert!(len + cr <= limit);
                                assert_eq!(line.map_or(0, <[u8]>::len), len);
                            }
                            Err(error) => {
                                assert!(len + cr > limit);
                                assert_eq!(too_long(&error), Some(LineTooLong { line: 3, byte: 3, limit }));
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_line_beyond_the_limit_can_be_skipped() -> io::Result<()> {
    let text = format!("one\n{}\nthree\n{}", "x".repeat(50), "y".repeat(50));
    for step in [1, 1_000] {
        let mut lines = LineReader::with_buffer(Steps { data: text.as_bytes(), step }, limited(16, 20));
        let mut found = Vec::new();
        let mut skipped = 0;
        loop {
            match lines.next_line() {
                Ok(Some(line)) => found.push(String::from_utf8_lossy(line).into_owned()),
                Ok(None) => break,
                Err(error) => {
                    let held = lines.buffer().remaining();
                    let rest = held.iter().position(|&byte| byte == b'\n').unwrap_or(held.len());
                    let before = lines.byte_offset();
                    assert!(too_long(&error).is_some_and(|e| e.byte == before && rest > 20));
                    lines.buffer_mut().consume(rest);
                    skipped += rest;
                }
            }
        }
        // What was left of a skipped line when it fitted again is what the caller chose to leave.
        assert!(found.contains(&"one".to_string()) && found.contains(&"three".to_string()));
        assert_eq!(skipped + found.iter().map(String::len).sum::<usize>(), text.len() - 3);
        assert_eq!(lines.byte_offset(), text.len() as u64);
    }
    Ok(())
}

#[test]
fn growth_follows_the_policy_and_ends_at_its_limit() -> io::Result<()> {
    let policy = GrowthPolicy::with_limit(1_000_000).double_until(50_000);
    let mut buffer = LineBuffer::builder().capacity(10_000).growth(policy).build();
    assert_eq!(buffer.growth(), policy);
    let mut reader = io::repeat(b'A').take(1_000_000);
    let mut held = 0;
    loop {
        match buffer.fill(&mut reader)? {
            0 => break,
            n => held += n,
        }
        let size = buffer.memory() - 2 * 4_096;
        assert!(size <= held + 60_000 && size <= 1_000_000, "{size} bytes for {held}");
    }
    assert_eq!(buffer.read_line().map(<[u8]>::len), Some(1_000_000));
    Ok(())
}

/// Steps of one byte are a policy, too, and not a reason to go on for ever.
#[test]
fn growth_by_single_bytes() {
    let policy = GrowthPolicy::with_limit(30_000).double_until(1);
    let mut buffer = LineBuffer::builder().capacity(1).growth(policy).build();
    let mut input = vec![b'A'; 30_000];
    input.push(b'\n');
    assert!(collect(&mut buffer, &mut &input[..], &input) == oracle(&input));
}

#[test]
fn lines_that_nobody_reads_fill_the_buffer() -> io::Result<()> {
    let input = b"ACGT\n".repeat(10_000);
    let mut reader = &input[..];
    let mut buffer = limited(1_000, 5_000);
    let error = loop {
        match buffer.fill(&mut reader) {
            Ok(n) => assert_ne!(n, 0),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(buffer.memory() <= 5_000 + 2 * 4_096);
    assert_eq!(buffer.remaining(), &input[..buffer.remaining().len()]);
    assert!(buffer.remaining().len() >= 5_000);
    // Reading them makes room again, and nothing was lost.
    let mut lines = 0;
    loop {
        while let Some(line) = buffer.read_line() {
            assert_eq!(line, b"ACGT");
            lines += 1;
        }
        if buffer.fill(&mut reader)? == 0 {
            break;
        }
    }
    assert_eq!(lines, 10_000);
    Ok(())
}

#[test]
fn memory_that_is_not_to_be_had_is_an_error() {
    let mut input = &b"a\n"[..];
    for capacity in [usize::MAX, isize::MAX as usize - 100_000] {
        assert_eq!(LineBuffer::new(capacity).fill(&mut input).unwrap_err().kind(), ErrorKind::OutOfMemory);
    }
    assert_eq!(input.len(), 2);
}
