//! Any sequence of calls on one thread, against a pool that is two lists of numbers.

use fqbuf_pool::{BufferPool, MemoryBudget, PooledBuffer};
use proptest::prelude::*;

/// Capacity of a new buffer.
const SIZE: usize = 10;
/// The bound on the capacity of a buffer that is kept.
const RETAINED: usize = 35;

#[derive(Clone, Debug)]
enum Step {
    Get,
    Drop(usize),
    /// Reserve behind the pool's back.
    Reserve(usize, usize),
    /// Reserve by `try_grow_with`.
    Grow(usize, usize),
    Take(usize),
    Detach(usize),
    Freeze(usize),
    Prefill(usize),
    Trim(usize),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let i = 0..8usize;
    let step = prop_oneof![
        6 => Just(Step::Get),
        4 => i.clone().prop_map(Step::Drop),
        1 => (i.clone(), 0..60usize).prop_map(|(i, n)| Step::Reserve(i, n)),
        1 => (i.clone(), 0..60usize).prop_map(|(i, n)| Step::Grow(i, n)),
        1 => i.clone().prop_map(Step::Take),
        1 => i.clone().prop_map(Step::Detach),
        1 => i.prop_map(Step::Freeze),
        1 => (0..6usize).prop_map(Step::Prefill),
        1 => (0..6usize).prop_map(Step::Trim),
        1 => Just(Step::Clear),
    ];
    proptest::collection::vec(step, 0..60)
}

/// What a pool should be: capacities of idle buffers, and a few counts.
#[derive(Default)]
struct Naive {
    idle: Vec<usize>,
    max_idle: usize,
    limit: usize,
    /// Charged capacities of leases, in the order of the leases.
    leases: Vec<usize>,
    hits: u64,
    misses: u64,
    prefilled: u64,
    gone: u64,
}

impl Naive {
    fn used(&self) -> usize {
        self.idle.iter().sum::<usize>() + self.leases.iter().sum::<usize>()
    }

    /// What a lease of this capacity does when it ends.
    fn come_home(&mut self, i: usize, capacity: usize) {
        let charged = self.leases.remove(i);
        let fits = self.idle.len() < self.max_idle && capacity <= RETAINED;
        let whole = capacity >= SIZE;
        let paid = capacity <= charged || capacity <= self.limit - self.used();
        if fits && whole && paid {
            self.idle.push(capacity);
        } else {
            self.gone += 1;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pool_does_what_two_lists_do(steps in steps(), max_idle in 0..6usize, shards in 1..9usize, limit in SIZE..200) {
        let budget = MemoryBudget::new(limit);
        let pool = BufferPool::builder()
            .buffer_size(SIZE).max_idle(max_idle).shards(shards).max_retained(RETAINED).budget(&budget)
            .build().expect("the budget holds one");
        let mut naive = Naive { max_idle, limit, ..Naive::default() };
        let mut leases: Vec<PooledBuffer> = Vec::new();
        for step in steps {
            match step {
                Step::Get => match pool.try_get() {
                    Some(lease) => {
                        prop_assert!(lease.is_empty());
                        let charged = lease.capacity();
                        if let Some(i) = naive.idle.iter().position(|&c| c == charged) {
                            naive.idle.swap_remove(i);
                            naive.hits += 1;
                        } else {
                            prop_assert!(naive.idle.is_empty() && charged == SIZE);
                            prop_assert!(SIZE <= limit - naive.used());
                            naive.misses += 1;
                        }
                        naive.leases.push(charged);
                        leases.push(lease);
                    }
                    None => prop_assert!(naive.idle.is_empty() && SIZE > limit - naive.used()),
                },
                Step::Drop(i) if i < leases.len() => {
                    let lease = leases.remove(i);
                    naive.come_home(i, lease.capacity());
                }
                Step::Freeze(i) if i < leases.len() => {
                    let lease = leases.remove(i);
                    naive.come_home(i, lease.capacity());
                    drop(PooledBuffer::freeze(lease));
                }
                Step::Detach(i) if i < leases.len() => {
                    drop(PooledBuffer::into_inner(leases.remove(i)));
                    naive.leases.remove(i);
                    naive.gone += 1;
                }
                Step::Take(i) if i < leases.len() => drop(std::mem::take(&mut *leases[i])),
                Step::Reserve(i, n) if i < leases.len() => {
                    let more = n.saturating_sub(leases[i].len());
                    leases[i].reserve_exact(more);
                }
                // Only where the holder has not changed the capacity behind the pool's back.
                Step::Grow(i, n) if i < leases.len() && leases[i].capacity() == naive.leases[i] => {
                    // The growth asks the neighbours, of which this pool is one, for their idle memory.
                    let free = limit - naive.used() + naive.idle.iter().sum::<usize>();
                    let before = naive.leases[i];
                    let grown = leases[i].try_grow_with(n, |vec| vec.reserve_exact(n));
                    prop_assert_eq!(grown.is_ok(), before + n <= limit && n <= free);
                    while pool.idle() < naive.idle.len() {
                        // Which of them were freed is the pool's choice: only equal ones are comparable.
                        prop_assume!(naive.idle.iter().all(|&c| c == naive.idle[0]));
                        naive.idle.pop();
                        naive.gone += 1;
                    }
                    naive.leases[i] = leases[i].capacity();
                }
                Step::Prefill(n) => {
                    let mut made = 0;
                    while naive.idle.len() < n.min(max_idle) && SIZE <= limit - naive.used() {
                        naive.idle.push(SIZE);
                        made += 1;
                    }
                    naive.prefilled += made as u64;
                    prop_assert_eq!(pool.prefill(n), made);
                }
                Step::Trim(keep) => {
                    prop_assume!(naive.idle.iter().all(|&c| c == naive.idle[0]));
                    let freed = naive.idle.len().saturating_sub(keep);
                    naive.idle.truncate(keep);
                    naive.gone += freed as u64;
                    prop_assert_eq!(pool.trim(keep), freed);
                }
                Step::Clear => {
                    naive.gone += naive.idle.len() as u64;
                    naive.idle.clear();
                    pool.clear();
                }
                _ => {}
            }
            let stats = pool.stats();
            prop_assert_eq!(pool.idle(), naive.idle.len());
            prop_assert_eq!((stats.idle, stats.live), (naive.idle.len() as u64, leases.len() as u64));
            prop_assert_eq!((stats.hits, stats.misses, stats.prefilled), (naive.hits, naive.misses, naive.prefilled));
            prop_assert_eq!(stats.discarded + stats.freed + stats.detached, naive.gone);
            prop_assert_eq!(stats.misses + stats.prefilled, stats.live + stats.idle + naive.gone);
            prop_assert_eq!(budget.used(), naive.used());
            prop_assert_eq!(stats.bytes, naive.used() as u64);
        }
        drop(leases);
        drop(pool);
        prop_assert_eq!(budget.used(), 0);
        prop_assert!(budget.peak() <= limit);
    }
}
