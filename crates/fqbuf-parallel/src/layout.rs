//! What differs between inputs of single records and of mates: what a closure is given.

use fqbuf_record::{Position, ReaderBuilder, RefRecord, SliceReader};

use crate::feed::Span;
use crate::records::{Frame, Records, Tally};

/// What the closures of a run are given: records ([`Single`]) or mates ([`Paired`](crate::Paired)). Not for other crates to
/// implement.
pub trait Layout: Sealed {
    /// What a record closure is given.
    type Item<'d>;
    /// What a batch closure is given: an iterator over the items of a block.
    type Batch<'d>: Iterator<Item = Self::Item<'d>> + Batch;

    /// Whether items are mates.
    #[doc(hidden)]
    const MATES: bool;

    /// The items of a block.
    #[doc(hidden)]
    fn batch<'d>(parts: [Option<Part<'d>>; 2], frame: Frame<'d>) -> Self::Batch<'d>;
}

/// Keeps [`Layout`] to this crate.
pub trait Sealed {}

/// The bytes of a block that are of one input.
pub struct Part<'d> {
    /// All that is visible of the input: the block, and what is behind its cut.
    pub(crate) data: &'d [u8],
    pub(crate) span: Span,
    pub(crate) reader: &'d ReaderBuilder,
    /// A reader to begin anew, if there is one.
    pub(crate) spare: Option<Spare>,
}

/// A reader between two blocks, kept for its memory.
pub(crate) type Spare = SliceReader<'static>;

/// Items of a block, and what became of them.
pub trait Batch {
    /// Reads what is left, and tells what there was.
    fn finish(self) -> (Tally, [Option<Spare>; 2]);

    /// Tells what there was up to here, all of it taken by the closure.
    fn stop(self) -> (Tally, [Option<Spare>; 2]);

    /// The item that was taken last, or the one to come where none was: its record and line counted from the block's start.
    fn place(&self) -> Position;

    /// Whether an error has ended the block.
    fn failed(&self) -> bool;
}

/// One input, whose closures are given a [`RefRecord`].
#[derive(Debug)]
pub enum Single {}

impl Sealed for Single {}

impl Layout for Single {
    type Item<'d> = RefRecord<'d>;
    type Batch<'d> = Records<'d>;
    const MATES: bool = false;

    fn batch<'d>(parts: [Option<Part<'d>>; 2], frame: Frame<'d>) -> Records<'d> {
        let [Some(part), _] = parts else { unreachable!("a block has a part") };
        Records::new(part, frame)
    }
}
