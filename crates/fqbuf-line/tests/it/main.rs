//! What users of fqbuf-line rely on, through its public names.

mod at;
mod faults;
mod limits;
mod lines;
mod model;
mod naive;
mod readers;
mod resume;

/// The lines of `input`, by the book: split at `\n`, one `\r` taken off, nothing behind a final `\n`.
fn oracle(input: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<_> =
        input.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect();
    if input.is_empty() || input.ends_with(b"\n") {
        lines.pop();
    }
    lines
}

const fn send_and_sync<T: Send + Sync>() {}
const _: () = {
    send_and_sync::<fqbuf_line::Block>();
    send_and_sync::<fqbuf_line::GrowthPolicy>();
    send_and_sync::<fqbuf_line::LineBuffer>();
    send_and_sync::<fqbuf_line::LineReader<std::fs::File>>();
    send_and_sync::<fqbuf_line::LineTooLong>();
};
