//! Files that are there whole or not at all.
//!
//! A new or regular file is written under a temporary name beside it and renamed when it is finished. A link goes on
//! pointing where it points: that holds for the file behind it, which may be the very input. What is something else is
//! written through, as a shell's redirection does: a device or pipe must not be replaced by a file, nor a file that is
//! open as standard output, which `/dev/stdout` names.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Format, StreamError, StreamErrorKind, StreamWriter, WriterBuilder};

/// A file, or standard output, being written.
///
/// [`finish`](FileWriter::finish) makes it the file it was created for; dropped without, or after an error, it leaves no
/// file behind, or the one that was there before. A process that is killed leaves the temporary one, `.NAME.PROCESS-N.tmp` in
/// the same folder, with the end of a very long name cut off. What was written through to a device or pipe stays written.
///
/// The new file has the mode of the one that was there, its group and owner where the system lets them be given, and no rights
/// for a group that it does not; access lists and other attributes are not carried over. One that may not be written to
/// is not replaced.
///
/// A link stays; all this is true of the file behind it, whose folder has to be one that may be written to. `/dev/stdout` is standard
/// output, as `-` is; a file by the name of another descriptor is written to behind what it holds.
///
/// # Examples
/// ```
/// use std::io::Write;
///
/// # fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("fqbuf-doc-{}.fq.gz", std::process::id()));
/// let mut file = fqbuf_stream::create(&path)?;
/// file.write_all(b"@r1\nACGT\n+\nIIII\n")?;
/// file.finish()?;
/// assert_eq!(fqbuf_stream::open(&path)?.format(), Some(fqbuf_stream::Format::Gzip));
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileWriter {
    /// `None` once finished.
    inner: Option<StreamWriter<File>>,
    place: Place,
    name: Arc<str>,
}

/// Links that lead from one to the next at most, as on Linux.
const LINKS: usize = 40;

/// Bytes of a file's name at most, on most systems.
const LONGEST_NAME: usize = 255;

/// What becomes of the file.
#[derive(Debug)]
enum Place {
    /// Written under the first name, renamed to the second.
    Renamed(PathBuf, PathBuf),
    /// Written through to what is no regular file.
    Through,
    /// Written through to this regular file, open under a descriptor's name, behind so many bytes.
    Open(File, u64),
}

/// Creates a file packed as its extension says, or writes to standard output for `-`, with default settings.
///
/// # Errors
/// As [`WriterBuilder::create`].
pub fn create(path: impl AsRef<Path>) -> io::Result<FileWriter> {
    WriterBuilder::new().create(path)
}

impl WriterBuilder {
    /// Creates a file, or writes to standard output for `-`. Without a format of its own, `.gz` is gzip, `.bgz` and
    /// `.bgzf` are BGZF, and everything else is plain.
    ///
    /// # Errors
    /// What hinders creating the file; `IsADirectory`; `InvalidInput` for a path that ends in a separator; `Unsupported` for a
    /// format that is not written (`.zst`, `.bz2` and `.xz`, rather than plain text under such a name), or whose feature is
    /// off. All name the path.
    pub fn create(&self, path: impl AsRef<Path>) -> io::Result<FileWriter> {
        let path = path.as_ref();
        let stdout = path.as_os_str() == "-";
        let name: Arc<str> = if stdout { "stdout".into() } else { path.display().to_string().into() };
        let mut settings = self.clone();
        settings.format = Some(self.format.unwrap_or_else(|| by_extension(path)));
        let opened = if stdout { standard_output().map(|f| (f, Place::Through)) } else { open_place(path) };
        let told = |e| io::Error::from(StreamError::new(StreamErrorKind::Open, &name).because(e));
        let (file, place) = opened.map_err(told)?;
        match settings.to_writer(file) {
            Ok(inner) => Ok(FileWriter { inner: Some(inner), place, name }),
            Err(e) => {
                place.give_up();
                Err(told(e))
            }
        }
    }
}

impl FileWriter {
    /// Writes what is left and gives the file its name.
    ///
    /// The bytes are with the system then, not yet on the disk.
    ///
    /// # Errors
    /// Every error of writing that was not told yet; there is no file then, or the one before.
    pub fn finish(mut self) -> io::Result<()> {
        let Some(inner) = self.inner.take() else { return Ok(()) };
        let place = std::mem::replace(&mut self.place, Place::Through);
        let file = inner.finish().map_err(|e| self.told(e));
        match (file, place) {
            (Ok(file), Place::Renamed(temporary, path)) => {
                // Closed first: not every system renames an open file.
                drop(file);
                fs::rename(&temporary, &path).map_err(|e| {
                    // The rename's error is the one to tell.
                    let _ = fs::remove_file(&temporary);
                    self.told(e)
                })
            }
            (Ok(_), Place::Through | Place::Open(..)) => Ok(()),
            (Err(e), place) => {
                place.give_up();
                Err(e)
            }
        }
    }

    /// The error of a write, with the file's name; a closed pipe as it is.
    fn told(&self, err: io::Error) -> io::Error {
        if err.kind() == io::ErrorKind::BrokenPipe {
            return err;
        }
        StreamError::new(StreamErrorKind::Write, &self.name).because(err).into()
    }
}

impl Write for FileWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let Some(inner) = &mut self.inner else { return Err(io::ErrorKind::WriteZero.into()) };
        let written = inner.write(data);
        written.map_err(|e| self.told(e))
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(inner) = &mut self.inner else { return Ok(()) };
        let flushed = inner.flush();
        flushed.map_err(|e| self.told(e))
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        if let Some(mut inner) = self.inner.take() {
            drop(inner.abandon());
            std::mem::replace(&mut self.place, Place::Through).give_up();
        }
    }
}

