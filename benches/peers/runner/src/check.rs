//! A short run against the kept results.

use std::fmt::{self, Write};

use crate::{
    Effort, Outcome,
    group::{Contender, Group, Role, Row, is_control},
    results::{self, Kept, KeptRow},
    round::{self, Line, Measured},
};

/// Enough for a suspicion in a row that reads a data set.
const SHORT: Effort = Effort { rounds: 3, laps: 1 };
/// The same where contenders meet in the heap alone: a round for each place of a cache line that its pieces can begin at.
const IN_THE_HEAP: Effort = Effort { rounds: 4, laps: 1 };
/// What confirms or clears a suspicion, each time when all other suspects are through: as the kept results were measured, and
/// three times as long.
const LONGER: [Effort; 2] = [Effort { rounds: 8, laps: 3 }, Effort { rounds: 24, laps: 3 }];
/// How often a row is looked at until there is an answer. States of the machine pass.
const LOOKS: usize = 4;
/// A ratio may fall to this part of what it was.
const FLOOR: f64 = 0.85;
/// What takes more than this, in units of what it took, is slower than it was: the rest is the machine's.
const SLOWER: f64 = 1.05;

/// A row, and what was kept of it.
struct Case<'g> {
    name: String,
    row: Row,
    kept: &'g KeptRow,
}

/// What a row came to beside what was kept of it.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// The ratios that fell, and those that are lower because the machine is not as it was.
    Compared { fallen: Vec<Fallen>, machine: Vec<Fallen> },
    /// Why it cannot be said.
    Unknown(String),
}

/// A contender whose ratio fell, and what to say of that.
#[derive(Clone, Debug, PartialEq)]
struct Fallen {
    name: String,
    how: String,
}

/// What fell, for people.
fn listed(fallen: &[Fallen]) -> String {
    fallen.iter().map(|fallen| fallen.how.as_str()).collect::<Vec<_>>().join("; ")
}

/// A row, and the ratios that fell each time that it was measured.
struct Suspect<'c, 'g> {
    case: &'c Case<'g>,
    /// What they fell in first; nothing before that.
    first: Option<Measured>,
    fallen: Vec<Fallen>,
}

/// Runs all rows and compares their ratios with those kept in the same state of the machine.
///
/// What fell is measured again, twice, and longer each time, when all other rows are through and `meanwhile` is done: a contender's
/// ratio that fell every time has fallen. A row that meets a state of which nothing was kept is measured again when the
/// others are through.
///
/// # Errors
///
/// When ratios fell by more than 15 %, because ours takes longer, and stayed there, or when a row was left without an answer;
/// all are printed first.
pub(crate) fn run(groups: &[Group], meanwhile: impl FnOnce() -> Outcome) -> Outcome {
    let kept = results::load()?;
    let cases = cases(groups, &kept)?;
    let all = cases.iter().map(|case| Suspect { case, first: None, fallen: Vec::new() }).collect();
    let (mut suspects, mut unknown) = look(all, |case| if case.row.data.is_empty() { IN_THE_HEAP } else { SHORT })?;
    let meanwhile = meanwhile();
    for effort in LONGER {
        let (still, never) = look(suspects, |_| effort)?;
        suspects = still;
        unknown.extend(never);
    }
    meanwhile?;
    let mut wrong = String::new();
    for suspect in &suspects {
        let _ = write!(wrong, "\n  {}: {}", suspect.case.name, listed(&suspect.fallen));
    }
    for suspect in &unknown {
        let _ = write!(wrong, "\n  {}: no answer", suspect.case.name);
    }
    if wrong.is_empty() {
        println!("no ratio has fallen; {} rows compared", cases.len());
        return Ok(());
    }
    Err(format!(
        "of {} rows, slower than the kept results say, or never in a state of which results are kept:{wrong}",
        cases.len()
    ))
}

/// Those whose ratios fell, and those without an answer, of rows that are looked at one after the other until there is one.
fn look<'c, 'g>(
    mut left: Vec<Suspect<'c, 'g>>,
    effort: impl Fn(&Case<'_>) -> Effort,
) -> Outcome<(Vec<Suspect<'c, 'g>>, Vec<Suspect<'c, 'g>>)> {
    let mut fallen = Vec::new();
    for _ in 0..LOOKS {
        for suspect in std::mem::take(&mut left) {
            let (verdict, now) = suspect.case.measure(&suspect.row(), effort(suspect.case))?;
            match suspect.still(verdict, now) {
                Ok(still) if still.fallen.is_empty() => {}
                Ok(still) => fallen.push(still),
                Err(suspect) => left.push(suspect),
            }
        }
    }
    Ok((fallen, left))
}

/// The rows of the groups that have anybody beside ours, with what was kept of them.
fn cases<'k>(groups: &[Group], kept: &'k [Kept]) -> Outcome<Vec<Case<'k>>> {
    let mut cases = Vec::new();
    for (group, row) in groups.iter().flat_map(|group| group.rows.iter().map(|row| (&group.name, row))) {
        let beside = |one: &Contender| one.role != Role::Ours && !is_control(&one.name);
        if !row.contenders.iter().any(beside) {
            continue;
        }
        let name = format!("{group} {}", row.name);
        let mut rows = kept.iter().filter(|kept| kept.name == *group).flat_map(|kept| &kept.rows);
        let kept = rows.find(|kept| kept.row.name == row.name).ok_or_else(|| format!("{name}: no results kept"))?;
        cases.push(Case { name, row: row.clone(), kept });
    }
    Ok(cases)
}

