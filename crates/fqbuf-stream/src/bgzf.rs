//! BGZF blocks in the making, on the caller's thread or several of their own.
//!
//! The threads only compress; the caller's thread writes, so its writer need not be `Send` and its errors come where they
//! happen. Chunks of a few blocks go to the threads and come back in any order; the caller writes them in theirs, and
//! waits for the oldest when as many as allowed are under way.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::deflate::Deflater;
use crate::input::message;

/// Bytes of data in a block: what is common, leaving room for data that do not compress.
const BLOCK: usize = 65_280;

/// Bytes of data that go to a thread at once.
const CHUNK: usize = 4 * BLOCK;

/// The block without data that marks the end.
const END: [u8; 28] =
    [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Appends `data`, at most [`BLOCK`] bytes, as one block.
fn append_block(deflater: &mut Deflater, data: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&END[..16]);
    out.extend_from_slice(&[0, 0]);
    deflater.append(data, out);
    out.extend_from_slice(&crc32fast::hash(data).to_le_bytes());
    let len = u32::try_from(data.len()).expect("a block is small");
    out.extend_from_slice(&len.to_le_bytes());
    let size = u16::try_from(out.len() - start - 1).expect("the smallest block that does not compress fits");
    out[start + 16..start + 18].copy_from_slice(&size.to_le_bytes());
}

/// A chunk of data and what it compresses to.
#[derive(Default)]
struct Chunk {
    data: Vec<u8>,
    packed: Vec<u8>,
}

impl Chunk {
    fn pack(&mut self, deflater: &mut Deflater) {
        self.packed.clear();
        for data in self.data.chunks(BLOCK) {
            append_block(deflater, data, &mut self.packed);
        }
        self.data.clear();
    }
}

/// The writer's state.
pub(crate) struct Bgzf {
    /// What is being collected.
    chunk: Chunk,
    pack: Pack,
}

/// Who compresses.
enum Pack {
    Here(Box<Deflater>),
    Crew(Crew),
}

impl Bgzf {
    /// Compresses on `threads` threads, or the caller's when that is less than two.
    ///
    /// # Errors
    /// The system's refusal of the first thread.
    pub(crate) fn new(level: u8, threads: usize) -> io::Result<Self> {
        let pack = if threads < 2 {
            Pack::Here(Box::new(Deflater::new(level)))
        } else {
            Pack::Crew(Crew::start(level, threads)?)
        };
        Ok(Self { chunk: Chunk::default(), pack })
    }

    /// Takes some of `data`; returns the bytes taken, at least 1.
    pub(crate) fn push(&mut self, data: &[u8], to: &mut impl Write) -> io::Result<usize> {
        if self.chunk.data.len() == CHUNK {
            self.send(to)?;
        }
        let n = data.len().min(CHUNK - self.chunk.data.len());
        self.chunk.data.extend_from_slice(&data[..n]);
        Ok(n)
    }

    /// Writes all blocks so far, the last perhaps short.
    pub(crate) fn flush(&mut self, to: &mut impl Write) -> io::Result<()> {
        if !self.chunk.data.is_empty() {
            self.send(to)?;
        }
        if let Pack::Crew(crew) = &mut self.pack {
            while crew.under_way > 0 {
                crew.write_oldest(to)?;
            }
        }
        Ok(())
    }

    /// Writes all blocks and the end block.
    pub(crate) fn finish(&mut self, to: &mut impl Write) -> io::Result<()> {
        self.flush(to)?;
        to.write_all(&END)
    }

    fn send(&mut self, to: &mut impl Write) -> io::Result<()> {
        match &mut self.pack {
            Pack::Here(deflater) => {
                self.chunk.pack(deflater);
                to.write_all(&self.chunk.packed)
            }
            Pack::Crew(crew) => {
                if crew.under_way == crew.at_most {
                    crew.write_oldest(to)?;
                }
                let empty = crew.spare.pop().unwrap_or_default();
                crew.submit(std::mem::replace(&mut self.chunk, empty));
                Ok(())
            }
        }
    }
}

