//! Notices: everything a command reports.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::report::Tally;
use crate::report::diff::compared::{Compared, DriftTotals, Drifted};
use crate::webhook::{Attempt, CheckStatus, Delivery, Fixture, Outcome, Receipt};

/// Notice to the reporter: an event of a run that is shown, written as JSON, or both.
#[derive(Debug)]
pub enum Notice<'a> {
    /// `listen` accepts connections at this URL.
    Listening {
        /// Bound address, as a URL.
        url: &'a str,
        /// File of the generated certificate, for clients that are to trust it.
        certificate: Option<&'a Path>,
        /// Suggestion of a first command, shown on a terminal.
        hint: Option<&'a str>,
    },
    /// A tunnel leads to the listener from this URL.
    Tunnel {
        /// Public URL.
        url: &'a str,
    },
    /// The inspector serves its page and its API at this URL.
    Inspector {
        /// Bound address, as a URL.
        url: &'a str,
    },
    /// `send inbound --api` serves the content API of a provider.
    ContentApi {
        /// Name of the provider.
        provider: &'a str,
        /// Base URL of the API, for the settings of a handler.
        url: &'a str,
        /// Base URL of the provider's own API.
        in_place_of: &'a str,
    },
    /// A handler called the content API.
    ContentFetched {
        /// Method of the call.
        method: &'a http::Method,
        /// Path of the call, with its query.
        path: &'a str,
        /// Status of the response.
        status: u16,
        /// Size of the response's body.
        bytes: usize,
    },
    /// A delivery was received and responded to.
    Received(Received<'a>),
    /// A delivery was sent to the handler again, by hand.
    Resent(Received<'a>),
    /// A delivery was recorded.
    Recorded {
        /// The delivery's id.
        id: &'a str,
        /// File that holds it.
        file: &'a Path,
    },
    /// A recorded delivery, on one line (`log`).
    Logged(Logged<'a>),
    /// A recorded delivery in full, with its recorded responses (`show`).
    Shown(Logged<'a>),
    /// Two deliveries were compared, or one with its example (`diff`).
    Compared(&'a Compared<'a>),
    /// Deliveries of a kind were compared with its example (`drift`).
    Drifted(&'a Drifted),
    /// All deliveries were compared with their examples (`drift`).
    DriftTotals(&'a DriftTotals),
    /// An attempt to forward a delivery ended.
    Forwarded(Forwarded<'a>),
    /// A subscription's confirmation link was visited.
    Confirmed {
        /// The delivery's id.
        id: &'a str,
        /// Confirmation link.
        link: &'a str,
        /// Outcome of the visit.
        outcome: &'a Outcome,
        /// Duration of the visit.
        took: Duration,
    },
    /// An attempt to send a delivery ended.
    Attempted(&'a Attempt),
    /// A retry is scheduled.
    Waiting {
        /// Wait until the next attempt.
        wait: Duration,
    },
    /// The target asked with `Retry-After` for a pause, and the next delivery waits for its end.
    Paused {
        /// Wait until the next delivery.
        wait: Duration,
    },
    /// A signature was verified, or found invalid.
    Judged(Judged<'a>),
    /// Deliveries were read, as in a dry run, and not sent.
    Read {
        /// Number of deliveries.
        deliveries: u64,
        /// Total size of their bodies in bytes.
        bytes: u64,
    },
    /// A check of `check` ended.
    Checked(&'a Checked<'a>),
    /// All checks of `check` ended.
    CheckTotals(&'a CheckTotals<'a>),
    /// The run ended.
    Summary(&'a Tally),
}

/// Received delivery, with its receipt and the response.
#[derive(Debug)]
pub struct Received<'a> {
    /// Id that `listen` gave to the delivery.
    pub id: &'a str,
    /// Time at which the request was received.
    pub at: Timestamp,
    /// Address of the sender; none if it is not known.
    pub remote: Option<SocketAddr>,
    /// The request.
    pub delivery: &'a Delivery,
    /// Provider, events and signature found in it.
    pub receipt: &'a Receipt,
    /// Status of the response; none if the connection was closed without one.
    pub status: Option<u16>,
    /// Body of the response.
    pub answer: &'a [u8],
    /// Content coding of that body, such as `gzip`.
    pub answer_coding: Option<&'a str>,
    /// True if the connection was closed in place of a response.
    pub hung_up: bool,
    /// Time from the complete request to the response ready to be sent.
    pub took: Duration,
    /// True if it was rejected with 401 for its signature.
    pub rejected: bool,
    /// True if it was failed on purpose (`--fail-first`, `--fail-rate`, `--hang-up`).
    pub on_purpose: bool,
    /// Repetition of an earlier delivery, if it is one.
    pub again: Option<Repeat>,
    /// Request to the handler whose response went back to the sender, if it was forwarded.
    pub handler: Option<HandlerRequest<'a>>,
    /// Address in the recording, if it is recorded.
    pub address: Option<&'a str>,
}

/// Request to the handler of `--forward-to`.
#[derive(Clone, Copy, Debug)]
pub struct HandlerRequest<'a> {
    /// URL of the handler.
    pub target: &'a str,
    /// Outcome of the request.
    pub outcome: &'a Outcome,
    /// Duration of the request.
    pub took: Duration,
}

/// Recorded delivery.
#[derive(Debug)]
pub struct Logged<'a> {
    /// Address by which it can be named again: `hooks.ndjson:12`.
    pub address: &'a str,
    /// The delivery, with its recorded responses.
    pub fixture: &'a Fixture,
    /// Provider, events and signature found in it.
    pub receipt: &'a Receipt,
}

/// Repetition of a delivery that was received before.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    /// Times received so far, this one included: 2 for the first repetition.
    pub count: u64,
    /// Time since it was first received.
    pub since: Duration,
}

/// Attempt to forward a delivery.
#[derive(Debug)]
pub struct Forwarded<'a> {
    /// The delivery's id.
    pub id: &'a str,
    /// URL it was forwarded to.
    pub target: &'a str,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// Outcome of the attempt.
    pub outcome: &'a Outcome,
    /// Duration of the attempt.
    pub took: Duration,
    /// Wait until the next attempt, if there is one.
    pub again_in: Option<Duration>,
    /// Time at which it ended, if it was forwarded in the background and has a line of its own.
    pub later: Option<Timestamp>,
}

/// Result of verifying a signature, with the diagnosis if it does not hold.
#[derive(Debug)]
pub struct Judged<'a> {
    /// Id of the delivery, if it has one.
    pub id: Option<&'a str>,
    /// File and line of the delivery.
    pub source: &'a str,
    /// Time that the timestamp was compared with (`--now`).
    pub now: Timestamp,
    /// Provider, events and signature found in the delivery.
    pub receipt: &'a Receipt,
    /// Signed bytes, as the verifier computed them.
    pub signed: Option<&'a [u8]>,
    /// Key that the signature holds with.
    pub key: Option<KeyUsed<'a>>,
    /// Proven cause of the failure.
    pub finding: Option<ProvenCause<'a>>,
    /// Causes that were tried and ruled out.
    pub ruled_out: &'a [&'a str],
    /// Causes that were not tried, or not completely.
    pub not_tried: &'a [&'a str],
    /// Reasons for leaving them out, such as the size of the body.
    pub untried: &'a [&'a str],
    /// Advice if no cause was found.
    pub next: Option<&'a str>,
    /// Possible cause, without proof.
    pub hint: Option<&'a str>,
}

