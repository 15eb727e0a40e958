//! Random members, cuts and damage, held against a naive oracle.

use std::io::{Cursor, Read};

use fqbuf_stream::{Format, Stream};
use proptest::prelude::*;

use crate::bgzf::bgzf;
use crate::gzip::member;
use crate::support::{Short, WAYS, drain, read};

/// A part of an input: some text, plain gzip or BGZF.
fn part() -> impl Strategy<Value = (String, bool)> {
    ("[ACGT@\n]{0,300}", any::<bool>()).prop_map(|(text, blocks)| (text.repeat(1 + text.len() % 40), blocks))
}

/// The parts packed, and their text.
fn packed(parts: &[(String, bool)]) -> (Vec<u8>, Vec<u8>) {
    let input = parts.iter().flat_map(|(text, blocks)| {
        let data = text.as_bytes();
        if *blocks { bgzf(data) } else { member(data) }
    });
    (input.collect(), parts.iter().flat_map(|(text, _)| text.bytes()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_mixture_read_in_any_way(
        parts in prop::collection::vec(part(), 0..6),
        most in 1usize..5000,
        threads in 1usize..4,
        size in 0usize..300_000,
    ) {
        let (input, text) = packed(&parts);
        let mut builder = Stream::builder();
        builder.threads(threads).block_size(size);
        let out = drain(builder.from_reader(Short::new(input.clone(), most)));
        prop_assert!(out.error.is_none(), "{:?}", out.error);
        prop_assert!(out.bytes == text);
        let mut oracle = Vec::new();
        if !input.is_empty() {
            flate2::bufread::MultiGzDecoder::new(&input[..]).read_to_end(&mut oracle).expect("sound");
        }
        prop_assert!(oracle == text);
    }

    /// Wrong data must never come without an error, nor an error that depends on the way.
    #[test]
    fn any_damage_is_told_the_same_way(
        parts in prop::collection::vec(part(), 1..4),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let (mut input, text) = packed(&parts);
        let at = at.index(input.len());
        input[at] = byte;
        if cuts {
            input.truncate(cut.index(input.len()) + 1);
        }
        let outs = WAYS.map(|way| read(&input, way));
        let told = outs.each_ref().map(|out| (&out.bytes, out.error.as_ref().map(ToString::to_string)));
        prop_assert!(told.iter().all(|one| *one == told[0]), "{:?}", told.map(|t| (t.0.len(), t.1)));
        let whole = outs[0].error.is_none() && Format::from_start(&input) != Format::Plain;
        prop_assert!(!whole || text.starts_with(&outs[0].bytes));
    }

    #[test]
    fn bytes_of_any_kind_neither_panic_nor_hang(mut input in prop::collection::vec(any::<u8>(), 0..600), start in 0usize..7) {
        let starts: [&[u8]; 7] = [
            b"", b"\x1f\x8b\x08\x00\0\0\0\0\0\x03", b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0\x40\0",
            b"\x28\xb5\x2f\xfd", b"BZh91AY&SY", b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46", b"\x50\x2a\x4d\x18",
        ];
        input.splice(0..0, starts[start].iter().copied());
        let mut reader = Stream::builder().threads(2).from_reader(Cursor::new(input)).into_reader();
        let mut out = Vec::new();
        let _ = reader.read_to_end(&mut out);
    }
}
