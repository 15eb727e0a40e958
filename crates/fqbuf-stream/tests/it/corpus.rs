//! Compressed files that other tools made, where they are present; their table says what is in them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fqbuf_stream::Format;

#[cfg(feature = "gzip")]
use crate::support::read;
use crate::support::{WAYS, drain};

/// The corpus' folder: `FQBUF_CORPUS`, or beside the workspace.
fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("FQBUF_CORPUS").map_or(beside, PathBuf::from);
    folder.join("MANIFEST.tsv").is_file().then_some(folder)
}

/// The corpus' folder, and of each row of its table these columns.
fn rows<const N: usize>(columns: [&str; N]) -> Option<(PathBuf, Vec<[String; N]>)> {
    let Some(folder) = folder() else {
        // Not by `eprintln!`, which is not shown of a test that passes.
        let note = "NOT TESTED: no corpus in FQBUF_CORPUS or beside the workspace";
        writeln!(io::stderr(), "{note}").expect("standard error");
        return None;
    };
    let table = fs::read_to_string(folder.join("MANIFEST.tsv")).expect("a table");
    let head: Vec<&str> = table.lines().next().expect("a head").split('\t').collect();
    let columns = columns.map(|name| head.iter().position(|&c| c == name).expect("a column"));
    let row = |line: &str| columns.map(|at| line.split('\t').nth(at).expect("a field").to_owned());
    Some((folder, table.lines().skip(1).map(row).collect()))
}

/// Where the members of a gzip file end, by another decoder; and where the file does.
#[cfg(feature = "gzip")]
fn member_ends(file: &[u8]) -> Vec<usize> {
    let mut ends = vec![0];
    let mut rest = file;
    while rest.starts_with(&[0x1f, 0x8b]) {
        let mut member = flate2::bufread::GzDecoder::new(rest);
        io::copy(&mut member, &mut io::sink()).expect("a sound member");
        rest = member.into_inner();
        ends.push(file.len() - rest.len());
    }
    ends
}

/// Fails when a cut file passes for a whole one anywhere but between two members.
#[cfg(feature = "gzip")]
#[test]
fn fault_62_every_gzip_file_of_the_corpus_cut_at_every_byte() {
    let Some((folder, rows)) = rows(["path", "container", "class"]) else { return };
    // Longer ones take minutes.
    let most = if std::env::var_os("FQBUF_DEEP").is_some() { 200_000 } else { 300 };
    let mut files = Vec::new();
    for [path, container, class] in rows {
        let whole = fs::read(folder.join(&path)).expect("a file");
        let sound = !matches!(class.as_str(), "truncated" | "corrupt") && !path.contains("trailing_text");
        if container.contains("gz") && sound && whole.len() <= most && whole.starts_with(&[0x1f, 0x8b]) {
            files.push((path, whole));
        }
    }
    assert!(files.len() > 40, "{} files", files.len());
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((path, whole)) = files.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    cut_at_every_byte(path, whole);
                }
            });
        }
    });
}

#[cfg(feature = "gzip")]
fn cut_at_every_byte(path: &str, whole: &[u8]) {
    use fqbuf_stream::StreamErrorKind;
    let ends = member_ends(whole);
    let last = *ends.last().expect("one at least");
    assert!(whole[last..].iter().all(|&b| b == 0), "{path}: zeros at most behind the last member");
    let text = read(whole, WAYS[0]).bytes;
    for n in 0..=whole.len() {
        // Threads cost more than short files do.
        let way = if n % 64 == 63 { WAYS[1 + n / 64 % 2] } else { WAYS[0] };
        let out = read(&whole[..n], way);
        assert!(text.starts_with(&out.bytes), "{path} cut at {n}");
        if ends.contains(&n) || n > last {
            assert!(out.error.is_none(), "{path} cut at {n}, between members: {:?}", out.error);
            assert!(n < last || out.bytes == text, "{path} cut at {n}");
        } else {
            let told = (out.kind(), out.offset());
            assert_eq!(told, (Some(StreamErrorKind::Truncated), Some(n as u64)), "{path} cut at {n}, {way:?}");
            let said = out.error.map(|e| e.to_string()).unwrap_or_default();
            assert!(said.starts_with("sample.fq.gz: ") && said.ends_with(&format!("(compressed byte {n})")), "{said}");
        }
    }
}

#[test]
fn every_compressed_file_of_the_corpus_is_read_or_refused() {
    let Some((folder, rows)) = rows(["path", "container", "class", "records", "flags"]) else { return };
    let mut seen = 0;
    for [path, container, class, records, flags] in rows {
        let file = folder.join(&path);
        let start = fs::read(&file).expect("a file");
        seen += 1;
        let format = Format::from_start(&start);
        if !format.is_supported() {
            let err = fqbuf_stream::open(&file).expect_err("a format that is off");
            let feature = format.feature().expect("a compressed one");
            let said = err.to_string();
            assert!(said.contains(&path) && said.contains(&format!("its feature `{feature}`")), "{said}");
            continue;
        }
        for way in WAYS {
            let out = drain(way.builder().open(&file).expect("opens"));
            let broken = matches!(class.as_str(), "truncated" | "corrupt") || path.contains("trailing_text");
            let text = format!("{path}: {:?}", out.error);
            if container == "plain" {
                assert!(out.error.is_none() && out.bytes == start, "{text}");
            } else {
                assert_eq!(out.error.is_some(), broken, "{text}");
            }
            let lines = records.parse::<usize>().map(|n| 4 * n);
            if let (Ok(wanted), "valid4", false) = (lines, class.as_str(), broken) {
                let ends = out.bytes.iter().filter(|&&b| b == b'\n').count();
                let blank = flags.contains("trailing-blank-lines");
                assert!(blank || (wanted.saturating_sub(1)..=wanted).contains(&ends), "{text}: {ends} of {wanted}");
            }
        }
    }
    assert!(seen > 200, "{seen} files");
}
