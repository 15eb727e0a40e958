//! What a pool needs to know of its items: how to make one, how big it is, how to empty it.

/// How a [`Pool`](crate::Pool) makes, measures and empties its items.
///
/// Plain byte buffers need none: [`BufferPool`](crate::BufferPool) brings its own. The pool calls these without holding a
/// lock, so a recipe may use pools itself.
///
/// [`make`](Self::make) may panic, and so may an item's drop: what was charged comes back, and the counts stay right. The other
/// methods must not: the item is freed then and its bytes come back to the budget, but it counts as leased for ever.
///
/// # Examples
/// ```
/// use fqbuf_pool::{PoolBuilder, Recipe};
///
/// /// Line indexes of 1,000 entries at first.
/// struct Indexes;
///
/// impl Recipe for Indexes {
///     type Item = Vec<u32>;
///     fn make(&self) -> Vec<u32> {
///         Vec::with_capacity(1000)
///     }
///     fn fresh_bytes(&self) -> usize {
///         4000
///     }
///     fn bytes(&self, item: &Vec<u32>) -> usize {
///         4 * item.capacity()
///     }
///     fn reset(&self, item: &mut Vec<u32>) {
///         item.clear();
///     }
/// }
///
/// # fn main() -> Result<(), fqbuf_pool::BudgetError> {
/// let pool = PoolBuilder::new(Indexes).max_idle(4).build()?;
/// let mut index = pool.get();
/// index.push(7);
/// drop(index);
/// assert!(pool.get().is_empty());
/// # Ok(())
/// # }
/// ```
pub trait Recipe: Send + Sync + 'static {
    /// What is pooled. It goes from thread to thread, so it has to be `Send`; it is never shared.
    ///
    /// Its drop must not wait for memory of the pool's budget: idle items are dropped by whoever is first in line for that, and
    /// would join the line behind themselves.
    ///
    /// ```compile_fail,E0277
    /// # use fqbuf_pool::Recipe;
    /// struct Shared;
    ///
    /// impl Recipe for Shared {
    ///     type Item = std::rc::Rc<u8>; // cannot be sent between threads safely
    /// #   fn make(&self) -> Self::Item { std::rc::Rc::new(0) }
    /// #   fn fresh_bytes(&self) -> usize { 1 }
    /// #   fn bytes(&self, _: &Self::Item) -> usize { 1 }
    /// #   fn reset(&self, _: &mut Self::Item) {}
    /// }
    /// ```
    type Item: Send + 'static;

    /// Makes an empty item of about [`fresh_bytes`](Recipe::fresh_bytes) of memory.
    fn make(&self) -> Self::Item;

    /// Bytes that a new item takes: charged to the budget before [`make`](Recipe::make) is called. The same at every call.
    fn fresh_bytes(&self) -> usize;

    /// Bytes that `item` holds, by capacity: less than `usize::MAX`, which no memory has.
    fn bytes(&self, item: &Self::Item) -> usize;

    /// Empties `item` on its way home, so that the next user sees nothing of this one. Keeps the memory.
    fn reset(&self, item: &mut Self::Item);

    /// Readies `item` on its way out, a new one too. Does nothing unless a recipe says otherwise.
    ///
    /// The place for what need not be done while the item lies idle, such as emptying plain bytes. Where one thread gets and another one
    /// drops, an item that [`reset`](Self::reset) does not write to comes back sooner.
    fn renew(&self, item: &mut Self::Item) {
        let _ = item;
    }
}

/// Recipe of [`BufferPool`](crate::BufferPool): byte vectors of a given capacity, empty when handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// Capacity of a new buffer.
    size: usize,
}

impl Buffers {
    /// Buffers of `size` bytes of capacity.
    #[must_use]
    pub const fn new(size: usize) -> Self {
        Self { size }
    }
}

impl Recipe for Buffers {
    type Item = Vec<u8>;

    fn make(&self) -> Vec<u8> {
        Vec::with_capacity(self.size)
    }

    #[inline]
    fn fresh_bytes(&self) -> usize {
        self.size
    }

    #[inline]
    fn bytes(&self, item: &Vec<u8>) -> usize {
        item.capacity()
    }

    /// Leaves it to [`renew`](Recipe::renew).
    #[inline]
    fn reset(&self, _: &mut Vec<u8>) {}

    #[inline]
    fn renew(&self, item: &mut Vec<u8>) {
        item.clear();
    }
}
