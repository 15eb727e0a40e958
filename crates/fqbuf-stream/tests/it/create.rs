//! Files written whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use fqbuf_stream::{Format, StreamError, StreamErrorKind, create, open};

use crate::support::{drain, fastq};

/// A new folder, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("fqbuf-stream-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// All of a file.
fn text_of(path: &Path) -> Vec<u8> {
    let out = drain(open(path).expect("opens"));
    assert!(out.error.is_none(), "{:?}", out.error);
    out.bytes
}

#[test]
fn the_extension_tells_the_format() {
    let folder = Folder::new();
    let text = fastq(50);
    for (name, format) in
        [("a.fq", Format::Plain), ("a.fq.gz", Format::Gzip), ("a.fq.GZ", Format::Gzip), ("a.bgz", Format::Bgzf)]
    {
        if !format.is_supported() {
            continue;
        }
        let path = folder.0.join(name);
        let mut file = create(&path).expect("creates");
        file.write_all(&text).expect("writes");
        assert!(!path.exists(), "{name} is there before it is whole");
        file.finish().expect("finishes");
        assert_eq!(open(&path).expect("opens").format(), Some(format));
        assert!(text_of(&path) == text);
    }
    for name in ["a.fq.zst", "a.fq.bz2", "a.fq.xz"] {
        let err = create(folder.0.join(name)).expect_err("is not written");
        assert_eq!(err.kind(), io::ErrorKind::Unsupported);
        assert!(err.to_string().contains(name), "{err}");
    }
    assert!(folder.names().iter().all(|name| !name.contains("tmp") && !name.contains("zst")), "{:?}", folder.names());
}

/// Fails when the file is written under its own name.
#[test]
fn a_writer_dropped_unfinished_leaves_what_was_there() {
    let folder = Folder::new();
    let path = folder.0.join("reads.fq");
    let begin = || {
        let mut file = create(&path).expect("creates");
        file.write_all(&fastq(3000)).expect("writes");
        file.flush().expect("flushes");
        file
    };
    drop(begin());
    assert!(folder.names().is_empty(), "{:?}", folder.names());
    begin().finish().expect("finishes");
    let before = text_of(&path);
    drop(begin());
    assert!(text_of(&path) == before);
    assert_eq!(folder.names(), ["reads.fq"]);
}

#[test]
fn a_folder_and_a_place_that_is_not_there_are_named() {
    let folder = Folder::new();
    let err = create(&folder.0).expect_err("is a folder");
    assert_eq!(err.to_string(), format!("{}: is a directory", folder.0.display()));
    let err = create(folder.0.join("no/such/reads.fq")).expect_err("no folder");
    assert_eq!(err.kind(), io::ErrorKind::NotFound);
    assert!(err.to_string().contains("no/such/reads.fq: "), "{err}");
}

/// Fails when the temporary name is longer than a name may be.
#[test]
fn the_longest_names_are_written() {
    let folder = Folder::new();
    for len in [200, 230, 241, 242, 254, 255] {
        for letter in ["r", "ä", "読"] {
            let name = letter.repeat((len - 3) / letter.len()) + &"_".repeat((len - 3) % letter.len()) + ".fq";
            assert_eq!(name.len(), len);
            let mut file = create(folder.0.join(&name)).expect(&name);
            file.write_all(b"@r1\n").expect("writes");
            file.finish().expect("finishes");
            assert_eq!(fs::read(folder.0.join(&name)).expect("there"), b"@r1\n");
        }
    }
    assert!(create(folder.0.join("r".repeat(256))).is_err(), "at once");
    assert_eq!(folder.names().len(), 18);
}

