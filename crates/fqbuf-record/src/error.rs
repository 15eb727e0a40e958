//! What is wrong, and where: kind, position, id of the record, name of the source, and a hint.

use std::fmt;
use std::io;
use std::sync::Arc;

/// Most bytes of an id that an error keeps.
const ID_LIMIT: usize = 256;

const CUT_OFF: &str = "the file was cut off; fetch it again or drop its last record";

/// A place in the input. Records and lines count from 1, bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Number of the record, from 1.
    pub record: u64,
    /// Number of the line, from 1.
    pub line: u64,
    /// Offset of the line's first byte, from 0, in the uncompressed input.
    pub byte: u64,
}

impl Position {
    /// The start of every input: record 1, line 1, byte 0.
    pub const START: Self = Self { record: 1, line: 1, byte: 0 };
}

impl Default for Position {
    fn default() -> Self {
        Self::START
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} (line {}, byte {})", self.record, self.line, self.byte)
    }
}

/// The line of a record after which the input ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The `@` line.
    Header,
    /// The line of bases.
    Sequence,
    /// The `+` line.
    Separator,
}

/// The rule that the input breaks.
#[derive(Debug)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A header line does not begin with `@`, but with this byte.
    MissingAt {
        /// The byte found.
        found: u8,
    },
    /// A blank line that is not after the last record.
    BlankLine,
    /// A sequence begins with `@`: record starts would be ambiguous.
    SequenceStartsWithAt,
    /// The third line of a record does not begin with `+`, but with this byte.
    MissingPlus {
        /// The byte found; a line end when the line is blank.
        found: u8,
    },
    /// Sequence and quality line differ in length.
    UnequalLengths {
        /// Bytes of the sequence.
        seq: u64,
        /// Bytes of the quality.
        qual: u64,
    },
    /// The input ends inside a record.
    Truncated {
        /// The last line there is.
        after: Part,
    },
    /// A record takes more bytes than the growth policy, or the batch that it was for, allows; or both records of a pair do
    /// together.
    RecordTooLong {
        /// Bytes that a record, or a pair, may take.
        limit: usize,
    },
    /// A batch was to be filled that has room for no record.
    NoCapacity,
    /// A quality byte is outside the range asked for.
    QualityOutOfRange {
        /// The byte found.
        found: u8,
        /// Least byte allowed.
        min: u8,
        /// Greatest byte allowed.
        max: u8,
        /// Its place in the line, from 1.
        column: u64,
    },
    /// The `+` line has a title that differs from the header's.
    TitleMismatch,
    /// A sequence byte is not of the alphabet asked for.
    InvalidBase {
        /// The byte found.
        found: u8,
        /// Its place in the line, from 1.
        column: u64,
    },
    /// The names of two mates differ.
    MateMismatch {
        /// Number of the pair, from 1.
        pair: u64,
        /// The second mate.
        other: Box<Mate>,
    },
    /// One of two paired inputs has ended, the other has not; position and id are those of the record without a mate.
    UnequalMates {
        /// The input that has ended, and where its next record would begin; the id is empty.
        other: Box<Mate>,
        /// Whether that is the input of the first mates.
        first: bool,
    },
    /// An interleaved input ends after the first mate of a pair; position and id are that mate's.
    OddMates,
    /// The allocator refused memory for a record.
    OutOfMemory,
    /// Reading failed.
    Io(io::Error),
}

/// The other of two mates, as an error names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mate {
    /// Its id, without `@`, shortened to 256 bytes.
    pub id: Box<[u8]>,
    /// Name of the source that it is from.
    pub source_name: Option<Arc<str>>,
    /// Where it stands.
    pub position: Position,
}

/// Broken input or failed reading, with the place of it. As small as a pointer.
///
/// Display gives one line that names source, record, line and byte; [`ParseError::report`] adds the id and a hint.
///
/// # Examples
/// ```
/// use fqbuf_record::{ParseErrorKind, Reader};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut reader = Reader::builder().source_name("a.fq").build(&b"@r1\nACGT\n+\nIII\n"[..]);
/// let Err(error) = reader.next_record() else { return Err("accepted".into()) };
/// assert!(matches!(error.kind(), ParseErrorKind::UnequalLengths { seq: 4, qual: 3 }));
/// assert_eq!(error.position().line, 4);
/// assert_eq!(error.to_string(), "a.fq: record 1 (line 4, byte 11): quality has 3 characters, sequence has 4");
/// # Ok(())
/// # }
/// ```
pub struct ParseError(Box<Inner>);

