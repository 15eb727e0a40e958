//! What fills blocks: one decoder a format, driven by whichever thread there is.

use std::collections::TryReserveError;
use std::io;

use fqbuf_line::{Block, PAGE};

use crate::check::Unchecked;
use crate::input::{Input, out_of_memory};

/// Room in front of the data of every filled block, for the caller's carried-over partial record; the deflate history
/// stands there while the block is being filled. Reads of some 30 kb fit; longer ones cost a copy.
pub(crate) const HEAD: usize = 64 * 1024;

/// Fills blocks with the bytes of a stream, in order.
pub(crate) trait Fill: Send {
    /// Fills the empty `block`; 0 at the verified end of input. The bytes before an error are delivered before it.
    ///
    /// # Errors
    /// What is wrong with the input. After `WouldBlock` it may be called again, after any other error not.
    fn fill(&mut self, block: &mut Block) -> io::Result<usize>;

    /// As [`Fill::fill`], but may leave checksums to be compared by whoever gets the block, whatever it returns. `unchecked` is
    /// that of a block where everything is checked.
    ///
    /// # Errors
    /// As [`Fill::fill`].
    fn fill_unchecked(&mut self, block: &mut Block, _unchecked: &mut Unchecked) -> io::Result<usize> {
        self.fill(block)
    }
}

/// Bytes of memory of a block that holds `size` bytes of data.
pub(crate) const fn block_memory(size: usize) -> usize {
    size.saturating_add(HEAD + 2 * PAGE)
}

/// Empties `block` and gives it room for [`HEAD`] and `size` bytes.
pub(crate) fn prepare(block: &mut Block, size: usize) -> Result<(), TryReserveError> {
    block.clear();
    if block.room() < size.saturating_add(HEAD) {
        block.grow(block_memory(size))?;
    }
    Ok(())
}

/// Runs `decode` on the memory of `block`: it gets the head and the room behind it as one slice, and the index up to
/// which the slice is filled, [`HEAD`] at first. An error with data before it is kept in `pending` for the next call.
pub(crate) fn fill_with(
    block: &mut Block,
    size: usize,
    pending: &mut Option<io::Error>,
    decode: impl FnOnce(&mut [u8], &mut usize) -> io::Result<()>,
) -> io::Result<usize> {
    let mut end = HEAD;
    let result = decode(&mut block.spare()[..HEAD + size], &mut end);
    block.commit(end);
    block.consume(HEAD);
    match result {
        Err(e) if end == HEAD => return Err(e),
        // Asked again, the reader will say it again.
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
        Err(e) => *pending = Some(e),
        Ok(()) => {}
    }
    Ok(end - HEAD)
}

/// Passes plain input on.
pub(crate) struct Plain {
    pub(crate) input: Input,
    /// Bytes of data in a block.
    pub(crate) size: usize,
}

impl Fill for Plain {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        prepare(block, self.size).map_err(|e| out_of_memory(self.input.name(), &e))?;
        block.commit(HEAD);
        block.consume(HEAD);
        self.input.pass_on(block, self.size)
    }
}
