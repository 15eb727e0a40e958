//! What a batch may hold.

use std::io::Cursor;

use super::*;
use crate::fill::block_memory;
use crate::progress::Counters;

/// An empty BGZF block, as each file of them ends with.
const EMPTY: [u8; 28] =
    [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Fails when the list of blocks is not counted, or grows by doubling.
#[test]
fn a_batch_takes_no_more_than_a_block_of_data() {
    let size = 1 << 20;
    let blocks = 100_000;
    let input = Input::new(Box::new(Cursor::new(EMPTY.repeat(blocks))), "empty".into(), Arc::<Counters>::default());
    let mut gzip = Gzip::new(input, size);
    let mut tools = gzip.tools();
    let mut taken = 0;
    while matches!(gzip.take(&mut tools).expect("sound"), Taken::Part) {
        let Batch { bytes, parts } = &tools.batch;
        taken += parts.len();
        let memory = bytes.capacity() + parts.capacity() * size_of::<Part>();
        assert!(memory <= block_memory(size), "{memory} bytes for {} blocks", parts.len());
    }
    assert_eq!(taken, blocks);
}