struct Inner {
    kind: ParseErrorKind,
    position: Position,
    id: Option<Box<[u8]>>,
    source: SourceInfo,
    sign: Sign,
}

/// What the bytes of a bad record tell beyond the rule that they break.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sign {
    #[default]
    None,
    /// Its header goes on behind a carriage return.
    LoneCr,
    /// The input ends inside its quality.
    CutOff,
}

/// What an error says of the input: its name, whether its byte offsets are of uncompressed data, and whether records and lines
/// are counted from somewhere behind its start.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceInfo {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) compressed: bool,
    pub(crate) part: bool,
}

impl SourceInfo {
    /// `record 3 (line 12, byte 100 uncompressed)`.
    fn place(&self, position: Position) -> impl fmt::Display {
        let Position { record, line, byte } = position;
        let unit = if self.compressed { " uncompressed" } else { "" };
        match self.part {
            false => format!("record {record} (line {line}, byte {byte}{unit})"),
            true => format!("record {record} of a part (line {line} of it, byte {byte}{unit})"),
        }
    }
}

impl ParseError {
    pub(crate) fn new(kind: ParseErrorKind, position: Position, id: Option<&[u8]>, source: &SourceInfo) -> Self {
        let id = id.map(shorten);
        Self(Box::new(Inner { kind, position, id, source: source.clone(), sign: Sign::None }))
    }

    pub(crate) fn with_sign(mut self, sign: Sign) -> Self {
        self.0.sign = sign;
        self
    }

    /// The rule that was broken.
    #[must_use]
    pub fn kind(&self) -> &ParseErrorKind {
        &self.0.kind
    }

    /// Where: the record, the line that breaks the rule, and that line's first byte.
    #[must_use]
    pub fn position(&self) -> Position {
        self.0.position
    }

    /// Id of the record, without `@`, shortened to 256 bytes; `None` when its header is not known.
    #[must_use]
    pub fn id(&self) -> Option<&[u8]> {
        self.0.id.as_deref()
    }

    /// Name of the input, where one was given.
    #[must_use]
    pub fn source_name(&self) -> Option<&str> {
        self.0.source.name.as_deref()
    }

