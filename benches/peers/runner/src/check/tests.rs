//! What becomes of a suspicion.

use super::{Case, Fallen, SHORT, Suspect, cases};
use crate::{
    group::{Contender, Group, Role, Row},
    program::{Build, Program},
    results::{Kept, KeptRow, Machine},
    round::{Line, Measured},
    statistics::Spread,
};

fn line(name: &str, role: Role, ratio: f64) -> Line {
    let spread = |middle| Spread { low: middle * 0.75, median: middle, high: middle * 1.25 };
    Line {
        name: name.to_owned(),
        role,
        seconds: spread(ratio * 1e-9),
        ratio: spread(ratio),
        amount: 1,
        operations: true,
        allocations: 0,
        resident: 0,
    }
}

/// A row where a word to the other core takes `state` nanoseconds, with the times of the second of ours, of two peers and a limit.
pub(super) fn measured(state: f64, [second, fast, slow, limit]: [f64; 4]) -> Measured {
    let lines = vec![
        line("ours", Role::Ours, 1.0),
        line("ours, small", Role::Ours, second),
        line("fast", Role::Peer, fast),
        line("slow", Role::Peer, slow),
        line("limit", Role::Limit, limit),
        line("control", Role::Limit, state),
    ];
    Measured { date: "2026-11-25".to_owned(), how: String::new(), then: None, lines }
}

/// The row of those.
fn row() -> Row {
    let contender = |line: Line| Contender {
        name: line.name,
        role: line.role,
        program: Program::of("pool", Build::Portable, vec!["pool".into()]),
    };
    let contenders = measured(25.0, BEFORE).lines.into_iter().map(contender).collect();
    Row { name: "row".to_owned(), title: String::new(), data: String::new(), notes: Vec::new(), contenders }
}

pub(super) fn kept(measured: Vec<Measured>) -> KeptRow {
    KeptRow { row: row(), measured }
}

pub(super) const BEFORE: [f64; 4] = [0.5, 1.2, 4.0, 0.8];

fn fallen(names: &[&str]) -> Vec<Fallen> {
    names.iter().map(|name| Fallen { name: (*name).to_owned(), was: 1.2, is: 1.0 }).collect()
}

fn case(kept: &KeptRow) -> Case<'_> {
    Case { group: "pool".to_owned(), row: row(), kept: Some(kept) }
}

/// What fell where a word to the other core took `state` nanoseconds.
fn suspect<'c, 'g>(case: &'c Case<'g>, state: Option<f64>, names: &[&str]) -> Suspect<'c, 'g> {
    let first = state.map(|state| measured(state, BEFORE));
    Suspect { case, first, fallen: fallen(names), confirmed: false }
}

fn names<'n>(of: impl Iterator<Item = &'n Contender>) -> Vec<&'n str> {
    of.map(|one| one.name.as_str()).collect()
}

#[test]
fn a_suspicion_is_confirmed_by_the_same_ratio_and_cleared_in_its_own_state() {
    let kept = kept(vec![measured(25.0, BEFORE)]);
    let case = case(&kept);
    let again = |state: Option<f64>, now: Option<&[&str]>| {
        let suspect = suspect(&case, Some(25.0), &["fast", "slow"]);
        let after = suspect.after(state.map(|state| measured(state, BEFORE)), now.map(fallen));
        after.map(|suspect| (suspect.fallen, suspect.confirmed))
    };
    let as_it_was = Some((fallen(&["fast", "slow"]), false));
    assert_eq!(again(Some(26.0), Some(&["slow", "limit"])), Some((fallen(&["slow"]), true)));
    assert_eq!(again(Some(26.0), Some(&["limit"])), None);
    assert_eq!(again(Some(26.0), Some(&[])), None);
    assert_eq!(again(Some(210.0), Some(&[])), as_it_was);
    assert_eq!(again(Some(210.0), None), as_it_was);
    assert_eq!(again(None, None), as_it_was);
}

