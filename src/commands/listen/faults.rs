//! Fault injection for `listen`: `--delay`, `--fail-first`, `--fail-rate`, `--fail-status`, `--hang-up`.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::commands::id;
use crate::inspector::http::orders::FaultOrder;

use crate::webhook::{Event, Kind, Rng};

/// Faults to inject, and the deliveries that they apply to.
#[derive(Debug)]
pub(crate) struct FaultInjection {
    /// Event kinds that faults apply to (`--events`); empty for all.
    pub(crate) kinds: Vec<Kind>,
    /// Wait before each response (`--delay`).
    pub(crate) delay: Duration,
    /// Rule that decides which deliveries fail.
    pub(crate) failing: FailureRule,
    /// Failure that is injected: a status or a closed connection.
    pub(crate) failure: Failure,
    /// Number of next deliveries that fail, whatever the rule.
    pub(crate) next: AtomicU32,
}

/// Rule that decides which deliveries fail.
#[derive(Debug)]
pub(crate) enum FailureRule {
    /// Failure of none.
    Never,
    /// Failure of every delivery.
    Always,
    /// Failure of the first `first` receptions of each delivery, and then at random with probability `rate`.
    Sometimes {
        /// Failures of each delivery before it may be accepted (`--fail-first`).
        first: u64,
        /// Probability of a failure, from 0 to 1 (`--fail-rate`).
        rate: f64,
        /// Random generator (`--seed`), drawn from in the order of arrival.
        rng: Mutex<Rng>,
    },
}

/// Failure that is injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Response with this status (`--fail-status`, default 503).
    Status(StatusCode),
    /// Connection closed without a response (`--hang-up`).
    HangUp,
}

/// Faults that can be replaced while the listener runs, and restored.
#[derive(Debug)]
pub(crate) struct SwitchableFaults {
    started: Arc<FaultInjection>,
    current: RwLock<Arc<FaultInjection>>,
}

impl SwitchableFaults {
    /// Begins with the faults of the flags.
    pub(crate) fn new(started: FaultInjection) -> SwitchableFaults {
        let started = Arc::new(started);
        SwitchableFaults {
            current: RwLock::new(Arc::clone(&started)),
            started,
        }
    }

    /// Faults in force.
    pub(crate) fn current(&self) -> Arc<FaultInjection> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the faults.
    pub(crate) fn set(&self, order: &FaultOrder) {
        self.replace(Arc::new(FaultInjection::of(order)));
    }

    /// Restores the faults of the flags; no next delivery fails.
    pub(crate) fn reset(&self) {
        self.started.next.store(0, Relaxed);
        self.replace(Arc::clone(&self.started));
    }

    fn replace(&self, faults: Arc<FaultInjection>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Faults in force, as the API has them.
    pub(crate) fn to_json(&self) -> Value {
        let faults = self.current();
        let (first, rate) = match &faults.failing {
            FailureRule::Never => (0, 0.0),
            FailureRule::Always => (0, 1.0),
            FailureRule::Sometimes { first, rate, .. } => (*first, *rate),
        };
        let status = match faults.failure {
            Failure::Status(status) => Some(status.as_u16()),
            Failure::HangUp => None,
        };
        json!({
            "fail_first": first, "fail_next": faults.next.load(Relaxed), "fail_rate": rate, "fail_status": status,
            "delay": format!("{}ms", faults.delay.as_millis()), "hang_up": status.is_none(),
            "kinds": faults.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
            "as_started": Arc::ptr_eq(&faults, &self.started),
        })
    }
}

impl FaultInjection {
    /// Makes it of a request to the API.
    fn of(order: &FaultOrder) -> FaultInjection {
        let is_counted =
            order.fail_first.is_some() || order.fail_rate.is_some() || order.fail_next.is_some();
        let failing = match is_counted {
            true => FailureRule::Sometimes {
                first: order.fail_first.unwrap_or_default(),
                rate: order.fail_rate.unwrap_or_default(),
                rng: Mutex::new(Rng::seeded(id::fresh_seed())),
            },
            // As with the flags: a failure without a rule is for all.
            false if order.hang_up || order.fail_status.is_some() => FailureRule::Always,
            false => FailureRule::Never,
        };
        let status = order
            .fail_status
            .and_then(|it| StatusCode::from_u16(it).ok());
        FaultInjection {
            kinds: order.kinds.clone(),
            delay: order.delay.unwrap_or_default(),
            failing,
            failure: match order.hang_up {
                true => Failure::HangUp,
                false => Failure::Status(status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)),
            },
            next: AtomicU32::new(order.fail_next.unwrap_or(0)),
        }
    }

    /// True if faults apply to a delivery with these events.
    pub(crate) fn concerns(&self, events: &[Event]) -> bool {
        self.kinds.is_empty() || events.iter().any(|event| self.kinds.contains(&event.kind))
    }

    /// Makes one more of the next deliveries fail, and returns how many will.
    pub(crate) fn fail_next(&self) -> u32 {
        self.next.fetch_add(1, Relaxed) + 1
    }

    /// True if this delivery is one of the next that fail.
    fn takes_next(&self) -> bool {
        let less = |next: u32| next.checked_sub(1);
        self.next.load(Relaxed) > 0 && self.next.fetch_update(Relaxed, Relaxed, less).is_ok()
    }

    /// True if the decision depends on how often a delivery has been received (`--fail-first`).
    pub(crate) fn counts(&self) -> bool {
        matches!(self.failing, FailureRule::Sometimes { first: 1.., .. })
    }

    /// Returns the failure to inject into the `count`th reception of a delivery with these events, or none.
    pub(crate) fn fails(&self, events: &[Event], count: u64) -> Option<Failure> {
        if self.takes_next() {
            return Some(self.failure);
        }
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
    use std::sync::atomic::AtomicU32;
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
            next: AtomicU32::new(0),
        }
    }

    #[test]
    fn the_first_times_fail_and_then_it_passes() {
        let faults = faults(2, 0.0, 1);
        let fails = [1, 2, 3, 4].map(|count| faults.fails(&[], count).is_some());
        assert_eq!(fails, [true, true, false, false]);
    }

    #[test]
    fn as_many_of_the_next_fail_as_were_asked_for() {
        let faults = faults(0, 0.0, 1);
        assert_eq!([faults.fail_next(), faults.fail_next()], [1, 2]);
        let fails = [1, 1, 1].map(|count| faults.fails(&[], count).is_some());
        assert_eq!(fails, [true, true, false]);
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
