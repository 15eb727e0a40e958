//! A strict FASTQ reader too simple to be wrong: the whole input in memory, cut into lines first.
//!
//! It holds no state between lines, looks at each record by itself and never searches for anything but line feeds. Slow,
//! and that is its merit: what it says can be checked by reading it once.

use crate::generate::Totals;

/// Which rule an input breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultKind {
    /// The first line of a record does not begin with `@`.
    Header,
    /// An empty line where a header is due, and not only empty lines after it.
    Blank,
    /// The sequence begins with `@`, which would make record starts ambiguous.
    SequenceAt,
    /// The third line does not begin with `+`; a wrapped (multi-line) record ends up here.
    Plus,
    /// Sequence and quality differ in length.
    Lengths,
    /// The input ends within a record, before its quality line.
    Truncated,
}

/// The first rule that an input breaks, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which rule.
    pub kind: FaultKind,
    /// The record at fault, counted from 1; all records before it are good.
    pub record: u64,
    /// The line that breaks the rule, counted from 1: the quality line for [`FaultKind::Lengths`], the last line there is
    /// for [`FaultKind::Truncated`].
    pub line: u64,
    /// Where that line starts, counted from 0.
    pub byte: u64,
}

/// Reads `input` as strict four-line FASTQ.
///
/// `bytes` of the answer is the length of the input. Qualities below `!` count as their wrapped difference from it, as in
/// a sum modulo 2^64.
///
/// # Errors
///
/// The first rule broken.
///
/// # Examples
///
/// ```
/// use fqbuf_benches::{Fault, FaultKind, oracle};
///
/// assert_eq!(oracle(b"@r1\nACGT\n+\nFFFF").map(|totals| totals.bases), Ok(4));
/// let cut = Fault { kind: FaultKind::Truncated, record: 1, line: 2, byte: 4 };
/// assert_eq!(oracle(b"@r1\nAC"), Err(cut));
/// ```
pub fn oracle(input: &[u8]) -> Result<Totals, Fault> {
    let lines = lines(input);
    let mut totals = Totals { bytes: input.len() as u64, ..Totals::default() };
    let mut at = 0;
    while at < lines.len() {
        let fault = |kind, line: usize| {
            Err(Fault { kind, record: totals.records + 1, line: line as u64 + 1, byte: lines[line].0 as u64 })
        };
        let (_, header) = lines[at];
        if header.is_empty() {
            if lines[at..].iter().all(|(_, line)| line.is_empty()) {
                return Ok(totals);
            }
            return fault(FaultKind::Blank, at);
        }
        if header[0] != b'@' {
            return fault(FaultKind::Header, at);
        }
        let Some((_, seq)) = lines.get(at + 1) else {
            return fault(FaultKind::Truncated, at);
        };
        if seq.first() == Some(&b'@') {
            return fault(FaultKind::SequenceAt, at + 1);
        }
        let Some((_, plus)) = lines.get(at + 2) else {
            return fault(FaultKind::Truncated, at + 1);
        };
        if plus.first() != Some(&b'+') {
            return fault(FaultKind::Plus, at + 2);
        }
        let quality = match lines.get(at + 3) {
            Some((_, quality)) => *quality,
            // An empty quality line without its line feed is nothing at all.
            None if seq.is_empty() && input.ends_with(b"\n") => b"",
            None => return fault(FaultKind::Truncated, at + 2),
        };
        if quality.len() != seq.len() {
            return fault(FaultKind::Lengths, at + 3);
        }
        totals.records += 1;
        totals.bases += seq.len() as u64;
        for byte in quality {
            totals.qualsum = totals.qualsum.wrapping_add(u64::from(*byte)).wrapping_sub(33);
        }
        at += 4;
    }
    Ok(totals)
}

/// Start and text of each line, without its line feed and without one carriage return before it. The last line needs no
/// line feed; nothing after a line feed is no line.
fn lines(input: &[u8]) -> Vec<(usize, &[u8])> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        lines.push((start, text.strip_suffix(b"\r").unwrap_or(text)));
        start += line.len();
    }
    lines
}
