//! The rules on small texts: what they find, and what they leave alone.

use std::path::{Path, PathBuf};

use super::{Findings, faults, layers::check_dependencies, places, source};
use crate::manifest;

fn rust(text: &str) -> Vec<usize> {
    let mut findings = Findings::default();
    source::rust(&mut findings, Path::new("a.rs"), text, false);
    findings.lines()
}

fn dependencies(name: &str, text: &str) -> usize {
    let mut findings = Findings::default();
    check_dependencies(&mut findings, name, text);
    findings.lines().len()
}

#[test]
fn a_file_begins_with_what_it_is() {
    assert_eq!(rust("//! A thing.\nfn f() {}\n"), []);
    assert_eq!(rust("#![cfg(loom)]\n//! Models.\n"), []);
    assert_eq!(rust("#![forbid(unsafe_code)]\n#![doc = include_str!(\"../README.md\")]\npub fn f() {}\n"), []);
    assert_eq!(rust("fn f() {}\n"), [1]);
    assert_eq!(rust("// A thing.\n"), [1]);
    assert_eq!(rust(""), [1]);
}

#[test]
fn a_file_ends_somewhere() {
    assert_eq!(rust(&format!("//! x\n{}", "\n".repeat(599))), []);
    assert_eq!(rust(&format!("//! x\n{}", "\n".repeat(600))), [0]);
}

#[test]
fn what_is_unfinished_is_found_in_code_only() {
    assert_eq!(rust("//! todo!() in prose\nfn f() { todo!() }\n"), [2]);
    assert_eq!(rust("//! x\nconst A: &str = \"todo!()\"; // dbg!\n"), []);
    assert_eq!(rust("//! x\n#[test]\n#[ignore = \"slow\"]\nfn f() { dbg!(1); }\n"), [3, 4]);
}

#[test]
fn unsafe_is_a_word_in_code() {
    assert_eq!(rust("//! unsafe\n#![forbid(unsafe_code)]\n/* unsafe /* unsafe */ unsafe */\n"), []);
    assert_eq!(rust("//! x\nfn f() { unsafe { g() } }\n"), [2]);
    assert_eq!(rust("//! x\n#[allow(unsafe_code)]\nfn f() {}\n"), [2]);
    assert_eq!(rust("//! x\nconst A: &str = r#\"unsafe \" { \"#;\nunsafe fn f() {}\n"), [3]);
    assert_eq!(rust("//! x\nconst A: [char; 3] = ['\"', '\\'', 'u'];\nunsafe fn f<'a>(_: &'a str) {}\n"), [3]);
    assert_eq!(rust("//! x\nconst A: &str = \"\\\" // \";\nunsafe fn f() {}\n"), [3]);
    assert_eq!(rust("//! x\nconst A: &[u8] = b\"\\\\\"; unsafe fn f() {}\n"), [2]);
}

#[test]
fn examples_do_not_unwrap() {
    assert_eq!(rust("//! x\n/// let a = b.unwrap();\npub fn f() { b.unwrap(); }\n"), [2]);
    assert_eq!(rust("//! x\n/// let a = b.unwrap();\nfn f() {}\n"), []);
    assert_eq!(
        rust("//! x\n/// ```compile_fail,E0502\n/// b.unwrap();\n/// ```\n/// b.unwrap()\npub fn f() {}\n"),
        [5]
    );
}

#[test]
fn examples_in_prose_do_not_unwrap() {
    let mut findings = Findings::default();
    let text = "Do not `.unwrap()`.\n```rust\na.unwrap();\n```\n.unwrap()\n```compile_fail\na.unwrap();\n```\n";
    source::fenced(&mut findings, Path::new("a.md"), text);
    assert_eq!(findings.lines(), [3]);
}

#[test]
fn what_prose_names_is_there() {
    let there = |path: &Path| ["crates/a/src/b.rs", "crates/a/src/b/c.rs"].iter().any(|known| path == Path::new(known));
    let absent = |text: &str| places::absent(text, &there);
    assert_eq!(absent("| x | `crates/a/src/b.rs`, `b/c.rs` |\n"), []);
    assert_eq!(absent("`crates/a/src/d.rs`\n"), [(1, "crates/a/src/d.rs".to_owned())]);
    assert_eq!(absent("\n`crates/a/src/b.rs`, `c.rs`, `c`, `*.rs`\n"), [(2, "c.rs".to_owned())]);
    assert_eq!(absent("as in every `src/sync.rs`\n"), []);
}

