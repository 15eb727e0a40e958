//! Any bytes as a compressed file: with and without threads the same data and the same verdict; what is accepted as gzip is
//! what another decoder makes of it.
#![no_main]

use std::io::{Cursor, Read};

use fqbuf_stream::{ReadAhead, Stream};
use libfuzzer_sys::fuzz_target;

/// Decoded bytes that are looked at; more come from inputs made to be huge.
const MOST: u64 = 4 << 20;

fuzz_target!(|input: &[u8]| {
    let alone = decode(input, ReadAhead::Never, 1);
    assert_eq!(decode(input, ReadAhead::Always, 1), alone, "one thread ahead");
    assert_eq!(decode(input, ReadAhead::Always, 3), alone, "three threads ahead");
    if let (true, (data, true)) = (input.starts_with(&[31, 139]), alone) {
        let members = input.len() - input.iter().rev().take_while(|byte| **byte == 0).count();
        // Padding behind the last member may begin inside its trailer.
        let other = (members..=input.len().min(members + 8)).any(|end| {
            let mut other = Vec::new();
            let whole = flate2::bufread::MultiGzDecoder::new(&input[..end]).take(MOST).read_to_end(&mut other).is_ok();
            whole && other == data
        });
        assert!(other, "accepted, but no other decoder agrees");
    }
});

/// The data before the end or the error, and whether all of it was good.
fn decode(input: &[u8], when: ReadAhead, threads: usize) -> (Vec<u8>, bool) {
    let mut settings = Stream::builder();
    let source = Cursor::new(input.to_vec());
    let reader = settings.read_ahead(when).threads(threads).decoder_memory(16 << 20).from_reader(source).into_reader();
    let mut data = Vec::new();
    let good = reader.take(MOST).read_to_end(&mut data).is_ok();
    (data, good)
}
