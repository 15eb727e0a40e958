//! `cargo xtask tidy`: what the prose promises and no compiler checks.
//!
//! * `layers`: which crate may know which, and what else it may depend on; the fields of every manifest;
//! * `source`: heads of files, their length, `unsafe` in the listed files only, nothing unfinished, no machine's paths;
//! * `places`: what ARCHITECTURE.md names is there, and every source is in a module;
//! * `copies`: files that have to be equal;
//! * `faults`: each known fault of other tools has a test with its number.
//!
//! All findings are printed before the task fails.

pub(crate) mod copies;
pub(crate) mod faults;
pub(crate) mod layers;
pub(crate) mod places;
pub(crate) mod source;

use std::{fmt, path::Path};

use crate::run::{Outcome, root};

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Relative to the root of the workspace.
    file: String,
    /// From 1; 0 for the file as a whole.
    line: usize,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}

/// What was found so far.
#[derive(Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    /// Adds one; `line` counts from 1, or is 0.
    pub(crate) fn add(&mut self, file: &Path, line: usize, message: impl Into<String>) {
        let file = file.strip_prefix(root()).unwrap_or(file).display().to_string();
        self.0.push(Finding { file, line, message: message.into() });
    }

    /// Adds one about a file as a whole.
    pub(crate) fn add_file(&mut self, file: &Path, message: impl Into<String>) {
        self.add(file, 0, message);
    }

    #[cfg(test)]
    pub(crate) fn lines(&self) -> Vec<usize> {
        self.0.iter().map(|finding| finding.line).collect()
    }
}

pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("tidy takes no arguments".to_owned());
    }
    let mut findings = Findings::default();
    layers::check(&mut findings)?;
    let files = source::check(&mut findings)?;
    places::check(&mut findings);
    copies::check(&mut findings);
    faults::check(&mut findings)?;
    for finding in &findings.0 {
        println!("{finding}");
    }
    match findings.0.len() {
        0 => {
            println!("tidy: {files} source files, nothing found");
            Ok(())
        }
        count => Err(format!("tidy found {count} things")),
    }
}

#[cfg(test)]
mod tests;
