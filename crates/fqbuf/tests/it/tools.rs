//! `trim`, `demux` and `split` as commands: what they write, what they leave behind, what they say.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::process::{Output, Stdio};

use crate::support::{Folder, example, failed, reads, str, text, well};

fn tool(name: &str, args: &[&str]) -> Output {
    example(name).args(args).output().expect("the tool runs")
}

/// All of a file, decompressed.
fn content(path: &std::path::Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    fqbuf::stream::open(path).expect("opens").into_reader().read_to_end(&mut bytes).expect("is whole");
    bytes
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut writer = fqbuf::stream::WriterBuilder::new();
    let mut writer = writer.format(fqbuf::stream::Format::Gzip).to_writer(Vec::new()).expect("memory");
    writer.write_all(data).expect("memory");
    writer.finish().expect("memory")
}

#[test]
fn trim_writes_the_same_for_any_threads_and_input() {
    let folder = Folder::new("trim-same");
    let data = reads(2000);
    let (plain, packed) = (folder.file("in.fq", &data), folder.file("in.fq.gz", &gzip(&data)));
    let mut outputs = Vec::new();
    for (input, threads, name) in [(&plain, "1", "a.fq"), (&packed, "3", "b.fq.gz"), (&plain, "8", "c.bgz")] {
        let out = folder.path(name);
        let output = tool("trim", &["--length", "20", "--threads", threads, str(input), str(&out)]);
        assert_eq!(well(&output), "");
        assert!(text(&output.stderr).starts_with("2000 reads, "), "{}", text(&output.stderr));
        outputs.push(content(&out));
    }
    assert!(outputs[0].len() > 100_000 && outputs.windows(2).all(|two| two[0] == two[1]));
    // From standard input to standard output.
    let mut child = example("trim")
        .args(["--length", "20", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(&gzip(&data)).expect("it reads all"));
        assert!(well(&child.wait_with_output().expect("it ends")).as_bytes() == outputs[0]);
    });
}

