//! The place of an error must not depend on how the input was cut.

use super::*;

/// Streams `input` in pieces of `piece` bytes through a window, as the gzip reader does.
fn stream(input: &[u8], piece: usize) -> (Vec<u8>, usize, Then) {
    let mut inflater = Inflater::new();
    inflater.start();
    let mut buf = vec![0; HISTORY + 10_000];
    let (mut out, mut at, mut pos) = (Vec::new(), 0, 0);
    loop {
        let end = (at + piece).min(input.len());
        let step = inflater.run(&input[at..end], &mut buf[..]);
        out.extend_from_slice(&buf[pos..pos + step.produced]);
        pos += step.produced;
        at += step.consumed;
        match step.then {
            Then::Room => {
                inflater.slide(&mut buf);
                pos = HISTORY;
            }
            Then::Input if at < input.len() => {}
            then => return (out, at, then),
        }
    }
}

fn sample() -> (Vec<u8>, Vec<u8>) {
    let text: Vec<u8> = (0u32..6000).flat_map(|n| n.wrapping_mul(n * 7 + 3).to_string().into_bytes()).collect();
    let packed = sirocco::compress(Format::Deflate, sirocco::deflate::Level::DEFAULT, &text);
    (text, packed)
}

#[test]
fn pieces_of_any_size_give_the_same_bytes() {
    let (text, packed) = sample();
    for piece in [1, 3, 100, 5000, packed.len()] {
        assert!(stream(&packed, piece) == (text.clone(), packed.len(), Then::Done), "pieces of {piece}");
    }
}

/// Fails when a failing call's output is dropped, and when the error's place is that of the call.
#[test]
fn a_damaged_stream_ends_at_the_same_byte_however_it_is_cut() {
    let (text, packed) = sample();
    let mut damaged = 0;
    for at in (0..packed.len()).step_by(packed.len() / 60) {
        let mut bad = packed.clone();
        bad[at] ^= 0x5a;
        let whole = stream(&bad, bad.len());
        for piece in [1, 13, 1000] {
            assert!(stream(&bad, piece) == whole, "byte {at}, pieces of {piece}");
        }
        let (out, end, then) = whole;
        if then == Then::Damaged {
            damaged += 1;
            assert!(end >= at);
            let same = out.iter().zip(&text).take_while(|(a, b)| a == b).count();
            assert!(same * 10 >= text.len() * (at / 10) / packed.len(), "byte {at}: {same} bytes");
        }
    }
    assert!(damaged > 3, "{damaged}");
}

#[test]
fn a_whole_block_must_fit_exactly() {
    let (text, packed) = sample();
    let mut inflater = Inflater::new();
    let mut out = vec![0; text.len()];
    assert_eq!(inflater.whole(&packed, &mut out), Ok(()));
    assert!(out == text);
    assert_eq!(inflater.whole(&packed, &mut vec![0; text.len() - 1]), Err(Misfit::Length));
    assert_eq!(inflater.whole(&packed, &mut vec![0; text.len() + 1]), Err(Misfit::Length));
    assert_eq!(inflater.whole(&packed, &mut []), Err(Misfit::Length));
    assert_eq!(inflater.whole(&packed[..packed.len() - 1], &mut out), Err(Misfit::Data));
    assert_eq!(inflater.whole(&[&packed[..], &[0]].concat(), &mut out), Err(Misfit::Data));
    assert_eq!(inflater.whole(&[], &mut out), Err(Misfit::Data));
    assert_eq!(inflater.whole(&[3, 0], &mut []), Ok(()));
}
