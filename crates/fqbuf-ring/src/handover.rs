//! One hand-over of buffers from a writing thread to one or more reading threads.
//!
//! A fixed set of buffers of any type goes round: the writer takes an empty one, fills and publishes it; a reader gets
//! it, and by asking for the next gives it back, cleared. Buffers are moved, never copied, and no call allocates.
//!
//! # Why one mutex
//! A batch costs each side one short lock: `publish` takes the next empty buffer along, `next` gives the last one back. Two
//! lock-free queues, one each way, cost each side two operations and touch more lines that the other core owns; they need
//! `unsafe`, and a second mechanism for sleeping. Batches of 1000 items of 32 bytes on two threads, filled item by item and
//! summed, medians of nine interleaved runs, µs a batch, least of all in brackets (2-core Zen 4 guest, 2026-11-23, other
//! programs on the machine; a one-way hand-over of one cache line took 57 ns):
//!
//! | | µs |
//! |---|---|
//! | `DoubleBuffer`'s halves | 6.3 (6.2) |
//! | `handover::channel` of 2 and of 4 | 6.5 (6.2), 7.3 (6.6) |
//! | two `rtrb` rings, spinning for ever: the limit | 7.6 (6.3) |
//! | `crossbeam-channel`, bounded(2) each way | 14.6 (8.0) |
//! | `thingbuf`, blocking | 22.1 (19.8) |
//! | std's `sync_channel`, 2 each way | 24.7 (21.6) |
//!
//! With one side taking 1 ms a batch, the other uses 0.2 to 0.7 % of a core. The table was made before the spin was cut
//! from 86 to 21 µs and yields its core now and then; with that, and more threads on the machine than its two cores can run
//! (load of four), the halves took 6.3 (4.2), the hand-over of two 5.2 (4.3), `thingbuf` 7.8 (5.9), std 9.3 (6.8) and
//! `crossbeam-channel` 12.0 (7.5). Without the yield a side spun while the other waited for the same core: 17 to 35.
//!
//! # What a batch costs
//! On a 2-core Zen 5 guest (AMD EPYC family 26 model 2, 2026-11-25) the same batches take 620 ns to fill and 180 to sum on one
//! thread, and both on one thread 605: on two threads nearly all of the time is the 500 cache lines that go to the other core
//! and come back. Medians of interleaved processes of `cargo xtask bench handover`, ns a batch, in the two states of the
//! machine, a word to the other core in 25 ns and in 210:
//!
//! | | 25 ns | 210 ns |
//! |---|---|---|
//! | `DoubleBuffer`'s halves | 1621 | 6820 |
//! | `handover::channel` of 4, of 8, of 64 | 1535, 1505, 730 | |
//! | the same, the buffer used last going first | 1773 with 4 | 7101 with 4 |
//! | two `rtrb` rings of 2, spinning for ever | 1717 | 7219 |
//! | `crossbeam-channel`, bounded(2) each way | 1838 | 24398 |
//!
//! So `DoubleBuffer` takes 0.88 of crossbeam's time in the one state and 0.28 in the other, and is ahead of who only spins. What it costs
//! to wake a thread changes too: a day later, in 210 ns, the halves took 6687, thingbuf 8472, std 8732 and crossbeam 9324.
//! What is left to gain was measured with bare spinning threads, no lock, no sleep, no end, no error, one flag a buffer on a
//! line of its own, which is less than any hand-over must do: with two buffers none of it comes below 1500, or 0.8 of
//! crossbeam's time.
//!
//! | a flag a buffer, spinning | 25 ns | 210 ns |
//! |---|---|---|
//! | batches that nobody fills or reads: the hand-over alone | 86 | 467 |
//! | 2 buffers | 1745 | 7384 |
//! | the buffer filled where it lies, its length beside the flag | 1800 | 10600 |
//! | 4, 8, 64 buffers in turn | 1567, 1507, 868 | 6758, 6505, 6196 |
//! | the writer asks for all lines, or the first 64, to own them, before it fills | 1787, 1825 | 7683, 7752 |
//! | the writer asks for each line 2 KiB ahead, which the hand-over cannot | 1545 | 6385 |
//! | the writer stores past the caches, which it cannot either | 1949 | 2049 |
//! | the reader asks for all lines, for the first 64, or to own them, before it reads | 1703, 1714, 1707 | 7448, 7422, 7409 |
//! | ten pauses between two looks at the flag | 1711 | 7442 |
//! | the writer holds back for 15 pauses, so that the reader goes first | 2057 | 7797 |
//!
//! With 64 buffers each (2 MB, of which nobody waits for one) 1133 for ours, 1081 for crossbeam's two channels and 1039 for two
//! rings of rtrb, medians of seven rounds where a word takes 26 ns: there the lines have left the other core, and what remains of
//! the difference is the lock that both sides take.
//!
//! On a 2-core Cascade Lake guest (Intel family 6 model 85, 2026-11-27, a word to the other core in 102 ns) the halves take 3701,
//! `handover::channel` of 2 and of 4 3670 and 3379, crossbeam's two channels 3562, two rings of rtrb that spin 3453. With two buffers
//! our lock is behind queues that have none by 4 to 7 %; with four, of which nobody waits for the last, it is ahead of both.
//!
//! The queues in one array with the lock's state, so that a lock takes fewer lines along: 1623 where it was 1611. Many buffers in
//! turn help because their lines have left the reader's core by the time they are filled again.
//!
//! Waking a sleeper again at each publish until it runs, which is a system call each, and a spin three times as long as a
//! sleep costs, made the pipe of [`RingBuffer`](crate::RingBuffer) two to four times slower on that busy machine.

