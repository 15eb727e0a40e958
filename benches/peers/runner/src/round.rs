//! One row: its contenders, interleaved.

use std::process::Command;

use crate::{
    Effort, Outcome, data,
    group::{Contender, Role, Row},
    statistics::{Spread, spread},
};

/// What came of a row.
pub(crate) struct Measured {
    pub(crate) row: Row,
    pub(crate) lines: Vec<Line>,
}

impl Measured {
    /// The peer that took the least of our time.
    pub(crate) fn fastest_peer(&self) -> Option<&Line> {
        let peers = self.lines.iter().filter(|line| line.role == Role::Peer);
        peers.min_by(|a, b| a.ratio.median.total_cmp(&b.ratio.median))
    }
}

/// What came of a contender.
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
    /// Heap allocations of one lap, the first warm one.
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

/// Runs all contenders once a round, each round in another order.
///
/// # Errors
///
/// Where a contender fails, or gives another answer than ours.
pub(crate) fn run(row: &Row, effort: Effort) -> Outcome<Measured> {
    data::prepare(&row.data)?;
    let count = row.contenders.len();
    let mut samples: Vec<Vec<Sample>> = (0..count).map(|_| Vec::new()).collect();
    for round in 0..effort.rounds {
        for step in 0..count {
            // Forwards from another start every round, and every other round backwards.
            let step = if round % 2 == 0 { step } else { count - 1 - step };
            let at = (step + round) % count;
            samples[at].push(sample(row, &row.contenders[at], round, effort.laps, false)?);
        }
    }
    let ours = row.contenders.iter().position(|contender| contender.role == Role::Ours);
    let ours = ours.ok_or_else(|| format!("{} has none of ours", row.name))?;
    let base: Vec<f64> = samples[ours].iter().map(|sample| sample.seconds).collect();
    let answer = samples[ours][0].answer.clone();
    let mut lines = Vec::new();
    for (contender, samples) in row.contenders.iter().zip(&samples) {
        let wrong = samples.iter().find(|sample| contender.role != Role::Limit && sample.answer != answer);
        if let Some(wrong) = wrong {
            return Err(format!("{}: {} answers {}, ours is {answer}", row.name, contender.name, wrong.answer));
        }
        let counted = sample(row, contender, 0, 1, true)?;
        let mut resident: Vec<u64> = samples.iter().map(|sample| sample.resident).collect();
        resident.sort_unstable();
        lines.push(Line {
            name: contender.name.clone(),
            role: contender.role,
            seconds: spread(samples.iter().map(|sample| sample.seconds).collect()),
            ratio: spread(samples.iter().zip(&base).map(|(sample, base)| sample.seconds / base).collect()),
            amount: samples[0].amount,
            operations: samples[0].operations,
            allocations: counted.allocations,
            resident: resident[resident.len() / 2],
        });
    }
    Ok(Measured { row: row.clone(), lines })
}

/// One process.
fn sample(row: &Row, contender: &Contender, round: usize, laps: usize, count: bool) -> Outcome<Sample> {
    let mut command = Command::new(&contender.binary);
    command.args(["run", &row.name, &contender.name]).arg(data::folder());
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
