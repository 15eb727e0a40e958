//! What every thread of a run does: claims a block, parses it, settles it, until there is none.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use fqbuf_record::{MateCheck, Position, ReaderBuilder};
use fqbuf_stream::Helper;

use crate::board::{Board, Event, Out, Refusal, Settled, Slot};
use crate::error::MemoryError;
use crate::feed::{Bytes, Claim, Feed, Piece, Span, Tail};
use crate::layout::{Batch, Layout, Part, Spare};
use crate::mates;
use crate::monitor::{Counters, add};
use crate::outcome::Outcome;
use crate::outputs::Own;
use crate::records::{Frame, Tally};
use crate::run::Plan;
use crate::sync::{Mutex, MutexGuard, PoisonError, mutant};
use crate::widest::Visit;

/// A claimed block.
struct Work<'a> {
    number: u64,
    slot: Option<Slot>,
    first: Piece<'a>,
    second: Option<Span>,
    out: Option<Out>,
}

impl Work<'_> {
    /// Whether nothing follows.
    fn is_last(&self) -> bool {
        self.first.span.ends() && self.second.as_ref().is_none_or(Span::ends)
            || self.first.span.fails()
            || self.second.as_ref().is_some_and(Span::fails)
    }
}

/// What is under the source's lock.
pub(crate) struct Feeding<'a> {
    feeds: Vec<Feed<'a>>,
    /// Number of the next block.
    next: u64,
    /// No further block will be cut.
    finished: bool,
}

impl<'a> Feeding<'a> {
    pub(crate) fn new(feeds: Vec<Feed<'a>>) -> Self {
        Self { feeds, next: 0, finished: false }
    }
}

/// What all threads of a run share.
pub(crate) struct Core<'a, 'w> {
    pub(crate) board: Board<'w>,
    pub(crate) feed: Mutex<Feeding<'a>>,
    /// What threads decompress with, one for each that may.
    pub(crate) helpers: Mutex<Vec<Helper>>,
    pub(crate) plan: Plan,
    pub(crate) readers: Vec<ReaderBuilder>,
    pub(crate) names: Vec<Option<Arc<str>>>,
    pub(crate) skip: bool,
    pub(crate) limit: usize,
    /// Whether mates alternate in the one input.
    pub(crate) alternating: bool,
    pub(crate) mates: MateCheck,
    pub(crate) ordered: bool,
    pub(crate) counters: Arc<Counters>,
}

