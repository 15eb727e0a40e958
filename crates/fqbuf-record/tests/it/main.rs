//! What users of fqbuf-record rely on, through its public names.

mod compare;
mod exhaustive;
mod oracle;
mod random;
mod schedules;
mod sources;
mod texts;
