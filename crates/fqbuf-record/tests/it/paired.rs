//! Pairs: mates by number and by name, from two inputs or one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fqbuf_record::{
    Checks, MateCheck, PairBuffer, PairedReader, ParseError, ParseErrorKind, Position, Reader, ReaderBuilder,
    RecordBuffer,
};
use rstest::rstest;

use crate::sources::{Chunks, Trouble, Troubled};

fn named(name: &str) -> ReaderBuilder {
    Reader::builder().capacity(1).source_name(name)
}

fn two<'a>(first: &'a [u8], second: &'a [u8]) -> PairedReader<&'a [u8]> {
    PairedReader::new(named("a_R1.fq").build(first), named("a_R2.fq").build(second))
}

/// Records of these ids.
fn text(ids: &[&str]) -> Vec<u8> {
    ids.iter().flat_map(|id| format!("@{id}\nAC\n+\nII\n").into_bytes()).collect()
}

/// Ids of all pairs, and the error.
fn pairs<A: fqbuf_record::Source, B: fqbuf_record::Source>(
    reader: &mut PairedReader<A, B>,
) -> (Vec<String>, Option<ParseError>) {
    let mut all = Vec::new();
    loop {
        match reader.next_pair() {
            Ok(Some((a, b))) => {
                assert_eq!((a.seq(), a.qual(), b.seq(), b.qual()), (&b"AC"[..], &b"II"[..], &b"AC"[..], &b"II"[..]));
                all.push(format!("{} {}", a.id().escape_ascii(), b.id().escape_ascii()));
            }
            Ok(None) => return (all, None),
            Err(error) => {
                let again = reader.next_pair().expect_err("the error comes again");
                assert_eq!(error.to_string(), again.to_string());
                return (all, Some(error));
            }
        }
    }
}

#[rstest]
#[case::equal("r7", "r7", true, true)]
#[case::descriptions_differ("r7 1:N:0:ACGT", "r7 2:N:0:ACGT", true, true)]
#[case::third_read_of_an_index_run("r7 1:N:0", "r7\t3:N:0", true, true)]
#[case::slashes("r7/1", "r7/2", true, false)]
#[case::slashes_and_descriptions("r7/1 trim=6", "r7/2 correct", true, false)]
#[case::dots("SRR1.7.1 7 length=2", "SRR1.7.2 7 length=2", true, false)]
#[case::underscores("r7_1", "r7_2", true, false)]
#[case::empty("", "", true, true)]
#[case::empty_with_descriptions(" 1", " 2", true, true)]
#[case::archive_without_mate_numbers("SRR1.1", "SRR1.1", true, true)]
#[case::first_two_of_a_numbered_file("SRR1.1", "SRR1.2", true, false)]
#[case::next_two_of_a_numbered_file("SRR1.3", "SRR1.4", false, false)]
#[case::other("r7", "r8", false, false)]
#[case::swapped("r7/2", "r7/1", false, false)]
#[case::first_twice("r7/1", "r7/1", false, true)]
#[case::second_twice("r7/2", "r7/2", false, true)]
#[case::one_without_number("r7/1", "r7", false, false)]
#[case::other_read("r7/1", "r8/2", false, false)]
#[case::neighbours_on_a_flow_cell("x:1051", "x:1052", false, false)]
#[case::longer("r7/1", "r7/12", false, false)]
#[case::separators_differ("r7/1", "r7.2", false, false)]
#[case::nothing_but_the_number("/1", "/2", false, false)]
#[case::third("r7/1", "r7/3", false, false)]
fn names(#[case] first: &str, #[case] second: &str, #[case] ids: bool, #[case] first_word: bool) {
    for (check, expected) in [(MateCheck::Ids, ids), (MateCheck::FirstWord, first_word), (MateCheck::Off, true)] {
        assert_eq!(check.accepts(first.as_bytes(), second.as_bytes()), expected, "{check:?}");
        let (one, other) = (text(&[first]), text(&[second]));
        let (all, error) = pairs(&mut two(&one, &other).check(check));
        assert_eq!((all.len(), error.is_none()), (usize::from(expected), expected), "{check:?}");
        let both = text(&[first, second]);
        let (all, error) = pairs(&mut PairedReader::interleaved(Reader::new(&both[..])).check(check));
        assert_eq!((all.len(), error.is_none()), (usize::from(expected), expected), "{check:?} interleaved");
    }
}

