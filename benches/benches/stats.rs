//! Criterion group of fqbuf-stats.

fn main() {}
