//! Reading into an arena, for [`Arena`](crate::Arena) and [`Scope`](crate::Scope) alike.
//!
//! The reader is given zeros, never memory that was not written: a reader may look at what it is given, and one that
//! claims to have filled more than it has would otherwise hand on bytes of an earlier user. Zeroing is a fraction of a
//! read (30 GB/s and more against 10 from the page cache).

use std::io::{self, ErrorKind, Read};

use crate::error::ArenaFull;
use crate::memory::Bump;

/// One read of at most `max` bytes.
pub(crate) fn once<'m>(memory: &'m Bump, reader: &mut (impl Read + ?Sized), max: usize) -> io::Result<&'m mut [u8]> {
    into(memory, max, |room| read(reader, room))
}

/// Reads until `size` bytes are there.
pub(crate) fn exactly<'m>(
    memory: &'m Bump,
    reader: &mut (impl Read + ?Sized),
    size: usize,
) -> io::Result<&'m mut [u8]> {
    into(memory, size, |room| {
        let mut filled = 0;
        while filled < size {
            match read(reader, &mut room[filled..])? {
                0 => return Err(cut(filled, size)),
                n => filled += n,
            }
        }
        Ok(filled)
    })
}

fn into(memory: &Bump, size: usize, fill: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> io::Result<&mut [u8]> {
    if size == 0 {
        // An empty slice would make every reader look as if it were at its end.
        return Ok(&mut []);
    }
    memory.filled(size, fill).ok_or_else(|| full(memory, size))?
}

#[cold]
fn full(memory: &Bump, size: usize) -> ArenaFull {
    let remaining = match memory.remaining_with_growth() {
        room if room < size => room,
        // Allowed, and refused by the allocator.
        _ => memory.remaining(),
    };
    ArenaFull { requested: size, remaining }
}

/// A read that retries when interrupted and does not believe in more bytes than there is room for.
fn read(reader: &mut (impl Read + ?Sized), room: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(room) {
            Ok(n) if n > room.len() => return Err(lie(n, room.len())),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cold]
fn lie(claimed: usize, given: usize) -> io::Error {
    let claim = format!("reader claims {claimed} bytes of the {given} that it was given");
    io::Error::new(ErrorKind::InvalidData, claim)
}

#[cold]
fn cut(filled: usize, size: usize) -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, format!("input ends after {filled} of {size} bytes"))
}
