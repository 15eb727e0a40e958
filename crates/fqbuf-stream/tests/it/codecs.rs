//! zstd, bzip2 and xz: parts one after the other, cut, damaged, padded, followed by garbage.

use fqbuf_stream::{Format, StreamErrorKind};

use crate::support::{WAYS, fastq, read, read_every_way};

/// One part of `format` holding `data`.
fn part(format: Format, data: &[u8]) -> Vec<u8> {
    match format {
        #[cfg(feature = "zstd")]
        Format::Zstd => {
            use std::io::Write;
            let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("memory");
            encoder.include_checksum(true).expect("known");
            encoder.write_all(data).expect("memory");
            encoder.finish().expect("memory")
        }
        #[cfg(feature = "bzip2")]
        Format::Bzip2 => bzip2_of(data, bzip2::Compression::best()),
        #[cfg(feature = "xz")]
        Format::Xz => {
            use std::io::Write;
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 2);
            encoder.write_all(data).expect("memory");
            encoder.finish().expect("memory")
        }
        _ => unreachable!("{format} is not tested here"),
    }
}

/// One stream of bzip2, in blocks of 100 kB of data at the fastest and 900 at the best.
#[cfg(feature = "bzip2")]
fn bzip2_of(data: &[u8], level: bzip2::Compression) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

/// The formats of this build.
fn formats() -> impl Iterator<Item = Format> {
    [Format::Zstd, Format::Bzip2, Format::Xz].into_iter().filter(|f| f.is_supported())
}

#[test]
fn one_part_of_any_size() {
    for format in formats() {
        for records in [0, 1, 300, 3000] {
            let text = fastq(records);
            let out = read_every_way(&part(format, &text));
            assert!(out.error.is_none(), "{format}: {:?}", out.error);
            assert!(out.bytes == text, "{format}: {records} records");
        }
    }
}

/// Fails when the decoder stops at the first part's end.
#[test]
fn fault_60_all_parts() {
    for format in formats() {
        let text = fastq(3000);
        let input: Vec<u8> = text.chunks(90_000).chain([&b""[..]]).flat_map(|data| part(format, data)).collect();
        let out = read_every_way(&input);
        assert!(out.error.is_none(), "{format}: {:?}", out.error);
        assert!(out.bytes == text, "{format}");
    }
}

/// Fails when an end of input inside a part is an end.
#[test]
fn fault_62_cut_at_every_byte() {
    for format in formats() {
        let text = fastq(5);
        let (a, b) = (part(format, &text[..300]), part(format, &text[300..]));
        let input = [&a[..], &b].concat();
        for n in 0..=input.len() {
            let out = if n % 64 == 0 { read_every_way(&input[..n]) } else { read(&input[..n], WAYS[n % 3]) };
            assert!(text.starts_with(&out.bytes), "{format}");
            if [0, a.len(), input.len()].contains(&n) {
                assert!(out.error.is_none(), "{format} {n}: {:?}", out.error);
            } else {
                assert_eq!(out.kind(), Some(StreamErrorKind::Truncated), "{format} {n}");
                assert_eq!(out.offset(), Some(n as u64));
            }
        }
    }
}

/// Fails when a decoder that makes no headway is called for ever, or the error's place depends on the reads.
#[test]
fn fault_63_flipped_bits() {
    for format in formats() {
        let text = fastq(3);
        let input = part(format, &text);
        // The magic number decides what it is; a flip there makes it plain.
        for bit in 8 * 6..input.len() * 8 {
            if bit % 7 != 0 {
                continue;
            }
            let mut bad = input.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let out = if bit % 280 == 0 { read_every_way(&bad) } else { read(&bad, WAYS[bit % 3]) };
            assert!(out.error.is_some() || out.bytes == text, "{format}: bit {bit}");
        }
    }
}

