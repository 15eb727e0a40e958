//! gzip and BGZF input, whole, cut and damaged.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use fqbuf_stream::StreamErrorKind;

use crate::support::{WAYS, fastq, read, read_every_way};

/// One gzip member.
pub(crate) fn member(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn one_member_of_any_size() {
    for records in [0, 1, 100, 2000, 30_000] {
        let text = fastq(records);
        let out = read_every_way(&member(&text));
        assert!(out.error.is_none(), "{:?}", out.error);
        assert!(out.bytes == text);
    }
}

/// Fails when the decoder stops at the first member's end.
#[test]
fn fault_60_all_members() {
    let text = fastq(9000);
    for size in [1000, 33_000, 65_536, 300_000] {
        let input: Vec<u8> = text.chunks(size).flat_map(member).collect();
        let out = read_every_way(&input);
        assert!(out.error.is_none(), "{:?}", out.error);
        assert!(out.bytes == text);
    }
}

/// Fails when the end of the reader is taken for the end of the data.
#[test]
fn fault_62_cut_at_every_byte() {
    let text = fastq(4);
    let (a, b) = (member(&text[..200]), member(&text[200..]));
    let input = [&a[..], &b].concat();
    for n in 0..=input.len() {
        let out = if n % 32 == 0 { read_every_way(&input[..n]) } else { read(&input[..n], WAYS[n % 3]) };
        assert!(text.starts_with(&out.bytes));
        if [0, a.len(), input.len()].contains(&n) {
            assert!(out.error.is_none(), "{n}: {:?}", out.error);
        } else {
            assert_eq!(out.kind(), Some(StreamErrorKind::Truncated), "{n} bytes");
            assert_eq!(out.offset(), Some(n as u64));
        }
    }
}

/// Fails when the trailer is not compared, or only before the data are delivered.
#[test]
fn fault_63_flipped_bits_are_never_wrong_data() {
    let text = fastq(6);
    let input = [member(&text[..400]), member(&text[400..])].concat();
    for bit in 16..input.len() * 8 {
        if bit % 4 != 0 {
            continue;
        }
        let mut bad = input.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let out = if bit % 240 == 0 { read_every_way(&bad) } else { read(&bad, WAYS[bit / 4 % 2]) };
        // Bits of a header that say nothing about the data may flip.
        assert!(out.error.is_some() || out.bytes == text, "bit {bit}");
    }
}

#[test]
fn a_trailer_that_does_not_fit_names_the_field() {
    let text = fastq(2000);
    let whole = member(&text);
    let end = whole.len();
    for (at, kind, field) in [(end - 8, StreamErrorKind::Checksum, 8), (end - 1, StreamErrorKind::Length, 4)] {
        let mut bad = [&whole[..], &member(b"@next")].concat();
        bad[at] ^= 1;
        let out = read_every_way(&bad);
        assert!(out.bytes == text);
        assert_eq!((out.kind(), out.offset()), (Some(kind), Some((end - field) as u64)));
    }
}

/// Fails when a member's checksum is not compared where it ends by a block's end, or what follows is told first.
#[test]
fn a_wrong_trailer_near_a_block_s_end() {
    let size = 64 << 10;
    let text = fastq(2500);
    let next = [member(b"@next"), crate::bgzf::bgzf(b"@next"), b"garbage".to_vec(), Vec::new()];
    for len in [size - 1, size, size + 1, 2 * size, 2 * size + 5] {
        let members = [member(&text[..100]), member(&text[100..len]), member(&text[len..len + 70_000])];
        let before = [100, len, len + 70_000];
        for (n, next) in (0..members.len()).flat_map(|n| next.iter().map(move |next| (n, next))) {
            let mut bad = members[..=n].concat();
            let end = bad.len();
            bad[end - 5] ^= 1;
            let out = read_every_way(&[&bad[..], next].concat());
            assert!(out.bytes == text[..before[n]], "{len}, member {n}");
            assert_eq!((out.kind(), out.offset()), (Some(StreamErrorKind::Checksum), Some((end - 8) as u64)));
        }
    }
}

/// Reads of a file, whose blocks may be handed over in twos, and a caller that takes its time.
#[test]
fn a_file_and_a_busy_caller() -> std::io::Result<()> {
    use fqbuf_line::{Block, Source};
    let text = fastq(9000);
    let path = std::env::temp_dir().join(format!("fqbuf-busy-{}.fq.gz", std::process::id()));
    let mut input = [member(&text[..500_000]), member(&text[500_000..])].concat();
    let end = input.len();
    for sound in [true, false] {
        input[end - 8] ^= u8::from(!sound);
        std::fs::write(&path, &input)?;
        for (way, busy) in WAYS.into_iter().flat_map(|way| [0, 100, 500].map(|busy| (way, busy))) {
            let mut stream = way.builder().block_size(0).open(&path)?;
            let (mut block, mut bytes) = (Block::new(), Vec::new());
            let error = loop {
                block.clear();
                block.make_room(1)?;
                match stream.fill(&mut block) {
                    Ok(0) => break None,
                    Ok(_) => bytes.extend_from_slice(block.data()),
                    Err(e) => break Some(e),
                }
                let start = std::time::Instant::now();
                while start.elapsed().as_micros() < busy {
                    std::hint::spin_loop();
                }
            };
            assert!(bytes == text, "{way:?}, busy for {busy} µs");
            assert_eq!(error.is_none(), sound, "{error:?}");
        }
    }
    std::fs::remove_file(&path)
}

/// Fails when a caller that is busy gets no thread, or one is started for the first blocks.
#[test]
fn a_thread_is_started_for_a_busy_caller() {
    use crate::support::drain;
    use fqbuf_line::{Block, Source};
    use std::{collections::HashSet, io::Read, sync::mpsc, thread};

    /// Tells which thread reads.
    struct Told(std::io::Cursor<Vec<u8>>, mpsc::Sender<thread::ThreadId>);
    impl Read for Told {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.1.send(thread::current().id()).expect("the test listens");
            // A block at once, not quite.
            let most = into.len().min(20_000);
            self.0.read(&mut into[..most])
        }
    }
    let text = fastq(9000);
    let (tell, told) = mpsc::channel();
    let reader = Told(std::io::Cursor::new(member(&text)), tell);
    let mut stream = fqbuf_stream::Stream::builder().block_size(0).from_reader(reader);
    let here = HashSet::from([thread::current().id()]);
    let mut first = Vec::new();
    for _ in 0..3 {
        let mut block = Block::new();
        block.make_room(1).expect("memory");
        stream.fill(&mut block).expect("sound");
        first.extend_from_slice(block.data());
        assert_eq!(told.try_iter().collect::<HashSet<_>>(), here, "the first blocks");
        let start = std::time::Instant::now();
        while start.elapsed().as_millis() < 1 {
            std::hint::spin_loop();
        }
    }
    let rest = drain(&mut stream);
    assert!(rest.error.is_none() && [&first[..], &rest.bytes].concat() == text);
    assert!(told.try_iter().all(|thread| !here.contains(&thread)), "the others");
}