/// The threads, seen from the caller's.
struct Crew {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// Chunks submitted and not yet written.
    under_way: usize,
    at_most: usize,
    /// Chunks to collect data in again.
    spare: Vec<Chunk>,
}

struct Shared {
    state: Mutex<State>,
    /// Signalled when there is a chunk to compress, and when it is over.
    work: Condvar,
    /// Signalled when a chunk was compressed.
    done: Condvar,
}

/// Chunks by number.
struct State {
    /// Number of the first of `chunks`.
    first: u64,
    chunks: VecDeque<Slot>,
    /// Number of the next to compress.
    next: u64,
    over: bool,
    /// What a thread panicked with.
    lost: Option<String>,
}

/// Where a chunk is.
enum Slot {
    Waiting(Chunk),
    AtWork,
    Done(Chunk),
}

impl Crew {
    fn start(level: u8, threads: usize) -> io::Result<Self> {
        let state = State { first: 0, chunks: VecDeque::new(), next: 0, over: false, lost: None };
        let shared = Arc::new(Shared { state: Mutex::new(state), work: Condvar::new(), done: Condvar::new() });
        let mut crew = Self { shared, threads: Vec::new(), under_way: 0, at_most: 2 * threads, spare: Vec::new() };
        for n in 0..threads {
            let shared = Arc::clone(&crew.shared);
            let thread = std::thread::Builder::new().name(format!("fqbuf-deflate-{n}"));
            match thread.spawn(move || shared.work(level)) {
                Ok(thread) => crew.threads.push(thread),
                Err(e) if n == 0 => return Err(e),
                Err(_) => break,
            }
        }
        Ok(crew)
    }

    fn submit(&mut self, chunk: Chunk) {
        self.shared.lock().chunks.push_back(Slot::Waiting(chunk));
        self.shared.work.notify_one();
        self.under_way += 1;
    }

    /// Waits for the oldest chunk and writes it.
    fn write_oldest(&mut self, to: &mut impl Write) -> io::Result<()> {
        let mut state = self.shared.lock();
        let chunk = loop {
            if let Some(Slot::Done(_)) = state.chunks.front()
                && let Some(Slot::Done(chunk)) = state.chunks.pop_front()
            {
                state.first += 1;
                break chunk;
            }
            if let Some(said) = &state.lost {
                return Err(io::Error::other(format!("a compressing thread panicked: {said}")));
            }
            state = self.shared.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        self.under_way -= 1;
        let written = to.write_all(&chunk.packed);
        self.spare.push(chunk);
        written
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            // A panic was told, or nobody wants the result any more.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread: compresses until it is over.
    fn work(&self, level: u8) {
        let worked = catch_unwind(AssertUnwindSafe(|| {
            let mut deflater = Deflater::new(level);
            while let Some((number, mut chunk)) = self.take() {
                chunk.pack(&mut deflater);
                let mut state = self.lock();
                let at = usize::try_from(number - state.first).expect("what is at work is not written yet");
                state.chunks[at] = Slot::Done(chunk);
                drop(state);
                self.done.notify_one();
            }
        }));
        if let Err(payload) = worked {
            self.lock().lost = Some(message(&*payload));
            self.done.notify_one();
        }
    }

    /// The next chunk; waits for one, `None` when it is over.
    fn take(&self) -> Option<(u64, Chunk)> {
        let mut state = self.lock();
        loop {
            if state.over {
                return None;
            }
            let number = state.next;
            let at = usize::try_from(number - state.first).expect("what waits is not written yet");
            if let Some(slot) = state.chunks.get_mut(at)
                && let Slot::Waiting(chunk) = std::mem::replace(slot, Slot::AtWork)
            {
                state.next += 1;
                return Some((number, chunk));
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
