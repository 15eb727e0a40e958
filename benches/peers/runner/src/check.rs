//! A short run against the kept results.
//!
//! A ratio falls because our code became slower, or because the machine is not what it was, which the control of rows of two
//! threads tells in part: it does not say what it costs to wake a thread, nor to contend for a cache line, and both drift. Either
//! way what is kept is true no longer, and the check fails. Which one it is, is found out: the code that the result was kept with is
//! built again, and runs beside ours. Where that is as slow now, the result is to be kept anew. As what is kept is replaced when the
//! machine gives less, and not when it gives more, it comes to be what the machine gives in any case.
//!
//! On a machine of which nothing is kept there are no ratios to compare with: there ours meets the code of the last results that
//! were kept anywhere.

mod baseline;
mod compare;

use std::fmt::Write;

use crate::{
    Effort, Outcome,
    data::Sets,
    group::{Contender, Group, Role, Row, is_control},
    results::{self, KeptRow, Machine},
    round::{self, Measured},
};
use compare::{FLOOR, Fallen, compare};

/// Enough for a suspicion in a row that reads a data set: a third of it.
const SHORT: Effort = Effort { rounds: 3, laps: 1, sets: Sets::Thirds };
/// The same where contenders meet in the heap alone: a round for each place of a cache line that its pieces can begin at.
const IN_THE_HEAP: Effort = Effort { rounds: 4, laps: 1, sets: Sets::Whole };
/// As the kept results were measured.
const AS_KEPT: Effort = Effort { rounds: 8, laps: 3, sets: Sets::Whole };
/// What confirms that ours is slower than it was, once it seemed so.
const LONGER: Effort = Effort { rounds: 24, laps: 3, sets: Sets::Whole };
/// How often ours meets what it was until the machine is as it was when the suspicion arose. States of the machine pass.
const LOOKS: usize = 4;

/// A row, and what was kept of it on this machine.
struct Case<'g> {
    group: String,
    row: Row,
    kept: Option<&'g KeptRow>,
}

/// A row, and the ratios that fell each time that it was measured.
struct Suspect<'c, 'g> {
    case: &'c Case<'g>,
    /// What they fell in first; nothing before that.
    first: Option<Measured>,
    /// None at all as long as there is no answer.
    fallen: Vec<Fallen>,
    /// Whether they fell twice in one state of the machine.
    confirmed: bool,
}

/// Runs all rows and compares their ratios with those kept in the same state of the machine.
///
/// What fell, or met a state of which nothing was kept, is measured again when all other rows are through and `meanwhile` is
/// done: a contender's ratio that fell each time has fallen. Then ours meets what it was when that result was kept, and so it
/// does where nothing was kept in the state that there is, or the state of the first time was gone the second.
///
/// # Errors
///
/// When ratios fell by more than 15 %, with the code or the machine as the cause; when ours takes so much longer than the code of
/// the kept results does now, or that cannot be found out. All is printed first.
pub(crate) fn run(groups: &[Group], meanwhile: impl FnOnce() -> Outcome) -> Outcome {
    let (here, elsewhere): (Vec<_>, _) = results::load()?.into_iter().partition(Machine::is_this);
    let cases = cases(groups, [&here, &elsewhere])?;
    let mut suspects = Vec::new();
    for case in &cases {
        let suspect = Suspect { case, first: None, fallen: Vec::new(), confirmed: false };
        suspects.extend(suspect.look(if case.row.data.is_empty() { IN_THE_HEAP } else { SHORT })?);
    }
    let meanwhile = meanwhile();
    let mut wrong = String::new();
    for suspect in suspects {
        if let Some(suspect) = suspect.look(AS_KEPT)?
            && let Err(why) = suspect.judge()
        {
            let _ = write!(wrong, "\n  {}: {why}", suspect.case.name());
        }
    }
    meanwhile?;
    if wrong.is_empty() {
        println!("nothing of ours has fallen; {} rows compared", cases.len());
        return Ok(());
    }
    Err(format!("of {} rows, not what the kept results say:{wrong}", cases.len()))
}

