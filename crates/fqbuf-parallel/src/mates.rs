//! Cutting two inputs, or one in which mates alternate, so that mates stay together.
//!
//! A serial reader begins records at the first bytes of both blocks. If the first `n` records of an input are good, they
//! are its first `4 n` lines; if not, the worker meets the error among these lines. So inputs are cut after the same
//! number of lines, counted at memory speed, and nothing is parsed under the lock. All that an error needs is visible: the
//! lines are whole, and of an input that goes on, the last cut by `last_cut`, which is a line of text, stands at or behind
//! them (which matters for blank lines alone).
//!
//! Where bad records are skipped, lines do not tell records; then the blocks are parsed here, under the lock, the way the
//! workers will parse them.
//!
//! Whole blocks are read of memory and of regular files alone. Who writes two pipes may write to them by turns, and waits where
//! one is full; so of anything else no more is read than the record that a serial reader would wait for.

use std::io;

use fqbuf_record::ReaderBuilder;

use crate::board::{Refusal, Slot};
use crate::cut::{Front, last_cut, line_end, lines_in};
use crate::feed::{Claim, Span, Stream, Tail, first, second};
use crate::layout::Part;
use crate::records::Lane;

/// The lines of two records, each looked for in ever larger steps, and some.
const LOOKS: u32 = 100;

/// What a block of one of two inputs has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Has {
    /// So many whole records, or fewer before an error that is visible, where reading fails for one; at least one.
    Records(u64),
    /// No record, and none will come.
    Nothing,
    /// A bad record at its front.
    Fault,
    /// The beginning of a record.
    Beginning,
}

/// A block of each of two inputs, with as many records in both; `None` at the end of both.
pub(crate) fn claim<'a>(
    one: &mut Stream<'a>,
    two: &mut Stream<'a>,
    claim: Claim<'_, '_>,
    other: &ReaderBuilder,
    slot: &mut Slot,
) -> Result<Option<[Span; 2]>, Refusal> {
    let claims = [claim, Claim { reader: other, ..claim }];
    let in_step = one.waits() || two.waits();
    // What is left over of one input is not added to each time: the records of one may be longer than those of the other.
    if in_step {
        one.place(claims[0], slot, first, claim.size)?;
        two.place(claims[1], slot, second, claim.size).map_err(Refusal::of_second)?;
    } else {
        one.load(claims[0], slot, first, claim.size)?;
        two.load(claims[1], slot, second, claim.size).map_err(Refusal::of_second)?;
    }
    let mut looks = 0;
    loop {
        looks += 1;
        // After so many looks line by line it is no record that comes, and all that is held is looked at again each time.
        let fill = if in_step && looks <= LOOKS { Stream::fill_a_line } else { Stream::fill_more };
        if one.ended() && two.ended() {
            let none = slot.block.is_empty() && slot.mate.is_empty() && !one.failed() && !two.failed();
            return Ok(if none { None } else { Some([one.last(slot.block.len()), two.last(slot.mate.len())]) });
        }
        let a = has(one, slot.block.data(), &claims[0]);
        let b = has(two, slot.mate.data(), &claims[1]);
        let records = match (a, b) {
            (Has::Beginning, _) => {
                fill(one, claims[0], slot, first)?;
                continue;
            }
            // The worker will meet the error with the first pair, and before it looks at the second mate.
            (Has::Fault, _) => return Ok(Some([one.fault(), two.fault()])),
            (_, Has::Beginning) if begins_with_error(one, slot.block.data(), &claims[0]) => {
                return Ok(Some([one.fault(), two.fault()]));
            }
            (_, Has::Beginning) => {
                fill(two, claims[1], slot, second).map_err(Refusal::of_second)?;
                continue;
            }
            (_, Has::Fault) => return Ok(Some([one.fault(), two.fault()])),
            (Has::Records(a), Has::Records(b)) => a.min(b),
            (Has::Records(n), Has::Nothing) | (Has::Nothing, Has::Records(n)) => n,
            (Has::Nothing, Has::Nothing) => unreachable!("then both have ended"),
        };
        let a = part(one, claims[0], slot.block.data(), a, records)?;
        let b = part(two, claims[1], slot.mate.data(), b, records).map_err(Refusal::of_second)?;
        return Ok(Some([a, b]));
    }
}

