//! What a check is, and what comes of it.

use std::time::Duration;

use crate::checks::{CheckRequest, Context};
use crate::webhook::{CheckStatus, Outcome};

/// One question to a handler.
pub struct Check {
    /// The name to type.
    pub name: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// What is true of a handler that passes.
    pub title: &'static str,
    /// What is sent.
    pub sends: &'static str,
    /// What is expected.
    pub expects: &'static str,
    /// Why it matters, in one sentence.
    pub why: &'static str,
    /// What to do where it fails.
    pub advice: &'static str,
    /// What it rests on.
    pub page: Page,
    /// Whether it says something of a handler that does not even take what is right.
    pub alone: bool,
    /// What to send to this handler, or why there is nothing to send.
    pub plan: fn(&Context) -> Plan,
    /// What to make of what was seen.
    pub judge: fn(&Context, &Observations) -> Finding,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What belongs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Who may come in.
    Authentication,
    /// The same thing twice.
    Idempotency,
    /// Things in another order.
    Order,
    /// Whatever a provider may put into a body.
    Shape,
    /// What is broken.
    Resilience,
    /// What a provider asks before it trusts a URL.
    Handshake,
    /// How fast it answers.
    Speed,
    /// The way there.
    Transport,
}

impl Group {
    /// All of them, in the order in which they are run.
    pub const ALL: [Group; 8] = [
        Group::Authentication,
        Group::Idempotency,
        Group::Order,
        Group::Shape,
        Group::Resilience,
        Group::Handshake,
        Group::Speed,
        Group::Transport,
    ];

    /// The word for it.
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
        }
    }
}

/// The documentation that a check rests on.
#[derive(Clone, Copy, Debug)]
pub enum Page {
    /// The provider's own page about its webhooks.
    Provider,
    /// This page.
    At(&'static str),
}

/// The specification that most of the industry follows.
pub(super) const STANDARD: Page = Page::At(
    "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
);

/// What HTTP's own specification says of statuses.
pub(super) const HTTP: Page = Page::At("https://www.rfc-editor.org/rfc/rfc9110.html#section-15");

/// What to send, or why nothing is.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Nothing: it does not apply, for that reason.
    Skip(String),
    /// These steps, one after another.
    Run(Vec<Step>),
}

impl Plan {
    /// Does not apply.
    pub(super) fn skip(why: impl Into<String>) -> Plan {
        Plan::Skip(why.into())
    }

    /// These, one after another.
    pub(super) fn each(shots: impl IntoIterator<Item = CheckRequest>) -> Plan {
        Plan::Run(shots.into_iter().map(Step::Send).collect())
    }
}

/// One step of a check.
#[derive(Clone, Debug)]
pub enum Step {
    /// One request.
    Send(CheckRequest),
    /// The very bytes of the request of that number, again.
    Again(CheckRequest),
    /// The very same request so many times at once.
    Together(CheckRequest, u16),
    /// So many requests that differ in their ids, so many of them at once.
    Burst(CheckRequest, u16, u16),
    /// One request whose body arrives bit by bit, over that time.
    Slowly(CheckRequest, Duration),
    /// The number that the probe gives, when it has come to rest.
    Count,
}

/// What was seen of the steps, in their order.
#[derive(Debug, Default)]
pub struct Observations {
    /// The answers.
    pub answers: Vec<Observation>,
    /// The numbers.
    pub counts: Vec<i64>,
}

/// What came of one request.
#[derive(Debug)]
pub struct Observation {
    /// The request.
    pub request: CheckRequest,
    /// Which of the steps it belongs to.
    pub step: usize,
    /// What came of it.
    pub outcome: Outcome,
    /// How long that took.
    pub took: Duration,
}

/// What a check came to.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How it went.
    pub grade: CheckStatus,
    /// What was observed, in a few words.
    pub said: String,
    /// The answer that decided it.
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
