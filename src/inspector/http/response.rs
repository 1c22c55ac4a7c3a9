//! Responses with JSON, and work that blocks.

use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::inspector::http::problem::Problem;

/// Response with a JSON value.
pub fn json_response(value: &(impl serde::Serialize + ?Sized)) -> Response {
    raw_json(serde_json::to_string(value).unwrap_or_default() + "\n")
}

/// Response with JSON that is written already.
pub fn raw_json(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Does work that blocks, on a thread of its own.
pub async fn blocking(
    work: impl FnOnce() -> Result<Response, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        Err(Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the request could not be handled",
        ))
    })
}
