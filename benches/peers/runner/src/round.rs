//! One row: its contenders, interleaved, in one state of the machine.

use crate::{
    Effort, Outcome,
    data::{self, Sets},
    group::{Contender, Role, Row, is_control},
    machine,
    statistics::{Spread, spread},
};

/// The controls of one state differ by no more than this factor. What it costs to reach the other core is some 25 ns or some
/// 210 on the first machine of the kept results, and within a tenth of that for as long as the machine stays as it is.
const SAME_STATE: f64 = 1.6;

/// The lower quartile of a ratio is no less than this part of its median, or a row needs more rounds.
const SCATTERED: f64 = 0.85;

/// So many rounds are begun for each one wanted, before a row is given up: the machine changes too often.
const PATIENCE: usize = 3;

/// Laps of a control, of a millisecond or eight.
const LAPS_OF_A_CONTROL: usize = 3;

/// How often a control is looked at before the state is said to have changed: one in a hundred is disturbed itself.
const LOOKS: usize = 3;

/// What came of a row in one state of the machine.
pub(crate) struct Measured {
    pub(crate) date: String,
    /// Rounds, command, compiler, versions, for people; empty until it is kept or printed.
    pub(crate) how: String,
    /// What was said of the row then, where that is not what is said now.
    pub(crate) then: Option<Said>,
    pub(crate) lines: Vec<Line>,
}

/// What is said of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) title: String,
    pub(crate) notes: Vec<String>,
}

impl Measured {
    /// The contender of a kind that took the least time, in units of that of our first. A control is none.
    pub(crate) fn fastest(&self, role: Role) -> Option<&Line> {
        let lines = self.lines.iter().filter(|line| line.role == role && !is_control(&line.name));
        lines.min_by(|a, b| a.ratio.median.total_cmp(&b.ratio.median))
    }

    /// The time of the control in nanoseconds, in rows that have one.
    pub(crate) fn state(&self) -> Option<f64> {
        let control = self.lines.iter().find(|line| is_control(&line.name))?;
        Some(control.seconds.median * 1e9 / control.amount as f64)
    }

    /// The state for people, for what follows "where".
    pub(crate) fn state_in_words(&self) -> String {
        self.state().map_or_else(
            || "there is no control".to_owned(),
            |time| format!("a word to the other core takes {time:.0} ns"),
        )
    }

    /// What came of a contender.
    pub(crate) fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// Whether a quarter of the rounds lies far below the middle of somebody's ratios.
    pub(crate) fn is_scattered(&self) -> bool {
        self.lines.iter().any(|line| !is_control(&line.name) && line.ratio.low < line.ratio.median * SCATTERED)
    }

    /// Whether both were taken in the same state, or are of a row for which there is but one.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        match (self.state(), other.state()) {
            (Some(one), Some(other)) => same_state(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

/// Whether two times of a control tell of one state.
fn same_state(one: f64, other: f64) -> bool {
    one.max(other) <= one.min(other) * SAME_STATE
}

/// What came of a contender.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Seconds of one lap, over the rounds.
    pub(crate) seconds: Spread,
    /// This one's time in units of ours, over the rounds.
    pub(crate) ratio: Spread,
    /// Bytes or operations of a lap.
    pub(crate) amount: u64,
    pub(crate) operations: bool,
    /// Heap allocations of one lap, the first warm one; 0 until they are counted.
    pub(crate) allocations: u64,
    /// The median of the processes' peaks, in bytes.
    pub(crate) resident: u64,
}

/// One process's line.
struct Sample {
    seconds: f64,
    amount: u64,
    operations: bool,
    answer: String,
    allocations: u64,
    resident: u64,
}

impl Sample {
    fn nanoseconds(&self) -> f64 {
        self.seconds * 1e9 / self.amount as f64
    }
}

/// Runs all contenders once a round, each round in another order, until one state of the machine has all its rounds.
///
/// The control, where the row has one, begins the round and follows every contender: a round in which the state changed is
/// dropped. Nothing comes back when that happens too often.
///
/// # Errors
///
/// Where a contender fails, or gives another answer than ours.
pub(crate) fn run(row: &Row, effort: Effort) -> Outcome<Option<Measured>> {
    data::prepare(&row.data, effort.sets)?;
    let control = row.contenders.iter().find(|contender| is_control(&contender.name));
    let mut states = States { wanted: effort.rounds, met: Vec::new() };
    for _ in 0..effort.rounds * PATIENCE {
        let begun = control.map(|control| sample_of_control(row, control)).transpose()?;
        let state = begun.as_ref().map_or(0.0, Sample::nanoseconds);
        if let Some(round) = one_round(row, begun, states.rounds(state), effort)?
            && let Some(rounds) = states.add(state, round)
        {
            return conclude(row, &rounds).map(Some);
        }
    }
    Ok(None)
}

/// Rounds by the state they were met in.
struct States<R> {
    /// Rounds of one state that are enough.
    wanted: usize,
    /// Each with the control's time in its first round.
    met: Vec<(f64, Vec<R>)>,
}

impl<R> States<R> {
    /// Rounds that this state has.
    fn rounds(&self, state: f64) -> usize {
        self.met.iter().find(|(known, _)| same_state(*known, state)).map_or(0, |(_, rounds)| rounds.len())
    }

