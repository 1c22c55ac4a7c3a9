//! Ids that sort by time, and seeds for what may differ from run to run.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use ulid::Ulid;

/// A new id (ULID): its time in milliseconds, then what makes it unlike all others.
pub fn new(at: Timestamp) -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(fresh_seed);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // A counter in the upper half keeps the order within a millisecond, and spares a draw for each.
    let number = u128::from(NEXT.fetch_add(1, Ordering::Relaxed) & 0xFF_FFFF_FFFF);
    let random = (number << 40) | u128::from(*PROCESS & 0xFF_FFFF_FFFF);
    Ulid::from_parts(u64::try_from(at.as_millisecond()).unwrap_or(0), random).to_string()
}

/// A seed from the system's randomness.
pub fn fresh_seed() -> u64 {
    // Without randomness the clock will do: nothing secret is made of it.
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
