//! The ring of one thread beside two copies and other rings; its halves beside pipes and queues between two threads.
#![forbid(unsafe_code)]

mod alone;
mod halves;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut rows = alone::rows();
    rows.extend(halves::rows());
    harness::run(&rows)
}
