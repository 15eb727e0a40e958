//! Record starts and parts: together they are the serial run, its error included.

use std::ops::Range;

use fqbuf_record::{
    Checks, GrowthPolicy, PartSource, Position, ReadAt, Reader, ReaderBuilder, RecordStart, Source, even_part,
    find_last_record_start, find_record_start,
};
use proptest::prelude::*;

use crate::oracle;
use crate::texts::{adversarial, crlf, mixed, near_valid};

/// Inputs that break the rules in every way, each with bytes around that look like record starts.
fn malformed() -> Vec<Vec<u8>> {
    let good = b"@a\nAC\n+\n@I\n@b\nA\n+\nI\n";
    let bad: [&[u8]; 16] = [
        b"@x\nAC\n+\n@\n",
        b"@x\nACGT\nAC\n+\n@III\n@I\n",
        b"@x\nACGTAC\n+\n@III\n@I\n",
        b"@x\n@y\nA\n+\nI\n",
        b"x\nA\n+\nI\n",
        b"@x\nAC\n@y\nAC\n+\nII\n",
        b"@x\nAC\n+\n@I\nGARBAGE\n@z\nA\n+\nI\n",
        b"@x\nAC\n+\n@I\n\n@z\nA\n+\nI\n",
        b"@x\nAC\n+\n@I\n\n+\n\n@z\nA\n+\nI\n",
        b"\n@x\nAC\n+\nII\n",
        b"@x\n\nAC\n+\nII\n",
        b"@x\nAC\n+\n\nII\n",
        b"@x\nAC\n\n+\n@I\n",
        b"@x\n\n+\n@\n",
        b"@x",
        b"@x\nAC\n+\n",
    ];
    let mut all = Vec::new();
    for bad in bad {
        for text in [[bad, good].concat(), [good, bad].concat(), [good, bad, good].concat()] {
            all.push(crlf(&text));
            all.push(text);
        }
    }
    all
}

fn texts() -> Vec<Vec<u8>> {
    let mut all = adversarial();
    all.extend(malformed());
    all.extend([b"".to_vec(), b"\n\n\n".to_vec(), b"garbage".to_vec(), b"@".to_vec(), mixed(3)]);
    all
}

/// In an input that keeps the rules, the answer is the first record that begins at or after the offset.
fn true_start(input: &[u8], from: usize) -> Option<usize> {
    oracle::parse(input).records.iter().map(|rec| rec.position.byte as usize).find(|start| *start >= from)
}

/// An offset that is made smaller sends the search back over what was passed.
#[test]
fn a_search_behind_the_data_goes_on_where_it_was_told() {
    let text = b"@a\nA\n+\nI\n";
    for from in [text.len() + 1, text.len() + 10, usize::MAX] {
        assert_eq!(find_record_start(text, from, false), RecordStart::NeedMore(from));
        assert_eq!(find_record_start(text, from, true), RecordStart::None);
    }
}

/// A search for `\n@`, or one that looks one line ahead only, fails here.
#[test]
fn fault_10_record_starts_from_every_offset() {
    for text in texts() {
        let good = oracle::parse(&text).end.is_ok();
        for from in 0..=text.len() + 1 {
            let expected = oracle::record_start(&text, from, usize::MAX);
            let found = find_record_start(&text, from, true);
            assert_eq!(found, expected.map_or(RecordStart::None, RecordStart::At), "{from} {}", text.escape_ascii());
            if good {
                assert_eq!(expected, true_start(&text, from), "{from} {}", text.escape_ascii());
            }
        }
    }
}

/// With less of the input there, the answer is the same or that more is needed, from a place on that loses nothing.
#[test]
fn a_search_that_needs_more_goes_on_where_it_says() {
    for text in texts() {
        for from in 0..=text.len() {
            let expected = find_record_start(&text, from, true);
            for end in from..=text.len() {
                match find_record_start(&text[..end], from, false) {
                    RecordStart::NeedMore(at) => {
                        assert!(at >= from && at <= end);
                        // What is before a byte in front of it may be dropped.
                        let dropped = at.saturating_sub(1);
                        let found = match find_record_start(&text[dropped..], at - dropped, true) {
                            RecordStart::At(start) => RecordStart::At(start + dropped),
                            other => other,
                        };
                        assert_eq!(found, expected, "{from} of {end} in {}", text.escape_ascii());
                    }
                    found => assert_eq!(found, expected, "{from} of {end} in {}", text.escape_ascii()),
                }
            }
        }
    }
}

