//! Tests of the public API.

mod double;
mod faults;
mod halves;
mod handover;
mod ring;
mod threads;

/// Fails to compile when `T` cannot go to another thread.
fn assert_send<T: Send>() {}

/// Fails to compile when `T` cannot be shared between threads.
fn assert_sync<T: Sync>() {}