/// Fails when a reader that has seen enough makes an error.
#[test]
fn fault_74_tools_end_quietly_when_nobody_reads() {
    let folder = Folder::new("tools-quiet");
    let input = folder.file("in.fq", &reads(20_000));
    let mut child = example("trim")
        .args([str(&input), "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool runs");
    let mut first = [0; 10];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("a beginning");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert!(first.starts_with(b"@read"));
}

/// Fails when an output is there before its input was verified to the end, or a temporary file after it.
#[test]
fn fault_62_tools_leave_no_output_of_a_cut_input() {
    let folder = Folder::new("tools-cut");
    let whole = gzip(&reads(3000));
    let cut = folder.file("cut.fq.gz", &whole[..whole.len() - 1]);
    let table = folder.file("samples.tsv", b"ACGT\tone\n");
    let out = folder.path("out");
    let prefix = str(&out);
    let trimmed = format!("{prefix}.fq");
    for (name, args) in [("trim", [str(&cut), &trimmed].to_vec()), ("demux", [str(&table), str(&cut), prefix].to_vec())]
    {
        let said = failed(&tool(name, &args), 1);
        let expected =
            format!("error: {}: gzip member 1 is cut off (compressed byte {})", cut.display(), whole.len() - 1);
        assert!(said.starts_with(&expected), "{name}: {said}");
        assert_eq!(folder.names("out"), [""; 0], "{name}");
    }
}

#[test]
fn fault_75_outputs_that_cannot_be_written_are_named_once() {
    let folder = Folder::new("tools-output");
    let input = folder.file("in.fq", &reads(100));
    let said = failed(&tool("trim", &[str(&input), "no/such/out.fq"]), 1);
    assert!(said.starts_with("error: no/such/out.fq: "), "{said}");
    let said = failed(&tool("trim", &[str(&input), str(&folder.path("."))]), 1);
    assert!(said.ends_with(": is a directory\n"), "{said}");
    let said = failed(&tool("trim", &[str(&input), "out.fq.bz2"]), 1);
    assert_eq!(said, "error: out.fq.bz2: bzip2 is read and not written\n");
    if cfg!(target_os = "linux") {
        let said = failed(&tool("trim", &[str(&input), "/dev/full"]), 1);
        assert!(said.starts_with("error: /dev/full: cannot be written: "), "{said}");
    }
}

#[test]
fn a_file_may_be_trimmed_into_itself() {
    let folder = Folder::new("trim-itself");
    let data = reads(3000);
    let (file, other) = (folder.file("reads.fq", &data), folder.path("other.fq"));
    well(&tool("trim", &[str(&file), str(&other)]));
    well(&tool("trim", &[str(&file), str(&file)]));
    assert!(content(&file) == content(&other) && content(&file).len() < data.len());
}

/// Fails when the file behind a link is emptied before it is read.
#[cfg(unix)]
#[test]
fn a_file_may_be_trimmed_into_itself_by_a_link() {
    let folder = Folder::new("trim-link");
    let data = reads(3000);
    let (link, other) = (folder.path("link.fq"), folder.path("other.fq"));
    std::os::unix::fs::symlink("reads.fq", &link).expect("links");
    well(&tool("trim", &[str(&folder.file("in.fq", &data)), str(&other)]));
    for (input, output) in [("link.fq", "link.fq"), ("reads.fq", "link.fq"), ("link.fq", "reads.fq")] {
        let file = folder.file("reads.fq", &data);
        well(&tool("trim", &[str(&folder.path(input)), str(&folder.path(output))]));
        assert!(content(&file) == content(&other), "{input} into {output}");
    }
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    let split = folder.path("part.1.fq");
    std::os::unix::fs::symlink("reads.fq", &split).expect("links");
    fs::write(folder.path("reads.fq"), &data).expect("a file for the test");
    well(&tool("split", &["1", str(&split), str(&folder.path("part"))]));
    assert!(content(&split) == data);
    let table = folder.file("samples.tsv", b"ACGT\tone\n");
    let packed = folder.file("packed.fq.gz", &gzip(&data));
    std::os::unix::fs::symlink(&packed, folder.path("out.undetermined.fq.gz")).expect("links");
    well(&tool("demux", &[str(&table), str(&packed), str(&folder.path("out"))]));
    assert!(content(&packed) == data);
}

/// Fails when `/dev/stdout` is a file to be replaced where output goes to one, or what stands in that is lost.
#[cfg(target_os = "linux")]
#[test]
fn standard_output_by_its_name_is_what_the_shell_made_it() {
    let folder = Folder::new("trim-stdout");
    let (input, other) = (folder.file("in.fq", &reads(100)), folder.path("other.fq"));
    well(&tool("trim", &[str(&input), str(&other)]));
    let trimmed = content(&other);
    let out = folder.file("out.fq", b"");
    for times in 1..3 {
        let file = fs::OpenOptions::new().append(true).open(&out).expect("opens");
        well(&example("trim").args([str(&input), "/dev/stdout"]).stdout(file).output().expect("the tool runs"));
        assert!(content(&out) == trimmed.repeat(times), "{times} times");
    }
    // What others write to the same output goes before and behind.
    let mut file = fs::File::create(&out).expect("creates");
    file.write_all(b"head\n").expect("writes");
    let shared = file.try_clone().expect("the same place in it");
    well(&example("trim").args([str(&input), "/dev/stdout"]).stdout(shared).output().expect("the tool runs"));
    file.write_all(b"tail\n").expect("writes");
    assert!(content(&out) == [b"head\n", &trimmed[..], b"tail\n"].concat());
    let output = tool("trim", &[str(&input), "/dev/stdout"]);
    assert!(well(&output).as_bytes() == trimmed);
}

#[test]
fn split_writes_parts_that_make_up_the_whole() {
    let folder = Folder::new("split");
    let data = reads(500);
    let input = folder.file("in.fq", &data);
    let prefix = folder.path("part");
    for parts in 1..8 {
        let output = tool("split", &[&parts.to_string(), str(&input), str(&prefix)]);
        well(&output);
        assert_eq!(text(&output.stderr).lines().count(), parts);
        let whole: Vec<u8> = (1..=parts).flat_map(|n| content(&folder.path(&format!("part.{n}.fq")))).collect();
        assert!(whole == data, "{parts} parts");
    }
    // Which part a bad record is in does not matter for its place.
    let bad = folder.file("bad.fq", &[&data[..], b"@bad\nACGT\n+\nIII\n", &data].concat());
    for parts in ["1", "2", "7", "40"] {
        let output = tool("split", &[parts, str(&bad), str(&prefix)]);
        let place = format!("bad.fq: record 501 (line 2004, byte {}): ", data.len() + 12);
        assert!(!output.status.success() && text(&output.stderr).contains(&place), "{parts}: {}", text(&output.stderr));
    }
    let packed = folder.file("in.fq.gz", &gzip(&data));
    let said = failed(&tool("split", &["2", str(&packed), str(&prefix)]), 1);
    assert!(said.contains("in.fq.gz: gzip input cannot be read in parts"), "{said}");
    assert!(failed(&tool("split", &["2", "-", str(&prefix)]), 1).contains("standard input"));
    assert!(failed(&tool("split", &["2", str(&folder.path(".")), str(&prefix)]), 1).contains("regular file"));
}

#[test]
fn demux_writes_each_read_to_its_sample() {
    let folder = Folder::new("demux");
    let mut data = Vec::new();
    // Exact, one mismatch, too many, none at all.
    for (i, index) in ["AAAA", "AAAT", "CCCC", "CCGG", ""].iter().cycle().take(50).enumerate() {
        data.extend_from_slice(format!("@r{i} 1:N:0:{index}\nACGT\n+\nIIII\n").as_bytes());
    }
    let (input, table) = (folder.file("in.fq", &data), folder.file("samples.tsv", b"AAAA\tone\n\nCCCC\ttwo\n"));
    let output = tool("demux", &[str(&table), str(&input), str(&folder.path("out"))]);
    well(&output);
    assert_eq!(text(&output.stderr), "one: 20 reads\ntwo: 10 reads\nundetermined: 20 reads\n");
    let lines =
        |name: &str| content(&folder.path(&format!("out.{name}.fq.gz"))).iter().filter(|b| **b == b'\n').count();
    assert_eq!(["one", "two", "undetermined"].map(lines), [80, 40, 80]);
}

/// Fails when two samples are written to one file, the second over the first.
#[test]
fn demux_refuses_a_table_that_would_lose_reads() {
    let folder = Folder::new("demux-table");
    let input = folder.file("in.fq", &reads(3));
    for (table, why) in [
        ("AAAA\tone\nCCCC\tone\n", "repeats the name or the index"),
        ("AAAA\tone\nAAAA\ttwo\n", "repeats the name or the index"),
        ("AAAA\tundetermined\n", "repeats the name or the index"),
        ("AAAA one\n", "no tab in"),
        ("AAAA\t../one\n", "no index and file name in"),
        ("\tone\n", "no index and file name in"),
    ] {
        let table = folder.file("samples.tsv", table.as_bytes());
        let said = failed(&tool("demux", &[str(&table), str(&input), str(&folder.path("out"))]), 1);
        assert!(said.contains("samples.tsv: ") && said.contains(why), "{said}");
        assert_eq!(folder.names("out"), [""; 0]);
    }
}

/// Fails when a file that may have been cut between two blocks is taken for whole without a word.
#[test]
fn fault_64_a_missing_end_block_is_told() {
    let folder = Folder::new("tools-unmarked");
    let mut writer = fqbuf::stream::WriterBuilder::new();
    let mut writer = writer.format(fqbuf::stream::Format::Bgzf).to_writer(Vec::new()).expect("memory");
    writer.write_all(&reads(300)).expect("memory");
    let whole = writer.finish().expect("memory");
    let cut = folder.file("cut.fq.gz", &whole[..whole.len() - 28]);
    let (table, out) = (folder.file("samples.tsv", b"ACGT\tone\n"), folder.path("out"));
    let note = format!(
        "note: {}: BGZF without its end block: whole as far as it goes, but it may have been cut\n",
        cut.display()
    );
    for (name, args) in [
        ("qc", &["--tsv", str(&cut)][..]),
        ("trim", &[str(&cut), str(&out)]),
        ("demux", &[str(&table), str(&cut), str(&out)]),
    ] {
        let output = tool(name, args);
        well(&output);
        assert!(text(&output.stderr).starts_with(&note), "{name}: {}", text(&output.stderr));
    }
}

/// Fails when an output replaces the input before all of it was read.
#[test]
fn an_input_is_there_as_it_was_when_a_later_part_fails() {
    let folder = Folder::new("split-itself");
    let data = [&reads(500)[..], b"@bad\nACGT\n+\nIII\n"].concat();
    let input = folder.file("reads.1.fq", &data);
    let output = tool("split", &["2", str(&input), str(&folder.path("reads"))]);
    assert!(!output.status.success() && text(&output.stderr).contains("record 501"), "{}", text(&output.stderr));
    assert!(content(&input) == data);
    assert_eq!(folder.names("reads"), ["reads.1.fq"]);
    // A file that cannot be replaced.
    fs::write(&input, reads(500)).expect("a file for the test");
    fs::create_dir(folder.path("reads.2.fq")).expect("a folder");
    let output = tool("split", &["2", str(&input), str(&folder.path("reads"))]);
    assert!(!output.status.success() && text(&output.stderr).contains("is a directory"), "{}", text(&output.stderr));
    assert!(content(&input) == reads(500));
}

/// Fails when a record that cannot be written is told without its place.
#[test]
fn a_record_that_cannot_be_written_has_its_place() {
    let folder = Folder::new("trim-place");
    let input = folder.file("in.fq", b"@a\nACGT\n+\nIIII\n@b\r\r\nACGT\n+\nIIII\n");
    let said = failed(&tool("trim", &["--length", "1", str(&input), str(&folder.path("out.fq"))]), 1);
    let place = format!("error: {}: record 2 (line 5, byte 15): ", input.display());
    assert!(said.starts_with(&place), "{said}");
}

#[test]
fn wrong_arguments_are_told_with_the_usage() {
    for (name, args) in
        [("trim", &["a"][..]), ("trim", &["--nonsense", "a", "b"]), ("split", &["0", "a", "b"]), ("demux", &["a"])]
    {
        let said = failed(&tool(name, args), 2);
        assert!(said.contains(&format!("\nusage: {name} ")), "{said}");
        assert!(well(&tool(name, &["--help"])).starts_with(&format!("usage: {name} ")));
    }
}

/// Fails when arguments are taken for UTF-8.
#[cfg(unix)]
#[test]
fn names_of_any_bytes_are_names() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new("tools-names");
    let data = reads(20);
    let input = folder.path("x").with_file_name(OsStr::from_bytes(b"in-\xff.fq"));
    fs::write(&input, &data).expect("a file for the test");
    let out = folder.path("out").with_file_name(OsStr::from_bytes(b"out-\xfe"));
    well(
        &example("split").args([OsStr::new("1"), input.as_os_str(), out.as_os_str()]).output().expect("the tool runs"),
    );
    let mut part = out.into_os_string();
    part.push(".1.fq");
    assert!(content(part.as_ref()) == data);
}
