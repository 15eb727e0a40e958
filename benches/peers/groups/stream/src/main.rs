//! gzip, BGZF and plain files: the bytes alone, and records of them.
#![forbid(unsafe_code)]

mod bytes;
mod records;

use std::{path::Path, process::ExitCode};

use harness::{Answer, Contender, Data, HELICASE_LENGTHS, Row, Run, Stage, unpacked};

/// Who counts how.
const COUNTS: &str = "fqbuf asks the records for GC count and quality sum, the others have plain loops over bytes: some 10 ns a \
                      record more, of more than 100 for decompression.";

fn main() -> ExitCode {
    let rows = [
        Row {
            group: "stream",
            name: "gzip",
            title: "150-base reads, gzip -6: decompressed and verified, the bytes counted",
            data: Data::Gzip,
            notes: &[
                "On the caller's thread alone, but where a name says otherwise.",
                "Reading ahead, fqbuf starts a thread for a caller that has work of its own; this one has none. With work: the next row.",
                "libdeflate takes and gives whole buffers only, so it is no peer for a stream; its buffer is there before the time.",
                "fqbuf and helicase decompress with sirocco. Its reader copies what it has decompressed to where it is read to, which \
                 fqbuf does not: its decoder, called by hand, does not either.",
            ],
            contenders: bytes::gzip(),
        },
        Row {
            group: "stream",
            name: "gzip-records",
            title: "150-base reads, gzip -6: GC and mean quality of each record",
            data: Data::Gzip,
            notes: &[
                "A thread decompresses ahead in fqbuf and helicase; the others have one for \
                 all, but paraseq, whose two threads take turns to decompress.",
                "needletail and paraseq have flate2 over miniz_oxide, as they come; seq_io has no decompression of its own and \
                 is given flate2 over zlib-rs.",
                HELICASE_LENGTHS,
                COUNTS,
            ],
            contenders: records::gzip(),
        },
        Row {
            group: "stream",
            name: "bgzf",
            title: "150-base reads, BGZF level 6: decompressed and verified with two threads beside the caller's, the bytes counted",
            data: Data::Bgzf,
            notes: &[
                "Names say how many threads there are beside the caller's, which counts: two where they say nothing, none where it is \
                 the caller's thread that decompresses. fqbuf's caller decompresses as well while it would wait: three threads in \
                 all do in `fqbuf`, and two in `fqbuf, one thread`. noodles-bgzf's caller does not, so two and one do, but one more \
                 thread, which no name counts, reads for them.",
                "noodles-bgzf is built over libdeflate.",
                "The limits read the whole file first and put nothing in order: so many threads in all have half of its blocks each, \
                 or one has all, and decompress one after the other into one buffer.",
            ],
            contenders: bytes::bgzf(),
        },
        Row {
            group: "stream",
            name: "bgzf-records",
            title: "150-base reads, BGZF level 6: GC and mean quality of each record, two threads in all",
            data: Data::Bgzf,
            notes: &[
                "helicase maps the file and reads the index of all blocks before it begins; fqbuf takes it as a stream.",
                HELICASE_LENGTHS,
                COUNTS,
            ],
            contenders: records::bgzf(),
        },
        Row {
            group: "stream",
            name: "plain",
            title: "150-base reads from a cached file, read ahead on a thread: records counted",
            data: Data::Short,
            notes: &[
                "The limit counts bytes: it reads and looks at nothing. The work a record is as good as none, so that the \
                      reading is what is compared.",
                HELICASE_LENGTHS,
            ],
            contenders: records::plain(),
        },
    ];
    harness::run(&rows)
}

/// Runs `work` over the path of the data set, which is opened within the time.
pub(crate) fn timed(stage: &mut Stage, mut work: impl FnMut(&Path) -> Answer) -> Answer {
    let path = stage.path().to_owned();
    stage.time(|| work(&path))
}

/// The same with a compressed file: bytes are counted as they are uncompressed.
pub(crate) fn unpacking(stage: &mut Stage, work: impl FnMut(&Path) -> Answer) -> Answer {
    stage.moves(unpacked(stage.path()));
    timed(stage, work)
}

/// A contender built portably, and the same built for this machine.
pub(crate) fn both(names: [&'static str; 2], run: Run) -> [Contender; 2] {
    [Contender::peer(names[0], run), Contender::native(names[1], run)]
}
