//! What becomes of lanes and the belt, which nobody sees from outside but by time and memory.

use std::sync::mpsc;
use std::thread;

use super::*;
use crate::barrier::REFUSED;
use crate::builder::PoolBuilder;
use crate::claim::PATIENCE;
use crate::pool::Pool;
use crate::recipe::Buffers;

#[test]
fn an_owner_that_fills_its_own_lane_keeps_it() {
    let estate = Estate::new(Buffers::new(8), 1, 3, usize::MAX, None);
    let me = home::me();
    let mut entry = estate.get(me, 0);
    for round in 0..2 * u64::from(PATIENCE) {
        estate.come_home(0, entry);
        let Some(shard) = estate.shards.first().filter(|shard| shard.has_lane) else { return };
        assert_eq!(shard.lane.hits(), round);
        entry = shard.lane.take(me).expect("its own lane");
        // The last of what is missing goes where the owner has just made room.
        estate.prefill(3);
        assert!(shard.lane.occupied() && !shard.lane.is_closed());
    }
}

/// Makes references to one and the same, which count what lives: beside each item the recipe, and with it the pool's insides.
struct Shared(std::sync::Arc<()>);

impl Recipe for Shared {
    type Item = std::sync::Arc<()>;
    fn make(&self) -> Self::Item {
        std::sync::Arc::clone(&self.0)
    }
    fn fresh_bytes(&self) -> usize {
        1
    }
    fn bytes(&self, _: &Self::Item) -> usize {
        1
    }
    fn reset(&self, _: &mut Self::Item) {}
}

/// A pool of two homes, and how many live of it.
fn pool() -> (Pool<Shared>, impl Fn() -> usize) {
    let one = std::sync::Arc::new(());
    let pool = PoolBuilder::new(Shared(std::sync::Arc::clone(&one))).max_idle(16).shards(2).unbudgeted();
    (pool, move || std::sync::Arc::strong_count(&one) - 1)
}

/// The pool ends where the system has begun to refuse barriers.
fn end_without_barrier(pool: Pool<Shared>) {
    REFUSED.set(true);
    drop(pool);
    REFUSED.set(false);
}

#[test]
fn what_an_owner_keeps_from_the_end_of_the_pool_ends_with_the_owner() {
    let (pool, alive) = pool();
    let (ready, is_ready) = mpsc::channel();
    let (end, wait) = mpsc::channel::<()>();
    let theirs = pool.clone();
    let owner = thread::spawn(move || {
        drop(theirs.get());
        drop(theirs);
        ready.send(()).expect("a receiver");
        wait.recv().expect_err("nothing is sent");
    });
    is_ready.recv().expect("a sender");
    end_without_barrier(pool);
    assert!(alive() == 2 || !barrier::available());
    drop(end);
    owner.join().expect("no panic");
    assert_eq!(alive(), 0);
}

#[test]
fn what_lies_on_the_belt_at_the_end_of_the_pool_ends_with_those_at_its_ends() {
    let (pool, alive) = pool();
    let here = home::me().home_of(2);
    loop {
        let (ready, is_ready) = mpsc::channel();
        let (end, wait) = mpsc::channel::<()>();
        let lease = pool.get();
        let courier = thread::spawn(move || {
            let is_elsewhere = home::me().home_of(2) != here;
            ready.send((!is_elsewhere).then_some(lease)).expect("a receiver");
            wait.recv().expect_err("nothing is sent");
        });
        let back = is_ready.recv().expect("a sender");
        let is_brought = back.is_none();
        drop(back);
        if is_brought {
            end_without_barrier(pool);
            assert!(alive() == 2 || !barrier::available());
            drop(end);
            courier.join().expect("no panic");
            return assert_eq!(alive(), 0);
        }
        drop(end);
        courier.join().expect("no panic");
    }
}
