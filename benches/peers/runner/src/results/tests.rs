//! What is kept of a group, and what a new run replaces of it.

use super::{Kept, KeptRow, Machine, missing, parse, text};
use crate::{
    group::Role,
    round::{Measured, Said},
};

/// A table of two rows, the first kept in two states.
const TABLE: &str = "\
group\tpool
machine\ta machine
row\towned-2\t\ton two threads
note\tunfair
measured\t2026-11-25\t8 rounds
line\tours\tours\t0.100000000\t0.200000000\t0.300000000\t1.0000\t1.0000\t1.0000\t500\toperations\t8\t4096
line\tcontrol\tlimit\t0.000000020\t0.000000025\t0.000000030\t0.1000\t0.2000\t0.3000\t1\toperations\t8\t4096
measured\t2026-11-26\t24 rounds
line\tours\tours\t0.100000000\t0.400000000\t0.500000000\t1.0000\t1.0000\t1.0000\t500\toperations\t8\t4096
line\tcontrol\tlimit\t0.000000200\t0.000000210\t0.000000220\t0.1000\t0.2000\t0.3000\t1\toperations\t8\t4096
row\tplain\tshort.fq\ton one
measured\t2026-11-25\t8 rounds
line\tours\tours\t0.100000000\t0.200000000\t0.300000000\t1.0000\t1.0000\t1.0000\t900\tbytes\t0\t4096
";

fn table() -> Kept {
    parse(TABLE).unwrap_or_else(|line| panic!("line {line}"))
}

fn states(row: &KeptRow) -> Vec<Option<f64>> {
    row.measured.iter().map(|measured| measured.state().map(f64::round)).collect()
}

#[test]
fn a_table_is_read_as_it_was_written() {
    assert_eq!(text(&table()), TABLE);
    assert_eq!(states(&table().rows[0]), [Some(25.0), Some(210.0)]);
    assert_eq!(states(&table().rows[1]), [None]);
}

#[test]
fn the_line_that_is_none_of_results_is_named() {
    let line = |text: &str| parse(text).err();
    assert_eq!(line("group\tpool\nmachine\n"), Some(2));
    assert_eq!(line(&TABLE.replace("\t500\t", "\tmany\t")), Some(6));
    assert_eq!(line(&TABLE.replace("measured\t2026-11-25\t8 rounds\n", "")), Some(5), "lines of an unknown day");
}

#[test]
fn a_new_measurement_replaces_that_of_its_own_state_alone() {
    let with = |time: &str| {
        let mut new = table().rows.remove(0).measured.remove(0);
        new.date = "today".to_owned();
        let control = new.lines.last_mut().expect("the control");
        control.seconds.median = time.parse().expect("a number");
        new
    };
    let dates = |row: &KeptRow| Vec::from_iter(row.measured.iter().map(|measured: &Measured| measured.date.clone()));
    let after = |time| {
        let mut row = table().rows.remove(0);
        row.keep(with(time));
        row
    };
    assert_eq!(dates(&after("27e-9")), ["today", "2026-11-26"]);
    assert_eq!(dates(&after("190e-9")), ["2026-11-25", "today"]);
    assert_eq!(dates(&after("75e-9")), ["2026-11-25", "today", "2026-11-26"]);
    // A row that lost its control, or got one, begins anew.
    let mut row = table().rows.remove(0);
    row.keep(table().rows.remove(1).measured.remove(0));
    assert_eq!(states(&row), [None]);
}

#[test]
fn what_was_measured_before_stands_under_what_was_said_then() {
    let mut row = table().rows.remove(0);
    let mut other = row.row.clone();
    other.notes = vec!["fair".to_owned(), "warm".to_owned()];
    row.becomes(&other);
    row.keep(table().rows.remove(0).measured.remove(0));
    let said = |row: &KeptRow| Vec::from_iter(row.measured.iter().map(|measured| measured.then.clone()));
    let then = Said { title: "on two threads".to_owned(), notes: vec!["unfair".to_owned()] };
    assert_eq!(said(&row), [None, Some(then.clone())]);
    // What was said first stays, and is read as it was written.
    other.title = "on three".to_owned();
    row.becomes(&other);
    assert_eq!(said(&row)[1], Some(then));
    let before = said(&row);
    let mut kept = table();
    kept.rows[0] = row;
    let again = parse(&text(&kept)).unwrap_or_else(|line| panic!("line {line}"));
    assert_eq!((said(&again.rows[0]), &again.rows[0].row.notes), (before, &other.notes));
    // Other data make another row.
    other.data = "long.fq".to_owned();
    kept.rows[0].becomes(&other);
    assert!(kept.rows[0].measured.is_empty());
}

#[test]
fn what_only_other_machines_have_is_missing_here() {
    let machine = |rows: usize| {
        let mut group = table();
        group.rows.truncate(rows);
        Machine { folder: format!("of-{rows}").into(), groups: vec![group] }
    };
    let machines = [machine(2), machine(1)];
    assert_eq!(missing(&machines, &machines[0]), Vec::<String>::new());
    assert_eq!(missing(&machines, &machines[1]), ["pool plain"]);
}

#[test]
fn a_control_is_no_limit() {
    let row = table().rows.remove(0);
    assert!(row.measured[0].fastest(Role::Limit).is_none());
    assert_eq!(row.measured[0].fastest(Role::Ours).map(|line| line.name.as_str()), Some("ours"));
}
