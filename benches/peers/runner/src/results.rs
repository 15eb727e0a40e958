//! Results kept in the repository: a folder a machine, in it a table of tab-separated fields a group; and RESULTS.md, made of all
//! of them. What was measured on one machine says nothing of another, so neither is compared with nor replaces the other's.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Effort, Outcome,
    group::{Group, Role, Row},
    here, machine,
    program::group_of,
    readme, report,
    round::{Line, Measured, Said},
    statistics::Spread,
};

/// What was kept on one machine.
pub(crate) struct Machine {
    pub(crate) folder: PathBuf,
    /// At least one.
    pub(crate) groups: Vec<Kept>,
}

impl Machine {
    /// Whether it is a machine such as this one.
    pub(crate) fn is_this(&self) -> bool {
        self.folder == folder()
    }

    /// How it was described.
    pub(crate) fn description(&self) -> &str {
        &self.groups[0].machine
    }

    /// What was kept of a row, in the state with the least cost between the cores.
    pub(crate) fn measured(&self, group: &str, row: &str) -> Option<&Measured> {
        let mut rows = self.groups.iter().filter(|kept| kept.name == group).flat_map(|kept| &kept.rows);
        rows.find(|kept| kept.row.name == row)?.measured.first()
    }
}

/// A group as it was kept.
pub(crate) struct Kept {
    pub(crate) name: String,
    machine: String,
    pub(crate) rows: Vec<KeptRow>,
}

impl Kept {
    /// Nothing yet.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), machine: String::new(), rows: Vec::new() }
    }
}

/// A row, and what came of it in each state of the machine that it was met in; the one with the least cost between the cores
/// first. At least one.
pub(crate) struct KeptRow {
    pub(crate) row: Row,
    pub(crate) measured: Vec<Measured>,
}

impl KeptRow {
    /// What was kept in the state of `other`.
    pub(crate) fn like(&self, other: &Measured) -> Option<&Measured> {
        self.measured.iter().find(|kept| kept.is_alike(other))
    }

    /// Has `row` in the place of what it was. What was measured before goes on to stand under what was said of the row then; what
    /// was measured over other data goes.
    fn becomes(&mut self, row: &Row) {
        if row.data != self.row.data {
            self.measured.clear();
        }
        if (&row.title, &row.notes) != (&self.row.title, &self.row.notes) {
            let said = Said { title: self.row.title.clone(), notes: self.row.notes.clone() };
            self.measured.iter_mut().for_each(|measured| measured.then = measured.then.take().or(Some(said.clone())));
        }
        self.row = row.clone();
    }

    /// Puts `new` in the place of what was kept in its state.
    fn keep(&mut self, new: Measured) {
        self.measured.retain(|kept| kept.state().is_some() == new.state().is_some() && !kept.is_alike(&new));
        self.measured.push(new);
        self.measured.sort_by(|a, b| a.state().partial_cmp(&b.state()).expect("times are numbers"));
    }
}

/// Where the machines' folders lie.
pub(crate) fn root() -> PathBuf {
    here().with_file_name("results")
}

/// The folder of this machine.
fn folder() -> PathBuf {
    root().join(machine::folder_name(&machine::describe()))
}

pub(crate) fn path(group: &str) -> PathBuf {
    folder().join(format!("{group}.tsv"))
}

/// Keeps what came of a row of a group: what was kept of it in other states stays, and so do the group's other rows.
pub(crate) fn keep(group: &Group, row: &Row, new: Measured) -> Outcome {
    let path = path(&group.name);
    let mut old = if path.exists() { read(&path)?.rows } else { Vec::new() };
    let mut new = Some(new);
    let mut kept = Kept { machine: machine::describe(), ..Kept::named(&group.name) };
    for known in &group.rows {
        let before = old.extract_if(.., |old| old.row.name == known.name).next();
        kept.rows.extend(if known.name == row.name {
            let mut now = before.unwrap_or_else(|| KeptRow { row: known.clone(), measured: Vec::new() });
            now.becomes(known);
            new.take().into_iter().for_each(|new| now.keep(new));
            Some(now)
        } else {
            before
        });
    }
    fs::create_dir_all(folder()).map_err(|error| error.to_string())?;
    fs::write(&path, text(&kept)).map_err(|error| format!("{}: {error}", path.display()))
}

