//! Checks beyond the format's structure: all off by default.
//!
//! A line is looked at whole, in vectors that the compiler makes for the widest unit (`simd.rs`), and searched for the bad byte
//! once there is one. The records of an index are looked at together, in one call.
//!
//! Time of reading in memory with [`Checks::strict`], in units of reading without: 150-base reads 1.47, trimmed 1.50, long 1.40 (2-core
//! Zen 4 guest, AMD EPYC family 25 model 17, 2026-11-27, medians of eight to 24 interleaved processes, `cargo xtask bench record`).
//! Record by record in a function of its own, in vectors of 16 bytes as of 32, 2.02, 2.22, 1.46; an index at a time, with
//! a loop over each line whatever its length, 1.36 to 1.47, 1.77, 1.38, as lengths that differ are mispredicted.

use crate::error::ParseErrorKind;
use crate::record::RefRecord;
use crate::scan::Entry;

/// Which sequence bytes are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alphabet {
    /// Every byte.
    #[default]
    Any,
    /// Printable ASCII without white space.
    Graphic,
    /// IUPAC nucleotide codes in either case, `U`, gaps `-` and `.`, and `*`.
    Iupac,
    /// `A C G T N` in either case.
    Dna,
}

impl Alphabet {
    /// Whether the alphabet has this byte.
    #[must_use]
    pub fn contains(self, base: u8) -> bool {
        match self {
            Self::Any => true,
            Self::Graphic => base.is_ascii_graphic(),
            Self::Iupac => beyond_codes(base) == 0,
            Self::Dna => beyond_bases(base) == 0,
        }
    }

    /// The same for a line; none where every line is right.
    #[inline(always)]
    fn rule(self) -> Option<Rule> {
        match self {
            Self::Any => None,
            Self::Graphic => Some(Rule::within(b'!', b'~')),
            Self::Iupac => Some(Rule::Iupac),
            Self::Dna => Some(Rule::Dna),
        }
    }
}

/// Whether the length of each quality line is verified, or taken for right where a line end stands in its place.
///
/// Trusting spares the search for line ends among the qualities of long reads, which is half of the bytes. Measure before you
/// take it: in memory, on a 2-core Zen 5 guest (2026-11-25, `cargo xtask bench record`), it was level with verifying. Short
/// reads are verified all the same where they can be, which is faster than one search after the other. All other rules hold
/// as before, and a quality without a line end in its place is looked at as ever: it ends in the same error.
///
/// **The risk**: a quality that has line ends *within* its length passes when another line end stands where the quality would
/// end. A quality that is too short is such a one when it and the lines behind it happen to add up: these lines are then
/// taken for qualities, the records in them are lost without an error, and the numbers of later lines and records are too
/// small. Take it for input that was verified before, or whose qualities are [checked](Checks::quality_range), where a line
/// end is out of range.
///
/// # Examples
/// ```
/// use fqbuf_record::{QualityLength, Reader};
///
/// # fn main() -> Result<(), fqbuf_record::ParseError> {
/// // The first quality is too short, the lines behind it fit.
/// let input = &b"@r1\nACGTACGTACG\n+\nI\n@r2\nA\n+\nI\n@r3\nA\n+\nI\n"[..];
/// assert!(Reader::new(input).next_record().is_err());
/// let mut reader = Reader::builder().quality_length(QualityLength::Trusted).build(input);
/// assert_eq!(reader.next_record()?.map(|r| r.qual().to_vec()), Some(b"I\n@r2\nA\n+\nI".to_vec()));
/// assert_eq!(reader.next_record()?.map(|r| r.id().to_vec()), Some(b"r3".to_vec()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QualityLength {
    /// A quality line of another length than its sequence is an error, always.
    #[default]
    Verified,
    /// A quality line ends where the length of its sequence says, if a line end stands there.
    Trusted,
}

