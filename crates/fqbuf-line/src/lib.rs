//! Line buffer over any reader: bounded growth, exact positions, page-aligned blocks.

#![forbid(unsafe_code)]

mod block;
mod growth;

pub use block::{Block, PAGE, Source};
pub use growth::GrowthPolicy;