/// A reader that zips its inputs pairs whatever stands there.
#[test]
fn fault_68_mismatched_names() {
    let (first, second) = (text(&["read1", "read2", "read3"]), text(&["read1", "read2", "read4"]));
    let (all, error) = pairs(&mut two(&first, &second));
    assert_eq!(all, ["read1 read1", "read2 read2"]);
    let error = error.unwrap();
    assert_eq!(error.to_string(), r#"R1/R2 differ at pair 3: "read3" vs "read4" (a_R1.fq line 9, a_R2.fq line 9)"#);
    let ParseErrorKind::MateMismatch { pair: 3, other } = error.kind() else { panic!("{error:?}") };
    assert_eq!((&other.id[..], other.position), (&b"read4"[..], Position { record: 3, line: 9, byte: 30 }));
    assert_eq!((error.id(), error.position()), (Some(&b"read3"[..]), Position { record: 3, line: 9, byte: 30 }));
    assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::InvalidData);
}

/// A reader that stops at the first end loses the rest of the longer input; one that waits for the other hangs.
#[test]
fn fault_67_unequal_counts() {
    let (long, short) = (text(&["r1", "r2", "r3"]), text(&["r1", "r2"]));
    let (all, error) = pairs(&mut two(&long, &short));
    assert_eq!(all.len(), 2);
    assert_eq!(
        error.unwrap().to_string(),
        r#"R1/R2 differ at pair 3: "r3" vs end of input (a_R1.fq line 9, a_R2.fq line 9)"#
    );
    let (all, error) = pairs(&mut two(&short, &long));
    assert_eq!(all.len(), 2);
    let error = error.unwrap();
    assert_eq!(error.source_name(), Some("a_R2.fq"));
    assert_eq!(error.to_string(), r#"R1/R2 differ at pair 3: end of input vs "r3" (a_R1.fq line 9, a_R2.fq line 9)"#);
    let ParseErrorKind::UnequalMates { other, first: true } = error.kind() else { panic!("{error:?}") };
    assert_eq!((other.source_name.as_deref(), other.position.record), (Some("a_R1.fq"), 3));
    let (all, error) = pairs(&mut two(b"", &short));
    assert!(all.is_empty() && matches!(error.unwrap().kind(), ParseErrorKind::UnequalMates { .. }));
    // A cut record is the error that its own input has, and no end.
    let cut = [&short[..], b"@r3\nA"].concat();
    let (all, error) = pairs(&mut two(&long, &cut));
    assert!(all.len() == 2 && matches!(error.unwrap().kind(), ParseErrorKind::Truncated { .. }));
}

#[test]
fn nothing_and_blank_tails_are_no_pairs() {
    for (first, second) in [(&b""[..], &b""[..]), (b"\n\n", b""), (b"", b"\r\n")] {
        assert!(matches!(pairs(&mut two(first, second)), (all, None) if all.is_empty()));
        assert!(pairs(&mut PairedReader::interleaved(Reader::new(first))).1.is_none());
    }
    let (first, second) = (text(&["a"]), [text(&["a"]), b"\n\n".to_vec()].concat());
    assert_eq!(pairs(&mut two(&first, &second)).0.len(), 1);
}

/// A reader that takes two records at a time drops the last one, or pairs it with nothing.
#[test]
fn fault_69_interleaved_odd_count_and_wrong_order() {
    let odd = text(&["a/1", "a/2", "b/1"]);
    let mut reader = PairedReader::interleaved(named("both.fq").build(&odd[..]));
    let (all, error) = pairs(&mut reader);
    assert_eq!(all, ["a/1 a/2"]);
    let error = error.unwrap();
    assert!(matches!(error.kind(), ParseErrorKind::OddMates));
    assert_eq!((error.id(), error.position()), (Some(&b"b/1"[..]), Position { record: 3, line: 9, byte: 26 }));
    assert!(error.to_string().starts_with("both.fq: record 3 (line 9, byte 26): "), "{error}");

    let shifted = text(&["a/2", "b/1", "b/2", "c/1"]);
    let (all, error) = pairs(&mut PairedReader::interleaved(named("both.fq").build(&shifted[..])));
    assert!(all.is_empty());
    assert_eq!(
        error.unwrap().to_string(),
        r#"R1/R2 differ at pair 1: "a/2" vs "b/1" (both.fq line 1, both.fq line 5)"#
    );
    let late = text(&["a", "a", "b", "b", "c", "d"]);
    let error = pairs(&mut PairedReader::interleaved(named("x").build(&late[..]))).1.unwrap();
    let ParseErrorKind::MateMismatch { pair: 3, .. } = error.kind() else { panic!("{error:?}") };
}

/// An interleaved pair whose first mate is in the buffer that is about to be refilled: cut between the mates, one is lost.
#[test]
fn fault_11_interleaved_pairs_in_any_schedule() {
    let mut both = Vec::new();
    for i in 0..300 {
        let line = "ACGT".repeat(i % 60);
        for mate in [1, 2] {
            both.extend_from_slice(format!("@r{i}/{mate}\n{line}\n+\n{}\n", line.replace('A', "@")).as_bytes());
        }
    }
    for sizes in [&[1][..], &[100], &[4096], &[4095, 4097], &[usize::MAX]] {
        let source = Chunks::new(&both, sizes);
        let mut reader = PairedReader::interleaved(Reader::builder().capacity(1).build(source));
        let mut at = 0;
        for i in 0..300 {
            let (first, second) = reader.next_pair().unwrap().unwrap();
            assert_eq!([first.as_bytes(), second.as_bytes()].concat(), both[at..][..2 * first.as_bytes().len()]);
            assert_eq!(first.id(), format!("r{i}/1").as_bytes());
            at += 2 * first.as_bytes().len();
        }
        assert!(reader.next_pair().unwrap().is_none() && at == both.len() && reader.pairs() == 300);
    }
}

/// An error between the two mates must not lose the first one.
#[test]
fn trouble_at_every_offset_of_either_input() {
    crate::schedules::quiet();
    let ids = ["a/1", "b/1", "c/1"];
    let (first, second) = (text(&ids), text(&ids.map(|id| id.replace("/1", "/2")).each_ref().map(String::as_str)));
    let both: Vec<u8> = first.chunks(13).zip(second.chunks(13)).flat_map(|(a, b)| [a, b].concat()).collect();
    let expected = ["a/1 a/2", "b/1 b/2", "c/1 c/2"];
    let all = |mut next: Box<dyn FnMut() -> Result<Option<String>, ParseError> + '_>| {
        let mut all = Vec::new();
        loop {
            match catch_unwind(AssertUnwindSafe(&mut next)) {
                Ok(Ok(Some(pair))) => all.push(pair),
                Ok(Ok(None)) => break assert_eq!(all, expected),
                Ok(Err(error)) => assert!(!error.is_format(), "{error:?}"),
                // The source's: it comes once.
                Err(_) => {}
            }
        }
    };
    macro_rules! next {
        ($reader:ident) => {
            Box::new(move || {
                let show = |id: &[u8]| String::from_utf8_lossy(id).into_owned();
                Ok($reader.next_pair()?.map(|(a, b)| format!("{} {}", show(a.id()), show(b.id()))))
            })
        };
    }
    for trouble in Trouble::ALL.into_iter().filter(|trouble| *trouble != Trouble::Zero) {
        for at in 0..=39 {
            for size in [5, 100] {
                let builder = Reader::builder().capacity(1);
                let troubled = builder.clone().build(Troubled::new(&first, at, trouble, size));
                let mut reader = PairedReader::new(troubled, builder.clone().build(&second[..]));
                all(next!(reader));
                let troubled = builder.clone().build(Troubled::new(&second, at, trouble, size));
                let mut reader = PairedReader::new(builder.clone().build(&first[..]), troubled);
                all(next!(reader));
            }
        }
        for at in 0..=78 {
            for size in [1, 7, 100] {
                let troubled = Troubled::new(&both, at, trouble, size);
                let mut reader = PairedReader::interleaved(Reader::builder().capacity(1).build(troubled));
                all(next!(reader));
            }
        }
    }
}

