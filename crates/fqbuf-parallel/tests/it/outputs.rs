//! What is put out and for whom: several writers, and calls that end badly.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use fqbuf_parallel::{Error, Input, Outputs, Pipeline};
use fqbuf_record::{RefRecord, SliceReader};
use rstest::rstest;

use crate::shutdown::{number_of, numbered};
use crate::support::*;

const WRITERS: usize = 5;

/// Puts a record to the writer that its length says, in two pieces, around one for the last writer, and a few of no bytes.
fn deal(record: &RefRecord<'_>, out: &mut Outputs<'_>) {
    let at = record.len() % (WRITERS - 1);
    out.to(at).extend_from_slice(record.id());
    out.to(at).push(b' ');
    out.to(WRITERS - 1).extend_from_slice(record.seq());
    out.to(0);
    out.to(1);
    out.to(at).extend_from_slice(record.qual());
}

#[rstest]
fn each_writer_gets_its_pieces_in_order(#[values(1, 2, 4)] threads: usize, #[values(false, true)] in_place: bool) {
    let data = reads(11, 3000, 200);
    let mut expected = vec![Vec::new(); WRITERS];
    for record in SliceReader::new(&data) {
        let record = record.unwrap();
        let own = &mut expected[record.len() % (WRITERS - 1)];
        own.extend_from_slice(&[record.id(), b" ", record.qual()].concat());
        expected[WRITERS - 1].extend_from_slice(record.seq());
    }
    let mut writers = vec![Vec::new(); WRITERS];
    let pipeline = Pipeline::new().threads(threads).block_size(4096);
    let run = if in_place { pipeline.slice(&data) } else { pipeline.reader(&data[..]) };
    let done = watched(60, || run.map_ordered_to(&mut writers, || (), |(), record, out| deal(&record, out))).unwrap();
    assert_eq!(done.summary.records, 3000);
    assert!(writers == expected);
}

#[rstest]
fn mates_go_to_two_files(#[values(1, 3)] threads: usize) {
    let (first, second) = pairs(5, 2000, 150);
    let mut files = [Vec::new(), Vec::new()];
    let run = Pipeline::new().threads(threads).block_size(4096).paired(Input::slice(&first), Input::slice(&second));
    let each = |(): &mut (), pair: fqbuf_parallel::Pair<'_>, out: &mut Outputs<'_>| {
        pair.first.append_to(out.to(0));
        pair.second.append_to(out.to(1));
    };
    watched(60, || run.unwrap().map_ordered_to(&mut files, || (), each)).unwrap();
    let copied = |data: &[u8]| {
        let mut out = Vec::new();
        SliceReader::new(data).for_each(|record| record.unwrap().append_to(&mut out));
        out
    };
    assert!(files == [copied(&first), copied(&second)]);
}

/// A record that is half put out when its closure fails is no output: what is written ends with the record before.
#[rstest]
fn nothing_of_a_failing_call_is_written(
    #[values(1, 2, 4)] threads: usize,
    #[values(false, true)] panics: bool,
    #[values(0, 31, 32, 500)] bad: usize,
) {
    let data = numbered(1000);
    let fails = |record: &RefRecord<'_>| -> Result<(), io::Error> {
        match number_of(record.id()) == bad {
            true if panics => resume_unwind(Box::new("bad")),
            true => Err(io::Error::other("bad")),
            false => Ok(()),
        }
    };
    let pipeline = Pipeline::new().threads(threads).block_size(4096);
    let mut one = Vec::new();
    let ended = watched(60, || {
        catch_unwind(AssertUnwindSafe(|| {
            pipeline.slice(&data).map_ordered(
                &mut one,
                || (),
                |(), record, out| {
                    out.extend_from_slice(record.id());
                    fails(&record)?;
                    out.push(b'\n');
                    Ok::<_, io::Error>(())
                },
            )
        }))
    });
    assert_eq!(ended.is_err(), panics);
    assert!(panics || matches!(ended, Ok(Err(Error::Closure(_)))));
    let expected: String = (0..bad).map(|number| format!("{number:06}\n")).collect();
    assert_eq!(String::from_utf8(one).unwrap(), expected);

    let mut two = [Vec::new(), Vec::new()];
    let ended = watched(60, || {
        catch_unwind(AssertUnwindSafe(|| {
            pipeline.slice(&data).map_ordered_to(
                &mut two,
                || (),
                |(), record, out| {
                    out.to(0).extend_from_slice(record.id());
                    out.to(1).extend_from_slice(record.id());
                    fails(&record)?;
                    out.to(0).push(b'\n');
                    out.to(1).push(b'\n');
                    Ok::<_, io::Error>(())
                },
            )
        }))
    });
    assert_eq!(ended.is_err(), panics);
    for written in two {
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}

