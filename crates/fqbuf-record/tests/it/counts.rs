//! Counts of records, by the names that users call.

use fqbuf_benches::{Kind, Size, to_vec};
use fqbuf_record::{FastqRecord, PairedReader, RecordBuffer, RefRecord, SliceReader};

/// What is counted of a record: as a record does it, and as a loop does it.
fn both_ways(record: &RefRecord<'_>) -> [(usize, i64, Option<f64>); 2] {
    let gc = record.seq().iter().filter(|base| b"GCgc".contains(base)).count();
    let sum: i64 = record.qual().iter().map(|&quality| i64::from(quality) - 33).sum();
    let mean = (!record.is_empty()).then(|| sum as f64 / record.len() as f64);
    [(record.gc_count(), record.quality_sum(), record.mean_quality()), (gc, sum, mean)]
}

#[test]
fn records_of_every_kind_count_what_a_loop_counts() {
    for kind in [Kind::Illumina, Kind::Trimmed, Kind::Long] {
        let (data, totals) = to_vec(kind, 3, Size::Bytes(400_000));
        let mut reader = SliceReader::new(&data);
        let mut records = 0;
        while let Some(record) = reader.next_record().unwrap() {
            let [counted, expected] = both_ways(&record);
            assert_eq!(counted, expected, "{record:?}");
            let owned = FastqRecord::from(record);
            assert_eq!((owned.gc_count(), owned.quality_sum(), owned.mean_quality()), expected, "{record:?}");
            records += 1;
        }
        assert_eq!(records, totals.records);
    }
}

#[test]
fn records_of_batches_and_pairs_count_as_well() {
    let (data, totals) = to_vec(Kind::Interleaved, 3, Size::Bytes(100_000));
    let mut batch = RecordBuffer::new(usize::MAX);
    assert_eq!(fqbuf_record::Reader::new(&data[..]).read_batch(&mut batch).unwrap() as u64, totals.records);
    let mut pairs = PairedReader::interleaved(fqbuf_record::Reader::new(&data[..]));
    let mut records = batch.iter();
    while let Some((first, second)) = pairs.next_pair().unwrap() {
        for mate in [first, second] {
            let record = records.next().expect("as many as pairs have mates");
            assert_eq!(both_ways(&record)[0], both_ways(&mate)[1]);
        }
    }
    assert!(records.next().is_none());
}

#[test]
fn an_empty_read_has_no_mean_quality() {
    let record = FastqRecord::new(b"r1", b"", b"").unwrap();
    assert_eq!((record.gc_count(), record.quality_sum(), record.mean_quality()), (0, 0, None));
}

#[test]
fn only_g_and_c_count_in_either_case() {
    let all: Vec<u8> = (b' '..=b'~').filter(|byte| *byte != b'@').collect();
    let record = FastqRecord::new(b"r1", &all, &all).unwrap();
    assert_eq!(record.gc_count(), 4);
}

#[test]
fn bytes_below_the_first_score_count_below_zero() {
    let record = FastqRecord::new(b"r1", b"ACG", b"  \0").unwrap();
    assert_eq!(record.quality_sum(), -1 - 1 - 33);
    assert_eq!(record.mean_quality(), Some(-35.0 / 3.0));
}
