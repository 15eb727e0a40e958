//! What users of the facade rely on: every promised name at its root, `open`, and the examples as commands.

mod names;
mod open;
mod qc;
mod support;
mod tools;
