#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// In smaller builds some of what the decoders share lies idle.
#![cfg_attr(not(feature = "gzip"), allow(dead_code))]

mod ahead;
#[cfg(feature = "gzip")]
mod bgzf;
mod builder;
mod check;
#[cfg(any(feature = "zstd", feature = "bzip2", feature = "xz"))]
mod codec;
mod create;
#[cfg(feature = "gzip")]
mod deflate;
mod error;
mod fill;
mod format;
#[cfg(feature = "gzip")]
mod gzip;
mod header;
mod helper;
#[cfg(feature = "gzip")]
mod inflate;
mod input;
#[cfg(any(feature = "zstd", feature = "bzip2", feature = "xz"))]
mod memory;
mod pieces;
mod progress;
mod spawn;
mod stream;
mod sync;
mod team;
mod write;

pub use builder::{ReadAhead, StreamBuilder, from_reader, open};
pub use create::{FileWriter, create};
pub use error::{StreamError, StreamErrorKind};
pub use format::Format;
pub use helper::Helper;
pub use progress::Progress;
pub use stream::{Stream, StreamReader};
pub use write::{StreamWriter, WriterBuilder};