/// An input that ends for good where a read said so: the pairs before it, and an error that tells which mate is missing.
#[test]
fn an_end_at_every_offset_of_either_input() {
    let (first, second) = (text(&["a/1", "b/1"]), text(&["a/2", "b/2"]));
    let both: Vec<u8> = first.chunks(13).zip(second.chunks(13)).flat_map(|(a, b)| [a, b].concat()).collect();
    let builder = Reader::builder().capacity(1);
    let same = |got: (Vec<String>, Option<ParseError>), expected: (Vec<String>, Option<ParseError>), at: usize| {
        assert_eq!(got.0, expected.0, "{at}");
        assert_eq!(got.1.map(|e| e.to_string()), expected.1.map(|e| e.to_string()), "{at}");
    };
    for at in 0..first.len() {
        let plain = |text| builder.clone().build(text);
        let got = pairs(&mut PairedReader::new(
            builder.clone().build(Troubled::new(&first, at, Trouble::Zero, 5)),
            plain(&second[..]),
        ));
        same(got, pairs(&mut PairedReader::new(plain(&first[..at]), plain(&second[..]))), at);
        let got = pairs(&mut PairedReader::new(
            plain(&first[..]),
            builder.clone().build(Troubled::new(&second, at, Trouble::Zero, 5)),
        ));
        same(got, pairs(&mut PairedReader::new(plain(&first[..]), plain(&second[..at]))), at);
    }
    for at in 0..both.len() {
        let source = Troubled::new(&both, at, Trouble::Zero, 5);
        let got = pairs(&mut PairedReader::interleaved(builder.clone().build(source)));
        same(got, pairs(&mut PairedReader::interleaved(builder.clone().build(&both[..at]))), at);
        assert!(at % 26 == 0 || at % 26 == 25 || !got_all(&both[..at]), "a cut pair is an error");
    }
}

