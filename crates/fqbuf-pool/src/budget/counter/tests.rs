//! What becomes of the list of pools while somebody looks through it.

use super::*;

/// A pool that has so many idle items, and ends when it is asked for one that it does not have.
struct Passing {
    counter: std::sync::Weak<Counter>,
    key: usize,
    idle: AtomicUsize,
}

impl Idle for Passing {
    fn free_one(&self) -> bool {
        let counter = self.counter.upgrade().expect("it calls this");
        if self.idle.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |idle| idle.checked_sub(1)).is_ok() {
            counter.give_back(1);
            return true;
        }
        let this = counter.pools.lock().expect("no panic").iter().find(|pool| pool.key == self.key).cloned();
        this.iter().for_each(|this| counter.leave(this));
        false
    }
}

/// Fails where whoever looks passes by the pool that took the place of another.
#[test]
fn what_lies_idle_is_found_while_other_pools_end() {
    for pools in 1..5 {
        for full in 0..pools {
            let counter = Arc::new(Counter::new(1, None));
            assert!(counter.try_take(1));
            for i in 0..pools {
                let idle = AtomicUsize::new(usize::from(i == full));
                let pool = Box::new(Passing { counter: Arc::downgrade(&counter), key: i + 1, idle });
                counter.enter(Arc::new(Neighbour { pool, key: i + 1 }));
            }
            assert!(counter.try_take_or_reclaim(1, NOBODY), "pool {full} of {pools}");
            assert!(!counter.try_take_or_reclaim(1, NOBODY));
            assert!(counter.pools.lock().expect("no panic").is_empty());
        }
    }
}