/// Optional checks of each record: quality range, title after `+`, alphabet of the sequence.
///
/// # Examples
/// ```
/// use fqbuf_record::{Alphabet, Checks, Reader};
///
/// let checks = Checks::none().quality_range(b'!'..=b'J').alphabet(Alphabet::Dna);
/// let mut reader = Reader::builder().checks(checks).build(&b"@r1\nACGT\n+\nIIIK\n"[..]);
/// assert!(reader.next_record().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Least and greatest quality byte accepted.
    quality: Option<(u8, u8)>,
    /// Whether a title after `+` has to be the header's.
    title: bool,
    alphabet: Alphabet,
}

impl Checks {
    /// No check beyond the format's structure; the default.
    #[must_use]
    pub const fn none() -> Self {
        Self { quality: None, title: false, alphabet: Alphabet::Any }
    }

    /// Qualities in `!..=~`, a title after `+` equal to the header where there is one, no white space in sequences.
    #[must_use]
    pub const fn strict() -> Self {
        Self { quality: Some((b'!', b'~')), title: true, alphabet: Alphabet::Graphic }
    }

    /// Accepts quality bytes in `range` only (the raw bytes: `b'!'` is Phred 0 in Sanger's encoding). Default: all.
    #[must_use]
    pub const fn quality_range(mut self, range: std::ops::RangeInclusive<u8>) -> Self {
        self.quality = Some((*range.start(), *range.end()));
        self
    }

    /// Whether a title after `+` has to equal the header; an absent one is always accepted. Default: no.
    #[must_use]
    pub const fn title(mut self, on: bool) -> Self {
        self.title = on;
        self
    }

    /// Accepts bases of `alphabet` only. Default: [`Alphabet::Any`].
    #[must_use]
    pub const fn alphabet(mut self, alphabet: Alphabet) -> Self {
        self.alphabet = alphabet;
        self
    }

    /// Whether any check is on.
    pub(crate) fn any(&self) -> bool {
        *self != Self::none()
    }

    /// Whether the record breaks no rule. To become part of what is compiled for a unit.
    #[inline(always)]
    fn is_kept(&self, record: &RefRecord<'_>) -> bool {
        if let Some(rule) = self.alphabet.rule()
            && !holds(rule, record.seq())
        {
            return false;
        }
        if let Some((min, max)) = self.quality
            && !holds(Rule::within(min, max), record.qual())
        {
            return false;
        }
        !self.has_wrong_title(record)
    }

    #[inline(always)]
    fn has_wrong_title(&self, record: &RefRecord<'_>) -> bool {
        self.title && !record.is_bare() && !record.title().is_empty() && record.title() != record.head()
    }

    /// The first rule that the record breaks: its kind, the line of the record (0 to 3), and that line's offset.
    pub(crate) fn fault(&self, record: &RefRecord<'_>) -> Option<(ParseErrorKind, usize, usize)> {
        let offset_of = |part: &[u8]| part.as_ptr() as usize - record.as_bytes().as_ptr() as usize;
        let seq = record.seq();
        if let Some(at) = seq.iter().position(|&base| !self.alphabet.contains(base)) {
            let kind = ParseErrorKind::InvalidBase { found: seq[at], column: at as u64 + 1 };
            return Some((kind, 1, offset_of(seq)));
        }
        if self.has_wrong_title(record) {
            return Some((ParseErrorKind::TitleMismatch, 2, offset_of(record.title()) - 1));
        }
        let (min, max) = self.quality?;
        let qual = record.qual();
        let at = qual.iter().position(|q| !(min..=max).contains(q))?;
        let kind = ParseErrorKind::QualityOutOfRange { found: qual[at], min, max, column: at as u64 + 1 };
        Some((kind, 3, offset_of(qual)))
    }
}

/// How many of the first records break no rule. To become part of what is compiled for a unit.
#[inline(always)]
pub(crate) fn passing(checks: &Checks, data: &[u8], entries: &[Entry]) -> usize {
    // No closure: it was a function of its own, without the unit.
    for (n, entry) in entries.iter().enumerate() {
        if !checks.is_kept(&RefRecord::of(data, entry)) {
            return n;
        }
    }
    entries.len()
}

