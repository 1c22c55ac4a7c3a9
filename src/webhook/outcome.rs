//! One try at sending a delivery, and what came of it.

use std::fmt;
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
    /// Where it went, as a URL.
    pub target: String,
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
    /// Whether the try before failed alike, so that its answer need not be shown again.
    pub repeats: bool,
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
    /// No connection, or no whole answer.
    Unreachable(Reason),
    /// No connection, nor will there be one the next time: no such host, a certificate that is not trusted.
    Impossible(Reason),
}

/// Why there was no answer: in words, and by what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    words: String,
    cause: Cause,
}

/// What can be done about a missing answer depends on this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The connection was refused: nothing listens there.
    Refused,
    /// The name of the host cannot be resolved.
    Name,
    /// No connection in time.
    Slow,
    /// Another reason why there is no connection.
    Connect,
    /// The certificate is not trusted.
    Certificate,
    /// TLS did not come about.
    Tls,
    /// The server speaks another protocol.
    Protocol,
    /// There was a connection, and no whole answer over it.
    Answer,
}

impl Reason {
    /// A reason of that cause.
    pub fn new(cause: Cause, words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            cause,
        }
    }

    /// The reason in words, without the address.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// The same with the address of the target.
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
            Outcome::TimedOut(span) => Some(format!("no response within {} s", span.as_secs_f64())),
            Outcome::Unreachable(why) | Outcome::Impossible(why) => Some(why.to_string()),
        }
    }

    /// Why it is no success, in words with the address of the target where there was no answer.
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

    /// What to try where there was no answer.
    pub fn hint(&self) -> Option<&'static str> {
        let why = match self {
            Outcome::Answered { .. } => return None,
            Outcome::TimedOut(_) => {
                return Some("`--timeout` sets how long a response is waited for");
            }
            Outcome::Unreachable(why) | Outcome::Impossible(why) => why,
        };
        Some(match why.cause {
            Cause::Refused => {
                "is your handler running? nothing listens there; start it, or name another target with `--to`"
            }
            Cause::Name => {
                "is the host spelled right? `--to` takes an address such as `127.0.0.1:3000`, too"
            }
            Cause::Slow => "`--connect-timeout` sets how long a connection is waited for",
            Cause::Connect => "can this machine reach that address? `--to` names another target",
            // The reason itself says what to do.
            Cause::Certificate => return None,
            Cause::Tls => "a handler without TLS is reached at `http://\u{2026}`",
            Cause::Protocol => "have the server speak HTTP/1.1 too, as most do by default",
            Cause::Answer => "the handler's own log may say why it gave no response",
        })
    }

    /// Whether another try ended in the same way, as the reader sees it.
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
