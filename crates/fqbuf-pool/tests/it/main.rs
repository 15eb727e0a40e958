//! What users of fqbuf-pool rely on, through its public names.

mod belt;
mod budget;
mod faults;
mod freeze;
mod lane;
mod lease;
mod oracle;
mod pool;
mod recipe;
mod threads;

use fqbuf_pool::{BufferPool, Charge, Lease, MemoryBudget, Pool, PooledBuffer, ScopedLease};

/// Compiles for what may go to another thread.
const fn sent<T: Send + 'static>() {}
/// Compiles for what may be used after a panic.
const fn unwound<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
/// Compiles for what other threads may look at.
const fn shared<T: Sync>() {}

const _: () = {
    unwound::<BufferPool>();
    unwound::<PooledBuffer>();
    unwound::<ScopedLease<'static, fqbuf_pool::Buffers>>();
    unwound::<MemoryBudget>();
    unwound::<Charge>();
    sent::<BufferPool>();
    shared::<BufferPool>();
    sent::<PooledBuffer>();
    shared::<PooledBuffer>();
    sent::<ScopedLease<'static, fqbuf_pool::Buffers>>();
    sent::<MemoryBudget>();
    shared::<MemoryBudget>();
    sent::<Charge>();
    shared::<Charge>();
    sent::<Pool<recipe::SendOnly>>();
    shared::<Pool<recipe::SendOnly>>();
    sent::<Lease<recipe::SendOnly>>();
};
