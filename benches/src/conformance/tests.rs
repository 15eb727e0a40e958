//! The table against the oracle, and its own order.

use std::collections::BTreeSet;

use super::conformance;
use crate::{FaultKind, oracle};

#[test]
fn the_oracle_agrees_with_every_case() {
    for case in conformance() {
        let found = oracle(&case.bytes).map(|totals| (totals.records, totals.bases, totals.qualsum));
        assert_eq!(found, case.expected, "{}", case.name);
    }
}

#[test]
fn names_are_unique_and_plain() {
    let mut names = BTreeSet::new();
    for case in conformance() {
        assert!(names.insert(case.name), "{} twice", case.name);
        assert!(case.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", case.name);
    }
}

#[test]
fn every_kind_of_fault_has_a_case() {
    use FaultKind::{Blank, Header, Lengths, Plus, SequenceAt, Truncated};
    let kinds: BTreeSet<FaultKind> =
        conformance().iter().filter_map(|case| case.expected.err()).map(|f| f.kind).collect();
    assert_eq!(kinds, BTreeSet::from([Blank, Header, Lengths, Plus, SequenceAt, Truncated]));
}

#[test]
fn the_records_before_a_fault_are_good_by_themselves() {
    for case in conformance() {
        let Err(fault) = case.expected else { continue };
        let lines: Vec<&[u8]> = case.bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let before: Vec<u8> = lines[..4 * (fault.record as usize - 1)].concat();
        assert_eq!(oracle(&before).map(|totals| totals.records), Ok(case.records_delivered()), "{}", case.name);
    }
}

#[test]
fn only_accepted_cases_are_refused_by_a_check() {
    for case in conformance() {
        assert!(case.refused_by.is_none() || case.expected.is_ok(), "{}", case.name);
    }
}
