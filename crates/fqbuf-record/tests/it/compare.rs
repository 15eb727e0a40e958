//! Readers held against the oracle, record by record.

use fqbuf_record::{GrowthPolicy, ParseError, QualityLength, Reader, RecordBuffer, RefRecord, SliceReader, Source};

use crate::oracle::{self, Bad, Outcome, Rec};

/// Panics, and shows the input, when the condition does not hold.
macro_rules! hold {
    ($condition:expr, $input:expr, $($what:tt)*) => {
        if !$condition {
            panic!("{} in {:?}", format_args!($($what)*), $input.escape_ascii().to_string());
        }
    };
}
pub(crate) use hold;

pub(crate) fn record(input: &[u8], got: &RefRecord<'_>, expected: &Rec<'_>) {
    let id = expected.head.split(|b| *b == b' ' || *b == b'\t').next().unwrap();
    let description = expected.head.get(id.len() + 1..);
    hold!(got.head() == expected.head, input, "head of {expected:?}: {got:?}");
    hold!(got.id() == id && got.description() == description, input, "id of {expected:?}: {got:?}");
    hold!(got.seq() == expected.seq, input, "sequence of {expected:?}: {got:?}");
    hold!(got.qual() == expected.qual, input, "quality of {expected:?}: {got:?}");
    hold!(got.title() == expected.title, input, "title of {expected:?}: {:?}", got.title());
    hold!(got.as_bytes() == expected.bytes, input, "bytes of {expected:?}: {:?}", got.as_bytes());
    hold!(got.len() == expected.seq.len() && got.is_empty() == expected.seq.is_empty(), input, "length");
    let plain = [&b"@"[..], got.head(), b"\n", got.seq(), b"\n+", got.title(), b"\n", got.qual(), b"\n"].concat();
    hold!(got.has_plain_line_ends() == (plain == got.as_bytes()), input, "plain line ends of {expected:?}");
}

pub(crate) fn error(input: &[u8], got: &ParseError, expected: &Bad<'_>) {
    hold!(format!("{:?}", got.kind()) == format!("{:?}", expected.kind), input, "{got:?}, not {expected:?}");
    hold!(got.position() == expected.position, input, "place of {got:?}, not {expected:?}");
    hold!(got.id() == expected.id, input, "id of {got:?}, not {expected:?}");
    hold!(got.is_format(), input, "{got:?} is the input's fault");
}

/// From a slice, through a small buffer, and with the length of qualities trusted.
pub(crate) fn every_way(text: &[u8]) {
    let expected = oracle::parse(text);
    slice(text, SliceReader::new(text), &expected);
    reader(text, Reader::builder().capacity(1 << 14).build(text), &expected);
    let trusting = Reader::builder().growth(GrowthPolicy::unlimited()).quality_length(QualityLength::Trusted);
    slice(text, trusting.build_slice(text), &oracle::parse_trusting(text, usize::MAX));
}

/// What a reader has given where a record is expected.
fn next(input: &[u8], got: Result<Option<RefRecord<'_>>, ParseError>, expected: &Rec<'_>) {
    match got {
        Ok(Some(got)) => record(input, &got, expected),
        other => panic!("{other:?} instead of {expected:?} in {:?}", input.escape_ascii().to_string()),
    }
}

/// The same behind the last record.
fn end(input: &[u8], got: Result<Option<RefRecord<'_>>, ParseError>, expected: &Outcome<'_>) {
    match (got, &expected.end) {
        (Ok(None), Ok(())) => {}
        (Err(got), Err(bad)) => error(input, &got, bad),
        (got, expected) => panic!("{got:?} instead of {expected:?} in {:?}", input.escape_ascii().to_string()),
    }
}

/// Reads all, compares all, and asks twice at the end.
pub(crate) fn reader<S: Source>(input: &[u8], mut reader: Reader<S>, expected: &Outcome<'_>) {
    for rec in &expected.records {
        hold!(reader.position() == rec.position, input, "{:?}, not {:?}", reader.position(), rec.position);
        next(input, reader.next_record(), rec);
    }
    for _ in 0..2 {
        end(input, reader.next_record(), expected);
    }
    hold!(reader.skipped() == Default::default(), input, "nothing was to be skipped");
    if let Err(bad) = &expected.end {
        hold!(reader.position() == bad.record, input, "{:?}, not {:?}", reader.position(), bad.record);
    }
}

pub(crate) fn slice(input: &[u8], mut reader: SliceReader<'_>, expected: &Outcome<'_>) {
    for rec in &expected.records {
        let (place, at) = (reader.position(), reader.consumed());
        hold!(place == rec.position && at as u64 == place.byte, input, "{place:?}, not {:?}", rec.position);
        next(input, reader.next_record(), rec);
    }
    for _ in 0..2 {
        end(input, reader.next_record(), expected);
    }
    if expected.end.is_ok() {
        hold!(reader.consumed() == input.len(), input, "all bytes are accounted for");
    }
}

/// Reads all in batches.
pub(crate) fn batches<S: Source>(input: &[u8], mut reader: Reader<S>, mut batch: RecordBuffer, expected: &Outcome<'_>) {
    let mut at = 0;
    loop {
        let result = reader.read_batch(&mut batch);
        for got in &batch {
            hold!(at < expected.records.len(), input, "{got:?} instead of the end");
            record(input, &got, &expected.records[at]);
            at += 1;
        }
        match result {
            Ok(0) => break hold!(expected.end.is_ok(), input, "an end instead of {:?}", expected.end),
            Ok(n) => hold!(n == batch.len() && n <= batch.capacity(), input, "{n} records"),
            Err(got) => match &expected.end {
                Err(bad) => break error(input, &got, bad),
                Ok(()) => panic!("{got:?} in {:?}", input.escape_ascii().to_string()),
            },
        }
        let next = expected.records.get(at).map(|rec| rec.position);
        hold!(next.is_none_or(|place| place == reader.position()), input, "{:?} after a batch", reader.position());
    }
    hold!(at == expected.records.len(), input, "{at} records of {}", expected.records.len());
}