    /// The reader's error, when reading failed.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.0.kind {
            ParseErrorKind::Io(e) => Some(e),
            _ => None,
        }
    }

    /// Whether the input is to blame, not the reading of it: a bad record that may be skipped.
    #[must_use]
    pub fn is_format(&self) -> bool {
        !matches!(self.0.kind, ParseErrorKind::Io(_) | ParseErrorKind::NoCapacity | ParseErrorKind::OutOfMemory)
    }

    /// Moves the position on by the records, lines and bytes that precede it: for a part of an input whose own place became
    /// known later. Before, Display says that records and lines are those of a part.
    #[must_use]
    pub fn offset_by(mut self, records: u64, lines: u64, bytes: u64) -> Self {
        let position = &mut self.0.position;
        position.record += records;
        position.line += lines;
        position.byte += bytes;
        self.0.source.part = false;
        self
    }

    /// Moves on, in an error about two mates, the number of the pair and the place of the other one in its input; any other
    /// error stays as it is.
    #[must_use]
    pub fn offset_mate_by(mut self, pairs: u64, records: u64, lines: u64, bytes: u64) -> Self {
        let other = match &mut self.0.kind {
            ParseErrorKind::MateMismatch { pair, other } => {
                *pair += pairs;
                other
            }
            ParseErrorKind::UnequalMates { other, .. } => other,
            _ => return self,
        };
        other.position.record += records;
        other.position.line += lines;
        other.position.byte += bytes;
        self
    }

    /// What the user may do about it, where something is known to help.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        let Inner { kind, position, id, sign, .. } = &*self.0;
        let id = id.as_deref().unwrap_or_default();
        match sign {
            Sign::LoneCr => return Some("lines seem to end in a lone carriage return; convert them to line feeds"),
            Sign::CutOff => return Some(CUT_OFF),
            Sign::None => {}
        }
        Some(match kind {
            ParseErrorKind::MissingAt { found } if position.byte == 0 => return hint_of_start(*found),
            ParseErrorKind::SequenceStartsWithAt if matches!(id, b"HD" | b"SQ" | b"RG" | b"PG" | b"CO") => {
                "this looks like SAM; convert it first (samtools fastq)"
            }
            ParseErrorKind::MissingPlus { .. } => {
                "a record has four lines; unwrap multi-line FASTQ first (seqtk seq -l 0)"
            }
            ParseErrorKind::BlankLine => "blank lines are accepted after the last record only",
            ParseErrorKind::Truncated { .. } => CUT_OFF,
            ParseErrorKind::RecordTooLong { .. } => {
                "raise the limit of the growth policy, or of the batch, if reads are that long"
            }
            ParseErrorKind::QualityOutOfRange { .. } => "qualities of old Illumina pipelines have another offset",
            ParseErrorKind::MateMismatch { .. } => "the input is out of order or lacks a read",
            ParseErrorKind::UnequalMates { .. } => {
                "the files of a pair have the same number of records; one was cut off"
            }
            ParseErrorKind::OddMates => "an interleaved file has an even number of records; this one was cut off",
            _ => return None,
        })
    }

    /// The error as a tool shows it: Display, then id and hint on a line of their own where they are known.
    #[must_use]
    pub fn report(&self) -> impl fmt::Display + '_ {
        Report(self)
    }
}

/// What a file may be that begins with this byte.
fn hint_of_start(found: u8) -> Option<&'static str> {
    Some(match found {
        0xEF => "the file begins with a UTF-8 byte order mark; remove it",
        b'>' => "this looks like FASTA, which has no qualities",
        0x1F | 0x28 | 0xFD => "this looks compressed; decompress it first, or have it opened by its path",
        0xFE | 0xFF => "this looks like UTF-16; convert it to plain ASCII",
        b'<' => "this looks like HTML or XML: an error page instead of the file, perhaps",
        b'P' => "if this is a zip archive, unpack it first",
        0 => "this is no text; UTF-16, perhaps, or binary data",
        _ => return None,
    })
}

struct Report<'a>(&'a ParseError);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(error) = self;
        write!(f, "{error}")?;
        match (error.id().filter(|id| !id.is_empty()), error.hint()) {
            (Some(id), Some(hint)) => write!(f, "\n  id: {}   hint: {hint}", Escaped(id)),
            (Some(id), None) => write!(f, "\n  id: {}", Escaped(id)),
            (None, Some(hint)) => write!(f, "\n  hint: {hint}"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, position, id, source, .. } = &*self.0;
        match kind {
            ParseErrorKind::MateMismatch { pair, other } => {
                let id = id.as_deref().unwrap_or_default();
                write!(f, "R1/R2 differ at pair {pair}: ")?;
                write!(f, "\"{}\" vs \"{}\" (", Escaped(id), Escaped(&other.id))?;
                return write!(f, "{}, {})", Place(source.name.as_deref(), *position), other.place());
            }
            ParseErrorKind::UnequalMates { other, first } => {
                let id = Escaped(id.as_deref().unwrap_or_default());
                let (there, ended) = (Place(source.name.as_deref(), *position), other.place());
                write!(f, "R1/R2 differ at pair {}: ", position.record)?;
                return match first {
                    true => write!(f, "end of input vs \"{id}\" ({ended}, {there})"),
                    false => write!(f, "\"{id}\" vs end of input ({there}, {ended})"),
                };
            }
            ParseErrorKind::Io(e) => {
                let said = e.to_string();
                match &source.name {
                    // An error that names the input itself, a stream's for one, needs no second time.
                    Some(name) if !said.starts_with(&format!("{name}: ")) => write!(f, "{name}: ")?,
                    _ => {}
                }
                return write!(f, "{said}, reading {}", source.place(*position));
            }
            _ => {}
        }
        if let Some(name) = &source.name {
            write!(f, "{name}: ")?;
        }
        write!(f, "{}: {kind}", source.place(*position))
    }
}