    /// Adds one, and gives all of this state back when they are enough.
    fn add(&mut self, state: f64, round: R) -> Option<Vec<R>> {
        let at = self.met.iter().position(|(known, _)| same_state(*known, state)).unwrap_or_else(|| {
            self.met.push((state, Vec::new()));
            self.met.len() - 1
        });
        self.met[at].1.push(round);
        (self.met[at].1.len() == self.wanted).then(|| self.met.swap_remove(at).1)
    }
}

/// A sample of each contender in the order of the row, the control's as it was `begun`; nothing once the state has changed.
fn one_round(row: &Row, begun: Option<Sample>, round: usize, effort: Effort) -> Outcome<Option<Vec<Sample>>> {
    let count = row.contenders.len();
    let mut samples: Vec<Option<Sample>> = (0..count).map(|_| None).collect();
    let control = row.contenders.iter().position(|contender| is_control(&contender.name));
    for step in 0..count {
        // Forwards from another start every round, and every other round backwards.
        let step = if round.is_multiple_of(2) { step } else { count - 1 - step };
        let at = (step + round) % count;
        if control == Some(at) {
            continue;
        }
        samples[at] = Some(sample(row, &row.contenders[at], round, effort.laps, effort.sets, false)?);
        if let (Some(control), Some(begun)) = (control, &begun)
            && !is_still(row, &row.contenders[control], begun.nanoseconds())?
        {
            return Ok(None);
        }
    }
    if let Some(control) = control {
        samples[control] = begun;
    }
    Ok(Some(samples.into_iter().flatten().collect()))
}

/// Whether the machine still is in this state.
fn is_still(row: &Row, control: &Contender, state: f64) -> Outcome<bool> {
    for _ in 0..LOOKS {
        if same_state(state, sample_of_control(row, control)?.nanoseconds()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the rounds, of one sample for each contender, come to.
fn conclude(row: &Row, rounds: &[Vec<Sample>]) -> Outcome<Measured> {
    let ours = row.contenders.iter().position(|contender| contender.role == Role::Ours);
    let ours = ours.ok_or_else(|| format!("{} has none of ours", row.name))?;
    let answer = &rounds[0][ours].answer;
    let mut lines = Vec::new();
    for (at, contender) in row.contenders.iter().enumerate() {
        let samples = || rounds.iter().map(|round| &round[at]);
        let wrong = samples().find(|sample| contender.role != Role::Limit && sample.answer != *answer);
        if let Some(wrong) = wrong {
            return Err(format!("{}: {} answers {}, ours is {answer}", row.name, contender.name, wrong.answer));
        }
        let mut resident: Vec<u64> = samples().map(|sample| sample.resident).collect();
        resident.sort_unstable();
        lines.push(Line {
            name: contender.name.clone(),
            role: contender.role,
            seconds: spread(samples().map(|sample| sample.seconds).collect()),
            ratio: spread(rounds.iter().map(|round| round[at].seconds / round[ours].seconds).collect()),
            amount: rounds[0][at].amount,
            operations: rounds[0][at].operations,
            allocations: 0,
            resident: resident[resident.len() / 2],
        });
    }
    Ok(Measured { date: machine::date(), how: String::new(), then: None, lines })
}

/// Counts the allocations of a lap of each contender.
///
/// # Errors
///
/// Where one fails.
pub(crate) fn count_allocations(row: &Row, measured: &mut Measured) -> Outcome {
    for (contender, line) in row.contenders.iter().zip(&mut measured.lines) {
        line.allocations = sample(row, contender, 0, 1, Sets::Whole, true)?.allocations;
    }
    Ok(())
}

/// One process of a control, which reads nothing.
fn sample_of_control(row: &Row, control: &Contender) -> Outcome<Sample> {
    sample(row, control, 0, LAPS_OF_A_CONTROL, Sets::Whole, false)
}

/// One process.
fn sample(row: &Row, contender: &Contender, round: usize, laps: usize, sets: Sets, count: bool) -> Outcome<Sample> {
    let mut command = contender.program.command(round);
    command.args(["run", &row.name, &contender.name]).arg(sets.folder());
    command.args([round.to_string(), laps.to_string()]);
    if count {
        command.arg("count");
    }
    let failed = |why: String| format!("{}: {}: {why}", row.name, contender.name);
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    parse(text.trim_end()).ok_or_else(|| failed(format!("prints {text:?}")))
}

fn parse(line: &str) -> Option<Sample> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [seconds, amount, unit, answer, allocations, resident] = fields[..] else { return None };
    Some(Sample {
        seconds: seconds.parse().ok()?,
        amount: amount.parse().ok()?,
        operations: unit == "operations",
        answer: answer.to_owned(),
        allocations: allocations.parse().ok()?,
        resident: resident.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::States;

    #[test]
    fn rounds_of_two_states_are_never_mixed() {
        let mut states = States { wanted: 3, met: Vec::new() };
        assert_eq!(states.add(25.0, 'a'), None);
        assert_eq!(states.add(210.0, 'x'), None);
        assert_eq!(states.add(28.0, 'b'), None);
        assert_eq!(states.add(190.0, 'y'), None);
        assert_eq!((states.rounds(24.0), states.rounds(220.0), states.rounds(75.0)), (2, 2, 0));
        assert_eq!(states.add(23.0, 'c'), Some(vec!['a', 'b', 'c']));
        assert_eq!(states.add(205.0, 'z'), Some(vec!['x', 'y', 'z']));
    }
}
