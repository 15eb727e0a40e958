//! Byte ring buffer, and a double buffer that hands batches from one thread to another
