//! Batches: bounded in records and bytes, nothing lost at their edges.

use fqbuf_record::{FastqRecord, ParseError, ParseErrorKind, Reader, RecordBuffer, SliceReader};

use crate::texts::mixed;
use crate::{compare, oracle};

fn record(id: &str) -> FastqRecord {
    FastqRecord::new(id.as_bytes(), b"AC", b"II").unwrap()
}

/// A `Vec` of capacity 0 whose fullness is asked of its own capacity is never full, or grows for ever.
#[test]
fn a_capacity_of_nothing_holds_nothing() {
    let mut batch = RecordBuffer::new(0);
    assert!(batch.is_full() && batch.is_empty() && batch.capacity() == 0);
    assert!(!batch.push(record("a")));
    let back = batch.try_push(record("b")).unwrap_err();
    assert_eq!(back.id(), b"b", "the record is handed back");
    assert!(batch.drain().is_empty() && batch.iter().next().is_none());
    // Read into, it is an error, and not an end of input that nobody would question.
    let mut reader = Reader::new(&b"@a\nA\n+\nI\n"[..]);
    let error = reader.read_batch(&mut batch).unwrap_err();
    assert!(matches!(error.kind(), ParseErrorKind::NoCapacity));
    assert!(!error.is_format());
    assert!(reader.next_record().unwrap().is_some(), "the record is still there");
}

#[test]
fn a_capacity_of_one() -> Result<(), ParseError> {
    let text = mixed(20);
    let mut reader = Reader::new(&text[..]);
    let mut batch = RecordBuffer::new(1);
    for rec in &oracle::parse(&text).records {
        assert_eq!(reader.read_batch(&mut batch)?, 1);
        compare::record(&text, &batch.get(0).unwrap(), rec);
        assert!(batch.is_full() && batch.get(1).is_none());
    }
    assert_eq!(reader.read_batch(&mut batch)?, 0);
    assert!(batch.is_empty(), "cleared at the end, too");
    Ok(())
}

#[test]
fn pushed_records_are_the_same_records() {
    let text = mixed(30);
    let mut batch = RecordBuffer::new(30);
    for (i, record) in SliceReader::new(&text).map(Result::unwrap).enumerate() {
        assert!(if i % 2 == 0 { batch.push_ref(&record) } else { batch.push(record.into()) });
    }
    assert!(batch.is_full() && !batch.push(record("more")));
    assert_eq!(batch.byte_len(), text.len());
    let expected = oracle::parse(&text);
    assert_eq!(batch.iter().len(), 30);
    for (got, rec) in batch.iter().zip(&expected.records) {
        compare::record(&text, &got, rec);
    }
    let clone = batch.clone();
    let owned = batch.drain();
    assert!(batch.is_empty() && batch.byte_len() == 0);
    for ((got, rec), from_clone) in owned.iter().zip(&expected.records).zip(&clone) {
        compare::record(&text, &got.as_record(), rec);
        assert_eq!(got.as_record(), from_clone);
        assert_eq!(got, &got.detached());
    }
}

/// A batch by count alone takes any memory that the reads ask for.
#[test]
fn fault_78_a_batch_is_bounded_in_bytes() {
    let text = mixed(100);
    let expected = oracle::parse(&text);
    let longest = expected.records.iter().map(|rec| rec.bytes.len()).max().unwrap();
    let overhead = RecordBuffer::RECORD_OVERHEAD;
    for byte_limit in [longest + overhead, longest + overhead + 1, 1000] {
        let batch = RecordBuffer::with_byte_limit(usize::MAX, byte_limit);
        let mut reader = Reader::builder().capacity(1).build(&text[..]);
        let mut kept = batch.clone();
        while reader.read_batch(&mut kept).unwrap() > 0 {
            assert!(kept.byte_len() + kept.len() * overhead <= byte_limit);
        }
        compare::batches(&text, Reader::new(&text[..]), batch, &expected);
    }
    // A record that fits no batch is an error, after all records before it, and another batch can take it.
    let mut batch = RecordBuffer::with_byte_limit(100, longest + overhead - 1);
    let mut reader = Reader::new(&text[..]);
    let mut before = 0;
    let error = loop {
        match reader.read_batch(&mut batch) {
            Ok(n) => before += n,
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind(), ParseErrorKind::RecordTooLong { limit } if *limit == longest - 1));
    let rec = &expected.records[before];
    assert_eq!((rec.bytes.len(), error.position()), (longest, rec.position));
    assert!(batch.is_empty());
    compare::record(&text, &reader.next_record().unwrap().unwrap(), rec);
    // Pushed records meet the same bound.
    let mut batch = RecordBuffer::with_byte_limit(10, 25 + 2 * overhead);
    let pushed = ["a", "b", "c"].map(|id| batch.push(record(id)));
    assert_eq!((pushed, batch.len(), batch.is_full()), ([true, true, false], 2, false));
}

