//! Delivery ids (ULIDs, which sort by time) and random seeds.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use ulid::Ulid;

/// Returns a new id (ULID): `at` in milliseconds, then a counter and a random number of this process.
pub(super) fn new(at: Timestamp) -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(fresh_seed);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // A counter in the upper half keeps the order within a millisecond and saves a random draw for each id.
    let number = u128::from(NEXT.fetch_add(1, Ordering::Relaxed) & 0xFF_FFFF_FFFF);
    let random = (number << 40) | u128::from(*PROCESS & 0xFF_FFFF_FFFF);
    Ulid::from_parts(u64::try_from(at.as_millisecond()).unwrap_or(0), random).to_string()
}

/// Returns a seed from the system's random source.
pub(super) fn fresh_seed() -> u64 {
    // Without a random source the clock will do: no secret is derived from it.
    getrandom::u64().unwrap_or_else(|_| Timestamp::now().as_nanosecond().unsigned_abs() as u64)
}

#[cfg(test)]
mod tests {
    use super::new;

    #[test]
    fn ids_sort_in_the_order_they_were_made() {
        let at = "2026-11-23T19:20:01Z".parse().unwrap();
        let ids: Vec<String> = (0..100).map(|_| new(at)).collect();
        assert!(ids.is_sorted() && ids[0].len() == 26);
        assert_ne!(ids[0], ids[1]);
    }
}
