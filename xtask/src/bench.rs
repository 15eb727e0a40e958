//! `cargo xtask bench [GROUP] [ARGS]`: fqbuf beside its peers, or by itself.
//!
//! The runner that builds the peers lives in `benches/peers`, a workspace of its own, and gets all arguments as they are.
//! Where it is absent, or with `--own`, the criterion groups of `benches/` run: a group is the name of one of them.

use crate::run::{Outcome, cargo, root};

pub(crate) fn run(args: &[String]) -> Outcome {
    let own = args.iter().any(|arg| arg == "--own");
    let args: Vec<&String> = args.iter().filter(|arg| *arg != "--own").collect();
    if !own && peers() {
        let peers =
            ["run", "--quiet", "--release", "--manifest-path", "benches/peers/Cargo.toml", "--package", "runner", "--"];
        return cargo().args(peers).args(args).check();
    }
    let criterion = cargo().args(["bench", "--package", "fqbuf-benches"]);
    match args.split_first() {
        None => criterion.args(["--benches"]).check(),
        Some((group, rest)) => criterion.args(["--bench", group.as_str(), "--"]).args(rest.iter().copied()).check(),
    }
}

/// Whether the side-by-side runner is there.
pub(crate) fn peers() -> bool {
    root().join("benches/peers/Cargo.toml").is_file()
}
