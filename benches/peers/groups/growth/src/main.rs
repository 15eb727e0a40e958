//! fqbuf alone: how time and memory grow with the input and with the threads.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use fqbuf_parallel::Pipeline;
use harness::{Answer, Contender, Data, Row, Stage, work};

const SIZES: [(Data, &str, &str); 4] = [
    (Data::Short10, "10MB", "records, bases and quality sum of 10 MB of 150-base reads from a cached file"),
    (Data::Short100, "100MB", "records, bases and quality sum of 100 MB"),
    (Data::Short1000, "1GB", "records, bases and quality sum of 1 GB"),
    (Data::Short4000, "4GB", "records, bases and quality sum of 4 GB"),
];

fn main() -> ExitCode {
    let rows = SIZES.map(|(data, name, title)| Row {
        group: "growth",
        name,
        title,
        data,
        notes: &["Time should be in proportion to the size, memory to the threads alone. The machine has the cores that are named \
                  above: more threads than those show what they cost, not what they bring."],
        contenders: vec![
            Contender::ours("fqbuf, 1 thread", |stage| sums(stage, 1)),
            Contender::ours("fqbuf, 2 threads", |stage| sums(stage, 2)),
            Contender::ours("fqbuf, 4 threads", |stage| sums(stage, 4)),
            Contender::ours("fqbuf, 8 threads", |stage| sums(stage, 8)),
            Contender::control(),
        ],
    });
    harness::run(&rows)
}

fn sums(stage: &mut Stage, threads: usize) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| {
        let run = Pipeline::new().threads(threads).file(&path).expect("the runner made the file");
        let done = run.fold(
            || [0; 3],
            |sums: &mut Answer, record| {
                sums[0] += 1;
                sums[1] += record.len() as u64;
                sums[2] += work::sum(record.qual());
            },
            |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]],
        );
        done.expect("good input").value
    })
}
