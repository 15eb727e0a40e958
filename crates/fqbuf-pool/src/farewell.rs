//! What a thread gives up as it ends, so that others can have it.

use crate::sync::Arc;

/// Something that threads own one after another.
pub(crate) trait Resign: Send + Sync {
    /// The calling thread owns it no more.
    fn resign(&self);
}

#[cfg(not(any(loom, shuttle)))]
mod ending {
    use std::cell::RefCell;
    use std::sync::Weak;

    use super::{Arc, Resign};

    /// As much as a thread owns at a time, without an allocation for it.
    const MOST: usize = 16;

    thread_local! {
        /// What this thread may own. It may be gone, and does not last longer for it.
        static OWNED: Owned = const { Owned(RefCell::new([const { None }; MOST])) };
    }

    struct Owned(RefCell<[Option<Weak<dyn Resign>>; MOST]>);

    impl Drop for Owned {
        fn drop(&mut self) {
            self.0.get_mut().iter().flatten().filter_map(Weak::upgrade).for_each(|owned| owned.resign());
        }
    }

    /// Has it resigned from when this thread ends; false when the thread is past that, or owns as much as it can.
    pub(crate) fn resign_at_end<T: Resign + 'static>(owned: &Arc<T>) -> bool {
        let remember = |all: &Owned| {
            let mut all = all.0.borrow_mut();
            let is_free = |place: &Option<Weak<dyn Resign>>| place.as_ref().is_none_or(|it| it.strong_count() == 0);
            let place = all.iter_mut().find(|place| is_free(place));
            place.map(|place| *place = Some(Arc::downgrade(owned) as Weak<dyn Resign>)).is_some()
        };
        OWNED.try_with(remember).unwrap_or(false)
    }
}

#[cfg(any(loom, shuttle))]
mod ending {
    use super::{Arc, Resign};

    /// Threads of models resign by themselves.
    pub(crate) fn resign_at_end<T: Resign + 'static>(_: &Arc<T>) -> bool {
        true
    }
}

pub(crate) use ending::resign_at_end;
