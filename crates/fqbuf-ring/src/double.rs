//! The hand-over's `Vec<T>` face: one buffer is filled while the other is read.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use crate::handover::{self, Batch, BoxError, HandoverError, ReaderGone, Waits};
use crate::sync::mutant;

/// Two vectors of `T`: one to fill, one to read; `swap` exchanges them.
///
/// Owned by one thread it is no more than that. [`split`](DoubleBuffer::split) it for a reading and a writing thread: then
/// `swap` waits for the reader, and every batch is read exactly once, in order. For more than two buffers, more than one
/// reader or buffers that are no vectors, take [`handover::channel`].
///
/// # Examples
/// ```
/// use fqbuf_ring::DoubleBuffer;
///
/// let mut double = DoubleBuffer::new(2);
/// double.get_write_buffer().extend(["r1", "r2"]);
/// double.swap();
/// assert_eq!(double.get_read_buffer(), &["r1", "r2"]);
/// assert!(double.get_write_buffer().is_empty());
/// ```
pub struct DoubleBuffer<T> {
    /// Being filled.
    write: Vec<T>,
    /// Filled before the last swap.
    read: Vec<T>,
    /// Whether `read` was looked at since the last swap; if not, a split still hands it to the reader.
    seen: AtomicBool,
}

impl<T> DoubleBuffer<T> {
    /// Two empty buffers with room for `capacity` elements each; they grow as vectors do.
    ///
    /// # Panics
    /// When `capacity` elements are more than memory can address, as [`Vec::with_capacity`].
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { write: Vec::with_capacity(capacity), read: Vec::with_capacity(capacity), seen: AtomicBool::new(true) }
    }

    /// The buffer to fill.
    pub fn get_write_buffer(&mut self) -> &mut Vec<T> {
        &mut self.write
    }

    /// Exchanges the buffers: what was filled can be read, and the other one, cleared and as large as before, filled. What
    /// it held is dropped, read or not: on one thread nobody can be waited for.
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.write, &mut self.read);
        *self.seen.get_mut() = false;
        self.write.clear();
    }

    /// What was filled before the last swap; empty before the first.
    #[must_use]
    pub fn get_read_buffer(&self) -> &Vec<T> {
        self.seen.store(true, Ordering::Relaxed);
        &self.read
    }

    /// The two halves, for two threads. What was filled stays in the writer's buffer; what was swapped and never looked at
    /// is the reader's first batch.
    #[must_use]
    pub fn split(self) -> (DoubleBufferWriter<T>, DoubleBufferReader<T>) {
        let Self { write, mut read, mut seen } = self;
        let unread = !*seen.get_mut();
        if !unread {
            read.clear();
        }
        // The writer takes the first one first: the unread batch, to publish it, or else the one to go on filling.
        let buffers = if unread { [read, write] } else { [write, read] };
        let (writer, reader) = handover::channel(buffers, Vec::clear);
        let mut writer = DoubleBufferWriter { inner: writer };
        // The reader lives, in this very function, and two buffers are there: none of this waits or fails.
        if unread && let Ok(slot) = writer.inner.buffer() {
            let _ = slot.publish();
        }
        let _ = writer.inner.buffer();
        (writer, DoubleBufferReader { inner: reader })
    }
}

impl<T: fmt::Debug> fmt::Debug for DoubleBuffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoubleBuffer").field("write", &self.write).field("read", &self.read).finish()
    }
}

/// The half that fills and swaps. Dropped before [`finish`](DoubleBufferWriter::finish) or
/// [`fail`](DoubleBufferWriter::fail), as a panic does, it leaves the reader an error, not an end.
///
/// # Examples
/// ```
/// use fqbuf_ring::DoubleBuffer;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (mut writer, mut reader) = DoubleBuffer::new(1000).split();
/// let filling = std::thread::spawn(move || {
///     for n in 0..10_u64 {
///         writer.get_write_buffer().extend([n; 1000]);
///         writer.swap()?;
///     }
///     writer.finish()
/// });
/// let mut sum = 0;
/// while let Some(batch) = reader.next()? {
///     sum += batch.iter().sum::<u64>();
/// }
/// assert_eq!(sum, 45_000);
/// filling.join().expect("no panic")?;
/// # Ok(())
/// # }
/// ```
pub struct DoubleBufferWriter<T> {
    /// Its current buffer is there from the split on; only a reader that left takes it away.
    inner: handover::Writer<Vec<T>>,
}

impl<T> DoubleBufferWriter<T> {
    /// The buffer to fill: cleared by the swap before, and as large as it ever grew.
    pub fn get_write_buffer(&mut self) -> &mut Vec<T> {
        self.inner.current_mut().get_or_insert_with(Vec::new)
    }

