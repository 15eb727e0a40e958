//! Any calls in any order, against bytes in a `Vec` and a position.

use std::io::Read;

use fqbuf_line::{GrowthPolicy, LineBuffer};
use proptest::prelude::*;

use crate::{lines::collect, oracle, readers::Steps};

#[derive(Clone, Debug)]
enum Op {
    Fill(usize),
    ReadLine,
    ReadLines,
    Consume(usize),
    Resume,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..3_000_usize).prop_map(Op::Fill),
        4 => Just(Op::ReadLine),
        1 => Just(Op::ReadLines),
        2 => prop_oneof![0..5_usize, 0..2_000_usize, Just(usize::MAX)].prop_map(Op::Consume),
        1 => Just(Op::Resume),
    ]
}

/// Lines of many lengths, most of them short; sometimes a piece of nothing but line ends.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let line =
        (prop_oneof![6 => 0..5_usize, 4 => 0..200_usize, 1 => 0..6_000_usize], "\r{0,2}", prop::bool::weighted(0.95))
            .prop_map(|(len, cr, lf)| {
                [&b"ACGT".repeat(len / 4 + 1)[..len], cr.as_bytes(), if lf { b"\n" } else { b"" }].concat()
            });
    prop::collection::vec(line, 0..60).prop_map(|lines| lines.concat())
}

/// What the buffer should say: the bytes it was given, how many of them it dropped, the lines counted among those.
#[derive(Default)]
struct Model {
    held: Vec<u8>,
    dropped: u64,
    lines: u64,
    ended: bool,
}

impl Model {
    fn read_line(&mut self) -> Option<Vec<u8>> {
        let end = self.held.iter().position(|&byte| byte == b'\n');
        let n = match end {
            Some(end) => end + 1,
            None if self.ended && !self.held.is_empty() => self.held.len(),
            None => return None,
        };
        let line: Vec<u8> = self.held.drain(..n).collect();
        self.dropped += n as u64;
        self.lines += 1;
        oracle(&line).pop()
    }

    fn consume(&mut self, n: usize) {
        let n = n.min(self.held.len());
        self.lines += self.held.drain(..n).filter(|&byte| byte == b'\n').count() as u64;
        self.dropped += n as u64;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_order_of_calls(text in text(), ops in prop::collection::vec(op(), 0..80), capacity in 1..5_000_usize) {
        let mut buffer = LineBuffer::builder().capacity(capacity).growth(GrowthPolicy::unlimited()).build();
        let mut model = Model::default();
        let mut input = &text[..];
        for op in ops {
            match op {
                Op::Fill(step) => {
                    let before = input;
                    let filled = buffer.fill(&mut (&mut input).take(step as u64)).unwrap();
                    prop_assert!(filled <= step.min(capacity));
                    prop_assert_eq!(filled, before.len() - input.len());
                    model.held.extend_from_slice(&before[..filled]);
                    prop_assert!(filled > 0 || step == 0 || before.is_empty() || model.ended);
                    model.ended |= filled == 0;
                }
                Op::ReadLine => prop_assert_eq!(buffer.read_line().map(<[u8]>::to_vec), model.read_line()),
                Op::ReadLines => while let Some(line) = model.read_line() {
                    let start = buffer.byte_offset();
                    prop_assert_eq!(buffer.read_line(), Some(&line[..]));
                    prop_assert_eq!(buffer.line_start(), start);
                },
                Op::Consume(n) => {
                    buffer.consume(n);
                    model.consume(n);
                }
                Op::Resume => {
                    buffer.resume();
                    model.ended = false;
                }
            }
            prop_assert_eq!(buffer.remaining(), &model.held[..]);
            prop_assert_eq!(buffer.byte_offset(), model.dropped);
            prop_assert_eq!(buffer.line_number(), model.lines);
            prop_assert_eq!(buffer.is_at_end(), model.ended);
        }
    }

    #[test]
    fn the_lines_of_any_text(text in text(), capacity in 0..20_000_usize, step in 1..20_000_usize) {
        let lines = collect(&mut LineBuffer::new(capacity), &mut Steps { data: &text, step }, &text);
        prop_assert_eq!(lines, oracle(&text));
    }
}
