#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod board;
mod cut;
mod error;
mod feed;
mod input;
mod layout;
mod mates;
mod monitor;
mod outcome;
mod outputs;
mod pairs;
mod pipeline;
mod records;
mod run;
mod sync;
mod widest;
mod work;

pub use error::{ClosureError, Error, MemoryError};
pub use input::Input;
pub use layout::{Layout, Single};
pub use monitor::{Monitor, Snapshot};
pub use outcome::{BoxError, Outcome};
pub use outputs::Outputs;
pub use pairs::{Pair, Paired, Pairs};
pub use pipeline::Pipeline;
pub use records::Records;
pub use run::{Done, Run, Summary};
