//! Programs: packages, built; those of short loops twice, with their code at two places.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Outcome;

/// Groups where it counts at which place a loop lies: a processor reads code in pieces of 32 bytes, and some keep no branch on the bound
/// of one in their cache of decoded instructions (Intel, "Mitigations for Jump Conditional Code Erratum", 2019). The linker aligns
/// functions to 16. On such a processor rows that take nanoseconds are up to a fifth apart, those that decompress an eighth, lines
/// a fourteenth, all else within 2 %.
const AT_TWO_PLACES: [&str; 6] = ["arena", "line", "pool", "ring", "stats", "stream"];

/// The group that a package belongs to: its name up to a hyphen.
pub(crate) fn group_of(package: &str) -> &str {
    package.split('-').next().unwrap_or_default()
}

/// A package as it is built: for all machines or for this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    Portable,
    Native,
}

/// A package, built.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    package: String,
    build: Build,
    /// One binary, or a second one with the same code 16 bytes further on.
    binaries: Vec<PathBuf>,
}

impl Program {
    /// Builds one package of the workspace at `root` by itself, so that no other's features reach it, in folders of `target`.
    ///
    /// # Errors
    ///
    /// Where it does not build.
    pub(crate) fn build(root: &Path, package: &str, target: &Path, build: Build) -> Outcome<Self> {
        let compile = |folder: &str, flags: OsString| {
            let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
            cargo.args(["build", "--quiet", "--release", "--package", package]).current_dir(root);
            cargo.env("CARGO_TARGET_DIR", target.join(folder));
            if !flags.is_empty() {
                cargo.env("CARGO_ENCODED_RUSTFLAGS", flags);
            }
            let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
            if !status.success() {
                return Err(format!("{package} does not build"));
            }
            Ok(target.join(folder).join("release").join(package))
        };
        let (folders, flags, whom) = match build {
            Build::Portable => (["portable", "moved-on"], "", ""),
            Build::Native => (["native", "native-moved-on"], "-Ctarget-cpu=native", " for this machine"),
        };
        eprintln!("building {package}{whom}");
        let mut binaries = vec![compile(folders[0], flags.into())?];
        if AT_TWO_PLACES.contains(&group_of(package))
            && let Some(linker) = linker(target)?
        {
            // One flag from the next.
            let separator = if flags.is_empty() { "" } else { "\u{1f}" };
            let mut flags = OsString::from(format!("{flags}{separator}-Clinker="));
            flags.push(linker);
            binaries.push(compile(folders[1], flags)?);
        }
        Ok(Self::of(package, build, binaries))
    }

    /// These binaries of a package, built so.
    pub(crate) fn of(package: &str, build: Build, binaries: Vec<PathBuf>) -> Self {
        Self { package: package.to_owned(), build, binaries }
    }

    /// The same package built in the same way, out of the workspace at `root`.
    ///
    /// # Errors
    ///
    /// Where it does not build.
    pub(crate) fn built_from(&self, root: &Path, target: &Path) -> Outcome<Self> {
        Self::build(root, &self.package, target, self.build)
    }

    /// Whether its rounds are shared between two places of the code.
    pub(crate) fn is_at_two_places(&self) -> bool {
        self.binaries.len() > 1
    }

    /// What starts it in a round: of four rounds in a row as many at each place, and so for those with the same number of four.
    pub(crate) fn command(&self, round: usize) -> Command {
        Command::new(&self.binaries[(round + round / 4) % self.binaries.len()])
    }
}

/// A linker that puts 16 bytes before all code, where it is known how: not here.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn linker(_: &Path) -> Outcome<Option<PathBuf>> {
    Ok(None)
}

/// A linker that puts 16 bytes before all code.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn linker(target: &Path) -> Outcome<Option<PathBuf>> {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
    };

    let failed = |error: std::io::Error| format!("a linker of our own: {error}");
    let folder = std::path::absolute(target.join("linker")).map_err(failed)?;
    fs::create_dir_all(&folder).map_err(failed)?;
    let [source, object, script] = ["first.rs", "first.o", "linker"].map(|name| folder.join(name));
    // Kept by the linker though nobody calls it.
    let code = r#"#![no_std] core::arch::global_asm!(".section .text.first,\"axR\",@progbits", ".balign 16", ".fill 16, 1, 0x90");"#;
    fs::write(&source, code).map_err(failed)?;
    let mut rustc = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned()));
    rustc.args(["--crate-type=lib", "--emit=obj", "-o"]).args([&object, &source]);
    if !rustc.status().map_err(failed)?.success() {
        return Err("16 bytes of code do not build".to_owned());
    }
    // Written anew only where it says something else, or cargo would take it for another linker.
    let text = format!("#!/bin/sh\nexec cc '{}' \"$@\"\n", object.display());
    if fs::read_to_string(&script).ok().as_deref() != Some(&text) {
        fs::write(&script, text).map_err(failed)?;
        fs::set_permissions(&script, Permissions::from_mode(0o755)).map_err(failed)?;
    }
    Ok(Some(script))
}

#[cfg(test)]
mod tests {
    use super::{Build, Program};

    #[test]
    fn rounds_are_shared_between_two_places() {
        let program = Program::of("pool", Build::Portable, vec!["here".into(), "there".into()]);
        let place = |round| usize::from(program.command(round).get_program() == "there");
        let at_second = |rounds: &mut dyn Iterator<Item = usize>| rounds.map(place).sum::<usize>();
        assert_eq!((at_second(&mut (0..4)), at_second(&mut (0..8))), (2, 4));
        // What begins at the same place of a cache line is seen with both.
        for of_four in 0..4 {
            assert_eq!(at_second(&mut [of_four, of_four + 4].into_iter()), 1);
        }
        let alone = Program::of("line", Build::Portable, vec!["here".into()]);
        assert!((0..8).all(|round| alone.command(round).get_program() == "here"));
    }
}
