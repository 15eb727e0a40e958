//! Criterion group of fqbuf-stream.

fn main() {}
