//! What a thread gives up as it ends, so that others can have it.

use crate::sync::Arc;

/// Something that threads own one after another.
pub(crate) trait Resign: Send + Sync {
    /// The calling thread owns it no more.
    fn resign(&self);

    /// Whether it is of no use to the calling thread any more.
    #[cfg(not(any(loom, shuttle)))]
    fn is_over(&self) -> bool;
}

#[cfg(not(any(loom, shuttle)))]
mod ending {
    use std::cell::RefCell;

    use super::{Arc, Resign};

    /// As much as a thread owns at a time, without an allocation for it.
    const MOST: usize = 16;

    thread_local! {
        /// What this thread may own, kept alive by that.
        static OWNED: Owned = const { Owned(RefCell::new([const { None }; MOST])) };
    }

    struct Owned(RefCell<[Option<Arc<dyn Resign>>; MOST]>);

    impl Drop for Owned {
        fn drop(&mut self) {
            self.0.get_mut().iter().flatten().for_each(|owned| owned.resign());
        }
    }

    /// Keeps it alive, and has it resigned from when this thread ends; false when the thread is past that, or owns as much as
    /// it can. Lets go what is over.
    pub(crate) fn resign_at_end<T: Resign + 'static>(owned: &Arc<T>) -> bool {
        let remember = |all: &Owned| {
            let mut all = all.0.borrow_mut();
            let is_it = |it: &Arc<dyn Resign>| std::ptr::addr_eq(Arc::as_ptr(it), Arc::as_ptr(owned));
            if all.iter().flatten().any(is_it) {
                return (true, [const { None }; MOST]);
            }
            let over = all.each_mut().map(|place| place.take_if(|it| it.is_over()));
            let place = all.iter_mut().find(|place| place.is_none());
            (place.map(|place| *place = Some(Arc::clone(owned) as Arc<dyn Resign>)).is_some(), over)
        };
        let Ok((is_kept, over)) = OWNED.try_with(remember) else { return false };
        // It may end now that nothing is borrowed any more.
        over.iter().flatten().for_each(|over| over.resign());
        is_kept
    }
}

#[cfg(any(loom, shuttle))]
mod ending {
    use std::any::Any;
    use std::cell::RefCell;

    use super::{Arc, Resign};

    crate::sync::thread_local! {
        /// What this thread may own, kept alive by that.
        static OWNED: RefCell<Vec<Box<dyn Any>>> = RefCell::new(Vec::new());
    }

    /// Keeps it alive. Threads of models resign by themselves.
    pub(crate) fn resign_at_end<T: Resign + 'static>(owned: &Arc<T>) -> bool {
        OWNED.with(|all| all.borrow_mut().push(Box::new(Arc::clone(owned))));
        true
    }
}

pub(crate) use ending::resign_at_end;
