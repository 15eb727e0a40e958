//! Whether a ratio has fallen.

use std::fmt;

use crate::{
    group::{Role, is_control},
    results::KeptRow,
    round::{Line, Measured},
};

/// A ratio may fall to this part of what it was.
pub(super) const FLOOR: f64 = 0.85;

/// A contender whose ratio fell.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fallen {
    pub(super) name: String,
    pub(super) was: f64,
    pub(super) is: f64,
}

impl fmt::Display for Fallen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} took {:.2} of our time and takes {:.2}", self.name, self.was, self.is)
    }
}

/// The ratios of `now` that are more than 15 % below those kept in the same state: those of others to the first of ours, and of
/// another way of ours those of all others to it. Beside the first of ours alone it may be that this became quicker. `None`
/// where nothing was kept in that state.
pub(super) fn compare(kept: &KeptRow, now: &Measured) -> Option<Vec<Fallen>> {
    let before = kept.like(now)?;
    let lines = now.lines.iter().filter(|line| !is_control(&line.name));
    let changes = lines.filter_map(|line| Some(Change { line, before: before.line(&line.name)? }));
    let (ours, others): (Vec<_>, Vec<_>) = changes.partition(|change| change.line.role == Role::Ours);
    let most = others.iter().map(Change::of_ratio).fold(0.0, f64::max);
    let fallen_others = others.iter().filter(|other| other.of_ratio() < FLOOR);
    let fallen_ours = ours.iter().skip(1).filter(|way| most / way.of_ratio() < FLOOR);
    Some(fallen_others.chain(fallen_ours).map(Change::told).collect())
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

    fn told(&self) -> Fallen {
        Fallen { name: self.line.name.clone(), was: self.before.ratio.middle(), is: self.line.ratio.middle() }
    }
}

#[cfg(test)]
mod tests;
