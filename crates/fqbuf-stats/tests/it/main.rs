//! Tests of fqbuf-stats through its public interface.

mod counting;
mod snapshots;
mod threads;
