//! Definition of a check, and its result.

use std::time::Duration;

use crate::checks::{CheckRequest, Context, Step};
use crate::webhook::{CheckStatus, Outcome};

/// One test of a handler.
pub struct Check {
    /// Name, as typed on the command line.
    pub name: &'static str,
    /// Group of the check.
    pub group: Group,
    /// Statement that is true of a handler that passes.
    pub title: &'static str,
    /// Description of the requests.
    pub sends: &'static str,
    /// Description of the expected responses.
    pub expects: &'static str,
    /// Reason why it matters, in one sentence.
    pub why: &'static str,
    /// Advice for a handler that fails.
    pub advice: &'static str,
    /// Source of the requirement.
    pub page: Page,
    /// True if the result is meaningful for a handler that does not even accept valid deliveries.
    pub alone: bool,
    /// Plans the requests to this handler, or the reason to skip the check.
    pub plan: fn(&Context) -> CheckSteps,
    /// Turns the observations into a finding.
    pub judge: fn(&Context, &Observations) -> Finding,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Group of related checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Signatures and credentials.
    Authentication,
    /// Repeated deliveries.
    Idempotency,
    /// Deliveries out of order.
    Order,
    /// Everything that a provider may put into a body.
    Shape,
    /// Malformed requests.
    Resilience,
    /// Requests with which a provider validates a URL.
    Handshake,
    /// Response times.
    Speed,
    /// TLS and HTTP.
    Transport,
    /// Messages of inbound mail.
    Mail,
}

impl Group {
    /// All groups, in the order in which they run.
    pub const ALL: [Group; 9] = [
        Group::Authentication,
        Group::Idempotency,
        Group::Order,
        Group::Shape,
        Group::Resilience,
        Group::Handshake,
        Group::Speed,
        Group::Transport,
        Group::Mail,
    ];

    /// Name, as typed and as printed.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Authentication => "authentication",
            Group::Idempotency => "idempotency",
            Group::Order => "order",
            Group::Shape => "shape",
            Group::Resilience => "resilience",
            Group::Handshake => "handshake",
            Group::Speed => "speed",
            Group::Transport => "transport",
            Group::Mail => "mail",
        }
    }
}

/// Documentation that a check is based on.
#[derive(Clone, Copy, Debug)]
pub enum Page {
    /// The provider's own page about its webhooks.
    Provider,
    /// The page with this URL.
    At(&'static str),
}

/// Standard Webhooks, the specification that most of the industry follows.
pub(super) const STANDARD: Page = Page::At(
    "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
);

/// Section on status codes of the HTTP specification.
pub(super) const HTTP: Page = Page::At("https://www.rfc-editor.org/rfc/rfc9110.html#section-15");

/// Steps of a check, or the reason to skip it.
#[derive(Clone, Debug)]
pub enum CheckSteps {
    /// No steps: the check does not apply, for this reason.
    Skip(String),
    /// Steps, one after another.
    Run(Vec<Step>),
}

impl CheckSteps {
    /// Skips the check, with a reason.
    pub(super) fn skip(why: impl Into<String>) -> CheckSteps {
        CheckSteps::Skip(why.into())
    }

    /// Sends these requests, one after another.
    pub(super) fn each(shots: impl IntoIterator<Item = CheckRequest>) -> CheckSteps {
        CheckSteps::Run(shots.into_iter().map(Step::Send).collect())
    }
}

/// Observations of all steps, in order.
#[derive(Debug, Default)]
pub struct Observations {
    /// Outcomes of the requests.
    pub answers: Vec<Observation>,
    /// Numbers that the probe returned.
    pub counts: Vec<i64>,
}

/// Observation of one request.
#[derive(Debug)]
pub struct Observation {
    /// The request.
    pub request: CheckRequest,
    /// Index of its step.
    pub step: usize,
    /// Response, or the reason why there was none.
    pub outcome: Outcome,
    /// Time from the request to the response.
    pub took: Duration,
}

/// Finding of a check.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Grade.
    pub grade: CheckStatus,
    /// Observed behaviour, in a few words.
    pub said: String,
    /// Index of the response that decided it.
    pub at: Option<usize>,
}

impl Finding {
    pub(super) fn pass(said: impl Into<String>) -> Finding {
        Self::new(CheckStatus::Pass, said, None)
    }

    pub(super) fn new(grade: CheckStatus, said: impl Into<String>, at: Option<usize>) -> Finding {
        Finding {
            grade,
            said: said.into(),
            at,
        }
    }
}