/// The last start that can be told: a part of an input that is handed over ends there.
#[test]
fn the_last_record_start_is_the_last_of_all_starts() {
    for text in texts() {
        for end in 0..=text.len() {
            for at_end in [false, true] {
                let mut starts = (0..=end).filter_map(|from| match find_record_start(&text[..end], from, at_end) {
                    RecordStart::At(at) => Some(at),
                    _ => None,
                });
                let expected = starts.by_ref().last();
                assert_eq!(find_last_record_start(&text[..end], at_end), expected, "{end} {}", text.escape_ascii());
            }
        }
    }
}

/// What a run delivers: bytes of each record with their offset, then the error with its byte.
type Run = (Vec<(u64, Vec<u8>)>, Option<(String, u64)>);

fn run<S: Source>(mut reader: Reader<S>) -> Run {
    let mut records = Vec::new();
    loop {
        match reader.next_record() {
            Ok(Some(record)) => {
                // What was skipped may stand before it, nothing behind it.
                let bytes = record.as_bytes().to_vec();
                records.push((reader.position().byte - bytes.len() as u64, bytes));
            }
            Ok(None) => return (records, None),
            Err(error) => {
                let place = format!("{:?} {:?}", error.kind(), error.id());
                return (records, Some((place, error.position().byte)));
            }
        }
    }
}

fn run_slice(builder: &ReaderBuilder, text: &[u8], part: Range<usize>) -> Run {
    let mut reader = builder.clone().build_slice_part(text, part);
    let mut records = Vec::new();
    loop {
        assert_eq!(reader.position().byte, reader.consumed() as u64);
        match reader.next_record() {
            Ok(Some(record)) => {
                records.push((reader.consumed() as u64 - record.as_bytes().len() as u64, record.as_bytes().to_vec()));
            }
            Ok(None) => return (records, None),
            Err(error) => {
                let place = format!("{:?} {:?}", error.kind(), error.id());
                return (records, Some((place, error.position().byte)));
            }
        }
    }
}

/// All parts in order, up to the first error.
fn together(parts: impl Iterator<Item = Run>) -> Run {
    let mut all = Vec::new();
    for (records, error) in parts {
        all.extend(records);
        if error.is_some() {
            return (all, error);
        }
    }
    (all, None)
}

fn builder() -> ReaderBuilder {
    Reader::builder().capacity(1)
}

fn check_cuts(builder: &ReaderBuilder, text: &[u8], cuts: &[usize]) {
    let serial = run(builder.clone().build(text));
    let edges = [&[0], cuts, &[text.len()]].concat();
    let parts = || edges.windows(2).map(|edge| edge[0]..edge[1]);
    let read = parts().map(|part| run(builder.clone().build_part(text, part.start as u64..part.end as u64).unwrap()));
    assert_eq!(together(read), serial, "{cuts:?} {}", text.escape_ascii());
    let read = parts().map(|part| run_slice(builder, text, part));
    assert_eq!(together(read), serial, "slices {cuts:?} {}", text.escape_ascii());
}

/// Parts that end at the first record at or behind their end lose the error of what is between.
#[test]
fn two_parts_cut_at_every_offset_are_the_serial_run() {
    for text in texts() {
        for cut in 0..=text.len() {
            check_cuts(&builder(), &text, &[cut]);
        }
    }
}

#[test]
fn three_parts_of_malformed_inputs() {
    for text in malformed().iter().step_by(3) {
        for first in (0..=text.len()).step_by(2) {
            for second in (first..=text.len()).step_by(3) {
                check_cuts(&builder(), text, &[first, second]);
            }
        }
    }
}

