//! The ring of one thread, compared with a `VecDeque`.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read, Write};

use fqbuf_ring::RingBuffer;
use proptest::prelude::*;
use rstest::rstest;

/// What a ring holds, in order.
fn held(ring: &RingBuffer) -> Vec<u8> {
    let (first, second) = ring.as_slices();
    [first, second].concat()
}

#[test]
fn a_ring_of_capacity_zero_takes_and_gives_nothing() {
    // A naive `% capacity` divides by zero here.
    let mut ring = RingBuffer::new(0);
    assert_eq!(ring.write(b"A"), 0);
    assert_eq!(ring.read(&mut [0; 4]), 0);
    assert_eq!((ring.available(), ring.remaining(), ring.capacity()), (0, 0, 0));
    assert!(ring.is_empty() && ring.is_full());
    ring.consume(3);
    assert_eq!(ring.as_slices(), (&[][..], &[][..]));
    assert_eq!(ring.fill_buf().expect("never fails"), b"");
    assert_eq!(ring.fill_from(&mut &b"A"[..]).expect_err("full").kind(), io::ErrorKind::InvalidInput);
    let error = Write::write_all(&mut ring, b"A").expect_err("nothing fits");
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
}

#[test]
fn a_ring_of_capacity_one_passes_byte_by_byte() {
    let mut ring = RingBuffer::new(1);
    for byte in 0..=255 {
        assert_eq!(ring.write(&[byte, byte]), 1);
        assert_eq!(ring.write(&[byte]), 0);
        let mut out = [0; 2];
        assert_eq!(ring.read(&mut out), 1);
        assert_eq!(out[0], byte);
    }
}

#[test]
fn a_write_that_wraps_around_comes_out_in_order() {
    let mut ring = RingBuffer::new(8);
    assert_eq!(ring.write(b"012345"), 6);
    ring.consume(4);
    assert_eq!(ring.write(b"6789ab"), 6);
    assert!(ring.is_full());
    assert_eq!(ring.as_slices(), (&b"4567"[..], &b"89ab"[..]));
    let mut out = [0; 16];
    assert_eq!(ring.read(&mut out), 8);
    assert_eq!(&out[..8], b"456789ab");
}

#[rstest]
// Copies differ with the length, and with whether the ring is large.
fn bytes_of_any_length_come_out_as_they_went_in(
    #[values(20_000, 1 << 20)] capacity: usize,
    #[values(0, 40)] before: usize,
) {
    let text: Vec<u8> = (0..9000_u32).map(|n| (n * n / 7) as u8).collect();
    let mut ring = RingBuffer::new(capacity);
    assert_eq!(ring.write(&[1; 40][..before]), before);
    for len in
        (0..300).chain([1023, 1024, 1025, 2047, 2048, 2049]).chain(2500..2600).chain(4090..4100).chain(8180..8200)
    {
        let from = len % 64;
        assert_eq!(ring.write(&text[from..from + len]), len);
        ring.consume(before);
        let mut out = vec![b'#'; len + 1];
        assert_eq!(ring.read(&mut out[..len]), len);
        assert!(out[..len] == text[from..from + len], "{len} bytes");
        assert_eq!((out[len], ring.available()), (b'#', 0));
        assert_eq!(ring.write(&[1; 40][..before]), before);
    }
}

#[test]
fn consume_stops_at_what_is_there() {
    let mut ring = RingBuffer::new(4);
    ring.write(b"AC");
    ring.consume(usize::MAX);
    assert_eq!((ring.available(), ring.remaining()), (0, 4));
}

#[test]
fn an_emptied_ring_begins_at_its_front_again() {
    let mut ring = RingBuffer::new(8);
    ring.write(b"ACGTA");
    ring.read(&mut [0; 5]);
    ring.write(b"CGTACGTA");
    assert_eq!(ring.as_slices(), (&b"CGTACGTA"[..], &[][..]));
}

