//! Compressed files that other tools made, where they are present; their table says what is in them.

use std::fs;
use std::path::{Path, PathBuf};

use fqbuf_stream::Format;

use crate::support::{WAYS, drain};

/// The corpus' folder: `FQBUF_CORPUS`, or beside the workspace.
fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("FQBUF_CORPUS").map_or(beside, PathBuf::from);
    folder.join("MANIFEST.tsv").is_file().then_some(folder)
}

#[test]
fn every_compressed_file_of_the_corpus_is_read_or_refused() {
    let Some(folder) = folder() else {
        eprintln!("NOT TESTED: no corpus in FQBUF_CORPUS or beside the workspace");
        return;
    };
    let table = fs::read_to_string(folder.join("MANIFEST.tsv")).expect("a table");
    let head: Vec<&str> = table.lines().next().expect("a head").split('\t').collect();
    let column = |name: &str| head.iter().position(|&c| c == name).expect("a column");
    let (path, container, class) = (column("path"), column("container"), column("class"));
    let mut seen = 0;
    for row in table.lines().skip(1) {
        let row: Vec<&str> = row.split('\t').collect();
        let file = folder.join(row[path]);
        let start = fs::read(&file).expect("a file");
        if !Format::from_start(&start).is_supported() {
            continue;
        }
        for way in WAYS {
            let out = drain(way.builder().open(&file).expect("opens"));
            let broken = matches!(row[class], "truncated" | "corrupt") || row[path].contains("trailing_text");
            let text = format!("{}: {:?}", row[path], out.error);
            if row[container] == "plain" {
                assert!(out.error.is_none() && out.bytes == start, "{text}");
            } else {
                assert_eq!(out.error.is_some(), broken, "{text}");
            }
            let lines = |records: &str| records.parse::<usize>().map(|n| 4 * n);
            if let (Ok(wanted), "valid4", false) = (lines(row[column("records")]), row[class], broken) {
                let ends = out.bytes.iter().filter(|&&b| b == b'\n').count();
                let blank = row[column("flags")].contains("trailing-blank-lines");
                assert!(blank || (wanted.saturating_sub(1)..=wanted).contains(&ends), "{text}: {ends} of {wanted}");
            }
        }
        seen += 1;
    }
    assert!(seen > 200, "{seen} files");
}