mod error;
mod shared;

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

pub use self::error::{BoxError, HandoverError, ReaderGone};
use self::shared::{Empty, Filled, Outcome, Shared};
use crate::sync::{Arc, mutant};
use crate::wait::Pace;
pub use crate::wait::{SideWaits, Waits};

/// A hand-over of these buffers; `clear` is run on each that comes back, on the reader's thread.
///
/// With one buffer the sides take turns; with two one fills while the other reads; more even out uneven work, and several
/// readers need one each and one for the writer. [Clone](Reader) the reader for several.
///
/// Allocates here, and nowhere later. A writer and a reader on one thread wait for ever where they wait at all: there, take
/// [`try_buffer`](Writer::try_buffer) and [`try_next`](Reader::try_next). Where `clear` panics, the reader's caller gets the
/// panic, and the buffer goes back as `clear` left it when the reader is dropped, which calls `clear` once more. That one's
/// panic goes no further where a panic drops the reader.
///
/// # Panics
/// When there is no buffer: the first wait would never end.
///
/// # Examples
/// ```
/// use fqbuf_ring::handover;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (mut writer, mut reader) = handover::channel([Vec::new(), Vec::new()], Vec::clear);
/// let filling = std::thread::spawn(move || {
///     for n in 0..10 {
///         let mut slot = writer.buffer()?;
///         slot.extend([n; 100]);
///         slot.publish()?;
///     }
///     writer.finish();
///     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
/// });
/// let mut sum = 0;
/// while let Some(batch) = reader.next()? {
///     sum += batch.iter().sum::<u64>();
/// }
/// assert_eq!(sum, 4500);
/// filling.join().expect("no panic").expect("no error");
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn channel<B>(buffers: impl IntoIterator<Item = B>, clear: fn(&mut B)) -> (Writer<B>, Reader<B>) {
    let empty: Vec<B> = buffers.into_iter().collect();
    assert!(!empty.is_empty(), "a hand-over needs a buffer");
    let shared = Arc::new(Shared::new(empty, clear));
    let writer = Writer {
        shared: Arc::clone(&shared),
        current: None,
        spare: None,
        pace: Pace::new(),
        open: true,
        unwinds: false,
    };
    (writer, Reader { shared, current: None, pace: Pace::new() })
}

/// The half that fills buffers. Dropped before [`finish`](Writer::finish) or [`fail`](Writer::fail), as a panic does, it
/// leaves the readers an error, not an end.
pub struct Writer<B> {
    shared: Arc<Shared<B>>,
    /// The buffer being filled: taken from the empty ones, not yet published.
    current: Option<B>,
    /// An empty buffer that came along with the last publish.
    spare: Option<B>,
    pace: Pace,
    /// False once the readers were told how it ended.
    open: bool,
    /// A model's stand-in for a panic: its threads share one, whose panic all would see.
    unwinds: bool,
}