/// Key that a signature holds with, by its name; never the key itself.
#[derive(Clone, Copy, Debug)]
pub struct KeyUsed<'a> {
    /// Source of the key, such as `env:NAME`.
    pub name: &'a str,
    /// Number of the key among those given, from 1.
    pub number: usize,
    /// Number of keys given.
    pub of: usize,
}

/// Proven cause of a signature that does not hold.
#[derive(Clone, Copy, Debug)]
pub struct ProvenCause<'a> {
    /// Short name of the cause, as in the JSON lines.
    pub name: &'a str,
    /// Cause in words.
    pub finding: &'a str,
    /// Change with which the signature holds.
    pub fits: &'a str,
    /// Advice to the user.
    pub advice: &'a str,
}

/// Result of one check of `check`.
#[derive(Debug)]
pub struct Checked<'a> {
    /// Name of the check.
    pub name: &'a str,
    /// Group of the check.
    pub group: &'a str,
    /// True if it is the first of its group.
    pub opens: bool,
    /// Expected behaviour, as a sentence.
    pub title: &'a str,
    /// Status of the check.
    pub grade: CheckStatus,
    /// True if the handler responded with a 5xx status, or broke the connection.
    pub crashed: bool,
    /// Short text of what was observed.
    pub said: String,
    /// Details, if the check did not pass.
    pub detail: Option<Detail<'a>>,
    /// Number of requests sent.
    pub requests: usize,
    /// Duration of the check.
    pub took: Duration,
}

/// Details of a check that did not pass.
#[derive(Debug)]
pub struct Detail<'a> {
    /// Description of the request that was sent.
    pub sent: String,
    /// Status and body of the response, if there was one.
    pub came: Option<(u16, bytes::Bytes)>,
    /// Expected response.
    pub expected: &'a str,
    /// Reason why the check matters.
    pub why: &'a str,
    /// Advice on mending the handler.
    pub advice: &'a str,
    /// Address of a page that documents the expectation.
    pub page: &'a str,
    /// Command line that repeats the request.
    pub again: Option<String>,
}

/// Results of all checks of a run.
#[derive(Debug)]
pub struct CheckTotals<'a> {
    /// URL of the handler.
    pub target: &'a str,
    /// Provider whose deliveries were sent.
    pub provider: &'a str,
    /// Results in order.
    pub checks: &'a [Checked<'a>],
    /// Seed of the run (`--seed`): the same seed gives the same ids.
    pub seed: u64,
    /// Duration of the run.
    pub elapsed: Duration,
}

impl CheckTotals<'_> {
    /// Number of checks with this status.
    pub fn count(&self, grade: CheckStatus) -> usize {
        let like = |check: &&Checked| check.grade == grade;
        self.checks.iter().filter(like).count()
    }
}

/// Form in which received deliveries are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Line with the chosen [`ShownParts`] below it.
    #[default]
    Parts,
    /// One line for each delivery (`listen -q`).
    Line,
    /// One line, and below it the events and the response of a delivery that was not accepted (`listen -f`).
    LineAndFailures,
}

/// Parts of a received delivery shown below its line (`listen --show`).
#[derive(Clone, Copy, Debug, Default)]
pub struct ShownParts {
    /// One line per event.
    pub events: bool,
    /// The header fields.
    pub headers: bool,
    /// The body.
    pub body: bool,
    /// Status and body of the response.
    pub reply: bool,
}

impl fmt::Display for KeyUsed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match (self.number, self.of) {
            (_, ..=1) => Ok(()),
            (1, of) => write!(f, " (the first of {of})"),
            (2, of) => write!(f, " (the second of {of})"),
            (number, of) => write!(f, " (number {number} of {of})"),
        }
    }
}
