//! Commands: printed to standard error, then run at the root of the workspace.

use std::{
    env, fmt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// What a task ends with; the error is for people.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_path_buf()
}

/// The target folder: that of the environment, or `target`.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A command in the making.
pub(crate) struct Run {
    program: String,
    args: Vec<String>,
    /// Variables to set, or with `None` to remove.
    vars: Vec<(String, Option<String>)>,
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Run {
    run(&env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
}

/// Nightly's cargo, through rustup.
///
/// # Errors
///
/// When there is none.
pub(crate) fn nightly() -> Outcome<Run> {
    let found = Command::new("rustup")
        .args(["run", "nightly", "cargo", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if found {
        Ok(run("cargo").args(["+nightly"]).remove("RUSTUP_TOOLCHAIN"))
    } else {
        Err("this needs a nightly toolchain: rustup toolchain install nightly --profile minimal".to_owned())
    }
}

/// Any program.
pub(crate) fn run(program: &str) -> Run {
    Run { program: program.to_owned(), args: Vec::new(), vars: Vec::new() }
}

impl Run {
    pub(crate) fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub(crate) fn var(mut self, name: &str, value: impl Into<String>) -> Self {
        self.vars.push((name.to_owned(), Some(value.into())));
        self
    }

    pub(crate) fn remove(mut self, name: &str) -> Self {
        self.vars.push((name.to_owned(), None));
        self
    }

    /// The command, to be run at the root of the workspace.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(root()).stdin(Stdio::null());
        // What cargo tells the task about the task itself would make build scripts of the child run again.
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO_BIN_NAME" {
                command.env_remove(name.as_ref());
            }
        }
        for (name, value) in &self.vars {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Prints the command, runs it, and prints how long it took.
    ///
    /// # Errors
    ///
    /// When it cannot start, or ends with another code than 0.
    pub(crate) fn check(self) -> Outcome {
        eprintln!("$ {self}");
        let start = Instant::now();
        let status = self.command().status().map_err(|error| format!("{}: {error}", self.program))?;
        eprintln!("  {:.1} s", start.elapsed().as_secs_f32());
        if status.success() { Ok(()) } else { Err(format!("{status}: {self}")) }
    }

    /// Prints the command, runs it, and gives its standard output back; standard error goes through.
    ///
    /// # Errors
    ///
    /// As for [`Run::check`].
    pub(crate) fn output(self) -> Outcome<String> {
        eprintln!("$ {self}");
        let output =
            self.command().stderr(Stdio::inherit()).output().map_err(|error| format!("{}: {error}", self.program))?;
        if !output.status.success() {
            return Err(format!("{}: {self}", output.status));
        }
        String::from_utf8(output.stdout).map_err(|_| format!("no UTF-8 from {self}"))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.vars.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            write!(f, "{name}={} ", quoted(value))?;
        }
        let program =
            Path::new(&self.program).file_name().map_or(self.program.as_str().into(), |name| name.to_string_lossy());
        write!(f, "{program}")?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

/// As a shell would need it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{text}'") }
}

/// The path of the test binary in cargo's messages: one JSON object a line, and only the one of the binary has one.
pub(crate) fn executable(messages: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| {
        let (_, rest) = line.split_once("\"executable\":\"")?;
        rest.split_once('"').map(|(path, _)| PathBuf::from(path.replace("\\\\", "\\")))
    })
}
