//! BGZF input: blocks in order on any number of threads, empty ones, ends, mixtures with plain gzip.

use std::io::{Cursor, Write};
use std::sync::Mutex;

use fqbuf_stream::{Format, ReadAhead, StreamErrorKind, WriterBuilder};

use crate::gzip::member;
use crate::support::{Outcome, WAYS, Way, drain, fastq, read, read_every_way};

/// A BGZF file with its end block.
pub(crate) fn bgzf(data: &[u8]) -> Vec<u8> {
    let mut writer = WriterBuilder::new().format(Format::Bgzf).to_writer(Vec::new()).expect("known");
    writer.write_all(data).expect("memory");
    writer.finish().expect("memory")
}

/// BGZF blocks of these data, without an end block.
fn blocks<'a>(data: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    data.into_iter().flat_map(|data| without_end(&bgzf(data))).collect()
}

/// A BGZF file without its end block.
fn without_end(file: &[u8]) -> Vec<u8> {
    file[..file.len() - END].to_vec()
}

/// Bytes of the end block.
const END: usize = 28;

/// Reads `input` and tells whether its end block was missed.
fn missing_end(input: &[u8], way: Way) -> (Outcome, bool) {
    let stream = way.builder().from_reader(Cursor::new(input.to_vec()));
    let progress = stream.progress();
    assert!(!progress.end_block_missing());
    (drain(stream), progress.end_block_missing())
}

#[test]
fn blocks_come_in_order_on_any_number_of_threads() {
    let text = fastq(12_000);
    let input = bgzf(&text);
    for threads in [1, 2, 3, 8] {
        for size in [0, 256 << 10, 1 << 20] {
            let mut builder = fqbuf_stream::Stream::builder();
            let out = drain(builder.threads(threads).block_size(size).from_reader(Cursor::new(input.clone())));
            assert!(out.error.is_none(), "{threads} threads: {:?}", out.error);
            assert!(out.bytes == text, "{threads} threads, blocks of {size}");
        }
    }
}

#[test]
fn bgzf_is_what_gzip_readers_read() {
    use std::io::Read;
    for records in [0, 1, 3000] {
        let text = fastq(records);
        let input = bgzf(&text);
        let mut out = Vec::new();
        flate2::bufread::MultiGzDecoder::new(&input[..]).read_to_end(&mut out).expect("gzip");
        assert!(out == text);
        assert_eq!(Format::from_start(&input), Format::Bgzf);
    }
}

/// Fails when an empty block in the middle is taken for the end.
#[test]
fn fault_61_empty_blocks_in_the_middle() {
    let text = fastq(1200);
    let (a, b) = text.split_at(70_000);
    for input in [
        [bgzf(a), bgzf(b)].concat(),
        [bgzf(b""), bgzf(b""), bgzf(a), bgzf(b""), bgzf(b)].concat(),
        [bgzf(b"").repeat(20_000), bgzf(&text)].concat(),
    ] {
        let out = read_every_way(&input);
        assert!(out.error.is_none() && out.bytes == text, "{:?}", out.error);
    }
}

/// Fails when the missing block is an error, or nothing at all.
#[test]
fn fault_64_a_missing_end_block_is_whole_data_and_a_notice() {
    let text = fastq(1000);
    let whole = bgzf(&text);
    let cut = without_end(&whole);
    for way in WAYS {
        for (input, missing) in [
            (whole.clone(), false),
            (cut.clone(), true),
            ([&cut[..], &[0; 100]].concat(), true),
            ([&cut[..], &member(b"")].concat(), false),
            (member(&text), false),
            (bgzf(b""), false),
        ] {
            let (out, missed) = missing_end(&input, way);
            assert!(out.error.is_none() && (out.bytes == text || input.len() == END));
            assert_eq!(missed, missing, "{way:?}");
        }
    }
}

#[test]
fn plain_members_and_blocks_may_follow_each_other() {
    let text = fastq(4000);
    let third = text.len() / 3;
    let (a, b, c) = (&text[..third], &text[third..2 * third], &text[2 * third..]);
    for input in [
        [bgzf(a), member(b), bgzf(c)].concat(),
        [member(a), bgzf(b), member(c)].concat(),
        [blocks([a]), member(b""), member(b), blocks(c.chunks(1000))].concat(),
    ] {
        let out = read_every_way(&input);
        assert!(out.error.is_none(), "{:?}", out.error);
        assert!(out.bytes == text);
    }
}

