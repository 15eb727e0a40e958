//! How large a buffer should be: the documented heuristic, and the size that measurements favour.
//!
//! `cargo run --release -p fqbuf-stats --example buffer_sizes -- FILE 7`, a 600 MB FASTQ file of 150-base reads in the
//! page cache, two-core Zen 4 guest (AMD EPYC, family 25 model 17), 2026-11-23, GB/s, the better of two runs. `read`
//! looks at no byte, `serial` sums all of them on the reading thread, `handover` on a second thread, the blocks
//! travelling through a bounded channel and back.
//!
//! ```text
//!     KiB      read    serial  handover
//!       8      9.40      9.64      1.57
//!      16      9.59      9.39      2.71
//!      32     10.80      9.80      3.49
//!      64     11.95     10.55      5.80     the ceiling of `optimal_buffer_size`
//!     128     12.73     11.38      6.84
//!     256     13.51     11.91     11.05
//!     512     16.33     12.78     16.05
//!    1024     20.07     15.29     18.83     `PIPELINE_BUFFER`
//!    2048     20.69     17.08     18.45
//!    4096     20.82     17.03     17.63
//!    8192     20.00     15.86     13.31
//! ```
//!
//! Beyond 1 MiB nothing or little is gained and the memory of every buffer in flight doubles; at 64 KiB a hand-over
//! runs at a third of the speed, because a wake-up costs as much as the work. All windows began on a page.

#[cfg(test)]
mod tests;

/// The buffer size that measured best for pipelines: 1 MiB.
///
/// Sixteen of them in flight are 16 MiB. Take less when memory is bounded more tightly than that: 256 KiB kept more
/// than half of the speed in the measurement at the top of this function's file.
pub const PIPELINE_BUFFER: usize = 1 << 20;

/// Unit of all sizes given here.
const PAGE: usize = 4096;

/// A modest buffer for a file of `file_size` bytes: 1 % of it, within 8 KiB and 64 KiB, in whole pages.
///
/// The right choice where thousands of files are open at once. For one file that is read as fast as possible take
/// [`pipeline_buffer_size`]: it measured 1.4 times faster on one thread and 3 times between two.
///
/// # Examples
/// ```
/// use fqbuf_stats::optimal_buffer_size;
///
/// assert_eq!(optimal_buffer_size(0), 8 * 1024);
/// assert_eq!(optimal_buffer_size(1_000_000), 12 * 1024); // 10,000 bytes, in whole pages
/// assert_eq!(optimal_buffer_size(1 << 30), 64 * 1024);
/// ```
#[must_use]
pub const fn optimal_buffer_size(file_size: usize) -> usize {
    let percent = file_size / 100;
    let clamped = if percent < 8 * 1024 {
        8 * 1024
    } else if percent > 64 * 1024 {
        64 * 1024
    } else {
        percent
    };
    clamped.next_multiple_of(PAGE)
}

/// The buffer to read an input with at full speed: [`PIPELINE_BUFFER`], less when the whole input is smaller.
///
/// `input` is the input's length in bytes where it is known, `None` for a pipe or a compressed file. The result is a
/// positive number of whole pages and, for a known length, holds at least one byte more than the input or is
/// [`PIPELINE_BUFFER`]: so a small input is read at once, and the read after it meets the end without growing.
///
/// # Examples
/// ```
/// use fqbuf_stats::{PIPELINE_BUFFER, pipeline_buffer_size};
///
/// assert_eq!(pipeline_buffer_size(None), PIPELINE_BUFFER);
/// assert_eq!(pipeline_buffer_size(Some(40 << 30)), PIPELINE_BUFFER);
/// assert_eq!(pipeline_buffer_size(Some(5000)), 8192);
/// assert_eq!(pipeline_buffer_size(Some(0)), 4096);
/// ```
#[must_use]
pub const fn pipeline_buffer_size(input: Option<u64>) -> usize {
    match input {
        Some(length) if length < PIPELINE_BUFFER as u64 => (length as usize + 1).next_multiple_of(PAGE),
        _ => PIPELINE_BUFFER,
    }
}
