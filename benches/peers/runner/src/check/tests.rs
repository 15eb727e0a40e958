//! When a ratio has fallen, and in which state of the machine.

use super::{Case, Fallen, Suspect, Verdict, compare};
use crate::{
    group::{Role, Row},
    results::KeptRow,
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
fn measured(state: f64, [second, fast, slow, limit]: [f64; 4]) -> Measured {
    let lines = vec![
        line("ours", Role::Ours, 1.0),
        line("ours, small", Role::Ours, second),
        line("fast", Role::Peer, fast),
        line("slow", Role::Peer, slow),
        line("limit", Role::Limit, limit),
        line("control", Role::Limit, state),
    ];
    Measured { date: "2026-11-25".to_owned(), lines }
}

/// The same where everything takes so many times as long.
fn slower(mut measured: Measured, times: f64) -> Measured {
    for line in measured.lines.iter_mut().filter(|line| line.name != "control") {
        let Spread { low, median, high } = line.seconds;
        line.seconds = Spread { low: low * times, median: median * times, high: high * times };
    }
    measured
}

fn row() -> Row {
    Row { name: "row".to_owned(), title: String::new(), data: String::new(), notes: Vec::new(), contenders: Vec::new() }
}

fn kept(measured: Vec<Measured>) -> KeptRow {
    KeptRow { row: row(), measured }
}

fn names(verdict: &Verdict) -> Vec<&str> {
    match verdict {
        Verdict::Compared { fallen, .. } => fallen.iter().map(|fallen| fallen.name.as_str()).collect(),
        Verdict::Unknown(why) => panic!("not compared: {why}"),
    }
}

const BEFORE: [f64; 4] = [0.5, 1.2, 4.0, 0.8];

#[test]
fn a_single_ratio_that_fell_by_more_than_15_percent_is_found() {
    let kept = kept(vec![measured(25.0, BEFORE)]);
    let found = |now| compare(&kept, &slower(measured(25.0, now), 1.2));
    assert_eq!(names(&found([0.5, 1.03, 3.5, 0.69])), [""; 0]);
    assert_eq!(names(&found([0.5, 1.01, 4.0, 0.8])), ["fast"]);
    assert_eq!(names(&found([0.5, 1.2, 3.3, 0.8])), ["slow"]);
    assert_eq!(names(&found([0.5, 1.2, 4.0, 0.67])), ["limit"]);
    assert_eq!(names(&found([0.9, 0.9, 3.0, 0.6])), ["fast", "slow", "limit", "ours, small"]);
}

#[test]
fn where_two_halves_lie_apart_their_middle_is_compared() {
    let apart = |median| Spread { low: 1.0, median, high: 2.0 };
    let mut before = measured(25.0, BEFORE);
    before.lines[2].ratio = apart(1.9);
    let kept = kept(vec![before]);
    let found = |median, by: f64| {
        let mut now = measured(25.0, BEFORE);
        let Spread { low, median, high } = apart(median);
        now.lines[2].ratio = Spread { low: low / by, median: median / by, high: high / by };
        compare(&kept, &slower(now, by))
    };
    assert_eq!(names(&found(1.9, 1.15)), [""; 0]);
    assert_eq!(names(&found(1.6, 1.0)), [""; 0]);
    assert_eq!(names(&found(1.9, 1.2)), ["fast"]);
    assert_eq!(names(&found(1.6, 1.2)), ["fast"]);
}

#[test]
fn what_falls_because_the_other_is_quicker_is_the_machines() {
    let kept = kept(vec![measured(25.0, BEFORE)]);
    let found = |times| match compare(&kept, &slower(measured(25.0, [0.5, 0.6, 4.0, 0.8]), times)) {
        Verdict::Compared { fallen, machine } => (fallen.len(), machine.len()),
        Verdict::Unknown(why) => panic!("not compared: {why}"),
    };
    assert_eq!((found(0.9), found(1.04), found(1.06)), ((0, 1), (0, 1), (1, 0)));
}

#[test]
fn another_way_of_ours_has_fallen_where_it_has_beside_all_others() {
    let kept = kept(vec![measured(25.0, BEFORE)]);
    let found = |now| compare(&kept, &slower(measured(25.0, now), 1.06));
    assert_eq!(names(&found([0.2, 1.2, 4.0, 0.8])), [""; 0]);
    assert_eq!(names(&found([0.58, 1.2, 4.0, 0.8])), [""; 0]);
    assert_eq!(names(&found([0.6, 1.2, 4.0, 0.8])), ["ours, small"]);
    // The first of ours is quicker.
    assert_eq!(names(&found([0.75, 1.8, 6.0, 1.2])), [""; 0]);
}

#[test]
fn each_state_is_compared_with_its_own_results() {
    let kept = kept(vec![measured(25.0, BEFORE), measured(210.0, [0.5, 2.4, 8.0, 0.3])]);
    assert_eq!(names(&compare(&kept, &measured(27.0, [0.5, 1.2, 4.0, 0.8]))), [""; 0]);
    assert_eq!(names(&compare(&kept, &measured(190.0, [0.5, 2.4, 8.0, 0.3]))), [""; 0]);
    assert_eq!(names(&compare(&kept, &slower(measured(190.0, [0.5, 1.2, 8.0, 0.3]), 1.1))), ["fast"]);
}

#[test]
fn what_was_never_kept_is_unknown() {
    let kept = kept(vec![measured(25.0, BEFORE)]);
    assert!(matches!(compare(&kept, &measured(75.0, BEFORE)), Verdict::Unknown(why) if why.contains("75 ns")));
    let mut more = measured(25.0, BEFORE);
    more.lines.push(line("new", Role::Peer, 2.0));
    assert!(matches!(compare(&kept, &more), Verdict::Unknown(why) if why.contains("new")));
    more.lines.retain(|line| line.name != "control");
    assert!(matches!(compare(&kept, &more), Verdict::Unknown(_)));
}

#[test]
fn a_suspicion_is_confirmed_by_the_same_ratio_and_cleared_in_its_own_state() {
    let kept = kept(Vec::new());
    let case = Case { name: String::new(), row: row(), kept: &kept };
    let fallen = |name: &str| Fallen { name: name.to_owned(), how: String::new() };
    let (same, other) = (measured(26.0, BEFORE), measured(210.0, BEFORE));
    let verdict = |names: &[&str]| Verdict::Compared {
        fallen: names.iter().map(|name| fallen(name)).collect(),
        machine: Vec::new(),
    };
    let again = |verdict, now: Option<Measured>| {
        let first = Some(measured(25.0, BEFORE));
        let suspect = Suspect { case: &case, first, fallen: vec![fallen("fast"), fallen("slow")] };
        suspect.still(verdict, now).map(|suspect| suspect.fallen).map_err(|suspect| suspect.fallen.len())
    };
    let one_more = |measured: &Measured| Some(Measured { date: String::new(), lines: measured.lines.clone() });
    assert_eq!(again(verdict(&["slow", "limit"]), one_more(&same)), Ok(vec![fallen("slow")]));
    assert_eq!(again(verdict(&["slow"]), one_more(&other)), Ok(vec![fallen("slow")]));
    assert_eq!(again(verdict(&["limit"]), one_more(&same)), Ok(vec![]));
    assert_eq!(again(verdict(&[]), one_more(&other)), Err(2));
    assert_eq!(again(Verdict::Unknown(String::new()), one_more(&same)), Err(2));
    assert_eq!(again(Verdict::Unknown(String::new()), None), Err(2));
    let fresh = Suspect { case: &case, first: None, fallen: Vec::new() };
    let first = fresh.still(verdict(&["limit"]), one_more(&other)).map_err(|_| ()).expect("an answer");
    assert_eq!((first.fallen, first.first.and_then(|first| first.state())), (vec![fallen("limit")], Some(210.0)));
}
