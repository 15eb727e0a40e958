//! What the contenders of all groups share.
//!
//! A group is a package below `groups/`: a table of [`Row`]s and a `main` that hands it to [`run`]. The runner asks the binary
//! for its table (`list`), and starts it once for each contender and round (`run ROW CONTENDER FOLDER ROUND LAPS`), so that no contender
//! meets the heap, the caches or the branch history of another. A contender prepares, times one closure with [`Stage::time`],
//! and gives back an [`Answer`] that has to be that of all others in the row.
//!
//! Packages whose names begin alike, `stream` and `stream-zlib-ng`, are one group: the features of a peer's dependencies are
//! unified in a build, so peers that would change each other live in packages of their own.

mod aligned;
mod allocations;
mod bytes;
mod command;
mod mapped;
mod row;
mod stage;
mod threads;
pub mod work;

pub use crate::{
    aligned::Aligned,
    allocations::Counting,
    bytes::{STEP, bgzf_length, count, drain, drain_by, unpacked},
    command::run,
    mapped::mapped,
    row::{Build, Contender, Data, HELICASE_LENGTHS, Role, Row, Run},
    stage::{Answer, Bytes, Stage},
    threads::{on_core, spin_until, together, work_for},
};

/// Counts heap allocations of every contender when the runner asks for it; a predicted branch else.
#[global_allocator]
static ALLOCATOR: Counting = Counting;
