//! A fence with a light side for those who pass often, and a heavy side for those who seldom do.
//!
//! Two threads that each store to one place and then look at the other's must not both see the old value. Two fences do
//! that, each some ns. Here the light side only keeps the compiler from changing the order, and the heavy side has the system
//! interrupt every processor that runs a thread of this process, which is as good as a fence in the middle of whatever that thread does:
//! its store came before, and is seen by the heavy side from now on, or its look comes after, and sees the heavy side's
//! store. On a two-core Zen 5 guest the heavy side takes 0.3 µs in a process of one thread and 4 to 12 with another
//! running; to register takes 1 µs in a process of one thread, in others up to 10 ms, once.
//!
//! In models both sides are fences, sequentially consistent, of which this is the asymmetric form.

#[cfg(any(loom, shuttle))]
mod sides {
    use crate::sync::atomic::{Ordering, fence};
    use crate::sync::mutant;

    pub(crate) fn available() -> bool {
        true
    }

    pub(crate) fn light() {
        if !mutant("lane_entered_without_fence") {
            fence(Ordering::SeqCst);
        }
    }

    pub(crate) fn heavy() -> bool {
        if !mutant("lane_shut_without_fence") {
            fence(Ordering::SeqCst);
        }
        true
    }
}

#[cfg(all(target_os = "linux", not(any(loom, shuttle, miri))))]
mod sides {
    use std::sync::OnceLock;
    use std::sync::atomic::{Ordering, compiler_fence};

    use rustix::thread::{MembarrierCommand, membarrier};

    #[cfg(test)]
    thread_local! {
        /// Whether the calling thread is refused barriers, as by a filter that has come.
        pub(crate) static REFUSED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }

    /// Whether this process can have such a fence: the kernel may be too old, or a filter forbid it. Registers the process.
    pub(crate) fn available() -> bool {
        static REGISTERED: OnceLock<bool> = OnceLock::new();
        *REGISTERED.get_or_init(register)
    }

    fn register() -> bool {
        membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
    }

    #[inline]
    pub(crate) fn light() {
        compiler_fence(Ordering::SeqCst);
    }

    /// False when it did not happen: a filter has come since the process was registered.
    pub(crate) fn heavy() -> bool {
        let barrier = || {
            #[cfg(test)]
            if REFUSED.get() {
                return false;
            }
            membarrier(MembarrierCommand::PrivateExpedited).is_ok()
        };
        compiler_fence(Ordering::SeqCst);
        // A process that was forked is registered as its parent was. Should a kernel see that otherwise, it can be made good.
        let done = barrier() || (register() && barrier());
        compiler_fence(Ordering::SeqCst);
        done
    }
}

#[cfg(not(any(loom, shuttle, all(target_os = "linux", not(miri)))))]
mod sides {
    pub(crate) fn available() -> bool {
        false
    }

    #[inline]
    pub(crate) fn light() {
        unreachable!("nobody enters a lane without it");
    }

    pub(crate) fn heavy() -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux", not(any(loom, shuttle, miri))))]
pub(crate) use sides::REFUSED;
pub(crate) use sides::{available, heavy, light};