/// Fails when the bytes before damage, or its place, depend on the reads, the blocks or the threads.
#[test]
fn damage_is_told_the_same_way_however_it_is_read() {
    use crate::support::{Short, drain};
    for format in formats() {
        let text = fastq(4000);
        let input = [part(format, &text[..500_000]), part(format, &text[500_000..])].concat();
        for at in (100..input.len() - 30).step_by(input.len() / 23) {
            let mut bad = input.clone();
            bad[at] ^= 0x10;
            let mut told = Vec::new();
            for (most, size) in [(usize::MAX, 0), (usize::MAX, 1 << 20), (997, 100_000), (70_001, 300_000)] {
                let short = Short::new(bad.clone(), most);
                let out = drain(WAYS[told.len() % 2].builder().block_size(size).from_reader(short));
                told.push((out.error.map(|e| e.to_string()), out.bytes.len()));
            }
            assert!(told.iter().all(|one| *one == told[0]), "{format}, damage at {at}: {told:?}");
            assert!(told[0].0.is_some(), "{format}, damage at {at} is passed over");
        }
    }
}

/// Where the blocks of a zstd frame begin whose header takes so many bytes.
#[cfg(feature = "zstd")]
fn zstd_blocks(frame: &[u8], header: usize) -> Vec<usize> {
    let mut starts = vec![header];
    loop {
        let at = starts[starts.len() - 1];
        let word = u32::from_le_bytes([frame[at], frame[at + 1], frame[at + 2], 0]);
        let (last, kind, size) = (word & 1 == 1, word >> 1 & 3, word >> 3);
        if last {
            return starts;
        }
        // A block of one byte, again and again, states how often.
        starts.push(at + 3 + if kind == 1 { 1 } else { usize::try_from(size).expect("small") });
    }
}

/// Fails when the data before a block's damaged header are lost, or some of them, as the blocks and reads would have it.
#[cfg(feature = "zstd")]
#[test]
fn what_stands_before_a_damaged_block_header_of_zstd_is_given() {
    use crate::support::{Short, drain};
    // Compressed blocks, of one byte again and again, and as they are.
    let noise = fastq(2500).chunks(3).map(|three| three.iter().fold(7, |a: u8, b| a.wrapping_mul(31) ^ b)).collect();
    let text = [fastq(2500), vec![b'A'; 400_000], noise].concat();
    let input = part(Format::Zstd, &text);
    // Magic number, descriptor and window.
    let starts = zstd_blocks(&input, 6);
    assert!(starts.len() > 8, "{} blocks", starts.len());
    for (n, &at) in starts.iter().enumerate() {
        let before = read(&input[..at], WAYS[0]);
        assert_eq!(before.kind(), Some(StreamErrorKind::Truncated));
        let mut bad = input.clone();
        bad[at] |= 6;
        for (most, size) in [(usize::MAX, 0), (usize::MAX, 1 << 20), (997, 100_000), (70_001, 300_000)] {
            let out = drain(WAYS[n % 4].builder().block_size(size).from_reader(Short::new(bad.clone(), most)));
            assert_eq!(out.kind(), Some(StreamErrorKind::Data), "block {n}");
            assert!(out.bytes == before.bytes, "block {n}: {} bytes of {}", out.bytes.len(), before.bytes.len());
        }
    }
}

/// Fails when the place of an error in bzip2 is that of its stream.
#[cfg(feature = "bzip2")]
#[test]
fn damage_in_bzip2_is_told_by_the_end_of_its_block() {
    let text = fastq(2000);
    let input = bzip2_of(&text, bzip2::Compression::fast());
    let block = 2 * input.len() * 100_000 / text.len();
    for at in (1000..input.len() - 20).step_by(input.len() / 17) {
        let mut bad = input.clone();
        bad[at] ^= 0x10;
        let out = read(&bad, WAYS[0]);
        let place = usize::try_from(out.offset().expect("a place")).expect("small");
        assert!((at + 1..at + block).contains(&place), "damage at {at} of {}, told at {place}", input.len());
    }
}

