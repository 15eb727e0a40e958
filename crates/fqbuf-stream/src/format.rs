//! Which format an input is in, told by its first bytes alone.
//!
//! File names lie (`reads.fq.gz` that was decompressed on the way, gzip under a bare `.fq`), magic numbers do not. An
//! input that ends inside a magic number counts as that format, cut off: taking a lone `1f` for text would turn a file
//! cut after one byte into a success.

use std::fmt;

/// How an input's bytes are packed.
///
/// # Examples
/// ```
/// use fqbuf_stream::Format;
///
/// assert_eq!(Format::from_start(b"@read1\nACGT\n"), Format::Plain);
/// assert_eq!(Format::from_start(&[0x28, 0xb5, 0x2f, 0xfd, 0x04]), Format::Zstd);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Not compressed, or not in a way known here.
    Plain,
    /// gzip, of any number of members.
    Gzip,
    /// gzip whose members are blocks of at most 64 KiB that state their compressed size.
    Bgzf,
    /// Zstandard, of any number of frames.
    Zstd,
    /// bzip2, of any number of streams.
    Bzip2,
    /// xz, of any number of streams.
    Xz,
}

/// Bytes that decide between all formats but gzip and BGZF.
const LONGEST_MAGIC: usize = 6;

/// Formats with their magic numbers; a `?` is matched by [`digit`].
const MAGICS: [(Format, &[u8]); 4] = [
    (Format::Gzip, &[0x1f, 0x8b]),
    (Format::Zstd, &[0x28, 0xb5, 0x2f, 0xfd]),
    (Format::Bzip2, b"BZh?"),
    (Format::Xz, &[0xfd, b'7', b'z', b'X', b'Z', 0]),
];

impl Format {
    /// The format of an input that begins with `start`; a `start` of 18 bytes decides, or the whole input when it is
    /// shorter. gzip with a BGZF subfield that does not fit into `start` is reported as gzip.
    #[must_use]
    pub fn from_start(start: &[u8]) -> Self {
        match magic(start) {
            Some(Self::Gzip) if crate::header::is_bgzf(start) => Self::Bgzf,
            Some(format) => format,
            None => Self::Plain,
        }
    }

    /// The format's name as its users write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Bgzf => "BGZF",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }

    /// The feature of this crate that reads the format; `None` for plain input, which needs none.
    #[must_use]
    pub const fn feature(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Gzip | Self::Bgzf => Some("gzip"),
            Self::Zstd => Some("zstd"),
            Self::Bzip2 => Some("bzip2"),
            Self::Xz => Some("xz"),
        }
    }

    /// Whether this build reads the format.
    #[must_use]
    pub const fn is_supported(self) -> bool {
        match self {
            Self::Plain => true,
            Self::Gzip | Self::Bgzf => cfg!(feature = "gzip"),
            Self::Zstd => cfg!(feature = "zstd"),
            Self::Bzip2 => cfg!(feature = "bzip2"),
            Self::Xz => cfg!(feature = "xz"),
        }
    }

    /// What the format calls one of the independent parts that a file consists of.
    pub(crate) const fn part(self) -> &'static str {
        match self {
            Self::Plain => "part",
            Self::Gzip => "member",
            Self::Bgzf => "block",
            Self::Zstd => "frame",
            Self::Bzip2 | Self::Xz => "stream",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether `start`, which is not all of the input, is too short to tell its format from.
pub(crate) fn undecided(start: &[u8]) -> bool {
    start.len() < LONGEST_MAGIC && (start.is_empty() || magic(start).is_some() || skippable(start).is_some())
        || magic(start) == Some(Format::Gzip) && crate::header::undecided(start)
}

/// How the start of a further part of a file of `format` looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The start of another part.
    Part,
    /// The first bytes of a start; more are needed.
    Unclear,
    /// Nothing that may follow.
    Garbage,
}

/// What the bytes after a part of `format` are; `start` is not empty.
pub(crate) fn next_part(format: Format, start: &[u8]) -> Next {
    if format == Format::Zstd && start.len() >= 4 && skippable(start) == Some(true) {
        return Next::Part;
    }
    let unclear = format == Format::Zstd && skippable(start).is_some();
    let Some((_, magic)) = MAGICS.iter().find(|(of, _)| *of == format) else { return Next::Garbage };
    match (matches_magic(start, magic), start.len() >= magic.len()) {
        (true, true) => Next::Part,
        (true, false) => Next::Unclear,
        (false, _) if unclear => Next::Unclear,
        (false, _) => Next::Garbage,
    }
}

/// The format whose magic number `start` begins with, or is the beginning of.
fn magic(start: &[u8]) -> Option<Format> {
    if start.is_empty() {
        return None;
    }
    if skippable(start) == Some(true) {
        return Some(Format::Zstd);
    }
    MAGICS.iter().find(|(_, magic)| matches_magic(start, magic)).map(|(format, _)| *format)
}

/// Whether the shorter of the two is the beginning of the other.
fn matches_magic(start: &[u8], magic: &[u8]) -> bool {
    start.iter().zip(magic).all(|(&b, &m)| b == m || m == b'?' && digit(b))
}

/// A bzip2 block size.
fn digit(byte: u8) -> bool {
    matches!(byte, b'1'..=b'9')
}

/// Whether `start` begins like a skippable zstd frame, which may come first in a zstd file: `Some(false)` while its
/// bytes fit but are too few to be told from text.
fn skippable(start: &[u8]) -> Option<bool> {
    let fits =
        matches!(start.first(), Some(0x50..=0x5f)) && start[1..].iter().zip(&[0x2a, 0x4d, 0x18]).all(|(b, m)| b == m);
    fits.then_some(start.len() >= 4)
}

#[cfg(test)]
mod tests;
