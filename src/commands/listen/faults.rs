//! How the listener misbehaves on demand, so that a provider's retries can be watched.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;

use crate::webhook::{Event, Kind, Rng};

/// When to misbehave, and how.
#[derive(Debug)]
pub(crate) struct FaultInjection {
    /// The kinds of event that it is about; all if none.
    pub(crate) kinds: Vec<Kind>,
    /// How long to let the sender wait.
    pub(crate) delay: Duration,
    /// When to fail.
    pub(crate) failing: FailureRule,
    /// What failing looks like.
    pub(crate) failure: Failure,
}

/// When to fail.
#[derive(Debug)]
pub(crate) enum FailureRule {
    /// Not at all.
    Never,
    /// Each time.
    Always,
    /// The first times of each delivery, and then at random: this share.
    Sometimes {
        /// So often each delivery fails before it may pass.
        first: u64,
        /// From 0 to 1.
        rate: f64,
        /// Decides, in the order of arrival.
        rng: Mutex<Rng>,
    },
}

/// What failing looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// An answer of this status.
    Status(StatusCode),
    /// The connection is closed without an answer.
    HangUp,
}

impl FaultInjection {
    /// Whether a delivery with these events is among those to misbehave with.
    pub(crate) fn concerns(&self, events: &[Event]) -> bool {
        self.kinds.is_empty() || events.iter().any(|event| self.kinds.contains(&event.kind))
    }

    /// Whether it matters how often a delivery has come.
    pub(crate) fn counts(&self) -> bool {
        matches!(self.failing, FailureRule::Sometimes { first: 1.., .. })
    }

    /// How to fail a delivery with these events that comes for the `count`th time, if it is to fail.
    pub(crate) fn fails(&self, events: &[Event], count: u64) -> Option<Failure> {
        let fails = match &self.failing {
            FailureRule::Never => false,
            _ if !self.concerns(events) => false,
            FailureRule::Always => true,
            FailureRule::Sometimes { first, .. } if count <= *first => true,
            FailureRule::Sometimes { rate, rng, .. } => {
                let mut rng = rng.lock().unwrap_or_else(PoisonError::into_inner);
                rng.fraction() < *rate
            }
        };
        fails.then_some(self.failure)
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, FailureRule, FaultInjection};
    use crate::webhook::Rng;
    use http::StatusCode;
    use std::sync::Mutex;
    use std::time::Duration;

    fn faults(first: u64, rate: f64, seed: u64) -> FaultInjection {
        FaultInjection {
            kinds: Vec::new(),
            delay: Duration::ZERO,
            failing: FailureRule::Sometimes {
                first,
                rate,
                rng: Mutex::new(Rng::seeded(seed)),
            },
            failure: Failure::Status(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    #[test]
    fn the_first_times_fail_and_then_it_passes() {
        let faults = faults(2, 0.0, 1);
        let fails = [1, 2, 3, 4].map(|count| faults.fails(&[], count).is_some());
        assert_eq!(fails, [true, true, false, false]);
    }

    #[test]
    fn a_share_fails_and_the_same_seed_fails_the_same_ones() {
        let draw = |seed| {
            let faults = faults(0, 0.3, seed);
            (0..1000)
                .map(|_| faults.fails(&[], 1).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let failed = draw(7).iter().filter(|fails| **fails).count();
        assert!((250..350).contains(&failed), "{failed}");
    }
}
