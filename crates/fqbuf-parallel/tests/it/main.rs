//! What users of fqbuf-parallel rely on, through its public names.

mod endings;
mod files;
mod mates;
mod memory;
mod outputs;
mod over;
mod process;
mod same;
mod shutdown;
mod support;
