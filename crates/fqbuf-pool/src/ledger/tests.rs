//! The books balance whatever the order in which items end.

use super::*;

#[test]
fn ledgers_end_in_any_order() {
    let ledgers = Ledgers::new(2);
    let mut open: Vec<_> = (0..6).map(|i| ledgers.open(i % 2, Origin::Miss)).collect();
    open.push(ledgers.open(1, Origin::Prefill));
    for (i, ledger) in open.iter().enumerate() {
        (0..i).for_each(|_| ledger.hit());
    }
    let all = ledgers.sum(2, 0);
    assert_eq!((all.misses, all.prefilled, all.hits, all.live, all.idle, all.returned), (6, 1, 21, 5, 2, 22));
    for (i, end) in [(0, End::Freed), (3, End::Discarded), (0, End::Detached), (2, End::Freed)] {
        ledgers.close(&open.swap_remove(i), end);
        // Each of those still open is found where it says.
        for ledger in &open {
            let book = ledgers.book(ledger.book);
            assert!(Arc::ptr_eq(&book.open[ledger.index.load(Relaxed)], ledger));
        }
    }
    let rest = ledgers.sum(0, 0);
    assert_eq!((rest.misses, rest.prefilled, rest.hits, rest.live), (6, 1, 21, 3));
    assert_eq!((rest.freed, rest.discarded, rest.detached), (2, 1, 1));
}

#[test]
fn counts_that_are_read_between_two_steps_do_not_wrap() {
    let ledgers = Ledgers::new(1);
    let _ledger = ledgers.open(0, Origin::Miss);
    let sum = ledgers.sum(5, 0);
    assert_eq!((sum.live, sum.returned), (0, 1));
}
