//! What the user is told of BGZF that may have been cut.

use std::path::Path;

use fqbuf::Summary;

use crate::told;

/// Says which of the inputs ended without the block that marks the end.
pub(crate) fn note(inputs: &[impl AsRef<Path>], summary: &Summary) {
    for (input, missing) in inputs.iter().zip(summary.end_block_missing) {
        if missing {
            told::say(&format!(
                "note: {}: BGZF without its end block: whole as far as it goes, but it may have been cut",
                input.as_ref().display()
            ));
        }
    }
}