impl Place {
    /// Leaves nothing that looks whole. Errors have nobody to go to.
    fn give_up(self) {
        match self {
            Self::Renamed(temporary, _) => drop(fs::remove_file(temporary)),
            Self::Open(file, len) => drop(file.set_len(len)),
            Self::Through => {}
        }
    }
}

/// The format that a file's extension asks for.
fn by_extension(path: &Path) -> Format {
    match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("gz") => Format::Gzip,
        Some("bgz" | "bgzf") => Format::Bgzf,
        Some("zst") => Format::Zstd,
        Some("bz2") => Format::Bzip2,
        Some("xz") => Format::Xz,
        _ => Format::Plain,
    }
}

/// Opens what is to be written for `path`.
fn open_place(path: &Path) -> io::Result<(File, Place)> {
    let (path, meta) = behind_links(path)?;
    match meta {
        Some(meta) if meta.is_dir() => Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory")),
        Some(meta) if meta.is_symlink() && names_standard_output(&path) => Ok((standard_output()?, Place::Through)),
        Some(meta) if !meta.is_file() => {
            let file = OpenOptions::new().write(true).append(meta.is_symlink()).open(path)?;
            let opened = file.metadata()?;
            let place = if opened.is_file() { Place::Open(file.try_clone()?, opened.len()) } else { Place::Through };
            Ok((file, place))
        }
        meta => {
            if let Some(meta) = &meta {
                if meta.permissions().readonly() {
                    return Err(io::ErrorKind::PermissionDenied.into());
                }
                // Its folder may allow what the file does not. Nothing is written.
                OpenOptions::new().write(true).open(&path)?;
            }
            let (file, temporary) = temporary(&path)?;
            let place = Place::Renamed(temporary, path);
            if let Some(meta) = meta
                && let Err(e) = keep_access(&file, &meta)
            {
                place.give_up();
                return Err(e);
            }
            Ok((file, place))
        }
    }
}

/// Lets the new file be read and written by whom the old one was, as far as its owner, group and mode tell: a group that it
/// cannot be given to gets nothing in place of another.
#[cfg(unix)]
fn keep_access(file: &File, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let new = file.metadata()?;
    let group_kept = new.gid() == old.gid() || fchown(file, None, Some(old.gid())).is_ok();
    let mode = if group_kept { old.mode() } else { old.mode() & !0o2070 };
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    if new.uid() != old.uid() {
        // Last, for it may be changed by its owner alone. Only the superuser may give it away; to others it is theirs.
        let _ = fchown(file, Some(old.uid()), None);
    }
    Ok(())
}

/// Lets the new file be written by whom the old one was.
#[cfg(not(unix))]
fn keep_access(file: &File, old: &Metadata) -> io::Result<()> {
    file.set_permissions(old.permissions())
}

/// What `path` names in the end, and what it is if it is there: a link only where that names something open.
fn behind_links(path: &Path) -> io::Result<(PathBuf, Option<Metadata>)> {
    let mut path = path.to_path_buf();
    for _ in 0..=LINKS {
        let meta = match fs::symlink_metadata(&path) {
            Ok(meta) => meta,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((path, None)),
            Err(e) => return Err(e),
        };
        if !meta.is_symlink() || names_open_file(&path)? {
            return Ok((path, Some(meta)));
        }
        // What the system would not follow is not followed here either: a link of somebody else in a folder that all may write to.
        if let Err(e) = fs::metadata(&path)
            && e.kind() != io::ErrorKind::NotFound
        {
            return Err(e);
        }
        let to = fs::read_link(&path)?;
        path.pop();
        path.push(to);
    }
    Err(io::Error::other("too many links"))
}

/// Whether a link is the system's, to what is open: `/dev/stdout`, or `/proc/self/fd/1` in whatever way it is reached.
fn names_open_file(link: &Path) -> io::Result<bool> {
    let folder = link.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder)?;
    Ok(folder == Path::new("/dev") || folder.starts_with("/proc"))
}

/// Whether a link of the system's names this process' standard output: what else is written to that goes on behind.
fn names_standard_output(link: &Path) -> bool {
    let is_own = |folder| {
        fs::canonicalize(folder).is_ok_and(|folder| fs::canonicalize("/dev/fd").is_ok_and(|own| own == folder))
    };
    link == Path::new("/dev/stdout") || (link.file_name() == Some(OsStr::new("1")) && link.parent().is_some_and(is_own))
}

/// A new file beside `path`, with its name.
fn temporary(path: &Path) -> io::Result<(File, PathBuf)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // With a separator behind it, it is the name of a folder.
    let whole = |name: &&OsStr| path.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes());
    let Some(file_name) = path.file_name().filter(whole) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is no file name"));
    };
    let file_name = file_name.to_string_lossy();
    loop {
        let end = format!(".{}-{}.tmp", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut len = file_name.len().min(LONGEST_NAME - 1 - end.len());
        while !file_name.is_char_boundary(len) {
            len -= 1;
        }
        let temporary = path.with_file_name(format!(".{}{end}", &file_name[..len]));
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((file, temporary)),
            // Of a process before us with the same number.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
}

/// Standard output, without the line buffer.
#[cfg(unix)]
fn standard_output() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// Standard output, without the line buffer.
#[cfg(not(unix))]
fn standard_output() -> io::Result<File> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "standard output is not written to on this system"))
}
