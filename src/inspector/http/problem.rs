//! Error of the API: status, code, message and a hint, as JSON.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::error::Error;
use crate::inspector::search::query::FilterFault;
use crate::report::Untrusted;

/// Most bytes of a message or a hint, so that the body of an error stays below 1 KiB.
const MOST: usize = 400;

/// Error that a request gets.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Status of the response.
    pub status: StatusCode,
    /// Short name of the error, for programs.
    pub code: &'static str,
    /// Cause of the error.
    pub message: String,
    /// Advice on what to do.
    pub hint: String,
    /// Methods that are allowed, with 405.
    pub allow: Option<Box<HeaderValue>>,
    /// Members beside `error`, as JSON.
    pub beside: Option<Box<str>>,
}

impl Problem {
    /// Creates an error without a hint.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Problem {
        Problem {
            status,
            code,
            message: message.into(),
            hint: String::new(),
            allow: None,
            beside: None,
        }
    }

    /// Error for a request that is malformed.
    pub fn bad_request(message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// Error for a value that is well formed and unknown.
    pub fn unprocessable(message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", message)
    }

    /// Error of the command line, with its hints.
    pub fn of(error: &Error) -> Problem {
        let hints: Vec<String> = error.hints().iter().map(ToString::to_string).collect();
        Problem::unprocessable(error.what()).hint(hints.join("; "))
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Problem {
        Problem {
            hint: hint.into(),
            ..self
        }
    }

    /// Body of the response.
    pub fn body(&self) -> String {
        let error = json!({
            "code": self.code, "message": short(&self.message), "hint": short(&self.hint),
        });
        match &self.beside {
            Some(beside) => format!("{{\"error\":{error},{beside}}}\n"),
            None => format!("{{\"error\":{error}}}\n"),
        }
    }
}

/// Text with what is not printable escaped, cut at a length.
fn short(text: &str) -> String {
    let mut text = Untrusted::new(text).to_string();
    if text.len() > MOST {
        let end = (0..=MOST).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    text
}

impl From<FilterFault> for Problem {
    fn from(fault: FilterFault) -> Self {
        Problem::bad_request(fault.what).hint(fault.hint)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, *allow);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::Problem;

    #[test]
    fn the_body_of_an_error_is_short_and_escaped() {
        let long = "\u{202e}\"\u{1b}[31m".repeat(500);
        let body = Problem::bad_request(&long).hint(&long).body();
        assert!(body.len() <= 1024, "{}", body.len());
        assert!(!body.contains(['\u{202e}', '\u{1b}']), "{body}");
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["error"]["code"], "bad_request");
    }
}
