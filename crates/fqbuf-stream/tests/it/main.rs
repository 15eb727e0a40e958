//! Integration tests of fqbuf-stream, through its public API.

mod support;

#[cfg(feature = "gzip")]
mod bgzf;
mod budget;
#[cfg(any(feature = "zstd", feature = "bzip2", feature = "xz"))]
mod codecs;
mod corpus;
mod create;
mod features;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(any(feature = "gzip", feature = "zstd"))]
mod live;
mod plain;
#[cfg(feature = "gzip")]
mod random;
mod write;