#[test]
fn with_checks_and_limits_the_parts_are_the_serial_run() {
    let strict = builder().checks(Checks::strict());
    let quality = b"@a\nAC\n+\n@I\n@b\nAC\n+\nI\x7f\n@c\nAC\n+\n@I\n";
    for cut in 0..=quality.len() {
        check_cuts(&strict, quality, &[cut]);
        check_skipping_cuts(&strict, quality, &[cut]);
    }
    // What is refused by a check, before what is no record.
    let refused = b"@a\nAC\n+\n@\x7f\nGG\n+\nII\n@c\nAC\n+x\n@I\n\n@d\nA\n+\n@\n@e\n\n+\n\n";
    for cut in 0..=refused.len() {
        check_cuts(&strict, refused, &[cut]);
        check_skipping_cuts(&strict, refused, &[cut]);
    }
    for text in adversarial() {
        for limit in [8, 12, 20] {
            for cut in 0..=text.len() {
                check_cuts(&builder().growth(GrowthPolicy::with_limit(limit)), &text, &[cut]);
            }
        }
    }
}

/// What a skipping run delivers, and what it skips.
fn run_skipping<S: Source>(mut reader: Reader<S>) -> (Vec<(u64, Vec<u8>)>, u64, u64) {
    let mut records = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        let bytes = record.as_bytes().to_vec();
        records.push((reader.position().byte - bytes.len() as u64, bytes));
    }
    (records, reader.skipped().records, reader.skipped().bytes)
}

fn check_skipping_cuts(builder: &ReaderBuilder, text: &[u8], cuts: &[usize]) {
    let builder = builder.clone().skip_invalid(true);
    let serial = run_skipping(builder.clone().build(text));
    let edges = [&[0], cuts, &[text.len()]].concat();
    let mut all = (Vec::new(), 0, 0);
    for edge in edges.windows(2) {
        let part = builder.clone().build_part(text, edge[0] as u64..edge[1] as u64).unwrap();
        let (records, places, bytes) = run_skipping(part);
        all.0.extend(records);
        all.1 += places;
        all.2 += bytes;
    }
    assert_eq!(all, serial, "{cuts:?} {}", text.escape_ascii());
}

/// Parts whose ends only look like headers deliver a record twice here, or one that is none, or end with an error.
#[test]
fn parts_that_skip_are_the_serial_run_and_count_nothing_twice() {
    for text in texts() {
        for cut in 0..=text.len() {
            check_skipping_cuts(&builder(), &text, &[cut]);
            check_skipping_cuts(&builder().growth(GrowthPolicy::with_limit(14)), &text, &[cut]);
        }
    }
    // Lines of which every three begin what may be a record: which are, is known from the beginning only.
    for lines in [&b"@\nA\n+\n"[..], b"@A\nA\n+\n", b"@\nA\n+\n@\nA\n+\n@\n"] {
        let text = [&lines.repeat(9)[..], b"@b\nAC\n+\n@I\n@c\nA\n+\n@\n"].concat();
        for cut in 0..=text.len() {
            check_skipping_cuts(&builder(), &text, &[cut]);
            check_skipping_cuts(&builder(), &text, &[cut / 2, cut]);
            check_cuts(&builder(), &text, &[cut]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_parts_are_the_serial_run(text in near_valid(), cuts in prop::collection::vec(any::<usize>(), 0..5)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
        cuts.sort_unstable();
        check_cuts(&builder(), &text, &cuts);
        check_skipping_cuts(&builder(), &text, &cuts);
    }

    #[test]
    fn the_search_agrees_with_the_oracle(text in near_valid(), from in any::<usize>()) {
        let from = from % (text.len() + 1);
        let expected = oracle::record_start(&text, from, usize::MAX).map_or(RecordStart::None, RecordStart::At);
        prop_assert_eq!(find_record_start(&text, from, true), expected);
    }
}

#[test]
fn even_parts_abut_and_cover() {
    for size in [0, 1, 7, 100, u64::MAX] {
        for parts in [1, 2, 3, 8, 1000] {
            let mut at = 0;
            for index in 0..parts {
                let part = even_part(size, index, parts);
                assert!(part.start == at && part.end >= at);
                assert!(part.end - part.start <= (size / parts).saturating_add(1));
                at = part.end;
            }
            assert_eq!(at, size);
            assert_eq!(even_part(size, parts, parts), size..size);
        }
    }
    assert!(even_part(10, 0, 0).is_empty(), "no parts, nothing to read");
}

/// Delivers a byte at a time, with interruptions, and counts.
struct Slow<'a>(&'a [u8], std::cell::Cell<u64>);

impl ReadAt for Slow<'_> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<usize> {
        assert!(!buf.is_empty());
        self.1.set(self.1.get() + 1);
        if self.1.get().is_multiple_of(3) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        self.0.read_at(&mut buf[..1], offset)
    }

    fn size(&self) -> std::io::Result<u64> {
        self.0.size()
    }
}

