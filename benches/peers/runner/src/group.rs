//! Groups: the packages below `groups/`, built, and the tables they print.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Outcome, here};

/// Packages that want a program that cargo does not bring.
const NEEDS: [(&str, &str); 1] = [("stream-zlib-ng", "cmake")];

/// Packages whose names begin with the same word.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) rows: Vec<Row>,
}

/// A row, joined from the packages that have contenders for it.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) title: String,
    /// The data set's file name, or nothing.
    pub(crate) data: String,
    pub(crate) notes: Vec<String>,
    pub(crate) contenders: Vec<Contender>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Ours,
    Peer,
    Limit,
}

#[derive(Clone)]
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The binary, portable or for this machine.
    pub(crate) binary: PathBuf,
}

/// Whether a contender of this name tells the state of the machine: nothing to be compared with ours.
pub(crate) fn is_control(name: &str) -> bool {
    name.starts_with("control")
}

/// Builds the groups named, or all, and reads their tables.
pub(crate) fn build(names: &[String]) -> Outcome<Vec<Group>> {
    let mut packages: Vec<String> = fs::read_dir(here().join("groups"))
        .map_err(|error| format!("groups: {error}"))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    packages.sort();
    let group = |package: &str| package.split('-').next().unwrap_or_default().to_owned();
    for name in names {
        if !packages.iter().any(|package| group(package) == *name) {
            return Err(format!("no group {name}; there are: {}", packages.join(", ")));
        }
    }
    packages.retain(|package| names.is_empty() || names.contains(&group(package)));
    for (package, tool) in NEEDS {
        let missing = || Command::new(tool).arg("--version").output().is_err();
        if packages.iter().any(|wanted| wanted == package) && missing() {
            return Err(format!("{package} wants {tool} to be built, a package of most systems"));
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for package in &packages {
        let portable = compile_here(package, false)?;
        let name = group(package);
        if groups.last().is_none_or(|last| last.name != name) {
            groups.push(Group { name: name.clone(), rows: Vec::new() });
        }
        let rows = &mut groups.last_mut().expect("just pushed").rows;
        for row in table(package, &portable)? {
            match rows.iter_mut().find(|known| known.name == row.name) {
                Some(known) => {
                    known.notes.extend(row.notes);
                    known.contenders.extend(row.contenders);
                }
                None => rows.push(row),
            }
        }
    }
    Ok(groups)
}

/// Builds one package, portable or for this machine.
fn compile_here(package: &str, native: bool) -> Outcome<PathBuf> {
    let target = here().join("target").join(if native { "native" } else { "portable" });
    compile(&here(), package, &target, native)
}

/// Builds one package of the workspace at `root` by itself, so that no other's features reach it, and gives the path of its binary.
pub(crate) fn compile(root: &Path, package: &str, target: &Path, native: bool) -> Outcome<PathBuf> {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.args(["build", "--quiet", "--release", "--package", package]).current_dir(root);
    cargo.env("CARGO_TARGET_DIR", target);
    if native {
        cargo.env("RUSTFLAGS", "-C target-cpu=native");
    }
    eprintln!("building {package}{}", if native { " for this machine" } else { "" });
    let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err(format!("{package} does not build"));
    }
    Ok(target.join("release").join(package))
}

/// The rows that a binary has contenders for.
fn table(package: &str, portable: &Path) -> Outcome<Vec<Row>> {
    let output = Command::new(portable).arg("list").output().map_err(|error| format!("{package}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut rows: Vec<Row> = Vec::new();
    let mut native = None;
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match (fields.as_slice(), rows.last_mut()) {
            (["row", _, name, data, title], _) => rows.push(Row {
                name: (*name).to_owned(),
                title: (*title).to_owned(),
                data: (*data).to_owned(),
                notes: Vec::new(),
                contenders: Vec::new(),
            }),
            (["note", note], Some(row)) => row.notes.push((*note).to_owned()),
            (["contender", name, role, build], Some(row)) => {
                if *build == "native" && native.is_none() {
                    native = Some(compile_here(package, true)?);
                }
                let binary = native.as_ref().filter(|_| *build == "native").map_or(portable, PathBuf::as_path);
                let role = match *role {
                    "ours" => Role::Ours,
                    "peer" => Role::Peer,
                    _ => Role::Limit,
                };
                row.contenders.push(Contender { name: (*name).to_owned(), role, binary: binary.to_owned() });
            }
            _ => return Err(format!("{package} prints a line that nobody understands: {line:?}")),
        }
    }
    Ok(rows)
}
