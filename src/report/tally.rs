//! What a run comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::report::text::humanize::micros;
use crate::webhook::{Kind, Outcome, Receipt};

/// Counts and times of a run. Its size does not grow with the run.
#[derive(Debug)]
pub struct Tally {
    /// Deliveries received, or sent to the end.
    pub deliveries: u64,
    /// Deliveries that were refused in the end, or that failed an expectation.
    pub failed: u64,
    /// Of those, the ones that got no answer.
    pub unanswered: u64,
    /// Attempts after the first of a delivery.
    pub retries: u64,
    /// Deliveries whose signature does not hold, or that were rejected because nobody vouches for them.
    pub refused_signatures: u64,
    /// Deliveries that were hung up on.
    pub hung_up: u64,
    /// What was passed on; none where nothing is.
    pub forwarded: Option<ForwardTally>,
    /// Requests that went out twice because a connection broke as it was used again: the target may have had both.
    pub maybe_duplicate: u64,
    /// Whether the run was ended before all was sent.
    pub stopped: bool,
    /// Inputs that could not be read.
    pub broken: u64,
    /// Answers by their status.
    pub statuses: BTreeMap<u16, u64>,
    /// Events by their kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// How long answers took, in microseconds.
    pub micros: Histogram<u32>,
    /// How long the run took.
    pub elapsed: Duration,
    /// What to try about the first delivery that got no answer.
    pub hint: Option<&'static str>,
    /// What to do next, for somebody who looks on.
    pub next: Option<String>,
    /// What the deliveries were, for the reader: `sent`, `received`.
    pub verb: &'static str,
}

/// What came of passing deliveries on, each counted once for each target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardTally {
    /// A handler accepted it: 2xx.
    pub passed: u64,
    /// A handler rejected it in the end, by the status of its response.
    pub refused: BTreeMap<u16, u64>,
    /// No response in the end.
    pub unanswered: u64,
}

impl ForwardTally {
    /// How many were rejected.
    pub fn rejected(&self) -> u64 {
        self.refused.values().sum()
    }
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(verb: &'static str) -> Self {
        Self {
            deliveries: 0,
            failed: 0,
            unanswered: 0,
            retries: 0,
            refused_signatures: 0,
            hung_up: 0,
            forwarded: None,
            maybe_duplicate: 0,
            stopped: false,
            broken: 0,
            statuses: BTreeMap::new(),
            kinds: BTreeMap::new(),
            micros: Histogram::new_with_bounds(1, 3_600_000_000, 2)
                .expect("the bounds are constants in order"),
            elapsed: Duration::ZERO,
            hint: None,
            next: None,
            verb,
        }
    }

    /// Counts one attempt: the number of the try, what came of it, how long it took, whether no other follows.
    pub fn attempted(&mut self, number: u32, outcome: &Outcome, took: Duration, last: bool) {
        self.retries += u64::from(number > 1);
        if let Some(status) = outcome.status() {
            *self.statuses.entry(status).or_default() += 1;
            self.took(took);
        }
        if last {
            self.deliveries += 1;
            self.failed += u64::from(!outcome.succeeded());
            self.unanswered += u64::from(!matches!(outcome, Outcome::Answered { .. }));
            self.hint = self.hint.or_else(|| outcome.hint());
        }
    }

    /// Counts one delivery that came and was answered, or hung up on where there is no status; `rejected` if it was for
    /// its signature.
    pub fn received(
        &mut self,
        receipt: &Receipt,
        rejected: bool,
        status: Option<u16>,
        took: Duration,
        again: bool,
    ) {
        self.deliveries += 1;
        self.retries += u64::from(again);
        match status {
            Some(status) => *self.statuses.entry(status).or_default() += 1,
            None => self.hung_up += 1,
        }
        let is_refused = receipt.signature.verdict == crate::webhook::Verdict::Refused;
        self.refused_signatures += u64::from(rejected || is_refused);
        for event in &receipt.events {
            *self.kinds.entry(event.kind).or_default() += 1;
        }
        self.took(took);
    }

    /// How many deliveries there were in a second.
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 {
            #[expect(
                clippy::cast_precision_loss,
                reason = "it is told with one digit behind the point"
            )]
            let deliveries = self.deliveries as f64;
            deliveries / seconds
        } else {
            0.0
        }
    }

    /// The time that this share of the answers took at most.
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_micros(self.micros.value_at_quantile(share))
    }

    fn took(&mut self, took: Duration) {
        self.micros.saturating_record(micros(took).max(1));
    }
}
