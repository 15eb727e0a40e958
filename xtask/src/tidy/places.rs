//! Where things are: what ARCHITECTURE.md names is there, and every source belongs to a module.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Findings, source::rust_files};
use crate::run::root;

pub(crate) fn check(findings: &mut Findings) {
    let root = root();
    let architecture = root.join("ARCHITECTURE.md");
    let text = fs::read_to_string(&architecture).unwrap_or_default();
    for (line, name) in absent(&text, &|path| root.join(path).is_file()) {
        findings.add(&architecture, line, format!("names {name}, which is not there"));
    }
    for path in
        ["crates", "xtask/src", "benches/src", "models/src"].map(|folder| rust_files(&root.join(folder))).concat()
    {
        let parents = parents(path.strip_prefix(&root).unwrap_or(&path));
        let declares = |parent: &PathBuf| declares(&fs::read_to_string(root.join(parent)).unwrap_or_default(), &path);
        if !parents.is_empty() && !parents.iter().any(declares) {
            findings.add_file(&path, "is in no module: nothing compiles it");
        }
    }
}

/// Source files that a text names and that are not there, with their lines. A name is a path from the root, or one from the folder
/// of such a path before it in the same line.
pub(crate) fn absent(text: &str, there: &dyn Fn(&Path) -> bool) -> Vec<(usize, String)> {
    let mut absent = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut folder = PathBuf::new();
        for name in line.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".rs") && !name.contains('*')) {
            let path = Path::new(name);
            if path.starts_with("crates") || path.starts_with("benches") {
                folder = path.parent().unwrap_or(path).to_path_buf();
                if !there(path) {
                    absent.push((number, name.to_owned()));
                }
            } else if folder != Path::new("") && !there(&folder.join(path)) {
                absent.push((number, name.to_owned()));
            }
        }
    }
    absent
}

/// The files, from the root, one of which has to declare the module in a file; none for what is the root of a crate.
pub(crate) fn parents(file: &Path) -> Vec<PathBuf> {
    let parts: Vec<&str> = file.iter().filter_map(|part| part.to_str()).collect();
    let (["crates", _, "src" | "tests", inside @ ..] | ["xtask" | "benches" | "models", "src", inside @ ..]) =
        &parts[..]
    else {
        return Vec::new();
    };
    let in_tests = parts[2] == "tests" && parts[0] == "crates";
    let is_root = match inside {
        [name] => in_tests || ["lib.rs", "main.rs"].contains(name),
        ["bin", ..] => true,
        [_, "main.rs"] => in_tests,
        _ => false,
    };
    let Some(folder) = file.parent().filter(|_| !is_root) else { return Vec::new() };
    let mut parents = vec![folder.with_extension("rs"), folder.join("lib.rs"), folder.join("main.rs")];
    if in_tests {
        // What models of both kinds share has its path told by each.
        parents.extend(["loom.rs", "shuttle.rs"].map(|name| folder.with_file_name(name)));
    }
    parents
}

/// Whether a source declares the module in a file, or says where it lies.
fn declares(text: &str, file: &Path) -> bool {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let declared = format!("mod {stem};");
    text.lines().any(|line| line.trim_end().ends_with(&declared) || line.contains(&format!("/{name}\")]")))
}
