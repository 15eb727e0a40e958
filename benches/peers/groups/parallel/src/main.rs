//! Records through one and two threads: GC and mean quality of each, from a cached file and from a slice; and an ordered
//! rewrite of the good ones.
#![forbid(unsafe_code)]

mod ours;
mod peers;
mod rewrite;

use std::process::ExitCode;

use harness::{Contender, Data, HELICASE_LENGTHS, Row};

/// Data, and the names and titles of the three rows over it.
const KINDS: [(Data, [[&str; 2]; 3]); 3] = [
    (
        Data::Short,
        [
            ["file-short", "GC and mean quality of 150-base reads from a cached file, two threads"],
            ["slice-short", "GC and mean quality of 150-base reads in memory, two threads"],
            [
                "rewrite-short",
                "150-base reads of good mean quality from a cached file, rewritten in order, two threads",
            ],
        ],
    ),
    (
        Data::Trimmed,
        [
            ["file-trimmed", "GC and mean quality of trimmed reads from a cached file, two threads"],
            ["slice-trimmed", "GC and mean quality of trimmed reads in memory, two threads"],
            [
                "rewrite-trimmed",
                "trimmed reads of good mean quality from a cached file, rewritten in order, two threads",
            ],
        ],
    ),
    (
        Data::Long,
        [
            ["file-long", "GC and mean quality of long reads from a cached file, two threads"],
            ["slice-long", "GC and mean quality of long reads in memory, two threads"],
            ["rewrite-long", "long reads of good mean quality from a cached file, rewritten in order, two threads"],
        ],
    ),
];

/// Who counts how.
const COUNTS: &str = "`fqbuf` asks the records for their counts, as its users would: they are vector code that is chosen at run \
                      time. Peers have no such methods; theirs are plain loops over bytes, which the compiler makes vectors of, \
                      the same code in all and in `fqbuf, plain loops`. `paraseq with fqbuf's counts` calls fqbuf's functions \
                      over slices. So `fqbuf` beside the last, and `fqbuf, plain loops` beside `paraseq`, compare what is not \
                      counting.";

fn main() -> ExitCode {
    let mut rows = Vec::new();
    for (data, [from_file, from_slice, rewritten]) in KINDS {
        rows.push(Row {
            group: "parallel",
            name: from_file[0],
            title: from_file[1],
            data,
            notes: &[
                "Two threads in all, but where a name says otherwise. seq_io's and fastq's workers have a reading thread beside \
                 them, so that two workers are three threads; seq_io is shown with one worker as well. fastq refuses long reads.",
                COUNTS,
                HELICASE_LENGTHS,
                "All have their default buffers. helicase needs target-cpu=native for its vector code; fqbuf is built portably and chooses at run time, for its scan, its counts and for the closure, which it \
                 compiles for several units. A native build gives all of them wider vectors for plain loops: fqbuf and paraseq \
                 are shown built so as well.",
                "Bounded memory, but for `helicase mmap` and `fqbuf over a caller's map`, which is a slice to fqbuf: compare these.",
            ],
            contenders: file(data),
        });
        rows.push(Row {
            group: "parallel",
            name: from_slice[0],
            title: from_slice[1],
            data,
            notes: &[
                COUNTS,
                "Two threads, but where a name says otherwise; seq_io's two workers have a third beside them that reads. paraseq and \
                 seq_io know readers only and copy the slice through their buffers; fqbuf and helicase parse it in place. `helicase \
                 mmap` maps the file within the time, and is here to be compared with itself in the row from a file.",
                HELICASE_LENGTHS,
            ],
            contenders: slice(),
        });
        rows.push(Row {
            group: "parallel",
            name: rewritten[0],
            title: rewritten[1],
            data,
            notes: &[
                COUNTS,
                "Written to /dev/null: what a disk or a pipe would add is the same for all. What is written is compared once, \
                 outside the time.",
                "paraseq as in its own example of ordered output: a buffer a thread, written under a lock when it is the \
                 batch's turn. seq_io has no ordered output of its own.",
            ],
            contenders: rewrite::contenders(),
        });
    }
    harness::run(&rows)
}

fn file(data: Data) -> Vec<Contender> {
    let mut all = vec![
        Contender::ours("fqbuf", |stage| ours::file(stage, 2, ours::counts)),
        Contender::ours("fqbuf, one thread", |stage| ours::file(stage, 1, ours::counts)),
        Contender::ours("fqbuf over a caller's map", |stage| ours::mapped(stage, 2, ours::counts)),
        Contender::ours("fqbuf, plain loops", |stage| ours::file(stage, 2, ours::plain_loops)),
        Contender::ours("fqbuf, plain loops, one thread", |stage| ours::file(stage, 1, ours::plain_loops)),
        Contender::peer("paraseq", |stage| peers::from_file(stage, |file| peers::paraseq(file, 2))),
        Contender::peer("paraseq, one thread", |stage| peers::from_file(stage, |file| peers::paraseq(file, 1))),
        Contender::peer("paraseq with fqbuf's counts", |stage| {
            peers::from_file(stage, |file| peers::counting_paraseq(file, 2))
        }),
        Contender::peer("seq_io", |stage| peers::from_file(stage, |file| peers::seq_io(file, 2))),
        Contender::peer("seq_io, one worker", |stage| peers::from_file(stage, |file| peers::seq_io(file, 1))),
        Contender::peer("helicase", |stage| peers::helicase_file(stage, 2)),
        Contender::ours_native("fqbuf native", |stage| ours::file(stage, 2, ours::counts)),
        Contender::native("paraseq native", |stage| peers::from_file(stage, |file| peers::paraseq(file, 2))),
        Contender::native("helicase native", |stage| peers::helicase_file(stage, 2)),
        Contender::native("helicase mmap native", |stage| peers::helicase_mmap(stage, 2)),
        Contender::control(),
        Contender::limit("read(2) of 1 MiB", |stage| ours::read(stage, 2)),
        Contender::limit("read(2) of 1 MiB, one thread", |stage| ours::read(stage, 1)),
    ];
    // It refuses records that its buffer of 68 KiB does not hold.
    if data != Data::Long {
        all.push(Contender::peer("fastq", |stage| peers::from_file(stage, |file| peers::fastq(file, 2))));
    }
    all
}

fn slice() -> Vec<Contender> {
    vec![
        Contender::ours("fqbuf", |stage| ours::slice(stage, 2, ours::counts)),
        Contender::ours("fqbuf, one thread", |stage| ours::slice(stage, 1, ours::counts)),
        Contender::ours("fqbuf, plain loops", |stage| ours::slice(stage, 2, ours::plain_loops)),
        Contender::peer("paraseq", |stage| peers::from_slice(stage, |bytes| peers::paraseq(bytes, 2))),
        Contender::peer("paraseq with fqbuf's counts", |stage| {
            peers::from_slice(stage, |bytes| peers::counting_paraseq(bytes, 2))
        }),
        Contender::peer("seq_io", |stage| peers::from_slice(stage, |bytes| peers::seq_io(bytes, 2))),
        Contender::peer("helicase", |stage| peers::helicase_slice(stage, 2)),
        Contender::ours_native("fqbuf native", |stage| ours::slice(stage, 2, ours::counts)),
        Contender::native("helicase native", |stage| peers::helicase_slice(stage, 2)),
        Contender::native("helicase mmap native", |stage| peers::helicase_mmap(stage, 2)),
        Contender::control(),
        Contender::limit("64-bit sum", |stage| ours::sum(stage, 2)),
    ]
}
