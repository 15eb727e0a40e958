//! Tests of the private arithmetic.

use super::{exp2_q16, long_length, push_number};
use crate::rng::Rng;

#[test]
fn exp2_is_right_at_whole_and_half_exponents() {
    for whole in 0..31 {
        assert_eq!(exp2_q16(whole << 16), 1 << whole);
    }
    // 2^13.5 = 11585.2, 2^18.25 = 311743.6
    assert_eq!(exp2_q16((13 << 16) + 0x8000), 11_585);
    assert_eq!(exp2_q16((18 << 16) + 0x4000), 311_743);
    assert_eq!(exp2_q16(-1), 1);
}

#[test]
fn numbers_have_all_their_digits() {
    let mut out = Vec::new();
    for number in [0, 9, 10, 1234, u64::MAX] {
        out.clear();
        push_number(number, &mut out);
        assert_eq!(out, number.to_string().as_bytes());
    }
}

#[test]
fn long_lengths_are_spread_around_their_median() {
    let mut rng = Rng::new(3);
    let mut lengths: Vec<usize> = (0..20_001).map(|_| long_length(&mut rng)).collect();
    lengths.sort_unstable();
    assert!((7_700..8_700).contains(&lengths[10_000]), "{}", lengths[10_000]);
    assert!(lengths[0] >= 200 && lengths[0] < 500, "{}", lengths[0]);
    assert!(lengths[20_000] > 200_000 && lengths[20_000] <= 500_000, "{}", lengths[20_000]);
}
