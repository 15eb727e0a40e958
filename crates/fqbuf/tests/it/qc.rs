//! The `qc` example as a command: output, exit codes, messages; the same results whatever the threads and parts.

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::support::{Folder, example, failed, reads, str, text, well};

fn command() -> Command {
    example("qc")
}

fn qc(args: &[&str]) -> Output {
    command().args(args).output().expect("qc runs")
}

/// Standard output of a run that must succeed.
fn good(args: &[&str]) -> String {
    well(&qc(args))
}

/// Standard error of a run that must fail with exit code 1.
fn bad(args: &[&str]) -> String {
    failed(&qc(args), 1)
}

#[test]
fn the_sample_is_summarised_without_arguments() {
    let summary = good(&[]);
    assert!(summary.starts_with("sample.fq.gz\n  records        20,000\n  bases          3,000,000\n"), "{summary}");
    assert_eq!(good(&["--tsv"]).split('\t').next(), Some("20000"));
}

#[test]
fn fault_79_results_are_equal_for_every_number_of_threads_and_from_parts() {
    let folder = Folder::new("qc-parts");
    let input = folder.file("reads.fq", &reads(3_000));
    let json = |name: &str, args: &[&str]| {
        let path = folder.path(name);
        good(&[args, &["--json", str(&path)]].concat());
        fs::read(path).expect("results")
    };
    let whole = json("1.json", &["--threads", "1", str(&input)]);
    for threads in ["2", "3", "8"] {
        assert_eq!(json("n.json", &["--threads", threads, str(&input)]), whole, "{threads} threads");
    }
    let parts = ["p1.json", "p2.json", "p3.json"];
    for (i, part) in parts.iter().enumerate() {
        json(part, &["--split", &format!("{}/3", i + 1), str(&input)]);
    }
    let paths: Vec<_> = parts.iter().map(|part| folder.path(part)).collect();
    let args: Vec<_> = ["--merge"].into_iter().chain(paths.iter().map(|path| str(path))).collect();
    assert_eq!(json("merged.json", &args), whole);
    let size = fs::metadata(&input).expect("a file").len();
    let tsv = |range: String| good(&["--tsv", "--range", &range, str(&input)]);
    let sums = |line: String| line.trim().split('\t').map(|n| n.parse::<i64>().expect("a number")).collect::<Vec<_>>();
    let (a, b) = (sums(tsv(format!("0-{}", size / 3))), sums(tsv(format!("{}-{size}", size / 3))));
    let both: Vec<i64> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
    assert_eq!(both, sums(good(&["--tsv", str(&input)])));
}

/// Fails when counts that a file made up are added, or taken for the lengths of lists.
#[test]
fn damaged_results_are_refused_by_their_name() {
    use serde_json::{Value, json};
    let folder = Folder::new("qc-damage");
    let input = folder.file("reads.fq", &reads(20));
    let (sound, bad_one) = (folder.path("sound.json"), folder.path("bad.json"));
    good(&["--json", str(&sound), str(&input)]);
    let results: Value = serde_json::from_slice(&fs::read(&sound).expect("there")).expect("JSON");
    let merge = |files: &[&str]| qc(&[&["--merge", "--html", str(&folder.path("r.html"))], files].concat());
    let mut full = results.clone();
    full["positions"][0]["bases"] = json!([0, 0, 0, 0, 0]);
    full["positions"][0]["qualities"] = json!([u64::MAX, u64::MAX]);
    for (name, value) in [
        ("records", json!(21)),
        ("records", json!(u64::MAX)),
        ("bases", json!(u64::MAX)),
        ("bases", json!(0)),
        ("qualsum", json!(i64::MAX)),
        ("qualsum", json!(i64::MIN)),
        ("gc", json!(u64::MAX)),
        ("acgt", json!(u64::MAX)),
        ("skipped_records", json!(u64::MAX)),
        ("skipped_bytes", json!(u64::MAX)),
        ("dropped_records", json!(u64::MAX)),
        ("lengths", json!([])),
        ("lengths", json!([u64::MAX, 21])),
        ("lengths", json!(vec![0; 5000])),
        ("gc_percent", json!(vec![0; 102])),
        ("gc_percent", json!([21])),
        ("mean_quality", json!([])),
        ("mean_quality", json!(vec![0; 95])),
        ("mean_quality", json!([u64::MAX, 21])),
        ("positions", json!([])),
        ("positions", full["positions"].clone()),
        ("positions", json!(vec![full["positions"][0].clone(); 5000])),
    ] {
        let mut damaged = results.clone();
        damaged[name] = value;
        fs::write(&bad_one, damaged.to_string()).expect("a file for the test");
        for files in [&[str(&bad_one)][..], &[str(&bad_one), str(&bad_one)], &[str(&sound), str(&bad_one)]] {
            let said = failed(&merge(files), 1);
            assert!(said.starts_with(&format!("error: {}: ", bad_one.display())), "{name}: {said}");
        }
    }
    // Each of them could be, but not their sum.
    let mut many = results.clone();
    many["skipped_bytes"] = json!(1_u64 << 53);
    fs::write(&bad_one, many.to_string()).expect("a file for the test");
    well(&merge(&[str(&bad_one)]));
    let said = failed(&merge(&[str(&bad_one), str(&bad_one)]), 1);
    assert!(said.starts_with(&format!("error: {}: ", bad_one.display())), "{said}");
    // Nothing but empty reads, and a bin for the bases there are not.
    let mut empty = results;
    for (name, value) in [("bases", json!(0)), ("qualsum", json!(0)), ("gc", json!(0)), ("acgt", json!(0))] {
        empty[name] = value;
    }
    empty["lengths"] = json!([20]);
    empty["gc_percent"] = json!([]);
    empty["mean_quality"] = json!([]);
    empty["positions"] = json!([{"bases": [0, 0, 0, 0, 0], "qualities": []}]);
    fs::write(&bad_one, empty.to_string()).expect("a file for the test");
    well(&merge(&[str(&bad_one)]));
}