impl<B> Writer<B> {
    /// The buffer to fill: the one begun and not yet published, or an empty one. Waits until a reader gives one back.
    ///
    /// # Errors
    /// [`ReaderGone`] when no reader is left, and the writer has no buffer: one that it has begun, or that came along with the last
    /// publish, it gets without a look at the readers, and [`publish`](Slot::publish) tells.
    pub fn buffer(&mut self) -> Result<Slot<'_, B>, ReaderGone> {
        if self.current.is_none() {
            self.current = self.spare.take().filter(|_| !mutant("spare-forgotten"));
        }
        if self.current.is_none() {
            match self.shared.empty(Some(&mut self.pace)) {
                Empty::Buffer(buffer) => self.current = Some(buffer),
                Empty::None => unreachable!("a wait ends with a buffer or without readers"),
                Empty::ReaderGone => return Err(ReaderGone(())),
            }
        }
        Ok(Slot { writer: self })
    }

    /// As [`Writer::buffer`], but `None` instead of waiting.
    ///
    /// # Errors
    /// As [`Writer::buffer`].
    pub fn try_buffer(&mut self) -> Result<Option<Slot<'_, B>>, ReaderGone> {
        if self.current.is_none() {
            self.current = self.spare.take();
        }
        if self.current.is_none() {
            match self.shared.empty(None) {
                Empty::Buffer(buffer) => self.current = Some(buffer),
                Empty::None => return Ok(None),
                Empty::ReaderGone => return Err(ReaderGone(())),
            }
        }
        Ok(Some(Slot { writer: self }))
    }

    /// Takes back the buffer published last, filled as it is, unless a reader has it; the next one published has its
    /// number. After [`ReaderGone`], takes back what nobody read, last first.
    ///
    /// The buffer is the caller's from now on: the hand-over goes on with one less, and without any left
    /// [`buffer`](Writer::buffer) waits for ever.
    pub fn take_back(&mut self) -> Option<B> {
        self.shared.take_back()
    }

    /// Ends the stream: readers get what was published, then the end. A buffer begun and not published is dropped.
    pub fn finish(mut self) {
        self.finish_now();
    }

    /// As [`Writer::finish`], for a face that has a drop of its own.
    pub(crate) fn finish_now(&mut self) {
        self.open = false;
        // Without readers nobody is left to tell.
        let _ = self.shared.close(Outcome::Finished);
    }

    /// Ends the stream with an error: readers get what was published, then one of them gets the error. A buffer begun
    /// and not published is dropped.
    ///
    /// # Errors
    /// [`ReaderGone`] with the error when no reader is left to get it.
    pub fn fail(mut self, error: impl Into<BoxError>) -> Result<(), ReaderGone<BoxError>> {
        self.fail_now(error)
    }

    /// As [`Writer::fail`], for a face that has a drop of its own.
    pub(crate) fn fail_now(&mut self, error: impl Into<BoxError>) -> Result<(), ReaderGone<BoxError>> {
        // The caller's code, which may panic: then the writer is lost, not silent.
        let error = error.into();
        self.open = false;
        match self.shared.close(Outcome::Failed(error)) {
            Err(Outcome::Failed(error)) => Err(ReaderGone(error)),
            _ => Ok(()),
        }
    }

    /// How often each side had to wait so far. Takes no lock.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.shared.waits()
    }

    /// Whether there is an empty buffer beside the one being filled. It is the writer's from then on, and comes without a wait
    /// once that one is published.
    pub(crate) fn has_spare(&mut self) -> Result<bool, ReaderGone> {
        if self.spare.is_none() {
            match self.shared.empty(None) {
                Empty::Buffer(buffer) => self.spare = Some(buffer),
                Empty::None => return Ok(false),
                Empty::ReaderGone => return Err(ReaderGone(())),
            }
        }
        Ok(true)
    }

    /// Whether the readers were not told yet how it ended.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Drops the writer as a panic does, for models.
    #[cfg(any(loom, shuttle))]
    #[doc(hidden)]
    pub fn unwind(mut self) {
        self.unwinds = true;
    }

    /// The buffer being filled, for the faces of the hand-over that always have one.
    pub(crate) fn current_mut(&mut self) -> &mut Option<B> {
        &mut self.current
    }
}

