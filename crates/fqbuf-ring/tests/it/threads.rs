//! Real threads for many rounds: what a sanitizer looks at, and what models leave out. `FQBUF_DEEP` makes them longer.

use std::io::{Read, Write};
use std::sync::Barrier;
use std::thread;

use fqbuf_ring::handover::{HandoverError, channel};
use fqbuf_ring::{DoubleBuffer, RingBuffer};

/// Rounds of a test: `few`, or fifty times as many.
fn rounds(few: u64) -> u64 {
    if std::env::var_os("FQBUF_DEEP").is_some() { 50 * few } else { few }
}

/// A small generator of numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Now and then lets the other side come to rest, so that sleeps are met as well as spins.
fn dawdle(dice: &mut Dice) {
    match dice.roll(40) {
        0 => (0..20_000).for_each(|_| std::hint::spin_loop()),
        1 => thread::yield_now(),
        _ => {}
    }
}

#[test]
fn batches_through_halves_that_dawdle() {
    let (mut writer, mut reader) = DoubleBuffer::new(64).split();
    let total = rounds(2000);
    let reading = thread::spawn(move || {
        let (mut dice, mut expected) = (Dice(1), 0);
        while let Some(batch) = reader.next().expect("no error") {
            for &number in batch.iter() {
                assert_eq!(number, expected);
                expected += 1;
            }
            dawdle(&mut dice);
        }
        expected
    });
    let (mut dice, mut sent) = (Dice(2), 0);
    for _ in 0..total {
        let length = dice.roll(65);
        writer.get_write_buffer().extend(sent..sent + length);
        sent += length;
        writer.swap().expect("the reader lives");
        dawdle(&mut dice);
    }
    writer.finish().expect("the reader lives");
    assert_eq!(reading.join().expect("no panic"), sent);
}

#[test]
fn three_readers_that_come_and_go() {
    let total = rounds(3000);
    let (mut writer, reader) = channel((0..4).map(|_| vec![0_u64; 0]), Vec::clear);
    let readers: Vec<_> = (0..3)
        .map(|id| {
            let mut reader = reader.clone();
            thread::spawn(move || {
                let (mut dice, mut sum, mut count) = (Dice(id), 0, 0);
                while let Some(batch) = reader.next().expect("no error") {
                    assert_eq!(batch[..], [batch.sequence(); 8]);
                    sum += batch.sequence();
                    count += 1;
                    match dice.roll(8) {
                        0 => reader = reader.clone(),
                        1 => reader.recycle(),
                        _ => dawdle(&mut dice),
                    }
                }
                (sum, count)
            })
        })
        .collect();
    drop(reader);
    let mut dice = Dice(7);
    for n in 0..total {
        let mut slot = writer.buffer().expect("readers are there");
        assert!(slot.is_empty());
        slot.extend([n; 8]);
        slot.publish().expect("readers are there");
        dawdle(&mut dice);
    }
    writer.finish();
    let (sum, count) = readers
        .into_iter()
        .map(|reader| reader.join().expect("no panic"))
        .fold((0, 0), |(sum, count), (more, again)| (sum + more, count + again));
    assert_eq!((sum, count), (total * (total - 1) / 2, total));
}

#[test]
fn halves_that_end_in_every_way_at_any_time() {
    let mut dice = Dice(3);
    for _ in 0..rounds(500) {
        let (mut writer, mut reader) = channel([Vec::new(), Vec::new()], Vec::clear);
        let (sends, reads, end) = (dice.roll(6), dice.roll(8), dice.roll(3));
        let start = Barrier::new(2);
        thread::scope(|s| {
            s.spawn(|| {
                start.wait();
                for n in 0..sends {
                    let Ok(mut slot) = writer.buffer() else { return };
                    slot.push(n);
                    if slot.publish().is_err() {
                        return;
                    }
                }
                match end {
                    0 => writer.finish(),
                    // A reader that left gets no error.
                    1 => drop(writer.fail("broken")),
                    _ => drop(writer),
                }
            });
            start.wait();
            for n in 0..reads {
                match reader.next() {
                    Ok(Some(batch)) => assert_eq!(batch[..], [n]),
                    Ok(None) => return assert_eq!((n, end), (sends, 0)),
                    Err(HandoverError::Failed(_)) => return assert_eq!((n, end), (sends, 1)),
                    Err(error) => {
                        assert!(matches!(error, HandoverError::Lost { panicked: false, .. }));
                        return assert_eq!((n, end), (sends, 2));
                    }
                }
            }
            drop(reader);
        });
    }
}

#[test]
fn bytes_through_rings_of_any_size() {
    for capacity in [1, 7, 64, 5000] {
        let (mut writer, mut reader) = RingBuffer::new(capacity).split();
        // A ring of a byte is a hand-over a byte.
        let total = rounds(if capacity < 64 { 20 } else { 500 });
        let writing = thread::spawn(move || {
            let (mut dice, mut at) = (Dice(4), 0_usize);
            for _ in 0..total {
                let data: Vec<u8> = (at..at + dice.roll(200) as usize).map(|i| (i % 251) as u8).collect();
                writer.write_all(&data).expect("the reader lives");
                at += data.len();
                dawdle(&mut dice);
            }
            writer.finish();
            at
        });
        let (mut dice, mut at, mut out) = (Dice(5), 0_usize, [0; 256]);
        loop {
            let length = 1 + dice.roll(256) as usize;
            let n = reader.read(&mut out[..length]).expect("no error");
            if n == 0 {
                break;
            }
            assert!(out[..n].iter().enumerate().all(|(i, &byte)| byte == ((at + i) % 251) as u8), "in order");
            at += n;
            dawdle(&mut dice);
        }
        assert_eq!(writing.join().expect("no panic"), at);
    }
}
