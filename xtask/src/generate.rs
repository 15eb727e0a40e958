//! `cargo xtask generate KIND SIZE FILE`: a data set from the generator in `benches/`.

use std::{env, path::Path};

use crate::run::{Outcome, cargo};

pub(crate) fn run(args: &[String]) -> Outcome {
    // Commands run at the root; names of files are the caller's.
    let here = env::current_dir().map_err(|error| format!("no current folder: {error}"))?;
    let files = if args.first().is_some_and(|kind| kind == "sample") { 1 } else { 2 };
    let mut position = 0;
    let mut value = false;
    let args = args.iter().map(|arg| {
        let option = arg.starts_with("--");
        let file = !value && !option && position >= files && arg != "-";
        position += usize::from(!value && !option);
        value = option;
        if file { Path::new(&here).join(arg).display().to_string() } else { arg.clone() }
    });
    generator().args(args).check()
}

/// The generator's command, up to its own arguments.
pub(crate) fn generator() -> crate::run::Run {
    let bin =
        ["run", "--quiet", "--release", "--package", "fqbuf-benches", "--features", "gzip", "--bin", "generate", "--"];
    cargo().args(bin)
}
