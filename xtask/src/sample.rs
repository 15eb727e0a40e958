//! `cargo xtask sample`: writes the sample that the facade ships. A test in `benches/` compares the committed file with what
//! the generator makes.

use std::fs;

use crate::{
    generate::generator,
    run::{Outcome, root},
};

/// The sample, from the root of the workspace.
const SAMPLE: &str = "crates/fqbuf/sample/sample.fq.gz";

pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("sample takes no arguments".to_owned());
    }
    let path = root().join(SAMPLE);
    fs::create_dir_all(path.with_file_name("")).map_err(|error| format!("{}: {error}", path.display()))?;
    generator().args(["sample", SAMPLE]).check()
}