#[test]
fn cuts_from_every_offset_in_short_reads() {
    for text in texts() {
        let slow = Slow(&text, std::cell::Cell::new(0));
        let good = oracle::parse(&text).end.is_ok();
        for from in 0..=text.len() + 2 {
            for limit in [usize::MAX, 12] {
                let cut = oracle::cut(&text, from, limit);
                let expected = if from == 0 { 0 } else { cut.unwrap_or(text.len()) as u64 };
                let builder = builder().growth(GrowthPolicy::with_limit(limit));
                let found = builder.record_start(&slow, from as u64).unwrap();
                assert_eq!(found, expected, "{from} {limit} {}", text.escape_ascii());
                assert!(!good || limit < usize::MAX || from == 0 || cut == true_start(&text, from), "{from}");
            }
        }
    }
}

/// Lines longer than the window of the search, before and behind the offset.
#[test]
fn a_search_through_long_lines() {
    let long = 200_000;
    let text =
        [b"@a\n".to_vec(), vec![b'A'; long], b"\n+\n".to_vec(), vec![b'@'; long], b"\n@b\nA\n+\nI\n".to_vec()].concat();
    let second = (text.len() - 9) as u64;
    for from in [1, 2, 3, 4, 100_000, 200_005, 200_007, 300_000, second - 1, second] {
        assert_eq!(builder().record_start(&text[..], from).unwrap(), second);
        let small = builder().growth(GrowthPolicy::with_limit(100_000));
        assert_eq!(small.record_start(&text[..], from).unwrap(), second);
    }
    check_cuts(&Reader::builder(), &text, &[100, 150_000, 250_000]);
}

