//! Criterion group of fqbuf-record.

fn main() {}
