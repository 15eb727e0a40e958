#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod batch;
mod boundary;
mod checks;
mod counts;
mod cursor;
mod cut;
mod error;
mod names;
mod paired;
mod pairs;
mod reader;
mod record;
mod scan;
mod simd;
mod split;
mod strict;
mod uniform;
mod writer;

pub use batch::{Iter, RecordBuffer};
pub use boundary::{RecordStart, find_last_record_start, find_record_start};
pub use checks::{Alphabet, Checks, QualityLength};
pub use counts::{gc_count, mean_quality, quality_sum};
pub use cursor::Skipped;
pub use error::{Mate, ParseError, ParseErrorKind, Part, Position};
pub use fqbuf_line::{Block, GrowthPolicy, PAGE, ReadAt, Source};
pub use names::MateCheck;
pub use paired::PairedReader;
pub use pairs::{PairBuffer, Pairs};
pub use reader::{Reader, ReaderBuilder, Records, SliceReader};
pub use record::{FastqRecord, InvalidRecord, RefRecord};
pub use split::{PartSource, even_part};
pub use writer::Writer;
