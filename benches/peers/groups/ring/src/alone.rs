//! A write and a read of some bytes on one thread.

use std::{
    collections::VecDeque,
    hint::black_box,
    io::{Read, Write},
};

use fqbuf_ring::RingBuffer;
use harness::{Aligned, Answer, Contender, Data, Row, Run, Stage};
use ringbuf::traits::{Consumer, Producer};

/// Bytes of every ring.
const CAPACITY: usize = 64 << 10;

/// A queue of bytes.
trait Ring {
    fn new() -> Self;
    /// Writes all of `data`, for which there is room.
    fn put(&mut self, data: &[u8]);
    /// Fills `out` with bytes that are there.
    fn get(&mut self, out: &mut [u8]);
}

impl Ring for RingBuffer {
    fn new() -> Self {
        Self::new(CAPACITY)
    }
    #[inline]
    fn put(&mut self, data: &[u8]) {
        assert_eq!(self.write(data), data.len());
    }
    #[inline]
    fn get(&mut self, out: &mut [u8]) {
        assert_eq!(self.read(out), out.len());
    }
}

impl Ring for VecDeque<u8> {
    fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }
    #[inline]
    fn put(&mut self, data: &[u8]) {
        self.extend(data);
    }
    #[inline]
    fn get(&mut self, out: &mut [u8]) {
        Read::read_exact(self, out).expect("the bytes are there");
    }
}

impl Ring for ringbuf::LocalRb<ringbuf::storage::Heap<u8>> {
    fn new() -> Self {
        Self::new(CAPACITY)
    }
    #[inline]
    fn put(&mut self, data: &[u8]) {
        assert_eq!(self.as_exclusive().push_slice(data), data.len());
    }
    #[inline]
    fn get(&mut self, out: &mut [u8]) {
        assert_eq!(self.as_exclusive().pop_slice(out), out.len());
    }
}

/// Both ends on one thread.
struct Rtrb(rtrb::Producer<u8>, rtrb::Consumer<u8>);

impl Ring for Rtrb {
    fn new() -> Self {
        let (producer, consumer) = rtrb::RingBuffer::new(CAPACITY);
        Self(producer, consumer)
    }
    #[inline]
    fn put(&mut self, data: &[u8]) {
        self.0.push_entire_slice(data).expect("there is room");
    }
    #[inline]
    fn get(&mut self, out: &mut [u8]) {
        self.1.pop_entire_slice(out).expect("the bytes are there");
    }
}

impl Ring for circular::Buffer {
    fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }
    #[inline]
    fn put(&mut self, data: &[u8]) {
        if self.available_space() < data.len() {
            self.shift();
        }
        self.write_all(data).expect("there is room");
    }
    #[inline]
    fn get(&mut self, out: &mut [u8]) {
        self.read_exact(out).expect("the bytes are there");
    }
}

/// Two copies through memory of the same size, from place to place: no bookkeeping but where it is.
struct TwoCopies {
    middle: Aligned,
    /// Where the next byte is written; read is what was written `held` before.
    at: usize,
    from: usize,
    /// Whether places move on.
    moves: bool,
}

impl TwoCopies {
    fn step(&self, at: usize, len: usize) -> usize {
        match (self.moves, at + len + len <= CAPACITY) {
            (false, _) => at,
            (true, true) => at + len,
            (true, false) => 0,
        }
    }
}

impl Ring for TwoCopies {
    fn new() -> Self {
        Self { middle: Aligned::new(CAPACITY, |_| 0), at: 0, from: 0, moves: false }
    }
    #[inline]
    fn put(&mut self, data: &[u8]) {
        self.middle[self.at..self.at + data.len()].copy_from_slice(data);
        black_box(&mut self.middle);
        self.at = self.step(self.at, data.len());
    }
    #[inline]
    fn get(&mut self, out: &mut [u8]) {
        out.copy_from_slice(&self.middle[self.from..self.from + out.len()]);
        self.from = self.step(self.from, out.len());
    }
}

/// Bytes of a page.
const PAGE: usize = 4096;

