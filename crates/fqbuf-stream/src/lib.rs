//! Byte streams in and out, compressed or not, verified to the last byte
