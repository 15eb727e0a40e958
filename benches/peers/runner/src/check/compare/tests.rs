//! When a ratio has fallen, and in which state of the machine.

use super::{Fallen, compare};
use crate::{
    check::tests::{BEFORE, kept, measured},
    statistics::Spread,
};

fn names(fallen: Option<Vec<Fallen>>) -> Vec<String> {
    fallen.expect("kept in this state").into_iter().map(|fallen| fallen.name).collect()
}

#[test]
fn a_single_ratio_that_fell_by_more_than_15_percent_is_found() {
    let kept = kept(vec![measured(25.0, BEFORE)]);
    let found = |now| compare(&kept, &measured(25.0, now));
    assert_eq!(names(found([0.5, 1.03, 3.5, 0.69])), [""; 0]);
    assert_eq!(names(found([0.5, 1.01, 4.0, 0.8])), ["fast"]);
    assert_eq!(names(found([0.5, 1.2, 3.3, 0.8])), ["slow"]);
    assert_eq!(names(found([0.5, 1.2, 4.0, 0.67])), ["limit"]);
    assert_eq!(names(found([0.9, 0.9, 3.0, 0.6])), ["fast", "slow", "limit", "ours, small"]);
    let fallen = found([0.5, 0.6, 4.0, 0.8]).expect("kept in this state");
    assert_eq!(fallen[0].to_string(), "fast took 1.20 of our time and takes 0.60");
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
        compare(&kept, &now)
    };
    assert_eq!(names(found(1.9, 1.15)), [""; 0]);
    assert_eq!(names(found(1.6, 1.0)), [""; 0]);
    assert_eq!(names(found(1.9, 1.2)), ["fast"]);
    assert_eq!(names(found(1.6, 1.2)), ["fast"]);
}

#[test]
fn another_way_of_ours_has_fallen_where_it_has_beside_all_others() {
    let kept = kept(vec![measured(25.0, BEFORE)]);
    let found = |now| compare(&kept, &measured(25.0, now));
    assert_eq!(names(found([0.2, 1.2, 4.0, 0.8])), [""; 0]);
    assert_eq!(names(found([0.58, 1.2, 4.0, 0.8])), [""; 0]);
    assert_eq!(names(found([0.6, 1.2, 4.0, 0.8])), ["ours, small"]);
    // The first of ours is quicker.
    assert_eq!(names(found([0.75, 1.8, 6.0, 1.2])), [""; 0]);
}

#[test]
fn each_state_is_compared_with_its_own_results() {
    let kept = kept(vec![measured(25.0, BEFORE), measured(210.0, [0.5, 2.4, 8.0, 0.3])]);
    assert_eq!(names(compare(&kept, &measured(27.0, [0.5, 1.2, 4.0, 0.8]))), [""; 0]);
    assert_eq!(names(compare(&kept, &measured(190.0, [0.5, 2.4, 8.0, 0.3]))), [""; 0]);
    assert_eq!(names(compare(&kept, &measured(190.0, [0.5, 1.2, 8.0, 0.3]))), ["fast"]);
    assert_eq!(compare(&kept, &measured(75.0, BEFORE)), None);
    let mut without = measured(25.0, BEFORE);
    without.lines.retain(|line| line.name != "control");
    assert_eq!(compare(&kept, &without), None);
}
