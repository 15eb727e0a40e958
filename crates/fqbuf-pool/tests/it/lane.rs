//! Items in the lanes of threads, reached by the others: any sequence of calls on three threads against a pool that is two
//! numbers, and many threads at once.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread::{self, JoinHandle};

use fqbuf_pool::{BufferPool, Lease, Pool, PoolBuilder, PooledBuffer, Recipe};
use proptest::prelude::*;

use crate::threads::{Dice, rounds};

/// Makes items that are counted while they live.
#[derive(Clone, Default)]
pub(crate) struct Counted(Arc<AtomicIsize>);

pub(crate) struct Item {
    alive: Arc<AtomicIsize>,
    used: bool,
}

impl Counted {
    pub(crate) fn alive(&self) -> isize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Recipe for Counted {
    type Item = Item;
    fn make(&self) -> Item {
        self.0.fetch_add(1, Ordering::Relaxed);
        Item { alive: Arc::clone(&self.0), used: false }
    }
    fn fresh_bytes(&self) -> usize {
        1
    }
    fn bytes(&self, _: &Item) -> usize {
        1
    }
    fn reset(&self, item: &mut Item) {
        item.used = false;
    }
}

impl Item {
    pub(crate) fn touch(&mut self) {
        assert!(!self.used, "somebody has it");
        self.used = true;
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What holds of a pool that nobody is using: every item that lives is idle, and can be freed.
pub(crate) fn all_is_home(pool: &Pool<Counted>, counted: &Counted) {
    let stats = pool.stats();
    assert_eq!((stats.live, stats.idle as isize), (0, counted.alive()));
    assert_eq!(stats.hits + stats.misses, stats.returned + stats.discarded);
    pool.clear();
    assert_eq!((pool.idle(), counted.alive()), (0, 0));
}

/// A thread that does what it is told, one thing after another.
pub(crate) struct Worker {
    orders: Option<mpsc::Sender<Box<dyn FnOnce() + Send>>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn new() -> Self {
        let (orders, jobs) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        let thread = thread::spawn(move || jobs.into_iter().for_each(|job| job()));
        Self { orders: Some(orders), thread: Some(thread) }
    }

    /// Has it done there, and waits for the answer.
    pub(crate) fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (send, answer) = mpsc::channel();
        let job = move || drop(send.send(job()));
        self.orders.as_ref().expect("until the end").send(Box::new(job)).expect("a receiver");
        answer.recv().expect("an answer")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.orders.take());
        drop(self.thread.take().map(JoinHandle::join));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Get,
    Scoped,
    Drop(usize),
    Detach(usize),
    Prefill(usize),
    Trim(usize),
    /// The thread ends, and another takes its place.
    Replace,
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        8 => Just(Step::Get),
        4 => Just(Step::Scoped),
        8 => (0..24usize).prop_map(Step::Drop),
        1 => (0..24usize).prop_map(Step::Detach),
        1 => (0..16usize).prop_map(Step::Prefill),
        1 => (0..4usize).prop_map(Step::Trim),
        1 => Just(Step::Replace),
    ];
    proptest::collection::vec((0..3usize, step), 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn three_threads_find_what_is_idle_wherever_it_lies(
        steps in steps(), max_idle in 0..16usize, shards in 1..5usize, last in 0..3usize,
    ) {
        let counted = Counted::default();
        let pool = PoolBuilder::new(counted.clone()).max_idle(max_idle).shards(shards).build().expect("no budget");
        let mut workers = [Worker::new(), Worker::new(), Worker::new()];
        let mut leases: Vec<Lease<Counted>> = Vec::new();
        let (mut idle, mut hits, mut misses, mut prefilled, mut gone) = (0, 0, 0, 0, 0);
        for (i, step) in steps {
            let (worker, pool) = (&workers[i], pool.clone());
            match step {
                Step::Get | Step::Scoped if idle == 0 => misses += 1,
                Step::Get | Step::Scoped => {
                    idle -= 1;
                    hits += 1;
                }
                _ => {}
            }
            match step {
                Step::Get => {
                    let mut lease = worker.run(move || pool.get());
                    lease.touch();
                    leases.push(lease);
                }
                Step::Scoped => {
                    worker.run(move || pool.get_scoped().touch());
                    if idle < max_idle { idle += 1 } else { gone += 1 }
                }
                Step::Drop(n) if n < leases.len() => {
                    let lease = leases.swap_remove(n);
                    worker.run(move || drop(lease));
                    if idle < max_idle { idle += 1 } else { gone += 1 }
                }
                Step::Detach(n) if n < leases.len() => {
                    drop(Lease::into_inner(leases.swap_remove(n)));
                    gone += 1;
                }
                Step::Prefill(n) => {
                    let made = n.min(max_idle).saturating_sub(idle);
                    prop_assert_eq!(worker.run(move || pool.prefill(n)), made);
                    idle += made;
                    prefilled += made;
                }
                Step::Trim(keep) => {
                    let freed = idle.saturating_sub(keep);
                    prop_assert_eq!(worker.run(move || pool.trim(keep)), freed);
                    idle -= freed;
                    gone += freed;
                }
                Step::Replace => workers[i] = Worker::new(),
                _ => {}
            }
        }
        let stats = pool.stats();
        prop_assert_eq!((stats.idle, stats.live), (idle as u64, leases.len() as u64));
        prop_assert_eq!((stats.hits, stats.misses, stats.prefilled), (hits, misses, prefilled as u64));
        prop_assert_eq!(stats.discarded + stats.freed + stats.detached, gone as u64);
        prop_assert_eq!(counted.alive(), (idle + leases.len()) as isize);
        // The pool ends on one thread, and what others have left in their lanes with it.
        workers[last].run(move || drop(pool));
        prop_assert_eq!(counted.alive(), leases.len() as isize);
        for (i, lease) in leases.into_iter().enumerate() {
            workers[i % 3].run(move || drop(lease));
        }
        prop_assert_eq!(counted.alive(), 0);
    }
}

/// Fails where a lane that others reach into is not left as it was: what is held twice is seen, and what is lost is missed.
#[test]
fn who_lives_on_others_items_finds_them() {
    let counted = Counted::default();
    let pool = PoolBuilder::new(counted.clone()).max_idle(3).shards(1).build().expect("no budget");
    let other = Worker::new();
    // More often than a lane's patience lasts.
    for _ in 0..100 {
        pool.get().touch();
        let pool = pool.clone();
        other.run(move || pool.get_scoped().touch());
    }
    let stats = pool.stats();
    assert_eq!((stats.hits, stats.misses, counted.alive()), (199, 1, 1));
}

#[test]
fn owners_go_in_and_out_while_others_reach_in() {
    let counted = Counted::default();
    let pool = PoolBuilder::new(counted.clone()).max_idle(8).shards(2).build().expect("no budget");
    let start = Barrier::new(4);
    thread::scope(|s| {
        for id in 0..4 {
            let (pool, start) = (&pool, &start);
            s.spawn(move || {
                let mut dice = Dice(id);
                start.wait();
                for _ in 0..rounds(3_000) {
                    match dice.roll(64) {
                        0 => drop(pool.trim(1)),
                        1 => pool.clear(),
                        2 => drop(pool.prefill(8)),
                        3..32 => pool.get_scoped().touch(),
                        _ => pool.get().touch(),
                    }
                    assert!(pool.idle() <= 8);
                }
            });
        }
    });
    all_is_home(&pool, &counted);
}

/// Fails, though not each time, where the two meet in the lane: what both took is freed twice, or counted so.
#[test]
fn an_owner_goes_in_and_out_while_another_clears() {
    let counted = Counted::default();
    let pool = PoolBuilder::new(counted.clone()).max_idle(3).shards(1).build().expect("no budget");
    pool.get().touch();
    let done = AtomicBool::new(false);
    thread::scope(|s| {
        let clearing = s.spawn(|| {
            let mut freed = 0;
            while freed < rounds(200) {
                freed += pool.trim(0) as u64;
                thread::yield_now();
            }
            done.store(true, Ordering::Relaxed);
        });
        while !done.load(Ordering::Relaxed) && !clearing.is_finished() {
            pool.get_scoped().touch();
            pool.get().touch();
        }
    });
    pool.clear();
    let stats = pool.stats();
    assert_eq!((stats.live, stats.misses, counted.alive()), (0, stats.freed, 0));
}

/// Fails where the end of a pool overlooks what an owner is just leaving in its lane, or comes before the owner is out of it.
#[test]
fn pools_end_while_owners_return_their_last() {
    for _ in 0..rounds(300) {
        let counted = Counted::default();
        let pool = PoolBuilder::new(counted.clone()).shards(4).build().expect("no budget");
        let start = Barrier::new(3);
        thread::scope(|s| {
            for _ in 0..2 {
                let (pool, start) = (pool.clone(), &start);
                s.spawn(move || {
                    pool.get().touch();
                    let (mut lease, other) = (pool.get(), pool.get());
                    start.wait();
                    drop((pool, other));
                    lease.touch();
                });
            }
            start.wait();
            drop(pool);
        });
        assert_eq!(counted.alive(), 0);
    }
}

/// Fails where a lane is lost with the thread that owned it: what comes home to it then is not there, or there twice.
#[test]
fn threads_follow_each_other_at_one_home() {
    let counted = Counted::default();
    let pool = PoolBuilder::new(counted.clone()).max_idle(4).shards(1).build().expect("no budget");
    for _ in 0..rounds(40) {
        let gone: Vec<BufferPool> = thread::scope(|s| {
            let user = s.spawn(|| {
                // Lanes of pools that go before the thread does, and of one that stays.
                let kept = (0..10).map(|_| BufferPool::with_capacity(8, 4)).filter(|short| {
                    short.get().push(1);
                    short.get().len() > 1
                });
                for _ in 0..20 {
                    pool.get().touch();
                    pool.get_scoped().touch();
                }
                kept.collect()
            });
            user.join().expect("no panic")
        });
        assert!(gone.is_empty());
        assert_eq!((pool.idle(), counted.alive()), (1, 1));
    }
    assert_eq!(pool.stats().misses, 1);
}

thread_local! {
    /// Ends with its thread.
    static KEPT: RefCell<Option<Keeper>> = const { RefCell::new(None) };
}

struct Keeper {
    pool: BufferPool,
    lease: Option<PooledBuffer>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.lease.take());
        self.pool.get().push(1);
    }
}