/// The rows of the groups that have anybody beside ours, with what was kept of them here. Of each contender something was kept,
/// here or elsewhere: what was not here has no ratio yet to compare with.
fn cases<'k>(groups: &[Group], [here, elsewhere]: [&'k [Machine]; 2]) -> Outcome<Vec<Case<'k>>> {
    let mut cases = Vec::new();
    for (group, row) in groups.iter().flat_map(|group| group.rows.iter().map(|row| (&group.name, row))) {
        let compared = || row.contenders.iter().filter(|one| !is_control(&one.name));
        if compared().all(|one| one.role == Role::Ours) {
            continue;
        }
        let on = |machines: &'k [Machine]| {
            let groups = machines.iter().flat_map(|machine| &machine.groups);
            let rows = groups.filter(|kept| kept.name == *group).flat_map(|kept| &kept.rows);
            rows.filter(|kept| kept.row.name == row.name).collect::<Vec<_>>()
        };
        let (kept_here, kept_elsewhere) = (on(here), on(elsewhere));
        let kept = || kept_here.iter().chain(&kept_elsewhere);
        if kept().next().is_none() {
            return Err(format!("{group} {}: no results kept", row.name));
        }
        let is_kept =
            |one: &Contender| kept().any(|kept| kept.measured.iter().all(|before| before.line(&one.name).is_some()));
        if let Some(new) = compared().find(|one| !is_kept(one)) {
            return Err(format!("{group} {}: no results kept of {}", row.name, new.name));
        }
        let kept_here = kept_here.first().copied();
        cases.push(Case { group: group.clone(), row: row.clone(), kept: kept_here });
    }
    Ok(cases)
}

impl Case<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.group, self.row.name)
    }

    fn ours(&self) -> impl Iterator<Item = &Contender> {
        self.row.contenders.iter().filter(|one| one.role == Role::Ours)
    }

    /// One way of ours beside what it was, which is the pair's only limit.
    fn pair(&self, way: &Contender, baseline: Contender) -> Row {
        let control = self.row.contenders.iter().find(|one| is_control(&one.name)).cloned();
        let contenders = [way.clone(), baseline].into_iter().chain(control).collect();
        Row { contenders, ..self.row.clone() }
    }
}

impl Suspect<'_, '_> {
    /// Measures it and compares, where there is anything to compare with. Says what it found.
    fn look(self, effort: Effort) -> Outcome<Option<Self>> {
        let name = self.case.name();
        let Some(kept) = self.case.kept else { return Ok(Some(self)) };
        let now = round::run(&self.row(), effort)?;
        let fallen = now.as_ref().and_then(|now| compare(kept, now));
        match (&now, &fallen) {
            (None, _) => println!("{name}: the machine changes too often"),
            (Some(now), None) => println!("{name}: nothing was kept where {}", now.state_in_words()),
            (_, Some(fallen)) if fallen.is_empty() => println!("{name}: as before"),
            (_, Some(fallen)) => println!("{name}: {}", listed(fallen)),
        }
        Ok(self.after(now, fallen))
    }

    /// The row, or of one where nothing but others' ratios is suspected the first of ours, the control, and those others.
    fn row(&self) -> Row {
        let mut row = self.case.row.clone();
        let suspected = |name: &str| self.fallen.iter().any(|fallen| fallen.name == name);
        if self.fallen.is_empty() || self.case.ours().any(|way| suspected(&way.name)) {
            return row;
        }
        let first = row.contenders.iter().position(|one| one.role == Role::Ours);
        let mut at = 0..;
        row.contenders.retain(|one| at.next() == first || is_control(&one.name) || suspected(&one.name));
        row
    }

    /// With the ratios that fell, or of those that fell before the ones that fell again. Nothing where none did, in the state
    /// that they fell in before.
    fn after(self, now: Option<Measured>, fallen: Option<Vec<Fallen>>) -> Option<Self> {
        let (Some(now), Some(mut fallen)) = (now, fallen) else { return Some(self) };
        if self.fallen.is_empty() {
            return (!fallen.is_empty()).then_some(Self { first: Some(now), fallen, ..self });
        }
        if !self.first.as_ref().is_some_and(|first| now.is_alike(first)) {
            return Some(self);
        }
        fallen.retain(|again| self.fallen.iter().any(|one| one.name == again.name));
        (!fallen.is_empty()).then_some(Self { fallen, confirmed: true, ..self })
    }

