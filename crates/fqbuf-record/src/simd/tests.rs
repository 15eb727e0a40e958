//! Every variant of the masks and the scan gives the answer of a byte-by-byte oracle.

use super::*;
use crate::scan::{Entry, LANES, RECORDS};
use crate::uniform::Uniform;

fn naive(chunk: &[u8; 64]) -> u64 {
    (0..64).filter(|&i| chunk[i] == b'\n').fold(0, |mask, i| mask | 1 << i)
}

/// Chunks in which every byte value stands at every place, among neighbours that a sloppy comparison would confuse.
fn chunks() -> impl Iterator<Item = [u8; 64]> {
    (0..=255u8).flat_map(|byte| {
        (0..64).flat_map(move |at| {
            [0u8, b'\n', 0x0b, 0x8a, 0xff].map(|fill| {
                let mut chunk = [fill; 64];
                chunk[at] = byte;
                chunk
            })
        })
    })
}

#[test]
fn words_find_newlines_as_the_oracle_does() {
    assert!(chunks().all(|chunk| Words::newlines(&chunk) == naive(&chunk)));
}

/// Masks with no bit, one, two, many, at every place and in every lane.
fn masks() -> impl Iterator<Item = [u64; LANES]> {
    let few = (0..64).flat_map(|a| (0..64).map(move |b| 1 << a | 1 << b)).chain([0, 0, 0, 7, u64::MAX, 1 << 63 | 6]);
    let all: Vec<u64> = few.collect();
    (0..4 * all.len()).map(move |i| {
        let mut masks = [0; LANES];
        for (lane, mask) in masks.iter_mut().enumerate() {
            *mask = if (i + lane) % 3 == 0 { 0 } else { all[(i * 31 + lane * 977) % all.len()] };
        }
        masks
    })
}

#[test]
fn places_are_those_of_the_bits() {
    let at = 1 << 20;
    for masks in masks() {
        let bits = masks.iter().zip(0u32..).flat_map(|(mask, lane)| {
            (0..64).filter(move |bit| mask >> bit & 1 == 1).map(move |bit| at + 64 * lane + bit)
        });
        let expected: Option<Vec<u32>> = masks.iter().all(|mask| mask.count_ones() <= 2).then(|| bits.collect());
        let places = |places: fn(&[u64; LANES], u32, &mut [u32; 2 * LANES]) -> Option<usize>| {
            let mut slots = [0; 2 * LANES];
            places(&masks, at, &mut slots).map(|found| slots[..found].to_vec())
        };
        assert_eq!(places(Words::places), expected, "{masks:x?}");
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx512bw") && std::arch::is_x86_feature_detected!("avx512cd") {
            assert_eq!(places(x86::Avx512::places), expected, "AVX-512: {masks:x?}");
        }
    }
}

/// Reads of many lengths, with and without CR and titles.
fn mixed() -> Vec<u8> {
    let mut data = Vec::new();
    for i in 0..2000usize {
        let len = (i * 37) % 700;
        let line_end: &[u8] = if i % 5 == 0 { b"\r\n" } else { b"\n" };
        let head = vec![b'h'; (i * 13) % 150];
        let title = if i % 7 == 0 { &head[..] } else { b"" };
        for part in [b"@", &head[..], line_end, &vec![b'A'; len], line_end, b"+", title, line_end] {
            data.extend_from_slice(part);
        }
        data.extend(std::iter::repeat_n(b'@', len));
        data.extend_from_slice(line_end);
    }
    data
}

/// Long runs of reads of one length, their headers of nearly one.
fn alike() -> Vec<u8> {
    let mut data = Vec::new();
    for i in 0..2000usize {
        let len = [150, 33, 150, 500][i / 500];
        for part in [b"@", &vec![b'h'; 62 + i * 7 % 3][..], b"\n", &vec![b'A'; len], b"\n+\n", &vec![b'@'; len], b"\n"]
        {
            data.extend_from_slice(part);
        }
    }
    data
}

#[test]
fn every_scan_finds_the_same_records() {
    for data in [mixed(), alike()] {
        compare_scans(&data);
    }
}

/// All stretches after the first are guessed, up to reads of another length.
#[test]
fn reads_of_one_length_are_guessed() {
    let data = alike();
    let mut index = Index::new();
    let found = scan::<Words, false>(&data, 0, &mut index);
    let mut at = index.entries[found - 1].end();
    let (mut uniform, mut entries) = (Uniform::new(), [Entry::default(); RECORDS]);
    uniform.learn(&index.entries[..found]);
    let mut records = found;
    loop {
        let guessed = uniform.scan::<Words>(&data, at, &mut entries);
        if guessed == 0 {
            break;
        }
        assert_eq!(entries[0].start, at);
        assert!(entries[..guessed].windows(2).all(|two| two[1].start == two[0].end()));
        at = entries[guessed - 1].end();
        records += guessed;
    }
    assert_eq!(records, 500);
}

fn compare_scans(data: &[u8]) {
    let all = |scan: Scan| {
        let mut index = Index::new();
        let (mut at, mut found) = (0, Vec::new());
        loop {
            let n = scan(data, at, &mut index);
            if n == 0 {
                return found;
            }
            found.extend_from_slice(&index.entries[..n]);
            at = index.entries[n - 1].end();
        }
    };
    let words = all(scan::<Words, false>);
    assert!(words.len() > 1990, "the scan gives up {} records before the end", 2000 - words.len());
    let (verifying, trusting) = scans();
    let mut others = vec![verifying, trusting, scan::<Words, true>];
    #[cfg(target_arch = "x86_64")]
    {
        others.extend([x86::scan_sse2::<false> as Scan, x86::scan_sse2::<true>]);
        if std::arch::is_x86_feature_detected!("avx2") {
            others.extend([x86::scan_avx2::<false> as Scan, x86::scan_avx2::<true>]);
        }
        if std::arch::is_x86_feature_detected!("avx512bw") && std::arch::is_x86_feature_detected!("avx512cd") {
            others.extend([x86::scan_avx512::<false> as Scan, x86::scan_avx512::<true>]);
        }
    }
    for (i, other) in others.into_iter().enumerate() {
        let found = all(other);
        // How near to the end it gives up is the scan's own affair.
        assert!(found.len() > 1990, "scan {i} gives up {} records before the end", 2000 - found.len());
        let both = found.len().min(words.len());
        assert_eq!(found[..both], words[..both], "scan {i}");
    }
}