    /// Hands what was filled to the reader, an empty batch too, and waits until the other buffer is free: for ever when the
    /// reader is on the same thread, or never asks for another batch and is never dropped.
    ///
    /// # Errors
    /// [`ReaderGone`] with the batch that nobody will read.
    pub fn swap(&mut self) -> Result<(), ReaderGone<Vec<T>>> {
        self.publish()?;
        if mutant("swap-without-wait") {
            return Ok(());
        }
        if mutant("swap-overwrites-unread") && self.inner.take_back().is_some() {
            return Ok(());
        }
        match self.inner.buffer() {
            Ok(_) => Ok(()),
            Err(_) if mutant("swap-keeps-refused") => Ok(()),
            // The reader left meanwhile: the batch comes back unless he took it.
            Err(_) => Err(ReaderGone(self.inner.take_back().unwrap_or_default())),
        }
    }

    /// As [`DoubleBufferWriter::swap`], but `Pending` instead of waiting: then the other buffer is not free, nothing was handed
    /// over, and what was filled is still there, to add to or to try again with.
    ///
    /// # Errors
    /// As [`DoubleBufferWriter::swap`].
    ///
    /// # Examples
    /// ```
    /// use fqbuf_ring::DoubleBuffer;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (mut writer, mut reader) = DoubleBuffer::new(2).split();
    /// writer.get_write_buffer().push("r1");
    /// assert!(writer.try_swap()?.is_ready());
    /// writer.get_write_buffer().push("r2");
    /// assert!(writer.try_swap()?.is_pending(), "nobody has read r1");
    /// writer.get_write_buffer().push("r3");
    ///
    /// assert_eq!(reader.next()?, Some(&mut vec!["r1"]));
    /// reader.recycle();
    /// assert!(writer.try_swap()?.is_ready());
    /// assert_eq!(reader.next()?, Some(&mut vec!["r2", "r3"]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_swap(&mut self) -> Result<Poll<()>, ReaderGone<Vec<T>>> {
        match self.inner.has_spare() {
            Ok(true) => {}
            Ok(false) if mutant("try-swap-waits") => return self.swap().map(Poll::Ready),
            Ok(false) => return Ok(Poll::Pending),
            Err(_) => return Err(ReaderGone(std::mem::take(self.get_write_buffer()))),
        }
        self.publish()?;
        // The spare is there: this neither waits nor fails.
        let _ = self.inner.buffer();
        Ok(Poll::Ready(()))
    }

    /// Ends the stream: the reader gets what was filled and not yet swapped, if anything, and then the end. Does not wait.
    ///
    /// # Errors
    /// [`ReaderGone`] with the batch that nobody will read.
    pub fn finish(mut self) -> Result<(), ReaderGone<Vec<T>>> {
        if !self.get_write_buffer().is_empty() && !mutant("finish-drops-rest") {
            self.publish()?;
        }
        self.inner.finish();
        Ok(())
    }

    /// Ends the stream with an error: the reader gets what was filled and not yet swapped, if anything, and then the
    /// error. Does not wait. Clear the buffer first when its batch shall not be read.
    ///
    /// # Errors
    /// [`ReaderGone`] with the error that nobody will get.
    pub fn fail(mut self, error: impl Into<BoxError>) -> Result<(), ReaderGone<BoxError>> {
        if !self.get_write_buffer().is_empty() && !mutant("fail-drops-rest") {
            // A reader that left is noticed below as well, and the error matters more than the batch.
            let _ = self.publish();
        }
        self.inner.fail(error)
    }

    /// How often each side had to wait so far. Takes no lock.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.inner.waits()
    }

    fn publish(&mut self) -> Result<(), ReaderGone<Vec<T>>> {
        self.get_write_buffer();
        match self.inner.buffer() {
            Ok(slot) => slot.publish(),
            Err(ReaderGone(())) => unreachable!("the buffer is there"),
        }
    }
}

/// The half that reads: each batch exactly once, in order, then the end or the error.
pub struct DoubleBufferReader<T> {
    inner: handover::Reader<Vec<T>>,
}

impl<T> DoubleBufferReader<T> {
    /// The next batch, or `None` at the end. Gives the one before back, which clears it, and waits for the writer. Batches
    /// may be drained, or taken by swapping another vector in.
    ///
    /// # Errors
    /// What ended the writer early, after every batch swapped before; see [`HandoverError`].
    #[expect(clippy::should_implement_trait, reason = "it lends its item, which Iterator cannot")]
    pub fn next(&mut self) -> Result<Option<&mut Vec<T>>, HandoverError> {
        Ok(self.inner.next()?.map(Batch::into_mut))
    }

    /// As [`DoubleBufferReader::next`], but `Pending` instead of waiting.
    ///
    /// # Errors
    /// As [`DoubleBufferReader::next`].
    pub fn try_next(&mut self) -> Result<Poll<Option<&mut Vec<T>>>, HandoverError> {
        Ok(self.inner.try_next()?.map(|batch| batch.map(Batch::into_mut)))
    }

    /// Gives the batch received last back now, cleared, instead of with the next call.
    pub fn recycle(&mut self) {
        self.inner.recycle();
    }

    /// How often each side had to wait so far. Takes no lock.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.inner.waits()
    }
}

impl<T> fmt::Debug for DoubleBufferWriter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoubleBufferWriter").field("waits", &self.waits()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for DoubleBufferReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoubleBufferReader").field("waits", &self.waits()).finish_non_exhaustive()
    }
}
