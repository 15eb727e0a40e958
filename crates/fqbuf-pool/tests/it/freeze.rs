//! Frozen buffers: refcounted slices that bring their buffer home.

use std::thread;

use fqbuf_pool::{BufferPool, PooledBuffer};

#[test]
fn the_buffer_is_home_when_the_last_slice_drops() {
    let pool = BufferPool::new(100);
    let mut buffer = pool.get();
    let address = buffer.as_ptr();
    buffer.extend_from_slice(b"@r1 ACGT");
    let whole = PooledBuffer::freeze(buffer);
    assert_eq!(whole.as_ptr(), address, "nothing is copied");
    let id = whole.slice(1..3);
    let sequence = whole.slice(4..);
    drop(whole);
    drop(id);
    assert_eq!((pool.idle(), pool.live()), (0, 1));
    assert_eq!(&sequence[..], b"ACGT");
    drop(sequence);
    assert_eq!((pool.idle(), pool.live()), (1, 0));
    let again = pool.get();
    assert_eq!((again.as_ptr(), again.len()), (address, 0));
}

#[test]
fn the_last_slice_may_drop_on_any_thread() {
    let pool = BufferPool::with_capacity(100, 4);
    for _ in 0..50 {
        let mut buffer = pool.get();
        buffer.extend_from_slice(&[1, 2, 3, 4]);
        let frozen = PooledBuffer::freeze(buffer);
        let workers: Vec<_> = (0..4)
            .map(|i| {
                let slice = frozen.slice(i..);
                thread::spawn(move || slice.iter().map(|&b| u32::from(b)).sum::<u32>())
            })
            .collect();
        drop(frozen);
        let sums: Vec<u32> = workers.into_iter().map(|worker| worker.join().expect("no panic")).collect();
        assert_eq!(sums, [10, 9, 7, 4]);
        assert_eq!((pool.idle(), pool.live()), (1, 0));
    }
    assert_eq!(pool.stats().misses, 1);
}

#[test]
fn slices_outlive_the_pool() {
    let pool = BufferPool::new(8);
    let mut buffer = pool.get();
    buffer.push(5);
    let frozen = PooledBuffer::freeze(buffer);
    drop(pool);
    assert_eq!(&frozen[..], [5]);
}

#[test]
fn an_empty_buffer_freezes_too() {
    let pool = BufferPool::new(8);
    let frozen = PooledBuffer::freeze(pool.get());
    assert!(frozen.is_empty());
    drop(frozen);
    assert_eq!((pool.idle(), pool.live()), (1, 0));
}

#[test]
fn a_frozen_buffer_beyond_the_bound_is_freed() {
    let pool = BufferPool::builder().buffer_size(8).max_retained(16).build().expect("no budget");
    let mut buffer = pool.get();
    buffer.extend_from_slice(&[0; 1000]);
    drop(PooledBuffer::freeze(buffer));
    assert_eq!((pool.idle(), pool.live(), pool.stats().discarded), (0, 0, 1));
}
