//! Delivery to forward, and the result of forwarding it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::report::HandlerRequest;
use crate::webhook::{Delivery, Outcome, RecordedAnswer};

/// Delivery to forward.
#[derive(Clone, Copy)]
pub(crate) struct ToForward<'a> {
    pub(crate) id: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) delivery: &'a Delivery,
    /// File that it was recorded in.
    pub(crate) file: Option<&'a Arc<Path>>,
}

/// Result of the request whose response goes back to the sender.
pub(crate) struct ForwardResult {
    pub(crate) target: String,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
}

impl ForwardResult {
    /// Returns the attempt as a recorded response.
    pub(crate) fn as_answer(&self, id: &str) -> RecordedAnswer {
        let mut answer = RecordedAnswer::new(id, &self.target, 1, &self.outcome);
        answer.at = Some(Timestamp::now());
        answer.micros = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX);
        answer
    }

    /// Returns the result for the reporter.
    pub(crate) fn as_notice(&self) -> HandlerRequest<'_> {
        HandlerRequest {
            target: &self.target,
            outcome: &self.outcome,
            took: self.took,
        }
    }
}
