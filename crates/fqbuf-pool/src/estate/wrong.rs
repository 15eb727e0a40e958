//! Naive versions of what an estate does, for models to fail on: see [`mutant`].

use super::Estate;
use crate::anchor::Anchor;
use crate::entry::Held;
use crate::home;
use crate::ledger::End;
use crate::recipe::Recipe;
use crate::sync::mutant;

impl<R: Recipe> Anchor<R> {
    /// As the estate of an owned lease does it.
    pub(crate) fn keep_wrongly(mut entry: Held<R>) -> Option<Held<R>> {
        if !mutant("kept_then_measured") && !mutant("reset_while_idle") {
            return Some(entry);
        }
        let anchor = entry.anchor.take()?;
        let mut entry = anchor.estate().keep_wrongly(entry)?;
        entry.anchor = Some(anchor);
        Some(entry)
    }
}

/// Each does its work the naive way when its mutant is chosen, and nothing otherwise.
impl<R: Recipe> Estate<R> {
    /// Believes that what was counted can be taken.
    pub(super) fn take_wrongly(&self, home: usize) -> Option<Held<R>> {
        let shard = self.shards.get(home)?;
        (mutant("get_trusts_len") && shard.queued() > 0).then(|| shard.pop().expect("it had an item"))
    }

    /// Stays at home, or believes that what was counted elsewhere can be taken.
    pub(super) fn steal_wrongly(&self, home: usize) -> Option<Option<Held<R>>> {
        if mutant("steal_trusts_len") {
            let full = (0..self.shards.len()).find(|&i| i != home && self.shards[i].queued() > 0);
            return Some(full.map(|i| self.shards[i].pop().expect("it had an item")));
        }
        mutant("no_steal").then_some(None)
    }

    /// Keeps an item that is too big and throws out whatever it finds, or takes an item back to empty it.
    pub(crate) fn keep_wrongly(&self, mut entry: Held<R>) -> Option<Held<R>> {
        let home = home::me().home_of(self.homes());
        if mutant("kept_then_measured") && self.recipe.bytes(&entry.item) > self.max_retained {
            if self.put_idle(home, true, entry).is_ok() {
                self.trim(0);
            }
            return None;
        }
        if mutant("reset_while_idle") {
            assert!(self.put_idle(home, true, entry).is_ok());
            entry = self.take_idle(home)?;
        }
        Some(entry)
    }

    /// Frees as many as there were, or until there are none, or all to put some back, or tells what it meant to do.
    pub(super) fn trim_wrongly(&self, keep: usize) -> Option<usize> {
        let free_one = || self.take_idle(0).map(|entry| self.end(entry, End::Freed)).is_some();
        if mutant("clear_trusts_len") {
            (0..self.idle()).for_each(|_| assert!(free_one(), "it was counted"));
            return Some(0);
        }
        while mutant("clear_until_empty") && self.idle() > keep {
            free_one();
        }
        if mutant("trim_by_refilling") {
            let all: Vec<_> = std::iter::from_fn(|| self.take_idle(0)).collect();
            let freed = all.len().saturating_sub(keep);
            for (i, entry) in all.into_iter().enumerate() {
                let back = if i < keep { self.put_idle(0, true, entry) } else { Err(entry) };
                let _ = back.map_err(|entry| self.end(entry, End::Freed));
            }
            return Some(freed);
        }
        if mutant("trim_reports_plan") {
            let plan = self.idle().saturating_sub(keep);
            while self.idle() > keep && free_one() {}
            return Some(plan);
        }
        None
    }
}