#[test]
fn files_are_split_in_any_number_of_parts() {
    let text = mixed(200);
    let path = std::env::temp_dir().join(format!("fqbuf-record-split-{}.fq", std::process::id()));
    std::fs::write(&path, &text).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let expected = oracle::parse(&text).records.len();
    for parts in [1, 2, 3, 7, 100, 1000] {
        let plan = Reader::builder().split(&file, parts).unwrap();
        assert_eq!((plan.len() as u64, plan[0].start, plan.last().unwrap().end), (parts, 0, text.len() as u64));
        let mut count = 0;
        for (index, part) in plan.iter().enumerate() {
            assert!(index == 0 || plan[index - 1].end == part.start);
            let bytes = even_part(text.len() as u64, index as u64, parts);
            for range in [part.clone(), bytes] {
                let mut reader = Reader::builder().capacity(1).build_part(&file, range).unwrap();
                assert_eq!(reader.position(), Position { record: 1, line: 1, byte: part.start });
                count += reader.records().map(Result::unwrap).count();
                assert_eq!(reader.position().byte, part.end);
            }
        }
        assert_eq!(count, 2 * expected);
    }
    let whole = Reader::builder().build_part(PartSource::new(&file, 0).into_inner(), 0..u64::MAX);
    assert_eq!(whole.unwrap().records().count(), expected);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn what_has_no_size_cannot_be_split() {
    #[cfg(unix)]
    {
        let directory = std::fs::File::open(std::env::temp_dir()).unwrap();
        let error = Reader::builder().split(&directory, 2).unwrap_err();
        assert_eq!(error.io_error().unwrap().kind(), std::io::ErrorKind::InvalidInput);
    }
}

/// Blank lines that may be behind the last record, or before another one: who goes on has to see them.
#[test]
fn a_part_of_a_slice_is_gone_on_with_where_it_ends() {
    let mut texts = texts();
    texts.push(b"@a\nA\n+\nI\n\n\r\n@b\nA\n+\nI\n".to_vec());
    for text in texts {
        let whole = run(builder().build(&text[..]));
        let error = builder().build(&text[..]).records().find_map(Result::err).map(|error| error.to_string());
        for cut in 0..=text.len() {
            let mut part = builder().build_slice(&text[..cut]).part();
            let (mut records, mut found) = (Vec::new(), None);
            while let Some(record) = part.next_record().unwrap_or_else(|e| {
                found = Some(e.to_string());
                None
            }) {
                records.push(record.as_bytes());
            }
            let (at, place) = (part.consumed(), part.position());
            if found.is_none() {
                assert!(part.next_record().unwrap().is_none() && part.consumed() == at, "it stays at its end");
                let blank = text[at..place.byte as usize].split_inclusive(|b| *b == b'\n');
                let lines = place.line - 1 - blank.map(|line| assert!(matches!(line, b"\n" | b"\r\n"))).count() as u64;
                for record in builder().build_slice(&text[at..]) {
                    match record {
                        Ok(record) => records.push(record.as_bytes()),
                        Err(e) => found = Some(e.offset_by(place.record - 1, lines, at as u64).to_string()),
                    }
                }
            }
            assert!(
                records.into_iter().eq(whole.0.iter().map(|(_, bytes)| &bytes[..])),
                "{cut} {}",
                text.escape_ascii()
            );
            assert_eq!(found, error, "{cut} {}", text.escape_ascii());
        }
    }
}

/// A claim that is believed moves the offset on, and the input between is missing without an error.
#[test]
fn an_input_that_claims_too_much_loses_nothing() {
    struct Braggart<'a>(&'a [u8], std::cell::Cell<bool>);
    impl ReadAt for Braggart<'_> {
        fn read_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<usize> {
            if offset >= 100 && self.1.replace(false) {
                return Ok(buf.len() + 1);
            }
            let most = buf.len().min(100);
            self.0.read_at(&mut buf[..most], offset)
        }
        fn size(&self) -> std::io::Result<u64> {
            self.0.size()
        }
    }
    let text = mixed(100);
    let source = PartSource::new(Braggart(&text, true.into()), 0);
    let mut reader = builder().build_within(source, 0..text.len() as u64);
    let error = reader.records().find_map(Result::err).unwrap();
    assert_eq!(error.io_error().unwrap().kind(), std::io::ErrorKind::InvalidData);
    while reader.next_record().unwrap().is_some() {}
    assert_eq!(reader.position(), Position { record: 101, line: 401, byte: text.len() as u64 });
}

/// An input that another program writes to: as long as it was when it was asked, and then as the second one.
struct Changing<'a>(&'a [u8], &'a [u8], std::cell::Cell<bool>);

impl ReadAt for Changing<'_> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let now = if self.2.get() { self.1 } else { self.0 };
        now.read_at(buf, offset)
    }
    fn size(&self) -> std::io::Result<u64> {
        self.0.size()
    }
}

/// Red when the end of the input is taken for that of the part.
#[test]
fn an_input_that_becomes_shorter_than_a_part_is_an_error() {
    let text = b"@a\nA\n+\nI\n@b\nA\n+\nI\n@c\nA\n+\nI\n";
    // Between records, in a blank tail, and where bad input is passed.
    let blank = [&text[..9], b"\n"].concat();
    let bad = [&text[..9], b"x\n"].concat();
    for (now, skip, records) in [(&text[..9], false, 1), (b"", false, 0), (&blank, false, 1), (&bad, true, 1)] {
        let changing = Changing(text, now, false.into());
        let source = builder().source_name("a.fq").skip_invalid(skip);
        let mut reader = source.build_part(&changing, 0..18).unwrap();
        changing.2.set(true);
        for _ in 0..records {
            assert!(reader.next_record().unwrap().is_some());
        }
        for _ in 0..2 {
            let error = reader.next_record().unwrap_err();
            assert_eq!(error.io_error().unwrap().kind(), std::io::ErrorKind::UnexpectedEof, "{error}");
            assert_eq!(error.position().byte, now.len() as u64);
            let said = format!("a.fq: the input has become shorter, reading {}", reader.position());
            assert_eq!(error.to_string(), said);
            assert!(!reader.skip_invalid(&error));
        }
    }
}

