//! Totals of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::error::Exit;
use crate::report::text::humanize::micros;
use crate::webhook::{Kind, Outcome, Receipt};

/// Counts and durations of a run, of constant size.
#[derive(Debug)]
pub struct Tally {
    /// Deliveries received, or sent including their retries.
    pub deliveries: u64,
    /// Deliveries rejected in the end, or that failed an expectation.
    pub failed: u64,
    /// Failed deliveries without a response.
    pub unanswered: u64,
    /// Attempts after the first of a delivery; for `listen`, repeated deliveries.
    pub retries: u64,
    /// Deliveries whose signature does not hold, or that were rejected for lack of one.
    pub refused_signatures: u64,
    /// Deliveries whose connection was closed without a response.
    pub hung_up: u64,
    /// Results of forwarding; none if nothing is forwarded.
    pub forwarded: Option<ForwardTally>,
    /// Requests sent twice because a reused connection broke: the target may have received both.
    pub maybe_duplicate: u64,
    /// True if the run ended before everything was sent.
    pub stopped: bool,
    /// Inputs that could not be read.
    pub broken: u64,
    /// Responses by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Events by kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// Response times in microseconds.
    pub micros: Histogram<u32>,
    /// Duration of the run.
    pub elapsed: Duration,
    /// Advice about the first delivery without a response.
    pub hint: Option<String>,
    /// Suggestion of a next command, shown on a terminal.
    pub next: Option<String>,
    /// Verb of the summary: `sent`, `received`.
    pub verb: &'static str,
}

/// Results of forwarding, each delivery counted once per target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardTally {
    /// Accepted by the handler: 2xx.
    pub passed: u64,
    /// Rejected by the handler in the end, by the status of its response.
    pub refused: BTreeMap<u16, u64>,
    /// Without a response in the end.
    pub unanswered: u64,
}

impl ForwardTally {
    /// Number of rejected deliveries.
    pub fn rejected(&self) -> u64 {
        self.refused.values().sum()
    }
}

impl Tally {
    /// Creates an empty tally.
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

    /// Returns the exit status of a run of attempts.
    pub fn exit(&self, interrupted: bool) -> Exit {
        let mut exit = Exit::Success;
        if self.failed > 0 || self.stopped {
            exit = exit.or(Exit::Failure);
        }
        if self.unanswered > 0 {
            exit = exit.or(Exit::NoAnswer);
        }
        if self.broken > 0 {
            exit = exit.or(Exit::Input);
        }
        if interrupted {
            exit = exit.or(Exit::Interrupted);
        }
        exit
    }

    /// Counts an attempt; `last` if no retry follows.
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
            self.hint = self.hint.take().or_else(|| outcome.hint("--to"));
        }
    }

    /// Counts a received delivery; a missing status means that the connection was closed without a response. `rejected`
    /// says that it was rejected for its signature, `again` that it is a repetition.
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

    /// Deliveries per second.
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

    /// Response time in this quantile (0 to 1).
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_micros(self.micros.value_at_quantile(share))
    }

    fn took(&mut self, took: Duration) {
        self.micros.saturating_record(micros(took).max(1));
    }
}