/// Whether an interleaved input is read without an error.
fn got_all(both: &[u8]) -> bool {
    pairs(&mut PairedReader::interleaved(Reader::new(both))).1.is_none()
}

/// Skipped records take their mates with them. Readers that skip each for themselves pair b with c from there on.
#[test]
fn a_skipped_record_drops_its_mate() {
    let ids: Vec<String> = (0..12).map(|i| format!("r{i}")).collect();
    let good: Vec<Vec<u8>> = ids.iter().map(|id| text(&[id])).collect();
    let bad: Vec<Vec<u8>> = ids.iter().map(|id| format!("@{id}\nAC\n+\nI\n").into_bytes()).collect();
    for mask in 0..1_usize << 8 {
        // Bit 2i is about the first mate of pair i + 2, bit 2i + 1 about its second one.
        let is_bad = |pair: usize, mate: usize| (2..6).contains(&pair) && mask >> (2 * (pair - 2) + mate) & 1 == 1;
        let input = |mate: usize, pair: usize| if is_bad(pair, mate) { &bad[pair][..] } else { &good[pair] };
        let last = 2 + (mask % 7).max(4);
        let file = |mate: usize| (0..last).flat_map(|pair| input(mate, pair).to_vec()).collect::<Vec<u8>>();
        let both: Vec<u8> = (0..last).flat_map(|pair| [input(0, pair), input(1, pair)].concat()).collect();
        let expected: Vec<String> =
            (0..last).filter(|p| !is_bad(*p, 0) && !is_bad(*p, 1)).map(|p| format!("r{p} r{p}")).collect();
        let dropped = (0..last).filter(|p| is_bad(*p, 0) != is_bad(*p, 1)).count() as u64;
        let builder = Reader::builder().capacity(1).skip_invalid(true);
        let (first, second) = (file(0), file(1));
        let mut reader = PairedReader::new(builder.clone().build(&first[..]), builder.clone().build(&second[..]));
        let (all, error) = pairs(&mut reader);
        assert!(all == expected && error.is_none(), "{mask:b}: {all:?} {error:?}");
        assert_eq!(reader.dropped(), dropped, "{mask:b}");
        let mut reader = PairedReader::interleaved(builder.build(Chunks::new(&both, &[13])));
        let (all, error) = pairs(&mut reader);
        assert!(all == expected && error.is_none(), "{mask:b}: {all:?} {error:?}");
        assert_eq!(reader.dropped(), dropped, "{mask:b} interleaved");
        // By hand, each bad record is told once.
        let mut two = PairedReader::new(named("one").build(&first[..]), named("two").build(&second[..]));
        let mut one = PairedReader::interleaved(named("both").build(Chunks::new(&both, &[13])));
        let of_two = pairs_by_hand(&mut two);
        assert_eq!((&of_two, two.dropped()), (&(expected.clone(), mask_of(last, mask)), dropped), "{mask:b}");
        assert_eq!((pairs_by_hand(&mut one), one.dropped()), (of_two, dropped), "{mask:b} interleaved");
    }
}

