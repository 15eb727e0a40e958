//! Words that name the one thread which has something to itself, and what that thread and the others say of it.

use crate::home::Me;

/// Times that others reach in before what they reach for is closed to its owner for good.
pub(crate) const PATIENCE: u8 = if cfg!(any(loom, shuttle)) { 2 } else { 16 };

/// Added to its owner's number: the claim of a thread that was stopped.
pub(crate) const STOPPED: usize = 1 << (usize::BITS - 1);
/// The claim on what nobody owns. Not 0, which is the number of threads that have none.
pub(crate) const FREE: usize = STOPPED;
/// The claim on what nobody will own.
pub(crate) const CLOSED: usize = usize::MAX;

/// Whether this is the claim of a thread that was not stopped.
#[inline]
pub(crate) fn is_owned(claim: usize) -> bool {
    claim & STOPPED == 0
}

/// Whether this is the claim of the calling thread, stopped or not.
pub(crate) fn is_of(claim: usize, me: Me) -> bool {
    me.is_unique() && claim | STOPPED == me.number() | STOPPED
}

/// Why somebody reaches in who is not the owner.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// An item or a place is missing.
    Need,
    /// Somebody asked for it.
    Wish,
    /// The pool ends.
    End,
}
