//! Bytes read to their end and not looked at, and how many there are in a compressed file.

use std::{
    fs::File,
    io::{self, BufRead, ErrorKind, Read, Seek, SeekFrom},
    path::Path,
};

use crate::{Aligned, Answer};

/// Bytes that [`drain`] reads at a step.
pub const STEP: usize = 256 << 10;

/// Counts the bytes of `reader`, which are read into one page-aligned window of [`STEP`] bytes again and again.
///
/// # Panics
///
/// Where the reader fails.
pub fn drain(reader: impl Read) -> Answer {
    drain_by(STEP, reader)
}

/// The same with a window of `step` bytes.
///
/// # Panics
///
/// Where the reader fails.
pub fn drain_by(step: usize, mut reader: impl Read) -> Answer {
    let mut window = Aligned::new(step, |_| 0);
    let mut count = 0;
    loop {
        match reader.read(&mut window) {
            Ok(0) => return [count, 0, 0],
            Ok(n) => count += n as u64,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Counts the bytes of `reader`, which are looked at where it holds them.
///
/// # Panics
///
/// Where the reader fails.
pub fn count(mut reader: impl BufRead) -> Answer {
    let mut count = 0;
    loop {
        match reader.fill_buf().expect("good input").len() {
            0 => return [count, 0, 0],
            n => {
                count += n as u64;
                reader.consume(n);
            }
        }
    }
}

/// The bytes that a gzip file of one member, or a BGZF file whose headers have no other field, has uncompressed.
///
/// # Panics
///
/// Where it is none, or cannot be read.
#[must_use]
pub fn unpacked(path: &Path) -> u64 {
    unpacked_in(&mut File::open(path).expect("the runner made the file")).expect("a file that can be read")
}

/// Bytes of a BGZF block whose header has no other field, that header among them, from its first 18.
///
/// # Panics
/// Where there are fewer.
#[must_use]
pub fn bgzf_length(header: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([header[16], header[17]])) + 1
}

fn unpacked_in(file: &mut File) -> io::Result<u64> {
    let end = file.seek(SeekFrom::End(0))?;
    let (mut at, mut total) = (0, 0);
    while at < end {
        let mut header = [0; 18];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut header)?;
        let is_block = header[3] & 4 > 0;
        at = if is_block { at + bgzf_length(&header) as u64 } else { end };
        let mut length = [0; 4];
        file.seek(SeekFrom::Start(at - 4))?;
        file.read_exact(&mut length)?;
        total += u64::from(u32::from_le_bytes(length));
    }
    Ok(total)
}
