//! Reading at offsets, by several threads at once.

use std::io;

/// Bytes that can be read at any offset, from several threads at once.
pub trait ReadAt {
    /// Reads at most `buf.len()` bytes at `offset` into `buf`; returns their number, 0 at the end.
    ///
    /// # Errors
    /// That of the medium.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Bytes that there are.
    ///
    /// # Errors
    /// That of the medium; `InvalidInput` when it is none of a known size, a pipe for one.
    fn size(&self) -> io::Result<u64>;

    /// Reads at `offset` until `buf` is full or the bytes end; returns their number. Interrupted reads are retried.
    ///
    /// # Errors
    /// That of the medium, behind the number of bytes read before it; `InvalidData` when it claims more bytes than it was
    /// given room for.
    fn fill_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, (usize, io::Error)> {
        let mut done = 0;
        while done < buf.len() {
            let room = buf.len() - done;
            match self.read_at(&mut buf[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(n) if n <= room => done += n,
                Ok(n) => {
                    let claim = format!("input claims {n} bytes of a {room}-byte buffer");
                    return Err((done, io::Error::new(io::ErrorKind::InvalidData, claim)));
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err((done, e)),
            }
        }
        Ok(done)
    }
}

/// A regular file. On Windows its cursor moves; on Unix it does not.
#[cfg(any(unix, windows))]
impl ReadAt for std::fs::File {
    #[cfg(unix)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buf, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buf, offset)
    }

    fn size(&self) -> io::Result<u64> {
        let metadata = self.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "only a regular file can be read at offsets"));
        }
        Ok(metadata.len())
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }

    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }
}

impl<T: ReadAt + ?Sized> ReadAt for std::sync::Arc<T> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }

    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }
}
