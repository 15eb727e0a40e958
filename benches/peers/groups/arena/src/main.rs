//! Arenas: slices copied and zeroed, up to 256 of them and a reset a round; and buffers that take turns.
#![forbid(unsafe_code)]

mod turns;

use std::{hint::black_box, process::ExitCode};

use blink_alloc::Blink;
use bump_scope::Bump;
use fqbuf_arena::Arena;
use harness::{Aligned, Answer, Contender, Data, Row, Stage};

/// Slices until an arena is reset: no more than the second cache level has room for in whatever pages they lie, or a process takes
/// twice as long as the next for life.
const fn slices(size: usize) -> usize {
    let count = (256 << 10) / size;
    if count < 256 { count } else { 256 }
}

/// Rounds of a lap, so that each moves about as much.
const fn rounds(size: usize) -> usize {
    (64 << 20) / (slices(size) * (size + 512))
}

/// Where in its source the copy of a round's `n`-th slice begins: at another place of a cache line each time, and all over a page, as
/// records of a file do. If all began about as far into a page as what they are copied to, an arena would take an eighth more or less by
/// where it begins, and be no better for it in use.
const fn place(size: usize, n: usize) -> usize {
    n * (4096 / slices(size) + 1)
}

/// How an arena makes a slice from a pattern, or of zeros.
trait Slices {
    /// Room for a round of slices of `size`.
    fn with_room(size: usize) -> Self;
    fn copied(&self, bytes: &[u8]) -> impl AsRef<[u8]>;
    fn zeroed(&self, size: usize) -> impl AsRef<[u8]>;
    fn reset(&mut self);
}

impl Slices for Arena {
    fn with_room(size: usize) -> Self {
        Self::new(size * slices(size))
    }
    #[inline]
    fn copied(&self, bytes: &[u8]) -> impl AsRef<[u8]> {
        self.copy_from(bytes).expect("room for a round")
    }
    #[inline]
    fn zeroed(&self, size: usize) -> impl AsRef<[u8]> {
        self.allocate(size).expect("room for a round")
    }
    #[inline]
    fn reset(&mut self) {
        Self::reset(self);
    }
}

impl Slices for bumpalo::Bump {
    fn with_room(size: usize) -> Self {
        Self::with_capacity(size * slices(size))
    }
    #[inline]
    fn copied(&self, bytes: &[u8]) -> impl AsRef<[u8]> {
        self.alloc_slice_copy(bytes)
    }
    #[inline]
    fn zeroed(&self, size: usize) -> impl AsRef<[u8]> {
        self.alloc_slice_fill_copy(size, 0)
    }
    #[inline]
    fn reset(&mut self) {
        Self::reset(self);
    }
}

/// `bump-scope`'s arena, which has a parameter.
type Scoped = Bump;

impl Slices for Scoped {
    fn with_room(size: usize) -> Self {
        Self::with_size(size * slices(size) + 1024)
    }
    #[inline]
    fn copied(&self, bytes: &[u8]) -> impl AsRef<[u8]> {
        self.alloc_slice_copy(bytes)
    }
    #[inline]
    fn zeroed(&self, size: usize) -> impl AsRef<[u8]> {
        self.alloc_slice_fill(size, 0)
    }
    #[inline]
    fn reset(&mut self) {
        self.reset_to_start();
    }
}

impl Slices for Blink {
    fn with_room(size: usize) -> Self {
        Self::with_chunk_size(size * slices(size) + 1024)
    }
    #[inline]
    fn copied(&self, bytes: &[u8]) -> impl AsRef<[u8]> {
        &*self.copy_slice(bytes)
    }
    #[inline]
    fn zeroed(&self, size: usize) -> impl AsRef<[u8]> {
        &*self.emplace_no_drop::<u8>().from_iter(std::iter::repeat_n(0, size))
    }
    #[inline]
    fn reset(&mut self) {
        Self::reset(self);
    }
}

/// Boxes, all freed at the end of the round.
struct Malloc;

fn copy<S: Slices, const SIZE: usize>(stage: &mut Stage) -> Answer {
    stage.operations((rounds(SIZE) * slices(SIZE)) as u64);
    let source = Aligned::new(SIZE + place(SIZE, slices(SIZE)), |n| n as u8);
    let mut arena = S::with_room(SIZE);
    stage.time(|| {
        let mut sum = 0;
        for _ in 0..rounds(SIZE) {
            for n in 0..slices(SIZE) {
                let slice = arena.copied(&black_box(&*source)[place(SIZE, n)..][..SIZE]);
                sum += ends(black_box(slice.as_ref()));
            }
            arena.reset();
        }
        [sum, 0, 0]
    })
}

fn zero<S: Slices, const SIZE: usize>(stage: &mut Stage) -> Answer {
    stage.operations((rounds(SIZE) * slices(SIZE)) as u64);
    let mut arena = S::with_room(SIZE);
    stage.time(|| {
        let mut sum = 0;
        for _ in 0..rounds(SIZE) {
            for _ in 0..slices(SIZE) {
                let slice = arena.zeroed(black_box(SIZE));
                sum += ends(black_box(slice.as_ref()));
            }
            arena.reset();
        }
        [sum, 0, 0]
    })
}

impl Malloc {
    fn copy<const SIZE: usize>(stage: &mut Stage) -> Answer {
        let source = Aligned::new(SIZE + place(SIZE, slices(SIZE)), |n| n as u8);
        Self::boxes::<SIZE>(stage, |n| Box::from(&black_box(&*source)[place(SIZE, n)..][..SIZE]))
    }