#[test]
fn a_bad_record_is_told_with_place_id_and_hint() {
    let folder = Folder::new("qc-bad");
    let mut data = reads(50);
    data.extend_from_slice(b"@short 1\nACGT\n+\nIII\n@next\nA\n+\nI\n");
    let input = folder.file("bad.fq", &data);
    let place = format!("record 51 (line 204, byte {})", data.len() - 16);
    let expected = format!(
        "error: {}: {place}: quality has 3 characters, sequence has 4\n  \
         id: short   hint: re-run with --skip-invalid to drop and count such records\n",
        input.display()
    );
    for threads in ["1", "4"] {
        assert_eq!(bad(&["--threads", threads, str(&input)]), expected);
    }
    let output = qc(&["--tsv", "--skip-invalid", str(&input)]);
    assert!(output.status.success() && text(&output.stdout).starts_with("51\t"), "{output:?}");
    assert_eq!(text(&output.stderr), "skipped 1 bad records, 20 bytes\n");
}

#[test]
fn fault_80_an_error_in_a_later_file_names_that_file() {
    let folder = Folder::new("qc-later");
    let first = folder.file("first.fq", &reads(3));
    let second = folder.file("second.fq", b"@r1\nACGT\n+\n");
    let message = bad(&[str(&first), str(&second)]);
    assert!(message.starts_with(&format!("error: {}: record 1 (line 3, byte 9): ", second.display())), "{message}");
    assert!(bad(&[str(&first), "no-such-file.fq"]).starts_with("error: no-such-file.fq: "));
}

#[test]
fn mates_that_differ_are_told_with_both_places() {
    let folder = Folder::new("qc-mates");
    let record = |name: &str| format!("@{name}\nAC\n+\nII\n");
    let input = |names: &[&str]| names.iter().map(|name| record(name)).collect::<String>();
    let one = folder.file("a_R1.fq", input(&["read1/1", "read2/1", "read3/1"]).as_bytes());
    let two = folder.file("a_R2.fq", input(&["read1/2", "read2/2", "read4/2"]).as_bytes());
    let message = bad(&["--paired", str(&one), str(&two)]);
    assert!(message.starts_with("error: R1/R2 differ at pair 3: \"read3/1\" vs \"read4/2\" ("), "{message}");
    assert!(message.contains("a_R1.fq line 9, ") && message.contains("a_R2.fq line 9)"), "{message}");
    let fewer = folder.file("b_R2.fq", input(&["read1/2", "read2/2"]).as_bytes());
    let message = bad(&["--paired", str(&one), str(&fewer)]);
    assert!(message.contains("a_R1.fq") && message.contains("b_R2.fq"), "{message}");
    let mixed = folder.file("mixed.fq", input(&["r1/1", "r1/2", "r2/1", "r2/2"]).as_bytes());
    assert_eq!(good(&["--tsv", "--interleaved", str(&mixed)]).split('\t').next(), Some("4"));
}

