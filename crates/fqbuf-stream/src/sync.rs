//! The one spelling of synchronisation: std in every build, loom under `cfg(loom)`, shuttle under `cfg(shuttle)`.
//!
//! This file is the same in every crate that has models; `cargo xtask tidy` compares the copies.

#![allow(unused_imports, dead_code)] // each crate uses its part of the one file

#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::{
    hint,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic},
    thread, thread_local,
};

#[cfg(loom)]
pub(crate) use loom::{
    hint,
    sync::{Arc, Condvar, Mutex, MutexGuard, atomic},
    thread, thread_local,
};
#[cfg(loom)]
pub(crate) use std::sync::PoisonError;

#[cfg(shuttle)]
pub(crate) use shuttle::{
    hint,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic},
    thread, thread_local,
};

/// Whether threads, locks and time are those of a model.
pub(crate) const MODELLED: bool = cfg!(any(loom, shuttle));

/// Whether the named mutant is switched on: never outside models, where `FQBUF_MUTANT` names the one that is. A mutant
/// breaks the code on purpose, so that the model made for it can be seen to fail.
#[cfg(not(any(loom, shuttle)))]
pub(crate) const fn mutant(_name: &str) -> bool {
    false
}

/// Whether the named mutant is switched on, by `FQBUF_MUTANT`.
#[cfg(any(loom, shuttle))]
pub(crate) fn mutant(name: &str) -> bool {
    static CHOSEN: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    CHOSEN.get_or_init(|| std::env::var("FQBUF_MUTANT").ok()).as_deref() == Some(name)
}