impl Mate {
    fn place(&self) -> Place<'_> {
        Place(self.source_name.as_deref(), self.position)
    }
}

/// `name line 9`, or `line 9` of an input without a name.
struct Place<'a>(Option<&'a str>, Position);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "{name} line {}", self.1.line),
            None => write!(f, "line {}", self.1.line),
        }
    }
}

impl fmt::Display for ParseErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingAt { found } => write!(f, "header begins with {}, not with '@'", Byte(*found)),
            Self::BlankLine => f.write_str("blank line where a header is due"),
            Self::SequenceStartsWithAt => f.write_str("sequence begins with '@'"),
            Self::MissingPlus { found: b'\n' | b'\r' } => f.write_str("third line is blank, not '+'"),
            Self::MissingPlus { found } => write!(f, "third line begins with {}, not with '+'", Byte(*found)),
            Self::UnequalLengths { seq, qual } => {
                let s = if *qual == 1 { "" } else { "s" };
                write!(f, "quality has {qual} character{s}, sequence has {seq}")
            }
            Self::Truncated { after } => {
                let after = match after {
                    Part::Header => "header",
                    Part::Sequence => "sequence",
                    Part::Separator => "'+'",
                };
                write!(f, "input ends after the {after} line of a record")
            }
            Self::RecordTooLong { limit } => write!(f, "record takes more than the limit of {limit} bytes"),
            Self::NoCapacity => f.write_str("batch has a capacity of 0 records"),
            Self::QualityOutOfRange { found, min, max, column } => {
                write!(f, "quality {} in column {column} is outside {}..={}", Byte(*found), Byte(*min), Byte(*max))
            }
            Self::TitleMismatch => f.write_str("title after '+' differs from the header"),
            Self::InvalidBase { found, column } => {
                write!(f, "base {} in column {column} is not of the alphabet", Byte(*found))
            }
            Self::MateMismatch { .. } => f.write_str("names of the mates differ"),
            Self::UnequalMates { .. } => f.write_str("unequal numbers of mates"),
            Self::OddMates => f.write_str("input ends after the first mate of a pair, the second is missing"),
            Self::OutOfMemory => f.write_str("no memory for the record"),
            Self::Io(e) => write!(f, "{e}"),
        }
    }
}

/// A byte as a person reads it: the character in quotes, or its value.
struct Byte(u8);

impl fmt::Display for Byte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b if b.is_ascii_graphic() || b == b' ' => write!(f, "'{}'", char::from(b)),
            b => write!(f, "byte 0x{b:02x}"),
        }
    }
}

/// Bytes of a name, what is not printable escaped.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// The first bytes of an id, for an error to keep.
pub(crate) fn shorten(id: &[u8]) -> Box<[u8]> {
    Box::from(&id[..id.len().min(ID_LIMIT)])
}

impl fmt::Debug for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParseError")
            .field("kind", &self.0.kind)
            .field("position", &self.0.position)
            .field("id", &self.0.id.as_deref().map(|id| id.escape_ascii().to_string()))
            .field("source_name", &self.0.source.name)
            .finish()
    }
}

impl std::error::Error for ParseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ParseErrorKind::Io(e) => Some(e),
            _ => None,
        }
    }
}

impl From<ParseError> for io::Error {
    /// The reader's own kind when reading failed; `UnexpectedEof` for a record that the end of input has
    /// cut off, inside its quality too, `InvalidData` for other bad input.
    fn from(error: ParseError) -> Self {
        let kind = match &error.0.kind {
            ParseErrorKind::Io(e) => e.kind(),
            ParseErrorKind::Truncated { .. } => io::ErrorKind::UnexpectedEof,
            _ if error.0.sign == Sign::CutOff => io::ErrorKind::UnexpectedEof,
            ParseErrorKind::NoCapacity => io::ErrorKind::InvalidInput,
            ParseErrorKind::OutOfMemory => io::ErrorKind::OutOfMemory,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