impl<'a> Core<'a, '_> {
    /// What every thread does.
    pub(crate) fn work<L: Layout, S>(
        &self,
        init: &impl Fn() -> S,
        body: &impl for<'d> Fn(&mut S, &mut L::Batch<'d>, Option<Output<'_, '_>>) -> Result<ControlFlow<()>, Event>,
    ) -> Option<S> {
        let mut state = None;
        let mut spares = [None, None];
        let mut helper = self.helpers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        loop {
            // Not under the source's lock: all threads decompress at once, and each mostly what it claims then.
            if let Some(helper) = &mut helper {
                helper.help();
            }
            let Some(work) = self.claim() else { return state };
            self.process::<L, S>(&mut state, &mut spares, work, init, body);
        }
    }

    /// The next block; `None` when there is none, or the run has ended.
    fn claim(&self) -> Option<Work<'a>> {
        let mut feeding = self.lock_feed();
        if feeding.finished {
            return None;
        }
        let number = feeding.next;
        // Until it is clear that there are more: a panic must not leave the next thread with half-read input.
        feeding.finished = !mutant("input-open-after-panic");
        let event = match catch_unwind(AssertUnwindSafe(|| self.claim_from(&mut feeding.feeds, number))) {
            Ok(Ok(Some(work))) => {
                feeding.finished = work.is_last();
                if mutant("number-after-claim") {
                    drop(feeding);
                    feeding = self.lock_feed();
                }
                let number = feeding.next;
                feeding.next += 1;
                add(&self.counters.blocks, 1);
                return Some(Work { number, ..work });
            }
            Ok(Ok(None) | Err(Refusal::Stopped)) => return None,
            Ok(Err(Refusal::Memory { asked, limit, input })) => {
                let position = Position { byte: feeding.feeds[input].offset(), ..Position::START };
                let source_name = self.names[input].clone();
                Event::Memory(MemoryError { asked, limit, position, source_name }, input)
            }
            Err(payload) => Event::Panic(payload),
        };
        drop(feeding);
        add(&self.counters.blocks, 1);
        if mutant("reader-end-not-settled") {
            return None;
        }
        self.board.settle(number, Settled { tally: Tally { event: Some(event), ..Tally::default() }, out: None }, None);
        None
    }

    fn claim_from(&self, feeds: &mut [Feed<'a>], number: u64) -> Result<Option<Work<'a>>, Refusal> {
        self.board.wait_for_room(number)?;
        let mut slot = match self.plan.slot {
            0 => None,
            bytes => Some(self.board.slot(number, bytes)?),
        };
        let mut out = if self.ordered { Some(self.board.out(number, self.plan.size)?) } else { None };
        let claim = Claim {
            board: &self.board,
            number,
            size: self.plan.size,
            size_of_short: self.plan.size_of_short,
            reader: &self.readers[0],
            skip: self.skip,
            limit: self.limit,
            alternating: self.alternating,
            counters: &self.counters,
        };
        let mut none = Slot::default();
        let into = slot.as_mut().unwrap_or(&mut none);
        let pieces = match feeds {
            [Feed::Stream(one), Feed::Stream(two)] => mates::claim(one, two, claim, &self.readers[1], into)?
                .map(|[first, second]| (Piece::in_slot(first), Some(second))),
            feeds => feeds[0].claim(claim, into)?.map(|first| (first, None)),
        };
        if let (Some(out), Some((first, second))) = (&mut out, &pieces) {
            let mates = second.as_ref().map_or(0, |span: &Span| into.mate.len().min(span.cut));
            self.board.reserve(out, first.len(into) + mates);
        }
        Ok(pieces.map(|(first, second)| Work { number, slot, first, second, out }))
    }

    /// Parses a block and settles it.
    fn process<L: Layout, S>(
        &self,
        state: &mut Option<S>,
        spares: &mut [Option<Spare>; 2],
        work: Work<'a>,
        init: &impl Fn() -> S,
        body: &impl for<'d> Fn(&mut S, &mut L::Batch<'d>, Option<Output<'_, '_>>) -> Result<ControlFlow<()>, Event>,
    ) {
        let Work { number, mut slot, mut first, second, mut out } = work;
        let mut none = Slot::default();
        let held = slot.as_mut().unwrap_or(&mut none);
        let bytes = std::mem::replace(&mut first.bytes, Bytes::Slot);
        let data = match bytes {
            Bytes::Slice(data) => data,
            Bytes::Slot => held.block.data(),
            Bytes::File(unread) => {
                if let Err(error) = unread.read(&mut held.block) {
                    first.span.cut = usize::MAX;
                    first.span.tail = Tail::Failed(error);
                }
                held.block.data()
            }
        };
        let parts = [
            Some(Part { data, span: first.span, reader: &self.readers[0], spare: spares[0].take() }),
            second.map(|span| Part { data: held.mate.data(), span, reader: &self.readers[1], spare: spares[1].take() }),
        ];
        let frame = Frame { number, end: self.board.end(), skip: self.skip, limit: self.limit, mates: self.mates };
        let parsed = catch_unwind(AssertUnwindSafe(|| {
            let state = state.get_or_insert_with(init);
            let mut batch = L::batch(parts, frame);
            let output = out.as_mut().map(|out| Output { out, number, board: &self.board });
            let flow = body(state, &mut batch, output);
            let failed = batch.failed();
            let ends = !matches!(flow, Ok(ControlFlow::Continue(())));
            let flow = flow.map_err(|event| match event {
                Event::Closure(error, _) => Event::Closure(error, batch.place()),
                other => other,
            });
            let (mut tally, spares) = if ends { batch.stop() } else { batch.finish() };
            if ends && !failed {
                // Where the batch failed, the closure has seen no more than its end.
                tally.event = Some(flow.err().unwrap_or(Event::Stop));
            }
            (tally, spares)
        }));
        let parsed = parsed.map(|(tally, back)| {
            *spares = back;
            tally
        });
        let tally = parsed.unwrap_or_else(|payload| {
            if mutant("panic-takes-the-state") {
                *state = None;
            }
            Tally { event: Some(Event::Panic(payload)), ..Tally::default() }
        });
        if matches!(tally.event, Some(Event::Panic(_))) && mutant("panic-not-settled") {
            return;
        }
        self.board.settle(number, Settled { tally, out }, slot);
    }

    fn lock_feed(&self) -> MutexGuard<'_, Feeding<'a>> {
        match self.feed.try_lock() {
            Ok(guard) => guard,
            Err(_) => {
                add(&self.counters.input_waits, 1);
                self.feed.lock().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }
}

/// The output buffer of a block, as the closure's loop uses it.
pub(crate) struct Output<'o, 'w> {
    out: &'o mut Out,
    number: u64,
    board: &'o Board<'w>,
}

impl Output<'_, '_> {
    #[inline(always)]
    fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.out.bytes
    }

    /// To be called after each record: charges what the buffer has grown by.
    #[inline(always)]
    fn settle(&mut self) -> Result<(), Event> {
        if self.out.is_settled() { Ok(()) } else { self.board.settle_out(self.number, self.out) }
    }
}

/// A closure that is given a state, an item and an output buffer.
pub(crate) struct Mapping<'a, 'o, 'w, S, F> {
    pub(crate) state: &'a mut S,
    pub(crate) output: Output<'o, 'w>,
    pub(crate) each: &'a F,
}

impl<I, S, R: Outcome, F: Fn(&mut S, I, &mut Vec<u8>) -> R> Visit<I> for Mapping<'_, '_, '_, S, F> {
    type Error = Event;

    #[inline(always)]
    fn visit(&mut self, item: I) -> Result<ControlFlow<()>, Event> {
        let own = Own::of(self.output.bytes());
        let flow = (self.each)(self.state, item, own.bytes)
            .into_flow()
            .map_err(|error| Event::Closure(error, Position::START))?;
        own.keep();
        self.output.settle()?;
        Ok(flow)
    }
}
