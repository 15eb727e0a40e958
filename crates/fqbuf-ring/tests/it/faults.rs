//! Faults that users of other tools met.
