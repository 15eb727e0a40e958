//! Drives everything: `cargo xtask` lists the tasks.

fn main() {}
