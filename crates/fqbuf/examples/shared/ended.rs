//! How a tool that writes reads ends: its words and its exit code.

use std::io::ErrorKind;
use std::process::ExitCode;

use fqbuf::Error;

use crate::told;

/// What a tool was asked for, or why it does nothing.
pub(crate) enum Asked<T> {
    Run(T),
    Help,
    Wrong(String),
}

/// Runs the tool and says how it went.
pub(crate) fn run<T>(asked: Asked<T>, usage: &str, tool: impl FnOnce(T) -> Result<(), Error>) -> ExitCode {
    let args = match asked {
        Asked::Run(args) => args,
        Asked::Help => {
            // Who has asked and gone away does not want to know.
            let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("{usage}\n").as_bytes());
            return ExitCode::SUCCESS;
        }
        Asked::Wrong(why) => {
            told::say(&format!("error: {why}\n{usage}"));
            return ExitCode::from(2);
        }
    };
    match tool(args) {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads the output has had enough of it.
        Err(Error::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            told::say(&format!("error: {}", told::message(&error, None)));
            ExitCode::FAILURE
        }
    }
}
