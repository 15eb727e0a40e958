//! What the user is told when a run fails.

use std::io::Write;

use fqbuf::{Error, ParseError, ParseErrorKind};

/// Writes a line to standard error; nobody may be there to read it.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The error as the user reads it: what and where, the id, and what may help; `skip` where bad records can be skipped.
pub(crate) fn message(error: &Error, skip: Option<&str>) -> String {
    let Error::Input(error) = error else { return error.to_string() };
    let mut text = error.to_string();
    let skip = skip.filter(|_| may_be_skipped(error));
    let hints: Vec<_> = error.hint().into_iter().chain(skip).collect();
    let id = error.id().filter(|id| !id.is_empty()).map(|id| format!("id: {}", id.escape_ascii()));
    let hint = (!hints.is_empty()).then(|| format!("hint: {}", hints.join("; or ")));
    let more: Vec<_> = id.into_iter().chain(hint).collect();
    if !more.is_empty() {
        text += &format!("\n  {}", more.join("   "));
    }
    text
}

fn may_be_skipped(error: &ParseError) -> bool {
    use ParseErrorKind as Kind;
    let mates = matches!(error.kind(), Kind::MateMismatch { .. } | Kind::UnequalMates { .. } | Kind::OddMates);
    error.is_format() && !mates
}
