//! What blocks and decoders may take, charged to a budget before it exists.

use std::io;

use fqbuf_pool::{Charge, MemoryBudget};

/// What a decoder's own memory may grow to.
pub(crate) struct Allowance {
    /// Bytes it may have at most, whatever the budget.
    limit: u64,
    /// The budget it is charged to, if any.
    budget: Option<MemoryBudget>,
    /// What was charged so far: the most that any part needed.
    charge: Option<Charge>,
}

impl Allowance {
    pub(crate) fn new(limit: u64, budget: Option<MemoryBudget>) -> Self {
        Self { limit, budget, charge: None }
    }

    /// Charges for a decoder of `bytes` bytes in all. Does not wait: whoever holds the rest may wait for this stream.
    pub(crate) fn need(&mut self, bytes: u64) -> io::Result<()> {
        let bytes = usize::try_from(bytes).ok().filter(|&n| n as u64 <= self.limit).ok_or_else(|| {
            let limit = self.limit;
            io::Error::new(io::ErrorKind::OutOfMemory, format!("the decoder asks for {bytes} bytes of {limit} allowed"))
        })?;
        let Some(budget) = &self.budget else { return Ok(()) };
        match &mut self.charge {
            Some(charge) => {
                let more = bytes.saturating_sub(charge.bytes());
                charge.try_grow(more)?;
            }
            none => *none = Some(budget.try_acquire(bytes)?),
        }
        Ok(())
    }
}
