//! What was counted, as plain integers to keep, compare, print and add up.

use std::fmt;

/// Counters of one moment: allocations, deallocations, live bytes and their peak.
///
/// What "one moment" means while other threads go on counting is said at
/// [`BufferStats::snapshot`](crate::BufferStats::snapshot) and
/// [`ShardedStats::snapshot`](crate::ShardedStats::snapshot).
///
/// # Examples
/// ```
/// use fqbuf_stats::BufferStats;
///
/// let stats = BufferStats::new();
/// stats.record_allocation(64 * 1024);
/// let snapshot = stats.snapshot();
/// assert_eq!(snapshot.total_bytes, 65_536);
/// assert_eq!(snapshot.to_string(), "1 allocation, 0 deallocations, 64.0 KiB live, 64.0 KiB peak");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StatsSnapshot {
    /// Calls of `record_allocation` so far.
    pub allocations: u64,
    /// Calls of `record_deallocation` so far.
    pub deallocations: u64,
    /// Live bytes: recorded as allocated and not yet as deallocated. Never below zero.
    pub total_bytes: u64,
    /// The most that `total_bytes` has been since the start or the last reset of the peak.
    pub peak_bytes: u64,
}

impl StatsSnapshot {
    /// What changed from `earlier` to `self`.
    ///
    /// Bytes may shrink, so they are signed; an `earlier` that is in fact later gives counts of zero. Nothing wraps:
    /// differences beyond the type's range stop at its end.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_stats::BufferStats;
    ///
    /// let stats = BufferStats::new();
    /// stats.record_allocation(100);
    /// let before = stats.snapshot();
    /// stats.record_deallocation(100);
    /// let change = stats.snapshot().difference(&before);
    /// assert_eq!((change.allocations, change.deallocations), (0, 1));
    /// assert_eq!((change.total_bytes, change.peak_bytes), (-100, 0));
    /// ```
    #[must_use]
    pub fn difference(&self, earlier: &Self) -> StatsDifference {
        StatsDifference {
            allocations: self.allocations.saturating_sub(earlier.allocations),
            deallocations: self.deallocations.saturating_sub(earlier.deallocations),
            total_bytes: signed(self.total_bytes, earlier.total_bytes),
            peak_bytes: signed(self.peak_bytes, earlier.peak_bytes),
        }
    }

    /// The sum of two independent counters, of two pools for example; the order of summing makes no difference.
    ///
    /// Peaks are added too, which is an upper bound: the two need not have peaked at the same time. Sums stop at
    /// `u64::MAX`.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_stats::StatsSnapshot;
    ///
    /// let one = StatsSnapshot { allocations: 3, deallocations: 1, total_bytes: 20, peak_bytes: 30 };
    /// let sum = one.plus(&StatsSnapshot { allocations: 1, ..one });
    /// assert_eq!(sum, StatsSnapshot { allocations: 4, deallocations: 2, total_bytes: 40, peak_bytes: 60 });
    /// ```
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            allocations: self.allocations.saturating_add(other.allocations),
            deallocations: self.deallocations.saturating_add(other.deallocations),
            total_bytes: self.total_bytes.saturating_add(other.total_bytes),
            peak_bytes: self.peak_bytes.saturating_add(other.peak_bytes),
        }
    }

    /// Allocations not yet matched by a deallocation.
    #[must_use]
    pub fn live_allocations(&self) -> u64 {
        self.allocations.saturating_sub(self.deallocations)
    }

    /// Live bytes per live allocation, rounded down; `None` when there is none.
    ///
    /// # Examples
    /// ```
    /// use fqbuf_stats::StatsSnapshot;
    ///
    /// assert_eq!(StatsSnapshot::default().mean_live_bytes(), None);
    /// ```
    #[must_use]
    pub fn mean_live_bytes(&self) -> Option<u64> {
        self.total_bytes.checked_div(self.live_allocations())
    }
}

/// `3 allocations, 1 deallocation, 1.5 KiB live, 64.0 KiB peak`: one line, for people. Sizes are rounded down.
impl fmt::Display for StatsSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        counts(f, self.allocations, self.deallocations)?;
        write!(f, ", {} live, {} peak", Bytes(self.total_bytes), Bytes(self.peak_bytes))
    }
}

/// The change from one [`StatsSnapshot`] to a later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StatsDifference {
    /// Allocations recorded in between.
    pub allocations: u64,
    /// Deallocations recorded in between.
    pub deallocations: u64,
    /// Growth of the live bytes, negative when they shrank.
    pub total_bytes: i64,
    /// Growth of the peak, negative when it was reset in between.
    pub peak_bytes: i64,
}

/// `1 allocation, 2 deallocations, -1.5 KiB live, +0 B peak`: one line, for people.
impl fmt::Display for StatsDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = |bytes: i64| if bytes < 0 { '-' } else { '+' };
        let size = |bytes: i64| Bytes(bytes.unsigned_abs());
        counts(f, self.allocations, self.deallocations)?;
        write!(f, ", {}{} live", sign(self.total_bytes), size(self.total_bytes))?;
        write!(f, ", {}{} peak", sign(self.peak_bytes), size(self.peak_bytes))
    }
}

fn counts(f: &mut fmt::Formatter<'_>, allocations: u64, deallocations: u64) -> fmt::Result {
    let s = |n: u64| if n == 1 { "" } else { "s" };
    write!(f, "{allocations} allocation{}, {deallocations} deallocation{}", s(allocations), s(deallocations))
}

/// `later - earlier`, stopping at the ends of `i64`.
fn signed(later: u64, earlier: u64) -> i64 {
    if later >= earlier {
        i64::try_from(later - earlier).unwrap_or(i64::MAX)
    } else {
        i64::try_from(earlier - later).map_or(i64::MIN, |shrunk| -shrunk)
    }
}

/// A number of bytes in the largest binary unit that leaves at least 1, with one decimal, in integers only.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let Some(unit) = (self.0.max(1).ilog2() / 10).checked_sub(1) else { return write!(f, "{} B", self.0) };
        let shift = 10 * (unit + 1);
        let (whole, part) = (self.0 >> shift, self.0 & ((1 << shift) - 1));
        let tenth = (u128::from(part) * 10) >> shift;
        write!(f, "{whole}.{tenth} {}", UNITS[unit as usize])
    }
}