/// Fails when a cut block passes, and when a whole one before it is lost.
#[test]
fn fault_62_cut_at_every_byte() {
    let text = fastq(4);
    let parts: Vec<Vec<u8>> = text.chunks(250).map(|data| blocks([data])).collect();
    let input = [parts.concat(), bgzf(b"")].concat();
    let mut ends = vec![0];
    for len in parts.iter().map(Vec::len).chain([END]) {
        ends.push(ends[ends.len() - 1] + len);
    }
    for n in 0..=input.len() {
        let out = if n % 64 == 0 { read_every_way(&input[..n]) } else { read(&input[..n], WAYS[n % 3]) };
        let whole = ends.iter().filter(|&&end| end <= n).count() - 1;
        assert_eq!(out.bytes.len(), text.len().min(whole * 250), "{n} bytes");
        assert!(text.starts_with(&out.bytes));
        if ends.contains(&n) {
            assert!(out.error.is_none(), "{n}: {:?}", out.error);
            let complete = n == 0 || n == input.len();
            assert_eq!(missing_end(&input[..n], WAYS[n % 3]).1, !complete, "{n} bytes");
        } else {
            assert_eq!((out.kind(), out.offset()), (Some(StreamErrorKind::Truncated), Some(n as u64)), "{n} bytes");
        }
    }
}

/// Fails when a block is delivered before it was checked, and when damage in one loses those before it.
#[test]
fn fault_63_flipped_bits_are_never_wrong_data() {
    let text = fastq(4);
    let input = [blocks(text.chunks(300)), bgzf(b"")].concat();
    for bit in 16..input.len() * 8 {
        if bit % 6 != 0 {
            continue;
        }
        let mut bad = input.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let out = if bit % 240 == 0 { read_every_way(&bad) } else { read(&bad, WAYS[bit % 3]) };
        assert!(out.error.is_some() || out.bytes == text, "bit {bit}");
    }
}

#[test]
fn what_is_wrong_with_a_block_is_told() {
    let (a, b) = (blocks([&b"@first"[..]]), blocks([&fastq(100)[..]]));
    let start = a.len() as u64;
    let end = (a.len() + b.len()) as u64;
    let cases = [
        (0, start + 18, StreamErrorKind::Data, start + 18),
        (1, end - 8, StreamErrorKind::Checksum, end - 8),
        (2, end - 3, StreamErrorKind::Length, end - 4),
        (3, end - 1, StreamErrorKind::Length, end - 4),
    ];
    for (n, at, kind, offset) in cases {
        let mut bad = [&a[..], &b, &bgzf(b"")].concat();
        bad[usize::try_from(at).expect("small")] ^= 0x7;
        let out = read_every_way(&bad);
        assert_eq!((out.kind(), out.offset()), (Some(kind), Some(offset)), "case {n}");
        assert_eq!(out.bytes, b"@first", "case {n}");
        let text = out.error.expect("an error").to_string();
        assert!(text.starts_with("sample.fq.gz: BGZF block 2 "), "{text}");
    }
}

/// An input that begins again and again, in small reads.
struct Endless(Vec<u8>, usize);

impl std::io::Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.0[self.1..];
        let n = rest.len().min(into.len()).min(1000);
        into[..n].copy_from_slice(&rest[..n]);
        self.1 = (self.1 + n) % self.0.len();
        Ok(n)
    }
}