/// Fails when data inside the decoder are dropped because its input is cut, or cannot be read on.
#[cfg(feature = "bzip2")]
#[test]
fn fault_62_bzip2_cut_behind_a_block_gives_all_of_it() {
    use crate::support::{Answer, Script, read_from};
    use std::io::ErrorKind;
    let text = fastq(2000);
    let input = bzip2_of(&text, bzip2::Compression::fast());
    let naive = |cut: usize| {
        let mut decoder = bzip2::Decompress::new(false);
        let mut out = vec![0; text.len() + 1];
        let _ = decoder.decompress(&input[..cut], &mut out);
        usize::try_from(decoder.total_out()).expect("small")
    };
    // Where a first and a second block of 100 kB is there.
    for wanted in [1, 100_001] {
        let (mut short, mut whole) = (10, input.len());
        while whole - short > 1 {
            let cut = usize::midpoint(short, whole);
            if naive(cut) < wanted { short = cut } else { whole = cut }
        }
        for cut in whole - 20..whole + 20 {
            let len = naive(cut);
            assert!(cut < whole || len >= wanted);
            let way = WAYS[cut % 4];
            let failing = [Answer::Bytes(input[..cut].to_vec()), Answer::Error(ErrorKind::ConnectionReset)];
            for (out, kind) in [
                (read(&input[..cut], way), StreamErrorKind::Truncated),
                (read_from(Script::new(failing), way), StreamErrorKind::Read),
            ] {
                assert_eq!((out.kind(), out.offset()), (Some(kind), Some(cut as u64)));
                assert!(out.bytes == text[..len], "{cut}, {way:?}, {kind:?}: {} bytes of {len}", out.bytes.len());
            }
        }
    }
}

#[test]
fn fault_65_zeros_may_follow_and_nothing_else() {
    for format in formats() {
        let text = fastq(10);
        let whole = part(format, &text);
        for zeros in [1, 4, 510, 512] {
            let out = read_every_way(&[&whole[..], &vec![0; zeros]].concat());
            if format == Format::Xz && zeros % 4 != 0 {
                // Stream Padding is of four bytes each: The .xz File Format 1.2.1, section 2.2.
                assert_eq!(out.kind(), Some(StreamErrorKind::TrailingGarbage), "{zeros}");
                assert_eq!((out.bytes == text, out.offset()), (true, Some((whole.len() + zeros) as u64)));
            } else {
                assert!(out.error.is_none() && out.bytes == text, "{format}: {:?}", out.error);
            }
        }
        for garbage in [&b"garbage\n"[..], b"\0\0x", b"\x1f\x8b"] {
            let out = read_every_way(&[&whole[..], garbage].concat());
            assert_eq!(out.kind(), Some(StreamErrorKind::TrailingGarbage), "{format}");
            let zeros = garbage.iter().take_while(|&&b| b == 0).count();
            assert_eq!((out.bytes == text, out.offset()), (true, Some((whole.len() + zeros) as u64)));
        }
    }
}

/// Fails when a padded stream is taken for the last: The .xz File Format 1.2.1, section 2.2.
#[cfg(feature = "xz")]
#[test]
fn xz_streams_may_follow_padding() {
    let text = fastq(20);
    let (one, two) = text.split_at(700);
    let (one, two) = (part(Format::Xz, one), part(Format::Xz, two));
    for zeros in [1, 2, 3, 4, 5, 8, 4096, 200_000, 200_001] {
        let padding = vec![0; zeros];
        let out = read_every_way(&[&one[..], &padding, &two, &padding[..zeros - zeros % 4]].concat());
        if zeros % 4 == 0 {
            assert!(out.error.is_none() && out.bytes == text, "{zeros} zeros: {:?}", out.error);
        } else {
            assert_eq!(out.kind(), Some(StreamErrorKind::TrailingGarbage), "{zeros} zeros");
            assert_eq!((&out.bytes[..], out.offset()), (&text[..700], Some((one.len() + zeros) as u64)));
        }
    }
    let garbage = read_every_way(&[&one[..], &[0; 8], b"garbage\n"].concat());
    assert_eq!(
        (garbage.kind(), garbage.offset()),
        (Some(StreamErrorKind::TrailingGarbage), Some(one.len() as u64 + 8))
    );
}

#[cfg(feature = "zstd")]
#[test]
fn a_zstd_file_may_begin_with_a_skippable_frame() {
    let text = fastq(10);
    let mut input = b"\x50\x2a\x4d\x18\x05\x00\x00\x00-----".to_vec();
    input.extend_from_slice(&part(Format::Zstd, &text));
    let out = read_every_way(&input);
    assert!(out.error.is_none() && out.bytes == text, "{:?}", out.error);
}

