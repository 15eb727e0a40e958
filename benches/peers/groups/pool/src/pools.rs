//! Every pool behind one small face: get a buffer, touch it, drop it.

use std::{hint::black_box, ops::DerefMut, sync::Arc};

use crossbeam_queue::ArrayQueue;
use fqbuf_pool::BufferPool;

/// Bytes of a buffer.
pub(crate) const SIZE: usize = 64 << 10;
/// Buffers that a pool keeps at most, where it has a bound.
const KEPT: usize = 64;

/// Uses an empty buffer a little.
#[inline]
pub(crate) fn touch(buffer: &mut Vec<u8>, n: u8) -> u64 {
    assert!(buffer.is_empty() && buffer.capacity() >= SIZE);
    buffer.push(n);
    u64::from(black_box(&mut *buffer)[0])
}

/// A pool, or what does as good as one.
pub(crate) trait Pool: Sync {
    fn new() -> Self;

    /// Gets a guard that borrows the pool, touches the buffer, drops it.
    fn borrowed(&self, n: u8) -> u64;

    /// The same with a guard that keeps the pool alive, where there are such.
    #[inline]
    fn owned(&self, n: u8) -> u64 {
        self.borrowed(n)
    }
}

/// A pool whose owned guards go home by themselves, from wherever they are dropped.
pub(crate) trait Sending: Pool {
    type Guard: DerefMut<Target = Vec<u8>> + Send;

    fn get(&self) -> Self::Guard;
}

/// A pool whose borrowing guards do.
pub(crate) trait SendingBorrowed: Pool {
    type Guard<'a>: DerefMut<Target = Vec<u8>> + Send
    where
        Self: 'a;

    fn get_borrowed(&self) -> Self::Guard<'_>;
}

fn buffer() -> Vec<u8> {
    Vec::with_capacity(SIZE)
}

pub(crate) struct Fqbuf(BufferPool);

impl Pool for Fqbuf {
    fn new() -> Self {
        Self(BufferPool::with_capacity(SIZE, KEPT))
    }
    #[inline]
    fn owned(&self, n: u8) -> u64 {
        touch(&mut self.0.get(), n)
    }
    #[inline]
    fn borrowed(&self, n: u8) -> u64 {
        touch(&mut self.0.get_scoped(), n)
    }
}

impl Sending for Fqbuf {
    type Guard = fqbuf_pool::PooledBuffer;
    #[inline]
    fn get(&self) -> Self::Guard {
        self.0.get()
    }
}

impl SendingBorrowed for Fqbuf {
    type Guard<'a> = fqbuf_pool::ScopedLease<'a, fqbuf_pool::Buffers>;
    #[inline]
    fn get_borrowed(&self) -> Self::Guard<'_> {
        self.0.get_scoped()
    }
}

/// Makes and clears `opool`'s buffers.
pub(crate) struct Maker;

impl opool::PoolAllocator<Vec<u8>> for Maker {
    #[inline]
    fn allocate(&self) -> Vec<u8> {
        buffer()
    }
    #[inline]
    fn reset(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
    }
}

pub(crate) struct Opool(Arc<opool::Pool<Maker, Vec<u8>>>);

impl Pool for Opool {
    fn new() -> Self {
        Self(opool::Pool::new(KEPT, Maker).to_rc())
    }
    #[inline]
    fn owned(&self, n: u8) -> u64 {
        touch(&mut Arc::clone(&self.0).get_rc(), n)
    }
    #[inline]
    fn borrowed(&self, n: u8) -> u64 {
        touch(&mut self.0.get(), n)
    }
}

impl Sending for Opool {
    type Guard = opool::RcGuard<Maker, Vec<u8>>;
    #[inline]
    fn get(&self) -> Self::Guard {
        Arc::clone(&self.0).get_rc()
    }
}

impl SendingBorrowed for Opool {
    type Guard<'a> = opool::RefGuard<'a, Maker, Vec<u8>>;
    #[inline]
    fn get_borrowed(&self) -> Self::Guard<'_> {
        self.0.get()
    }
}

pub(crate) struct ObjectPool(Arc<object_pool::Pool<Vec<u8>>>);

