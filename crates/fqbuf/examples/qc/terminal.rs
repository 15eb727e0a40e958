//! The summary that a terminal shows.

use std::io::{self, Write};

use crate::tally::{BASES, Bin, Tally, bin_start};

/// Columns of a sparkline.
const WIDTH: usize = 60;

/// Writes the summary of `title`.
pub(crate) fn write(out: &mut impl Write, title: &str, tally: &Tally) -> io::Result<()> {
    writeln!(out, "{title}")?;
    let row = |out: &mut dyn Write, name: &str, value: String| writeln!(out, "  {name:<14} {value}");
    row(out, "records", grouped(tally.records))?;
    row(out, "bases", grouped(tally.bases))?;
    if let (Some(min), Some(max), Some(mean)) = (tally.min_length, tally.max_length, tally.mean_length()) {
        row(out, "length", format!("{} to {}, mean {mean:.1}", grouped(min), grouped(max)))?;
    }
    if let (Some(mean), Some(q20), Some(q30)) = (tally.mean(), tally.at_least(20), tally.at_least(30)) {
        row(out, "quality", format!("mean {mean:.2}, {q20:.2} % at least Q20, {q30:.2} % at least Q30"))?;
    }
    if let Some(gc) = tally.gc_of_all() {
        row(out, "GC", format!("{gc:.2} %"))?;
    }
    if let (Some(low), Some(high)) = (tally.min_quality, tally.max_quality) {
        row(out, "quality bytes", format!("{low} to {high}"))?;
    }
    if tally.skipped_records > 0 {
        let bytes = grouped(tally.skipped_bytes);
        row(out, "skipped", format!("{} bad records, {bytes} bytes", grouped(tally.skipped_records)))?;
    }
    if tally.dropped_records > 0 {
        row(out, "dropped", format!("{} good records with their bad mates", grouped(tally.dropped_records)))?;
    }
    if tally.positions.is_empty() {
        return Ok(());
    }
    let last = bin_start(tally.positions.len() - 1) + 1;
    writeln!(out)?;
    let quality: Vec<f64> = tally.positions.iter().map(Bin::mean).collect();
    row(out, "quality", format!("{} by position, 1 to {last}", sparkline(&quality, 0.0, 42.0)))?;
    let gc: Vec<f64> = tally.positions.iter().map(|bin| share(bin.bases[1] + bin.bases[2], &bin.bases)).collect();
    row(out, "GC", format!("{} by position", sparkline(&gc, 0.0, 100.0)))?;
    let counts = |counts: &[u64]| counts.iter().map(|n| *n as f64).collect::<Vec<_>>();
    let top = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let reads = counts(&tally.mean_quality);
    let highest = reads.len().saturating_sub(1);
    row(out, "reads", format!("{} by mean quality, 0 to {highest}", sparkline(&reads, 0.0, top(&reads))))?;
    let mut reads = counts(&tally.gc_percent);
    reads.resize(101, 0.0);
    row(out, "reads", format!("{} by GC, 0 to 100 %", sparkline(&reads, 0.0, top(&reads))))?;
    let totals: Vec<u64> = (0..5).map(|i| tally.positions.iter().map(|bin| bin.bases[i]).sum()).collect();
    let mut text = String::new();
    for (i, base) in BASES.iter().enumerate() {
        text += &format!("{} {:.2} %  ", char::from(*base), share(totals[i], &totals));
    }
    row(out, "bases", format!("{text}other {:.2} %", share(totals[4], &totals)))
}

/// `part` in percent of the sum of `all`.
pub(crate) fn share(part: u64, all: &[u64]) -> f64 {
    let sum: u64 = all.iter().sum();
    if sum == 0 { 0.0 } else { 100.0 * part as f64 / sum as f64 }
}

/// Digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Values as blocks of eight heights, neighbours averaged to fit the width.
fn sparkline(values: &[f64], low: f64, high: f64) -> String {
    let columns = values.len().min(WIDTH);
    (0..columns)
        .map(|column| {
            let part = &values[column * values.len() / columns..(column + 1) * values.len() / columns];
            let mean = part.iter().sum::<f64>() / part.len() as f64;
            let height = if high > low { (mean - low) / (high - low) } else { 0.0 };
            ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][((height * 8.0) as usize).min(7)]
        })
        .collect()
}