#[test]
fn an_error_keeps_the_records_before_it() {
    let text = [mixed(7), b"@bad\nAC\n+\nI\n".to_vec(), mixed(3)].concat();
    let mut reader = Reader::new(&text[..]);
    let mut batch = RecordBuffer::new(100);
    for n in [7, 0] {
        let error = reader.read_batch(&mut batch).unwrap_err();
        assert_eq!((error.position().record, error.id()), (8, Some(&b"bad"[..])));
        assert_eq!(batch.len(), n, "and the error comes again");
    }
    let mut reader = Reader::builder().skip_invalid(true).capacity(1).build(&text[..]);
    assert_eq!(reader.read_batch(&mut batch).unwrap(), 10);
    assert_eq!(reader.skipped().records, 1);
}

/// Red when the quality line of the record that is too long for the batch becomes a header.
#[test]
fn a_record_that_a_batch_refuses_is_skipped_as_it_stands() {
    let long = b"@r1\nACGTACGT\n+\n@r2_IIII\n";
    let text = [&long[..], b"GG\n+\nII\n@r3\nA\n+\nI\n"].concat();
    let mut batch = RecordBuffer::with_byte_limit(4, long.len() - 1 + RecordBuffer::RECORD_OVERHEAD);
    let mut reader = Reader::builder().skip_invalid(true).capacity(1).build(&text[..]);
    assert_eq!(reader.read_batch(&mut batch).unwrap(), 1);
    assert_eq!(batch.get(0).unwrap().id(), b"r3");
    assert_eq!((reader.skipped().records, reader.skipped().bytes), (2, long.len() as u64 + 8));
    // A larger batch takes it, and who reads one by one.
    let mut reader = Reader::builder().capacity(1).build(&text[..]);
    let error = reader.read_batch(&mut batch).unwrap_err();
    assert!(matches!(error.kind(), ParseErrorKind::RecordTooLong { .. }));
    assert_eq!(reader.next_record().unwrap().unwrap().id(), b"r1");
    assert!(!reader.skip_invalid(&error), "it was delivered");
}

#[test]
fn batches_and_single_records_may_be_mixed() {
    let text = mixed(60);
    let expected = oracle::parse(&text);
    let mut reader = Reader::builder().capacity(1).build(&text[..]);
    let mut batch = RecordBuffer::new(5);
    let mut at = 0;
    loop {
        match reader.next_record().unwrap() {
            Some(got) => compare::record(&text, &got, &expected.records[at]),
            None => break assert_eq!(at, 60),
        }
        at += 1;
        reader.read_batch(&mut batch).unwrap();
        for got in &batch {
            compare::record(&text, &got, &expected.records[at]);
            at += 1;
        }
    }
}

/// Records of one batch share memory; a clone costs no copy, and outlives the batch.
#[test]
fn owned_records_outlive_everything() {
    let text = mixed(10);
    let records = {
        let mut reader = Reader::new(&text[..]);
        let mut batch = RecordBuffer::new(10);
        reader.read_batch(&mut batch).unwrap();
        let records = batch.drain();
        let others = batch.drain();
        assert!(others.is_empty());
        records
    };
    let copies: Vec<FastqRecord> = records.iter().map(FastqRecord::detached).collect();
    assert_eq!(records, copies);
    assert_eq!(records[0].clone().seq().as_ptr(), records[0].seq().as_ptr());
    assert_ne!(copies[0].seq().as_ptr(), records[0].seq().as_ptr());
    fn sendable<T: Send + Sync + 'static>() {}
    sendable::<FastqRecord>();
    sendable::<RecordBuffer>();
    sendable::<Reader<std::fs::File>>();
    sendable::<ParseError>();
}