#[test]
fn the_error_names_file_member_and_byte() {
    let whole = member(b"@r1");
    let out = read_every_way(&[&whole[..], &whole[..9]].concat());
    let text = format!("sample.fq.gz: gzip member 2 is cut off (compressed byte {})", whole.len() + 9);
    assert_eq!((out.error.map(|e| e.to_string()), &out.bytes[..]), (Some(text), &b"@r1"[..]));
}

/// Fails when everything after the first member is ignored, and when zeros are not.
#[test]
fn fault_65_zeros_may_follow_and_nothing_else() {
    let text = fastq(5);
    let whole = member(&text);
    for zeros in [1, 511, 512, 300_000] {
        let out = read_every_way(&[&whole[..], &vec![0; zeros]].concat());
        assert!(out.error.is_none() && out.bytes == text, "{:?}", out.error);
    }
    for garbage in [&b"garbage\n"[..], b"\0\0x", b"\x1f\x8a", b"\x1fx"] {
        let out = read_every_way(&[&whole[..], garbage].concat());
        let zeros = garbage.iter().take_while(|&&b| b == 0).count();
        assert!(out.bytes == text);
        assert_eq!(out.kind(), Some(StreamErrorKind::TrailingGarbage), "{garbage:?}");
        assert_eq!(out.offset(), Some((whole.len() + zeros) as u64));
    }
}

/// Fails when an empty member, or an empty file, is an error or an end.
#[test]
fn fault_66_empty_members() {
    let text = fastq(3);
    let empty = member(b"");
    assert!(read_every_way(&empty).error.is_none());
    let input = [&empty[..], &empty, &member(&text[..50]), &empty, &member(&text[50..]), &empty].concat();
    let out = read_every_way(&input);
    assert!(out.error.is_none() && out.bytes == text);
}

/// Fails when the reader is blamed for what it has not sent yet.
#[test]
fn fault_30_would_block_inside_a_member() {
    use crate::support::{drain, patiently, reluctant};
    let text = fastq(200);
    let input = member(&text);
    for way in WAYS {
        let mut stream = way.builder().from_reader(reluctant(&input, 100));
        assert!(patiently(&mut stream) == text);
        assert!(drain(&mut stream).error.is_none());
    }
}

#[test]
fn a_header_with_every_field_is_read() {
    let text = fastq(2);
    let mut encoder = flate2::GzBuilder::new()
        .filename("reads.fq")
        .comment("by hand")
        .extra(vec![b'R', b'A', 1, 0, 7])
        .write(Vec::new(), Compression::fast());
    encoder.write_all(&text).expect("memory");
    let out = read_every_way(&encoder.finish().expect("memory"));
    assert!(out.error.is_none() && out.bytes == text);
}

/// Fails when how long a header may be depends on the reads.
#[test]
fn a_header_of_a_name_without_end_is_damage() {
    let text = fastq(10);
    let packed = member(&text);
    for (len, sound) in
        [(96 << 10, true), ((96 << 10) + 1, false), (256 << 10, false), (300 << 10, false), (600 << 10, false)]
    {
        // Ten bytes, the name and its end.
        let mut input = packed[..10].to_vec();
        input[3] = 8;
        input.resize(len - 1, b'n');
        input.push(0);
        input.extend_from_slice(&packed[10..]);
        let out = read_every_way(&input);
        assert_eq!(out.kind(), if sound { None } else { Some(StreamErrorKind::Header) }, "{len} bytes");
        assert!(out.bytes == if sound { &text[..] } else { b"" }, "{len} bytes");
    }
}