/// Fails when waits are counted for the wrong side, or not at all.
#[test]
fn who_waits_for_whom_is_counted() {
    use crate::support::{Answer, Script};
    let text = fastq(8000);
    for input in [bgzf(&text), member(&text)] {
        let alone = WAYS[0].builder().from_reader(Cursor::new(input.clone()));
        let progress = alone.progress();
        assert!(drain(alone).bytes == text);
        assert_eq!((progress.caller_waits(), progress.decoder_waits()), (0, 0));
        for way in [WAYS[1], WAYS[2]] {
            let mut stream = way.builder().block_size(0).from_reader(Endless(input.clone(), 0));
            let progress = stream.progress();
            // A caller that takes a block, and the next when the decoder seems to have stopped. Often enough it has.
            let mut decoder_waited = || {
                let mut block = fqbuf_line::Block::new();
                block.make_room(1).expect("memory");
                fqbuf_line::Source::fill(&mut stream, &mut block).expect("sound");
                let (mut read, mut still) = (0, 0);
                while still < 10_000 {
                    std::thread::yield_now();
                    let now = progress.compressed();
                    still = if now == read { still + 1 } else { 0 };
                    read = now;
                }
                progress.decoder_waits() > 0
            };
            assert!((0..1000).any(|_| decoder_waited()), "{way:?}");
        }
        // A reader that is slower than any caller.
        let answers = input.chunks(1 << 20).map(|piece| Answer::Bytes(piece.to_vec()));
        let stream = WAYS[1].builder().from_reader(Script::new(answers));
        let progress = stream.progress();
        assert!(drain(stream).bytes == text);
        assert!(progress.caller_waits() > 0, "the first block is always waited for");
    }
}

#[test]
fn many_threads_stop_early() {
    let input = bgzf(&fastq(5000));
    for n in 0..20 {
        let mut builder = fqbuf_stream::Stream::builder();
        let mut stream = builder.threads(1 + n % 5).block_size(0).from_reader(Cursor::new(input.clone()));
        for _ in 0..n {
            let mut block = fqbuf_line::Block::new();
            block.make_room(1).expect("memory");
            fqbuf_line::Source::fill(&mut stream, &mut block).expect("sound");
        }
    }
}

/// Fails when the last block's worker and the caller wait for each other, which a multiple of the block may need.
#[test]
fn fault_73_lengths_around_the_block() {
    let text = fastq(2500);
    let size = 64 << 10;
    for blocks in [1, 2, 3, 5] {
        for len in [blocks * size - 1, blocks * size, blocks * size + 1, blocks * 65_280] {
            let input = bgzf(&text[..len]);
            for threads in [2, 4, 8] {
                let mut builder = fqbuf_stream::Stream::builder();
                let out = drain(builder.threads(threads).block_size(size).from_reader(Cursor::new(input.clone())));
                assert!(out.error.is_none() && out.bytes == text[..len], "{len} bytes, {threads} threads");
            }
        }
    }
}

/// Reads a file by threads that take turns, and decompress before.
fn by_turns(path: &std::path::Path, threads: usize) -> Outcome {
    let mut builder = fqbuf_stream::Stream::builder();
    let mut stream = builder.block_size(0).open(path).expect("a file");
    let helpers = stream.helpers(threads);
    assert_eq!(helpers.len(), if threads == 1 { 0 } else { threads });
    let taken = Mutex::new((stream, Outcome { bytes: Vec::new(), error: None }, false));
    let turns = |mut helper: Option<fqbuf_stream::Helper>| {
        let mut block = fqbuf_line::Block::new();
        loop {
            if let Some(helper) = &mut helper {
                helper.help();
            }
            let mut taken = taken.lock().expect("no panic");
            let (stream, out, over) = &mut *taken;
            if *over {
                return;
            }
            block.clear();
            block.make_room(1).expect("memory");
            match fqbuf_line::Source::fill(stream, &mut block) {
                Ok(n) => *over = n == 0,
                Err(error) => (out.error, *over) = (Some(error), true),
            }
            out.bytes.extend_from_slice(block.data());
        }
    };
    std::thread::scope(|scope| {
        for helper in helpers {
            scope.spawn(|| turns(Some(helper)));
        }
        // One more than there are helpers, which only takes.
        turns(None);
    });
    taken.into_inner().expect("no panic").1
}

