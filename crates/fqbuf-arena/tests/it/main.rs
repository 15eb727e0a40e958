//! Tests of fqbuf-arena through its public interface. They run under valgrind and an address sanitiser too.

mod growth;
mod oracle;
mod preallocated;
mod reading;
mod scopes;
mod slices;
