//! What users of fqbuf-record rely on, through its public names.

mod bare;
mod batches;
mod checks;
mod compare;
mod conformance;
mod corpus;
mod counts;
mod errors;
mod exhaustive;
mod faults;
mod oracle;
mod paired;
mod random;
mod schedules;
mod sources;
mod split;
mod texts;
mod trusted;
mod uniform;
mod writer;
