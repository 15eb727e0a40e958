//! The command line of a group's binary.

use std::{env, fs, hint::black_box, mem, path::Path, process::ExitCode};

use crate::{
    row::{Build, Row},
    stage::Stage,
};

/// Answers the runner: `list` prints the table, `run ROW CONTENDER FOLDER ROUND LAPS [count]` one measurement.
///
/// # Panics
///
/// On arguments that no runner gives, and where a contender does.
#[must_use]
pub fn run(rows: &[Row]) -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["list"] => list(rows),
        ["run", row, contender, folder, round, laps] => measure(rows, row, contender, folder, [round, laps], false),
        ["run", row, contender, folder, round, laps, "count"] => {
            measure(rows, row, contender, folder, [round, laps], true);
        }
        _ => {
            eprintln!("a part of the benchmarks: start `cargo xtask bench`");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Lines of tab-separated fields: `row`, then its `note`s and `contender`s.
fn list(rows: &[Row]) {
    for row in rows {
        println!("row\t{}\t{}\t{}\t{}", row.group, row.name, row.data.file(), row.title);
        for note in row.notes {
            println!("note\t{note}");
        }
        for contender in &row.contenders {
            let build = if contender.build == Build::Native { "native" } else { "portable" };
            println!("contender\t{}\t{}\t{build}", contender.name, contender.role.name());
        }
    }
}

/// One line: seconds, amount, its unit, the answer, allocations, peak resident bytes.
fn measure(rows: &[Row], row: &str, contender: &str, folder: &str, numbers: [&str; 2], counting: bool) {
    let row = rows.iter().find(|candidate| candidate.name == row).expect("a row of the table");
    let contender =
        row.contenders.iter().find(|candidate| candidate.name == contender).expect("a contender of the row");
    let path = Path::new(folder).join(row.data.file());
    let [round, laps] = numbers.map(|number| number.parse().expect("a number"));
    shift_heap(round as usize);
    let mut stage = Stage::new(path, round as usize, laps, counting);
    let [a, b, c] = (contender.run)(&mut stage);
    let unit = if stage.operations { "operations" } else { "bytes" };
    println!("{}\t{}\t{unit}\t{a} {b} {c}\t{}\t{}", stage.seconds, stage.amount, stage.allocations, peak_resident());
}

/// Lets what a contender allocates begin at another place of a cache line in each round, of all that `malloc` knows: how far the
/// heap has grown by then depends on the lengths of the arguments, and so on the path to the data.
fn shift_heap(round: usize) {
    mem::forget(black_box(vec![0_u8; 2048 + 16 * (round % 8)]));
}

/// The most memory this process ever had resident, in bytes; 0 where the system does not say.
fn peak_resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    kib.map_or(0, |kib: u64| kib << 10)
}
