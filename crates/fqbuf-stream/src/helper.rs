//! What threads that take turns at a stream decompress with.

use crate::team::Help;

/// For one of several threads that take blocks from a [`Stream`](crate::Stream) by turns, mostly behind a lock: what it decompresses with before
/// it takes one.
///
/// Each thread has its own, and calls [`help`](Self::help) before it waits for its turn. So all threads decompress, and each mostly
/// gets the bytes that it has decompressed itself and that its core has at hand: with two threads, a sixth less time than when
/// one half comes from the other core, where cores are slow to reach each other (figures in `team.rs`).
///
/// # Examples
/// ```no_run
/// use std::io::Read;
/// use std::sync::Mutex;
///
/// # fn main() -> std::io::Result<()> {
/// let mut stream = fqbuf_stream::open("reads.fq.bgz")?;
/// let helpers = stream.helpers(2);
/// let stream = Mutex::new(stream.into_reader());
/// std::thread::scope(|scope| {
///     for mut helper in helpers {
///         let stream = &stream;
///         scope.spawn(move || {
///             let mut bytes = vec![0; 64 << 10];
///             loop {
///                 helper.help();
///                 let read = stream.lock().expect("no panic").read(&mut bytes)?;
///                 if read == 0 {
///                     return std::io::Result::Ok(());
///                 }
///                 // Work on the bytes, without the lock.
///             }
///         });
///     }
/// });
/// # Ok(())
/// # }
/// ```
pub struct Helper(Box<dyn Help>);

impl Helper {
    pub(crate) fn new(help: impl Help + 'static) -> Self {
        Self(Box::new(help))
    }

    /// Decompresses blocks ahead until the next one to be taken from the stream is one of its own, or all that may be ahead are
    /// decompressed; then it is time to take one. Returns at once when the stream has come to its end or was dropped.
    ///
    /// Reads from the file, and waits for other threads in the same call, but for no one who holds a lock around the stream.
    /// What is wrong with the input is told to who reads the stream, in its place.
    pub fn help(&mut self) {
        self.0.help();
    }
}

impl std::fmt::Debug for Helper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Helper").finish_non_exhaustive()
    }
}
