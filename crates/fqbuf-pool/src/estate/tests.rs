//! What becomes of lanes, which nobody sees from outside but by the time that it takes.

use super::*;
use crate::claim::PATIENCE;
use crate::recipe::Buffers;

#[test]
fn an_owner_that_fills_its_own_lane_keeps_it() {
    let estate = Estate::new(Buffers::new(8), 1, 3, usize::MAX, None);
    let me = home::me();
    let mut entry = estate.get(me, 0);
    for round in 0..2 * u64::from(PATIENCE) {
        estate.come_home(0, entry);
        let Some(shard) = estate.shards.first().filter(|shard| shard.has_lane) else { return };
        assert_eq!(shard.lane.hits(), round);
        entry = shard.lane.take(me).expect("its own lane");
        // The last of what is missing goes where the owner has just made room.
        estate.prefill(3);
        assert!(shard.lane.occupied() && !shard.lane.is_closed());
    }
}
