//! The memory of a run: slots to read into, output buffers, and what is done where the budget has no more.
//!
//! # Memory, and why nothing waits for ever
//! All memory is charged to the budget before it exists, and nobody ever waits in the budget's own line. Two may wait here:
//!
//! * the one that reads, which has the highest number and no block yet: for memory, or for the first block to be settled;
//! * a worker whose output has outgrown what can be charged: for its turn, when it writes what it has and goes on.
//!
//! The first block that is not settled belongs to a worker, unless it is the reader's own. That worker waits for nothing
//! but its closure and the writer, since its turn has come; so it settles its block, and the next becomes the first, up to
//! the reader's. Then everything a run can give back is given back, and the reader either gets its memory or fails with
//! an error that says how much was missing. Memory of others on the same budget is not waited for.

use fqbuf_line::{Block, PAGE};
use fqbuf_pool::{BudgetError, Charge};

use super::{Board, Event, Refusal, State};
use crate::monitor::add;
use crate::sync::mutant;

/// Memory that is read into: one block, or two for paired inputs.
#[derive(Default)]
pub(crate) struct Slot {
    pub(crate) block: Block,
    /// Without memory unless inputs are paired.
    pub(crate) mate: Block,
    /// Bytes of both; `None` while they have none.
    charge: Option<Charge>,
}

impl Slot {
    /// Bytes charged for the blocks.
    pub(crate) fn charged(&self) -> usize {
        self.charge.as_ref().map_or(0, Charge::bytes)
    }
}

/// An output buffer.
pub(crate) struct Out {
    pub(crate) bytes: Vec<u8>,
    /// The capacity of `bytes`, when last settled.
    charge: Charge,
}

impl Out {
    /// Whether all memory of the buffer is charged.
    #[inline(always)]
    pub(crate) fn is_settled(&self) -> bool {
        self.bytes.capacity() == self.charge.bytes()
    }
}

