//! Results as JSON, and back: integers only, equal bytes for equal input.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::tally::{BINNING, Tally};

/// The version of the form below.
const VERSION: u32 = 1;

/// A results file.
#[derive(Serialize, Deserialize)]
struct Results {
    fqbuf_qc: u32,
    /// How positions and lengths are binned.
    binning: String,
    #[serde(flatten)]
    tally: Tally,
}

/// The results as a text that ends with a line end.
pub(crate) fn text(tally: &Tally) -> String {
    let results = Results { fqbuf_qc: VERSION, binning: BINNING.into(), tally: tally.clone() };
    let mut text = serde_json::to_string_pretty(&results).unwrap_or_else(|e| unreachable!("results are plain: {e}"));
    text.push('\n');
    text
}

/// Adds the results of a part to `tally`.
pub(crate) fn add(path: &Path, tally: &mut Tally) -> Result<(), Failure> {
    let named = |e: String| format!("{}: {e}", path.display());
    let text = fs::read_to_string(path).map_err(|e| named(e.to_string()))?;
    let results: Results = serde_json::from_str(&text).map_err(|e| named(format!("not results of qc: {e}")))?;
    if results.fqbuf_qc != VERSION || results.binning != BINNING {
        return Err(named("results of another version of qc".into()));
    }
    // What is sound can be added; the sum may still be more than can be shown.
    let sound = |tally: &Tally| tally.fault().map_or(Ok(()), |why| Err(named(why.into())));
    sound(&results.tally)?;
    tally.merge(&results.tally);
    sound(tally)
}
