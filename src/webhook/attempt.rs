//! One try at sending a delivery, and what came of it.

use std::time::Duration;

/// One try, told to the reporter.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The delivery's id; the same for every try.
    pub id: String,
    /// Where the delivery came from: `recording.ndjson:12`, `send click`.
    pub source: String,
    /// What it is about, for the reader: `click ada@example.com`.
    pub about: String,
    /// The provider whose shape it has.
    pub provider: Option<&'static str>,
    /// The first try is 1.
    pub number: u32,
    /// What came of it.
    pub outcome: Outcome,
    /// From the first byte sent until the whole answer was read.
    pub took: Duration,
    /// Whether no further try follows.
    pub last: bool,
}

/// What came of a try. Data to count and show, never an error that ends the run.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A whole answer was read.
    Answered {
        /// The answer's status code.
        status: u16,
        /// The answer's body, as far as it is kept.
        body: bytes::Bytes,
        /// Seconds that the answer asks to wait (`Retry-After`), if it asks.
        retry_after: Option<Duration>,
        /// Where a redirect points to, shown but never followed.
        location: Option<String>,
        /// Why it does not count as success, though it was answered.
        unexpected: Option<String>,
    },
    /// No answer within the time allowed.
    TimedOut(Duration),
    /// No connection, or no whole answer; the reason in words.
    Unreachable(String),
    /// No connection, nor will there be one the next time: no such host, a certificate that is not trusted.
    Impossible(String),
}

impl Outcome {
    /// The answer's status code, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Outcome::Answered { status, .. } => Some(*status),
            Outcome::TimedOut(_) | Outcome::Unreachable(_) | Outcome::Impossible(_) => None,
        }
    }

    /// Whether it is what was wanted: a 2xx, or what was expected in its place.
    pub fn succeeded(&self) -> bool {
        matches!(
            self,
            Outcome::Answered {
                unexpected: None,
                ..
            }
        )
    }

    /// Why it is no success, in words.
    pub fn reason(&self) -> Option<String> {
        match self {
            Outcome::Answered {
                unexpected,
                location: Some(location),
                ..
            } if unexpected.is_some() => {
                Some(format!("a redirect to {location}, which is not followed"))
            }
            Outcome::Answered { unexpected, .. } => unexpected.clone(),
            Outcome::TimedOut(span) => Some(format!("no answer within {} s", span.as_secs_f64())),
            Outcome::Unreachable(why) | Outcome::Impossible(why) => Some(why.clone()),
        }
    }

    /// The word for it in `--json`.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Answered {
                unexpected: Some(_),
                status,
                ..
            } if (200..300).contains(status) => "refused by expectation",
            Outcome::Answered { .. } => "answered",
            Outcome::TimedOut(_) => "timed out",
            Outcome::Unreachable(_) | Outcome::Impossible(_) => "unreachable",
        }
    }
}
