#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod exact;
mod home;
mod live;
mod sharded;
mod sizes;
mod snapshot;

pub use exact::BufferStats;
pub use sharded::ShardedStats;
pub use sizes::{PIPELINE_BUFFER, optimal_buffer_size, pipeline_buffer_size};
pub use snapshot::{StatsDifference, StatsSnapshot};
