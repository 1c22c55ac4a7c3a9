//! `GET /api/v1/compare`: two deliveries line by line.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use crate::inspector::Inspector;
use crate::inspector::api::body_lines::BodyLines;
use crate::inspector::http::parameters::Parameters;
use crate::inspector::http::problem::Problem;
use crate::inspector::http::response::{blocking, json_response};
use crate::inspector::store::kept::Kept;
use crate::report;
use crate::webhook::diff::lines::hunks;

/// Most lines that are compared.
const MOST: usize = 5000;

/// `GET /api/v1/compare?a=&b=`
pub async fn compare(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let parameters = Parameters::of(query.as_deref(), &["a", "b"])?;
    let id = |name: &str| match parameters.get(name) {
        Ok(Some(id)) => Ok(id.to_owned()),
        Ok(None) => Err(
            Problem::bad_request(format!("the parameter `{name}` is missing"))
                .hint("compare?a=ID&b=ID"),
        ),
        Err(problem) => Err(problem),
    };
    let (a, b) = (id("a")?, id("b")?);
    blocking(move || {
        let (left, right) = (inspector.load(&a, false)?.2, inspector.load(&b, false)?.2);
        let headers = (header_lines(&left), header_lines(&right));
        let bodies = (body_lines(&left)?, body_lines(&right)?);
        Ok(json_response(&json!({
            "a": a, "b": b,
            "headers": steps(&headers.0, &headers.1),
            "body": steps(&bodies.0, &bodies.1),
        })))
    })
    .await
}

/// Request line and header fields.
fn header_lines(kept: &Kept) -> Vec<String> {
    let delivery = report::masked_fixture(&kept.to_fixture()).delivery;
    let first = format!("{} {}", delivery.method, delivery.path);
    let fields = delivery.headers.spelled();
    let fields = fields.map(|(name, value)| {
        format!(
            "{}: {}",
            name.to_lowercase(),
            String::from_utf8_lossy(value.as_bytes())
        )
    });
    std::iter::once(first).chain(fields).collect()
}

fn body_lines(kept: &Kept) -> Result<Vec<String>, Problem> {
    let body = &kept.delivery.body;
    let all = BodyLines::of(body);
    if all.count() > MOST {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("the body of `{}` has {} lines", kept.id, all.count()),
        )
        .hint(format!(
            "bodies of up to {MOST} lines are compared; `webhook-cli diff` compares larger ones"
        )));
    }
    Ok((0..all.count())
        .filter_map(|at| all.line(at, body))
        .map(|(line, _)| line)
        .collect())
}

/// Steps from one text to the other: equal lines, a line less, a line more.
fn steps(left: &[String], right: &[String]) -> Vec<Value> {
    let one: Vec<&str> = left.iter().map(String::as_str).collect();
    let other: Vec<&str> = right.iter().map(String::as_str).collect();
    let mut steps = Vec::new();
    let mut at = 0;
    for (less, more) in hunks(&one, &other) {
        if less.start > at {
            steps.push(json!(["=", less.start - at]));
        }
        at = less.end;
        let lines = |range: std::ops::Range<usize>, all: &[&str], sign: &str| {
            let lines = all.get(range).unwrap_or_default().iter();
            lines.map(|line| json!([sign, line])).collect::<Vec<_>>()
        };
        steps.extend(lines(less, &one, "-"));
        steps.extend(lines(more, &other, "+"));
    }
    if left.len() > at {
        steps.push(json!(["=", left.len() - at]));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::steps;
    use serde_json::json;

    #[test]
    fn steps_lead_from_one_text_to_the_other() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let found = steps(&lines("a b c d"), &lines("a x c d e"));
        let wanted = [
            json!(["=", 1]),
            json!(["-", "b"]),
            json!(["+", "x"]),
            json!(["=", 2]),
            json!(["+", "e"]),
        ];
        assert_eq!(found, wanted);
        assert_eq!(steps(&lines("a"), &lines("a")), [json!(["=", 1])]);
    }
}
