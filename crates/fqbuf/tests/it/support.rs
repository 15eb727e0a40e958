//! Examples as commands, and folders for their files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of a test's own, gone at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("fqbuf-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a file for the test");
        path
    }

    /// Names of the files in it that begin so.
    pub(crate) fn names(&self, start: &str) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.trim_start_matches('.').starts_with(start)).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It is gone, or the system will see to it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An example, which `cargo test` has built beside this test.
pub(crate) fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("the path of this test");
    let path = test.ancestors().nth(2).expect("the build folder").join("examples").join(name);
    assert!(
        path.with_extension(std::env::consts::EXE_EXTENSION).exists(),
        "the example is not built: cargo build --example {name}"
    );
    Command::new(path)
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Standard output of a run that must succeed.
pub(crate) fn well(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Standard error of a run that must fail with this exit code, and without a panic.
pub(crate) fn failed(output: &Output, code: i32) -> String {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.starts_with("error: ") && !said.contains("panicked"), "{said}");
    said
}

/// Records of varying length, `count` of them.
pub(crate) fn reads(count: usize) -> Vec<u8> {
    let mut data = Vec::new();
    for i in 0..count {
        let len = 1 + i * 7 % 151;
        let seq: Vec<u8> = (0..len).map(|k| b"ACGTN"[(i + k * k) % 5]).collect();
        let qual: Vec<u8> = (0..len).map(|k| b"@FF:,#+"[(i * 3 + k) % 7]).collect();
        for part in [format!("@read{i} x").as_bytes(), b"\n", &seq, b"\n+\n", &qual, b"\n"] {
            data.extend_from_slice(part);
        }
    }
    data
}

pub(crate) fn str(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}
