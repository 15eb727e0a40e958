//! Figures of a run while it runs: plain counters behind a handle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fqbuf_pool::MemoryBudget;
use fqbuf_stream::Progress;

/// The counters behind a [`Monitor`]: written once a block, relaxed; nothing else is published through them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) bytes: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) skipped: AtomicU64,
    pub(crate) blocks: AtomicU64,
    pub(crate) settled: AtomicU64,
    pub(crate) input_waits: AtomicU64,
    pub(crate) order_waits: AtomicU64,
    pub(crate) memory_waits: AtomicU64,
    pub(crate) written: AtomicU64,
    pub(crate) buffers: AtomicU64,
    pub(crate) buffers_idle: AtomicU64,
}

pub(crate) fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

/// A handle to the figures of a run, to be read from any thread while it runs. Clones share.
///
/// # Examples
/// ```
/// use fqbuf_parallel::Pipeline;
///
/// # fn main() -> Result<(), fqbuf_parallel::Error> {
/// let run = Pipeline::new().slice(b"@r1\nACGT\n+\nIIII\n");
/// let monitor = run.monitor();
/// run.fold(|| (), |_, _| (), |_, _| ())?;
/// assert_eq!((monitor.snapshot().records, monitor.snapshot().bytes), (1, 16));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Monitor {
    shared: Arc<Shared>,
}

struct Shared {
    counters: Arc<Counters>,
    budget: MemoryBudget,
    /// One an input that counts for itself.
    stored: Vec<Progress>,
    /// Bytes of inputs whose size is known from the start; `None` when one is not.
    total: Option<u64>,
}

/// Figures of a run at one moment. While it runs each is right for itself; at its end they fit together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Bytes taken from the input as it is stored, compressed ones where the input knows.
    pub bytes: u64,
    /// Bytes that the input has as it is stored, where that is known.
    pub bytes_total: Option<u64>,
    /// Records delivered; each mate counts.
    pub records: u64,
    /// Bad records passed over.
    pub skipped: u64,
    /// Blocks cut.
    pub blocks: u64,
    /// Blocks cut and not yet done with.
    pub blocks_in_flight: u64,
    /// Bytes given to the writer; to several writers, 12 more for each piece.
    pub written: u64,
    /// How often reading waited for a thread that decompresses.
    pub decoding_waits: u64,
    /// How often a thread that decompresses waited for blocks to be read.
    pub decoder_waits: u64,
    /// How often a thread found another one reading.
    pub input_waits: u64,
    /// How often a thread waited for the output to catch up.
    pub order_waits: u64,
    /// How often a thread waited for memory.
    pub memory_waits: u64,
    /// Blocks and output buffers of the run that have memory.
    pub buffers: u64,
    /// Those of them that wait to be used again.
    pub buffers_idle: u64,
    /// Bytes of the budget in use, by whomever.
    pub budget_used: usize,
    /// The most bytes of the budget that were in use.
    pub budget_peak: usize,
    /// Bytes of the budget; `usize::MAX` when none was set.
    pub budget_limit: usize,
}

impl Monitor {
    pub(crate) fn new(
        counters: &Arc<Counters>,
        budget: &MemoryBudget,
        stored: Vec<Progress>,
        total: Option<u64>,
    ) -> Self {
        let shared = Shared { counters: Arc::clone(counters), budget: budget.clone(), stored, total };
        Self { shared: Arc::new(shared) }
    }

    /// The figures now. Takes no lock but the budget's.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let Shared { counters, budget, stored, total } = &*self.shared;
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let settled = get(&counters.settled);
        let blocks = get(&counters.blocks);
        let mut bytes = get(&counters.bytes);
        let mut bytes_total = *total;
        let (mut decoding_waits, mut decoder_waits) = (0, 0);
        for input in stored {
            bytes += input.compressed();
            bytes_total = bytes_total.zip(input.compressed_total()).map(|(a, b)| a + b);
            decoding_waits += input.caller_waits();
            decoder_waits += input.decoder_waits();
        }
        Snapshot {
            bytes,
            bytes_total,
            records: get(&counters.records),
            skipped: get(&counters.skipped),
            blocks,
            blocks_in_flight: blocks.saturating_sub(settled),
            written: get(&counters.written),
            decoding_waits,
            decoder_waits,
            input_waits: get(&counters.input_waits),
            order_waits: get(&counters.order_waits),
            memory_waits: get(&counters.memory_waits),
            buffers: get(&counters.buffers),
            buffers_idle: get(&counters.buffers_idle),
            budget_used: budget.used(),
            budget_peak: budget.peak(),
            budget_limit: budget.limit(),
        }
    }
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Monitor").field(&self.snapshot()).finish()
    }
}
