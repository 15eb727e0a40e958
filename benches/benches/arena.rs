//! Criterion group of fqbuf-arena.

fn main() {}
