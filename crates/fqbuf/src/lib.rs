#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[doc = include_str!("../docs/guide.md")]
pub mod guide {}

mod open;

pub use fqbuf_arena as arena;
pub use fqbuf_line as line;
pub use fqbuf_parallel as parallel;
pub use fqbuf_pool as pool;
pub use fqbuf_record as record;
pub use fqbuf_ring as ring;
pub use fqbuf_stats as stats;
pub use fqbuf_stream as stream;

pub use fqbuf_arena::*;
pub use fqbuf_line::{
    Block, GrowthPolicy, LineBuffer, LineBufferBuilder, LineReader, LineTooLong, PAGE, ReadAt, Source,
};
pub use fqbuf_parallel::{
    ClosureError, Done, Error, Input, MemoryError, Monitor, Outcome, Outputs, Pair, Paired, Pipeline, Run, Single,
    Summary,
};
pub use fqbuf_pool::*;
pub use fqbuf_record::*;
pub use fqbuf_ring::*;
pub use fqbuf_stats::*;
pub use fqbuf_stream::{Format, Progress, ReadAhead, Stream, StreamBuilder, StreamError, StreamErrorKind};
pub use open::{open, open_with};
