//! The checks of every way, beside each byte by itself.

use std::ops::RangeInclusive;

use super::{Alphabet, Checks, LANES, passing};
use crate::scan::{Entry, Layout};
use crate::simd::{self, CheckingWay};

/// As the compiler makes it for all processors, as it is chosen, and for each unit that there is.
fn ways() -> Vec<CheckingWay> {
    let mut ways: Vec<CheckingWay> = vec![("plain", passing), ("what is chosen", simd::passing)];
    #[cfg(target_arch = "x86_64")]
    ways.extend(simd::checking_ways());
    ways
}

/// The bytes of an alphabet, one by one.
fn has(alphabet: Alphabet, byte: u8) -> bool {
    match alphabet {
        Alphabet::Any => true,
        Alphabet::Graphic => byte.is_ascii_graphic(),
        Alphabet::Iupac => b"ACGTURYSWKMBDHVNacgturyswkmbdhvn-.*".contains(&byte),
        Alphabet::Dna => b"ACGTNacgtn".contains(&byte),
    }
}

/// A record of these lines.
fn record(seq: &[u8], qual: &[u8]) -> (Vec<u8>, Entry) {
    let data = [b"@r\n", seq, b"\n+\n", qual, b"\n"].concat();
    let entry = Entry { start: 0, size: data.len(), layout: Layout::bare(2, seq.len()) };
    (data, entry)
}

/// Every byte, at the edges and in the middle of lines that are shorter and longer than what is looked at together.
#[test]
fn a_record_passes_where_every_byte_is_in_its_set() {
    let alphabets = [Alphabet::Any, Alphabet::Graphic, Alphabet::Iupac, Alphabet::Dna];
    let ways = ways();
    for len in [1, 2, LANES - 1, LANES, LANES + 1, 2 * LANES, 150] {
        let good = vec![b'A'; len];
        let places = [0, len / 2, len.saturating_sub(LANES), len - 1];
        for byte in 0..=u8::MAX {
            for at in places {
                let mut line = good.clone();
                line[at] = byte;
                for alphabet in alphabets {
                    let (data, entry) = record(&line, &good);
                    assert_eq!(alphabet.contains(byte), has(alphabet, byte), "{alphabet:?}: byte {byte}");
                    let wanted = usize::from(has(alphabet, byte));
                    for (name, way) in &ways {
                        let found = way(&Checks::none().alphabet(alphabet), &data, &[entry]);
                        assert_eq!(found, wanted, "{name}, {alphabet:?}: byte {byte} at {at} of {len}");
                    }
                }
                let (data, entry) = record(&good, &line);
                let wanted = usize::from((b'#'..=b'J').contains(&byte));
                for (name, way) in &ways {
                    let found = way(&Checks::none().quality_range(b'#'..=b'J'), &data, &[entry]);
                    assert_eq!(found, wanted, "{name}: quality {byte} at {at} of {len}");
                }
            }
        }
    }
}

#[test]
fn a_range_of_qualities_that_ends_before_it_begins_has_none() {
    let checks = Checks::none().quality_range(RangeInclusive::new(b'b', b'a'));
    for (name, way) in ways() {
        for (qual, wanted) in [(&b""[..], 1), (b"a", 0), (b"b", 0)] {
            let (data, entry) = record(qual, qual);
            assert_eq!(way(&checks, &data, &[entry]), wanted, "{name}: {qual:?}");
        }
    }
}

#[test]
fn records_pass_up_to_the_first_that_does_not() {
    let (one, entry) = record(b"ACGT", b"IIII");
    let (bad, _) = record(b"ACxT", b"IIII");
    let checks = Checks::strict().alphabet(Alphabet::Dna);
    let entries: Vec<Entry> = (0..5).map(|n| Entry { start: n * entry.size, ..entry }).collect();
    for first in 0..=5 {
        let data: Vec<u8> = (0..5).flat_map(|n| if n < first { &one } else { &bad }).copied().collect();
        for (name, way) in ways() {
            assert_eq!(way(&checks, &data, &entries), first, "{name}");
        }
    }
}
