//! Inputs at random that are nearly right, in any schedule, with any limit, against the oracle.

use fqbuf_record::{Alphabet, Checks, GrowthPolicy, Position, Reader, RecordBuffer, SliceReader};
use proptest::prelude::*;

use crate::exhaustive::deep;
use crate::sources::Chunks;
use crate::texts::near_valid;
use crate::{compare, oracle};

fn schedule() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1..5_usize, 1..300_usize, Just(usize::MAX)], 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if deep() { 200_000 } else { 1000 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slices(text in near_valid()) {
        compare::slice(&text, SliceReader::new(&text), &oracle::parse(&text));
    }

    #[test]
    fn streams(text in near_valid(), sizes in schedule(), limit in prop_oneof![Just(usize::MAX), 2..700_usize]) {
        let expected = oracle::parse_from(&text, Position::START, limit);
        let builder = Reader::builder().capacity(1).growth(GrowthPolicy::with_limit(limit));
        compare::reader(&text, builder.clone().build(Chunks::new(&text, &sizes)), &expected);
        compare::slice(&text, builder.build_slice(&text), &expected);
    }

    #[test]
    fn batches(text in near_valid(), sizes in schedule(), capacity in 1..5_usize, bytes in 0..3000_usize) {
        let expected = oracle::parse(&text);
        let longest = expected.records.iter().map(|rec| rec.bytes.len()).max().unwrap_or(0);
        let batch = RecordBuffer::with_byte_limit(capacity, bytes + longest + RecordBuffer::RECORD_OVERHEAD);
        let reader = Reader::builder().capacity(1).build(Chunks::new(&text, &sizes));
        compare::batches(&text, reader, batch, &expected);
    }

    #[test]
    fn skipping(text in near_valid(), sizes in schedule(), limit in prop_oneof![Just(usize::MAX), 2..700_usize]) {
        let expected = oracle::skip(&text, limit);
        let builder = Reader::builder().capacity(1).growth(GrowthPolicy::with_limit(limit)).skip_invalid(true);
        let mut reader = builder.clone().build(Chunks::new(&text, &sizes));
        let mut slice = builder.build_slice(&text);
        for rec in &expected.records {
            prop_assert_eq!(reader.position().record <= rec.position.record, true);
            compare::record(&text, &reader.next_record().unwrap().unwrap(), rec);
            compare::record(&text, &slice.next_record().unwrap().unwrap(), rec);
            // Where it began is known from where it ended.
            let end = rec.position.byte + rec.bytes.len() as u64;
            let after = Position { record: rec.position.record + 1, line: rec.position.line + 4, byte: end };
            prop_assert_eq!(reader.position(), after);
            prop_assert_eq!(slice.position(), after);
        }
        prop_assert!(reader.next_record().unwrap().is_none());
        prop_assert!(slice.next_record().unwrap().is_none());
        for skipped in [reader.skipped(), slice.skipped()] {
            prop_assert_eq!((skipped.records, skipped.bytes), expected.skipped);
        }
    }
    /// Who tells each bad record sees the same records as who has them skipped, and every place once.
    #[test]
    fn skipping_by_hand(text in near_valid(), sizes in schedule(), limit in prop_oneof![Just(usize::MAX), 2..700_usize]) {
        let expected = oracle::skip(&text, limit);
        let builder = Reader::builder().capacity(1).growth(GrowthPolicy::with_limit(limit));
        let mut reader = builder.clone().build(Chunks::new(&text, &sizes));
        let mut slice = builder.build_slice(&text);
        let (mut records, mut places) = (expected.records.iter(), expected.places.iter());
        let mut last = None;
        loop {
            match (reader.next_record(), slice.next_record()) {
                (Ok(Some(one)), Ok(Some(two))) => {
                    let rec = records.next().unwrap();
                    compare::record(&text, &one, rec);
                    compare::record(&text, &two, rec);
                    // An error from before is about nothing here.
                    prop_assert!(last.as_ref().is_none_or(|error| !reader.skip_invalid(error) && !slice.skip_invalid(error)));
                }
                (Ok(None), Ok(None)) => break,
                (Err(one), Err(two)) => {
                    let place = places.next().unwrap();
                    prop_assert_eq!((one.position(), two.position()), (*place, *place));
                    prop_assert!(reader.skip_invalid(&one) && slice.skip_invalid(&two));
                    prop_assert!(!reader.skip_invalid(&one) && !slice.skip_invalid(&two), "passed over once");
                    last = Some(one);
                }
                (one, two) => prop_assert!(false, "{:?} and {:?}", one, two),
            }
        }
        prop_assert!(records.next().is_none() && places.next().is_none());
        for skipped in [reader.skipped(), slice.skipped()] {
            prop_assert_eq!((skipped.records, skipped.bytes), expected.skipped);
        }
    }

    /// Checks take whole records out of a run that skips, and change nothing else. Red when the next record is searched for
    /// inside of one that is whole.
    #[test]
    fn skipping_by_checks(text in near_valid(), sizes in schedule(), limit in prop_oneof![Just(usize::MAX), 2..700_usize], bases: bool) {
        let checks = if bases { Checks::strict().alphabet(Alphabet::Iupac) } else { Checks::strict() };
        let mut expected = oracle::skip(&text, limit);
        expected.records.retain(|rec| {
            let good = Reader::builder().checks(checks).build_slice(rec.bytes).next_record().is_ok();
            if !good {
                expected.skipped.0 += 1;
                expected.skipped.1 += rec.bytes.len() as u64;
            }
            good
        });
        let builder = Reader::builder().capacity(1).growth(GrowthPolicy::with_limit(limit)).checks(checks);
        let builder = builder.skip_invalid(true);
        let mut reader = builder.clone().build(Chunks::new(&text, &sizes));
        let mut slice = builder.build_slice(&text);
        for rec in &expected.records {
            compare::record(&text, &reader.next_record().unwrap().unwrap(), rec);
            compare::record(&text, &slice.next_record().unwrap().unwrap(), rec);
            let end = rec.position.byte + rec.bytes.len() as u64;
            let after = Position { record: rec.position.record + 1, line: rec.position.line + 4, byte: end };
            prop_assert_eq!((reader.position(), slice.position()), (after, after));
        }
        prop_assert!(reader.next_record().unwrap().is_none());
        prop_assert!(slice.next_record().unwrap().is_none());
        for skipped in [reader.skipped(), slice.skipped()] {
            prop_assert_eq!((skipped.records, skipped.bytes), expected.skipped);
        }
    }

    /// The same of a batch that refuses records by their length.
    #[test]
    fn skipping_by_a_batch(text in near_valid(), sizes in schedule(), capacity in 1..5_usize, longest in 0..300_usize) {
        let mut expected = oracle::skip(&text, usize::MAX);
        expected.records.retain(|rec| {
            let good = rec.bytes.len() <= longest;
            if !good {
                expected.skipped.0 += 1;
                expected.skipped.1 += rec.bytes.len() as u64;
            }
            good
        });
        let mut batch = RecordBuffer::with_byte_limit(capacity, longest + RecordBuffer::RECORD_OVERHEAD);
        let mut reader = Reader::builder().capacity(1).skip_invalid(true).build(Chunks::new(&text, &sizes));
        let mut records = expected.records.iter();
        while reader.read_batch(&mut batch).unwrap() > 0 {
            for record in &batch {
                compare::record(&text, &record, records.next().unwrap());
            }
        }
        prop_assert!(records.next().is_none());
        prop_assert_eq!((reader.skipped().records, reader.skipped().bytes), expected.skipped);
    }
}
