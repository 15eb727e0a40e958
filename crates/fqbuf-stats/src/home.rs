//! The shard that a thread counts in: round robin by first use, moved when another thread is met there.
//!
//! Rejected: hashing the thread's id, because two of two threads share a shard one time in eight and then run at the
//! speed of one shared line; an index per counter object, because it needs a table that is looked up on every call.
//! The one static below is an ever-growing ticket, not state that two objects could disagree about.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Shards of each counter: a power of two, so that an index is masked and not divided.
pub(crate) const SHARDS: usize = 8;

/// Not a shard: this thread has not counted anything yet.
const NONE: usize = usize::MAX;

thread_local! {
    /// Below [`SHARDS`], or [`NONE`]. Nothing to drop, so it outlives every other thread local.
    static HOME: Cell<usize> = const { Cell::new(NONE) };
}

/// The calling thread's shard, below [`SHARDS`].
#[inline]
pub(crate) fn home() -> usize {
    let home = HOME.get();
    if home == NONE { assign() } else { home % SHARDS }
}

/// Counts in shard `to` from now on.
pub(crate) fn move_to(to: usize) {
    HOME.set(to % SHARDS);
}

#[cold]
fn assign() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let home = NEXT.fetch_add(1, Relaxed) % SHARDS;
    HOME.set(home);
    home
}
