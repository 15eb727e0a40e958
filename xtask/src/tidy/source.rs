//! Rules for every source file and text.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Findings;
use crate::run::{Outcome, root};

/// The files that may hold `unsafe`; ARCHITECTURE.md argues each. A test binary that counts allocations may besides.
const UNSAFE_FILES: [&str; 6] = [
    "crates/fqbuf-arena/src/memory.rs",
    "crates/fqbuf-line/src/simd.rs",
    "crates/fqbuf-parallel/src/widest.rs",
    "crates/fqbuf-pool/src/belt.rs",
    "crates/fqbuf-pool/src/lane.rs",
    "crates/fqbuf-record/src/simd.rs",
];
/// A global allocator cannot be written without: those of tests, and that of the side-by-side benchmarks; nor can a file be mapped.
const UNSAFE_TEST: &str = "alloc_free.rs";
const UNSAFE_BENCH: [&str; 2] = ["benches/peers/harness/src/allocations.rs", "benches/peers/harness/src/mapped.rs"];
/// Test binaries of a crate: one for all tests, one for a global allocator, one for models.
const TEST_BINARIES: [&str; 4] = ["main.rs", "alloc_free.rs", "loom.rs", "shuttle.rs"];
/// Past this, a file is two.
const MOST_LINES: usize = 600;
/// What may not be left behind, in code.
const UNFINISHED: [&str; 4] = ["todo!", "unimplemented!", "dbg!", "#[ignore"];
/// Paths of one machine. In pieces, so that this file passes.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tm", "p/"), concat!("/ho", "me/")];

/// Checks all files and returns the number of source files.
pub(crate) fn check(findings: &mut Findings) -> Outcome<usize> {
    let root = root();
    let mut sources = 0;
    for path in files(&root) {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if !["rs", "md", "toml", "yml", "py", "sh", "html", "tsv", "json", "lock"].contains(&extension) {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        machine_paths(findings, &path, &text);
        if extension == "md" {
            fenced(findings, &path, &text);
        }
        if extension == "rs" {
            sources += 1;
            let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
            rust(findings, &path, &text, may_be_unsafe(&name));
            place(findings, &path, &name);
        }
    }
    for name in UNSAFE_FILES {
        listed_in_architecture(findings, name);
    }
    Ok(sources)
}

fn may_be_unsafe(name: &str) -> bool {
    UNSAFE_FILES.contains(&name) || UNSAFE_BENCH.contains(&name) || name.ends_with(&format!("/tests/{UNSAFE_TEST}"))
}

/// Every file below `folder` but what git and cargo keep.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() && !path.is_symlink() {
                let skipped = name == "target" || name == ".git" || name == "node_modules";
                if !skipped {
                    folders.push(path);
                }
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The Rust sources below a folder.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// Rules for the text of one source file.
pub(crate) fn rust(findings: &mut Findings, path: &Path, text: &str, may_be_unsafe: bool) {
    // A crate may take its first words from its README.
    let included = |line: &str| line.starts_with("#![doc = include_str!(");
    let head = text.lines().find(|line| included(line) || (!line.is_empty() && !line.starts_with("#![")));
    if !head.is_some_and(|line| line.starts_with("//!") || included(line)) {
        findings.add(path, 1, "does not begin with what it is: `//!`");
    }
    if text.lines().count() > MOST_LINES {
        findings.add_file(path, format!("has more than {MOST_LINES} lines: split it"));
    }
    let code = code_only(text);
    for (number, line) in (1..).zip(code.lines()) {
        for unfinished in UNFINISHED {
            if line.contains(unfinished) {
                findings.add(path, number, format!("`{unfinished}` is not to stay"));
            }
        }
        if !may_be_unsafe && (has_word(line, "unsafe") || line.contains("allow(unsafe_code)")) {
            findings.add(path, number, "`unsafe` outside the files listed in xtask");
        }
    }
    if has_word(&code, "pub") {
        examples(findings, path, text);
    }
}

/// Examples show how to handle errors; those that must not compile, and those of no public item, show nobody anything.
fn examples(findings: &mut Findings, path: &Path, text: &str) {
    let prose = text.lines().map(|line| {
        let line = line.trim_start();
        line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).unwrap_or_default()
    });
    unwraps(findings, path, prose, true);
}

