//! Criterion group of fqbuf-pool.

fn main() {}