/// Fails when the good mate of a bad record is lost without a word.
#[test]
fn mates_of_bad_records_are_counted() {
    let folder = Folder::new("qc-dropped");
    let whole = |name: &str| format!("@{name}\nAC\n+\nII\n");
    let (one, two) = ([whole("r1/1"), whole("r2/1")].concat(), [whole("r1/2"), "@r2/2\nAC\n+\nI\n".into()].concat());
    let mixed = [whole("r1/1"), whole("r1/2"), whole("r2/1"), "@r2/2\nAC\n+\nI\n".into()].concat();
    let files =
        [("one.fq", one), ("two.fq", two), ("mixed.fq", mixed)].map(|(name, data)| folder.file(name, data.as_bytes()));
    let json = folder.path("results.json");
    for input in [&["--paired", str(&files[0]), str(&files[1])][..], &["--interleaved", str(&files[2])]] {
        let output = qc(&[&["--tsv", "--skip-invalid"], input].concat());
        assert!(well(&output).starts_with("2\t4\t"), "{input:?}");
        let said = "skipped 1 bad records, 13 bytes\ndropped 1 good records with their bad mates\n";
        assert_eq!(text(&output.stderr), said, "{input:?}");
        let summary = good(&[&["--skip-invalid", "--json", str(&json)], input].concat());
        assert!(summary.contains("  dropped        1 good records with their bad mates\n"), "{summary}");
        assert!(fs::read_to_string(&json).expect("results").contains("\"dropped_records\": 1,"));
        // And from its parts.
        let merged = good(&["--merge", str(&json), str(&json)]);
        assert!(merged.contains("  dropped        2 good records"), "{merged}");
        let report = good(&[&["--skip-invalid", "--html", "-"], input].concat());
        assert!(report.contains("<td>good records dropped with their mates</td><td>1</td>"), "{report}");
    }
}