/// How many records of so many pairs are bad.
fn mask_of(last: usize, mask: usize) -> u32 {
    (mask & ((1 << (2 * (last - 2))) - 1)).count_ones()
}

/// Ids of all pairs, and how many records were passed over.
fn pairs_by_hand<A: fqbuf_record::Source>(reader: &mut PairedReader<A>) -> (Vec<String>, u32) {
    let (mut all, mut bad) = (Vec::new(), 0);
    loop {
        let (pairs, error) = pairs(reader);
        all.extend(pairs);
        let Some(error) = error else { return (all, bad) };
        assert!(reader.skip_invalid(&error), "{error}");
        assert!(!reader.skip_invalid(&error), "passed over once");
        bad += 1;
    }
}

/// Nothing may be passed over where no record is bad by itself.
#[test]
fn mates_that_do_not_go_together_are_not_passed_over() {
    let (one, other, longer) = (text(&["a", "b"]), text(&["a", "x"]), text(&["a", "b", "c"]));
    let readers = [
        two(&one, &other),
        two(&one, &longer),
        two(&longer, &one),
        PairedReader::interleaved(named("both").build(&longer)),
        PairedReader::interleaved(named("both").build(&one)),
    ];
    for mut reader in readers {
        let error = pairs(&mut reader).1.unwrap();
        assert!(!reader.skip_invalid(&error), "{error}");
        assert_eq!(reader.next_pair().unwrap_err().to_string(), error.to_string());
    }
    let mut reader = two(&one, &one);
    let none = reader.read_batch(&mut PairBuffer::new(0)).unwrap_err();
    assert!(!reader.skip_invalid(&none));
    // A pair that a batch refuses may be dropped, or had in another way.
    for again in [false, true] {
        let mut reader = two(&one, &one);
        let tight = reader.read_batch(&mut PairBuffer::with_byte_limit(9, 1)).unwrap_err();
        assert!(!again || reader.next_pair().unwrap().is_some());
        assert_eq!(reader.skip_invalid(&tight), !again);
        assert_eq!((reader.dropped(), pairs(&mut reader).0), (if again { 0 } else { 2 }, vec!["b b".to_string()]));
    }
}

#[test]
fn checks_of_the_readers_hold() {
    let both = b"@a\nAC\n+\nII\n@a\nAC\n+\nI\x7f\n@b\nAC\n+\nII\n@b\nAC\n+\nII\n";
    let builder = Reader::builder().checks(Checks::strict());
    let (all, error) = pairs(&mut PairedReader::interleaved(builder.clone().build(&both[..])));
    assert!(all.is_empty() && matches!(error.unwrap().kind(), ParseErrorKind::QualityOutOfRange { .. }));
    let mut reader = PairedReader::interleaved(builder.skip_invalid(true).build(&both[..]));
    assert_eq!(pairs(&mut reader).0, ["b b"]);
    assert_eq!((reader.dropped(), reader.first_reader().skipped().records), (1, 1));
}

