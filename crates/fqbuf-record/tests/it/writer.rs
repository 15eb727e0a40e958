//! What is written: the same bytes, all of them, or an error.

use std::io::{self, Write};

use fqbuf_record::{FastqRecord, InvalidRecord, Reader, SliceReader, Writer};
use proptest::prelude::*;

use crate::texts::{adversarial, mixed, near_valid};
use crate::{compare, oracle};

/// All whole records of `text`, written.
fn copy(text: &[u8], capacity: usize) -> Vec<u8> {
    let mut writer = Writer::with_capacity(capacity, Vec::new());
    for record in SliceReader::new(text).map_while(Result::ok) {
        writer.write(&record).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn four_lines_that_end_in_lf_come_back_byte_by_byte() {
    let mut texts = adversarial();
    texts.push(mixed(50));
    for text in texts.iter().filter(|text| !text.contains(&b'\r') && oracle::parse(text).end.is_ok()) {
        let end = text.len() - text.iter().rev().take_while(|b| **b == b'\n').count();
        for capacity in [0, 1, 10, 100, 1 << 20] {
            let copied = copy(text, capacity);
            assert_eq!(&copied[..end], &text[..end]);
            assert!(copied[end..].iter().all(|b| *b == b'\n'));
        }
    }
}

/// A writer that drops the title, or repeats the header there, fails here.
#[test]
fn fault_12_the_title_after_plus_is_kept() {
    let text = b"@r1 x\nAC\n+r1 x\nII\n@r2\nA\n+other\nI\n@r3\nA\n+\nI\n@r4\r\nA\r\n+r4\r\nI\r\n";
    assert_eq!(copy(text, 100), b"@r1 x\nAC\n+r1 x\nII\n@r2\nA\n+other\nI\n@r3\nA\n+\nI\n@r4\nA\n+r4\nI\n");
}

/// A writer that skips records without bases, or writes three lines, fails here.
#[test]
fn fault_13_empty_reads_round_trip() {
    let text = b"@a\n\n+\n\n@b\n\n+\n\n@\nA\n+\n@\n";
    assert_eq!(copy(text, 100), text);
    assert_eq!(copy(b"@a\n\n+\n", 100), b"@a\n\n+\n\n", "the lost line end is put back");
}

#[test]
fn a_final_newline_is_put_where_it_is_missing() {
    for text in [&b"@a\nAC\n+\nII"[..], b"@a\nAC\n+\nII\r", b"@a\r\nAC\r\n+\r\nII\r", b"@a\r\nAC\r\n+\r\nII\r\n"] {
        assert_eq!(copy(text, 100), b"@a\nAC\n+\nII\n");
    }
}

/// A record that a naive writer makes unreadable: LF after the quality would take its last CR away.
#[test]
fn a_line_whose_content_ends_in_cr_keeps_it() {
    let text = b"@a\r\r\nACG\n+t\r\r\nII\r\r\n@b\nAC\r\r\n+\nIII\n";
    let copied = copy(text, 100);
    assert_eq!(copied, b"@a\r\r\nACG\n+t\r\r\nII\r\r\n@b\nAC\r\r\n+\nIII\n");
    compare::slice(&copied, SliceReader::new(&copied), &oracle::parse(text));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is written is read back as it was, and written again as it is.
    #[test]
    fn written_records_are_read_back(text in near_valid(), capacity in prop_oneof![0..50_usize, 100..2000_usize]) {
        let copied = copy(&text, capacity);
        let (before, after) = (oracle::parse(&text), oracle::parse(&copied));
        prop_assert!(after.end.is_ok());
        prop_assert_eq!(before.records.len(), after.records.len());
        for (a, b) in before.records.iter().zip(&after.records) {
            prop_assert_eq!((a.head, a.seq, a.title, a.qual), (b.head, b.seq, b.title, b.qual));
        }
        prop_assert_eq!(copy(&copied, capacity), copied);
    }
}

#[test]
fn owned_records_and_parts() -> io::Result<()> {
    let owned = FastqRecord::new(b"a 1", b"AC", b"I@").unwrap();
    let mut writer = Writer::new(Vec::new());
    writer.write_owned(&owned)?;
    writer.write(&owned.as_record())?;
    writer.write_parts(b"b", b"", b"")?;
    assert_eq!(writer.buffered(), 33);
    assert!(writer.get_ref().is_empty());
    assert_eq!(writer.finish()?, b"@a 1\nAC\n+\nI@\n@a 1\nAC\n+\nI@\n@b\n\n+\n\n");
    Ok(())
}

#[test]
fn parts_that_would_not_be_read_back_are_refused() {
    let mut writer = Writer::new(Vec::new());
    let cases: [(&[u8], &[u8], &[u8], _); 7] = [
        (b"a", b"AC", b"I", InvalidRecord::UnequalLengths { seq: 2, qual: 1 }),
        (b"a", b"@C", b"II", InvalidRecord::SequenceStartsWithAt),
        (b"a\nb", b"A", b"I", InvalidRecord::LineEnd),
        (b"a\r", b"A", b"I", InvalidRecord::LineEnd),
        (b"a", b"A\n", b"II", InvalidRecord::LineEnd),
        (b"a", b"AC", b"I\n", InvalidRecord::LineEnd),
        (b"a", b"AC", b"I\r", InvalidRecord::LineEnd),
    ];
    for (head, seq, qual, expected) in cases {
        let error = writer.write_parts(head, seq, qual).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let invalid = error.get_ref().and_then(|e| e.downcast_ref::<InvalidRecord>());
        assert_eq!(invalid, Some(&expected));
        assert_eq!(FastqRecord::new(head, seq, qual).unwrap_err(), expected);
    }
    assert_eq!(writer.finish().unwrap(), b"");
}

/// The bytes of a record as they are would run together with those of the next, or mix line ends.
#[test]
fn a_record_appended_is_one_written() -> Result<(), Box<dyn std::error::Error>> {
    for text in
        [&b"@a 1\nAC\n+\nII\n"[..], b"@a\r\nAC\r\n+a\r\nII\r\n", b"@a\nAC\n+\nII", b"@a\r\r\nA\n+\nI\n", b"@\n\n+\n\n"]
    {
        let mut reader = SliceReader::new(text);
        let record = reader.next_record()?.ok_or("a record")?;
        let (mut writer, mut out) = (Writer::new(Vec::new()), Vec::new());
        for _ in 0..2 {
            writer.write(&record)?;
            record.append_to(&mut out);
        }
        assert_eq!(out, writer.finish()?);
        for read in SliceReader::new(&out) {
            assert_eq!(read?, record);
        }
    }
    Ok(())
}

#[test]
fn a_trimmed_record_is_appended_whole_or_refused() -> Result<(), Box<dyn std::error::Error>> {
    let mut reader = SliceReader::new(b"@a b\r\nAC@T\r\n+a b\r\nI\rJK\r\n");
    let record = reader.next_record()?.ok_or("a record")?;
    let mut out = b"kept".to_vec();
    record.append_range_to(1..4, &mut out)?;
    record.append_range_to(4..4, &mut out)?;
    assert_eq!(out, b"kept@a b\nC@T\n+\n\rJK\n@a b\n\n+\n\n");
    assert_eq!(record.append_range_to(2..4, &mut out), Err(InvalidRecord::SequenceStartsWithAt));
    assert_eq!(record.append_range_to(0..2, &mut out), Err(InvalidRecord::LineEnd));
    assert!(out.ends_with(b"+\n\n"), "nothing of a refused record");
    Ok(())
}

/// Takes a few bytes at a time and has trouble in between, and afterwards takes all.
struct Picky {
    taken: Vec<u8>,
    calls: usize,
    trouble: io::ErrorKind,
}

impl Write for Picky {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(3) {
            return Err(self.trouble.into());
        }
        let n = buf.len().min(7);
        self.taken.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.calls += 1;
        if self.calls.is_multiple_of(2) { Err(self.trouble.into()) } else { Ok(()) }
    }
}

/// With `write_all` on the destination, repeating a call doubles what it had written before its error.
#[test]
fn a_call_that_failed_is_repeated_without_loss_or_double() {
    let text = mixed(40);
    for trouble in [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted, io::ErrorKind::StorageFull] {
        for capacity in [0, 50, 5000] {
            let mut writer = Writer::with_capacity(capacity, Picky { taken: Vec::new(), calls: 0, trouble });
            let mut errors = 0;
            let mut until_ok = |call: &mut dyn FnMut() -> io::Result<()>| {
                while let Err(e) = call() {
                    assert_eq!(e.kind(), trouble);
                    errors += 1;
                }
            };
            for record in SliceReader::new(&text).map(Result::unwrap) {
                until_ok(&mut || writer.write(&record));
            }
            until_ok(&mut || writer.flush());
            assert_eq!(writer.get_ref().taken, copy(&text, 0), "{trouble:?}");
            assert_eq!(errors > 0, trouble != io::ErrorKind::Interrupted);
        }
    }
}

struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.0 {
            io::ErrorKind::WriteZero => Ok(0),
            io::ErrorKind::InvalidData => Ok(buf.len() + 1),
            kind => Err(kind.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// With a `BufWriter` that is dropped, the disk is full and nobody knows.
#[test]
fn fault_75_finish_reports_every_error() {
    for kind in [io::ErrorKind::StorageFull, io::ErrorKind::WriteZero, io::ErrorKind::InvalidData] {
        let mut writer = Writer::new(Broken(kind));
        writer.write_parts(b"a", b"A", b"I").unwrap();
        assert_eq!(writer.finish().err().map(|e| e.kind()), Some(kind));
    }
    struct FlushFails;
    impl Write for FlushFails {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            Ok(buf.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }
    assert!(Writer::new(FlushFails).finish().is_err());
    #[cfg(target_os = "linux")]
    if let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") {
        let mut writer = Writer::new(full);
        writer.write_parts(b"a", b"A", b"I").unwrap();
        assert_eq!(writer.finish().err().map(|e| e.kind()), Some(io::ErrorKind::StorageFull));
    }
}

#[test]
fn a_writer_that_is_dropped_writes_what_it_holds() {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    writer.write_parts(b"a", b"A", b"I").unwrap();
    drop(writer);
    assert_eq!(out, b"@a\nA\n+\nI\n");
}

/// A drop that writes while the destination is in an unknown state doubles bytes, or panics in a panic.
#[test]
fn a_destination_that_panics_is_not_called_again() {
    struct Panics<'a>(&'a std::cell::Cell<u32>);
    impl Write for Panics<'_> {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0.set(self.0.get() + 1);
            panic!("the destination panics")
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let calls = std::cell::Cell::new(0);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut writer = Writer::new(Panics(&calls));
        writer.write_parts(b"a", b"A", b"I").unwrap();
        writer.finish().map(drop)
    }));
    assert!(result.is_err());
    assert_eq!(calls.get(), 1);
}

#[test]
fn one_write_for_many_records() {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            Ok(buf.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let text = mixed(1000);
    for (capacity, most) in [(0, 1000), (1 << 20, 1)] {
        let mut writer = Writer::with_capacity(capacity, Count(0));
        let mut reader = Reader::new(&text[..]);
        while let Some(record) = reader.next_record().unwrap() {
            writer.write(&record).unwrap();
        }
        assert_eq!(writer.finish().unwrap().0, most);
    }
}
