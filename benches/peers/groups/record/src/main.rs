//! Records of a slice and of a cached file, on one thread: header, sequence and quality of each are delivered.
#![forbid(unsafe_code)]

mod file;
mod memory;
mod sums;

use std::process::ExitCode;

use harness::{Contender, Data, Row, Run};

const KINDS: [(Data, [&str; 2], [&str; 2]); 3] = [
    (Data::Short, ["memory-short", "file-short"], ["150-base reads in memory", "150-base reads from a cached file"]),
    (
        Data::Trimmed,
        ["memory-trimmed", "file-trimmed"],
        ["reads trimmed to 35..=151 bases, in memory", "reads trimmed to 35..=151 bases, from a cached file"],
    ),
    (Data::Long, ["memory-long", "file-long"], ["long reads in memory", "long reads from a cached file"]),
];

fn main() -> ExitCode {
    let mut rows = Vec::new();
    for (data, names, titles) in KINDS {
        rows.push(Row {
            group: "record",
            name: names[0],
            title: titles[0],
            data,
            notes: &[
                "seq_io, paraseq, needletail, noodles-fastq, fastq and bio know readers only and copy the slice through their \
                 buffers; fqbuf and helicase parse it in place.",
                "helicase reports no unequal lengths, passes over the qualities of long reads unseen, as fqbuf does where their \
                 length is trusted, and needs target-cpu=native for its vector code; fqbuf is built portably and chooses at run time.",
                "noodles-fastq and bio fill records of their own: that is their public way. bio allocates for each record's header by \
                 contract. needletail's parser is called as it is, not through the table that its `parse_fastx_file` returns.",
            ],
            contenders: able(data, memory::contenders()),
        });
        rows.push(Row {
            group: "record",
            name: names[1],
            title: titles[1],
            data,
            notes: &[
                "Bounded memory, but for `helicase mmap` and `fqbuf over a caller's map`, which is a slice to fqbuf: compare \
                 these. They pay for page faults instead of a copy.",
                "helicase reports no unequal lengths, and passes over the qualities of long reads, as fqbuf does where their length is \
                 trusted: it never sees what it passes over.",
                "All readers have their default buffers, but where a name says otherwise. One thread each, but for those that \
                 read ahead on a second: helicase's `from_file` always does where it can.",
                "fastq refuses records beyond its buffer of 68 KiB, so it is not among the long reads.",
            ],
            contenders: able(data, file::contenders()),
        });
    }
    harness::run(&rows)
}

/// Those that can read the data.
fn able(data: Data, mut all: Vec<Contender>) -> Vec<Contender> {
    all.retain(|contender| data != Data::Long || contender.name != "fastq");
    all
}

/// The names of what both rows share.
pub(crate) fn peers<const N: usize>(list: [(&'static str, Run); N]) -> Vec<Contender> {
    list.into_iter().map(|(name, run)| Contender::peer(name, run)).collect()
}
