//! Responses that `listen` gives itself.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

use crate::io::server::Answer;
use crate::webhook::Headers;

/// Response of `listen` where no `--forward-to` handler supplies one: `--status`, `--header`, `--body`.
#[derive(Clone, Debug)]
pub(crate) struct CannedResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
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
