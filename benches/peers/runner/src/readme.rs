//! The table in the repository's README: some rows of this machine, and who is next.

use std::{fmt::Write, fs};

use crate::{
    Outcome,
    group::{Role, is_control},
    here,
    report::speed,
    results::Machine,
    round::{Line, Measured},
};

/// What stands before the table and behind it.
const BOUNDS: [&str; 2] = ["<!-- Written by `cargo xtask bench` from here -->\n", "<!-- to here -->\n"];

/// The README, and the copy of it that the facade crate has.
const FILES: [&str; 2] = ["../../README.md", "../../crates/fqbuf/README.md"];

/// A way of ours, and its peers, of which those that map their file are compared with one that does so too.
struct Pick {
    words: &'static str,
    group: &'static str,
    row: &'static str,
    way: &'static str,
}

const fn pick(words: &'static str, group: &'static str, row: &'static str, way: &'static str) -> Pick {
    Pick { words, group, row, way }
}

const MAPPED: &str = "fqbuf over a caller's map";

const PICKS: [Pick; 13] = [
    pick("150-base reads in memory, one thread", "record", "memory-short", "fqbuf"),
    pick("trimmed reads in memory", "record", "memory-trimmed", "fqbuf"),
    pick("long reads in memory", "record", "memory-long", "fqbuf"),
    pick("150-base reads from a cached file", "record", "file-short", "fqbuf"),
    pick("the same, mapped by the caller", "record", "file-short", MAPPED),
    pick("trimmed reads from a cached file", "record", "file-trimmed", "fqbuf"),
    pick("long reads from a cached file", "record", "file-long", "fqbuf"),
    pick(
        "150-base reads from a cached file, GC and mean quality of each, two threads",
        "parallel",
        "file-short",
        "fqbuf",
    ),
    pick("the same, mapped by the caller", "parallel", "file-short", MAPPED),
    pick("trimmed reads, the same, from a file", "parallel", "file-trimmed", "fqbuf"),
    pick("long reads, the same, from a file", "parallel", "file-long", "fqbuf"),
    pick("150-base reads counted, read ahead on a thread", "stream", "plain", "fqbuf"),
    pick("gzip decompressed and verified, one thread", "stream", "gzip", "fqbuf"),
];

/// Writes the table of this machine anew, if all its rows are kept.
///
/// # Errors
///
/// Where a README cannot be read or written, or has no place for the table.
pub(crate) fn render(this: &Machine) -> Outcome {
    let Some(table) = table(this) else { return Ok(()) };
    for file in FILES {
        let path = here().join(file);
        let failed = |why: String| format!("{}: {why}", path.display());
        let old = fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
        let new = replaced(&old, &table).ok_or_else(|| failed("no place for the table".to_owned()))?;
        fs::write(&path, new).map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}

/// The text with a table in its place; nothing where there is none.
fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BOUNDS[0])?;
    let (_, behind) = rest.split_once(BOUNDS[1])?;
    Some([before, BOUNDS[0], table, BOUNDS[1], behind].concat())
}

/// The table; nothing where a row is missing.
fn table(this: &Machine) -> Option<String> {
    let rows: Vec<(&Pick, &Measured)> =
        PICKS.iter().map(|pick| Some((pick, this.measured(pick.group, pick.row)?))).collect::<Option<_>>()?;
    let mut dates: Vec<&str> = rows.iter().map(|(_, measured)| measured.date.as_str()).collect();
    dates.sort_unstable();
    dates.dedup();
    let mut text = format!("\nGB/s, medians; {}; {}; `cargo xtask bench`:\n\n", this.description(), dates.join(", "));
    text.push_str("| | fqbuf | next | next, built for the one machine | limit |\n|---|--:|--:|--:|--:|\n");
    for (pick, measured) in rows {
        let ours = measured.line(pick.way)?;
        // The limits of a file read it.
        let is_mapped = |line: &Line| line.name.contains("mmap");
        let comparable =
            |line: &Line, role| line.role == role && !is_control(&line.name) && is_mapped(line) == (pick.way == MAPPED);
        let fastest = |role, is_native: bool| {
            let lines = measured.lines.iter();
            let lines = lines.filter(|line| comparable(line, role) && line.name.contains("native") == is_native);
            let first = lines.min_by(|a, b| a.seconds.median.total_cmp(&b.seconds.median));
            first.map_or_else(String::new, |line| {
                format!("{} {}", tenths(line), line.name.replace(" native", "").replace("seq_io", "`seq_io`"))
            })
        };
        let cells = [fastest(Role::Peer, false), fastest(Role::Peer, true), fastest(Role::Limit, false)];
        let _ = writeln!(text, "| {} | {} | {} |", pick.words, tenths(ours), cells.join(" | "));
    }
    text.push('\n');
    Some(text)
}

/// Gigabytes a second.
fn tenths(line: &Line) -> String {
    format!("{:.1}", speed(line))
}

#[cfg(test)]
mod tests {
    use super::{BOUNDS, replaced};

    #[test]
    fn a_table_takes_the_place_of_the_one_before() {
        let text = format!("# fqbuf\n{}old\n{}The rest\n", BOUNDS[0], BOUNDS[1]);
        assert_eq!(replaced(&text, "new\n"), Some(text.replace("old", "new")));
        assert_eq!(replaced("# fqbuf\n", "new\n"), None);
    }
}