/// The same for a text that is prose but for its examples.
pub(crate) fn fenced(findings: &mut Findings, path: &Path, text: &str) {
    unwraps(findings, path, text.lines(), false);
}

/// Finds `unwrap` in examples; outside of fences as well, where `everywhere` says so.
fn unwraps<'t>(findings: &mut Findings, path: &Path, lines: impl Iterator<Item = &'t str>, everywhere: bool) {
    let (mut inside, mut refused) = (false, false);
    for (number, line) in (1..).zip(lines) {
        if let Some(fence) = line.trim_start().strip_prefix("```") {
            inside = !inside;
            refused = fence.contains("compile_fail");
        } else if line.contains(".unwrap()") && (inside || everywhere) && !refused {
            findings.add(path, number, "`unwrap` in an example: use `?`");
        }
    }
}

/// Rules for where files lie.
fn place(findings: &mut Findings, path: &Path, name: &str) {
    if name.ends_with("/mod.rs") {
        findings.add_file(path, "`src/foo.rs` beside `src/foo/`, never mod.rs");
    }
    let parts: Vec<&str> = name.split('/').collect();
    if let ["crates", _, "tests", rest @ ..] = &parts[..] {
        match rest {
            [binary] if TEST_BINARIES[1..].contains(binary) => {}
            [_] => findings.add_file(path, "tests go into tests/it: one binary a crate"),
            ["it" | "loom" | "models" | "shuttle", ..] => {}
            _ => findings.add_file(path, "tests go into tests/it"),
        }
    }
    if let ["crates", _, "src", "lib.rs"] = parts[..] {
        let text = fs::read_to_string(path).unwrap_or_default();
        let folder = path.parent().unwrap_or(path);
        let exception = UNSAFE_FILES.iter().any(|file| root().join(file).starts_with(folder));
        let (lint, other) = ("#![forbid(unsafe_code)]", "#![deny(unsafe_code)]");
        let denied = text.contains(lint) || (exception && text.contains(other));
        if !denied {
            findings.add_file(path, format!("needs `{}`", if exception { other } else { lint }));
        }
    }
}

fn listed_in_architecture(findings: &mut Findings, name: &str) {
    if !root().join(name).is_file() {
        findings.add_file(Path::new("xtask/src/tidy/source.rs"), format!("lists {name}, which does not exist"));
    }
    let path = root().join("ARCHITECTURE.md");
    if !fs::read_to_string(&path).unwrap_or_default().contains(name) {
        findings.add_file(&path, format!("does not argue the `unsafe` of {name}"));
    }
}

fn machine_paths(findings: &mut Findings, path: &Path, text: &str) {
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(found) = MACHINE_PATHS.iter().find(|found| line.contains(**found)) {
            findings.add(path, number, format!("a path of one machine: {found}"));
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

/// The text with comments, and what is inside strings and characters, blanked out; lines stay where they are.
pub(crate) fn code_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment_length(rest),
            '"' => string_length(rest),
            'r' if !out.ends_with(|c: char| (c.is_alphanumeric() && c != 'b') || c == '_') => raw_length(rest),
            '\'' => character_length(rest),
            _ => 0,
        };
        if skipped == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
            out.push(' ');
            rest = &rest[skipped..];
        }
    }
    out
}

/// Bytes of the block comment, with those nested in it, at the start of the text.
fn comment_length(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Bytes of the string literal at the start of the text.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Bytes of the raw string literal at the start of the text, or 0.
fn raw_length(text: &str) -> usize {
    let hashes = text[1..].bytes().take_while(|byte| *byte == b'#').count();
    let start = 1 + hashes;
    if !text[start..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    text[start + 1..].find(&end).map_or(text.len(), |at| start + 1 + at + end.len())
}

/// Bytes of the character literal at the start of the text, or 0 for a lifetime.
fn character_length(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        // The escaped character itself may be a quote.
        Some((_, '\\')) => text[3..].find('\'').map_or(0, |at| at + 4),
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}
