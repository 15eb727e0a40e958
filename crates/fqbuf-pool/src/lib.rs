#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod anchor;
mod barrier;
mod belt;
mod budget;
mod builder;
mod claim;
mod entry;
mod estate;
mod farewell;
mod gate;
mod home;
mod lane;
mod lease;
mod ledger;
mod pool;
mod queue;
mod recipe;
mod shard;
mod sync;

pub use bytes::Bytes;

pub use budget::{BudgetError, Charge, MemoryBudget};
pub use builder::PoolBuilder;
#[cfg(any(loom, shuttle))]
#[doc(hidden)]
pub use home::settle_in;
pub use lease::{Lease, PooledBuffer, ScopedLease};
pub use ledger::PoolStats;
pub use pool::{BufferPool, Pool};
pub use recipe::{Buffers, Recipe};
