//! Counts of what became of forwarded deliveries.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::report::ForwardTally;
use crate::webhook::Outcome;

/// Results of forwarding; each delivery counts once for each target.
#[derive(Debug, Default)]
pub(crate) struct ForwardCounts {
    /// Accepted by the handler.
    accepted: AtomicU64,
    /// Rejected: the last response was not 2xx; by status.
    rejected: Mutex<BTreeMap<u16, u64>>,
    /// Without a response after the last attempt.
    unanswered: AtomicU64,
    /// Still in the background.
    pub(crate) waiting: AtomicU64,
}

impl ForwardCounts {
    /// Counts the final outcome of a delivery.
    pub(crate) fn count(&self, outcome: &Outcome) {
        match outcome {
            _ if outcome.succeeded() => {
                self.accepted.fetch_add(1, Relaxed);
            }
            Outcome::Answered { status, .. } => {
                let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
                *rejected.entry(*status).or_default() += 1;
            }
            Outcome::TimedOut(_) | Outcome::Unreachable(_) | Outcome::Impossible(_) => {
                self.unanswered.fetch_add(1, Relaxed);
            }
        }
    }

    /// Returns the counts so far, for the summary.
    pub(crate) fn tally(&self) -> ForwardTally {
        let rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        ForwardTally {
            passed: self.accepted.load(Relaxed),
            refused: rejected.clone(),
            unanswered: self.unanswered.load(Relaxed),
        }
    }
}