/// The block of an input up to the end of so many records.
fn part(stream: &mut Stream<'_>, claim: Claim<'_, '_>, data: &[u8], has: Has, records: u64) -> Result<Span, Refusal> {
    if stream.ended() && (has == Has::Nothing || has == Has::Records(records)) {
        return Ok(stream.last(data.len()));
    }
    let cut = match claim.skip {
        false => line_end(data, 4 * records),
        true => boundary(data, stream, &claim, records),
    };
    match cut {
        Some(cut) => stream.cut(claim, data, cut),
        None => unreachable!("the records were counted"),
    }
}

fn has(stream: &Stream<'_>, data: &[u8], claim: &Claim<'_, '_>) -> Has {
    let records = match (stream.ended(), claim.skip) {
        (true, false) => {
            // Blank lines behind the last record are none, but for one that is its empty quality. What follows the last whole record is
            // one too, or an error.
            let text = data.iter().rposition(|b| !matches!(b, b'\r' | b'\n'));
            let records = text.map_or(0, |last| (lines_in(&data[..last]) + 1).div_ceil(4));
            // A failure behind a whole record is met where the next one is read, and in the last one where that is not whole.
            records + u64::from(stream.failed() && 4 * records <= lines_in(data))
        }
        // What comes before a failure is one record more, or the error.
        (true, true) => parsed(data, usize::MAX, stream, claim) + u64::from(stream.failed()),
        (false, skip) => {
            let cut = last_cut(data, true, claim.limit);
            cut.map_or(0, |cut| if skip { parsed(data, cut, stream, claim) } else { lines_in(&data[..cut]) / 4 })
        }
    };
    if records > 0 {
        return Has::Records(records);
    }
    if stream.ended() {
        return Has::Nothing;
    }
    match claim.front(data, 1) {
        Front::Cut(cut) => Has::Records(lines_in(&data[..cut]) / 4),
        Front::Fault if !claim.skip => Has::Fault,
        Front::Fault | Front::More => Has::Beginning,
    }
}

/// Whether the first thing to come of a block is an error.
fn begins_with_error(stream: &Stream<'_>, data: &[u8], claim: &Claim<'_, '_>) -> bool {
    let mut lane = lane(data, usize::MAX, tail(stream), claim);
    !claim.skip && lane.next(false).is_none() && lane.take_error().is_some()
}

/// A worker's view of a block.
fn lane<'d>(data: &'d [u8], cut: usize, tail: Tail, claim: &Claim<'d, '_>) -> Lane<'d> {
    let span = Span { tail, ..Span::open(0, cut) };
    Lane::new(Part { data, span, reader: claim.reader, spare: None }, claim.limit)
}

/// How the block would end if it were the last.
fn tail(stream: &Stream<'_>) -> Tail {
    match (stream.ended(), stream.failed()) {
        (false, _) => Tail::Open,
        (true, false) => Tail::End,
        (true, true) => Tail::Failed(io::ErrorKind::Other.into()),
    }
}

/// Number of records up to the cut, bad ones counted.
fn parsed(data: &[u8], cut: usize, stream: &Stream<'_>, claim: &Claim<'_, '_>) -> u64 {
    let mut lane = lane(data, cut, tail(stream), claim);
    while lane.pass() {}
    lane.passed().0
}

/// The first place between records before which there are so many of them, bad ones counted.
fn boundary(data: &[u8], stream: &Stream<'_>, claim: &Claim<'_, '_>, records: u64) -> Option<usize> {
    let mut lane = lane(data, usize::MAX, tail(stream), claim);
    while lane.passed().0 < records {
        if !lane.pass() {
            return None;
        }
    }
    Some(lane.consumed())
}

/// The last place up to `cut` before which there is an even number of records, bad ones counted; not the first byte.
pub(crate) fn last_even(data: &[u8], cut: usize, claim: &Claim<'_, '_>) -> Option<usize> {
    let mut lane = lane(data, cut, Tail::Open, claim);
    let mut last = 0;
    while lane.pass() {
        if lane.passed().0.is_multiple_of(2) {
            last = lane.consumed();
        }
    }
    Some(last).filter(|&last| last > 0)
}
