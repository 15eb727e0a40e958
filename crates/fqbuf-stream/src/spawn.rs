//! Threads, of which the system may have none left.

use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Arc, Mutex, PoisonError};

/// Starts a thread that does `work` with `what`.
///
/// # Errors
/// `what`, where the system refuses a thread: the caller does without one. Left in the closure it would be gone, and the input
/// with it.
pub(crate) fn spawn<T: Send + 'static>(
    name: String,
    what: T,
    work: impl FnOnce(T) + Send + 'static,
) -> Result<JoinHandle<()>, T> {
    #[cfg(test)]
    if refusal::is_on() {
        return Err(what);
    }
    let ours = Arc::new(Mutex::new(Some(what)));
    let theirs = Arc::clone(&ours);
    let take = |shared: &Mutex<Option<T>>| shared.lock().unwrap_or_else(PoisonError::into_inner).take();
    let run = move || {
        if let Some(what) = take(&theirs) {
            work(what);
        }
    };
    thread::Builder::new().name(name).spawn(run).map_err(|_| take(&ours).expect("no thread has taken it"))
}

/// A system without threads to spare, for tests.
#[cfg(test)]
pub(crate) mod refusal {
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<bool> = const { Cell::new(false) };
    }

    pub(crate) fn is_on() -> bool {
        ON.get()
    }

    /// Runs `test` in a thread that is refused every other.
    pub(crate) fn during<T>(test: impl FnOnce() -> T) -> T {
        ON.set(true);
        let result = test();
        ON.set(false);
        result
    }
}
