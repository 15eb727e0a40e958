//! Generated FASTQ for tests and benchmarks: seeded, the same bytes on every machine.
//!
//! Nothing here is for users of fqbuf; the crate is not published. It holds four things:
//!
//! * [`write()`], [`write_pair`] and [`to_vec`]: data sets of any size, streamed, in integer arithmetic only;
//! * [`sample`]: the data set shipped with the facade, from fixed parameters;
//! * [`conformance`]: small inputs, each with the outcome that a strict reader must give;
//! * [`oracle`]: a reader too simple to be wrong, for tests that compare.
//!
//! # Examples
//!
//! ```
//! use fqbuf_benches::{Kind, Size, oracle, to_vec};
//!
//! let (bytes, totals) = to_vec(Kind::Illumina, 7, Size::Records(100));
//! assert_eq!(oracle(&bytes), Ok(totals));
//! assert_eq!(totals.bases, 100 * 150);
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "gzip")]
mod compress;
mod conformance;
mod generate;
mod oracle;
mod rng;
mod sample;
mod shape;

#[cfg(feature = "gzip")]
pub use crate::compress::{BGZF_EOF, Bgzf, bgzf, gzip};
pub use crate::{
    conformance::{Case, Check, conformance},
    generate::{Kind, ParseSizeError, Size, Totals, UnknownKind, to_vec, write, write_pair},
    oracle::{Fault, FaultKind, oracle},
    rng::Rng,
    sample::{SAMPLE_RECORDS, SAMPLE_SEED, sample},
};
