//! Sharded buffer pool with byte budgets and slices that return their buffer by themselves
