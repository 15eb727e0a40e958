//! Fixed-capacity byte arena with many live slices, and rotating preallocated buffers
