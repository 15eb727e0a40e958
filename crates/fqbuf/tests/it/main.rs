//! What users of the facade rely on: every promised name at its root, `open`, and `qc` as a command.

mod names;
mod open;
mod qc;
