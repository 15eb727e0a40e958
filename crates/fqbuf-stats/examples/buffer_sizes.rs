//! Measures read sizes on a file of yours: the evidence behind [`fqbuf_stats::pipeline_buffer_size`].
//!
//! `cargo run --release -p fqbuf-stats --example buffer_sizes -- FILE [ROUNDS]` reads FILE with every size in three
//! ways and prints GB/s, the best of the rounds (sizes take turns within a round): `read` touches no byte, `serial`
//! sums the bytes of each block on the reading thread, `handover` sums them on a second thread while the first reads
//! on, blocks travelling through a bounded channel and back. Every way must come to the same length and sum.
//!
//! Unfairness: the page cache is warm after the first round, and one core reads what the other sums.

use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

const PAGE: usize = 4096;
const SIZES: [usize; 11] = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192];

/// A buffer whose window of `size` bytes begins on a page: 1 to 31 bytes past one, read(2) can be many times slower.
struct Window {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Window {
    fn new(size: usize) -> Self {
        let bytes = vec![1; size + PAGE];
        let start = bytes.as_ptr().align_offset(PAGE);
        Self { bytes, start, len: size }
    }

    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.len]
    }
}

fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().fold(0_u64, |sum, &word| sum.wrapping_add(u64::from_le_bytes(word)));
    rest.iter().fold(words, |sum, &byte| sum.wrapping_add(u64::from(byte)))
}

/// Fills as much of `block` as the file has, so that every way sees the same blocks.
fn fill(file: &mut File, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match file.read(&mut block[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

fn read(path: &str, size: usize) -> io::Result<(u64, u64)> {
    let (mut file, mut window, mut length) = (File::open(path)?, Window::new(size), 0);
    loop {
        match fill(&mut file, window.as_mut())? {
            0 => return Ok((length, 0)),
            n => length += n as u64,
        }
    }
}

fn serial(path: &str, size: usize) -> io::Result<(u64, u64)> {
    let (mut file, mut window, mut length, mut total) = (File::open(path)?, Window::new(size), 0, 0_u64);
    loop {
        match fill(&mut file, window.as_mut())? {
            0 => return Ok((length, total)),
            n => {
                length += n as u64;
                total = total.wrapping_add(sum(&window.as_mut()[..n]));
            }
        }
    }
}

fn handover(path: &str, size: usize) -> io::Result<(u64, u64)> {
    let mut file = File::open(path)?;
    let (full, filled) = sync_channel::<(Window, usize)>(3);
    let (empty, emptied) = sync_channel::<Window>(3);
    let worker = std::thread::spawn(move || {
        let (mut length, mut total) = (0, 0_u64);
        for (mut window, n) in filled {
            length += n as u64;
            total = total.wrapping_add(sum(&window.as_mut()[..n]));
            // The reader may be gone: it has read everything.
            let _ = empty.send(window);
        }
        (length, total)
    });
    let mut fresh: Vec<_> = (0..3).map(|_| Window::new(size)).collect();
    while let Some(mut window) = fresh.pop().or_else(|| emptied.recv().ok()) {
        match fill(&mut file, window.as_mut())? {
            0 => break,
            n => full.send((window, n)).map_err(io::Error::other)?,
        }
    }
    drop(full);
    worker.join().map_err(|_| io::Error::other("the summing thread panicked"))
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or_else(|| io::Error::other("usage: buffer_sizes FILE [ROUNDS]"))?;
    let rounds: usize = arguments.next().map_or(Ok(5), |n| n.parse().map_err(io::Error::other))?;
    type Way = fn(&str, usize) -> io::Result<(u64, u64)>;
    let ways: [Way; 3] = [read, serial, handover];
    let answer = serial(&path, PAGE)?;
    let mut best = [[f64::MAX; SIZES.len()]; 3];
    for _ in 0..rounds {
        for (column, kib) in SIZES.iter().enumerate() {
            for (way, best) in ways.iter().zip(&mut best) {
                let start = Instant::now();
                let (length, total) = way(&path, kib * 1024)?;
                best[column] = best[column].min(start.elapsed().as_secs_f64());
                assert_eq!(length, answer.0, "every way reads the whole file");
                assert!(total == 0 || total == answer.1, "every way sums the same bytes");
            }
        }
    }
    println!("{:>8}{:>10}{:>10}{:>10}   GB/s", "KiB", "read", "serial", "handover");
    for (column, kib) in SIZES.iter().enumerate() {
        let [read, serial, handover] = best.map(|way| answer.0 as f64 / way[column] / 1e9);
        println!("{kib:>8}{read:>10.2}{serial:>10.2}{handover:>10.2}");
    }
    Ok(())
}
