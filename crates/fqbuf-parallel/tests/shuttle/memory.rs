//! Runs in little memory: who waits for it, and that somebody always goes on.

use fqbuf_parallel::Error;
use fqbuf_pool::MemoryBudget;

use crate::*;

/// Output that outgrows what can be charged is written in turn, piece by piece.
#[test]
fn output_that_outgrows_its_budget() {
    let mutants = ["write-out-of-turn", "turn-without-notify", "memory-not-waited-for", "sleeper-not-counted"];
    let data = records(25);
    scenario(&mutants, move || {
        let budget = MemoryBudget::new(LITTLE + 1024 * below(8));
        let mut got = Vec::new();
        let done = run(&pipeline().budget(&budget), &data).map_ordered(
            Sink::new(&mut got),
            || (),
            |(), record, out| {
                step();
                for _ in 0..4 {
                    out.extend_from_slice(record.as_bytes());
                }
            },
        );
        done.expect("all is well");
        let wanted: Vec<u8> = data.chunks(RECORD).flat_map(|record| record.repeat(4)).collect();
        assert!(got == wanted, "{} bytes of {}", got.len(), wanted.len());
        assert!(budget.used() == 0 && budget.peak() <= budget.limit());
    });
}

/// A record for which there is no memory is an error after all before it, however the others hold what there is.
#[test]
fn a_record_that_cannot_fit() {
    let before = below_long_record();
    scenario(&["reader-end-not-settled"], move || {
        let budget = MemoryBudget::new(64 << 10);
        let mut got = Vec::new();
        let result = run(&pipeline().budget(&budget), &before).map_ordered(
            Sink::new(&mut got),
            || (),
            |(), record, out| {
                step();
                out.extend_from_slice(record.id());
            },
        );
        let Err(Error::Memory(error)) = result else { panic!("no error of memory") };
        assert_eq!((error.limit, error.position.record), (Some(64 << 10), 14));
        assert_eq!(got, numbers(13));
        assert_eq!(budget.used(), 0);
    });
}

/// Thirteen records, and one of 200 kB.
fn below_long_record() -> Vec<u8> {
    let len = 100_000;
    [records(13), format!("@long\n{}\n+\n{}\n", "A".repeat(len), "I".repeat(len)).into_bytes()].concat()
}
