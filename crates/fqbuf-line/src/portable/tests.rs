//! The matrix of bits that a mask is turned as; the search is tested in `search/tests.rs`.

use super::*;

#[test]
fn transposing_twice_changes_nothing() {
    for (i, &place) in PLACE.iter().enumerate() {
        let bit = 1_u64 << i;
        assert_eq!(transpose(bit), 1 << place);
        assert_eq!(transpose(transpose(bit | 1)), bit | 1);
    }
}
