//! Who may know whom: the layers, the dependencies from outside, and the fields of every manifest.

use std::path::Path;

use super::Findings;
use crate::{
    manifest::{self, Entry, PUBLISHED},
    run::{Outcome, root},
};

/// Each published crate, the crates of ours that it may depend on, and those of others. Arrows only point down.
const LAYERS: [(&str, &[&str], &[&str]); 9] = [
    // Ground floor: no fqbuf dependency.
    ("fqbuf-stats", &[], &["crossbeam-utils", "serde"]),
    ("fqbuf-arena", &[], &[]),
    ("fqbuf-line", &[], &["memchr"]),
    ("fqbuf-ring", &[], &["crossbeam-utils", "loom", "shuttle"]),
    // First floor.
    ("fqbuf-pool", &["fqbuf-stats"], &["bytes", "crossbeam-queue", "crossbeam-utils", "loom", "rustix", "shuttle"]),
    ("fqbuf-record", &["fqbuf-line"], &["memchr"]),
    // Second floor.
    (
        "fqbuf-stream",
        &["fqbuf-line", "fqbuf-pool", "fqbuf-ring"],
        &["bzip2", "crc32fast", "liblzma", "loom", "shuttle", "sirocco", "zstd"],
    ),
    // Third floor.
    (
        "fqbuf-parallel",
        &["fqbuf-line", "fqbuf-pool", "fqbuf-record", "fqbuf-ring", "fqbuf-stream"],
        &["loom", "memchr", "shuttle"],
    ),
    // The facade.
    (
        "fqbuf",
        &[
            "fqbuf-arena",
            "fqbuf-line",
            "fqbuf-parallel",
            "fqbuf-pool",
            "fqbuf-record",
            "fqbuf-ring",
            "fqbuf-stats",
            "fqbuf-stream",
        ],
        &[],
    ),
];

/// Fields that every member takes from the workspace.
const COMMON: [&str; 4] = ["version", "edition", "rust-version", "license"];
/// Those that a published crate takes from there besides.
const SHARED: [&str; 2] = ["authors", "repository"];
/// Those that it has for itself: it is found by them, by people who need that crate and may never have heard of the others.
const ITS_OWN: [&str; 2] = ["categories", "keywords"];

pub(crate) fn check(findings: &mut Findings) -> Outcome {
    workspace(findings)?;
    for (name, ours, others) in LAYERS {
        let path = root().join("crates").join(name).join("Cargo.toml");
        let (entries, tables) = manifest::read(&path)?;
        member(findings, &path, name, &entries, &tables);
        published(findings, &path, &entries);
        dependencies(findings, &path, (name, ours, others), &entries);
    }
    for (folder, name) in [("benches", "fqbuf-benches"), ("models", "fqbuf-models"), ("xtask", "xtask")] {
        let path = root().join(folder).join("Cargo.toml");
        let (entries, tables) = manifest::read(&path)?;
        member(findings, &path, name, &entries, &tables);
        if !has(&entries, "package", "publish", "false") {
            findings.add_file(&path, "needs `publish = false`");
        }
    }
    unlisted(findings);
    Ok(())
}

/// A folder below `crates` that is not in the table of layers, or not in the list of those that are packed and modelled.
fn unlisted(findings: &mut Findings) {
    for entry in root().join("crates").read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name();
        let listed = LAYERS.iter().any(|row| name == row.0) && PUBLISHED.iter().any(|published| name == *published);
        if !listed && entry.path().join("Cargo.toml").exists() {
            findings.add_file(&entry.path(), "is not in the table of layers, or not in PUBLISHED, in xtask");
        }
    }
}

/// The root manifest: internal dependencies have path and version, the version is everybody's.
fn workspace(findings: &mut Findings) -> Outcome {
    let path = root().join("Cargo.toml");
    let (entries, _) = manifest::read(&path)?;
    let version =
        entries.iter().find(|e| e.table == "workspace.package" && e.key == "version").map(|e| e.value.clone());
    let Some(version) = version else {
        findings.add_file(&path, "the workspace has no version");
        return Ok(());
    };
    for name in PUBLISHED.iter().filter(|name| **name != "fqbuf") {
        let dependency = entries.iter().find(|e| e.table == "workspace.dependencies" && e.key == *name);
        let right = dependency.is_some_and(|e| {
            e.value.contains(&format!("path = \"crates/{name}\"")) && e.value.contains(&format!("version = {version}"))
        });
        if !right {
            findings
                .add_file(&path, format!("{name} needs its path and version = {version} in workspace.dependencies"));
        }
    }
    Ok(())
}

