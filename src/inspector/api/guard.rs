//! Guard before all requests: only this host, only our own page, only those who have the key.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::inspector::Inspector;
use crate::inspector::http::problem::Problem;
use crate::report::Untrusted;

/// Longest head, in bytes.
const LONGEST_HEAD: usize = 16 << 10;

/// Longest body of a request, but for `replay`, which takes as much as the listener does.
const LONGEST_BODY: u64 = 1 << 20;

/// Time that a wrong key takes: five a second can be tried.
const WRONG_KEY: Duration = Duration::from_millis(200);

/// Header fields of every response.
const FIELDS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// Rejects a request that is not for us or not from us, and adds the header fields of every response.
pub async fn guard(
    State(inspector): State<Arc<Inspector>>,
    request: Request,
    next: Next,
) -> Response {
    let allowed = match check(&inspector, &request) {
        Ok(()) if is_authorized(&inspector, &request) => Ok(()),
        Ok(()) => Err(wrong_key(&inspector).await),
        Err(problem) => Err(problem),
    };
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in FIELDS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}

fn check(inspector: &Inspector, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let head: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if head + request.uri().path().len() + request.uri().query().map_or(0, str::len) > LONGEST_HEAD
    {
        return Err(Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "head_too_large",
            "the head of the request is longer than 16 KiB",
        ));
    }
    host(inspector, request)?;
    origin(inspector, request)?;
    media_type(request)?;
    length(inspector, request)
}

/// The authority must be one of ours, with its port: a name that was rebound to this address is not.
fn host(inspector: &Inspector, request: &Request) -> Result<(), Problem> {
    let mut fields = request.headers().get_all(HOST).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return Err(Problem::bad_request(
            "the request has no `Host` field, or several",
        ));
    };
    let authority = match request.uri().authority() {
        Some(authority) => authority.as_str().as_bytes(),
        None => field.as_bytes(),
    };
    let is_ours = |host: &String| host.as_bytes().eq_ignore_ascii_case(authority);
    if inspector.hosts.iter().any(is_ours) {
        return Ok(());
    }
    let given = Untrusted::new(authority).to_string();
    Err(Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "wrong_host",
        format!("this is not `{given}`"),
    )
    .hint(format!(
        "use http://{}; `--ui-host NAME` allows another name",
        inspector.hosts.first().map_or("127.0.0.1", String::as_str)
    )))
}

/// Only our own page may ask from within a browser; anybody may navigate to `/`.
fn origin(inspector: &Inspector, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).map(|it| it.to_str().unwrap_or("?"));
    let is_navigation = request.method() == Method::GET
        && request.uri().path() == "/"
        && text("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
        && text("sec-fetch-dest").is_none_or(|dest| dest == "document");
    let forbidden = |why: String| {
        Err(Problem::new(StatusCode::FORBIDDEN, "other_origin", why)
            .hint("open the inspector's own page, or ask from a program that is no browser"))
    };
    match text("sec-fetch-site") {
        None | Some("same-origin" | "none") => {}
        Some(_) if is_navigation => {}
        Some(site) => {
            return forbidden(format!(
                "requests from another site are rejected ({})",
                Untrusted::new(site)
            ));
        }
    }
    match text(ORIGIN.as_str()) {
        None => Ok(()),
        Some(origin) => {
            let is_ours = |host: &String| {
                let own = origin.strip_prefix("http://");
                own.is_some_and(|own| own.eq_ignore_ascii_case(host))
            };
            match inspector.hosts.iter().any(is_ours) {
                true => Ok(()),
                false => forbidden(format!(
                    "requests from {} are rejected",
                    Untrusted::new(origin)
                )),
            }
        }
    }
}

/// A form of another page cannot send JSON without being asked first.
fn media_type(request: &Request) -> Result<(), Problem> {
    if ![Method::POST, Method::PUT, Method::PATCH].contains(request.method()) {
        return Ok(());
    }
    let given = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|it| it.to_str().ok());
    let essence = given.map(|it| {
        it.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    });
    match essence.as_deref() {
        Some("application/json") => Ok(()),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "the body of a request is `application/json`",
        )
        .hint("send `Content-Type: application/json`")),
    }
}

fn length(inspector: &Inspector, request: &Request) -> Result<(), Problem> {
    let length = request.headers().get(http::header::CONTENT_LENGTH);
    let length: Option<u64> = length.and_then(|it| it.to_str().ok()?.parse().ok());
    let most = longest_body(inspector, request);
    match length {
        Some(length) if length > most => Err(too_large(most)),
        _ => Ok(()),
    }
}

/// Longest body of this request, in bytes.
pub fn longest_body(inspector: &Inspector, request: &Request) -> u64 {
    match request.uri().path().ends_with("/replay") {
        // In JSON a byte may take six.
        true => (inspector.max_body as u64)
            .saturating_mul(2)
            .max(LONGEST_BODY),
        false => LONGEST_BODY,
    }
}

/// Error for a body that is too long.
pub fn too_large(most: u64) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("the body is longer than {most} bytes"),
    )
}

/// True if the request has the key, if there is one. The page's own files are for all.
fn is_authorized(inspector: &Inspector, request: &Request) -> bool {
    let Some(key) = &inspector.key else {
        return true;
    };
    let given = given_key(request.headers());
    !request.uri().path().starts_with("/api/")
        || given.is_some_and(|given| is_equal(given, key.as_bytes()))
}

/// Error for a request without the key.
async fn wrong_key(inspector: &Inspector) -> Problem {
    // One after another, so that guessing does not get faster with more connections.
    let _turn = inspector.wrong_keys.lock().await;
    tokio::time::sleep(WRONG_KEY).await;
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "wrong_key",
        "the key is missing or wrong",
    )
    .hint("send `Authorization: Bearer KEY` with the key of `--ui-key`")
}

fn given_key(headers: &HeaderMap) -> Option<&[u8]> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let (field, None) = (fields.next()?, fields.next()) else {
        return None;
    };
    let (scheme, key) = field.as_bytes().split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(key)
}

/// Compares in a time that depends on the lengths alone.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    use sha2::{Digest, Sha256};
    // Of equal length, whatever was given.
    let (one, other) = (Sha256::digest(one), Sha256::digest(other));
    one.iter()
        .zip(&other)
        .fold(0, |all, (one, other)| all | (one ^ other))
        == 0
}
