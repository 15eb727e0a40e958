//! A few buffers that take turns.
//!
//! A turn and one `push` take 1.07 ns, where a `Vec<Vec<u8>>` with an index of the caller's own takes 1.06 to 1.16, by where the
//! linker put it (2-core Zen 5 guest, AMD EPYC family 26 model 2, 2026-11-26, medians of nine interleaved processes of the row
//! `turns` of `cargo xtask bench arena`). Turns go from the last buffer to the first, since that one is seen without a comparison;
//! from the first to the last 1.17, and with one branch for both the end and the bounds 1.17 and 1.40. With the bound on the
//! capacity looked at in the turn itself, always or where the capacity changed, a tenth to a quarter more. So buffers that have
//! grown cost a call more.
//!
//! On a 2-core Cascade Lake guest (Intel family 6 model 85, 2026-11-26, medians of 31 laps in turn in one program), in units of the
//! `Vec<Vec<u8>>`: this 0.92, where the row has 1.05; from the first to the last 1.07 to 1.13; the bound looked at in the turn 1.13;
//! that of all buffers once a round 1.15; looked at before the buffer is cleared instead of behind, 0.76 there and 1.00 in the next
//! program; no bound at all 0.75.
//!
//! There, 2026-11-27, medians of five interleaved processes of the row, linked twice, once with all code 16 bytes further on (that
//! processor keeps no branch on a bound of 32 bytes in its cache of decoded instructions, and these loops are little else): the
//! `Vec<Vec<u8>>` 2.94 and 3.00 ns, this 2.76 and 3.08. With the last index in line 3.18 and 2.94; the last turn of a round in a
//! function of its own 3.02 and 3.38; one branch for the end and the bounds, the bound looked at before the buffer is cleared, 3.56
//! and 3.21. With the next place chosen without a branch, as it was, 3.01 to 3.19.

use std::fmt;

/// A fixed number of buffers, handed out in turn, each cleared.
///
/// Not for buffers that are in use at the same time: one is borrowed until the next is asked for. Take a pool then.
///
/// A buffer keeps what its user made it grow to, up to [`retain`](Self::retain) bytes of capacity: four times the size,
/// at least 64 KiB, unless [`with_retain`](Self::with_retain) says otherwise. One that comes round with more, or with
/// less than the size (its memory was taken away with `mem::take`, say), is replaced by a new one of the size. So the
/// memory held at rest is bounded, and every buffer handed out has room for `size` bytes.
///
/// # Examples
/// ```
/// use fqbuf_arena::PreallocatedBuffers;
///
/// let mut buffers = PreallocatedBuffers::new(2, 1024);
/// buffers.get_next().extend_from_slice(b"ACGT");
/// assert!(buffers.get_next().is_empty());
/// let first_again = buffers.get_next();
/// assert!(first_again.is_empty() && first_again.capacity() >= 1024);
/// ```
pub struct PreallocatedBuffers {
    /// Never empty.
    buffers: Vec<Vec<u8>>,
    /// Index of the buffer to hand out next; below `buffers.len()`.
    next: usize,
    /// The capacity that each has when handed out.
    size: usize,
    /// The capacity above `size` that a buffer may have when handed out.
    spare: usize,
}

impl PreallocatedBuffers {
    /// `count` buffers with room for `size` bytes each.
    ///
    /// # Panics
    /// When `count` is 0: there would be nothing to hand out. As `Vec::with_capacity`, when there is no such memory.
    #[must_use]
    #[track_caller]
    // A caller that keeps the fields in registers hands out a buffer in 1.09 ns instead of 1.19.
    #[inline]
    pub fn new(count: usize, size: usize) -> Self {
        assert!(count > 0, "PreallocatedBuffers needs at least one buffer");
        let buffers = (0..count).map(|_| Vec::with_capacity(size)).collect();
        Self { buffers, next: 0, size, spare: size.saturating_mul(4).max(64 * 1024) - size }
    }

    /// The same, with another bound on the capacity that a buffer keeps; at least `size` counts.
    #[must_use]
    pub fn with_retain(mut self, bytes: usize) -> Self {
        self.spare = bytes.saturating_sub(self.size);
        self
    }

    /// The next buffer in turn, empty. After the last comes the first.
    #[inline]
    #[must_use]
    pub fn get_next(&mut self) -> &mut Vec<u8> {
        let at = self.next;
        self.next = if at == 0 { self.last() } else { at - 1 };
        let buffer = &mut self.buffers[at];
        buffer.clear();
        if buffer.capacity() != self.size {
            bound(buffer, self.size, self.spare);
        }
        buffer
    }

    /// Index of the last buffer. By itself, so that the place of the next turn is foretold by a branch instead of computed from
    /// both ways.
    #[cold]
    #[inline(never)]
    fn last(&self) -> usize {
        self.buffers.len() - 1
    }

    /// Number of buffers, at least 1.
    #[allow(clippy::len_without_is_empty)] // It never is.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffers.len()
    }

    /// The bytes that every buffer has room for when handed out.
    #[must_use]
    pub fn buffer_size(&self) -> usize {
        self.size
    }

    /// The capacity up to which a buffer keeps its memory.
    #[must_use]
    pub fn retain(&self) -> usize {
        self.size + self.spare
    }

    /// Capacity of all buffers together.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.buffers.iter().map(Vec::capacity).sum()
    }
}

/// Replaces a buffer whose capacity is less than `size` or by more than `spare` above it; its predecessor is freed first.
#[cold]
#[inline(never)]
fn bound(buffer: &mut Vec<u8>, size: usize, spare: usize) {
    // Wraps when the capacity is too small: that is too much, too.
    if buffer.capacity().wrapping_sub(size) > spare {
        *buffer = Vec::new();
        buffer.reserve_exact(size);
    }
}

impl fmt::Debug for PreallocatedBuffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreallocatedBuffers")
            .field("count", &self.buffers.len())
            .field("size", &self.size)
            .field("retain", &self.retain())
            .field("next", &self.next)
            .finish()
    }
}