/// Fails when help is promised that nobody gives, or is charged for no longer than the stream while helpers have blocks.
#[test]
fn who_is_helped_and_what_it_costs() {
    use fqbuf_pool::MemoryBudget;
    let text = fastq(5000);
    let path = std::env::temp_dir().join(format!("fqbuf-helpers-{}.gz", std::process::id()));
    std::fs::write(&path, bgzf(&text)).expect("a temporary file");
    let builder = fqbuf_stream::Stream::builder;
    for (limit, asked, given) in
        [(16 << 20, 0, 0), (16 << 20, 1, 0), (16 << 20, 4, 4), (3 << 20, 100, 2), (1 << 20, 4, 0)]
    {
        let budget = MemoryBudget::new(limit);
        let mut stream = builder().block_size(0).budget(&budget).open(&path).expect("a file");
        let mut helpers = stream.helpers(asked);
        assert_eq!(helpers.len(), given, "{limit} bytes, {asked} asked for");
        assert_eq!(budget.used() > 0, given > 0);
        let out = drain(stream);
        assert!(out.error.is_none() && out.bytes == text && budget.peak() <= limit);
        assert_eq!(budget.used() > 0, given > 0, "as long as there are helpers");
        helpers.iter_mut().for_each(fqbuf_stream::Helper::help);
        drop(helpers);
        assert_eq!(budget.used(), 0);
    }
    let mut begun = builder().open(&path).expect("a file");
    let mut block = fqbuf_line::Block::with_capacity(4096).expect("memory");
    fqbuf_line::Source::fill(&mut begun, &mut block).expect("sound");
    let never = builder().read_ahead(ReadAhead::Never).open(&path).expect("a file");
    let reader = builder().from_reader(Cursor::new(bgzf(&text)));
    std::fs::write(&path, member(&text)).expect("a temporary file");
    let gzip = builder().open(&path).expect("a file");
    for mut stream in [begun, never, reader, gzip] {
        assert!(stream.helpers(4).is_empty());
    }
    std::fs::remove_file(&path).expect("a temporary file");
}

/// Fails when the caller, who inflates with the workers where the input is a file, changes what is read or hangs.
#[test]
fn a_file_is_the_same_with_the_callers_help() {
    let text = fastq(9000);
    let whole = bgzf(&text);
    let mut cut = whole.clone();
    cut.truncate(whole.len() / 2);
    let mut damaged = whole.clone();
    damaged[2 * whole.len() / 3] ^= 0x10;
    // A plain member among blocks is decoded in order.
    let mixed = [&whole[..], &member(&text), &whole].concat();
    let path = std::env::temp_dir().join(format!("fqbuf-helped-{}.gz", std::process::id()));
    for input in [&whole, &cut, &damaged, &mixed, &bgzf(b"")] {
        std::fs::write(&path, input).expect("a temporary file");
        let read = |when, threads: usize| {
            let mut builder = fqbuf_stream::Stream::builder();
            builder.read_ahead(when).threads(threads).block_size(0);
            let out = drain(builder.open(&path).expect("a file"));
            (out.bytes, out.error.map(|error| error.to_string()))
        };
        let alone = read(ReadAhead::Never, 1);
        for threads in [1, 2, 5] {
            for _ in 0..20 {
                assert!(read(ReadAhead::Compressed, threads) == alone, "{threads} threads, {} bytes", input.len());
                let out = by_turns(&path, threads);
                let out = (out.bytes, out.error.map(|error| error.to_string()));
                assert!(out == alone, "{threads} by turns, {} bytes", input.len());
            }
        }
    }
    std::fs::remove_file(&path).expect("a temporary file");
}

/// Fails when a worker that is at the source when the reader panics takes the caller down, or hangs it.
#[test]
fn fault_35_a_reader_that_panics_under_the_threads() {
    use crate::support::{Answer, Script};
    let text = fastq(3000);
    let input = bgzf(&text);
    for cut in [20, 5000, input.len() / 2, input.len() - END] {
        for answer in [Answer::Panic, Answer::Claim(1), Answer::Error(std::io::ErrorKind::ConnectionReset)] {
            let wanted = match answer {
                Answer::Panic => StreamErrorKind::Panicked,
                Answer::Claim(_) => StreamErrorKind::Overclaim,
                _ => StreamErrorKind::Read,
            };
            let script = Script::new([Answer::Bytes(input[..cut].to_vec()), answer]);
            let out = drain(fqbuf_stream::Stream::builder().threads(3).from_reader(script));
            assert_eq!((out.kind(), out.offset()), (Some(wanted), Some(cut as u64)));
            assert!(text.starts_with(&out.bytes));
        }
    }
}

#[test]
fn would_block_is_resumed_on_many_threads() {
    use crate::support::{patiently, reluctant};
    let text = fastq(2000);
    let mut builder = fqbuf_stream::Stream::builder();
    let mut stream = builder.threads(3).block_size(0).from_reader(reluctant(&bgzf(&text), 9001));
    assert!(patiently(&mut stream) == text);
}
