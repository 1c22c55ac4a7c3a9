//! Responses to the sender: those that `listen` gives itself, and those of a handler.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::io::client::Exchange;
use crate::io::server::Answer;
use crate::providers;
use crate::providers::{Challenged, Provider};
use crate::webhook::{Delivery, Headers, Outcome};

/// Response of `listen` where no `--forward-to` handler supplies one: `--status`, `--header`, `--body`.
#[derive(Clone, Debug)]
pub(crate) struct CannedResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

impl CannedResponse {
    /// Returns the response for a delivery that is not forwarded: challenge code, CloudEvents consent or canned
    /// response.
    pub(crate) fn respond(&self, delivery: &Delivery, challenged: Option<&Challenged>) -> Answer {
        let mut headers = self.headers.clone();
        if let Some(challenged) = challenged {
            let (kind, body) = challenged.answer();
            headers.set(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
            return Answer {
                headers,
                body: body.into(),
                ..Answer::of(self.status_for(Some(challenged)))
            };
        }
        // CloudEvents asks for permission with an OPTIONS request before it sends.
        if let (true, Some(origin)) = (
            delivery.method == http::Method::OPTIONS,
            delivery.headers.get("webhook-request-origin"),
        ) {
            headers.push(
                HeaderName::from_static("webhook-allowed-origin"),
                origin.clone(),
            );
            if delivery.headers.get("webhook-request-rate").is_some() {
                headers.push(
                    HeaderName::from_static("webhook-allowed-rate"),
                    HeaderValue::from_static("*"),
                );
            }
            headers.push(http::header::ALLOW, HeaderValue::from_static("POST"));
        }
        Answer {
            headers,
            body: self.body.clone(),
            ..Answer::of(self.status)
        }
    }

    /// Returns the status of [`Self::respond`]: a challenge code is returned with 200 unless `--status` is not a success.
    pub(crate) fn status_for(&self, challenged: Option<&Challenged>) -> StatusCode {
        match challenged {
            Some(_) if self.status.is_success() => StatusCode::OK,
            _ => self.status,
        }
    }
}

/// Returns a `text/plain` response.
pub(crate) fn plain(status: StatusCode, text: &str) -> Answer {
    let headers = [(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    )]
    .into_iter()
    .collect();
    Answer {
        headers,
        body: Bytes::copy_from_slice(text.as_bytes()),
        ..Answer::of(status)
    }
}

/// Returns the outcome of a request, and the response that the sender gets.
pub(crate) fn answer_to_sender(exchange: Exchange) -> (Outcome, Answer) {
    let failed = |status, why: &str| plain(status, &format!("{why}\n"));
    match exchange.answer {
        Ok(response) if response.cut => {
            let why = "its response is too long to be returned";
            let answer = failed(StatusCode::BAD_GATEWAY, why);
            (Outcome::Unreachable(why.into()), answer)
        }
        Ok(response) => {
            let answer = Answer {
                headers: response.headers.end_to_end(),
                body: response.body.clone(),
                ..Answer::of(response.status)
            };
            (Outcome::from(response), answer)
        }
        Err(outcome @ Outcome::TimedOut(_)) => {
            let why = "the handler did not respond in time";
            (outcome, failed(StatusCode::GATEWAY_TIMEOUT, why))
        }
        Err(outcome) => {
            let why = outcome.reason().unwrap_or_default();
            let why = format!("no response from the handler: {why}");
            (outcome, failed(StatusCode::BAD_GATEWAY, &why))
        }
    }
}

/// Returns the provider whose test certificate this GET asks for; `send` names that URL in what it signs.
pub(crate) fn asks_for_certificate(delivery: &Delivery) -> Option<&'static Provider> {
    let wanted = providers::certificate_at(delivery.path.as_str());
    wanted.filter(|_| delivery.method == http::Method::GET)
}

/// Returns the test certificate of a provider.
pub(crate) fn certificate(provider: &'static Provider) -> Answer {
    let pem = provider.test_public;
    let mut headers = Headers::new();
    headers.push(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-pem-file"),
    );
    Answer {
        headers,
        body: Bytes::from_static(pem.as_bytes()),
        ..Answer::of(StatusCode::OK)
    }
}
