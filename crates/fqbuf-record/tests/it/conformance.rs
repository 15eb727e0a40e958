//! The table of small inputs of every class that the workspace shares, with the outcome of each.

use fqbuf_benches::{Case, Check, FaultKind, conformance};
use fqbuf_record::{Alphabet, Checks, ParseError, ParseErrorKind, Reader, ReaderBuilder};

/// Records, bases and sum of qualities; or how many records were delivered before the error.
pub(crate) fn read(builder: ReaderBuilder, text: &[u8]) -> Result<(u64, u64, u64), (u64, ParseError)> {
    let mut sums = (0, 0, 0_u64);
    let mut reader = builder.build(text);
    loop {
        match reader.next_record() {
            Ok(Some(record)) => {
                sums.0 += 1;
                sums.1 += record.len() as u64;
                for quality in record.qual() {
                    sums.2 = sums.2.wrapping_add(u64::from(*quality)).wrapping_sub(33);
                }
            }
            Ok(None) => return Ok(sums),
            Err(error) => return Err((sums.0, error)),
        }
    }
}

fn kind(error: &ParseError) -> Option<FaultKind> {
    Some(match error.kind() {
        ParseErrorKind::MissingAt { .. } => FaultKind::Header,
        ParseErrorKind::BlankLine => FaultKind::Blank,
        ParseErrorKind::SequenceStartsWithAt => FaultKind::SequenceAt,
        ParseErrorKind::MissingPlus { .. } => FaultKind::Plus,
        ParseErrorKind::UnequalLengths { .. } => FaultKind::Lengths,
        ParseErrorKind::Truncated { .. } => FaultKind::Truncated,
        _ => return None,
    })
}

/// What differs from the table, in words.
fn difference(case: &Case, builder: ReaderBuilder) -> Option<String> {
    match (read(builder, &case.bytes), &case.expected) {
        (Ok(sums), Ok(expected)) if sums == *expected => None,
        (Err((records, error)), Err(fault)) => {
            let place = error.position();
            let same = kind(&error) == Some(fault.kind)
                && (place.record, place.line, place.byte) == (fault.record, fault.line, fault.byte)
                && records == case.records_delivered();
            (!same).then(|| format!("{error:?} after {records} records, not {fault:?}"))
        }
        (got, expected) => Some(format!("{got:?}, not {expected:?}")),
    }
}

#[test]
fn every_row_agrees() {
    let rows = conformance();
    assert!(rows.len() > 100);
    let builder = Reader::builder().capacity(1);
    let wrong: Vec<String> =
        rows.iter().filter_map(|case| Some(format!("{}: {}", case.name, difference(case, builder.clone())?))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_row_that_a_check_refuses_is_refused_by_it() {
    for case in conformance() {
        let check = |check| match check {
            Check::Quality => Checks::none().quality_range(b'!'..=b'~'),
            Check::PlusTitle => Checks::none().title(true),
            Check::Bases => Checks::none().alphabet(Alphabet::Graphic),
        };
        if let Some((refused_by, line)) = case.refused_by {
            for checks in [check(refused_by), Checks::strict()] {
                let result = read(Reader::builder().checks(checks), &case.bytes);
                let Err((_, error)) = result else { panic!("{} is accepted", case.name) };
                // All checks together may find a fault in a line before.
                let place = error.position().line;
                assert!(place == line || (checks == Checks::strict() && place < line), "{}: {error}", case.name);
            }
        } else if case.expected.is_ok() {
            assert!(read(Reader::builder().checks(Checks::strict()), &case.bytes).is_ok(), "{}", case.name);
        }
    }
}
