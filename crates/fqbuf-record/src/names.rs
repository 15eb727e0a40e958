//! Whether two names are those of mates.
//!
//! What the pipelines write: the same id in both files (with ` 1:N:0:…` and ` 2:N:0:…` behind it, say), or an id that ends
//! in the mate's number after a separator: `/1` and `/2` by old Illumina software and by most simulators, `.1` and `.2` by
//! the archives' tools, `_1` and `_2` by scripts. Number and separator are needed: a rule that lets any last digit differ
//! takes `x:1051` and `x:1052`, two neighbours on a flow cell, for mates.

use crate::record::id_of;

/// How the names of two mates are compared. Descriptions are never looked at.
///
/// # Examples
/// ```
/// use fqbuf_record::MateCheck;
///
/// assert!(MateCheck::Ids.accepts(b"read7 1:N:0:ACGT", b"read7 2:N:0:ACGT"));
/// assert!(MateCheck::Ids.accepts(b"read7/1", b"read7/2"));
/// assert!(!MateCheck::Ids.accepts(b"read7/2", b"read7/1"));
/// assert!(!MateCheck::FirstWord.accepts(b"read7/1", b"read7/2"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MateCheck {
    /// The ids are equal, or differ only in the `1` and `2` of an ending `/1` and `/2`, `.1` and `.2`, or `_1` and `_2`, in
    /// this order. Twice `/1`, or twice `/2`, is the same mate twice, and refused.
    ///
    /// Reads that are only numbered pass for mates where the numbers are 1 and 2: `SRR1.1` and `SRR1.2`, or `read_1` and
    /// `read_2`, the first two of a file. The next ones (`SRR1.3` and `SRR1.4`) do not, so that an unpaired file that is taken
    /// for an interleaved one is an error at its second pair; one of two records is not told.
    #[default]
    Ids,
    /// The ids, up to the first space or tab, are equal byte by byte.
    FirstWord,
    /// No comparison.
    Off,
}

impl MateCheck {
    /// Whether the headers (without `@`) of a first and a second mate go together.
    #[must_use]
    pub fn accepts(self, first: &[u8], second: &[u8]) -> bool {
        match self {
            Self::Off => true,
            Self::FirstWord => id_of(first) == id_of(second),
            Self::Ids => {
                let id = id_of(first);
                // Equal ids are the common case, and cost one search.
                if second.strip_prefix(id).is_some_and(|rest| matches!(rest, [] | [b' ' | b'\t', ..])) {
                    return !matches!(id, [_, .., b'/', b'1' | b'2']);
                }
                match (id, id_of(second)) {
                    ([a @ .., b'1'], [b @ .., b'2']) => a == b && matches!(a, [_, .., b'/' | b'.' | b'_']),
                    _ => false,
                }
            }
        }
    }
}
