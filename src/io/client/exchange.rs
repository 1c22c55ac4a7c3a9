//! One exchange with a target: the response, as far as it is kept, and the outcome it amounts to.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;

use crate::io::client::retry_after;
use crate::webhook::{Headers, Outcome};

/// Most bytes of a response body kept in an [`Outcome`].
pub(crate) const KEPT: usize = 64 << 10;

/// Part of a response that is kept.
#[derive(Clone, Copy, Debug)]
pub enum Keep {
    /// The part that an [`Outcome`] needs: up to 64 KiB of the body, and the header fields unless the status is
    /// 2xx.
    Outcome,
    /// The whole response, with at most this many bytes of the body.
    Answer(usize),
}

impl Keep {
    /// Most bytes of the body that are kept.
    pub(crate) fn body(self) -> usize {
        match self {
            Keep::Outcome => KEPT,
            Keep::Answer(bytes) => bytes,
        }
    }

    /// True if the header fields of a response with this status are kept.
    pub(crate) fn fields(self, status: StatusCode) -> bool {
        matches!(self, Keep::Answer(_)) || !status.is_success()
    }
}

/// Result of one exchange with a target.
#[derive(Debug)]
pub struct Exchange {
    /// The complete response, or the outcome that says why there is none.
    pub answer: Result<HttpResponse, Outcome>,
    /// Time from connecting, or sending, to the last byte of the response.
    pub took: Duration,
    /// True if the request was sent a second time because a reused connection broke: the target may have received it
    /// twice.
    pub sent_twice: bool,
}

impl Exchange {
    /// Reduces the exchange to its outcome.
    pub fn outcome(self) -> Outcome {
        self.answer.map_or_else(|outcome| outcome, Outcome::from)
    }
}

/// Complete HTTP response.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The status code.
    pub status: StatusCode,
    /// Header fields, as far as they are kept.
    pub headers: Headers,
    /// Body, as far as it is kept.
    pub body: Bytes,
    /// True if the body was longer than the part kept.
    pub cut: bool,
}

impl From<HttpResponse> for Outcome {
    fn from(heard: HttpResponse) -> Self {
        let field = |name| heard.headers.get(name).map(HeaderValue::as_bytes);
        Outcome::Answered {
            status: heard.status.as_u16(),
            retry_after: field("retry-after")
                .and_then(|value| retry_after::read(value, Timestamp::now())),
            location: field("location").map(|value| String::from_utf8_lossy(value).into_owned()),
            unexpected: (!heard.status.is_success()).then(|| "not a 2xx".into()),
            body: heard.body,
        }
    }
}
