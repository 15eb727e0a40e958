//! How an arena is made: its capacity, and what it does when that is used up.

use crate::arena::Arena;
use crate::error::OutOfMemory;
use crate::memory::Bump;

/// What an arena does when a slice does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Growth {
    /// It returns `None`: the capacity is fixed.
    #[default]
    Fixed,
    /// It takes a further chunk, and returns `None` when that would lead beyond the limit.
    ///
    /// Slices stay where they are. Chunks are kept on [`reset`](Arena::reset), so an arena that has grown to what its
    /// user needs allocates nothing any more.
    Chunks {
        /// Bytes of a further chunk; a larger slice gets a chunk of its own size.
        size: usize,
        /// The most that [`capacity`](Arena::capacity) may become.
        limit: usize,
    },
}

/// Makes an [`Arena`].
///
/// # Examples
/// ```
/// use fqbuf_arena::{Arena, Growth};
///
/// # fn main() -> Result<(), fqbuf_arena::OutOfMemory> {
/// let growth = Growth::Chunks { size: 1024, limit: 4096 };
/// let arena = Arena::builder().capacity(1024).growth(growth).build()?;
/// let (first, second) = (arena.allocate(1000), arena.allocate(1000));
/// assert!(first.is_some() && second.is_some());
/// assert_eq!(arena.capacity(), 2048);
/// assert!(arena.allocate(4096).is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ArenaBuilder {
    capacity: usize,
    growth: Growth,
}

impl ArenaBuilder {
    pub(crate) const fn new() -> Self {
        Self { capacity: 64 * 1024, growth: Growth::Fixed }
    }

    /// Bytes to begin with. The default is 64 KiB.
    #[must_use]
    pub const fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = bytes;
        self
    }

    /// What to do when they are used up. The default is [`Growth::Fixed`].
    #[must_use]
    pub const fn growth(mut self, growth: Growth) -> Self {
        self.growth = growth;
        self
    }

    /// The arena.
    ///
    /// # Errors
    /// The allocator does not give that capacity.
    pub fn build(&self) -> Result<Arena, OutOfMemory> {
        match Bump::new(self.capacity, self.growth) {
            Some(memory) => Ok(Arena::from_memory(memory)),
            None => Err(OutOfMemory { requested: self.capacity }),
        }
    }
}
