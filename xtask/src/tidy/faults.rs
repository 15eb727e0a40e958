//! The known faults of other tools: each has a test `fault_NN_…`, or a reason in the table of ARCHITECTURE.md why it cannot
//! happen here.

use std::{collections::BTreeSet, fs};

use super::Findings;
use crate::run::{Outcome, root};

/// Faults are numbered from 1 to this.
const FAULTS: u8 = 80;

pub(crate) fn check(findings: &mut Findings) -> Outcome {
    let mut known = BTreeSet::new();
    for path in super::source::rust_files(&root()) {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        known.extend(tested(&super::source::code_only(&text)));
    }
    let architecture = root().join("ARCHITECTURE.md");
    known.extend(argued(&fs::read_to_string(&architecture).unwrap_or_default()));
    let missing: Vec<String> = (1..=FAULTS).filter(|n| !known.contains(n)).map(|n| n.to_string()).collect();
    if !missing.is_empty() {
        let message = format!("faults without a test or a reason: {}", missing.join(" "));
        findings.add_file(&architecture, message);
    }
    Ok(())
}

/// The numbers of the tests in code.
pub(crate) fn tested(code: &str) -> Vec<u8> {
    let numbers = code.split("fn fault_").skip(1);
    numbers.filter_map(|rest| rest.split('_').next()?.parse().ok()).collect()
}

/// The numbers that begin a row of a table, with something in the row.
pub(crate) fn argued(text: &str) -> Vec<u8> {
    let rows = text.lines().filter_map(|line| line.trim().strip_prefix('|'));
    rows.filter_map(|row| {
        let (number, reason) = row.split_once('|')?;
        let reason = reason.trim_matches(['|', ' ', '-']);
        number.trim().trim_matches('*').parse().ok().filter(|_| !reason.is_empty())
    })
    .collect()
}