#[test]
fn a_short_write_loses_nothing() {
    let text: Vec<u8> = (0..10_000_u32).map(|n| n as u8).collect();
    let mut ring = RingBuffer::new(97);
    let mut out = Vec::new();
    let mut rest = &text[..];
    while !rest.is_empty() {
        let n = ring.write(rest);
        rest = &rest[n..];
        let mut part = [0; 31];
        let n = ring.read(&mut part);
        out.extend_from_slice(&part[..n]);
    }
    ring.read_to_end(&mut out).expect("never fails");
    assert_eq!(out, text);
}

#[test]
fn lines_are_read_through_buf_read() {
    let mut ring = RingBuffer::new(16);
    Write::write_all(&mut ring, b"ACGT\nAC").expect("fits");
    let mut line = String::new();
    ring.read_line(&mut line).expect("never fails");
    assert_eq!(line, "ACGT\n");
    Write::write_all(&mut ring, b"GTACGT\nT\n").expect("fits");
    line.clear();
    ring.read_line(&mut line).expect("never fails");
    assert_eq!(line, "ACGTACGT\n");
    Write::flush(&mut ring).expect("never fails");
}

#[rstest]
#[case(4096)]
#[case(5000)]
#[case(1 << 16)]
fn from_a_page_on_the_memory_begins_a_quarter_past_one(#[case] capacity: usize) {
    let mut ring = RingBuffer::new(capacity);
    ring.write(b"A");
    assert_eq!(ring.as_slices().0.as_ptr() as usize % 4096, 1024);
    let data = vec![7; capacity - 1];
    assert_eq!(ring.write(&data), capacity - 1);
    assert_eq!(ring.remaining(), 0);
}

/// One step of the comparison with the oracle.
#[derive(Clone, Debug)]
enum Step {
    Write(Vec<u8>),
    Read(usize),
    Consume(usize),
    Fill(Vec<u8>),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let data = || prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        4 => data().prop_map(Step::Write),
        4 => (0..40_usize).prop_map(Step::Read),
        2 => (0..40_usize).prop_map(Step::Consume),
        2 => data().prop_map(Step::Fill),
        1 => Just(Step::Clear),
    ]
}

proptest! {
    #[test]
    fn any_calls_agree_with_a_vec_deque(capacity in 0..50_usize, steps in prop::collection::vec(step(), 0..60)) {
        let mut ring = RingBuffer::new(capacity);
        let mut oracle = VecDeque::new();
        for step in steps {
            match step {
                Step::Write(data) => {
                    let n = ring.write(&data);
                    prop_assert_eq!(n, data.len().min(capacity - oracle.len()));
                    oracle.extend(&data[..n]);
                }
                Step::Read(n) => {
                    let mut out = vec![0; n];
                    let n = ring.read(&mut out);
                    prop_assert_eq!(n, out.len().min(oracle.len()));
                    prop_assert_eq!(&out[..n], oracle.drain(..n).collect::<Vec<u8>>());
                }
                Step::Consume(n) => {
                    ring.consume(n);
                    oracle.drain(..n.min(oracle.len()));
                }
                Step::Fill(data) => {
                    let mut rest = &data[..];
                    match ring.fill_from(&mut rest) {
                        Ok(n) => {
                            prop_assert!(n > 0 || data.is_empty());
                            prop_assert_eq!(n, data.len() - rest.len());
                            oracle.extend(&data[..n]);
                        }
                        Err(error) => {
                            prop_assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
                            prop_assert_eq!(oracle.len(), capacity);
                        }
                    }
                }
                Step::Clear => {
                    ring.clear();
                    oracle.clear();
                }
            }
            prop_assert_eq!(held(&ring), oracle.iter().copied().collect::<Vec<u8>>());
            prop_assert_eq!((ring.available(), ring.remaining()), (oracle.len(), capacity - oracle.len()));
        }
    }
}
