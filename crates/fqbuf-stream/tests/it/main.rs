//! Integration tests of fqbuf-stream, through its public API.

mod support;

#[cfg(any(feature = "zstd", feature = "bzip2", feature = "xz"))]
mod codecs;
mod features;
#[cfg(feature = "gzip")]
mod gzip;
mod plain;
