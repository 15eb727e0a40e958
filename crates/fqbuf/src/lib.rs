//! The memory layer of FASTQ tools: pools, rings, line buffers, strict readers, parallel processing
