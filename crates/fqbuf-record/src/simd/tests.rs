//! Every variant of the masks and the scan gives the answer of a byte-by-byte oracle.

use super::*;
use crate::scan::{BARE, Entry, LANES, LINES, RECORDS, verifying};
use crate::uniform::Uniform;

/// Words at the pace of processors that count line ends.
struct Counting;

impl Masks for Counting {
    const PACING: Pacing = Pacing::UNASKED;

    fn newlines(chunk: &[u8; 64]) -> u64 {
        Words::newlines(chunk)
    }
}

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
        if Unit::Avx512.is_there() {
            assert_eq!(places(x86::Avx512::<WIDE>::places), expected, "AVX-512: {masks:x?}");
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

#[test]
fn reads_of_one_length_are_guessed() {
    guesses_all::<Words>();
    guesses_all::<Counting>();
}

/// All stretches after the first are guessed, up to reads of another length.
fn guesses_all<M: Masks>() {
    let data = alike();
    let mut index = Index::new();
    let found = scan::<Words, false>(&data, 0, &mut index);
    let mut at = index.entries[found - 1].end();
    let (mut uniform, mut entries) = (Uniform::new(), [Entry::default(); RECORDS]);
    uniform.learn(&index.entries[..found]);
    let mut records = found;
    loop {
        let guessed = uniform.scan::<M>(&data, at, &mut entries);
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

/// Whatever stands at whatever place of reads of one length, a record is guessed only where a search finds the same.
#[test]
fn guesses_are_what_a_search_finds() {
    let mut index = Index::new();
    let mut entries = [Entry::default(); RECORDS];
    let mut data = alike();
    data.truncate(3 * 4096);
    let found = verifying::<Words, LINES>(&data, 0, &mut index);
    let alike = index.entries;
    for at in 0..4096 {
        let before = data[at];
        for byte in [b'\n', b'\r', b'@', b'+', b'A'] {
            data[at] = byte;
            let searched = verifying::<Words, LINES>(&data, 0, &mut index);
            for counting in [false, true] {
                let mut uniform = Uniform::new();
                uniform.learn(&alike[..found]);
                let guessed = match counting {
                    false => uniform.scan::<Words>(&data, 0, &mut entries),
                    true => uniform.scan::<Counting>(&data, 0, &mut entries),
                };
                let known = guessed.min(searched);
                assert_eq!(entries[..known], index.entries[..known], "{byte:?} at {at}, counting: {counting}");
                // A search ends with its span, which may be less than a stretch, and before what is no record.
                let end = index.entries[..searched].last().map_or(0, Entry::end);
                assert!(guessed <= searched || at < end || at >= entries[guessed - 1].end(), "{byte:?} at {at}");
            }
        }
        data[at] = before;
    }
}

/// The third line's end is left out wherever it lies, so that no record has to be searched again.
#[test]
fn reads_with_a_bare_plus_are_found_by_three_line_ends() {
    let mut data = Vec::new();
    for i in 0..3000usize {
        let len = if i % 100 == 0 { 9000 + i } else { 31 + i * 37 % 170 };
        for part in [b"@", &vec![b'h'; 3 + i % 60][..], b"\n", &vec![b'A'; len], b"\n+\n", &vec![b'I'; len], b"\n"] {
            data.extend_from_slice(part);
        }
    }
    let mut index = Index::new();
    let (mut at, mut records) = (0, 0);
    loop {
        let found = verifying::<Words, BARE>(&data, at, &mut index);
        if found == 0 {
            break;
        }
        at = index.entries[found - 1].end();
        records += found;
    }
    assert!(records > 2995, "{records} of 3000");
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
    let mut others = vec![verifying, trusting, scan::<Words, true>, scan::<Counting, false>, scan::<Counting, true>];
    #[cfg(target_arch = "x86_64")]
    {
        others.extend([x86::scan_sse2::<false> as Scan, x86::scan_sse2::<true>]);
        if Unit::Avx2.is_there() {
            others.extend([x86::scan_avx2::<false> as Scan, x86::scan_avx2::<true>]);
        }
        if Unit::Avx512.is_there() {
            for (verifying, trusting) in
                [x86::scans_avx512::<NARROW>(), x86::scans_avx512::<WIDE>(), x86::scans_avx512::<UNASKED>()]
            {
                others.extend([verifying, trusting]);
            }
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

/// Both counts of `bytes`, byte by byte.
fn naive_counts(bytes: &[u8]) -> (usize, i64) {
    let gc = bytes.iter().filter(|byte| b"GCgc".contains(byte)).count();
    (gc, bytes.iter().map(|&byte| i64::from(byte) - 33).sum())
}

fn compare_counts(bytes: &[u8]) {
    expect_counts(bytes, naive_counts(bytes));
}

/// Both counts in every way, of a copy that ends where its memory does.
fn expect_counts(bytes: &[u8], expected: (usize, i64)) {
    let bytes: Box<[u8]> = bytes.into();
    let mut ways: Vec<CountingWay> = vec![
        ("plain loops", counts::plain_gc_count, counts::plain_quality_sum),
        ("what is chosen", counts::gc_count, counts::quality_sum),
    ];
    #[cfg(target_arch = "x86_64")]
    ways.extend(x86::counting_ways());
    for (name, gc, sum) in ways {
        assert_eq!((gc(&bytes), sum(&bytes)), expected, "{name}, {} bytes: {bytes:?}", bytes.len());
    }
}

/// Of every length around those at which something else begins, and at every place in it.
#[test]
fn every_way_counts_each_byte_once() {
    let around = [96, 128, 160, 192, 224, 256, 320, 384].into_iter().flat_map(|len| len - 2..=len + 2);
    let lens = (0..=70).chain(around).chain([8159, 8160, 8161, 16_319, 16_321, 65_535, 65_537]);
    for len in lens {
        let places: Vec<usize> = if len < 400 { (0..len).collect() } else { vec![0, 31, 32, 63, 64, len / 2, len - 1] };
        for at in places {
            // The one byte that counts; its value is another at each place, so that a place taken for another is seen.
            let mut bytes = vec![b'!'; len];
            bytes[at] = b'G';
            compare_counts(&bytes);
            bytes[at] = 34 + (at % 221) as u8;
            compare_counts(&bytes);
        }
        for byte in [0, b'C', b'g', 0xff] {
            compare_counts(&vec![byte; len]);
        }
    }
}

#[test]
fn every_way_knows_each_byte() {
    for byte in 0..=255_u8 {
        for len in [1, 32, 63, 64, 100, 160, 161, 192, 193, 300] {
            compare_counts(&vec![byte; len]);
        }
    }
}

/// More than 32 bits can count.
#[test]
fn sums_of_many_bytes_do_not_overflow() {
    let len = 17 << 20;
    expect_counts(&vec![0xff; len], (0, (255 - 33) * len as i64));
}

proptest::proptest! {
    #[test]
    fn every_way_counts_what_a_loop_over_bytes_counts(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
        text in "[ACGTNacgtn]{0,300}",
        skipped in 0..64_usize,
    ) {
        compare_counts(&bytes);
        compare_counts(text.as_bytes());
        // From any address on, between bytes that would count.
        let mut around = vec![b'G'; skipped];
        around.extend_from_slice(text.as_bytes());
        around.extend_from_slice(&[b'C'; 200]);
        let inside = &around[skipped..skipped + text.len()];
        proptest::prop_assert_eq!(
            (counts::gc_count(inside), counts::quality_sum(inside)),
            naive_counts(text.as_bytes())
        );
    }
}