/// What every member has.
fn member(findings: &mut Findings, path: &Path, name: &str, entries: &[Entry], tables: &[String]) {
    if !has(entries, "package", "name", &format!("\"{name}\"")) {
        findings.add_file(path, format!("the package is not named {name:?}"));
    }
    from_workspace(findings, path, entries, &COMMON);
    let description = entries.iter().find(|e| e.table == "package" && e.key == "description");
    if description.is_none_or(|e| e.value.len() < 22) {
        findings.add_file(path, "needs a description");
    }
    if tables.last().map(String::as_str) != Some("lints") || !has(entries, "lints", "workspace", "true") {
        findings.add_file(path, "does not end in `[lints] workspace = true`");
    }
}

/// What a published crate has besides.
fn published(findings: &mut Findings, path: &Path, entries: &[Entry]) {
    from_workspace(findings, path, entries, &SHARED);
    for field in ITS_OWN {
        if !entries.iter().any(|e| e.table == "package" && e.key == field && e.value.contains('"')) {
            findings.add_file(path, format!("needs `{field}` of its own"));
        }
    }
    if !has(entries, "package", "readme", "\"README.md\"") {
        findings.add_file(path, "needs `readme = \"README.md\"`");
    }
    for file in ["README.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        if !path.with_file_name(file).is_file() {
            findings.add_file(path, format!("has no {file} beside it"));
        }
    }
    for feature in entries.iter().filter(|e| e.table == "features") {
        let name = feature.key.as_str();
        if name.starts_with("with-") || name.starts_with("no-") || name.starts_with("use-") {
            findings.add_file(path, format!("feature {name}: name it for what it brings"));
        }
    }
}

/// Fields whose value is the workspace's.
fn from_workspace(findings: &mut Findings, path: &Path, entries: &[Entry], fields: &[&str]) {
    for field in fields {
        if !has(entries, "package", &format!("{field}.workspace"), "true") {
            findings.add_file(path, format!("`{field}` does not come from the workspace"));
        }
    }
}

/// The dependencies of one crate against its row.
fn dependencies(
    findings: &mut Findings,
    path: &Path,
    (name, ours, others): (&str, &[&str], &[&str]),
    entries: &[Entry],
) {
    for entry in entries {
        let dependency = entry.dependency();
        let internal = dependency.starts_with("fqbuf");
        if entry.table.ends_with("dev-dependencies") {
            let known = dependency == name
                || ["fqbuf-benches", "fqbuf-models"].contains(&dependency)
                || ours.contains(&dependency);
            if internal && !known {
                findings.add_file(path, format!("dev-dependency {dependency}: arrows only point down"));
            }
            if internal && (!entry.says("path") || entry.says("version")) {
                findings.add_file(path, format!("dev-dependency {dependency}: a path, and no version"));
            }
        } else if entry.table.ends_with("dependencies") {
            let listed = if internal { ours.contains(&dependency) } else { others.contains(&dependency) };
            if !listed {
                findings.add_file(
                    path,
                    format!("must not depend on {dependency}: it is not in the table of layers in xtask"),
                );
            }
            if !entry.says("workspace") {
                findings.add_file(path, format!("{dependency}: the version belongs into the workspace's manifest"));
            }
            let table = format!("target.'cfg({dependency})'.dependencies");
            if ["loom", "shuttle"].contains(&dependency) && entry.table != table {
                findings.add_file(path, format!("{dependency}: under `[{table}]` only"));
            }
        }
    }
}

fn has(entries: &[Entry], table: &str, key: &str, value: &str) -> bool {
    entries.iter().any(|e| e.table == table && e.key == key && e.value == value)
}

#[cfg(test)]
pub(crate) fn check_dependencies(findings: &mut Findings, name: &str, text: &str) {
    let row = LAYERS.into_iter().find(|row| row.0 == name).expect("a crate of the table");
    dependencies(findings, Path::new("Cargo.toml"), row, &manifest::parse(text).0);
}
