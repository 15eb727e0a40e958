//! What users of fqbuf-parallel rely on, through its public names.

mod same;
mod support;
