//! A short run against the kept results.

use crate::{
    Effort, Outcome,
    group::{Contender, Group, Role, Row, is_control},
    results,
    round::{self, Line, Measured},
};

/// Enough for a suspicion.
const SHORT: Effort = Effort { rounds: 3, laps: 3 };
/// What confirms or clears one.
const LONGER: Effort = Effort { rounds: 9, laps: 3 };
/// How often a suspicion has to be confirmed, each time after all other suspects.
const CONFIRMED: usize = 2;
/// A ratio may fall to this part of what it was.
const FLOOR: f64 = 0.85;

/// How far the control of a row may be from the kept one, as a factor, for the others to be compared.
const SAME_STATE: f64 = 1.5;

/// A row, and what was kept of it.
struct Case<'g> {
    name: String,
    row: &'g Row,
    before: Measured,
}

/// Runs, of every row, ours, the peer that was fastest and the limits, and compares their ratios with the kept ones.
///
/// What fell is looked at again, twice, when all other rows are through and `meanwhile` is done, for a guest's machine has
/// states that last for minutes; and with all peers, for a build can lay out one of them better than the last did. A change
/// of ours is there every time, and beside most of the others.
///
/// Controls tell the state of the machine: where it is another than the kept one, nothing of the row is compared, and that is
/// said. Limits in a row that has a control are not compared either: they have one thread where ours has two.
///
/// # Errors
///
/// When ratios fell by more than 15 % and stayed there; all are printed first.
pub(crate) fn run(groups: &[Group], meanwhile: impl FnOnce() -> Outcome) -> Outcome {
    let cases = cases(groups)?;
    let (mut suspects, mut other) = (Vec::new(), 0);
    for case in &cases {
        match case.again(&case.fastest(), SHORT)? {
            Some((fallen, _)) => suspects.extend((fallen > 0).then_some(case)),
            None => other += 1,
        }
    }
    let meanwhile = meanwhile();
    for _ in 0..CONFIRMED {
        let mut confirmed = Vec::new();
        for case in suspects {
            let fell = |(fallen, compared)| fallen > 0 && fallen * 2 >= compared;
            confirmed.extend(case.again(&case.all(), LONGER)?.is_some_and(fell).then_some(case));
        }
        suspects = confirmed;
    }
    meanwhile?;
    if suspects.is_empty() {
        println!("none of {} rows is slower, {other} of them were not compared", cases.len());
        return Ok(());
    }
    let names: Vec<&str> = suspects.iter().map(|case| case.name.as_str()).collect();
    Err(format!("slower than the kept results say: {}", names.join(", ")))
}

/// All rows of the groups with what was kept of them.
fn cases(groups: &[Group]) -> Outcome<Vec<Case<'_>>> {
    let mut kept = results::load()?;
    let mut cases = Vec::new();
    for (group, row) in groups.iter().flat_map(|group| group.rows.iter().map(|row| (&group.name, row))) {
        let name = format!("{group} {}", row.name);
        let rows = kept.iter_mut().filter(|kept| kept.name == *group).map(|kept| &mut kept.rows);
        let before = rows.flat_map(|rows| rows.extract_if(.., |kept| kept.row.name == row.name)).next();
        cases.push(Case { before: before.ok_or_else(|| format!("{name}: no results kept"))?, name, row });
    }
    Ok(cases)
}

impl Case<'_> {
    /// The row with ours, and the others that matter.
    fn with(&self, matters: impl Fn(&Contender) -> bool) -> Row {
        let mut contenders = Vec::from_iter(self.row.contenders.iter().find(|one| one.role == Role::Ours).cloned());
        let controlled = self.row.contenders.iter().any(|one| is_control(&one.name));
        contenders.extend(
            self.row
                .contenders
                .iter()
                .filter(|one| match one.role {
                    Role::Ours => false,
                    Role::Peer => matters(one),
                    Role::Limit => !controlled || is_control(&one.name),
                })
                .cloned(),
        );
        Row { contenders, ..self.row.clone() }
    }

    /// The row with the peer that was fastest.
    fn fastest(&self) -> Row {
        let fastest = self.before.fastest_peer();
        self.with(|peer| fastest.is_some_and(|fastest| fastest.name == peer.name))
    }

    /// The row with all peers.
    fn all(&self) -> Row {
        self.with(|_| true)
    }

    /// Measures anew: how many ratios fell, of how many; nothing where the machine is in another state. Says what it found.
    fn again(&self, row: &Row, effort: Effort) -> Outcome<Option<(usize, usize)>> {
        let now = round::run(row, effort)?;
        let (controls, others): (Vec<&Line>, Vec<&Line>) =
            now.lines.iter().filter(|line| line.role != Role::Ours).partition(|line| is_control(&line.name));
        if let Some(state) = controls.iter().find_map(|line| self.other_state(line)) {
            println!("{}: not compared: {state}", self.name);
            return Ok(None);
        }
        let fallen: Vec<String> = others.iter().filter_map(|line| self.fell(line)).collect();
        match fallen.as_slice() {
            [] => println!("{}: as before", self.name),
            fallen => println!("{}: {}, of {}", self.name, fallen.join("; "), others.len()),
        }
        Ok(Some((fallen.len(), others.len())))
    }

    /// What was kept of this contender.
    fn kept(&self, line: &Line) -> Option<&Line> {
        self.before.lines.iter().find(|kept| kept.name == line.name)
    }

    /// What to say of a control that is far from what it was.
    fn other_state(&self, control: &Line) -> Option<String> {
        let time = |line: &Line| 1e9 * line.seconds.median / line.amount as f64;
        let (was, is) = (time(self.kept(control)?), time(control));
        (was.max(is) > was.min(is) * SAME_STATE).then(|| format!("{} took {was:.0} ns and takes {is:.0}", control.name))
    }

    /// What to say of a ratio that is too low now.
    fn fell(&self, line: &Line) -> Option<String> {
        let kept = self.kept(line)?;
        let (was, is) = (kept.ratio.median, line.ratio.median);
        // What the kept rounds themselves had in their lower quarter is no change. In a steady row it is the median.
        let floor = kept.ratio.low.min(was) * FLOOR;
        (is < floor).then(|| format!("{} took {was:.2} of our time and takes {is:.2}", line.name))
    }
}
