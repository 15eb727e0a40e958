//! From a path to records.

use std::io;
use std::path::Path;

use fqbuf_record::{Reader, ReaderBuilder};
use fqbuf_stream::{Format, Stream};

/// Opens a FASTQ file, plain or compressed as its content says; `-` is standard input.
///
/// Errors of the reader name the path. Compressed input is decoded in the calling thread or, where that
/// [pays](fqbuf_stream::ReadAhead::Compressed), ahead of it on another; BGZF in both. For settings, build the two parts by
/// themselves: [`stream::open`](fqbuf_stream::open) and [`Reader::builder`], or take [`open_with`].
///
/// The first bytes are read at once, for the format. Of two named pipes that one program writes both have to be open before that:
/// see [`StreamBuilder::open_unread`](fqbuf_stream::StreamBuilder::open_unread).
///
/// # Errors
/// No such file, a directory, no permission, an unreadable start, or a format whose feature is off; the error names the path.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut reader = fqbuf::open(concat!(env!("CARGO_MANIFEST_DIR"), "/sample/sample.fq.gz"))?;
/// let mut records = 0;
/// while let Some(record) = reader.next_record()? {
///     assert_eq!(record.seq().len(), record.qual().len());
///     records += 1;
/// }
/// assert_eq!(records, 20_000);
/// # Ok(())
/// # }
/// ```
pub fn open(path: impl AsRef<Path>) -> io::Result<Reader<Stream>> {
    open_with(path, Reader::builder())
}

/// [`open`] with settings for the reader; its source name and whether offsets are of uncompressed data are set here.
///
/// # Errors
/// As [`open`].
pub fn open_with(path: impl AsRef<Path>, settings: ReaderBuilder) -> io::Result<Reader<Stream>> {
    let mut stream = fqbuf_stream::open(path)?;
    let compressed = stream.detect()? != Format::Plain;
    Ok(settings.source_name(stream.name()).compressed(compressed).build(stream))
}
