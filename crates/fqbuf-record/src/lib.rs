//! Strict four-line FASTQ reading, batching, splitting and writing without allocation per record
