//! A small random number generator: `SplitMix64`.
//!
//! One addition and three multiply-and-xor steps a number, integers only: the same stream on every machine. It is good
//! enough for test data and for nothing else.

/// Seeded pseudo-random numbers for test data. Not for anything that has to be unpredictable.
///
/// # Examples
///
/// ```
/// let mut rng = fqbuf_benches::Rng::new(1);
/// let first = rng.next_u64();
/// assert_eq!(fqbuf_benches::Rng::new(1).next_u64(), first);
/// assert!(rng.below(10) < 10);
/// ```
#[derive(Clone, Debug)]
pub struct Rng {
    /// Advances by the golden ratio with each number; every value is reached once.
    state: u64,
}

impl Rng {
    /// A generator whose stream depends on `seed` alone.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 random bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`, or 0 when `bound` is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.next_u64() as u128 * bound as u128) >> 64) as u64
    }

    /// A number in `low..=high`.
    ///
    /// # Panics
    ///
    /// When `low` is above `high`.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "an empty range holds no number");
        low + self.below(high - low + 1)
    }

    /// True once in `n` on average; never for 0.
    pub const fn one_in(&mut self, n: u64) -> bool {
        n != 0 && self.below(n) == 0
    }

    /// A standard normal deviate in units of 1/65536, within 6: the sum of twelve uniform numbers.
    pub const fn normal_q16(&mut self) -> i64 {
        let mut sum = 0;
        let mut word = 0;
        while word < 3 {
            let bits = self.next_u64();
            sum += (bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48);
            word += 1;
        }
        sum as i64 - 6 * 0xffff
    }
}
