//! Our code as it was when results were kept, built again.

use std::{fs, process::Command};

use crate::{
    Outcome,
    group::{Contender, Role},
    here, results,
    round::Measured,
};

/// What contenders are built of, as seen from here; what measures them is not.
const CODE: [&str; 6] = ["../../Cargo.toml", "../../crates", "../Cargo.toml", "../src", ".", ":(exclude)runner"];

/// The commit that brought a result, or without one the last that brought any, of any machine.
pub(super) fn commit(group: &str, kept: Option<&Measured>) -> Outcome<String> {
    if git(&["rev-parse", "--is-shallow-repository"])? != "false" {
        return Err("the history is not here, which it takes to build it".to_owned());
    }
    let Some(kept) = kept else {
        return git(&["log", "-1", "--format=%h", "--", &results::root().display().to_string()]);
    };
    let ours = kept.lines.iter().find(|line| line.role == Role::Ours).ok_or("nothing was kept of ours")?;
    let (line, table) = (results::written(ours), results::path(group).display().to_string());
    match git(&["log", "-1", "--format=%h", "-S", line.trim_end(), "--", &table])? {
        commit if commit.is_empty() => Err("its results are not committed".to_owned()),
        commit => Ok(commit),
    }
}

/// Whether contenders are built of what they were built of then.
pub(super) fn is_unchanged(commit: &str) -> Outcome<bool> {
    Ok(git(&[&["diff", "--name-only", commit, "--"], &CODE[..]].concat())?.is_empty())
}

/// A contender as it was. No peer: what it answers may have been less then.
pub(super) fn build(commit: &str, contender: &Contender) -> Outcome<Contender> {
    let target = here().join("target").join("baseline");
    let (code, archive) = (target.join(commit), target.join("code.tar"));
    fs::create_dir_all(&code).map_err(|error| format!("{}: {error}", code.display()))?;
    let archive = archive.display().to_string();
    let root = git(&["rev-parse", "--show-toplevel"])?;
    git(&["-C", &root, "archive", "--format=tar", "-o", &archive, commit])?;
    let code = code.display().to_string();
    output(Command::new("tar").args(["-xf", &archive, "-C", &code]))?;
    let root = target.join(commit).join("benches/peers");
    let program = contender.program.built_from(&root, &target.join("build"))?;
    Ok(Contender { role: Role::Limit, program, ..contender.clone() })
}

fn git(args: &[&str]) -> Outcome<String> {
    output(Command::new("git").args(args).current_dir(here()))
}

/// What a command prints.
fn output(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().display().to_string();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim_end()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