impl<B> Drop for Writer<B> {
    fn drop(&mut self) {
        if self.open {
            // Without readers nobody is left to tell.
            let panicked = self.unwinds || std::thread::panicking();
            let wrong = if panicked { mutant("panic-as-end") } else { mutant("drop-as-end") };
            let _ = self.shared.close(if wrong { Outcome::Finished } else { Outcome::Lost { panicked } });
        }
    }
}

/// The writer's buffer, not yet published. Dropped, it stays the writer's and keeps what it holds.
pub struct Slot<'a, B> {
    /// Its `current` is filled as long as this lives.
    writer: &'a mut Writer<B>,
}

impl<B> Slot<'_, B> {
    /// Hands the buffer over. Does not wait: there is room for every buffer there is.
    ///
    /// # Errors
    /// [`ReaderGone`] with the buffer when no reader is left.
    pub fn publish(self) -> Result<(), ReaderGone<B>> {
        self.publish_lazily(1)
    }

    /// As [`publish`](Slot::publish), but lets sleeping readers sleep on until `enough` buffers are filled, or as many as
    /// there are: then as many wake. Its end, too, the writer tells at once, and a reader that does not sleep gets every buffer at once.
    ///
    /// For a writer that is about to fill the next buffer and will not be held up: waking a thread costs it some
    /// microseconds. One that may have to wait for its data must publish what it has.
    ///
    /// # Errors
    /// As [`publish`](Slot::publish).
    pub fn publish_lazily(self, enough: usize) -> Result<(), ReaderGone<B>> {
        let Some(buffer) = self.writer.current.take() else { unreachable!("{HELD}") };
        self.writer.shared.publish(buffer, &mut self.writer.spare, enough).map_err(ReaderGone)
    }
}

/// The half that gets the filled buffers, each exactly once. Cloned, the clones share them; when the last one is dropped,
/// the writer learns that the reader is gone.
pub struct Reader<B> {
    shared: Arc<Shared<B>>,
    /// The buffer received last, until it is given back.
    current: Option<B>,
    pace: Pace,
}

impl<B> Reader<B> {
    /// The next filled buffer, or `None` at the end. Gives the one before back and waits for the writer.
    ///
    /// # Errors
    /// What ended the writer early, after every buffer published before; see [`HandoverError`].
    #[expect(clippy::should_implement_trait, reason = "it lends its item, which Iterator cannot")]
    pub fn next(&mut self) -> Result<Option<Batch<'_, B>>, HandoverError> {
        let back = self.cleared();
        let found = self.shared.filled(back, Some(&mut self.pace));
        self.received(found).map(|batch| {
            let Poll::Ready(batch) = batch else { unreachable!("a wait ends with a buffer or an end") };
            batch
        })
    }

    /// As [`Reader::next`], but `Pending` instead of waiting.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn try_next(&mut self) -> Result<Poll<Option<Batch<'_, B>>>, HandoverError> {
        let back = self.cleared();
        let found = self.shared.filled(back, None);
        self.received(found)
    }

    /// Gives the buffer received last back now, instead of with the next call.
    pub fn recycle(&mut self) {
        if let Some(back) = self.cleared() {
            self.shared.recycle(back);
        }
    }

    /// How often each side had to wait so far. Takes no lock.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.shared.waits()
    }

    /// A number that changes with every publish and with the writer's end.
    pub(crate) fn published(&self) -> usize {
        self.shared.published()
    }

    /// The buffer received last, for the faces of the hand-over that read it piece by piece.
    pub(crate) fn current(&self) -> Option<&B> {
        self.current.as_ref()
    }

    /// As [`Reader::current`], to mark what was read, or to read a buffer that came another way and goes back as all do.
    pub(crate) fn current_mut(&mut self) -> &mut Option<B> {
        &mut self.current
    }

    /// The buffer received last, cleared. It stays with the reader until its `clear` has returned.
    fn cleared(&mut self) -> Option<B> {
        if let Some(buffer) = &mut self.current
            && !mutant("recycle-uncleared")
        {
            self.shared.clear(buffer);
        }
        self.current.take()
    }

    fn received(&mut self, found: Filled<B>) -> Result<Poll<Option<Batch<'_, B>>>, HandoverError> {
        match found {
            Filled::Buffer(sequence, buffer) => {
                let buffer = self.current.insert(buffer);
                Ok(Poll::Ready(Some(Batch { sequence, buffer })))
            }
            Filled::None => Ok(Poll::Pending),
            Filled::End => Ok(Poll::Ready(None)),
            Filled::Error(error) => Err(error),
        }
    }
}