/// Fails when the decoder has memory that was not asked for.
#[cfg(feature = "zstd")]
#[test]
fn zstd_takes_no_more_memory_than_it_says() {
    use crate::support::drain;
    use fqbuf_stream::Stream;
    use zstd::stream::raw::{CParameter, Encoder, Operation};
    use zstd::zstd_safe::{DCtx, InBuffer, OutBuffer};
    let text = fastq(8000);
    for log in [10, 17, 20, 23] {
        let mut encoder = Encoder::new(3).expect("memory");
        encoder.set_parameter(CParameter::WindowLog(log)).expect("known");
        let mut input = vec![0; text.len() + 1000];
        let mut packed = zstd::stream::raw::OutBuffer::around(&mut input);
        let mut data = zstd::stream::raw::InBuffer::around(&text);
        while data.pos() < text.len() {
            encoder.run(&mut data, &mut packed).expect("room");
        }
        assert_eq!(encoder.finish(&mut packed, true).expect("room"), 0);
        let len = packed.pos();
        input.truncate(len);
        let open = |bytes| {
            let mut builder = Stream::builder();
            drain(builder.decoder_memory(bytes).from_reader(std::io::Cursor::new(input.clone())))
        };
        let told = open(1).error.expect("refused").to_string();
        let need =
            told.split(' ').filter_map(|word| word.parse().ok()).find(|&n: &usize| n > 1 << log).expect("its need");
        // What the library has, in the end, of all but the whole frame at once.
        let mut library = DCtx::create();
        let mut out = vec![0; text.len()];
        let (mut out, mut at) = (OutBuffer::around(&mut out[..]), 0);
        while at < input.len() {
            let end = input.len().min(at + 1000);
            let mut piece = InBuffer::around(&input[at..end]);
            library.decompress_stream(&mut out, &mut piece).expect("sound");
            at += piece.pos();
        }
        let taken = library.sizeof();
        assert!((taken..taken + 10_000).contains(&need), "{need} for {taken}, window of 2^{log}");
        assert!(open(need as u64).bytes == text);
    }
}

/// Fails when the decoder is refused, or charged for, more memory than it takes.
#[cfg(feature = "xz")]
#[test]
fn xz_takes_the_memory_that_it_needs_and_no_more() {
    use crate::support::drain;
    use fqbuf_stream::{Stream, StreamError};
    use std::io::Write;
    let text = fastq(10);
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    encoder.write_all(&text).expect("memory");
    let input = encoder.finish().expect("memory");
    let open = |bytes| {
        let mut builder = Stream::builder();
        drain(builder.decoder_memory(bytes).from_reader(std::io::Cursor::new(input.clone())))
    };
    // A dictionary of 8 MiB.
    let refused = open(8 << 20);
    assert_eq!(refused.kind(), Some(StreamErrorKind::Memory));
    let told = refused.error.as_ref().and_then(StreamError::of).expect("a stream error").to_string();
    let need = told.split(' ').filter_map(|word| word.parse().ok()).find(|&n: &u64| n > 8 << 20).expect("its need");
    assert!(need < 9 << 20, "{told}");
    assert!(open(need).bytes == text);
    assert_eq!(open(need - 1).kind(), Some(StreamErrorKind::Memory));
}

#[cfg(any(feature = "zstd", feature = "xz"))]
#[test]
fn a_decoder_gets_no_more_memory_than_allowed() {
    use crate::support::drain;
    use fqbuf_stream::Stream;
    for format in formats().filter(|&f| f != Format::Bzip2) {
        let text = fastq(8000);
        let input = part(format, &text);
        let open = |bytes| {
            let mut builder = Stream::builder();
            drain(builder.decoder_memory(bytes).from_reader(std::io::Cursor::new(input.clone())))
        };
        let out = open(100_000);
        assert_eq!((out.kind(), out.bytes.len()), (Some(StreamErrorKind::Memory), 0), "{format}");
        assert!(open(32 << 20).bytes == text, "{format}");
    }
}
