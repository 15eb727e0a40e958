//! Criterion group of fqbuf-line.

fn main() {}