impl Case<'_> {
    /// Measures the row, or a part of it, anew and compares. Says what it found.
    fn measure(&self, row: &Row, effort: Effort) -> Outcome<(Verdict, Option<Measured>)> {
        let now = round::run(row, effort)?;
        let verdict = match &now {
            Some(now) => compare(self.kept, now),
            None => Verdict::Unknown("the machine changes too often".to_owned()),
        };
        match &verdict {
            Verdict::Compared { fallen, machine } => {
                let quicker: &str = if machine.is_empty() { "" } else { "; quicker, where ours is not slower: " };
                let as_before = if fallen.is_empty() { "as before" } else { "" };
                println!("{}: {as_before}{}{quicker}{}", self.name, listed(fallen), listed(machine));
            }
            Verdict::Unknown(why) => println!("{}: not compared: {why}", self.name),
        }
        Ok((verdict, now))
    }
}

impl Suspect<'_, '_> {
    /// The row, or of one where nothing but others' ratios is suspected the first of ours, the control, and those others.
    fn row(&self) -> Row {
        let mut row = self.case.row.clone();
        let ours = |name: &str| row.contenders.iter().any(|one| one.role == Role::Ours && one.name == name);
        if self.first.is_none() || self.fallen.iter().any(|fallen| ours(&fallen.name)) {
            return row;
        }
        let suspected = |name: &str| self.fallen.iter().any(|fallen| fallen.name == name);
        let first = row.contenders.iter().position(|one| one.role == Role::Ours);
        let mut at = 0..;
        row.contenders.retain(|one| at.next() == first || is_control(&one.name) || suspected(&one.name));
        row
    }

    /// With the ratios that fell, or of those that fell before the ones that fell again; itself where it cannot be said, for the
    /// machine is not as it was when they fell, or nothing was kept of it as it is.
    fn still(self, verdict: Verdict, now: Option<Measured>) -> Result<Self, Self> {
        let (Verdict::Compared { mut fallen, .. }, Some(now)) = (verdict, now) else { return Err(self) };
        let Some(first) = &self.first else { return Ok(Self { first: Some(now), fallen, ..self }) };
        fallen.retain(|again| self.fallen.iter().any(|one| one.name == again.name));
        if fallen.is_empty() && !now.is_alike(first) { Err(self) } else { Ok(Self { fallen, ..self }) }
    }
}

/// The ratios of `now` that are more than 15 % below those kept in the same state: those of others to the first of ours, and of
/// another way of ours those of all others to it. Beside the first of ours alone it may be that this became quicker.
///
/// Where ours takes no longer than it did, it is the other that takes less, whose code is as it was: then the machine has
/// another state than the control tells of, such as what it costs to wake a thread, and nothing of ours has fallen.
fn compare(kept: &KeptRow, now: &Measured) -> Verdict {
    let Some(before) = kept.like(now) else {
        return Verdict::Unknown(now.state().map_or_else(
            || "nothing was kept without a control".to_owned(),
            |time| format!("nothing was kept where a word to the other core takes {time:.0} ns"),
        ));
    };
    let mut changes = Vec::new();
    for line in now.lines.iter().filter(|line| !is_control(&line.name)) {
        match before.lines.iter().find(|kept| kept.name == line.name) {
            Some(before) => changes.push(Change { line, before }),
            None => return Verdict::Unknown(format!("nothing was kept of {}", line.name)),
        }
    }
    let (ours, others): (Vec<_>, Vec<_>) = changes.into_iter().partition(|change| change.line.role == Role::Ours);
    let Some((first, more)) = ours.split_first() else { return Verdict::Unknown("nothing is ours".to_owned()) };
    let most = others.iter().map(Change::of_ratio).fold(0.0, f64::max);
    let fallen_others = others.iter().filter(|other| other.of_ratio() < FLOOR).map(|other| (other, first));
    let fallen_ours = more.iter().filter(|way| most / way.of_ratio() < FLOOR).map(|way| (way, way));
    let (slower, machine): (Vec<_>, Vec<_>) = fallen_others.chain(fallen_ours).partition(|(_, ours)| ours.is_slower());
    let told = |(change, _): (&Change<'_>, _)| Fallen { name: change.line.name.clone(), how: change.to_string() };
    Verdict::Compared {
        fallen: slower.into_iter().map(told).collect(),
        machine: machine.into_iter().map(told).collect(),
    }
}

/// What became of a contender.
struct Change<'m> {
    line: &'m Line,
    before: &'m Line,
}

impl Change<'_> {
    /// Its time in units of ours, in units of what that was.
    fn of_ratio(&self) -> f64 {
        self.line.ratio.middle() / self.before.ratio.middle()
    }

    /// Whether it takes longer than it did.
    fn is_slower(&self) -> bool {
        self.line.seconds.middle() > self.before.seconds.middle() * SLOWER
    }
}

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (was, is) = (self.before.ratio.middle(), self.line.ratio.middle());
        write!(f, "{} took {was:.2} of our time and takes {is:.2}", self.line.name)
    }
}

#[cfg(test)]
mod tests;
