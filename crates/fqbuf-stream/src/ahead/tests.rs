//! A decoder that comes back to its caller, wherever that is.

use std::io::{self, Cursor, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use flate2::{Compression, write::GzEncoder};
use fqbuf_line::Block;

use super::{Ahead, How, Pace};
use crate::check::Unchecked;
use crate::fill::Fill;
use crate::gzip::Gzip;
use crate::input::Input;
use crate::progress::Counters;
use crate::{StreamError, StreamErrorKind};

/// Bytes of a block.
const SIZE: usize = 64 * 1024;
/// Bytes of all data.
const ALL: usize = 40 * SIZE;

/// Bytes that compress little.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        b"ACGT"[(state >> 62) as usize]
    };
    (0..bytes).map(|_| next()).collect()
}

/// Members of so many bytes of data each, one behind the other.
fn members(data: &[u8], each: usize) -> Vec<u8> {
    let mut packed = Vec::new();
    for part in data.chunks(each) {
        let mut encoder = GzEncoder::new(&mut packed, Compression::fast());
        encoder.write_all(part).and_then(|()| encoder.finish()).expect("memory");
    }
    packed
}

/// A decoder whose caller seems to have waited for every block.
struct AwaitedEachTime(Gzip, Arc<Counters>);

impl Fill for AwaitedEachTime {
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        self.0.fill(block)
    }

    fn fill_unchecked(&mut self, block: &mut Block, unchecked: &mut Unchecked) -> io::Result<usize> {
        let filled = self.0.fill_unchecked(block, unchecked);
        // More than the caller's own count, which it may write at any moment.
        self.1.caller_waits.fetch_add(1 << 32, Ordering::Relaxed);
        filled
    }
}

/// What is read of `packed` by a caller who would be quicker alone, how it ends, and how much it had when the decoder came back.
fn read(packed: Vec<u8>) -> (Vec<u8>, io::Result<()>, Option<usize>) {
    let counters = Arc::<Counters>::default();
    let name: Arc<str> = "packed".into();
    let input = Input::new(Box::new(Cursor::new(packed)), Arc::clone(&name), Arc::clone(&counters));
    let fill = AwaitedEachTime(Gzip::new(input, SIZE), Arc::clone(&counters));
    let how = How { name, counters, enough: 1, alone: Some(Pace(0.0)) };
    let Ok(mut ahead) = Ahead::start(Box::new(fill), how) else { panic!("a thread") };
    let (mut data, mut block, mut pending, mut back) = (Vec::new(), Block::new(), None, None);
    loop {
        let next = ahead.next(&mut block, &mut pending);
        if ahead.back.is_some() && back.is_none() {
            assert!(ahead.thread.is_none(), "the thread has ended");
            back = Some(data.len());
        }
        match next {
            Ok(0) => return (data, Ok(()), back),
            Ok(_) => data.extend_from_slice(block.data()),
            Err(e) => return (data, Err(e), back),
        }
        block.clear();
        if let Some(e) = pending.take() {
            return (data, Err(e), back);
        }
    }
}

/// What an error says of itself.
fn told(result: io::Result<()>) -> (Option<StreamErrorKind>, Option<u64>) {
    let error = result.expect_err("it is broken");
    let error = StreamError::of(&error).expect("of a stream");
    (Some(error.kind()), error.compressed_offset())
}

/// Fails where a block, a checksum or the dictionary of a member is lost on the way back.
#[rstest::rstest]
fn the_decoder_comes_back_in_the_middle_of_a_member(#[values(ALL, 100_000, 3000)] each: usize) {
    let data = noise(ALL);
    let (got, end, back) = read(members(&data, each));
    assert!(end.is_ok() && got == data);
    let back = back.expect("it came back");
    assert!(back < ALL / 2, "after {back} bytes");
}

#[test]
fn what_is_cut_off_is_an_error_after_the_decoder_came_back() {
    let data = noise(ALL);
    let whole = members(&data, ALL);
    for cut in [whole.len() - 1, whole.len() - 8, whole.len() - 9, whole.len() * 3 / 4] {
        let (got, end, back) = read(whole[..cut].to_vec());
        assert_eq!(told(end), (Some(StreamErrorKind::Truncated), Some(cut as u64)));
        assert!(back.is_some() && data.starts_with(&got));
    }
}

#[test]
fn a_wrong_checksum_is_an_error_after_the_decoder_came_back() {
    let data = noise(ALL);
    let mut packed = members(&data, ALL);
    let at = packed.len() - 8;
    packed[at] ^= 1;
    let (_, end, back) = read(packed);
    assert_eq!((told(end), back.is_some()), ((Some(StreamErrorKind::Checksum), Some(at as u64)), true));
}
