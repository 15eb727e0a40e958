//! The committed sample against what the generator makes now.

use std::{fs, io::Read, path::Path};

use super::{SAMPLE_RECORDS, sample};
use crate::oracle;

#[test]
fn the_committed_sample_is_what_the_generator_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/fqbuf/sample/sample.fq.gz");
    let packed = fs::read(&path).expect("the sample is missing: cargo xtask sample");
    assert!(packed.len() < 2_000_000, "{} bytes are too many to ship", packed.len());
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(&packed[..]).read_to_end(&mut unpacked).expect("the sample is damaged");
    let (expected, totals) = sample();
    assert!(unpacked == expected, "the sample is not the generator's: cargo xtask sample");
    assert_eq!(oracle(&unpacked), Ok(totals));
    assert_eq!(totals.records, SAMPLE_RECORDS);
}
