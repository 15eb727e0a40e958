//! `cargo xtask test`: all tests and doctests of the workspace, and the models with few preemptions.

use crate::{
    loom,
    run::{Outcome, cargo},
};

pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("test takes no arguments; for one crate: cargo test -p CRATE".to_owned());
    }
    cargo().args(["test", "--workspace", "--all-features"]).check()?;
    loom::run(&["--quick".to_owned()])
}
