//! Generated FASTQ for tests and benchmarks: seeded, so that every machine makes the same bytes.
