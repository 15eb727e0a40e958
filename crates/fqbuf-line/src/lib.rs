#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod at;
mod block;
mod buffer;
mod error;
mod growth;
mod index;
mod portable;
mod reader;
mod search;
#[cfg(target_arch = "x86_64")]
pub mod simd;
#[cfg(target_arch = "x86_64")]
mod unit;

pub use at::ReadAt;
pub use block::{Block, PAGE, Source};
pub use buffer::{LineBuffer, LineBufferBuilder};
pub use error::LineTooLong;
pub use growth::GrowthPolicy;
pub use reader::LineReader;
