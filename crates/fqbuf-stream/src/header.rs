//! The gzip member header, with the BGZF subfield in it.
//!
//! ```text
//! 1f 8b | method 8 | flags | time x4 | extra flags | system | [extra] [name\0] [comment\0] [header crc]
//! extra:  length x2, then subfields: id x2, length x2, data;  BGZF: 'B' 'C' 2 0, block size - 1
//! ```

/// Bytes before the optional fields.
const FIXED: usize = 10;

/// A header longer than this is taken for damage: the extra field has at most 64 KiB, names are short.
#[cfg(feature = "gzip")]
pub(crate) const LONGEST: usize = crate::input::HELD;

/// Flag bits of byte 3.
mod flag {
    /// A CRC of the header follows it.
    pub(super) const CRC: u8 = 2;
    /// An extra field follows the fixed part.
    pub(super) const EXTRA: u8 = 4;
    /// A zero-terminated name.
    pub(super) const NAME: u8 = 8;
    /// A zero-terminated comment.
    pub(super) const COMMENT: u8 = 16;
    /// Bits that must be zero: what they announce could not be skipped.
    pub(super) const RESERVED: u8 = 0xe0;
}

/// A whole and sound header.
#[cfg(feature = "gzip")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Its bytes.
    pub(crate) len: usize,
    /// Bytes of the whole member when it is a BGZF block.
    pub(crate) block: Option<usize>,
}

/// What the bytes at the start of a member are.
#[cfg(feature = "gzip")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A header.
    Whole(Header),
    /// The beginning of one.
    Cut,
    /// Not a header of a deflated member.
    Bad,
}

/// Reads the header at the start of `bytes`.
#[cfg(feature = "gzip")]
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    for (at, &want) in [0x1f, 0x8b, 8].iter().enumerate() {
        match bytes.get(at) {
            None => return Parsed::Cut,
            Some(&b) if b != want => return Parsed::Bad,
            Some(_) => {}
        }
    }
    let Some(&flags) = bytes.get(3) else { return Parsed::Cut };
    if flags & flag::RESERVED != 0 {
        return Parsed::Bad;
    }
    match fields(bytes, flags) {
        None => Parsed::Cut,
        Some((at, extra)) => {
            let crc_len = if flags & flag::CRC == 0 { 0 } else { 2 };
            let Some(stated) = bytes.get(at..at + crc_len) else { return Parsed::Cut };
            // The low half of the CRC of what stands before it.
            let crc = crc32fast::hash(&bytes[..at]).to_le_bytes();
            if crc_len != 0 && *stated != crc[..2] {
                return Parsed::Bad;
            }
            let block = extra.and_then(subfield).map(|size| usize::from(size) + 1);
            Parsed::Whole(Header { len: at + crc_len, block })
        }
    }
}

/// End of the optional fields, and the extra field's bytes; `None` when `bytes` are too few.
#[cfg(feature = "gzip")]
fn fields(bytes: &[u8], flags: u8) -> Option<(usize, Option<&[u8]>)> {
    let mut at = FIXED;
    let mut extra = None;
    if flags & flag::EXTRA != 0 {
        let field = extra_field(bytes)?;
        at += 2 + field.len();
        extra = Some(field);
    }
    for text in [flag::NAME, flag::COMMENT] {
        if flags & text != 0 {
            at += bytes.get(at..)?.iter().position(|&b| b == 0)? + 1;
        }
    }
    (bytes.len() >= at).then_some((at, extra))
}

/// The extra field that begins after the fixed part, when it is whole.
fn extra_field(bytes: &[u8]) -> Option<&[u8]> {
    let len = bytes.get(FIXED..FIXED + 2)?;
    let len = usize::from(u16::from_le_bytes([len[0], len[1]]));
    bytes.get(FIXED + 2..FIXED + 2 + len)
}

/// The value of the `BC` subfield of an extra field.
fn subfield(mut extra: &[u8]) -> Option<u16> {
    while let [a, b, l0, l1, rest @ ..] = extra {
        let len = usize::from(u16::from_le_bytes([*l0, *l1]));
        let data = rest.get(..len)?;
        if (*a, *b) == (b'B', b'C')
            && let [s0, s1] = data
        {
            return Some(u16::from_le_bytes([*s0, *s1]));
        }
        extra = &rest[len..];
    }
    None
}

/// Whether `start`, which begins with gzip's magic number, is that of a BGZF block.
pub(crate) fn is_bgzf(start: &[u8]) -> bool {
    start.get(3).is_some_and(|flags| flags & flag::EXTRA != 0)
        && extra_field(start).is_some_and(|f| subfield(f).is_some())
}

/// Whether more bytes could tell that `start`, which begins with gzip's magic number, is that of a BGZF block. A longer
/// extra field than BGZF writers make is not waited for.
pub(crate) fn undecided(start: &[u8]) -> bool {
    match start.get(3) {
        None => true,
        Some(flags) => {
            flags & (flag::EXTRA | flag::RESERVED) == flag::EXTRA && start.len() < FIXED + 8 && !is_bgzf(start)
        }
    }
}

#[cfg(all(test, feature = "gzip"))]
mod tests;