/// Red when a part that ends within a record has no end once that record was read.
#[test]
fn an_input_that_grows_is_read_up_to_the_end_of_a_part() {
    let text = b"@a\nA\n+\nI\n@b\nA\n+\nI\n@c\nA\n+\nI\n";
    for size in 10..=18 {
        for skip in [false, true] {
            let changing = Changing(&text[..size], text, false.into());
            let mut reader = builder().skip_invalid(skip).build_part(&changing, 0..u64::MAX).unwrap();
            changing.2.set(true);
            assert_eq!(reader.records().map(|record| record.unwrap().id().to_vec()).collect::<Vec<_>>(), [b"a", b"b"]);
            assert_eq!(reader.position().byte, 18);
        }
    }
}

/// A slice has no size but its own: what ends behind it ends with it.
#[test]
fn a_part_of_a_slice_may_end_behind_it() {
    let text = b"@a\nA\n+\nI\n@b\nA\n+\nI\n";
    for end in [text.len(), text.len() + 1, usize::MAX] {
        assert_eq!(
            builder().build_slice_part(text, 1..end).map(|record| record.unwrap().id()).collect::<Vec<_>>(),
            [b"b"]
        );
        assert!(builder().build_slice_part(text, end..end).next().is_none());
    }
}

/// Nobody has counted the records before an offset.
#[test]
fn a_search_that_fails_says_that_it_counts_from_there() {
    struct Broken;
    impl ReadAt for Broken {
        fn read_at(&self, _: &mut [u8], _: u64) -> std::io::Result<usize> {
            Err(std::io::Error::other("medium failed"))
        }
        fn size(&self) -> std::io::Result<u64> {
            Ok(2_000_000)
        }
    }
    let error = builder().record_start(&Broken, 1_000_000).unwrap_err();
    assert_eq!(error.to_string(), "medium failed, reading record 1 of a part (line 1 of it, byte 1000000)");
}

/// Records and lines of a part count from its start; what precedes is added when it is known.
#[test]
fn positions_of_parts() {
    let text = [mixed(10), b"@x\nAC\n+\nI\n".to_vec()].concat();
    let serial = run(Reader::new(&text[..])).1;
    let error = Reader::new(&text[..]).records().find_map(Result::err).unwrap();
    let middle = Reader::builder().record_start(&text[..], text.len() as u64 / 2).unwrap();
    let before = oracle::parse(&text[..middle as usize]).records.len() as u64;
    let mut part = Reader::builder().build_part(&text[..], middle..text.len() as u64).unwrap();
    let partial = part.records().find_map(Result::err).unwrap();
    assert_eq!(serial.unwrap().1, partial.position().byte, "bytes are those of the input");
    let mended = partial.offset_by(before, 4 * before, 0);
    assert_eq!((mended.position(), mended.to_string()), (error.position(), error.to_string()));
}

/// Counts that begin with the part must not pass for those of the file.
#[test]
fn an_error_in_a_part_says_that_it_counts_from_there() {
    let text = b"@a\nA\n+\nI\n@b\nA\n+\nI\n@c\nAC\n+\nI\n";
    let builder = Reader::builder().source_name("a.fq").compressed(true);
    let whole = "a.fq: record 3 (line 12, byte 26 uncompressed): quality has 1 character, sequence has 2";
    for start in [0, 5, 15] {
        let mut reader = builder.clone().build_part(&text[..], start..text.len() as u64).unwrap();
        let error = reader.records().find_map(Result::err).unwrap();
        let mut slice = builder.clone().build_slice_part(text, start as usize..text.len());
        assert_eq!(slice.find_map(Result::err).unwrap().to_string(), error.to_string());
        let record = error.position().record;
        if start > 0 {
            let line = error.position().line;
            let expected = format!("a.fq: record {record} of a part (line {line} of it, byte 26 uncompressed): ");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
        assert_eq!(error.offset_by(3 - record, 4 * (3 - record), 0).to_string(), whole);
    }
}
