//! A short run against the kept results.

use crate::{
    Effort, Outcome,
    group::{Contender, Group, Role, Row},
    results,
    round::{self, Line, Measured},
};

/// Enough for a suspicion.
const SHORT: Effort = Effort { rounds: 3, laps: 3 };
/// What confirms or clears one.
const LONGER: Effort = Effort { rounds: 9, laps: 3 };
/// A ratio may fall to this part of what it was.
const FLOOR: f64 = 0.85;

/// Runs, of every row, ours, the peer that was fastest and the limits, and compares their ratios with the kept ones.
///
/// Controls are not compared: they tell the state of the machine. Neither are limits in a row that has one, because that state
/// changes them by more than a change of ours would.
///
/// # Errors
///
/// When a ratio fell by more than 15 %, twice; all are printed first.
pub(crate) fn run(groups: &[Group]) -> Outcome {
    let kept = results::load()?;
    let mut fallen = 0;
    for (group, row) in groups.iter().flat_map(|group| group.rows.iter().map(|row| (&group.name, row))) {
        let rows = kept.iter().filter(|kept| kept.name == *group).flat_map(|kept| &kept.rows);
        let Some(before) = rows.into_iter().find(|kept| kept.row.name == row.name) else {
            println!("{group} {}: no results kept", row.name);
            fallen += 1;
            continue;
        };
        let row = shortened(row, before);
        let mut complaints = compare(before, &round::run(&row, SHORT)?);
        if !complaints.is_empty() {
            complaints = compare(before, &round::run(&row, LONGER)?);
        }
        println!(
            "{group} {}: {}",
            row.name,
            if complaints.is_empty() { "as before".to_owned() } else { complaints.join("; ") }
        );
        fallen += usize::from(!complaints.is_empty());
    }
    if fallen == 0 { Ok(()) } else { Err(format!("{fallen} rows are slower than the kept results say")) }
}

/// The row with the contenders that matter.
fn shortened(row: &Row, before: &Measured) -> Row {
    let fastest = before
        .lines
        .iter()
        .filter(|line| line.role == Role::Peer)
        .min_by(|a, b| a.ratio.median.total_cmp(&b.ratio.median))
        .map(|line| line.name.as_str());
    let first = row.contenders.iter().position(|contender| contender.role == Role::Ours);
    let controlled = row.contenders.iter().any(|contender| contender.name.starts_with("control"));
    let matters = |at: usize, contender: &Contender| match contender.role {
        Role::Ours => Some(at) == first,
        Role::Peer => Some(contender.name.as_str()) == fastest,
        Role::Limit => !controlled,
    };
    let contenders =
        row.contenders.iter().enumerate().filter(|(at, contender)| matters(*at, contender)).map(|(_, it)| it.clone());
    Row { contenders: contenders.collect(), ..row.clone() }
}

fn compare(before: &Measured, now: &Measured) -> Vec<String> {
    let others = now.lines.iter().filter(|line| line.role != Role::Ours);
    let fell = others.filter_map(|line| {
        let kept: &Line = before.lines.iter().find(|kept| kept.name == line.name)?;
        let (was, is) = (kept.ratio.median, line.ratio.median);
        // What the kept rounds themselves had in their lower quarter is no change. In a steady row it is the median.
        (is < kept.ratio.low.min(was) * FLOOR)
            .then(|| format!("{} took {was:.2} of our time and takes {is:.2}", line.name))
    });
    fell.collect()
}
