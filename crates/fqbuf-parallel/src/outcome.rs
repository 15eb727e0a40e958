//! What a closure may return to the pipeline: nothing, "stop here", or an error of its own.

use std::ops::ControlFlow;

/// A boxed error of a caller's closure.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What closures return: `()`, [`ControlFlow`], or a `Result` of one of these.
///
/// `Break` stops the run without an error; an `Err` ends it with [`Error::Closure`](crate::Error::Closure).
///
/// # Examples
/// ```
/// use std::ops::ControlFlow;
/// use fqbuf_parallel::Pipeline;
///
/// # fn main() -> Result<(), fqbuf_parallel::Error> {
/// let reads = b"@r1\nAC\n+\nII\n@stop\nGT\n+\nII\n@r3\nA\n+\nI\n";
/// let done = Pipeline::new().threads(1).slice(reads).fold(
///     || 0,
///     |count, record| match record.id() {
///         b"stop" => ControlFlow::Break(()),
///         _ => {
///             *count += 1;
///             ControlFlow::Continue(())
///         }
///     },
///     |a, b| a + b,
/// )?;
/// assert_eq!((done.value, done.summary.stopped), (1, true));
/// # Ok(())
/// # }
/// ```
pub trait Outcome {
    /// The same as the widest of the accepted types.
    ///
    /// # Errors
    /// The closure's own.
    fn into_flow(self) -> Result<ControlFlow<()>, BoxError>;
}

impl Outcome for () {
    #[inline(always)]
    fn into_flow(self) -> Result<ControlFlow<()>, BoxError> {
        Ok(ControlFlow::Continue(()))
    }
}

impl Outcome for ControlFlow<()> {
    #[inline(always)]
    fn into_flow(self) -> Result<ControlFlow<()>, BoxError> {
        Ok(self)
    }
}

impl<T: Outcome, E: Into<BoxError>> Outcome for Result<T, E> {
    #[inline(always)]
    fn into_flow(self) -> Result<ControlFlow<()>, BoxError> {
        match self {
            Ok(outcome) => outcome.into_flow(),
            Err(error) => Err(error.into()),
        }
    }
}
