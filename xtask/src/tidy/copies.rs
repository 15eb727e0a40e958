//! Files that have to be equal, byte for byte. A link to the other file will do.

use std::fs;

use super::Findings;
use crate::{manifest::PUBLISHED, run::root};

pub(crate) fn check(findings: &mut Findings) {
    equal(findings, "README.md", "crates/fqbuf/README.md");
    for name in PUBLISHED {
        for (first, file) in [("fqbuf-pool", "sync.rs"), ("fqbuf-arena", "memcpy.rs")] {
            let copy = format!("crates/{name}/src/{file}");
            if root().join(&copy).is_file() {
                equal(findings, &format!("crates/{first}/src/{file}"), &copy);
            }
        }
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            equal(findings, licence, &format!("crates/{name}/{licence}"));
        }
    }
    for (file, needed) in [("CHANGELOG.md", "## [Unreleased]"), ("ARCHITECTURE.md", "# "), ("SECURITY.md", "# ")] {
        let path = root().join(file);
        if !fs::read_to_string(&path).unwrap_or_default().contains(needed) {
            findings.add_file(&path, format!("is missing, or has no {needed:?}"));
        }
    }
}

fn equal(findings: &mut Findings, first: &str, second: &str) {
    let (one, other) = (fs::read(root().join(first)), fs::read(root().join(second)));
    match (one, other) {
        (Ok(one), Ok(other)) if one == other => {}
        (Ok(_), Ok(_)) => findings.add_file(&root().join(second), format!("differs from {first}")),
        (Err(_), _) => findings.add_file(&root().join(first), "is missing"),
        (_, Err(_)) => findings.add_file(&root().join(second), "is missing"),
    }
}
