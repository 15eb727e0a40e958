//! FASTQ records through worker threads, in order, within one memory budget