/// Fails when it is found out at the end of the job.
#[test]
fn a_path_that_names_no_file_is_refused_at_once() {
    let folder = Folder::new();
    let base = folder.0.display();
    for path in ["", "/", "outdir/", "outdir/.", "outdir//", ".."].map(|end| format!("{base}/{end}")) {
        let err = create(&path).expect_err(&path);
        assert!(err.to_string().starts_with(&format!("{path}: is ")), "{err}");
    }
    assert!(create("").is_err());
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, symlink};
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn a_file_keeps_its_permissions_and_a_read_only_one_its_content() {
        let folder = Folder::new();
        let path = folder.0.join("reads.fq");
        fs::write(&path, b"before").expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("sets");
        create(&path).expect("creates").finish().expect("finishes");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).expect("sets");
        assert_eq!(create(&path).expect_err("read only").kind(), io::ErrorKind::PermissionDenied);
    }

    /// A user and a group that nobody else is.
    const NOBODY: u32 = 65_534;

    /// Gives a file away, which only the superuser may.
    fn given_away(path: &Path, mode: u32, user: Option<u32>, group: Option<u32>) -> bool {
        fs::write(path, b"before").expect("writes");
        let given = chown(path, user, group).is_ok();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("sets");
        if !given {
            // Not by `eprintln!`, which is not shown of a test that passes.
            writeln!(io::stderr(), "NOT TESTED: files of others, as not the superuser").expect("standard error");
        }
        given
    }

    /// Owner, group and mode.
    fn access(path: &Path) -> (u32, u32, u32) {
        let meta = fs::metadata(path).expect("there");
        (meta.uid(), meta.gid(), meta.mode() & 0o7777)
    }

    /// Fails when the group of whoever writes may read what that of the file could not, or the file changes hands.
    #[test]
    fn a_file_keeps_its_owner_and_group() {
        let folder = Folder::new();
        let path = folder.0.join("reads.fq");
        if given_away(&path, 0o640, Some(NOBODY - 1), Some(NOBODY)) {
            create(&path).expect("creates").finish().expect("finishes");
            assert_eq!(access(&path), (NOBODY - 1, NOBODY, 0o640));
        }
    }

    /// Fails when a file that may not be written is replaced, as its folder allows, or a group gets what was another's.
    #[test]
    fn what_the_user_may_not_do_is_not_done_by_a_new_file() {
        const FOLDER: &str = "FQBUF_TEST_FOLDER";
        if let Some(folder) = std::env::var_os(FOLDER) {
            let err = create(Path::new(&folder).join("theirs.fq")).expect_err("is written by its owner alone");
            assert_eq!(err.kind(), io::ErrorKind::PermissionDenied);
            create(Path::new(&folder).join("shared.fq")).expect("creates").finish().expect("finishes");
            return;
        }
        let folder = Folder::new();
        let [theirs, shared] = ["theirs.fq", "shared.fq"].map(|name| folder.0.join(name));
        if !given_away(&theirs, 0o644, Some(NOBODY - 1), None) || !given_away(&shared, 0o666, None, Some(NOBODY - 1)) {
            return;
        }
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o777)).expect("sets");
        // This very test, as somebody else.
        let child = std::process::Command::new(std::env::current_exe().expect("a test"))
            .args(["--exact", "create::unix::what_the_user_may_not_do_is_not_done_by_a_new_file"])
            .env(FOLDER, &folder.0)
            .uid(NOBODY)
            .gid(NOBODY)
            .output();
        let Ok(child) = child else {
            writeln!(io::stderr(), "NOT TESTED: what somebody else may do, who may not run this test").expect("writes");
            return;
        };
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
        assert_eq!((access(&theirs).2, fs::read(&theirs).expect("there")), (0o644, b"before".to_vec()));
        assert_eq!(access(&shared), (NOBODY, NOBODY, 0o606));
        assert_eq!(folder.names(), ["shared.fq", "theirs.fq"]);
    }

    /// Fails when the rename replaces the link, or the file behind it is emptied before the new one is whole.
    #[test]
    fn a_link_stays_and_the_file_behind_it_is_whole() {
        let folder = Folder::new();
        fs::create_dir(folder.0.join("far")).expect("a folder");
        for (link, to) in [("near.fq", "target.fq"), ("far/link.fq", "../near.fq"), ("new.fq", "far/nothing.fq")] {
            let target = folder.0.join(if link == "new.fq" { to } else { "target.fq" });
            if link == "near.fq" {
                fs::write(&target, b"before").expect("writes");
            }
            let before = fs::read(&target).ok();
            let link = folder.0.join(link);
            symlink(to, &link).expect("links");
            let begin = || {
                let mut file = create(&link).expect("creates");
                file.write_all(format!("@{to}\n").as_bytes()).expect("writes");
                file.flush().expect("flushes");
                assert_eq!(fs::read(&target).ok(), before, "before it is whole");
                file
            };
            drop(begin());
            begin().finish().expect("finishes");
            assert!(fs::symlink_metadata(&link).expect("there").file_type().is_symlink());
            assert_eq!(fs::read(&target).expect("there"), format!("@{to}\n").as_bytes());
        }
        assert_eq!(folder.names(), ["far", "near.fq", "new.fq", "target.fq"]);
        symlink("outdir/", folder.0.join("slash")).expect("links");
        let err = create(folder.0.join("slash")).expect_err("to no file");
        assert!(err.to_string().ends_with("slash: is no file name"), "{err}");
        let (one, two) = (folder.0.join("one"), folder.0.join("two"));
        symlink(&one, &two).expect("links");
        symlink(&two, &one).expect("links");
        let err = create(&one).expect_err("links in a circle");
        assert!(err.to_string().contains("one: "), "{err}");
    }

    /// Fails when a file that is open, as standard output may be, is replaced or loses what is in it.
    #[cfg(target_os = "linux")]
    #[test]
    fn an_open_file_by_its_descriptor_is_written_behind_what_it_holds() {
        use std::os::fd::AsRawFd;
        let folder = Folder::new();
        let path = folder.0.join("log");
        fs::write(&path, b"before\n").expect("writes");
        let open = fs::File::open(&path).expect("opens");
        let link = folder.0.join("link");
        symlink(format!("/dev/fd/{}", open.as_raw_fd()), &link).expect("links");
        for name in [link, format!("/proc/self/fd/{}", open.as_raw_fd()).into()] {
            let mut file = create(&name).expect("opens");
            file.write_all(b"given up").expect("writes");
            file.flush().expect("flushes");
            drop(file);
            assert_eq!(io::read_to_string(fs::File::open(&path).expect("there")).expect("text"), "before\n");
        }
        let mut file = create(format!("/proc/self/fd/{}", open.as_raw_fd())).expect("opens");
        file.write_all(b"after\n").expect("writes");
        file.finish().expect("finishes");
        assert_eq!(io::read_to_string(&open).expect("the same file"), "before\nafter\n");
        assert_eq!(folder.names(), ["link", "log"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_stays_a_device() {
        let mut file = create("/dev/null").expect("opens");
        file.write_all(&fastq(10)).expect("writes");
        file.finish().expect("finishes");
        drop(create("/dev/null").expect("opens"));
        assert!(fs::metadata("/dev/null").expect("there").file_type().is_char_device());
    }

    /// Fails when a closed standard output is told as a fault of the file.
    #[cfg(target_os = "linux")]
    #[test]
    fn fault_74_a_closed_pipe_stays_a_broken_pipe() {
        use std::os::fd::AsRawFd;
        let (reader, writer) = io::pipe().expect("a pipe");
        let mut file = create(format!("/proc/self/fd/{}", writer.as_raw_fd())).expect("opens");
        drop(reader);
        let _ = file.write_all(&fastq(10));
        let err = file.finish().expect_err("nobody reads");
        assert_eq!((err.kind(), StreamError::of(&err).is_none()), (io::ErrorKind::BrokenPipe, true));
    }

    /// Fails when the last buffer is written by a drop.
    #[cfg(target_os = "linux")]
    #[test]
    fn fault_75_a_full_device_is_told_at_the_end() {
        for records in [0, 1, 5000] {
            for format in [Format::Plain, Format::Gzip, Format::Bgzf] {
                if !format.is_supported() || (format == Format::Plain && records == 0) {
                    continue;
                }
                let mut file = fqbuf_stream::WriterBuilder::new().format(format).create("/dev/full").expect("opens");
                let _ = file.write_all(&fastq(records));
                let err = file.finish().expect_err("is full");
                assert_eq!(err.kind(), io::ErrorKind::StorageFull, "{format} {records}");
                assert_eq!(StreamError::of(&err).map(StreamError::kind), Some(StreamErrorKind::Write));
                assert!(err.to_string().starts_with("/dev/full: cannot be written: "), "{err}");
            }
        }
        assert!(fs::metadata("/dev/full").expect("there").file_type().is_char_device());
    }
}
