//! Exact and sharded counters of live, peak and total buffer memory
