//! Every unit beside the others.

use super::{BoxError, ControlFlow, Folding, Unit};

/// Adds up bytes and fractions of them, stops at a slice that begins with `s`, fails at one with `e`.
fn each(sums: &mut (u64, f64), item: &[u8]) -> Result<ControlFlow<()>, BoxError> {
    sums.0 += item.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    sums.1 += item.iter().map(|&byte| f64::from(byte) / 3.0 + 0.1).sum::<f64>();
    match item.first() {
        Some(b's') => Ok(ControlFlow::Break(())),
        Some(b'e') => Err("an e".into()),
        _ => Ok(ControlFlow::Continue(())),
    }
}

/// The sums, how it ended, and how many items are left.
fn given(unit: Unit, items: &[&[u8]]) -> ((u64, u64), String, usize) {
    let mut sums = (0, 0.0);
    let mut items = items.iter().copied();
    let ended = unit.visit(&mut items, &mut Folding { state: &mut sums, each: &each });
    ((sums.0, sums.1.to_bits()), format!("{ended:?}"), items.len())
}

#[test]
fn every_unit_of_this_processor_gives_the_same() {
    let bytes: Vec<u8> = (0..5000_u32).map(|n| u8::try_from(n * n % 97).unwrap_or_default()).collect();
    let many: Vec<&[u8]> = (0..60).map(|n| &bytes[n..n * 70]).collect();
    let sum: u64 = many.iter().copied().flatten().map(|&byte| u64::from(byte)).sum();
    for (items, ended, left) in [
        (&[][..], "Ok(Continue(()))", 0),
        (&[&b""[..]], "Ok(Continue(()))", 0),
        (&many, "Ok(Continue(()))", 0),
        (&[b"a", b"stop", b"b"], "Ok(Break(()))", 1),
        (&[b"a", b"b", b"error", b"stop", b"c"], "Err(\"an e\")", 2),
    ] {
        let widest = given(Unit::widest(), items);
        assert_eq!((widest.1.as_str(), widest.2), (ended, left));
        let mut unit = Unit::widest();
        while let Some(narrower) = unit.narrower() {
            unit = narrower;
            assert_eq!(given(unit, items), widest, "{unit:?}");
        }
    }
    assert_eq!(given(Unit::widest(), &many).0.0, sum);
}
