//! The data sets, generated once and warm in the page cache.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use fqbuf_benches::{Kind, Size, bgzf, gzip, write};

use crate::{Outcome, here};

/// Bytes of a plain set; a compressed one has a third, uncompressed.
const PLAIN: u64 = 300_000_000;

/// How much of each set is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sets {
    Whole,
    /// A third, which no cache holds either: for a short run.
    Thirds,
}

impl Sets {
    /// Where they lie: in a folder of what made them, so that a generator that changed makes them anew.
    pub(crate) fn folder(self) -> PathBuf {
        let folder = here().join("target/data").join(format!("{:016x}", generator()));
        match self {
            Self::Whole => folder,
            Self::Thirds => folder.join("thirds"),
        }
    }

    /// Bytes of a plain set.
    fn plain(self) -> u64 {
        match self {
            Self::Whole => PLAIN,
            Self::Thirds => PLAIN / 3,
        }
    }
}

/// A number for the sources that the sets are made by.
fn generator() -> u64 {
    const SOURCES: [&str; 5] = [
        include_str!("data.rs"),
        include_str!("../../../src/compress.rs"),
        include_str!("../../../src/generate.rs"),
        include_str!("../../../src/rng.rs"),
        include_str!("../../../src/shape.rs"),
    ];
    let mut hasher = DefaultHasher::new();
    SOURCES.hash(&mut hasher);
    hasher.finish()
}

/// Makes the set of this name, where it is not there, drops it from the page cache and reads it back.
///
/// The cache keeps what was read in other pieces than what was written: such a file is read at half the speed.
pub(crate) fn prepare(name: &str, sets: Sets) -> Outcome {
    if name.is_empty() {
        return Ok(());
    }
    let path = sets.folder().join(name);
    if !path.exists() {
        fs::create_dir_all(sets.folder()).map_err(|error| error.to_string())?;
        eprintln!("generating {name}");
        let part = path.with_extension("part");
        generate(name, sets.plain(), &part).map_err(|error| format!("{}: {error}", part.display()))?;
        fs::rename(&part, &path).map_err(|error| error.to_string())?;
    }
    let mut file = File::open(&path).map_err(|error| error.to_string())?;
    #[cfg(target_os = "linux")]
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).map_err(|error| error.to_string())?;
    std::io::copy(&mut file, &mut std::io::sink()).map_err(|error| error.to_string())?;
    Ok(())
}

fn generate(name: &str, plain: u64, path: &Path) -> std::io::Result<()> {
    let file = File::create(path)?;
    let mut out = BufWriter::with_capacity(1 << 20, file.try_clone()?);
    let compressed = plain / 3;
    match name {
        "trimmed.fq" => write(Kind::Trimmed, 1, Size::Bytes(plain), &mut out).map(drop)?,
        "long.fq" => write(Kind::Long, 1, Size::Bytes(plain), &mut out).map(drop)?,
        "short.fq.gz" => {
            let mut out = gzip(&mut out, 6);
            write(Kind::Illumina, 1, Size::Bytes(compressed), &mut Unflushed(&mut out))?;
            out.finish()?;
        }
        "short.fq.bgz" => {
            let mut out = bgzf(&mut out, 6);
            write(Kind::Illumina, 1, Size::Bytes(compressed), &mut Unflushed(&mut out))?;
            out.finish()?;
        }
        sized => write(Kind::Illumina, 1, Size::Bytes(size(sized).unwrap_or(plain)), &mut out).map(drop)?,
    }
    out.flush()?;
    file.sync_all()
}

/// What the name says: 4000 MB of `short-4000MB.fq`, nothing of `short.fq`.
fn size(name: &str) -> Option<u64> {
    Some(name.strip_prefix("short-")?.strip_suffix("MB.fq")?.parse::<u64>().ok()? * 1_000_000)
}

/// A compressor that is not asked to flush in mid-stream.
struct Unflushed<W>(W);

impl<W: Write> Write for Unflushed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