impl<B> Clone for Reader<B> {
    /// One reader more on the same hand-over, with nothing received yet.
    fn clone(&self) -> Self {
        if !mutant("clone-uncounted") {
            self.shared.join();
        }
        Self { shared: Arc::clone(&self.shared), current: None, pace: Pace::new() }
    }
}

impl<B> Drop for Reader<B> {
    fn drop(&mut self) {
        /// Gives the last buffer back and leaves, also when clearing that buffer panics.
        struct Leave<'a, B> {
            shared: &'a Shared<B>,
            back: Option<B>,
        }
        impl<B> Drop for Leave<'_, B> {
            fn drop(&mut self) {
                self.shared.leave(self.back.take());
            }
        }
        let mut leave = Leave { shared: &self.shared, back: self.current.take() };
        let Some(buffer) = &mut leave.back else { return };
        if std::thread::panicking() {
            // One panic more out of here would abort the process.
            let _ = catch_unwind(AssertUnwindSafe(|| self.shared.clear(buffer)));
        } else {
            self.shared.clear(buffer);
        }
    }
}

/// A filled buffer, lent until the reader's next call, with which it goes back to the writer.
///
/// What is swapped into it goes back in its stead: so content moves on without a copy.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (mut writer, mut reader) = fqbuf_ring::handover::channel([vec![0u8; 0]], Vec::clear);
/// let mut slot = writer.buffer()?;
/// slot.extend(b"ACGT");
/// slot.publish()?;
/// if let Some(mut batch) = reader.next()? {
///     let kept = std::mem::take(&mut *batch);
///     assert_eq!((batch.sequence(), kept), (0, b"ACGT".to_vec()));
/// }
/// # Ok(())
/// # }
/// ```
pub struct Batch<'a, B> {
    sequence: u64,
    buffer: &'a mut B,
}

impl<'a, B> Batch<'a, B> {
    /// The buffer's number in the order of publishing, from 0.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The buffer, for as long as the reader is not called again.
    #[must_use]
    pub fn into_mut(self) -> &'a mut B {
        self.buffer
    }
}

/// Why a slot always has its buffer.
const HELD: &str = "the writer holds a buffer while a slot lives";

impl<B> Deref for Slot<'_, B> {
    type Target = B;

    fn deref(&self) -> &B {
        self.writer.current.as_ref().expect(HELD)
    }
}

impl<B> DerefMut for Slot<'_, B> {
    fn deref_mut(&mut self) -> &mut B {
        self.writer.current.as_mut().expect(HELD)
    }
}

impl<B> Deref for Batch<'_, B> {
    type Target = B;

    fn deref(&self) -> &B {
        self.buffer
    }
}

impl<B> DerefMut for Batch<'_, B> {
    fn deref_mut(&mut self) -> &mut B {
        self.buffer
    }
}

impl<B> fmt::Debug for Writer<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("waits", &self.waits()).finish_non_exhaustive()
    }
}

impl<B> fmt::Debug for Reader<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("waits", &self.waits()).finish_non_exhaustive()
    }
}

impl<B: fmt::Debug> fmt::Debug for Slot<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&**self).finish()
    }
}

impl<B: fmt::Debug> fmt::Debug for Batch<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("sequence", &self.sequence).field("buffer", &self.buffer).finish()
    }
}
