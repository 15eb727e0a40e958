//! Buffers that take turns, beside a plain vector of them.

use std::hint::black_box;

use fqbuf_arena::PreallocatedBuffers;
use harness::{Answer, Contender, Data, Row, Stage};

const BUFFERS: usize = 8;
const SIZE: usize = 4096;
const TURNS: u64 = 2_000_000;

pub(crate) fn row() -> Row {
    Row {
        group: "arena",
        name: "turns",
        title: "one of eight buffers in turn, cleared, and a byte pushed",
        data: Data::None,
        notes: &["The plain vector keeps whatever its buffers grow to, and hands out one whose memory was taken away."],
        contenders: vec![Contender::ours("fqbuf PreallocatedBuffers", ours), Contender::peer("Vec of Vecs", plain)],
    }
}

fn ours(stage: &mut Stage) -> Answer {
    stage.operations(TURNS);
    let mut buffers = PreallocatedBuffers::new(BUFFERS, SIZE);
    stage.time(|| {
        let mut sum = 0;
        for n in 0..TURNS {
            sum += used(buffers.get_next(), n);
        }
        [sum, 0, 0]
    })
}

fn plain(stage: &mut Stage) -> Answer {
    stage.operations(TURNS);
    let mut buffers: Vec<Vec<u8>> = (0..BUFFERS).map(|_| Vec::with_capacity(SIZE)).collect();
    let mut next = 0;
    stage.time(|| {
        let mut sum = 0;
        for n in 0..TURNS {
            let at = next;
            next = if at + 1 < buffers.len() { at + 1 } else { 0 };
            let buffer = &mut buffers[at];
            buffer.clear();
            sum += used(buffer, n);
        }
        [sum, 0, 0]
    })
}

#[inline]
fn used(buffer: &mut Vec<u8>, n: u64) -> u64 {
    buffer.push(n as u8);
    let buffer = black_box(buffer);
    buffer.len() as u64 + u64::from(buffer[0])
}
