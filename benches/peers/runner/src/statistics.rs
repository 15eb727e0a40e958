//! Medians and spreads.

/// Of some numbers: the median, and the quartiles around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// Tukey's trimean, the median and the quartiles in one: the middle that a comparison goes by. Where half of the numbers lie
    /// here and half there, as those of two threads do that settle in one of two ways, the median falls to either side, and
    /// this stays between them.
    pub(crate) fn middle(self) -> f64 {
        (self.low + 2.0 * self.median + self.high) / 4.0
    }
}

/// Of at least one number.
///
/// Rounds differ on purpose, in where buffers begin: where one half of them takes twice as long as the other, the median is
/// what lies between, not whichever half has one round more.
pub(crate) fn spread(mut numbers: Vec<f64>) -> Spread {
    numbers.sort_by(f64::total_cmp);
    let last = numbers.len() - 1;
    let median = f64::midpoint(numbers[last / 2], numbers[last.div_ceil(2)]);
    Spread { low: numbers[last / 4], median, high: numbers[last - last / 4] }
}

#[cfg(test)]
mod tests {
    use super::{Spread, spread};

    #[test]
    fn the_median_lies_between_two_halves() {
        assert_eq!(spread(vec![3.0, 1.0, 1.0, 3.0]), Spread { low: 1.0, median: 2.0, high: 3.0 });
        assert_eq!(spread(vec![5.0, 1.0, 2.0]), Spread { low: 1.0, median: 2.0, high: 5.0 });
        assert_eq!(spread(vec![7.0]), Spread { low: 7.0, median: 7.0, high: 7.0 });
    }

    #[test]
    fn the_middle_goes_from_one_half_to_the_other_by_steps() {
        let with = |high: usize| spread((0..8).map(|i| if i < high { 2.0 } else { 1.0 }).collect()).middle();
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 8].map(with), [1.0, 1.0, 1.25, 1.25, 1.5, 1.75, 1.75, 2.0, 2.0]);
    }
}
