//! A row as a table for people, the same on the terminal and in RESULTS.md.

use std::fmt::Write;

use crate::{
    group::{Role, Row, is_control},
    round::{Line, Measured, Said},
};

/// A row in Markdown: a table for each state of the machine.
pub(crate) fn row<'m>(row: &Row, measured: impl IntoIterator<Item = &'m Measured>) -> String {
    let mut out = format!("#### {}: {}\n", row.name, row.title);
    measured.into_iter().for_each(|measured| table(&mut out, measured));
    if !row.notes.is_empty() {
        out.push('\n');
    }
    for note in &row.notes {
        let _ = writeln!(out, "- {note}");
    }
    out
}

/// When, in which state, and how long: the fastest peer first, ours in its place, the limits last.
fn table(out: &mut String, measured: &Measured) {
    let state =
        measured.state().map_or_else(String::new, |time| format!(", a word to the other core took {time:.0} ns"));
    let _ = writeln!(out, "\n{}{state}; {}:\n", measured.date, measured.how);
    let operations = measured.lines.first().is_some_and(|line| line.operations);
    let unit = if operations { "ns" } else { "GB/s" };
    let _ = writeln!(out, "| | {unit} | time, ours = 1 | quartiles | peak resident | allocations |");
    out.push_str("|---|--:|--:|--:|--:|--:|\n");
    let mut lines: Vec<&Line> = measured.lines.iter().filter(|line| !is_control(&line.name)).collect();
    lines.sort_by(|a, b| {
        let limit = |line: &Line| line.role == Role::Limit;
        limit(a).cmp(&limit(b)).then(a.seconds.median.total_cmp(&b.seconds.median))
    });
    for line in lines {
        let name = match line.role {
            Role::Ours => format!("**{}**", line.name),
            Role::Peer => line.name.clone(),
            Role::Limit => format!("*{}*", line.name),
        };
        let ratio = line.ratio;
        let _ = writeln!(
            out,
            "| {name} | {:.2} | {:.2} | {:.2} to {:.2} | {} | {} |",
            speed(line),
            ratio.median,
            ratio.low,
            ratio.high,
            megabytes(line.resident),
            line.allocations
        );
    }
    if let Some(Said { title, notes }) = &measured.then {
        let _ = writeln!(out, "\nThen it was: {title}.");
        notes
            .iter()
            .enumerate()
            .for_each(|(at, note)| out.push_str(&format!("{}- {note}\n", if at == 0 { "\n" } else { "" })));
    }
}

/// Gigabytes a second, or nanoseconds an operation.
pub(crate) fn speed(line: &Line) -> f64 {
    let amount = line.amount as f64;
    if line.operations { line.seconds.median * 1e9 / amount } else { amount / line.seconds.median / 1e9 }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
