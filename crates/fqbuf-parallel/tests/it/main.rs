//! What users of fqbuf-parallel rely on, through its public names.

mod mates;
mod same;
mod support;
