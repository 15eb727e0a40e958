#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod copy;
mod double;
mod halves;
pub mod handover;
mod memcpy;
mod memory;
mod ring;
mod sync;
mod wait;

pub use crate::double::{DoubleBuffer, DoubleBufferReader, DoubleBufferWriter};
pub use crate::halves::{RingReader, RingWriter};
pub use crate::handover::{HandoverError, ReaderGone, SideWaits, Waits};
pub use crate::ring::RingBuffer;
