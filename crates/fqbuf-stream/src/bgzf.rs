//! BGZF blocks in the making, on the caller's thread or several of their own.
//!
//! The threads only compress; the caller's thread writes, so its writer need not be `Send` and its errors come where they
//! happen. Chunks of a few blocks go to the threads by turns, through a [hand-over](fqbuf_ring::handover) each, and come back
//! through another; the caller takes them by the same turns, and waits for the oldest when as many as allowed are under way.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use fqbuf_ring::handover::{self, Reader, Writer};

use crate::deflate::Deflater;
use crate::input::message;
use crate::spawn::spawn;
use crate::sync::thread::JoinHandle;

/// Bytes of data in a block: what is common, leaving room for data that do not compress.
const BLOCK: usize = 65_280;

/// Bytes of data that go to a thread at once.
const CHUNK: usize = if cfg!(shuttle) { 1000 } else { 4 * BLOCK };

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

/// Compresses a chunk of data.
fn pack(deflater: &mut Deflater, data: &[u8], packed: &mut Vec<u8>) {
    packed.clear();
    for data in data.chunks(BLOCK) {
        append_block(deflater, data, packed);
    }
}

/// The writer's state.
pub(crate) struct Bgzf {
    /// What is being collected.
    data: Vec<u8>,
    pack: Pack,
}

/// Who compresses.
enum Pack {
    /// The caller's thread, into memory of its own.
    Here(Box<Deflater>, Vec<u8>),
    Crew(Crew),
}

impl Bgzf {
    /// Compresses on `threads` threads, or the caller's when that is less than two or the system has none.
    pub(crate) fn new(level: u8, threads: usize) -> Self {
        let crew = if threads < 2 { None } else { Crew::start(level, threads) };
        let pack = crew.map_or_else(|| Pack::Here(Box::new(Deflater::new(level)), Vec::new()), Pack::Crew);
        Self { data: Vec::new(), pack }
    }

    /// Takes some of `data`; returns the bytes taken, at least 1.
    pub(crate) fn push(&mut self, data: &[u8], to: &mut impl Write) -> io::Result<usize> {
        if self.data.len() == CHUNK {
            self.send(to)?;
        }
        let n = data.len().min(CHUNK - self.data.len());
        self.data.extend_from_slice(&data[..n]);
        Ok(n)
    }

    /// Writes all blocks so far, the last perhaps short.
    pub(crate) fn flush(&mut self, to: &mut impl Write) -> io::Result<()> {
        if !self.data.is_empty() {
            self.send(to)?;
        }
        if let Pack::Crew(crew) = &mut self.pack {
            while crew.under_way() > 0 {
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
            Pack::Here(deflater, packed) => {
                pack(deflater, &self.data, packed);
                self.data.clear();
                to.write_all(packed)
            }
            Pack::Crew(crew) => {
                if crew.under_way() == EACH * crew.hands.len() {
                    crew.write_oldest(to)?;
                }
                crew.submit(&mut self.data)
            }
        }
    }
}

/// Chunks that a thread may have: one at work, and enough waiting that a slow one holds nobody up. With two, 7 MB on two
/// threads took 2 to 9 % longer (2-core guest, busy; `cargo bench -p fqbuf-benches --bench stream`).
const EACH: usize = 3;

/// The threads, seen from the caller's.
struct Crew {
    hands: Vec<Hand>,
    /// Chunks submitted, and chunks taken back; chunk `n` is with hand `n % hands.len()`.
    submitted: usize,
    written: usize,
}

/// One thread.
struct Hand {
    /// Takes data.
    data: Writer<Vec<u8>>,
    /// Gives what they compress to.
    packed: Reader<Vec<u8>>,
    thread: JoinHandle<()>,
}

/// Why a thread's end is never met.
const ENDS: &str = "a thread ends when its caller does, or with an error";

impl Crew {
    /// `None` where the system refuses the first thread; with fewer than asked for it goes on.
    fn start(level: u8, threads: usize) -> Option<Self> {
        let hands: Vec<_> = (0..threads).map_while(|n| Hand::start(level, n)).collect();
        (!hands.is_empty()).then_some(Self { hands, submitted: 0, written: 0 })
    }

    /// Chunks submitted and not yet written.
    fn under_way(&self) -> usize {
        self.submitted - self.written
    }

    /// Takes `data` and gives empty memory for it.
    fn submit(&mut self, data: &mut Vec<u8>) -> io::Result<()> {
        let turn = self.submitted % self.hands.len();
        let hand = &mut self.hands[turn];
        if let Ok(mut slot) = hand.data.buffer() {
            std::mem::swap(data, &mut *slot);
            if slot.publish().is_ok() {
                self.submitted += 1;
                return Ok(());
            }
        }
        // It takes no more, and has said why behind what it did before.
        loop {
            if hand.packed.next()?.is_none() {
                unreachable!("{ENDS}");
            }
        }
    }

    /// Waits for the oldest chunk and writes it.
    fn write_oldest(&mut self, to: &mut impl Write) -> io::Result<()> {
        let turn = self.written % self.hands.len();
        let packed = &mut self.hands[turn].packed;
        let Some(chunk) = packed.next()? else { unreachable!("{ENDS}") };
        self.written += 1;
        let written = to.write_all(&chunk);
        packed.recycle();
        written
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        // Without its caller each thread ends with the chunk it has.
        let threads: Vec<_> = self.hands.drain(..).map(|hand| hand.thread).collect();
        for thread in threads {
            // A panic was told, or nobody wants the result any more.
            let _ = thread.join();
        }
    }
}

impl Hand {
    /// `None` where the system refuses a thread.
    fn start(level: u8, n: usize) -> Option<Self> {
        let buffers = || std::iter::repeat_with(Vec::new).take(EACH);
        let (data, input) = handover::channel(buffers(), Vec::clear);
        let (output, packed) = handover::channel(buffers(), Vec::clear);
        let work = move |(input, output)| work(level, input, output);
        let thread = spawn(format!("fqbuf-deflate-{n}"), (input, output), work).ok()?;
        Some(Self { data, packed, thread })
    }
}

/// A thread: compresses until its caller is gone.
fn work(level: u8, mut input: Reader<Vec<u8>>, mut output: Writer<Vec<u8>>) {
    let worked = catch_unwind(AssertUnwindSafe(|| {
        let mut deflater = Deflater::new(level);
        while let Ok(Some(data)) = input.next() {
            let Ok(mut packed) = output.buffer() else { return };
            pack(&mut deflater, &data, &mut packed);
            if packed.publish().is_err() {
                return;
            }
        }
    }));
    match worked {
        Ok(()) => output.finish(),
        // Without a caller nobody is left to tell.
        Err(payload) => drop(output.fail(format!("a compressing thread panicked: {}", message(&*payload)))),
    }
}