#[test]
fn standard_input_is_read() {
    let mut child =
        command().args(["--tsv", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("qc runs");
    let data = reads(1_000);
    child.stdin.take().expect("a pipe").write_all(&data).expect("it reads all");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && text(&output.stdout).starts_with("1000\t"), "{output:?}");
}

#[test]
fn fault_74_a_closed_standard_output_is_a_quiet_end() {
    let mut child = command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("qc runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn fault_75_a_full_device_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let output = command().stdout(full).output().expect("qc runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("error: standard output: "), "{output:?}");
    assert!(bad(&["--json", "/dev/full"]).starts_with("error: /dev/full: "));
}

#[test]
fn the_report_is_one_page_with_plots() {
    let folder = Folder::new("qc-html");
    let report = folder.path("report.html");
    good(&["--html", str(&report)]);
    let page = fs::read_to_string(report).expect("a report");
    assert_eq!(page.matches("<svg").count(), 5);
    assert!(page.contains("20,000") && !page.contains("<script") && !page.contains("http"));
    for label in
        ["position in the read", "percent of bases", "bases in the read", "mean Phred quality", "percent of G and C"]
    {
        assert!(page.contains(label), "an axis without {label}");
    }
}

/// Fails when what `--tsv` does not print is not counted for those that do.
#[test]
fn tsv_beside_other_results_changes_neither() {
    let folder = Folder::new("qc-tsv");
    let input = folder.file("reads.fq", &reads(300));
    let pair = folder.file("mates.fq", &reads(300));
    let tsv = good(&["--tsv", str(&input)]);
    for more in [&[str(&input)][..], &["--split", "1/1", str(&input)], &["--paired", str(&input), str(&pair)]] {
        for option in ["--json", "--html"] {
            let path = folder.path("result");
            let result = |before: &[&str]| {
                let said = good(&[before, &[option, str(&path)], more].concat());
                (said, fs::read(&path).expect("a result"))
            };
            let ((with, a), (_, b)) = (result(&["--tsv"]), result(&[]));
            assert!(a == b, "{option} {more:?}");
            assert!(with == tsv || more[0] == "--paired", "{option} {more:?}: {with}");
        }
    }
}

/// Fails when the summary or a second result follows what was asked for on standard output.
#[test]
fn standard_output_is_one_result() {
    let folder = Folder::new("qc-stdout");
    let input = folder.file("reads.fq", &reads(30));
    let (json, html) = (folder.path("r.json"), folder.path("r.html"));
    good(&["--json", str(&json), "--html", str(&html), str(&input)]);
    let file = |path| fs::read_to_string(path).expect("a result");
    assert!(good(&["--json", "-", str(&input)]) == file(&json));
    assert!(good(&["--html", "-", str(&input)]) == file(&html));
    #[cfg(target_os = "linux")]
    assert!(good(&["--json", "/dev/stdout", str(&input)]) == file(&json));
    for args in [&["--tsv", "--json", "-"][..], &["--html", "-", "--tsv"], &["--json", "-", "--html", "-"]] {
        let said = failed(&qc(&[args, &[str(&input)]].concat()), 2);
        assert!(said.contains("standard output") && said.contains("usage: qc"), "{said}");
    }
}

/// Fails when parts are read in more memory than files are.
#[test]
fn memory_bounds_the_records_of_a_part() {
    let folder = Folder::new("qc-memory");
    let input = folder.file("long.fq", format!("@r\n{}\n+\n{}\n", "A".repeat(2 << 20), "I".repeat(2 << 20)).as_bytes());
    for part in [["--split", "1/1"], ["--range", "0-9"]] {
        let said = |memory| qc(&[&part[..], &["--tsv", "--memory", memory, str(&input)]].concat());
        assert!(failed(&said("1MiB"), 1).contains("long.fq: record 1 "), "{part:?}");
        assert!(well(&said("8MiB")).starts_with("1\t2097152\t"), "{part:?}");
    }
}

/// Fails when a record may be longer in a part than in the whole, or the other way round.
#[test]
fn records_are_as_long_in_parts_as_in_the_whole() {
    let folder = Folder::new("qc-limit");
    for size in [2 << 20, 36 << 20] {
        let (seq, qual) = ("A".repeat(size), "I".repeat(size));
        let input = folder.file("long.fq", format!("@r\n{seq}\n+\n{qual}\n").as_bytes());
        let said = |more: &[&str]| {
            let output = qc(&[&["--tsv", "--memory", "256MiB", "--threads", "1"], more, &[str(&input)]].concat());
            (output.status.success(), text(&output.stdout), text(&output.stderr))
        };
        let whole = said(&[]);
        assert_eq!(whole, said(&["--split", "1/1"]), "{size}");
        assert!(whole.0, "{size}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_the_usage() {
    for args in [
        &["--threads", "0"][..],
        &["--split", "3/2", "a"],
        &["--split", "1/2", "--split", "2/2", "a"],
        &["--split", "1/2", "--range", "0-9", "a"],
        &["--range", "0-9", "--split", "1/2", "a"],
        &["--split", "1/2", "--paired", "a", "b"],
        &["--paired", "a"],
        &["--paired"],
        &["--paired", "--interleaved", "a", "b"],
        &["--interleaved", "--paired", "a", "b"],
        &["--merge"],
        &["--merge", "--threads", "2", "a"],
        &["--merge", "--memory", "1MiB", "a"],
        &["--merge", "--paired", "a", "b"],
        &["--merge", "--interleaved", "a"],
        &["--merge", "--strict", "a"],
        &["--merge", "--skip-invalid", "a"],
        &["--merge", "--split", "1/2", "a"],
        &["--merge", "--range", "0-9", "a"],
        &["--nonsense"],
    ] {
        let output = qc(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains("usage: qc"), "{args:?}");
    }
}

/// Fails when a compressed file is cut into parts like a plain one, or a pipe is waited for.
#[test]
fn what_has_no_parts_is_refused_by_its_name() {
    let folder = Folder::new("qc-no-parts");
    let message = bad(&["--split", "1/2"]);
    assert!(message.contains("sample.fq.gz: gzip input cannot be read in parts"), "{message}");
    let message = bad(&["--range", "0-9", str(&folder.path("."))]);
    assert!(message.contains("only a regular file can be read in parts"), "{message}");
    assert!(bad(&["--split", "1/2", "-"]).contains("standard input cannot be read in parts"));
    assert!(bad(&["--split", "1/2", "no-such.fq"]).contains("no-such.fq: "));
}

/// Fails when results are written under their own name before they are whole.
#[test]
fn results_replace_a_file_whole_or_not_at_all() {
    let folder = Folder::new("qc-results");
    let json = folder.file("r.json", b"before");
    assert!(bad(&["--json", str(&json), "no-such.fq"]).contains("no-such.fq"));
    assert_eq!(fs::read(&json).expect("there"), b"before");
    good(&["--json", str(&json)]);
    assert!(fs::read(&json).expect("there").starts_with(b"{\n"));
    assert!(bad(&["--html", str(&folder.path("no/such.html"))]).contains("no/such.html: "));
    assert_eq!(folder.names("r.json"), ["r.json"]);
}

/// Fails when words that nobody hears are a panic.
#[test]
fn a_closed_standard_error_is_no_panic() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    for (args, code) in [(&["no-such.fq"][..], 1), (&["--nonsense"], 2)] {
        let status = command().args(args).stderr(writer.try_clone().expect("a pipe")).status().expect("qc runs");
        assert_eq!(status.code(), Some(code), "{args:?}");
    }
}
