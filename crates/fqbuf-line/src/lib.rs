//! Line buffer over any reader: bounded growth, exact positions, page-aligned blocks.

#![forbid(unsafe_code)]

mod block;

pub use block::{Block, PAGE, Source};