/// The table of a group.
fn text(kept: &Kept) -> String {
    let mut text = format!("group\t{}\nmachine\t{}\n", kept.name, kept.machine);
    for KeptRow { row, measured } in &kept.rows {
        let _ = writeln!(text, "row\t{}\t{}\t{}", row.name, row.data, row.title);
        row.notes.iter().for_each(|note| text.push_str(&format!("note\t{note}\n")));
        for Measured { date, how, then, lines } in measured {
            let _ = writeln!(text, "measured\t{date}\t{how}");
            if let Some(Said { title, notes }) = then {
                let _ = writeln!(text, "then\t{title}");
                notes.iter().for_each(|note| text.push_str(&format!("note\t{note}\n")));
            }
            lines.iter().for_each(|line| text.push_str(&written(line)));
        }
    }
    text
}

/// How a row is measured by this very process: rounds, command, compiler, peers' versions.
pub(crate) fn how(group: &str, row: &Row, effort: Effort) -> String {
    let places =
        if row.contenders.iter().any(|one| one.program.is_at_two_places()) { "two places" } else { "one place" };
    let laps = if effort.laps == 1 { "a lap".to_owned() } else { format!("the median of {} laps", effort.laps) };
    let command: Vec<String> = env::args().skip(1).collect();
    format!(
        "{} rounds of {laps}, code at {places}; `cargo xtask bench {}`; {}; beside {}",
        effort.rounds,
        command.join(" "),
        machine::compiler(),
        peers(group)
    )
}

/// What a group's packages name that is not ours, with its version; of several in the lock file the newest.
fn peers(group: &str) -> String {
    let manifests = fs::read_dir(here().join("groups")).into_iter().flatten().flatten();
    let manifests: String = manifests
        .filter(|entry| group_of(&entry.file_name().to_string_lossy()) == group)
        .filter_map(|entry| fs::read_to_string(entry.path().join("Cargo.toml")).ok())
        .collect();
    let is_peer = |name: &str| {
        !name.starts_with("fqbuf") && manifests.lines().any(|line| line.starts_with(&format!("{name} = ")))
    };
    let versions = machine::versions().into_iter().filter(|(name, _)| is_peer(name)).collect::<BTreeMap<_, _>>();
    let versions: Vec<String> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    if versions.is_empty() { "nobody".to_owned() } else { versions.join(", ") }
}

/// A line as it is kept.
pub(crate) fn written(line: &Line) -> String {
    let role = match line.role {
        Role::Ours => "ours",
        Role::Peer => "peer",
        Role::Limit => "limit",
    };
    let Spread { low, median, high } = line.seconds;
    let mut text = format!("line\t{}\t{role}\t{low:.9}\t{median:.9}\t{high:.9}", line.name);
    let Spread { low, median, high } = line.ratio;
    let unit = if line.operations { "operations" } else { "bytes" };
    let _ = write!(text, "\t{low:.4}\t{median:.4}\t{high:.4}\t{}\t{unit}", line.amount);
    let _ = writeln!(text, "\t{}\t{}", line.allocations, line.resident);
    text
}

/// All machines of which something is kept, and of each all groups, by name.
pub(crate) fn load() -> Outcome<Vec<Machine>> {
    let mut machines = Vec::new();
    for folder in entries(&root()).into_iter().filter(|path| path.is_dir()) {
        let groups: Vec<Kept> = entries(&folder).iter().map(|path| read(path)).collect::<Outcome<_>>()?;
        if !groups.is_empty() {
            machines.push(Machine { folder, groups });
        }
    }
    Ok(machines)
}

/// What lies in a folder, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Outcome<Kept> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|line| format!("{}:{line}: not a line of results", path.display()))
}

