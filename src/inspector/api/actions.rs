//! Requests that do something: send events, send a delivery again, inject faults, empty the memory.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::json;
use serde_json::value::RawValue;

use crate::inspector::Inspector;
use crate::inspector::backend::Sent;
use crate::inspector::http::orders::{FaultOrder, ReplayOrder, SendOrder};
use crate::inspector::http::parameters::Parameters;
use crate::inspector::http::problem::Problem;
use crate::inspector::http::response::{blocking, json_response, raw_json};
use crate::inspector::http::strict_json;
use crate::webhook::Target;

/// `POST /api/v1/send`
pub async fn send(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let order = SendOrder::of(&strict_json::read(&body)?)?;
    inspector.allows(order.to.as_deref())?;
    blocking(move || Ok(response(&inspector.backend.send(&order)?))).await
}

/// `POST /api/v1/deliveries/{id}/replay`
pub async fn replay(
    State(inspector): State<Arc<Inspector>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let value = match body.is_empty() {
        true => json!({}),
        false => strict_json::read(&body)?,
    };
    let order = ReplayOrder::of(&value)?;
    inspector.allows(order.to.as_deref())?;
    blocking(move || {
        let (_, _, kept) = inspector.load(&id, false)?;
        Ok(response(&inspector.backend.replay(&kept, &order)?))
    })
    .await
}

/// Attempts and requests as JSON.
fn response(sent: &Sent) -> Response {
    let lines = |lines: &[String]| -> Vec<Box<RawValue>> {
        let lines = lines.iter().map(|line| line.trim_end().to_owned());
        lines
            .filter_map(|line| RawValue::from_string(line).ok())
            .collect()
    };
    json_response(&json!({"attempts": lines(&sent.attempts), "requests": lines(&sent.requests)}))
}

/// `GET /api/v1/faults`
pub async fn faults(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let faults = inspector.backend.faults().ok_or_else(no_listener)?;
    Ok(json_response(&faults))
}

/// `PUT /api/v1/faults`
pub async fn set_faults(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let order = FaultOrder::of(&strict_json::read(&body)?)?;
    let faults = inspector
        .backend
        .set_faults(Some(&order))
        .ok_or_else(no_listener)?;
    Ok(json_response(&faults))
}

/// `DELETE /api/v1/faults`
pub async fn reset_faults(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let faults = inspector.backend.set_faults(None).ok_or_else(no_listener)?;
    Ok(json_response(&faults))
}

fn no_listener() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "no_listener",
        "nothing is listened to, so nothing can fail",
    )
    .hint("`webhook-cli listen --ui` listens and inspects")
}

/// `DELETE /api/v1/deliveries`
pub async fn clear(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    if inspector.table.is_recorded() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "recorded",
            "a recording is not emptied",
        )
        .hint("start without `--record` to keep deliveries in memory alone"));
    }
    inspector.table.clear();
    Ok(json_response(&json!({"deliveries": 0})))
}

/// `GET /api/v1/catalogue[/{provider}[/{kind}]]`
pub async fn catalogue(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let lines = inspector.backend.catalogue(None, None)?;
    Ok(raw_json(format!("{{\"items\":[{}]}}\n", lines.join(","))))
}

/// `GET /api/v1/catalogue/{provider}`
pub async fn catalogue_provider(
    State(inspector): State<Arc<Inspector>>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let lines = inspector.backend.catalogue(Some(&provider), None)?;
    Ok(raw_json(lines.concat()))
}

/// `GET /api/v1/catalogue/{provider}/{kind}`
pub async fn catalogue_event(
    State(inspector): State<Arc<Inspector>>,
    Path((provider, kind)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let lines = inspector.backend.catalogue(Some(&provider), Some(&kind))?;
    Ok(raw_json(lines.concat()))
}

impl Inspector {
    /// An error for a target that the inspector may not send to.
    fn allows(&self, target: Option<&str>) -> Result<(), Problem> {
        let Some(typed) = target else {
            return Ok(());
        };
        let target = Target::parse(typed).map_err(|error| Problem::of(&error))?;
        let is_named = |known: &Target| known.origin() == target.origin();
        if target.is_loopback() || self.targets.iter().any(is_named) {
            return Ok(());
        }
        let origin = target.origin();
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "target_not_allowed",
            format!("the inspector does not send to {origin}"),
        )
        .hint(format!("start with `--ui-target {origin}` to allow it")))
    }
}