#[test]
fn batches_of_pairs() -> Result<(), ParseError> {
    let ids = ["a", "b", "c", "d", "e"];
    let (one, both) = (text(&ids), text(&ids.map(|id| [id, id]).concat()));
    let overhead = 2 * RecordBuffer::RECORD_OVERHEAD;
    for capacity in 1..7 {
        for byte_limit in [22 + overhead, 30 + overhead, 45 + 2 * overhead, 1000] {
            let readers = [two(&one, &one), PairedReader::interleaved(named("both").capacity(1).build(&both[..]))];
            for mut reader in readers {
                let mut batch = PairBuffer::with_byte_limit(capacity, byte_limit);
                let mut all = Vec::new();
                loop {
                    let n = reader.read_batch(&mut batch)?;
                    assert!(n == batch.len() && n <= capacity && batch.byte_len() + n * overhead <= byte_limit);
                    assert_eq!((batch.iter().len(), batch.first().len(), batch.second().len()), (n, n, n));
                    if n == 0 {
                        break;
                    }
                    assert!(batch.get(n - 1).is_some() && batch.get(n).is_none());
                    for (first, second) in &batch {
                        assert_eq!(first, second);
                        all.push(first.id().to_vec());
                    }
                    if n == 1 {
                        let owned = batch.drain();
                        assert!(owned.len() == 1 && batch.is_empty() && owned[0].0 == owned[0].1);
                    }
                }
                assert_eq!(all.concat(), b"abcde");
            }
        }
    }
    let mut reader = two(&one, &one);
    let none = reader.read_batch(&mut PairBuffer::new(0)).unwrap_err();
    assert!(matches!(none.kind(), ParseErrorKind::NoCapacity) && none.position() == Position::START);
    let tight = reader.read_batch(&mut PairBuffer::with_byte_limit(9, 21 + overhead)).unwrap_err();
    assert!(matches!(tight.kind(), ParseErrorKind::RecordTooLong { limit: 21 }), "{tight:?}");
    assert_eq!(tight.id(), Some(&b"a"[..]));
    assert_eq!(reader.read_batch(&mut PairBuffer::new(9))?, 5, "nothing was lost by the refusals");
    // An error keeps the pairs before it.
    let other = text(&["a", "b", "x"]);
    let mut batch = PairBuffer::new(9);
    assert!(two(&one, &other).read_batch(&mut batch).is_err());
    assert_eq!(batch.len(), 2);
    Ok(())
}

/// A pair that no batch of this size can take would end every batch after the first.
#[test]
fn a_pair_too_long_for_its_batch_is_dropped_where_bad_records_are_skipped() -> Result<(), ParseError> {
    let long = format!("@long\n{}\n+\n{}\n", "A".repeat(500), "I".repeat(500)).into_bytes();
    let one = [text(&["a"]), long.clone(), text(&["b"]), long.clone()].concat();
    let other = text(&["a", "long", "b", "long"]);
    let both = [text(&["a", "a"]), long.clone(), text(&["long", "b", "b"]), long, text(&["long"])].concat();
    let builder = Reader::builder().capacity(1).skip_invalid(true);
    let readers = [
        PairedReader::new(builder.clone().build(&one[..]), builder.clone().build(&other[..])),
        PairedReader::new(builder.clone().build(&other[..]), builder.clone().build(&one[..])),
        PairedReader::interleaved(builder.build(&both[..])),
    ];
    for mut reader in readers {
        let mut batch = PairBuffer::with_byte_limit(9, 500);
        let mut ids = Vec::new();
        while reader.read_batch(&mut batch)? > 0 {
            ids.extend(batch.iter().map(|(first, _)| first.id().to_vec()));
        }
        assert_eq!((&ids[..], reader.pairs(), reader.dropped()), (&[b"a".to_vec(), b"b".to_vec()][..], 2, 4));
    }
    Ok(())
}
