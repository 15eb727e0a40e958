//! Reading at offsets: what every [`ReadAt`] promises, and what filling a buffer makes of one that does as it pleases.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fqbuf_line::ReadAt;

const TEXT: &[u8] = b"@r1\nACGT\n+\nIIII\n";

/// Gives [`TEXT`] at most three bytes at a time, and at some calls does something else.
struct Odd {
    calls: AtomicUsize,
    /// At this call, counted from 0, instead of reading.
    fault: (usize, fn(usize) -> io::Result<usize>),
}

impl Odd {
    fn new(call: usize, fault: fn(usize) -> io::Result<usize>) -> Self {
        Self { calls: AtomicUsize::new(0), fault: (call, fault) }
    }
}

impl ReadAt for Odd {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        assert!(!buf.is_empty(), "asked to read nothing");
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if call == self.fault.0 {
            return (self.fault.1)(buf.len());
        }
        let room = buf.len().min(3);
        TEXT.read_at(&mut buf[..room], offset)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(TEXT.len() as u64)
    }
}

#[test]
fn short_and_interrupted_reads_fill_the_buffer() {
    let odd = Odd::new(2, |_| Err(ErrorKind::Interrupted.into()));
    let mut buf = [b'#'; 12];
    assert_eq!(odd.fill_at(&mut buf[..11], 1).expect("no error"), 11);
    assert_eq!(buf, *b"r1\nACGT\n+\nI#");
    assert_eq!(odd.calls.load(Ordering::Relaxed), 5, "four reads, and one that was interrupted");
}

#[test]
fn a_fill_ends_where_the_bytes_do() {
    let odd = Odd::new(usize::MAX, |_| Ok(0));
    let mut buf = [b'#'; 8];
    assert_eq!(odd.fill_at(&mut buf, TEXT.len() as u64 - 4).expect("no error"), 4);
    assert_eq!(&buf, b"III\n####");
    assert_eq!(odd.fill_at(&mut buf, TEXT.len() as u64).expect("no error"), 0);
    assert_eq!(odd.fill_at(&mut [], 0).expect("nothing is asked for"), 0);
}

#[test]
fn an_error_says_how_much_was_read_before_it() {
    let mut buf = [0; 12];
    let (done, error) = Odd::new(2, |_| Err(ErrorKind::WouldBlock.into())).fill_at(&mut buf, 0).expect_err("it fails");
    assert_eq!((done, error.kind(), &buf[..6]), (6, ErrorKind::WouldBlock, &TEXT[..6]));
}

#[test]
fn fault_33_more_bytes_than_asked_for_are_an_error() {
    let mut buf = [0; 12];
    let (done, error) = Odd::new(1, |room| Ok(room + 1)).fill_at(&mut buf, 0).expect_err("it lies");
    assert_eq!((done, error.kind()), (3, ErrorKind::InvalidData));
    assert_eq!(error.to_string(), "input claims 10 bytes of a 9-byte buffer");
    // As many as asked for are none too many.
    assert_eq!(Odd::new(1, Ok).fill_at(&mut buf, 0).expect("no lie"), 12);
}

#[test]
fn slices_and_what_points_to_them_are_read_at_any_offset() -> io::Result<()> {
    let shared: Arc<[u8]> = Arc::from(TEXT);
    let mut buf = [b'#'; 5];
    assert_eq!((shared.read_at(&mut buf, 4)?, &buf), (5, b"ACGT\n"));
    assert_eq!(((&TEXT).read_at(&mut buf, 14)?, &buf), (2, b"I\nGT\n"));
    for offset in [TEXT.len() as u64, u64::from(u32::MAX) + 5, u64::MAX] {
        assert_eq!(TEXT.read_at(&mut buf, offset)?, 0);
    }
    assert_eq!((TEXT.size()?, (&TEXT).size()?, shared.size()?), (16, 16, 16));
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_file_is_read_at_offsets_and_its_cursor_stays() -> io::Result<()> {
    use std::io::{Read, Write};
    let path = std::env::temp_dir().join(format!("fqbuf-line-at-{}.fq", std::process::id()));
    std::fs::File::create(&path)?.write_all(TEXT)?;
    let mut file = std::fs::File::open(&path)?;
    std::fs::remove_file(&path)?;
    let mut buf = [b'#'; 6];
    assert_eq!((file.read_at(&mut buf, 11)?, &buf), (5, b"IIII\n#"));
    assert_eq!(file.size()?, 16);
    let mut whole = Vec::new();
    file.read_to_end(&mut whole)?;
    assert_eq!(whole, TEXT);
    Ok(())
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_has_no_size() -> io::Result<()> {
    let folder = std::fs::File::open(std::env::temp_dir())?;
    assert_eq!(folder.size().expect_err("a folder").kind(), ErrorKind::InvalidInput);
    Ok(())
}
