//! Paths and methods of the server.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, RawQuery, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;
use http::header::ALLOW;
use serde_json::json;

use crate::inspector::Inspector;
use crate::inspector::api::guard::{guard, longest_body, too_large};
use crate::inspector::api::{actions, compare, deliveries, list, page, statistics, stream};
use crate::inspector::http::parameters::Parameters;
use crate::inspector::http::problem::Problem;
use crate::inspector::http::response::{json_response, raw_json};

/// Description of the API, as it is served.
pub const OPENAPI: &str = include_str!("openapi.json");

/// Router of all requests.
pub fn router(inspector: &Arc<Inspector>) -> Router {
    let mut router = Router::new();
    for (path, methods) in api() {
        router = router.route(&format!("/api/v1{path}"), methods);
    }
    for path in page::paths() {
        router = router.route(path, get(page::file));
    }
    router
        .fallback(not_found)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(inspector), limited))
        .layer(from_fn_with_state(Arc::clone(inspector), guard))
        .with_state(Arc::clone(inspector))
}

/// Paths of the API with their methods.
fn api() -> [(&'static str, MethodRouter<Arc<Inspector>>); 21] {
    [
        ("/health", get(health)),
        ("/session", get(session)),
        ("/openapi.json", get(openapi)),
        ("/deliveries", get(list::list).delete(actions::clear)),
        ("/deliveries/as/{form}", get(list::export)),
        ("/deliveries/{id}", get(deliveries::detail)),
        ("/deliveries/{id}/body", get(deliveries::body)),
        ("/deliveries/{id}/explain", get(deliveries::explain)),
        (
            "/deliveries/{id}/attachments/{number}",
            get(deliveries::attachment),
        ),
        (
            "/deliveries/{id}/as/{form}",
            get(deliveries::as_form).post(deliveries::as_form_with_credentials),
        ),
        ("/deliveries/{id}/replay", post(actions::replay)),
        ("/messages/{provider}/{message}", get(list::message)),
        ("/compare", get(compare::compare)),
        ("/stats", get(statistics::stats)),
        ("/stream", get(stream::stream)),
        ("/wait", get(stream::wait)),
        ("/send", post(actions::send)),
        (
            "/faults",
            get(actions::faults)
                .put(actions::set_faults)
                .delete(actions::reset_faults),
        ),
        ("/catalogue", get(actions::catalogue)),
        ("/catalogue/{provider}", get(actions::catalogue_provider)),
        (
            "/catalogue/{provider}/{kind}",
            get(actions::catalogue_event),
        ),
    ]
}

/// Reads the body up to its limit, and makes a problem of what the router rejects.
async fn limited(
    State(inspector): State<Arc<Inspector>>,
    request: Request,
    next: Next,
) -> Response {
    let most = longest_body(&inspector, &request);
    let method = request.method().clone();
    let (head, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, usize::try_from(most).unwrap_or(usize::MAX)).await else {
        return too_large(most).into_response();
    };
    let response = next.run(Request::from_parts(head, Body::from(bytes))).await;
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    Problem {
        allow: response.headers().get(ALLOW).cloned().map(Box::new),
        ..Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("`{method}` is not allowed here"),
        )
        .hint("the field `Allow` lists the methods")
    }
    .into_response()
}

async fn not_found(request: Request) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("there is no `{}`", request.uri().path()),
    )
    .hint("`GET /api/v1/openapi.json` describes the API")
}

/// `GET /api/v1/health`
async fn health(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let deliveries = inspector.table.rows().count();
    let session = inspector.backend.session();
    Ok(json_response(&json!({
        "version": env!("CARGO_PKG_VERSION"), "listening": session.get("listening"), "deliveries": deliveries,
    })))
}

/// `GET /api/v1/session`
async fn session(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let mut session = inspector.backend.session();
    let rows = inspector.table.rows();
    let bounds = inspector.table.bounds();
    let kept = json!({
        "where": if inspector.table.is_recorded() { "recording" } else { "memory" },
        "deliveries": rows.count(), "most": bounds.deliveries, "most_bytes": bounds.bytes,
    });
    if let Some(members) = session.as_object_mut() {
        members.insert("version".into(), env!("CARGO_PKG_VERSION").into());
        members.insert("kept".into(), kept);
        members.insert("dropped".into(), rows.dropped().into());
        members.insert("reading".into(), rows.is_reading().into());
        members.insert("problems".into(), rows.problems().into());
        members.insert("started".into(), inspector.started.to_string().into());
    }
    Ok(json_response(&session))
}

/// `GET /api/v1/openapi.json`
async fn openapi(RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    Ok(raw_json(OPENAPI.to_owned()))
}
