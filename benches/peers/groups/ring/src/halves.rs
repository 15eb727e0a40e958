//! Bytes from one thread to another, through the halves of a ring or a pipe.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    sync::{Arc, Condvar, Mutex},
};

use fqbuf_ring::RingBuffer;
use harness::{Answer, Contender, Data, Row, Stage, spin_until, together};
use ringbuf::traits::{Consumer, Producer, Split};

/// Bytes of every ring; a pipe has what the system gives it.
const CAPACITY: usize = 256 << 10;

/// Writes of a lap.
const fn writes(size: usize) -> u64 {
    (128 << 20) / (size as u64 + 448)
}

/// Sends a lap's bytes in calls of `SIZE`; the reader reads until the end.
fn pipe<W: Write + Send, R: Read + Send, const SIZE: usize>(
    stage: &mut Stage,
    make: impl Fn() -> (W, R),
    finish: impl Fn(W) + Sync,
) -> Answer {
    let total = writes(SIZE) * SIZE as u64;
    stage.moves(total);
    stage.timed(|| {
        let (mut writer, mut reader) = make();
        let write = || {
            let mut source = vec![0; SIZE];
            for n in 0..writes(SIZE) {
                source[0] = n as u8;
                writer.write_all(&source).expect("the reader reads to the end");
            }
            finish(writer);
        };
        let read = || {
            let mut target = vec![0; SIZE];
            let (mut read, mut sum) = (0, 0);
            while read < total {
                let count = reader.read(&mut target).expect("the writer finishes");
                assert!(count > 0, "the end comes after everything");
                // In whatever parts a piece arrives: the byte in front of it, if it is there, is what it was written with.
                let ahead = (SIZE - read as usize % SIZE) % SIZE;
                sum += target[..count].get(ahead).map_or(0, |first| u64::from(*first));
                read += count as u64;
            }
            [read, sum, 0]
        };
        let (seconds, (), answer) = together(write, read);
        (seconds, answer)
    })
}

/// What a mutex and a condition variable make of a queue.
struct Locked {
    state: Mutex<(VecDeque<u8>, bool)>,
    changed: Condvar,
}

struct LockedWriter(Arc<Locked>);
struct LockedReader(Arc<Locked>);

impl Write for LockedWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut state = self.0.state.lock().expect("no panic");
        while state.0.len() == CAPACITY {
            state = self.0.changed.wait(state).expect("no panic");
        }
        let n = data.len().min(CAPACITY - state.0.len());
        state.0.extend(&data[..n]);
        drop(state);
        self.0.changed.notify_one();
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LockedWriter {
    fn drop(&mut self) {
        self.0.state.lock().expect("no panic").1 = true;
        self.0.changed.notify_one();
    }
}

impl Read for LockedReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.state.lock().expect("no panic");
        while state.0.is_empty() && !state.1 {
            state = self.0.changed.wait(state).expect("no panic");
        }
        let n = state.0.read(out)?;
        drop(state);
        self.0.changed.notify_one();
        Ok(n)
    }
}

fn locked() -> (LockedWriter, LockedReader) {
    let state = Mutex::new((VecDeque::with_capacity(CAPACITY), false));
    let shared = Arc::new(Locked { state, changed: Condvar::new() });
    (LockedWriter(Arc::clone(&shared)), LockedReader(shared))
}

/// Ends that never sleep.
struct Spinning<T>(T);

impl Write for Spinning<rtrb::Producer<u8>> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(spin_until(|| Some(data.len() - self.0.push_partial_slice(data).1.len()).filter(|n| *n > 0)))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Spinning<rtrb::Consumer<u8>> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Ok(spin_until(|| Some(self.0.pop_partial_slice(out).0.len()).filter(|n| *n > 0)))
    }
}

impl Write for Spinning<ringbuf::HeapProd<u8>> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(spin_until(|| Some(self.0.push_slice(data)).filter(|n| *n > 0)))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Spinning<ringbuf::HeapCons<u8>> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Ok(spin_until(|| Some(self.0.pop_slice(out)).filter(|n| *n > 0)))
    }
}