impl Pool for ObjectPool {
    fn new() -> Self {
        Self(Arc::new(object_pool::Pool::from_vec(Vec::with_capacity(KEPT))))
    }
    #[inline]
    fn owned(&self, n: u8) -> u64 {
        touch(&mut self.get(), n)
    }
    #[inline]
    fn borrowed(&self, n: u8) -> u64 {
        touch(&mut self.get_borrowed(), n)
    }
}

impl Sending for ObjectPool {
    type Guard = object_pool::ReusableOwned<Vec<u8>>;
    #[inline]
    fn get(&self) -> Self::Guard {
        let mut guard = self.0.pull_owned(buffer);
        guard.clear();
        guard
    }
}

impl SendingBorrowed for ObjectPool {
    type Guard<'a> = object_pool::Reusable<'a, Vec<u8>>;
    #[inline]
    fn get_borrowed(&self) -> Self::Guard<'_> {
        let mut guard = self.0.pull(buffer);
        guard.clear();
        guard
    }
}

pub(crate) struct Linear(Arc<lockfree_object_pool::LinearObjectPool<Vec<u8>>>);

impl Pool for Linear {
    fn new() -> Self {
        Self(Arc::new(lockfree_object_pool::LinearObjectPool::new(buffer, Vec::clear)))
    }
    #[inline]
    fn owned(&self, n: u8) -> u64 {
        touch(&mut self.0.pull_owned(), n)
    }
    #[inline]
    fn borrowed(&self, n: u8) -> u64 {
        touch(&mut self.0.pull(), n)
    }
}

impl Sending for Linear {
    type Guard = lockfree_object_pool::LinearOwnedReusable<Vec<u8>>;
    #[inline]
    fn get(&self) -> Self::Guard {
        self.0.pull_owned()
    }
}

impl SendingBorrowed for Linear {
    type Guard<'a> = lockfree_object_pool::LinearReusable<'a, Vec<u8>>;
    #[inline]
    fn get_borrowed(&self) -> Self::Guard<'_> {
        self.0.pull()
    }
}

pub(crate) struct Slab(Arc<sharded_slab::Pool<Vec<u8>>>);

/// Its buffers begin without memory.
#[inline]
fn grown(buffer: &mut Vec<u8>) -> &mut Vec<u8> {
    buffer.reserve(SIZE);
    buffer
}

impl Pool for Slab {
    fn new() -> Self {
        Self(Arc::new(sharded_slab::Pool::new()))
    }
    #[inline]
    fn owned(&self, n: u8) -> u64 {
        let mut guard = Arc::clone(&self.0).create_owned().expect("room in the slab");
        let found = touch(grown(&mut guard), n);
        let key = guard.key();
        drop(guard);
        self.0.clear(key);
        found
    }
    #[inline]
    fn borrowed(&self, n: u8) -> u64 {
        let mut guard = self.0.create().expect("room in the slab");
        let found = touch(grown(&mut guard), n);
        let key = guard.key();
        drop(guard);
        self.0.clear(key);
        found
    }
}

pub(crate) struct Regex(regex_automata::util::pool::Pool<Vec<u8>>);

impl Pool for Regex {
    fn new() -> Self {
        Self(regex_automata::util::pool::Pool::new(buffer))
    }
    #[inline]
    fn borrowed(&self, n: u8) -> u64 {
        let mut guard = self.0.get();
        guard.clear();
        touch(&mut guard, n)
    }
}

/// A queue, by hand.
pub(crate) struct Queue(pub(crate) ArrayQueue<Vec<u8>>);

impl Pool for Queue {
    fn new() -> Self {
        Self(ArrayQueue::new(KEPT))
    }
    #[inline]
    fn borrowed(&self, n: u8) -> u64 {
        let mut found = self.0.pop().unwrap_or_else(buffer);
        found.clear();
        let touched = touch(&mut found, n);
        let _ = self.0.push(found);
        touched
    }
}

/// The system's allocator.
pub(crate) struct Malloc;

impl Pool for Malloc {
    fn new() -> Self {
        Self
    }
    #[inline]
    fn borrowed(&self, n: u8) -> u64 {
        touch(&mut buffer(), n)
    }
}

/// As good as a guard: it is freed where it is dropped.
pub(crate) struct Freed(Vec<u8>);

impl std::ops::Deref for Freed {
    type Target = Vec<u8>;
    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Freed {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Sending for Malloc {
    type Guard = Freed;
    #[inline]
    fn get(&self) -> Freed {
        Freed(buffer())
    }
}
