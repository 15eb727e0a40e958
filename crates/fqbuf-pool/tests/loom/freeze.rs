//! Frozen buffers: the last slice against whoever wants the buffer, or the pool to end.

use std::sync::atomic::AtomicBool;

use fqbuf_pool::{BufferPool, MemoryBudget, PooledBuffer};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::{bounded, exhaustive};

/// A pool of one-byte buffers with one shard.
fn pool(budget: Option<&MemoryBudget>) -> BufferPool {
    let builder = BufferPool::builder().buffer_size(1).max_idle(2).shards(1);
    let builder = budget.map(|budget| builder.clone().budget(budget)).unwrap_or(builder);
    builder.build().expect("the budget holds one")
}

#[test]
fn last_slice_against_get() {
    exhaustive("freeze_copies", || {
        let pool = pool(None);
        let mut buffer = pool.get();
        buffer.push(7);
        let address = buffer.as_ptr();
        let whole = PooledBuffer::freeze(buffer);
        let slice = whole.slice(..1);
        // loom does not see the slices' count: here it lets either thread drop its slice first. What that count orders, loom does
        // not see either, hence a flag of std's.
        let turn = Arc::new(AtomicUsize::new(0));
        let read = Arc::new(AtomicBool::new(false));
        let holder = thread::spawn({
            let (turn, read) = (Arc::clone(&turn), Arc::clone(&read));
            move || {
                assert_eq!(&slice[..], &[7]);
                read.store(true, Ordering::Relaxed);
                turn.fetch_add(1, Ordering::Relaxed);
                drop(slice);
            }
        });
        turn.fetch_add(1, Ordering::Relaxed);
        drop(whole);
        // Whichever slice was the last, its end either comes before this get, which then has the buffer, or after it.
        let got = pool.get();
        let again = got.as_ptr() == address;
        assert!(!again || read.load(Ordering::Relaxed), "handed out while a slice is still read");
        assert!(got.is_empty());
        holder.join().unwrap();
        assert_eq!((pool.live(), pool.idle()), (1, usize::from(!again)));
        assert_eq!(pool.stats().hits, u64::from(again));
    });
}

#[test]
fn last_slice_against_waiting_get() {
    exhaustive("frozen_lease_is_forgotten", || {
        let budget = MemoryBudget::new(1);
        let pool = pool(Some(&budget));
        let mut buffer = pool.get();
        buffer.push(7);
        let frozen = PooledBuffer::freeze(buffer);
        let slice = frozen.slice(..);
        let holder = thread::spawn(move || {
            drop(frozen);
            assert_eq!(slice[0], 7);
        });
        let buffer = pool.get();
        assert!(buffer.is_empty());
        holder.join().unwrap();
        assert_eq!((pool.stats().hits, budget.used()), (1, 1));
    });
}

#[test]
fn last_slice_against_pool_drop() {
    bounded(4, "no_fence_at_end", || {
        let budget = MemoryBudget::new(3);
        let pool = pool(Some(&budget));
        let (buffer, other) = (pool.get(), pool.get());
        // Goes to the slot, and from there to the queue when the frozen one comes.
        drop(pool.get());
        let frozen = PooledBuffer::freeze(buffer);
        let holder = thread::spawn(move || drop(frozen));
        drop(pool);
        holder.join().unwrap();
        assert_eq!(budget.used(), 1, "the other lease keeps the estate, which keeps no buffer");
        drop(other);
        assert_eq!(budget.used(), 0);
    });
}
