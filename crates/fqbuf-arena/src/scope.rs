//! A part of an arena's use that ends before the rest.

use std::fmt;
use std::io::{self, Read};

use crate::memory::Region;
use crate::read;

/// Hands out slices of an arena and takes them back when dropped.
///
/// Not needed where everything is taken back at once: that is [`Arena::reset`](crate::Arena::reset).
///
/// Slices live as long as the arena is lent to the scope, not as long as the scope itself is borrowed: so those of an
/// outer scope live on while an inner one is in use. A scope that is forgotten (`mem::forget`) takes nothing back; the
/// scope around it, or a reset, does.
///
/// # Examples
/// ```
/// use fqbuf_arena::Arena;
///
/// let mut arena = Arena::new(100);
/// let mut outer = arena.scope();
/// let name = outer.copy_from(b"read1").unwrap_or_default();
/// for part in [&b"ACGT"[..], b"TTTT"] {
///     let inner = outer.scope();
///     assert!(inner.concat(&[part; 20]).is_some()); // 80 bytes each time, the same ones
/// }
/// assert_eq!(name, b"read1");
/// drop(outer);
/// assert_eq!((arena.used(), arena.high_water()), (0, 85));
/// ```
///
/// While a slice of it lives, the arena is still lent:
/// ```compile_fail,E0502
/// let mut arena = fqbuf_arena::Arena::new(100);
/// let scope = arena.scope();
/// let slice = scope.allocate(4).unwrap();
/// drop(scope);
/// arena.allocate(4);
/// slice[0] = 1;
/// ```
pub struct Scope<'a> {
    region: Region<'a>,
}

impl<'a> Scope<'a> {
    pub(crate) const fn new(region: Region<'a>) -> Self {
        Self { region }
    }

    /// As [`Arena::allocate`](crate::Arena::allocate): zeros.
    #[inline]
    #[must_use]
    pub fn allocate(&self, size: usize) -> Option<&'a mut [u8]> {
        self.region.memory().zeroed(size)
    }

    /// As [`Arena::copy_from`](crate::Arena::copy_from).
    #[inline]
    #[must_use]
    pub fn copy_from(&self, bytes: &[u8]) -> Option<&'a mut [u8]> {
        self.region.memory().copied(bytes)
    }

    /// As [`Arena::concat`](crate::Arena::concat).
    #[inline]
    #[must_use]
    pub fn concat(&self, parts: &[&[u8]]) -> Option<&'a mut [u8]> {
        self.region.memory().joined(parts)
    }

    /// As [`Arena::read_into`](crate::Arena::read_into): what one read returns, empty at the end of the input.
    ///
    /// # Errors
    /// Those of the arena's method.
    pub fn read_into<R: Read + ?Sized>(&self, reader: &mut R, max: usize) -> io::Result<&'a mut [u8]> {
        read::once(self.region.memory(), reader, max)
    }

    /// As [`Arena::read_exact_into`](crate::Arena::read_exact_into).
    ///
    /// # Errors
    /// Those of the arena's method.
    pub fn read_exact_into<R: Read + ?Sized>(&self, reader: &mut R, size: usize) -> io::Result<&'a mut [u8]> {
        read::exactly(self.region.memory(), reader, size)
    }

    /// A scope within this one, which cannot be used before the inner one is dropped.
    pub fn scope(&mut self) -> Scope<'_> {
        Scope { region: self.region.inner() }
    }

    /// Bytes handed out by the arena, before this scope and in it.
    #[must_use]
    pub fn used(&self) -> usize {
        self.region.memory().used()
    }

    /// The largest slice there is room for without growth.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.region.memory().remaining()
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("used", &self.used()).field("remaining", &self.remaining()).finish()
    }
}