impl Board<'_> {
    /// Memory to read block `number` into, of `bytes` when it is new. For the one that reads.
    pub(crate) fn slot(&self, number: u64, bytes: usize) -> Result<Slot, Refusal> {
        let idle = self.with_state(|state| state.slots.pop());
        if let Some(slot) = idle {
            return Ok(slot);
        }
        let charge = self.obtain(number, bytes, || self.budget.try_acquire(bytes))?;
        self.with_state(|state| state.buffers += 1);
        Ok(Slot { charge: Some(charge), ..Slot::default() })
    }

    /// An output buffer for block `number`, of `bytes` when it is new. For the one that reads.
    pub(crate) fn out(&self, number: u64, bytes: usize) -> Result<Out, Refusal> {
        let idle = self.with_state(|state| state.outs.pop());
        if let Some(out) = idle {
            return Ok(out);
        }
        let charge = self.obtain(number, bytes, || self.budget.try_acquire(bytes))?;
        self.with_state(|state| state.buffers += 1);
        let mut out = Out { bytes: Vec::new(), charge };
        match out.bytes.try_reserve_exact(bytes) {
            Ok(()) => Ok(out),
            Err(_) => Err(Refusal::Memory { asked: bytes, limit: None, input: 0 }),
        }
    }

    /// Gives an empty output buffer room for `bytes`, if the budget has them: what is put out is mostly no longer than the
    /// block, and a buffer that grows by itself is charged only when it has grown.
    pub(crate) fn reserve(&self, out: &mut Out, bytes: usize) {
        let bytes = bytes.next_multiple_of(PAGE);
        let Some(more) = bytes.checked_sub(out.charge.bytes()).filter(|&more| more > 0) else { return };
        while out.charge.try_grow(more).is_err() {
            if !self.with_state(State::free_one) {
                return;
            }
        }
        out.bytes = Vec::new();
        // Where there is no memory, the closure will find out.
        let _ = out.bytes.try_reserve_exact(bytes);
        out.charge.shrink_to(out.bytes.capacity());
    }

    /// Grows one of the slot's blocks to `capacity` bytes. For the one that reads block `number`.
    pub(crate) fn grow(
        &self,
        number: u64,
        slot: &mut Slot,
        which: fn(&mut Slot) -> &mut Block,
        capacity: usize,
    ) -> Result<(), Refusal> {
        let block = which(slot);
        let held = block.capacity();
        if capacity <= held {
            return Ok(());
        }
        if block.is_empty() {
            // Its memory is given back first.
            *block = Block::new();
        }
        // While bytes are moved from the old memory to the new, both are there.
        let moved = if block.is_empty() { 0 } else { held };
        let settled = slot.block.capacity() + slot.mate.capacity() + capacity - moved;
        let least = settled + moved;
        if let Some(more) = least.checked_sub(slot.charged()) {
            self.charge_more(number, &mut slot.charge, more)?;
        }
        let block = which(slot);
        if block.grow(capacity).is_err() {
            return Err(Refusal::Memory { asked: capacity, limit: None, input: 0 });
        }
        let settled = slot.block.capacity() + slot.mate.capacity();
        if let Some(charge) = &mut slot.charge {
            charge.shrink_to(settled);
        }
        Ok(())
    }

    /// Charges what the slot's blocks have more than is charged for them: a source may have exchanged them for larger ones. For
    /// the one that reads block `number`.
    pub(crate) fn settle_slot(&self, number: u64, slot: &mut Slot) -> Result<(), Refusal> {
        let now = slot.block.capacity() + slot.mate.capacity();
        match now.saturating_sub(slot.charged()) {
            0 => Ok(()),
            more => self.charge_more(number, &mut slot.charge, more),
        }
    }

    /// Charges `more` bytes to `charge`, for the one that reads.
    pub(crate) fn charge_more(&self, number: u64, charge: &mut Option<Charge>, more: usize) -> Result<(), Refusal> {
        self.obtain(number, more, || self.try_charge(charge, more))
    }

    fn try_charge(&self, charge: &mut Option<Charge>, more: usize) -> Result<(), BudgetError> {
        match charge {
            Some(charge) => charge.try_grow(more),
            none => {
                *none = Some(self.budget.try_acquire(more)?);
                Ok(())
            }
        }
    }

    /// Repeats `attempt` for `bytes` of memory until it succeeds or all that can be given back was given back.
    fn obtain<T>(
        &self,
        number: u64,
        bytes: usize,
        mut attempt: impl FnMut() -> Result<T, BudgetError>,
    ) -> Result<T, Refusal> {
        let mut state = self.lock();
        let mut waited = false;
        loop {
            let error = match attempt() {
                Ok(got) => return Ok(got),
                Err(error) => error,
            };
            self.check(number)?;
            if state.free_one() {
                self.show(&state);
                continue;
            }
            if state.next == number || matches!(error, BudgetError::TooLarge { .. }) || mutant("memory-not-waited-for")
            {
                return Err(Refusal::Memory { asked: bytes, limit: Some(self.budget.limit()), input: 0 });
            }
            if !waited {
                add(&self.counters.memory_waits, 1);
                waited = true;
            }
            state = self.room.wait(state);
        }
    }

    /// Makes the charge of a worker's output what the output has; where the budget has no more, waits for the turn of block
    /// `number` and writes it.
    ///
    /// # Errors
    /// The event that ends the block.
    pub(crate) fn settle_out(&self, number: u64, out: &mut Out) -> Result<(), Event> {
        let now = out.bytes.capacity();
        let before = out.charge.bytes();
        if now <= before {
            out.charge.shrink_to(now);
            return Ok(());
        }
        loop {
            if out.charge.try_grow(now - before).is_ok() {
                return Ok(());
            }
            if !self.with_state(State::free_one) {
                break;
            }
        }
        add(&self.counters.order_waits, 1);
        let mut state = self.lock();
        while state.next != number && !mutant("write-out-of-turn") {
            if self.is_void(number) {
                out.bytes = Vec::new();
                return Ok(());
            }
            state = self.turns.wait(state);
        }
        drop(state);
        let written = self.write(&out.bytes);
        out.bytes.clear();
        out.bytes.shrink_to(before);
        out.charge.shrink_to(out.bytes.capacity());
        written
    }

    /// Keeps an output buffer for the next block.
    pub(super) fn keep(&self, state: &mut State, out: Option<Out>) {
        match out {
            Some(mut out) if out.bytes.capacity() <= self.retained => {
                out.bytes.clear();
                state.outs.push(out);
            }
            Some(_) => state.buffers -= 1,
            None => {}
        }
    }
}

impl State {
    /// Frees memory that nobody uses; false when there is none.
    fn free_one(&mut self) -> bool {
        let freed = self.slots.pop().is_some() || self.outs.pop().is_some();
        self.buffers -= u64::from(freed);
        freed
    }
}