/// Reads the table of a group; gives the number of the first line that is none of it.
fn parse(text: &str) -> Result<Kept, usize> {
    let mut kept = Kept::named("");
    for (number, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        match (fields.as_slice(), kept.rows.last_mut()) {
            (["group", name], _) => kept.name = (*name).to_owned(),
            (["machine", description], _) => kept.machine = (*description).to_owned(),
            (["row", name, data, title], _) => kept.rows.push(KeptRow {
                row: Row {
                    name: (*name).to_owned(),
                    title: (*title).to_owned(),
                    data: (*data).to_owned(),
                    notes: Vec::new(),
                    contenders: Vec::new(),
                },
                measured: Vec::new(),
            }),
            (["note", note], Some(KeptRow { row, measured })) => {
                let then = measured.last_mut().and_then(|measured| measured.then.as_mut());
                then.map_or(&mut row.notes, |said| &mut said.notes).push((*note).to_owned());
            }
            (["measured", date, how], Some(row)) => {
                let (date, how) = ((*date).to_owned(), (*how).to_owned());
                row.measured.push(Measured { date, how, then: None, lines: Vec::new() });
            }
            (["then", title], Some(KeptRow { measured, .. })) if !measured.is_empty() => {
                let said = Said { title: (*title).to_owned(), notes: Vec::new() };
                measured.last_mut().expect("just looked").then = Some(said);
            }
            (["line", rest @ ..], Some(KeptRow { measured, .. })) if !measured.is_empty() => {
                let lines = &mut measured.last_mut().expect("just looked").lines;
                lines.push(read_line(rest).ok_or(number + 1)?);
            }
            _ => return Err(number + 1),
        }
    }
    Ok(kept)
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

/// Writes RESULTS.md from everything kept, and the README's table from what was on this machine.
pub(crate) fn render() -> Outcome {
    let machines = load()?;
    let mut text = HEAD.to_owned();
    text.push_str(IN_SHORT);
    for machine in &machines {
        let _ = write!(text, "\n### {}\n{SHORT_TABLE}", machine.description());
        for group in &machine.groups {
            group.rows.iter().for_each(|row| in_short(&mut text, &group.name, row));
        }
        let missing = missing(&machines, machine);
        if !missing.is_empty() {
            let _ = writeln!(text, "\nNot measured on this machine: {}.", missing.join(", "));
        }
    }
    for machine in &machines {
        let _ = writeln!(text, "\n## {}", machine.description());
        for group in &machine.groups {
            let _ = writeln!(text, "\n### {}", group.name);
            group.rows.iter().for_each(|row| text.push_str(&format!("\n{}", report::row(&row.row, &row.measured))));
        }
    }
    let path = here().with_file_name("RESULTS.md");
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    machines.iter().find(|machine| machine.is_this()).map_or(Ok(()), readme::render)
}

/// Rows that were kept on other machines and not on this one.
fn missing(machines: &[Machine], this: &Machine) -> Vec<String> {
    let groups = machines.iter().flat_map(|machine| &machine.groups);
    let rows = groups.flat_map(|group| group.rows.iter().map(move |kept| (&group.name, &kept.row.name)));
    let missing: BTreeSet<_> = rows.filter(|(group, row)| this.measured(group, row).is_none()).collect();
    missing.iter().map(|(group, row)| format!("{group} {row}")).collect()
}

/// A line for each state of the machine that a row was measured in.
fn in_short(text: &mut String, group: &str, KeptRow { row, measured: all }: &KeptRow) {
    for measured in all {
        let first = measured.lines.iter().find(|line| line.role == Role::Ours);
        let other = measured.fastest(Role::Ours).filter(|way| first.is_some_and(|first| way.name != first.name));
        let peer = measured.fastest(Role::Peer);
        let limit = measured.fastest(Role::Limit);
        let cell = |line: Option<&Line>| {
            line.map_or("| | ".to_owned(), |line| format!("| {} | {:.2} ", line.name, line.ratio.median))
        };
        let state = measured.state().map_or_else(String::new, |time| format!("{time:.0} ns"));
        let _ = write!(text, "| {group} {} | {} | {state} ", row.name, row.title);
        let _ = writeln!(text, "{}{}{}|", cell(peer), cell(other), cell(limit));
    }
}

const HEAD: &str = "# fqbuf beside its peers

Written by `cargo xtask bench`; not edited by hand. Every contender of a row does the same job on the same data, in a process of
its own, interleaved with the others in changing order; answers are compared before times are. A time is the median over rounds
of the median lap of a process, wall clock; a ratio is the median over rounds of the ratio to ours in the same round, with its
quartiles behind it; of as many rounds as are said above the table: 24 instead of 8 where a quartile was more than 15 % below.
*Limits* do less than the row asks. One that takes longer than ours was none of the machine: a plain sum, for one, asks for no memory
ahead, and what is copied by the system's `memcpy` may be copied faster.

What distorts, and what is done about it:

- **Where a buffer begins.** `read(2)` and large copies can be several times slower into some addresses. Data in memory begin at
  another place of a page in every round, and what a contender allocates at another place of a cache line, by steps of 16 bytes;
  the limits read into page-aligned windows. The same binary of bumpalo's 64 zeros takes 1.5 ns a slice, 2.0 or 5.3 as its
  memory happens to begin, by no more than the length of a path among its arguments: half the rounds are of one kind, half of
  the other, and a median of two halves is what lies between.
- **Where code lies.** A processor reads code in pieces of 32 bytes, and some (Intel's of 2015 to 2020, *Mitigations for
  Jump Conditional Code Erratum*, 2019) keep no branch on the bound of one among the instructions they have decoded: there loops of some
  nanoseconds take up to a fifth more or less by where the linker put them, ours and others', and those that decompress an eighth.
  Rows of the groups arena, line, pool, ring, stats and stream are measured at two places, half of the rounds with all code 16 bytes
  further on; those that say \"code at one place\" are older than that. Of the other groups nothing is done about it: there it was 2 %.
- **The page cache.** Before a row's first round its file is dropped from the cache and read back, and stays cached: what was
  written is kept in other pieces than what was read, and is read at half the speed.
- **Two cores.** What it costs to pass a cache line to the other core flips between levels, some 25 and 210 or 310 ns on one virtual
  machine, 100 and 210 on another, 33 and 420 on a third, and stays for seconds or for an hour. Rows with two threads have a control for it, before every round and
  behind every contender; a round in which it changed by more than a factor of 1.6 is dropped, and only rounds of one level are
  put together. Where a row has met several levels the results of each are kept, and a new run replaces those of its own level;
  others keep what was said of the row when they were measured, where that is not what is said now.
  Cores that are busy drift apart, and a core that is woken from a halt comes back to the other's side: the far level was held
  by loops of idle priority on both, or by idle cores that poll instead of halting. To wake a thread costs less so. The threads of
  a pair are pinned, each to a core of its own.
- **Cold processors.** Laps begin to count after a tenth of a second of the same work: before, a second core that was idle runs at
  half its speed.
- **Other guests, frequency.** Only ratios within a round count; a lap that was disturbed is outvoted.
- **Allocator.** All use the system's, wrapped to count allocations in one lap that is not timed.
- **Builds.** Each group is built by itself, with the features that its peers ask for; nobody gets `target-cpu=native` but
  contenders that say so in their names.
- **Machines.** What was measured on one stands apart from what was on another, and a new run replaces its own machine's alone.
";

const IN_SHORT: &str = "
## In short

The fastest peer of each row, and the fastest limit beside it, in units of our time: above 1, we are faster. Our time is that of the
way that is named first, our users' plainest; where another way of ours took less, it stands between. Rows of two threads
stand here once for each level of the machine that they met, by what it cost to pass a word to the other core.
";

const SHORT_TABLE: &str = "
| row | job | other core | fastest peer | its time | our fastest | its time | limit | its time |
|---|---|--:|---|--:|---|--:|---|--:|
";

#[cfg(test)]
mod tests;
