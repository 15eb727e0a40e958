//! A file of BGZF, whose blocks the threads of the run decompress before they claim them.

use std::path::PathBuf;
use std::sync::OnceLock;

use fqbuf_pool::MemoryBudget;
use fqbuf_stream::{Format, WriterBuilder};

use crate::ends::{End, told, with_ends};
use crate::*;

/// Records of the file, each of 16 KiB; more than the blocks that go round hold, which are of 64 KiB.
const COUNT: usize = 48;

/// The file, and the first half of its bytes.
fn files() -> &'static [PathBuf; 2] {
    static FILES: OnceLock<[PathBuf; 2]> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut writer = WriterBuilder::new().format(Format::Bgzf).to_writer(Vec::new()).expect("one thread");
        for i in 0..COUNT {
            write!(writer, "@{i:06}\n{}\n+\n{}\n", "ACGT".repeat(2047), "I".repeat(4 * 2047)).expect("memory");
        }
        let packed = writer.finish().expect("memory");
        [packed.len(), packed.len() / 2].map(|len| {
            let path = std::env::temp_dir().join(format!("fqbuf-run-{}-{len}.gz", std::process::id()));
            std::fs::write(&path, &packed[..len]).expect("a temporary file");
            path
        })
    })
}

/// Ended by closures at some records, by its own end, or too early.
#[test]
fn threads_that_decompress_what_they_parse() {
    let mutants = ["others-blocks-left", "panic-not-settled"];
    scenario(&mutants, || {
        let budget = MemoryBudget::new(8 << 20);
        let pipeline = Pipeline::new().threads(3).budget(&budget);
        let cut = below(4) == 0;
        let at: Vec<_> = (0..below(3)).filter(|_| !cut).map(|_| (below(COUNT), below(3))).collect();
        let mut got = Vec::new();
        let run = pipeline.file(&files()[usize::from(cut)]).expect("a file");
        let end = with_ends(run, &at, Sink::new(&mut got));
        if cut {
            assert_eq!(end, End::Input(io::ErrorKind::UnexpectedEof));
            assert!(numbers(COUNT).starts_with(&got) && got.len() > COUNT, "{} bytes", got.len());
        } else {
            let first = at.iter().min_by_key(|(record, _)| *record).copied();
            assert_eq!(end, first.map_or(End::Done, told), "{at:?}");
            assert_eq!(got, numbers(first.map_or(COUNT, |(record, _)| record)));
        }
        assert!(budget.used() == 0 && budget.peak() <= budget.limit());
    });
    files().iter().for_each(|path| std::fs::remove_file(path).expect("its own file"));
}