    fn zero<const SIZE: usize>(stage: &mut Stage) -> Answer {
        Self::boxes::<SIZE>(stage, |_| vec![0; black_box(SIZE)].into_boxed_slice())
    }

    fn boxes<const SIZE: usize>(stage: &mut Stage, make: impl Fn(usize) -> Box<[u8]>) -> Answer {
        stage.operations((rounds(SIZE) * slices(SIZE)) as u64);
        let mut boxes: Vec<Box<[u8]>> = Vec::with_capacity(slices(SIZE));
        stage.time(|| {
            let mut sum = 0;
            for _ in 0..rounds(SIZE) {
                for start in 0..slices(SIZE) {
                    let slice = make(start);
                    sum += ends(black_box(&slice));
                    boxes.push(slice);
                }
                boxes.clear();
            }
            [sum, 0, 0]
        })
    }
}

/// The first byte, the last and the length: what the answer is made of.
#[inline]
fn ends(slice: &[u8]) -> u64 {
    u64::from(slice[0]) + 256 * u64::from(slice[slice.len() - 1]) + slice.len() as u64
}

/// A block of memory, and where its free part begins: what is done in it is all that a slice takes.
struct Bare {
    memory: Aligned,
    at: usize,
}

impl Bare {
    #[inline]
    fn next(&mut self, size: usize) -> &mut [u8] {
        let start = self.at;
        self.at += size;
        &mut self.memory[start..self.at]
    }

    fn copy<const SIZE: usize>(stage: &mut Stage) -> Answer {
        let source = Aligned::new(SIZE + place(SIZE, slices(SIZE)), |n| n as u8);
        Self::filled::<SIZE>(stage, |n, slice| slice.copy_from_slice(&black_box(&*source)[place(SIZE, n)..][..SIZE]))
    }

    fn zero<const SIZE: usize>(stage: &mut Stage) -> Answer {
        Self::filled::<SIZE>(stage, |_, slice| slice.fill(0))
    }

    fn filled<const SIZE: usize>(stage: &mut Stage, fill: impl Fn(usize, &mut [u8])) -> Answer {
        stage.operations((rounds(SIZE) * slices(SIZE)) as u64);
        let mut bare = Self { memory: Aligned::new(SIZE * slices(SIZE), |_| 1), at: 0 };
        stage.time(|| {
            let mut sum = 0;
            for _ in 0..rounds(SIZE) {
                for n in 0..slices(SIZE) {
                    let slice = bare.next(black_box(SIZE));
                    fill(n, slice);
                    sum += ends(black_box(slice));
                }
                bare.at = 0;
            }
            [sum, 0, 0]
        })
    }
}

fn contenders<const SIZE: usize>(zeroed: bool) -> Vec<Contender> {
    if zeroed {
        vec![
            Contender::ours("fqbuf", zero::<Arena, SIZE>),
            Contender::peer("bumpalo", zero::<bumpalo::Bump, SIZE>),
            Contender::peer("bump-scope", zero::<Scoped, SIZE>),
            Contender::peer("blink-alloc", zero::<Blink, SIZE>),
            Contender::peer("malloc", Malloc::zero::<SIZE>),
            Contender::limit("memset in place", Bare::zero::<SIZE>),
        ]
    } else {
        vec![
            Contender::ours("fqbuf", copy::<Arena, SIZE>),
            Contender::peer("bumpalo", copy::<bumpalo::Bump, SIZE>),
            Contender::peer("bump-scope", copy::<Scoped, SIZE>),
            Contender::peer("blink-alloc", copy::<Blink, SIZE>),
            Contender::peer("malloc", Malloc::copy::<SIZE>),
            Contender::limit("memcpy in place", Bare::copy::<SIZE>),
        ]
    }
}

fn main() -> ExitCode {
    const PEERS: &str = "The peers grow by themselves and hold any type; ours is of fixed size here and holds bytes.";
    const ZEROS: &str = "bumpalo and bump-scope fill by value, which compiles to a memset; blink-alloc takes an iterator. malloc's \
                         zeros come from `vec![0; n]`.";
    const FITS: &str = "An arena is reset after 256 KiB, or 256 slices: one of 4 MiB lies in the third cache level, and took twice as \
                        long in every fourth process, for life, by where its pages happened to lie.";
    let row = |name, title, notes, contenders| Row { group: "arena", name, title, data: Data::None, notes, contenders };
    let rows = [
        row("copied-64", "slices of 64 bytes copied", &[PEERS], contenders::<64>(false)),
        row("copied-150", "slices of 150 bytes copied", &[PEERS], contenders::<150>(false)),
        row("copied-4096", "slices of 4 KiB copied", &[PEERS, FITS], contenders::<4096>(false)),
        row("copied-16384", "slices of 16 KiB copied", &[PEERS, FITS], contenders::<16384>(false)),
        row("zeroed-64", "slices of 64 zeros", &[PEERS, ZEROS], contenders::<64>(true)),
        row("zeroed-150", "slices of 150 zeros", &[PEERS, ZEROS], contenders::<150>(true)),
        row("zeroed-4096", "slices of 4 KiB of zeros", &[PEERS, ZEROS, FITS], contenders::<4096>(true)),
        row("zeroed-16384", "slices of 16 KiB of zeros", &[PEERS, ZEROS, FITS], contenders::<16384>(true)),
        turns::row(),
    ];
    harness::run(&rows)
}
