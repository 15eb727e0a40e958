//! Which vector unit is used, decided in one place for all crates of ours.
//!
//! The processor is asked once; one byte remembers its answer. To ask here is a load and a branch that is always predicted,
//! where the standard library, which remembers too, tests bit after bit.
//!
//! GC and mean quality of 150-base reads in memory, instructions of a whole run on one thread with AVX2: 582 million with
//! `was_found` before the calls and the question out of line, 649 with `is_there` there, as even a call that is never made takes
//! registers from the loop around it.

use std::arch::is_x86_feature_detected as detected;
use std::sync::atomic::{AtomicU8, Ordering};

/// A vector unit of x86-64 processors, with what those before it have. For code that is compiled for several.
///
/// # Examples
/// ```
/// use fqbuf_line::simd::Unit;
///
/// assert!(Unit::Sse2.is_there());
/// if Unit::Avx512.is_there() {
///     assert!(is_x86_feature_detected!("avx512bw") && Unit::Avx2.is_there());
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Unit {
    /// Vectors of 16 bytes, which all of them have.
    Sse2 = 1,
    /// Of 32: avx2, and bmi1, bmi2, lzcnt, popcnt.
    Avx2,
    /// Of 64: avx512f, avx512bw, avx512cd, avx512vl besides. Some of these processors lower their clock for them, which the search
    /// for line ends makes them do already.
    Avx512,
    /// The same with avx512vbmi2, which tells later processors from the first ones: they wait less for memory that was asked for.
    Avx512Vbmi2,
    /// The same on AMD's Zen 4, which brings memory faster where nothing is asked for, and is known as AMD's (sse4a) by what the
    /// next ones have and it has not (avxvnni, avx512vp2intersect).
    Avx512Zen4,
}

/// The widest unit there is; [`UNKNOWN`] before it was looked for, and only ever written with what was detected.
static WIDEST: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Less than any unit.
const UNKNOWN: u8 = 0;

impl Unit {
    /// Whether this processor has the unit, and the system keeps its registers. Neither blocks nor allocates.
    #[inline(always)]
    #[must_use]
    pub fn is_there(self) -> bool {
        let widest = WIDEST.load(Ordering::Relaxed);
        widest >= self as u8 || (widest == UNKNOWN && look() >= self as u8)
    }

    /// The same, but false before anybody has [asked](Self::is_there): for a loop in which a call to ask costs, whether or not
    /// it is made, and whose other way asks.
    #[inline(always)]
    #[must_use]
    pub fn was_found(self) -> bool {
        WIDEST.load(Ordering::Relaxed) >= self as u8
    }
}

/// Asks the processor, and remembers.
#[cold]
#[inline(never)]
fn look() -> u8 {
    let bits = detected!("bmi1") && detected!("bmi2") && detected!("lzcnt") && detected!("popcnt");
    let avx2 = bits && detected!("avx2");
    let avx512 = detected!("avx512f") && detected!("avx512bw") && detected!("avx512cd") && detected!("avx512vl");
    let later = avx512 && detected!("avx512vbmi2");
    let zen5 = detected!("avxvnni") || detected!("avx512vp2intersect");
    let unit = match avx2 {
        true if later && detected!("sse4a") && !zen5 => Unit::Avx512Zen4,
        true if later => Unit::Avx512Vbmi2,
        true if avx512 => Unit::Avx512,
        true => Unit::Avx2,
        false => Unit::Sse2,
    };
    WIDEST.store(unit as u8, Ordering::Relaxed);
    unit as u8
}

#[cfg(test)]
mod tests {
    use super::{Unit, detected};

    const UNITS: [Unit; 5] = [Unit::Sse2, Unit::Avx2, Unit::Avx512, Unit::Avx512Vbmi2, Unit::Avx512Zen4];

    #[test]
    fn unit_that_is_there_has_all_that_it_is_made_of() {
        let bits = detected!("bmi1") && detected!("bmi2") && detected!("lzcnt") && detected!("popcnt");
        let wide = detected!("avx512f") && detected!("avx512bw") && detected!("avx512cd") && detected!("avx512vl");
        let avx2 = bits && detected!("avx2");
        let later = avx2 && wide && detected!("avx512vbmi2");
        let zen4 = later && detected!("sse4a") && !detected!("avxvnni") && !detected!("avx512vp2intersect");
        let has = [true, avx2, avx2 && wide, later, zen4];
        // The second time it is remembered.
        for _ in 0..2 {
            for (unit, has) in UNITS.into_iter().zip(has) {
                assert_eq!((unit.is_there(), unit.was_found()), (has, has), "{unit:?}");
            }
        }
    }

    #[test]
    fn narrower_units_are_there_too() {
        let there = UNITS.map(Unit::is_there);
        assert!(there.is_sorted_by(|narrower, wider| narrower >= wider), "{there:?}");
    }
}
