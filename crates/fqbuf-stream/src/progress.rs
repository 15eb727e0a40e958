//! How far a stream has come: a handle that outlives it and may be read from anywhere.
//!
//! Plain counters, written by one thread each and read by any. They are exact when the stream is at rest; between them
//! no order is promised while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The counters behind a [`Progress`]. Relaxed throughout: nothing else is published through them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Bytes taken from the reader below.
    pub(crate) compressed: AtomicU64,
    /// Bytes handed to the caller.
    pub(crate) uncompressed: AtomicU64,
    /// Length of the file below; `u64::MAX` when it is none, or not known.
    total: AtomicU64,
    /// The last block of a BGZF file was not its end block.
    pub(crate) end_block_missing: AtomicBool,
    /// How often the caller waited for data, and threads that decode for the caller.
    pub(crate) caller_waits: AtomicU64,
    pub(crate) decoder_waits: AtomicU64,
}

/// How far a [`Stream`](crate::Stream) has come, readable while somebody else owns it.
///
/// # Examples
/// ```
/// use std::io::Read;
///
/// # fn main() -> std::io::Result<()> {
/// let stream = fqbuf_stream::from_reader(&b"@r1\nACGT\n+\nIIII\n"[..]);
/// let progress = stream.progress();
/// let mut text = String::new();
/// stream.into_reader().read_to_string(&mut text)?;
/// assert_eq!(progress.compressed(), 16);
/// assert_eq!(progress.uncompressed(), 16);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Progress(pub(crate) Arc<Counters>);

impl Progress {
    pub(crate) fn new(total: Option<u64>) -> Self {
        let counters = Counters { total: AtomicU64::new(total.unwrap_or(u64::MAX)), ..Counters::default() };
        Self(Arc::new(counters))
    }

    /// Bytes read from the file or reader below so far, compressed as they are there.
    #[must_use]
    pub fn compressed(&self) -> u64 {
        self.0.compressed.load(Ordering::Relaxed)
    }

    /// Bytes the file below had when it was opened; `None` for pipes and readers.
    #[must_use]
    pub fn compressed_total(&self) -> Option<u64> {
        Some(self.0.total.load(Ordering::Relaxed)).filter(|&n| n != u64::MAX)
    }

    /// Decompressed bytes handed to the caller so far.
    #[must_use]
    pub fn uncompressed(&self) -> u64 {
        self.0.uncompressed.load(Ordering::Relaxed)
    }

    /// How often the caller had to wait for a thread that decodes, or decoded a block itself before there was one: where this
    /// grows, decoding is what takes the time. 0 where everything is to happen in the calling thread.
    #[must_use]
    pub fn caller_waits(&self) -> u64 {
        self.0.caller_waits.load(Ordering::Relaxed)
    }

    /// How often a thread that decodes had to wait for the caller to be done with a block.
    #[must_use]
    pub fn decoder_waits(&self) -> u64 {
        self.0.decoder_waits.load(Ordering::Relaxed)
    }

    /// Whether the input was BGZF and ended without the empty block that marks its end: all blocks there were are whole,
    /// but the file may have been cut between two. False until the end of input.
    #[must_use]
    pub fn end_block_missing(&self) -> bool {
        self.0.end_block_missing.load(Ordering::Relaxed)
    }
}