#[test]
fn pools_are_there_when_a_thread_ends() {
    let pool = BufferPool::with_capacity(64, 8);
    let ending = pool.clone();
    let keep = move || {
        drop(ending.get());
        let lease = Some(ending.get());
        KEPT.with(|kept| *kept.borrow_mut() = Some(Keeper { pool: ending, lease }));
    };
    thread::spawn(keep).join().expect("no panic");
    let stats = pool.stats();
    assert_eq!((stats.hits, stats.misses, stats.idle), (2, 1, 1));
    // Its owner is gone, and it is found all the same.
    pool.get().push(1);
    assert_eq!((pool.stats().misses, pool.trim(0)), (1, 1));
}

/// An item that holds a lease of another pool, as it is left.
struct Nested(Option<PooledBuffer>);

struct Nest;

impl Recipe for Nest {
    type Item = Nested;
    fn make(&self) -> Nested {
        Nested(None)
    }
    fn fresh_bytes(&self) -> usize {
        1
    }
    fn bytes(&self, _: &Nested) -> usize {
        1
    }
    fn reset(&self, _: &mut Nested) {}
}

/// More pools than a thread remembers, of which it brings items home before their end and after it, on threads of any home.
#[test]
fn leases_of_many_pools_are_brought_home_from_elsewhere() {
    let counted = Counted::default();
    let workers = [(); 3].map(|()| Worker::new());
    for worker in &workers {
        let rounds: Vec<_> = (0..40)
            .map(|_| {
                let pool = PoolBuilder::new(counted.clone()).max_idle(16).shards(4).build().expect("no budget");
                let nest = PoolBuilder::new(Nest).max_idle(16).shards(4).build().expect("no budget");
                let inner = BufferPool::with_capacity(8, 16);
                let mut outer = nest.get();
                outer.0 = Some(inner.get());
                let [first, second, third] = [0; 3].map(|_| pool.get());
                let back = worker.run(move || {
                    drop((first, nest.get()));
                    let back = Some(pool.get()).filter(|_| pool.idle() < 3);
                    drop(second);
                    // Both end here or with their last lease; what the outer one holds comes home, or not, while it does.
                    drop((nest, inner));
                    (pool, back)
                });
                (back, third, outer)
            })
            .collect();
        for ((pool, back), third, outer) in rounds {
            let stats = pool.stats();
            assert_eq!((stats.live, stats.idle + stats.live), (1 + u64::from(back.is_some()), stats.misses));
            drop(pool);
            worker.run(move || drop((third, outer, back)));
        }
    }
    assert_eq!(counted.alive(), 0);
}