#[test]
fn a_row_stays_suspect_until_there_is_an_answer() {
    let kept = kept(vec![measured(25.0, BEFORE)]);
    let case = case(&kept);
    let after = |state: Option<f64>, now: Option<&[&str]>| {
        suspect(&case, None, &[]).after(state.map(|state| measured(state, BEFORE)), now.map(fallen))
    };
    assert!(after(None, None).is_some());
    assert!(after(Some(210.0), None).is_some());
    assert!(after(Some(25.0), Some(&[])).is_none());
    let found = after(Some(26.0), Some(&["fast"])).expect("it fell");
    assert_eq!((found.fallen, found.confirmed), (fallen(&["fast"]), false));
    assert_eq!(found.first.and_then(|first| first.state()), Some(26.0));
}

#[test]
fn what_is_suspected_is_measured_again_and_beside_what_it_was() {
    let kept = kept(vec![measured(25.0, BEFORE), measured(210.0, BEFORE)]);
    let case = case(&kept);
    let suspect = |state, names: &[&str]| suspect(&case, Some(state), names);
    let one = suspect(210.0, &["slow"]);
    assert_eq!(names(one.row().contenders.iter()), ["ours", "slow", "control"]);
    assert_eq!(names(one.ways()), ["ours"]);
    assert_eq!(one.kept().and_then(Measured::state), Some(210.0));
    let way = suspect(25.0, &["ours, small"]);
    assert_eq!((names(way.row().contenders.iter()).len(), names(way.ways())), (6, vec!["ours, small"]));
    assert_eq!(names(suspect(25.0, &["slow", "ours, small"]).ways()), ["ours", "ours, small"]);
    let unknown = suspect(75.0, &[]);
    assert_eq!((names(unknown.row().contenders.iter()).len(), names(unknown.ways()).len()), (6, 2));
    assert_eq!(unknown.kept().and_then(Measured::state).map(f64::round), Some(25.0));
    let before = Contender {
        role: Role::Limit,
        program: Program::of("pool", Build::Portable, vec!["then".into()]),
        ..case.row.contenders[1].clone()
    };
    let pair = case.pair(&case.row.contenders[1], before);
    assert_eq!(names(pair.contenders.iter()), ["ours, small", "ours, small", "control"]);
}

/// A machine of which the row was kept so, or not at all.
fn machine(measured: Option<Vec<Measured>>) -> [Machine; 1] {
    let mut group = Kept::named("pool");
    group.rows.extend(measured.map(kept));
    [Machine { folder: "there".into(), groups: vec![group] }]
}

#[test]
fn a_contender_of_which_nothing_was_kept_is_an_error() {
    let groups = [Group { name: "pool".to_owned(), rows: vec![row()] }];
    let found = |here, elsewhere| {
        let (here, elsewhere) = (machine(here), machine(elsewhere));
        cases(&groups, [&here, &elsewhere])
            .map(|cases| cases.iter().map(|case| case.kept.is_some()).collect::<Vec<_>>())
    };
    let whole = || Some(vec![measured(25.0, BEFORE)]);
    assert_eq!(found(whole(), None), Ok(vec![true]));
    assert_eq!(found(None, whole()), Ok(vec![false]));
    assert_eq!(found(None, None), Err("pool row: no results kept".to_owned()));
    let less = || {
        let mut less = measured(210.0, BEFORE);
        less.lines.retain(|line| line.name != "slow");
        Some(vec![measured(25.0, BEFORE), less])
    };
    assert_eq!(found(less(), None), Err("pool row: no results kept of slow".to_owned()));
    assert_eq!(found(less(), whole()), Ok(vec![true]));
}

#[test]
fn on_a_machine_of_which_nothing_was_kept_ours_meets_the_code_of_the_last_results() {
    let case = Case { group: "pool".to_owned(), row: row(), kept: None };
    let suspect = Suspect { case: &case, first: None, fallen: Vec::new(), confirmed: false };
    let suspect = suspect.look(SHORT).expect("runs nothing").expect("stays suspect");
    assert!(suspect.kept().is_none() && suspect.first.is_none());
    assert_eq!(names(suspect.ways()), ["ours", "ours, small"]);
}
