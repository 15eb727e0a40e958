//! The loop over a block's items, compiled for several vector units and run for the widest there is.
//!
//! What programs do with a record is mostly loops over its bytes. The compiler makes vectors of them, but in a portable build
//! only such as every processor of the kind has: on x86-64, 16 bytes. So the loop that calls the closure is here three times,
//! each time compiled for another unit; a closure that is inlined into it is compiled for that unit with it.
//!
//! GC and mean quality of each record by loops over its bytes, GB/s, medians of 7 (2-core Zen 5 guest, 2026-11-25, two
//! threads, `cargo bench`'s profile without `target-cpu=native`), file and slice:
//!
//! | | baseline | AVX2 | AVX-512 |
//! |---|---|---|---|
//! | 150-base reads | 16.4, 24.1 | 19.2, 27.3 | 19.7, 28.2 |
//! | trimmed reads | 14.1, 18.3 | 14.4, 18.4 | 15.2, 20.1 |
//! | long reads | 20.7, 24.7 | 26.0, 31.4 | 26.7, 32.4 |
//!
//! What records count by themselves is as wide in every one of them; with AVX-512 it is inlined too. On a 2-core Cascade Lake guest
//! (Intel family 6 model 85, AVX-512 without VBMI2, 2026-11-27, medians of eight to twelve interleaved processes), what they count with
//! AVX2 in a loop for AVX2, the first with AVX-512, both: file 1, 0.96, 0.93, slice 1, 0.96, 0.85 of the time for 150-base reads;
//! trimmed ones 1, 0.96, 0.90 and 1, 0.97, 0.90; long ones 1, 0.99, 0.99 and 1, 0.97, 0.97. Loops over bytes as above take the same
//! there, but 1.01 for long reads.
//!
//! The results are the same for every unit: floating-point operations are neither put in another order nor fused. A closure too
//! large to be inlined three times is compiled once, for the baseline, and called. So that it is not too large because of what
//! is ours, all between the loop and the closure is inlined always: an iterator passed by value (`&mut I`), or `#[inline]` alone,
//! was a call for each record, at half the speed.
//!
//! A closure for a whole batch has its loop in it, which is mostly too large: it is called as it is.

#![allow(unsafe_code)]

use std::ops::ControlFlow;

use crate::outcome::{BoxError, Outcome};

/// What is done with each item.
pub(crate) trait Visit<I> {
    /// What may go wrong.
    type Error;

    /// Takes one item. To be inlined always.
    fn visit(&mut self, item: I) -> Result<ControlFlow<()>, Self::Error>;
}

/// A closure that is given a state and an item.
pub(crate) struct Folding<'a, S, F> {
    pub(crate) state: &'a mut S,
    pub(crate) each: &'a F,
}

impl<I, S, R: Outcome, F: Fn(&mut S, I) -> R> Visit<I> for Folding<'_, S, F> {
    type Error = BoxError;

    #[inline(always)]
    fn visit(&mut self, item: I) -> Result<ControlFlow<()>, BoxError> {
        (self.each)(self.state, item).into_flow()
    }
}

/// A unit that this processor has: there is no other way to come by one than to ask for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Unit {
    /// The widest one.
    pub(crate) fn widest() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use fqbuf_line::simd::Unit;
            if Unit::Avx512.is_there() {
                return Self(Kind::Avx512);
            }
            if Unit::Avx2.is_there() {
                return Self(Kind::Avx2);
            }
        }
        Self(Kind::Baseline)
    }

    /// The next narrower one.
    #[cfg(test)]
    fn narrower(self) -> Option<Self> {
        match self.0 {
            Kind::Baseline => None,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => Some(Self(Kind::Baseline)),
            // Whatever has AVX-512 has AVX2.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => Some(Self(Kind::Avx2)),
        }
    }

    /// Visits the items up to the last one, one that breaks, or one that fails.
    pub(crate) fn visit<I, V: Visit<I>>(
        self,
        items: &mut impl Iterator<Item = I>,
        visitor: &mut V,
    ) -> Result<ControlFlow<()>, V::Error> {
        // In a build for such a machine the baseline is the widest, and a closure that is there once is inlined whatever its size.
        if cfg!(all(target_feature = "avx512bw", target_feature = "avx512vl")) {
            return baseline(items, visitor);
        }
        match self.0 {
            Kind::Baseline => baseline(items, visitor),
            // SAFETY: the processor has all that it is compiled for, or there would be no such `Unit`.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { x86::avx2(items, visitor) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { x86::avx512(items, visitor) },
        }
    }
}

#[inline(always)]
fn baseline<I, V: Visit<I>>(items: &mut impl Iterator<Item = I>, visitor: &mut V) -> Result<ControlFlow<()>, V::Error> {
    // An iterator by value would be `&mut I`, whose `next` is not inlined always.
    #[expect(clippy::while_let_on_iterator, reason = "a call for each record")]
    while let Some(item) = items.next() {
        if visitor.visit(item)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{ControlFlow, Visit, baseline};

    #[target_feature(enable = "avx512bw,avx512vl,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn avx512<I, V: Visit<I>>(
        items: &mut impl Iterator<Item = I>,
        visitor: &mut V,
    ) -> Result<ControlFlow<()>, V::Error> {
        baseline(items, visitor)
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn avx2<I, V: Visit<I>>(
        items: &mut impl Iterator<Item = I>,
        visitor: &mut V,
    ) -> Result<ControlFlow<()>, V::Error> {
        baseline(items, visitor)
    }
}

#[cfg(test)]
mod tests;