#[test]
fn a_source_has_a_module_above_it() {
    let parents = |file: &str| places::parents(Path::new(file));
    let three =
        |folder: &str| [".rs", "/lib.rs", "/main.rs"].map(|end| PathBuf::from(format!("{folder}{end}"))).to_vec();
    assert_eq!(parents("crates/a/src/b/c.rs"), three("crates/a/src/b"));
    assert_eq!(parents("crates/a/src/b.rs"), three("crates/a/src"));
    assert_eq!(parents("crates/a/tests/it/b.rs")[..3], three("crates/a/tests/it"));
    assert_eq!(parents("crates/a/tests/models/b.rs")[3], Path::new("crates/a/tests/loom.rs"));
    for root in ["crates/a/src/lib.rs", "crates/a/tests/loom.rs", "crates/a/tests/it/main.rs", "benches/src/bin/b.rs"] {
        assert!(parents(root).is_empty(), "{root}");
    }
    assert!(parents("crates/a/examples/b/c.rs").is_empty());
}

#[test]
fn lines_stay_where_they_are() {
    let text = "a\n\"b\nc\"\n/* d\ne */ f\n";
    assert_eq!(source::code_only(text).lines().count(), text.lines().count());
    assert!(source::code_only(text).contains('f') && !source::code_only(text).contains('d'));
}

#[test]
fn arrows_only_point_down() {
    assert_eq!(dependencies("fqbuf-pool", "[dependencies]\nfqbuf-stats.workspace = true\n"), 0);
    assert_eq!(dependencies("fqbuf-stats", "[dependencies]\nfqbuf-pool.workspace = true\n"), 1);
    assert_eq!(dependencies("fqbuf-line", "[dependencies]\nregex.workspace = true\n"), 1);
    assert_eq!(dependencies("fqbuf-line", "[dependencies]\nmemchr = \"2\"\n"), 1);
    assert_eq!(dependencies("fqbuf-ring", "[dependencies]\nloom.workspace = true\n"), 1);
    assert_eq!(dependencies("fqbuf-ring", "[target.'cfg(loom)'.dependencies]\nloom.workspace = true\n"), 0);
}

#[test]
fn internal_dev_dependencies_are_a_path_only() {
    let line = |text: &str| dependencies("fqbuf-record", &format!("[dev-dependencies]\n{text}\n"));
    assert_eq!(line("fqbuf-benches.path = \"../../benches\""), 0);
    assert_eq!(line("fqbuf-benches = { path = \"../../benches\" }"), 0);
    assert_eq!(line("fqbuf-line.workspace = true"), 1);
    assert_eq!(line("fqbuf-line = { path = \"../fqbuf-line\", version = \"0.1\" }"), 1);
    assert_eq!(line("fqbuf-parallel.path = \"../fqbuf-parallel\""), 1);
    assert_eq!(line("proptest.workspace = true"), 0);
}

#[test]
fn manifests_are_read() {
    let (entries, tables) =
        manifest::parse("a = 1 # one\n[b]\nc = [\n  \"#\", # two\n  \"e\",\n]\n[[f]]\ng.h = true\n");
    let found: Vec<(&str, &str, &str)> =
        entries.iter().map(|e| (e.table.as_str(), e.key.as_str(), e.value.as_str())).collect();
    assert_eq!(found, [("", "a", "1"), ("b", "c", "[ \"#\", \"e\", ]"), ("f", "g.h", "true")]);
    assert_eq!(tables, ["", "b", "f"]);
    assert_eq!(entries[2].dependency(), "g");
}

#[test]
fn faults_are_known_by_test_or_reason() {
    assert_eq!(faults::listed("# Faults\n- **7** a lone `@`\n- **80** the second\n- no number\n"), [7, 80].into());
    assert_eq!(faults::tested("#[test]\nfn fault_07_lone_at() {}\nfn fault_80() {}\nfn other() {}"), [7]);
    assert_eq!(
        faults::argued("| fault | reason |\n|---|---|\n| 39 | no mapping |\n| **44** | none |\n| 45 | |\n"),
        [39, 44]
    );
}
