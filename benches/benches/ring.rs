//! Criterion group of fqbuf-ring.

fn main() {}
