//! Attempts to send a delivery, and their outcomes.

use std::fmt;
use std::time::Duration;

use crate::webhook::{Event, masked_path};
/// One attempt, as given to the reporter.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Id of the delivery, equal for all its attempts.
    pub id: String,
    /// Source of the delivery: `recording.ndjson:12`, `send click`.
    pub source: String,
    /// Description for the reader: `click ada@example.com`.
    pub about: String,
    /// Target URL.
    pub target: String,
    /// Provider of the delivery, if recognised.
    pub provider: Option<&'static str>,
    /// Number of the attempt, from 1.
    pub number: u32,
    /// Result of the attempt.
    pub outcome: Outcome,
    /// Time from the first byte sent to the end of the response.
    pub took: Duration,
    /// True if no retry follows.
    pub last: bool,
    /// True if the attempt before failed in the same way, so that its response need not be shown again.
    pub repeats: bool,
    /// Its events, where they are written as JSON.
    pub events: Option<EventSummary>,
}

/// Kinds of a delivery's events, with the recipient and the message id of the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSummary {
    /// The kinds, each once.
    pub kinds: Vec<&'static str>,
    /// The recipient of the first.
    pub recipient: Option<String>,
    /// The message that the first is about.
    pub message_id: Option<String>,
}

impl EventSummary {
    /// Summarises these events.
    pub fn of(events: &[Event]) -> Self {
        let mut kinds: Vec<&'static str> = Vec::new();
        for event in events {
            let name = event.kind.name();
            if !kinds.contains(&name) {
                kinds.push(name);
            }
        }
        let first = events.first();
        Self {
            kinds,
            recipient: first.and_then(|event| event.recipient.clone()),
            message_id: first.and_then(|event| event.message_id.clone()),
        }
    }
}

/// Result of an attempt. Data to count and show, never an error that ends the run.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A complete response was received.
    Answered {
        /// Status code of the response.
        status: u16,
        /// Body of the response, as far as it is stored.
        body: bytes::Bytes,
        /// Wait that the response asks for (`Retry-After`).
        retry_after: Option<Duration>,
        /// Target of a redirect, shown but never followed.
        location: Option<String>,
        /// Reason why the response does not count as success.
        unexpected: Option<String>,
    },
    /// No response within `--timeout`.
    TimedOut(Duration),
    /// No connection, or no complete response; a retry may help.
    Unreachable(Reason),
    /// No connection, and a retry cannot help: unknown host, untrusted certificate.
    Impossible(Reason),
}

/// Reason for a missing response: its text and its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    words: String,
    cause: Cause,
}

/// Cause of a missing response, which decides the hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Connection refused: nothing listens there.
    Refused,
    /// Host name that cannot be resolved.
    Name,
    /// No connection in time.
    Slow,
    /// No connection for another reason.
    Connect,
    /// Untrusted certificate.
    Certificate,
    /// Failed TLS handshake.
    Tls,
    /// Server that speaks another protocol.
    Protocol,
    /// Connection that ended without a complete response.
    Answer,
}

impl Reason {
    /// Creates a reason from its cause and its text.
    pub fn new(cause: Cause, words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            cause,
        }
    }

    /// Text of the reason, without the address.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Text of the reason, with the address of the target.
    fn at(&self, target: &str) -> String {
        let words = &self.words;
        match self.cause {
            Cause::Refused | Cause::Slow | Cause::Connect => {
                format!("cannot connect to {target}: {words}")
            }
            Cause::Name | Cause::Certificate | Cause::Tls | Cause::Protocol | Cause::Answer => {
                format!("{target}: {words}")
            }
        }
    }
}

impl<T: Into<String>> From<T> for Reason {
    fn from(words: T) -> Self {
        Self::new(Cause::Answer, words)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Outcome {
    /// Status code of the response, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Outcome::Answered { status, .. } => Some(*status),
            Outcome::TimedOut(_) | Outcome::Unreachable(_) | Outcome::Impossible(_) => None,
        }
    }

    /// True for a success: a 2xx response, or the one that was expected instead.
    pub fn succeeded(&self) -> bool {
        matches!(
            self,
            Outcome::Answered {
                unexpected: None,
                ..
            }
        )
    }

    /// Reason of a failure, in words.
    pub fn reason(&self) -> Option<String> {
        match self {
            Outcome::Answered {
                unexpected,
                location: Some(location),
                ..
            } if unexpected.is_some() => {
                let location = masked_path(location);
                Some(format!("a redirect to {location}, which is not followed"))
            }
            Outcome::Answered { unexpected, .. } => unexpected.clone(),
            Outcome::TimedOut(span) => Some(format!("no response within {} s", span.as_secs_f64())),
            Outcome::Unreachable(why) | Outcome::Impossible(why) => Some(why.to_string()),
        }
    }

    /// Reason of a failure, in words; names the target if there was no response.
    pub fn reason_at(&self, target: &str) -> Option<String> {
        match self {
            Outcome::Answered { .. } => self.reason(),
            Outcome::TimedOut(span) => Some(format!(
                "no response from {target} within {} s",
                span.as_secs_f64()
            )),
            Outcome::Unreachable(why) | Outcome::Impossible(why) => Some(why.at(target)),
        }
    }

    /// Next step where there was no answer, by its cause; `target` is how a command is given its target: `--to`.
    pub fn hint(&self, target: &str) -> Option<String> {
        let why = match self {
            Outcome::Answered { .. } => return None,
            Outcome::TimedOut(_) => {
                return Some("`--timeout` sets how long a response is waited for".into());
            }
            Outcome::Unreachable(why) | Outcome::Impossible(why) => why,
        };
        Some(match why.cause {
            Cause::Refused => format!(
                "is your handler running? nothing listens there; start it, or name another target with `{target}`"
            ),
            Cause::Name => format!(
                "is the host spelled right? `{target}` takes an address such as `127.0.0.1:3000`, too"
            ),
            Cause::Slow => "`--connect-timeout` sets how long a connection is waited for".into(),
            Cause::Connect => {
                format!("can this machine reach that address? `{target}` names another target")
            }
            // The reason already says what to do.
            Cause::Certificate => return None,
            Cause::Tls => "a handler without TLS is reached at `http://\u{2026}`".into(),
            Cause::Protocol => "have the server speak HTTP/1.1 too, as most do by default".into(),
            Cause::Answer => "the handler's own log may say why it gave no response".into(),
        })
    }

    /// True if another attempt ended in the same way for the reader: the same reason and body.
    pub fn is_like(&self, other: &Outcome) -> bool {
        let body = |outcome: &Outcome| match outcome {
            Outcome::Answered { body, .. } => body.clone(),
            Outcome::TimedOut(_) | Outcome::Unreachable(_) | Outcome::Impossible(_) => {
                bytes::Bytes::new()
            }
        };
        self.status() == other.status()
            && self.reason() == other.reason()
            && body(self) == body(other)
    }

    /// Name in `--json`.
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
