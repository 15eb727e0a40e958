//! Groups: the packages below `groups/`, built, and the tables they print.

use std::{fs, process::Command};

use crate::{
    Outcome, here,
    program::{Build, Program, group_of},
};

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
    pub(crate) program: Program,
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
    for name in names {
        if !packages.iter().any(|package| group_of(package) == name) {
            return Err(format!("no group {name}; there are: {}", packages.join(", ")));
        }
    }
    packages.retain(|package| names.is_empty() || names.iter().any(|name| group_of(package) == name));
    for (package, tool) in NEEDS {
        let missing = || Command::new(tool).arg("--version").output().is_err();
        if packages.iter().any(|wanted| wanted == package) && missing() {
            return Err(format!("{package} wants {tool} to be built, a package of most systems"));
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for package in &packages {
        let portable = build_here(package, Build::Portable)?;
        let name = group_of(package);
        if groups.last().is_none_or(|last| last.name != name) {
            groups.push(Group { name: name.to_owned(), rows: Vec::new() });
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

/// Builds one package of ours.
fn build_here(package: &str, build: Build) -> Outcome<Program> {
    Program::build(&here(), package, &here().join("target"), build)
}

/// The rows that a program has contenders for.
fn table(package: &str, portable: &Program) -> Outcome<Vec<Row>> {
    let output = portable.command(0).arg("list").output().map_err(|error| format!("{package}: {error}"))?;
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
                    native = Some(build_here(package, Build::Native)?);
                }
                let program = native.as_ref().filter(|_| *build == "native").unwrap_or(portable);
                let role = match *role {
                    "ours" => Role::Ours,
                    "peer" => Role::Peer,
                    _ => Role::Limit,
                };
                row.contenders.push(Contender { name: (*name).to_owned(), role, program: program.clone() });
            }
            _ => return Err(format!("{package} prints a line that nobody understands: {line:?}")),
        }
    }
    Ok(rows)
}
