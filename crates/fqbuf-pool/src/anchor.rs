//! What the leases of one home hold on to, and their quick way out of its lane and back into it.

use crossbeam_utils::CachePadded;

use crate::estate::{Estate, Held};
use crate::home::{self, Me};
use crate::lane::Lane;
use crate::recipe::Recipe;
use crate::sync::Arc;

/// The lane of a home, on cache lines of its own.
pub(crate) type HomeLane<R> = CachePadded<Lane<Held<<R as Recipe>::Item>, Anchor<R>>>;

/// An entry of a lane, and the reference that lay there with it.
pub(crate) type Parked<R> = (Held<<R as Recipe>::Item>, Option<Arc<Anchor<R>>>);

/// What owned leases of one home keep alive. On a cache line of its own: its reference count is written at every get that does
/// not go through the lane.
pub(crate) struct Anchor<R: Recipe> {
    at: CachePadded<Place<R>>,
}

struct Place<R: Recipe> {
    estate: Arc<Estate<R>>,
    home: usize,
    /// That of the shard. Only here too because the way through the estate is longer.
    lane: Option<Arc<HomeLane<R>>>,
}

impl<R: Recipe> Anchor<R> {
    pub(crate) fn new(estate: &Arc<Estate<R>>, home: usize) -> Self {
        let place = Place { estate: Arc::clone(estate), home, lane: estate.lane(home) };
        Self { at: CachePadded::new(place) }
    }

    #[inline]
    pub(crate) fn estate(&self) -> &Estate<R> {
        &self.at.estate
    }

    #[inline]
    pub(crate) fn home(&self) -> usize {
        self.at.home
    }

    #[inline]
    fn lane(&self) -> Option<&Lane<Held<R::Item>, Self>> {
        self.at.lane.as_ref().map(|lane| &***lane)
    }

    /// The item in the lane, for its owner.
    #[inline]
    pub(crate) fn take(&self, me: Me) -> Option<Held<R::Item>> {
        let entry = self.lane()?.take(me)?;
        entry.hit();
        Some(entry)
    }

    /// The item in the lane, for its owner, and the reference to this anchor that was left there with it.
    #[inline]
    pub(crate) fn take_with_anchor(&self, me: Me) -> Option<Parked<R>> {
        let (entry, anchor) = self.lane()?.take_with_anchor(me)?;
        entry.hit();
        Some((entry, anchor))
    }

    /// Ends a lease that borrows the pool.
    #[inline]
    pub(crate) fn come_home(&self, entry: Held<R::Item>) {
        let Some(entry) = self.estate().emptied(entry) else { return };
        let me = home::me();
        let kept = match self.lane() {
            Some(lane) => lane.put(me, entry),
            None => Err(entry),
        };
        if let Err(entry) = kept {
            self.estate().come_home(me, self.home(), entry);
        }
    }

    /// Ends a lease that owns a reference to this anchor.
    #[inline]
    pub(crate) fn come_home_for_good(this: Arc<Self>, entry: Held<R::Item>) {
        let Some(entry) = this.estate().emptied(entry) else { return };
        let me = home::me();
        // Left in the lane, the item is looked after: the end of the pool comes to each lane, before this or after.
        match Lane::park(me, entry, this, Self::lane) {
            Ok(spare) => drop(spare),
            Err((entry, this)) => this.estate().come_home(me, this.home(), entry),
        }
    }
}
