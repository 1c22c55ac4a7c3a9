//! Duplicate detection of `listen`: recently received deliveries, by identity.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::webhook::Delivery;

/// Deliveries remembered at least, the most recent ones; at most twice as many.
const REMEMBERED: usize = 4096;

/// Counts receptions of each recent delivery, by its identity.
#[derive(Debug, Default)]
pub(crate) struct DuplicateTracker(Mutex<Generations>);

/// Two generations of sightings; when the younger is full, the older is dropped and replaced by it.
#[derive(Debug, Default)]
struct Generations {
    young: Sightings,
    old: Sightings,
}

/// Map with a pass-through hasher: an identity is a hash already.
type Sightings = HashMap<u64, LastSighting, BuildHasherDefault<IdentityHasher>>;

#[derive(Debug, Default)]
struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[derive(Clone, Copy, Debug)]
struct LastSighting {
    first: Instant,
    count: u64,
}

/// Reception count of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// Receptions so far; 1 for the first.
    pub(crate) count: u64,
    /// Time since the first reception.
    pub(crate) since: Duration,
}

impl DuplicateTracker {
    /// Counts a reception of the delivery with this identity.
    pub(crate) fn sighting(&self, identity: u64, now: Instant) -> Sighting {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Generations { young, old } = &mut *all;
        let known = young.remove(&identity).or_else(|| old.remove(&identity));
        let mut seen = known.unwrap_or(LastSighting {
            first: now,
            count: 0,
        });
        seen.count += 1;
        if young.len() >= REMEMBERED {
            mem::swap(young, old);
            young.clear();
        }
        young.insert(identity, seen);
        Sighting {
            count: seen.count,
            since: now.saturating_duration_since(seen.first),
        }
    }
}

/// Returns the identity of a delivery without an id: a hash of its method, path and body.
pub(crate) fn of_bytes(delivery: &Delivery) -> u64 {
    let mut hasher = DefaultHasher::new();
    delivery.method.hash(&mut hasher);
    delivery.path.as_str().hash(&mut hasher);
    delivery.body.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{DuplicateTracker, REMEMBERED};
    use std::time::{Duration, Instant};

    #[test]
    fn what_came_before_is_known_with_the_time_since() {
        let duplicates = DuplicateTracker::default();
        let start = Instant::now();
        let sighting = |identity, seconds| {
            let it = duplicates.sighting(identity, start + Duration::from_secs(seconds));
            (it.count, it.since.as_secs())
        };
        assert_eq!(sighting(7, 0), (1, 0));
        assert_eq!(sighting(8, 1), (1, 0));
        assert_eq!(sighting(7, 5), (2, 5));
        assert_eq!(sighting(7, 60), (3, 60));
        assert_eq!(sighting(8, 60), (2, 59));
    }

    #[test]
    fn the_last_ones_are_remembered_and_memory_does_not_grow() {
        let duplicates = DuplicateTracker::default();
        let now = Instant::now();
        let many = 10 * REMEMBERED as u64;
        for identity in 0..many {
            duplicates.sighting(identity, now);
            // A delivery that keeps coming is not forgotten.
            duplicates.sighting(u64::MAX, now);
        }
        assert_eq!(duplicates.sighting(u64::MAX, now).count, many + 1);
        assert_eq!(
            duplicates.sighting(many - REMEMBERED as u64 / 2, now).count,
            2
        );
        assert_eq!(duplicates.sighting(0, now).count, 1);
        let all = duplicates.0.lock().unwrap();
        assert!(all.young.len() + all.old.len() <= 2 * REMEMBERED);
    }
}