    /// What was kept in the state that it fell in, or at all, on this machine.
    fn kept(&self) -> Option<&Measured> {
        let kept = self.case.kept?;
        self.first.as_ref().and_then(|first| kept.like(first)).or(kept.measured.first())
    }

    /// The ways of ours that may have become slower: the first, where another's ratio to it fell; all, where nothing is known.
    fn ways(&self) -> impl Iterator<Item = &Contender> {
        let of_ours = |fallen: &Fallen| self.case.ours().any(|way| way.name == fallen.name);
        let first_too = self.fallen.iter().any(|fallen| !of_ours(fallen));
        self.case.ours().enumerate().filter_map(move |(at, way)| {
            let fell = self.fallen.iter().any(|fallen| fallen.name == way.name);
            (self.fallen.is_empty() || fell || (at == 0 && first_too)).then_some(way)
        })
    }

    /// What is wrong with it, if anything is, as an error.
    fn judge(&self) -> Outcome {
        let fell = match self.case.kept {
            None => {
                let fell = "nothing was kept on this machine";
                println!("{}: {fell}", self.case.name());
                fell.to_owned()
            }
            Some(_) if self.fallen.is_empty() => "no answer".to_owned(),
            Some(_) => listed(&self.fallen),
        };
        let commit = baseline::commit(&self.case.group, self.kept());
        let slower = commit.as_ref().map_err(String::clone).and_then(|commit| self.slower_than(commit));
        match (slower, commit) {
            (Ok(Some(way)), Ok(commit)) => Err(format!("{fell}; {way} takes longer than in {commit}")),
            (Ok(None), Ok(commit)) if self.confirmed => {
                let Case { group, row, .. } = self.case;
                let keep = format!("`cargo xtask bench {group} --row {} --keep`", row.name);
                Err(format!(
                    "{fell}; ours takes no longer than in {commit}, so it is the machine: {keep} keeps what it gives now"
                ))
            }
            (Err(why), _) | (_, Err(why)) => Err(format!("{fell}; and beside the code of the kept results: {why}")),
            _ => Ok(()),
        }
    }

    /// The name of a way of ours that takes longer than in `commit`, of those in question.
    fn slower_than(&self, commit: &str) -> Outcome<Option<String>> {
        if baseline::is_unchanged(commit)? {
            println!("{}: its code is that of {commit}", self.case.name());
            return Ok(None);
        }
        for way in self.ways() {
            let baseline = baseline::build(commit, way)?;
            let pair = self.case.pair(way, baseline);
            let is_slower = |effort| {
                let ratio = self.ratio_to_baseline(&pair, effort)?.ok_or("the machine changes too often")?;
                println!("{}: the {} of {commit} takes {ratio:.2} of our time", self.case.name(), way.name);
                Outcome::Ok(ratio < FLOOR)
            };
            if is_slower(AS_KEPT)? && is_slower(LONGER)? {
                return Ok(Some(way.name.clone()));
            }
        }
        Ok(None)
    }

    /// The time of ours as it was in units of ours as it is: in the state of the machine of the suspicion or, when that does not
    /// come back, as the machine is by now.
    fn ratio_to_baseline(&self, pair: &Row, effort: Effort) -> Outcome<Option<f64>> {
        let mut ratio = None;
        for _ in 0..LOOKS {
            let Some(now) = round::run(pair, effort)? else { continue };
            ratio = now.fastest(Role::Limit).map(|line| line.ratio.middle());
            if self.first.as_ref().is_none_or(|first| now.is_alike(first)) {
                return Ok(ratio);
            }
            println!("{}: now {}", self.case.name(), now.state_in_words());
        }
        Ok(ratio)
    }
}

/// What fell, for people.
fn listed(fallen: &[Fallen]) -> String {
    fallen.iter().map(Fallen::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
