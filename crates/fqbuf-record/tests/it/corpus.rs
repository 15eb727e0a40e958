//! Real files, where they are present: a manifest with counts, sums and fault lines beside the checkout.

use std::io::Write;
use std::path::PathBuf;

use fqbuf_record::{Checks, Reader};

use crate::conformance::read;

/// The folder of the manifest, from `FQBUF_CORPUS` or beside the workspace.
fn folder() -> Option<PathBuf> {
    let folder = match std::env::var_os("FQBUF_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
    };
    folder.join("MANIFEST.tsv").is_file().then_some(folder)
}

struct Row {
    path: String,
    class: String,
    /// Records, bases, and the sum of qualities where it is known.
    sums: Option<(u64, u64)>,
    qualsum: Option<u64>,
    fault_line: Option<u64>,
    before_fault: Option<u64>,
}

/// The rows of plain files.
fn rows(manifest: &str) -> Vec<Row> {
    let mut lines = manifest.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let rows = lines.map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |name: &str| {
            let at = names.iter().position(|n| *n == name).unwrap_or_else(|| panic!("no column {name}"));
            fields.get(at).copied().unwrap_or_default().to_owned()
        };
        let number = |name: &str| field(name).parse::<u64>().ok();
        let row = Row {
            path: field("path"),
            class: field("class"),
            sums: number("records").zip(number("bases")),
            qualsum: number("qualsum"),
            fault_line: number("fault_line"),
            before_fault: number("records_before_fault"),
        };
        (field("container") == "plain").then_some(row)
    });
    rows.flatten().collect()
}

#[test]
fn every_plain_file_of_the_corpus() {
    let Some(folder) = folder() else {
        // Not by `eprintln!`, which is not shown of a test that passes.
        let note = "NOTE: no corpus of real files; FQBUF_CORPUS may name the folder of its MANIFEST.tsv";
        writeln!(std::io::stderr(), "{note}").unwrap();
        return;
    };
    let manifest = std::fs::read_to_string(folder.join("MANIFEST.tsv")).unwrap();
    let rows = rows(&manifest);
    assert!(rows.len() > 100, "{} plain rows", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let text = std::fs::read(folder.join(&row.path)).unwrap();
        let strict = row.class == "invalid-content";
        for checks in [Checks::none(), Checks::strict()] {
            let result = read(Reader::builder().checks(checks).capacity(1), &text);
            let accept = match row.class.as_str() {
                "valid4" => true,
                "invalid-content" => checks == Checks::none(),
                "policy" => row.fault_line.is_none() || result.is_ok(),
                _ => false,
            };
            let agrees = match &result {
                Ok((records, bases, qualsum)) => {
                    accept
                        && row.sums == Some((*records, *bases))
                        && row.qualsum.is_none_or(|expected| expected == *qualsum)
                }
                Err((records, error)) => {
                    !accept
                        && row.fault_line.is_none_or(|line| line == error.position().line)
                        && (strict || row.before_fault.is_none_or(|before| before == *records))
                }
            };
            if !agrees {
                wrong.push(format!("{} ({}): {result:?}", row.path, row.class));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), 2 * rows.len());
}
