//! As much of TOML as this workspace's manifests use: tables, and keys with values on one line or in brackets.

use std::{fs, path::Path};

use crate::run::{Outcome, root};

/// The crates that are published, in an order in which each follows those it depends on.
pub(crate) const PUBLISHED: [&str; 9] = [
    "fqbuf-stats",
    "fqbuf-arena",
    "fqbuf-line",
    "fqbuf-ring",
    "fqbuf-pool",
    "fqbuf-record",
    "fqbuf-stream",
    "fqbuf-parallel",
    "fqbuf",
];

/// One `key = value` of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The table it stands in, without brackets.
    pub(crate) table: String,
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Entry {
    /// For an entry of a dependency table, the crate's name: `x.workspace = true` and `x = { … }` are both `x`.
    pub(crate) fn dependency(&self) -> &str {
        self.key.split_once('.').map_or(self.key.as_str(), |(name, _)| name)
    }

    /// Whether the entry says `field` of a dependency: `x.field = …` or `x = { field = … }`.
    pub(crate) fn says(&self, field: &str) -> bool {
        self.key.split_once('.').is_some_and(|(_, name)| name == field)
            || (self.value.starts_with('{')
                && self
                    .value
                    .trim_matches(['{', '}'])
                    .split(',')
                    .any(|part| part.split_once('=').is_some_and(|(name, _)| name.trim() == field)))
    }
}

/// Entries and tables in the order of the text.
pub(crate) fn parse(text: &str) -> (Vec<Entry>, Vec<String>) {
    let (mut entries, mut tables) = (Vec::new(), vec![String::new()]);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = uncommented(line);
        if let Some(name) = line.strip_prefix('[') {
            tables.push(name.trim_matches(['[', ']']).to_owned());
        } else if let Some((key, value)) = line.split_once('=') {
            let mut value = value.trim().to_owned();
            while value.matches(['[', '{']).count() > value.matches([']', '}']).count() {
                let Some(more) = lines.next() else { break };
                value.push(' ');
                value.push_str(uncommented(more));
            }
            let table = tables.last().cloned().unwrap_or_default();
            entries.push(Entry { table, key: key.trim().to_owned(), value });
        }
    }
    (entries, tables)
}

/// The line without a comment; a `#` within a string is none.
fn uncommented(line: &str) -> &str {
    let mut quoted = false;
    let end = line.find(|c| {
        quoted ^= c == '"';
        c == '#' && !quoted
    });
    line[..end.unwrap_or(line.len())].trim()
}

/// Reads a manifest of the workspace.
///
/// # Errors
///
/// When it cannot be read.
pub(crate) fn read(path: &Path) -> Outcome<(Vec<Entry>, Vec<String>)> {
    fs::read_to_string(path).map(|text| parse(&text)).map_err(|error| format!("{}: {error}", path.display()))
}

/// The features of a published crate, without `default`.
///
/// # Errors
///
/// When its manifest cannot be read.
pub(crate) fn features(name: &str) -> Outcome<Vec<String>> {
    let (entries, _) = read(&root().join("crates").join(name).join("Cargo.toml"))?;
    Ok(entries.into_iter().filter(|e| e.table == "features" && e.key != "default").map(|e| e.key).collect())
}