/// Takes so many bytes, then fails.
struct Short(Vec<u8>, usize);

impl Write for Short {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let n = data.len().min(self.1 - self.0.len());
        if n == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend_from_slice(&data[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[rstest]
fn one_full_disk_of_several_ends_the_run(#[values(1, 3)] threads: usize) {
    let data = numbered(1000);
    let mut writers = [Short(Vec::new(), usize::MAX), Short(Vec::new(), 6 * 300 + 3)];
    let run = Pipeline::new().threads(threads).block_size(4096).slice(&data);
    let result = watched(60, || {
        run.map_ordered_to(
            &mut writers,
            || (),
            |(), record, out| {
                out.to(0).extend_from_slice(record.id());
                out.to(1).extend_from_slice(record.id());
            },
        )
    });
    assert!(matches!(&result, Err(Error::Output(e)) if e.kind() == io::ErrorKind::StorageFull), "{result:?}");
    let all: String = (0..1000).map(|number| format!("{number:06}")).collect();
    assert!(writers.iter().all(|writer| all.as_bytes().starts_with(&writer.0)));
    assert_eq!(writers[0].0.len(), 6 * 301, "the other one has what comes before");
}

#[test]
fn a_writer_that_is_not_there_is_told() {
    let data = numbered(1);
    let run = Pipeline::new().threads(1).slice(&data);
    let each = |(): &mut (), _: RefRecord<'_>, out: &mut Outputs<'_>| out.to(2).push(b'x');
    let panic = catch_unwind(AssertUnwindSafe(|| run.map_ordered_to(&mut [Vec::new(), Vec::new()], || (), each)));
    let said = panic.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(*said, "no writer at index 2: there are 2");
}

/// A buffer that was emptied would take other records' output with it.
#[rstest]
fn output_of_others_that_is_taken_away_is_told(#[values(1, 3)] threads: usize) {
    let data = numbered(100);
    let run = Pipeline::new().threads(threads).block_size(4096).slice(&data);
    let mut out = Vec::new();
    let each = |(): &mut (), record: RefRecord<'_>, out: &mut Vec<u8>| {
        if number_of(record.id()) == 70 {
            out.clear();
        }
        out.extend_from_slice(record.id());
    };
    let panic = watched(60, || catch_unwind(AssertUnwindSafe(|| run.map_ordered(&mut out, || (), each))));
    assert!(panic.expect_err("a panic").downcast_ref::<&str>().expect("a text").contains("taken away"));
    // What comes before; what is left of the block is nobody's.
    let expected: String = (0..70).map(|number| format!("{number:06}")).collect();
    assert!(!out.is_empty() && expected.as_bytes().starts_with(&out), "{out:?}");
}

/// A buffer that was emptied would give the writers each other's bytes.
#[test]
fn output_that_is_taken_away_is_told() {
    let data = numbered(2);
    let run = Pipeline::new().threads(1).slice(&data);
    let each = |(): &mut (), _: RefRecord<'_>, out: &mut Outputs<'_>| out.to(0).clear();
    let panic = catch_unwind(AssertUnwindSafe(|| run.map_ordered_to(&mut [Vec::new()], || (), each)));
    assert!(panic.unwrap_err().downcast_ref::<&str>().unwrap().contains("taken away"));
}
