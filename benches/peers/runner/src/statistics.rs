//! Medians and spreads.

/// Of some numbers: the median, and the quartiles around it.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

/// Of at least one number.
pub(crate) fn spread(mut numbers: Vec<f64>) -> Spread {
    numbers.sort_by(f64::total_cmp);
    let last = numbers.len() - 1;
    Spread { low: numbers[last / 4], median: numbers[last / 2], high: numbers[last - last / 4] }
}
