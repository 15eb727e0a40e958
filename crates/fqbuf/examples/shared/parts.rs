//! Files that can be read in parts.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use fqbuf::Error;
use fqbuf::stream::Format;

/// Opens a file to be read in parts, a regular one and not compressed; also its size.
pub(crate) fn open(path: &Path) -> Result<(File, u64), Error> {
    let refused = |kind, why: &str| Error::Open(io::Error::new(kind, format!("{}: {why}", path.display())));
    let failed = |e: io::Error| refused(e.kind(), &e.to_string());
    if path.as_os_str() == "-" {
        return Err(refused(io::ErrorKind::Unsupported, "standard input cannot be read in parts"));
    }
    // Asked before it is opened, which for a pipe may take for ever.
    let meta = fs::metadata(path).map_err(failed)?;
    if !meta.is_file() {
        return Err(refused(io::ErrorKind::Unsupported, "only a regular file can be read in parts"));
    }
    let mut start = Vec::new();
    File::open(path).and_then(|file| file.take(18).read_to_end(&mut start)).map_err(failed)?;
    match Format::from_start(&start) {
        Format::Plain => Ok((File::open(path).map_err(failed)?, meta.len())),
        format => {
            let why = format!("{format} input cannot be read in parts: decompress it first");
            Err(refused(io::ErrorKind::Unsupported, &why))
        }
    }
}
