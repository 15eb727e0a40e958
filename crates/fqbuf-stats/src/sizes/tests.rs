//! The heuristic against its sentence, and the limits of both functions.

use super::*;

/// The sentence of the documentation, in floating point and with division instead of masks.
fn documented(file_size: usize) -> usize {
    let percent = (file_size as f64 * 0.01).floor() as usize;
    let clamped = percent.clamp(8192, 65536);
    if clamped.is_multiple_of(4096) { clamped } else { (clamped / 4096 + 1) * 4096 }
}

#[test]
fn heuristic_is_the_documented_one_around_every_page_and_both_clamps() {
    let edges = (0..20_usize).map(|page| page * 4096 * 100).chain([8192 * 100, 65536 * 100, 0, 1, 99, 100]);
    for edge in edges {
        for size in edge.saturating_sub(101)..edge + 102 {
            assert_eq!(optimal_buffer_size(size), documented(size), "file of {size} bytes");
        }
    }
}

#[test]
fn heuristic_takes_the_largest_file_there_can_be() {
    assert_eq!(optimal_buffer_size(usize::MAX), 65536);
}

#[test]
fn pipeline_buffer_is_whole_pages_and_above_the_input_or_full() {
    for length in (0..2 * PIPELINE_BUFFER as u64).step_by(1021).chain([4095, 4096, 4097, u64::MAX]) {
        let size = pipeline_buffer_size(Some(length));
        assert!(size.is_multiple_of(PAGE) && size > 0 && size <= PIPELINE_BUFFER, "input of {length} bytes");
        assert!(size as u64 > length || size == PIPELINE_BUFFER, "input of {length} bytes");
    }
}