/// Where in a page the bytes that are written in a turn begin, and the memory that they are read to: at another place of a cache line
/// and of the page each turn. If all began on a page, a ring would take an eighth more or less by where in one it begins.
const fn places(turn: u64) -> [usize; 2] {
    [turn as usize * 1040 % PAGE, turn as usize * 2576 % PAGE]
}

/// Times of a lap.
const fn times(size: usize) -> u64 {
    (64 << 20) / (size as u64 + 256)
}

/// Writes and reads, the ring holding `HELD` bytes before and after.
fn through<R: Ring, const SIZE: usize, const HELD: usize>(stage: &mut Stage) -> Answer {
    let mut ring = R::new();
    ring.put(&Aligned::new(HELD, |n| n as u8));
    turns(stage, ring, SIZE)
}

fn copies<const SIZE: usize, const MOVES: bool>(stage: &mut Stage) -> Answer {
    turns(stage, TwoCopies { moves: MOVES, at: if MOVES { 40 } else { 0 }, ..TwoCopies::new() }, SIZE)
}

/// Writes and reads `size` bytes in turn.
#[inline(always)]
fn turns(stage: &mut Stage, mut ring: impl Ring, size: usize) -> Answer {
    stage.moves(times(size) * size as u64);
    // Other bytes from each place. Not written to each turn: to load a vector of bytes while one of them is still on its way to the
    // cache takes longer than all that is measured here.
    let source = Aligned::new(size + PAGE, |n| (n + n / PAGE) as u8);
    let mut target = Aligned::new(size + PAGE, |_| 0);
    stage.time(|| {
        let mut sum = 0;
        for n in 0..times(size) {
            let size = black_box(size);
            let [from, to] = places(n);
            ring.put(&black_box(&*source)[from..from + size]);
            ring.get(&mut target[to..to + size]);
            let target = black_box(&mut *target);
            sum += (n + 1) * (u64::from(target[to]) + u64::from(target[to + size - 1]));
        }
        [sum, 0, 0]
    })
}

fn contenders<const SIZE: usize, const HELD: usize>(copies: Run) -> Vec<Contender> {
    vec![
        Contender::ours("fqbuf", through::<RingBuffer, SIZE, HELD>),
        Contender::peer("ringbuf", through::<ringbuf::LocalRb<ringbuf::storage::Heap<u8>>, SIZE, HELD>),
        Contender::peer("rtrb", through::<Rtrb, SIZE, HELD>),
        Contender::peer("VecDeque", through::<VecDeque<u8>, SIZE, HELD>),
        Contender::peer("circular", through::<circular::Buffer, SIZE, HELD>),
        Contender::limit("two copies", copies),
    ]
}

pub(crate) fn rows() -> Vec<Row> {
    const PLACES: &str = "What is written and where it is read to begin at another place of a page each turn.";
    const EMPTY: &[&str] = &[
        PLACES,
        "The ring is empty before and after: ours then begins at its front again, the peers move through their memory of 64 KiB, \
         which the nearest cache may not hold. That is a property of ours; held-64 and held-4096 take it away.",
        "rtrb is made for two threads and pays for its atomics; circular moves what it holds to its front when space runs out.",
    ];
    const HELD: &[&str] = &[
        PLACES,
        "40 bytes are always held, so that places move on through 64 KiB and wrap, for the two copies as well.",
    ];
    let row = |name, title, notes, contenders| Row { group: "ring", name, title, data: Data::None, notes, contenders };
    vec![
        row("alone-64", "64 bytes written and read, one thread", EMPTY, contenders::<64, 0>(copies::<64, false>)),
        row("alone-4096", "4 KiB written and read, one thread", EMPTY, contenders::<4096, 0>(copies::<4096, false>)),
        row(
            "alone-65536",
            "64 KiB written and read, one thread",
            EMPTY,
            contenders::<65536, 0>(copies::<65536, false>),
        ),
        row("held-64", "64 bytes written and read behind 40 others", HELD, contenders::<64, 40>(copies::<64, true>)),
        row("held-4096", "4 KiB written and read behind 40 others", HELD, contenders::<4096, 40>(copies::<4096, true>)),
    ]
}
