//! A short run against the kept results.

use crate::{
    Effort, Outcome,
    group::{Contender, Group, Role, Row, is_control},
    results::{self, Kept, KeptRow},
    round::{self, Measured},
};

/// Enough for a suspicion in a row that reads a data set.
const SHORT: Effort = Effort { rounds: 3, laps: 1 };
/// The same where contenders meet in the heap alone: a round for each place of a cache line that its pieces can begin at.
const IN_THE_HEAP: Effort = Effort { rounds: 4, laps: 1 };
/// What confirms or clears a suspicion: as the kept results were measured.
const LONGER: Effort = Effort { rounds: 8, laps: 3 };
/// How often a suspicion has to be confirmed, each time after all other suspects.
const CONFIRMED: usize = 2;
/// A ratio may fall to this part of what it was.
const FLOOR: f64 = 0.85;
/// More rows than these must not be left without an answer.
const HANDFUL: usize = 5;

/// A row, and what was kept of it.
struct Case<'g> {
    name: String,
    /// With the first of ours and all others.
    row: Row,
    kept: &'g KeptRow,
}

/// What a row came to beside what was kept of it.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// The ratios that fell.
    Compared(Vec<Fallen>),
    /// Why it cannot be said.
    Unknown(String),
}

/// A contender whose ratio fell, and what to say of that.
#[derive(Clone, Debug, PartialEq)]
struct Fallen {
    name: String,
    how: String,
}

/// A row of which ratios fell, each time that it was measured.
struct Suspect<'c, 'g> {
    case: &'c Case<'g>,
    first: Measured,
    fallen: Vec<Fallen>,
}

/// Runs all rows and compares their ratios with those kept in the same state of the machine.
///
/// What fell is measured again, twice, as long as for the kept results, when all other rows are through and `meanwhile` is
/// done: a contender's ratio that fell every time has fallen. A row that meets a state of which nothing was kept is measured
/// again, twice, when the others are through.
///
/// # Errors
///
/// When ratios fell by more than 15 %, and below what a quarter of the kept rounds had, and stayed there, or when more than
/// five rows met a state of which nothing was kept; all are printed first.
pub(crate) fn run(groups: &[Group], meanwhile: impl FnOnce() -> Outcome) -> Outcome {
    let kept = results::load()?;
    let cases = cases(groups, &kept)?;
    let mut suspects = Vec::new();
    let mut left: Vec<&Case<'_>> = cases.iter().collect();
    // States pass: a row without an answer is looked at again when all others are through.
    for _ in 0..=CONFIRMED {
        for case in std::mem::take(&mut left) {
            match case.measure(&case.row, if case.row.data.is_empty() { IN_THE_HEAP } else { SHORT })? {
                (Verdict::Compared(fallen), Some(first)) if !fallen.is_empty() => {
                    suspects.push(Suspect { case, first, fallen });
                }
                (Verdict::Compared(_), _) => {}
                (Verdict::Unknown(_), _) => left.push(case),
            }
        }
    }
    let mut unknown: Vec<&str> = left.iter().map(|case| case.name.as_str()).collect();
    let meanwhile = meanwhile();
    for _ in 0..CONFIRMED {
        let mut confirmed = Vec::new();
        for suspect in suspects {
            let (verdict, now) = suspect.case.measure(&suspect.row(), LONGER)?;
            let still = suspect.still(verdict, now.as_ref());
            match still {
                Ok(fallen) if fallen.is_empty() => {}
                Ok(fallen) => confirmed.push(Suspect { fallen, ..suspect }),
                Err(()) => unknown.push(suspect.case.name.as_str()),
            }
        }
        suspects = confirmed;
    }
    meanwhile?;
    let compared = format!("{} of {} rows compared", cases.len() - unknown.len(), cases.len());
    let missing = if unknown.is_empty() { String::new() } else { format!("; not compared: {}", unknown.join(", ")) };
    if !suspects.is_empty() {
        let names = suspects.iter().map(|suspect| {
            let fallen: Vec<&str> = suspect.fallen.iter().map(|fallen| fallen.how.as_str()).collect();
            format!("\n  {}: {}", suspect.case.name, fallen.join("; "))
        });
        return Err(format!("slower than the kept results say:{}\n{compared}{missing}", names.collect::<String>()));
    }
    if unknown.len() > HANDFUL {
        return Err(format!("too many rows without an answer; {compared}{missing}"));
    }
    println!("no ratio has fallen; {compared}{missing}");
    Ok(())
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
        let mut row = row.clone();
        let first = row.contenders.iter().position(|one| one.role == Role::Ours);
        let mut at = 0..;
        row.contenders.retain(|one| at.next() == first || one.role != Role::Ours);
        cases.push(Case { name, row, kept });
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
            Verdict::Compared(fallen) if fallen.is_empty() => println!("{}: as before", self.name),
            Verdict::Compared(fallen) => {
                let how: Vec<&str> = fallen.iter().map(|fallen| fallen.how.as_str()).collect();
                println!("{}: {}", self.name, how.join("; "));
            }
            Verdict::Unknown(why) => println!("{}: not compared: {why}", self.name),
        }
        Ok((verdict, now))
    }
}

impl Suspect<'_, '_> {
    /// The row with the first of ours, the control, and those whose ratios are suspected.
    fn row(&self) -> Row {
        let mut row = self.case.row.clone();
        let suspected = |name: &str| self.fallen.iter().any(|fallen| fallen.name == name);
        row.contenders.retain(|one| one.role == Role::Ours || is_control(&one.name) || suspected(&one.name));
        row
    }

    /// Which ratios are still suspected; an error where it cannot be said, for the machine is no longer as it was.
    fn still(&self, verdict: Verdict, now: Option<&Measured>) -> Result<Vec<Fallen>, ()> {
        let (Verdict::Compared(again), Some(now)) = (verdict, now) else { return Err(()) };
        let still =
            Vec::from_iter(again.into_iter().filter(|again| self.fallen.iter().any(|one| one.name == again.name)));
        if still.is_empty() && !now.is_alike(&self.first) { Err(()) } else { Ok(still) }
    }
}

/// The ratios of `now` that are more than 15 % below those kept in the same state. Other ways of ours are none of them: they fall
/// and rise with the first of ours, in the other direction.
fn compare(kept: &KeptRow, now: &Measured) -> Verdict {
    let Some(before) = kept.like(now) else {
        return Verdict::Unknown(now.state().map_or_else(
            || "nothing was kept without a control".to_owned(),
            |time| format!("nothing was kept where a word to the other core takes {time:.0} ns"),
        ));
    };
    let mut fallen = Vec::new();
    for line in now.lines.iter().filter(|line| line.role != Role::Ours && !is_control(&line.name)) {
        let Some(before) = before.lines.iter().find(|kept| kept.name == line.name) else {
            return Verdict::Unknown(format!("nothing was kept of {}", line.name));
        };
        let (was, is) = (before.ratio.median, line.ratio.median);
        // Two threads that race can settle in one of two ways: what a quarter of the kept rounds had is no change.
        if is < (was * FLOOR).min(before.ratio.low) {
            let how = format!("{} took {was:.2} of our time and takes {is:.2}", line.name);
            fallen.push(Fallen { name: line.name.clone(), how });
        }
    }
    Verdict::Compared(fallen)
}

#[cfg(test)]
mod tests;
