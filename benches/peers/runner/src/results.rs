//! Results kept in the repository: a table of tab-separated fields a group, and RESULTS.md made of all of them.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Outcome,
    group::{Role, Row, is_control},
    here, machine, report,
    round::{Line, Measured},
    statistics::Spread,
};

/// A group as it was kept.
pub(crate) struct Kept {
    pub(crate) name: String,
    /// Date, machine, compiler, command, versions of the peers: a sentence each.
    circumstances: Vec<String>,
    pub(crate) rows: Vec<Measured>,
}

fn folder() -> PathBuf {
    here().with_file_name("results")
}

/// Writes the table of a group over the one kept before.
pub(crate) fn keep(group: &str, rows: &[Measured]) -> Outcome {
    let mut text = format!("group\t{group}\n");
    for sentence in circumstances(group) {
        let _ = writeln!(text, "with\t{sentence}");
    }
    for Measured { row, lines } in rows {
        let _ = writeln!(text, "row\t{}\t{}\t{}", row.name, row.data, row.title);
        row.notes.iter().for_each(|note| text.push_str(&format!("note\t{note}\n")));
        lines.iter().for_each(|line| write_line(&mut text, line));
    }
    fs::create_dir_all(folder()).map_err(|error| error.to_string())?;
    let path = folder().join(format!("{group}.tsv"));
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn circumstances(group: &str) -> [String; 5] {
    let manifests = fs::read_dir(here().join("groups")).into_iter().flatten().flatten();
    let manifests: String = manifests
        .filter(|entry| entry.file_name().to_string_lossy().split('-').next() == Some(group))
        .filter_map(|entry| fs::read_to_string(entry.path().join("Cargo.toml")).ok())
        .collect();
    let named = |name: &str| manifests.lines().any(|line| line.starts_with(&format!("{name} = ")));
    let mut versions: Vec<String> = machine::versions()
        .iter()
        .filter(|(name, _)| named(name))
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    versions.sort();
    [
        machine::date(),
        machine::describe(),
        machine::compiler(),
        format!("`cargo xtask bench {group}`"),
        format!("beside {}", if versions.is_empty() { "nobody".to_owned() } else { versions.join(", ") }),
    ]
}

fn write_line(text: &mut String, line: &Line) {
    let role = match line.role {
        Role::Ours => "ours",
        Role::Peer => "peer",
        Role::Limit => "limit",
    };
    let Spread { low, median, high } = line.seconds;
    let _ = write!(text, "line\t{}\t{role}\t{low:.9}\t{median:.9}\t{high:.9}", line.name);
    let Spread { low, median, high } = line.ratio;
    let unit = if line.operations { "operations" } else { "bytes" };
    let _ = write!(text, "\t{low:.4}\t{median:.4}\t{high:.4}\t{}\t{unit}", line.amount);
    let _ = writeln!(text, "\t{}\t{}", line.allocations, line.resident);
}

/// All groups kept, by name.
pub(crate) fn load() -> Outcome<Vec<Kept>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder()).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "tsv"));
    paths.retain(|path| path.file_stem().is_some_and(|stem| stem != "instructions"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Outcome<Kept> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut kept = Kept { name: String::new(), circumstances: Vec::new(), rows: Vec::new() };
    for (number, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        match (fields.as_slice(), kept.rows.last_mut()) {
            (["group", name], _) => kept.name = (*name).to_owned(),
            (["with", sentence], _) => kept.circumstances.push((*sentence).to_owned()),
            (["row", name, data, title], _) => kept.rows.push(Measured {
                row: Row {
                    name: (*name).to_owned(),
                    title: (*title).to_owned(),
                    data: (*data).to_owned(),
                    notes: Vec::new(),
                    contenders: Vec::new(),
                },
                lines: Vec::new(),
            }),
            (["note", note], Some(row)) => row.row.notes.push((*note).to_owned()),
            (["line", rest @ ..], Some(row)) => row.lines.push(read_line(rest).ok_or_else(|| odd(path, number))?),
            _ => return Err(odd(path, number)),
        }
    }
    Ok(kept)
}

fn odd(path: &Path, number: usize) -> String {
    format!("{}:{}: not a line of results", path.display(), number + 1)
}

fn read_line(fields: &[&str]) -> Option<Line> {
    let [name, role, seconds @ .., amount, unit, allocations, resident] = fields else { return None };
    let numbers: Vec<f64> = seconds.iter().filter_map(|number| number.parse().ok()).collect();
    let &[low, median, high, ratio_low, ratio_median, ratio_high] = numbers.as_slice() else { return None };
    Some(Line {
        name: (*name).to_owned(),
        role: match *role {
            "ours" => Role::Ours,
            "peer" => Role::Peer,
            _ => Role::Limit,
        },
        seconds: Spread { low, median, high },
        ratio: Spread { low: ratio_low, median: ratio_median, high: ratio_high },
        amount: amount.parse().ok()?,
        operations: *unit == "operations",
        allocations: allocations.parse().ok()?,
        resident: resident.parse().ok()?,
    })
}

/// Writes RESULTS.md from everything kept.
pub(crate) fn render() -> Outcome {
    let kept = load()?;
    let mut text = HEAD.to_owned();
    text.push_str("\n## In short\n\nThe fastest peer of each row, and the first limit beside it, in units of our time: above 1, we are \
                   faster.\n\n| row | job | fastest peer | its time | limit | its time |\n|---|---|---|--:|---|--:|\n");
    for group in &kept {
        for measured in &group.rows {
            let Measured { row, lines } = measured;
            let fastest = measured.fastest_peer();
            let limit = lines.iter().find(|line| line.role == Role::Limit && !is_control(&line.name));
            let cell = |line: Option<&Line>| {
                line.map_or("| | ".to_owned(), |line| format!("| {} | {:.2} ", line.name, line.ratio.median))
            };
            let _ = writeln!(text, "| {} {} | {} {}{}|", group.name, row.name, row.title, cell(fastest), cell(limit));
        }
    }
    for group in &kept {
        let _ = writeln!(text, "\n## {}\n\n{}.", group.name, group.circumstances.join("; "));
        group.rows.iter().for_each(|row| text.push_str(&format!("\n{}", report::table(row))));
    }
    let path = here().with_file_name("RESULTS.md");
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}

const HEAD: &str = "# fqbuf beside its peers

Written by `cargo xtask bench`; not edited by hand. Every contender of a row does the same job on the same data, in a process of
its own, interleaved with the others in changing order; answers are compared before times are. A time is the median over rounds
of the median lap of a process, wall clock; a ratio is the median over rounds of the ratio to ours in the same round, with its
quartiles behind it. *Limits* do less than the row asks and show what the machine allows.

What distorts, and what is done about it:

- **Where a buffer begins.** `read(2)` and large copies can be several times slower into some addresses. Data in memory begin at
  another place of a page in every round; buffers inside a crate lie where the crate puts them, in a process of their own; the
  limits read into page-aligned windows.
- **The page cache.** Before a row's first round its file is dropped from the cache and read back, and stays cached: what was
  written is kept in other pieces than what was read, and is read at half the speed.
- **Two cores.** What it costs to pass a cache line to the other core can flip between levels within minutes, on a virtual machine:
  rows with two threads have a control for it, a time beside which the others are to be seen. The threads of a pair are pinned,
  each to a core of its own.
- **Cold processors.** Laps begin to count after a tenth of a second of the same work: before, a second core that was idle runs at
  half its speed.
- **Other guests, frequency.** Only ratios within a round count; a lap that was disturbed is outvoted.
- **Allocator.** All use the system's, wrapped to count allocations in one lap that is not timed.
- **Builds.** Each group is built by itself, with the features that its peers ask for; nobody gets `target-cpu=native` but
  contenders that say so in their names.
";
