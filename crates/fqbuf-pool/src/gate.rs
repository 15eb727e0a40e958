//! A place where models look both ways; nothing in an ordinary build.
//!
//! loom decides where to switch threads by the last access to each object alone. A thread that loads an atomic and then
//! stores to it hides that another thread had loaded it before, and the schedule in which that load comes second is never
//! tried. A gate is an object of its own, to which every access counts: threads that pass one are tried in every order. It
//! is passed before the accesses that decide a race, relaxed, so that it orders nothing by itself.

/// Nothing.
#[cfg(not(loom))]
pub(crate) struct Gate;

#[cfg(not(loom))]
impl Gate {
    pub(crate) fn new() -> Self {
        Self
    }

    /// Nothing.
    #[inline]
    pub(crate) fn pass(&self) {}
}

/// An atomic that is written and never read.
#[cfg(loom)]
pub(crate) struct Gate(loom::sync::atomic::AtomicUsize);

#[cfg(loom)]
impl Gate {
    pub(crate) fn new() -> Self {
        Self(loom::sync::atomic::AtomicUsize::new(0))
    }

    /// Lets any other thread go first.
    pub(crate) fn pass(&self) {
        self.0.fetch_add(1, loom::sync::atomic::Ordering::Relaxed);
    }
}