/// Boxes of a call's size each, as many as a ring holds, filled and handed over whole by ends that never sleep, and sent back: a copy
/// on either side and nothing else.
struct Boxes(rtrb::Producer<Box<[u8]>>, rtrb::Consumer<Box<[u8]>>);

impl Boxes {
    fn ends(size: usize) -> (Self, Self) {
        let count = CAPACITY / size;
        let (filled, to_read) = rtrb::RingBuffer::new(count);
        let (mut back, empty) = rtrb::RingBuffer::new(count);
        (0..count).for_each(|_| back.push(vec![0; size].into()).expect("room for all"));
        (Self(filled, empty), Self(back, to_read))
    }

    /// Takes a box, has it used, and sends it on.
    fn pass(&mut self, use_it: impl FnOnce(&mut [u8])) {
        let mut bytes = spin_until(|| self.1.pop().ok());
        use_it(&mut bytes);
        self.0.push(bytes).expect("room for all");
    }
}

impl Write for Boxes {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.pass(|bytes| bytes.copy_from_slice(data));
        Ok(data.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Boxes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.pass(|bytes| out.copy_from_slice(bytes));
        Ok(out.len())
    }
}

fn ours<const SIZE: usize>(stage: &mut Stage) -> Answer {
    pipe::<_, _, SIZE>(stage, || RingBuffer::new(CAPACITY).split(), fqbuf_ring::RingWriter::finish)
}

fn contenders<const SIZE: usize>() -> Vec<Contender> {
    vec![
        Contender::ours("fqbuf", ours::<SIZE>),
        Contender::peer("std::io::pipe", |stage| {
            let make = || {
                let (reader, writer) = io::pipe().expect("a pipe");
                (writer, reader)
            };
            pipe::<_, _, SIZE>(stage, make, drop)
        }),
        Contender::peer("Mutex, Condvar, VecDeque", |stage| pipe::<_, _, SIZE>(stage, locked, drop)),
        Contender::peer("ringbuf-blocking", |stage| {
            pipe::<_, _, SIZE>(stage, || ringbuf_blocking::BlockingHeapRb::<u8>::new(CAPACITY).split(), drop)
        }),
        Contender::peer("rtrb, spinning", |stage| {
            let make = || {
                let (writer, reader) = rtrb::RingBuffer::new(CAPACITY);
                (Spinning(writer), Spinning(reader))
            };
            pipe::<_, _, SIZE>(stage, make, drop)
        }),
        Contender::peer("ringbuf, spinning", |stage| {
            let make = || {
                let (writer, reader) = ringbuf::HeapRb::new(CAPACITY).split();
                (Spinning(writer), Spinning(reader))
            };
            pipe::<_, _, SIZE>(stage, make, drop)
        }),
        Contender::limit("boxes filled and passed on, spinning", |stage| {
            pipe::<_, _, SIZE>(stage, || Boxes::ends(SIZE), drop)
        }),
        Contender::control(),
    ]
}

pub(crate) fn rows() -> Vec<Row> {
    const NOTES: &[&str] = &[
        "rtrb and ringbuf do not wait: both ends spin for as long as it takes and use up a core each, and nothing tells the reader \
         that the writer died.",
        "The limit's boxes hold a call's bytes each and 256 KiB together: a copy on either side, and a pointer that changes hands.",
        "All rings have 256 KiB; std's pipe has what the system gives it (64 KiB on Linux) and copies into and out of the kernel.",
    ];
    let row = |name, title, contenders| Row { group: "ring", name, title, data: Data::None, notes: NOTES, contenders };
    vec![
        row("halves-64", "bytes to another thread, 64 a call", contenders::<64>()),
        row("halves-4096", "bytes to another thread, 4 KiB a call", contenders::<4096>()),
        row("halves-65536", "bytes to another thread, 64 KiB a call", contenders::<65536>()),
    ]
}