/// What each byte of a line has to be.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// No less than `min`, and no greater by more than `span`.
    Within { min: u8, span: u8 },
    /// Nothing: no byte is right.
    Never,
    /// One of [`Alphabet::Iupac`].
    Iupac,
    /// One of [`Alphabet::Dna`].
    Dna,
}

/// Bytes from the first on, and by how much the last is greater.
type Range = (u8, u8);

/// The bases, as capitals.
const BASES: [Range; 5] = [(b'A', 0), (b'C', 0), (b'G', 0), (b'T', 0), (b'N', 0)];
/// The codes, as capitals: A to D, G H, K, M N, R to W, Y.
const CODES: [Range; 6] = [(b'A', 3), (b'G', 1), (b'K', 0), (b'M', 1), (b'R', 5), (b'Y', 0)];
/// Gaps, and the star.
const GAPS: [Range; 2] = [(b'-', 1), (b'*', 0)];
/// What a letter is a capital without.
const CAPITAL: u8 = !0x20;

impl Rule {
    #[inline(always)]
    fn within(min: u8, max: u8) -> Self {
        max.checked_sub(min).map_or(Self::Never, |span| Self::Within { min, span })
    }
}

/// Whether all bytes are as the rule wants them.
#[inline(always)]
fn holds(rule: Rule, bytes: &[u8]) -> bool {
    match rule {
        Rule::Within { min, span } => all(bytes, |byte| beyond(byte, (min, span))),
        Rule::Never => bytes.is_empty(),
        Rule::Dna => all(bytes, beyond_bases),
        Rule::Iupac => all(bytes, beyond_codes),
    }
}

/// Bytes that are looked at together; the compiler makes vector code of a loop over so many.
const LANES: usize = 32;

/// Vectors for a read's line, whatever its length: reads differ in it, and a branch on it would be mispredicted about once a line.
const STEPS: usize = 5;

/// Whether `wrong` is 0 for all bytes. Without an early exit: good input is looked at whole anyway.
#[inline(always)]
fn all(bytes: &[u8], wrong: impl Fn(u8) -> u8) -> bool {
    let Some(last) = bytes.last_chunk::<LANES>() else { return bytes.iter().all(|byte| wrong(*byte) == 0) };
    let mut lanes = [0; LANES];
    let mut look = |chunk: &[u8; LANES]| {
        for i in 0..LANES {
            lanes[i] |= wrong(chunk[i]);
        }
    };
    // What is looked at more than once is right or wrong each time.
    if bytes.len() <= STEPS * LANES {
        for step in 0..STEPS {
            let at = (bytes.len() - LANES).min(step * LANES);
            bytes[at..].first_chunk().map(&mut look);
        }
    } else {
        bytes.as_chunks().0.iter().for_each(&mut look);
        look(last);
    }
    lanes.iter().fold(0, |all, lane| all | lane) == 0
}

/// 0 for a byte of [`Alphabet::Dna`].
#[inline(always)]
fn beyond_bases(byte: u8) -> u8 {
    beyond_all(byte & CAPITAL, &BASES)
}

/// 0 for a byte of [`Alphabet::Iupac`].
#[inline(always)]
fn beyond_codes(byte: u8) -> u8 {
    beyond_all(byte & CAPITAL, &CODES).min(beyond_all(byte, &GAPS))
}

/// By how much a byte is beyond the range; what is below wraps around.
#[inline(always)]
fn beyond(byte: u8, (min, span): Range) -> u8 {
    byte.wrapping_sub(min).saturating_sub(span)
}

/// By how much a byte is beyond the nearest of the ranges.
#[inline(always)]
fn beyond_all<const N: usize>(byte: u8, ranges: &[Range; N]) -> u8 {
    let mut least = u8::MAX;
    for range in ranges {
        least = least.min(beyond(byte, *range));
    }
    least
}

#[cfg(test)]
mod tests;
