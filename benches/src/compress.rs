//! Compressed outputs for generated data: gzip, and gzip in blocks (BGZF).
//!
//! Written on one thread, simply, and independent of fqbuf-stream, whose tests and benchmarks read what comes out.

use std::io::{self, Write};

use flate2::{Compress, Compression, Crc, FlushCompress, Status, write::GzEncoder};

/// The empty block that ends a BGZF file.
pub const BGZF_EOF: [u8; 28] =
    [31, 139, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, 66, 67, 2, 0, 27, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Uncompressed bytes in one block; the same as other writers of the format use.
const BLOCK: usize = 65_280;

/// A gzip writer with no name and no time in its header. End it with `finish`.
pub fn gzip<W: Write>(out: W, level: u32) -> GzEncoder<W> {
    flate2::GzBuilder::new().mtime(0).write(out, Compression::new(level))
}

/// A BGZF writer. End it with [`Bgzf::finish`].
pub fn bgzf<W: Write>(out: W, level: u32) -> Bgzf<W> {
    Bgzf {
        out,
        block: Vec::with_capacity(BLOCK),
        packed: Vec::with_capacity(2 * BLOCK),
        level: Compression::new(level),
    }
}

/// Writes blocks of at most 64 KiB, each a gzip member that states its own length.
#[derive(Debug)]
pub struct Bgzf<W> {
    out: W,
    /// Bytes not yet compressed, fewer than [`BLOCK`].
    block: Vec<u8>,
    /// Scratch space of one compressed block.
    packed: Vec<u8>,
    level: Compression,
}

impl<W: Write> Bgzf<W> {
    /// Writes what remains and the end block, and hands the output back.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.write_block()?;
        self.out.write_all(&BGZF_EOF)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn write_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        // Stored bytes always fit: 65,280 and five for each stored piece stay below the 65,536 of a block.
        if !self.deflate(self.level)? && !self.deflate(Compression::none())? {
            return Err(io::Error::other("a block does not fit its length field"));
        }
        let mut crc = Crc::new();
        crc.update(&self.block);
        let size = (18 + self.packed.len() + 8 - 1) as u16;
        self.out.write_all(&[31, 139, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, 66, 67, 2, 0])?;
        self.out.write_all(&size.to_le_bytes())?;
        self.out.write_all(&self.packed)?;
        self.out.write_all(&crc.sum().to_le_bytes())?;
        self.out.write_all(&(self.block.len() as u32).to_le_bytes())?;
        self.block.clear();
        Ok(())
    }

    /// Fills `packed`; false when the result is too long for one block.
    fn deflate(&mut self, level: Compression) -> io::Result<bool> {
        self.packed.clear();
        let status = Compress::new(level, false).compress_vec(&self.block, &mut self.packed, FlushCompress::Finish)?;
        Ok(status == Status::StreamEnd && self.packed.len() <= 65_536 - 26)
    }
}

impl<W: Write> Write for Bgzf<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        if self.block.len() == BLOCK {
            self.write_block()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
