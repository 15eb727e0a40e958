#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod arena;
mod builder;
mod error;
mod memcpy;
mod memory;
mod preallocated;
mod read;
#[cfg(doctest)]
mod refused;
mod scope;

pub use arena::Arena;
pub use builder::{ArenaBuilder, Growth};
pub use error::{ArenaFull, OutOfMemory};
pub use preallocated::PreallocatedBuffers;
pub use scope::Scope;
