//! The known faults of other tools, those of FAULTS.md: each has a test `fault_NN_…`, or a reason in the table of ARCHITECTURE.md why
//! it cannot happen here.

use std::{collections::BTreeSet, fs};

use super::Findings;
use crate::run::{Outcome, root};

pub(crate) fn check(findings: &mut Findings) -> Outcome {
    let mut known = BTreeSet::new();
    for path in super::source::rust_files(&root()) {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        known.extend(tested(&super::source::code_only(&text)));
    }
    let architecture = root().join("ARCHITECTURE.md");
    known.extend(argued(&fs::read_to_string(&architecture).unwrap_or_default()));
    let list = root().join("FAULTS.md");
    let listed = listed(&fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?);
    let told = |numbers: &mut dyn Iterator<Item = &u8>| numbers.map(u8::to_string).collect::<Vec<_>>().join(" ");
    let missing = told(&mut listed.difference(&known));
    if !missing.is_empty() {
        findings.add_file(&architecture, format!("faults without a test or a reason: {missing}"));
    }
    let unknown = told(&mut known.difference(&listed));
    if !unknown.is_empty() {
        findings.add_file(&list, format!("tests or reasons of faults that are not here: {unknown}"));
    }
    Ok(())
}

/// The numbers of the list.
pub(crate) fn listed(text: &str) -> BTreeSet<u8> {
    let numbers = text.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("** ")?.0.parse().ok());
    numbers.collect()
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
