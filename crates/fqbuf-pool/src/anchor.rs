//! What the leases of one home hold on to, and their quick way out of its lane and back into it.

use crossbeam_utils::CachePadded;

use crate::entry::{Entry, Held};
use crate::estate::Estate;
use crate::home::{self, Me};
use crate::lane::put_back;
use crate::recipe::Recipe;
use crate::shard::Shard;
use crate::sync::Arc;

/// What owned leases of one home keep alive. On a cache line of its own: its reference count is written by those that come home
/// neither through the lane nor over the belt.
pub(crate) struct Anchor<R: Recipe> {
    at: CachePadded<Place<R>>,
}

struct Place<R: Recipe> {
    estate: Arc<Estate<R>>,
    home: usize,
    /// That of the home, or one without room where nothing is kept. Here too because the way through the estate is longer.
    shard: Arc<Shard<R>>,
}

/// A home, as the pool and the leases that borrow it know it.
pub(crate) struct Home<R: Recipe> {
    anchor: Arc<Anchor<R>>,
    /// That of the anchor. Here too because the way through the anchor is longer.
    shard: Arc<Shard<R>>,
}

impl<R: Recipe> Home<R> {
    pub(crate) fn new(estate: &Arc<Estate<R>>, home: usize) -> Self {
        let shard = estate.shard_of(home);
        let place = Place { estate: Arc::clone(estate), home, shard: Arc::clone(&shard) };
        Self { anchor: Arc::new(Anchor { at: CachePadded::new(place) }), shard }
    }

    #[inline]
    pub(crate) fn anchor(&self) -> &Arc<Anchor<R>> {
        &self.anchor
    }

    #[inline]
    pub(crate) fn estate(&self) -> &Estate<R> {
        self.anchor.estate()
    }

    /// The item in the lane, for its owner. It brings along what it had there.
    #[inline]
    pub(crate) fn take(&self, me: Me) -> Option<Held<R>> {
        self.shard.lane.take(me)
    }

    /// An item that is not in the lane, for a thread at home here, waiting for memory as long as it takes.
    pub(crate) fn get(&self, me: Me) -> Held<R> {
        self.estate().get(me, self.anchor.home())
    }

    /// Ends a lease that borrows the pool.
    #[inline]
    pub(crate) fn come_home(&self, entry: Held<R>) {
        #[cfg(any(loom, shuttle))]
        let Some(entry) = self.estate().keep_wrongly(entry) else { return };
        let mut entry = entry;
        let recipe = self.estate().recipe();
        if !entry.size.is_kept_with(recipe.bytes(&entry.item)) {
            return self.settle_home(entry);
        }
        recipe.reset(&mut entry.item);
        if let Err(entry) = self.shard.lane.put(home::known(), entry) {
            self.come_home_otherwise(entry);
        }
    }

    // By themselves, so that what they need is looked up there.
    #[cold]
    fn settle_home(&self, entry: Held<R>) {
        self.estate().settle_home(self.anchor.home(), entry);
    }

    #[inline(never)]
    fn come_home_otherwise(&self, entry: Held<R>) {
        self.estate().come_home(self.anchor.home(), entry);
    }
}

impl<R: Recipe> Anchor<R> {
    #[inline]
    pub(crate) fn estate(&self) -> &Estate<R> {
        &self.at.estate
    }

    #[inline]
    pub(crate) fn home(&self) -> usize {
        self.at.home
    }

    #[inline]
    fn shard(&self) -> &Shard<R> {
        &self.at.shard
    }

    /// Ends a lease whose entry owns a reference to its anchor.
    #[inline]
    pub(crate) fn come_home_for_good(entry: Held<R>) {
        #[cfg(any(loom, shuttle))]
        let Some(entry) = Self::keep_wrongly(entry) else { return };
        let mut entry = entry;
        match &mut *entry {
            Entry { item, size, anchor: Some(anchor), .. }
                if size.is_kept_with(anchor.estate().recipe().bytes(item)) =>
            {
                anchor.estate().recipe().reset(item);
            }
            _ => return Self::kept_meanwhile(entry, Estate::settle_home),
        }
        // Left in the lane, the item is looked after: the end of the pool comes to each lane, before this or after.
        let otherwise = |entry| Self::kept_meanwhile(entry, Estate::come_home);
        put_back(home::known(), entry, |entry| Some(entry.anchor.as_ref()?.shard()), otherwise);
    }

    /// Has something done with an entry that may be somebody else's before this returns, and its anchor with it.
    #[inline(never)]
    fn kept_meanwhile(entry: Held<R>, then: impl FnOnce(&Estate<R>, usize, Held<R>)) {
        if let Some(anchor) = entry.anchor.clone() {
            then(anchor.estate(), anchor.home(), entry);
        }
    }
}
