//! Criterion group of fqbuf-parallel.

fn main() {}
