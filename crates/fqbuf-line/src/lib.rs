#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod at;
mod block;
mod buffer;
mod error;
mod growth;
mod index;
mod reader;

pub use at::ReadAt;
pub use block::{Block, PAGE, Source};
pub use buffer::{LineBuffer, LineBufferBuilder};
pub use error::LineTooLong;
pub use growth::GrowthPolicy;
pub use reader::LineReader;
