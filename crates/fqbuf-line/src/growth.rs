//! How far a buffer may grow for one line or record.

/// Bytes that a record may take by default; the longest reads known take about 9 MiB.
const DEFAULT_LIMIT: usize = 64 << 20;

/// Bytes up to which growth doubles by default; beyond, it adds this much.
const DEFAULT_DOUBLE_UNTIL: usize = 32 << 20;

/// How a buffer grows for a line or record that does not fit, and the hard limit of it.
///
/// Growth doubles up to a bound, then goes on in steps of that bound, and stops at the limit. The limit is on what one
/// line or record takes; the buffer's memory may exceed it by the read window and two pages of alignment. While a buffer that holds
/// bytes grows, its memory before may exist beside the new, unless the allocator can extend it where it is.
///
/// # Examples
/// ```
/// use fqbuf_line::GrowthPolicy;
///
/// let policy = GrowthPolicy::with_limit(100_000);
/// assert_eq!(policy.next(40_000), Some(80_000));
/// assert_eq!(policy.next(80_000), Some(100_000));
/// assert_eq!(policy.next(100_000), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrowthPolicy {
    /// Most bytes that one line or record may take.
    limit: usize,
    /// Bytes up to which the size doubles; at least 1.
    double_until: usize,
}

impl GrowthPolicy {
    pub(crate) const DEFAULT: Self = Self::with_limit(DEFAULT_LIMIT);

    /// Growth by doubling up to 32 MiB, in steps of 32 MiB beyond, up to `limit` bytes.
    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        Self { limit, double_until: DEFAULT_DOUBLE_UNTIL }
    }

    /// No growth limit but the allocator's. A hostile input can then take all memory.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self::with_limit(usize::MAX)
    }

    /// The same limit, with doubling up to `bytes` (at least 1) and steps of `bytes` beyond.
    #[must_use]
    pub const fn double_until(mut self, bytes: usize) -> Self {
        self.double_until = if bytes == 0 { 1 } else { bytes };
        self
    }

    /// Most bytes that one line or record may take.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// The size in bytes to grow to from `current` bytes; `None` at the limit.
    #[must_use]
    pub fn next(&self, current: usize) -> Option<usize> {
        if current >= self.limit {
            return None;
        }
        let step = current.clamp(1, self.double_until);
        Some(current.saturating_add(step).min(self.limit))
    }
}

impl Default for GrowthPolicy {
    /// 64 MiB for one line or record.
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests;
