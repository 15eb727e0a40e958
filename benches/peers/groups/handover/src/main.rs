//! Batches handed from one thread to another and back: their cost, and what waiting for a slow side takes of a core.
#![forbid(unsafe_code)]

mod ways;

use std::{process::ExitCode, time::Duration};

use harness::{Answer, Contender, Data, Row, Stage, on_core, together, work_for};

use crate::ways::{Batch, Channel, Crossbeam, Doubled, Rtrb, Source, StdSync, Target, Thingbuf, Way};

/// Items of a batch.
const ITEMS: usize = 1000;
/// Batches of a lap.
const BATCHES: u64 = 3000;
/// Batches of a lap with a slow side, which takes so long for each.
const SLOW_BATCHES: u64 = 50;
const SLOW: Duration = Duration::from_millis(1);

fn fill(batch: &mut Batch, n: u64) {
    assert!(batch.is_empty(), "cleared on its way back");
    (0..ITEMS as u64).for_each(|item| batch.push([n, item, 0, 1]));
}

fn sum(batch: &Batch) -> u64 {
    batch.iter().map(|item| item[0] ^ item[1]).sum()
}

fn quick<W: Way>(stage: &mut Stage) -> Answer {
    stage.operations(BATCHES);
    stage.timed(|| {
        let (mut source, mut target) = W::new(ITEMS);
        let write = || {
            for n in 0..BATCHES {
                source.give(|batch| fill(batch, n));
            }
            drop(source);
        };
        let read = || {
            let (mut batches, mut total) = (0, 0);
            while let Some(found) = target.take(sum) {
                batches += 1;
                total += found;
            }
            [batches, total, 0]
        };
        let (seconds, (), answer) = together(write, read);
        (seconds, answer)
    })
}

/// The time that the reading side was on a core while the writing one took its time.
fn slow_writer<W: Way>(stage: &mut Stage) -> Answer {
    stage.operations(SLOW_BATCHES);
    stage.timed(|| {
        let (mut source, mut target) = W::new(ITEMS);
        let write = || {
            for n in 0..SLOW_BATCHES {
                source.give(|batch| {
                    work_for(SLOW);
                    batch.push([n; 4]);
                });
            }
            drop(source);
        };
        let read = || {
            let before = on_core();
            let mut total = 0;
            while let Some(found) = target.take(sum) {
                total += found;
            }
            (on_core() - before, [total, 0, 0])
        };
        let (_, (), (busy, answer)) = together(write, read);
        (busy.as_secs_f64(), answer)
    })
}

/// The time that the writing side was on a core while the reading one took its time.
fn slow_reader<W: Way>(stage: &mut Stage) -> Answer {
    stage.operations(SLOW_BATCHES);
    stage.timed(|| {
        let (mut source, mut target) = W::new(ITEMS);
        let write = || {
            let before = on_core();
            for n in 0..SLOW_BATCHES {
                source.give(|batch| batch.push([n; 4]));
            }
            drop(source);
            on_core() - before
        };
        let read = || {
            let mut total = 0;
            while let Some(found) = target.take(|batch| {
                work_for(SLOW);
                sum(batch)
            }) {
                total += found;
            }
            [total, 0, 0]
        };
        let (_, busy, answer) = together(write, read);
        (busy.as_secs_f64(), answer)
    })
}

/// The contenders of a row.
macro_rules! contenders {
    ($run:ident) => {
        vec![
            Contender::ours("fqbuf DoubleBuffer", $run::<Doubled>),
            Contender::ours("fqbuf handover of 2", $run::<Channel<2>>),
            Contender::ours("fqbuf handover of 4", $run::<Channel<4>>),
            Contender::peer("crossbeam-channel", $run::<Crossbeam>),
            Contender::peer("std sync_channel", $run::<StdSync>),
            Contender::peer("thingbuf", $run::<Thingbuf>),
            Contender::peer("rtrb, spinning", $run::<Rtrb>),
            Contender::control(),
        ]
    };
}

fn main() -> ExitCode {
    const WAYS: &str = "Two buffers each, where a name says nothing else. crossbeam-channel and std have a second channel for the way \
                        back; thingbuf recycles in place.";
    const ENDS: &str =
        "Ours carries errors and tells a panic from an end; the channels only tell that the other side is gone.";
    const SPINNING: &str = "rtrb does not wait: both ends spin for as long as it takes and use up a core each.";
    let row =
        |name, title, notes, contenders| Row { group: "handover", name, title, data: Data::None, notes, contenders };
    let rows = [
        row(
            "batches",
            "batches of 1000 items of 32 bytes, filled here, summed there",
            &[WAYS, ENDS, SPINNING][..],
            contenders!(quick),
        ),
        row(
            "slow-writer",
            "time on a core of the reader, a batch, while the writer works 1 ms on each; 50,000 ns were 5 %",
            &[WAYS, SPINNING],
            contenders!(slow_writer),
        ),
        row(
            "slow-reader",
            "time on a core of the writer, a batch, while the reader works 1 ms on each; 50,000 ns were 5 %",
            &[WAYS, SPINNING],
            contenders!(slow_reader),
        ),
    ];
    harness::run(&rows)
}
