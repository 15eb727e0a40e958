#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// In smaller builds some of what the decoders share lies idle.
#![cfg_attr(not(feature = "gzip"), allow(dead_code))]

mod ahead;
mod builder;
#[cfg(any(feature = "zstd", feature = "bzip2", feature = "xz"))]
mod codec;
mod error;
mod fill;
mod format;
#[cfg(feature = "gzip")]
mod gzip;
mod header;
#[cfg(feature = "gzip")]
mod inflate;
mod input;
#[cfg(any(feature = "zstd", feature = "bzip2", feature = "xz"))]
mod memory;
mod progress;
mod stream;

pub use builder::{ReadAhead, StreamBuilder, from_reader, open};
pub use error::{StreamError, StreamErrorKind};
pub use format::Format;
pub use progress::Progress;
pub use stream::{Stream, StreamReader};
