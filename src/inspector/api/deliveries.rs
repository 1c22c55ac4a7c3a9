//! One delivery: all that is known about it, its body in lines, its signature explained, its request in other forms.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::inspector::Inspector;
use crate::inspector::api::body_lines::{BodyLines, hex_len, hex_line};
use crate::inspector::api::decoded_body::DecodedBody;
use crate::inspector::api::list::with_reply;
use crate::inspector::http::parameters::Parameters;
use crate::inspector::http::problem::Problem;
use crate::inspector::http::response::{blocking, json_response, raw_json};
use crate::inspector::http::strict_json;
use crate::inspector::store::entry::Entry;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::position::Position;
use crate::providers;
use crate::providers::What;
use crate::report;
use crate::report::{HAR_END, curl, har, har_start, http, vegeta};
use crate::webhook::{Delivery, Receipt, Target};

/// Lines of a body that are given, if nothing else is asked for, and at most.
const LINES: usize = 2000;
const MOST_LINES: usize = 20_000;

/// Bytes of lines after which no more are given.
const MOST_BYTES: usize = 4 << 20;

impl Inspector {
    /// Reads the delivery with this id, with its recorded responses if they are asked for.
    pub fn load(&self, id: &str, answers: bool) -> Result<(Position, Entry, Arc<Kept>), Problem> {
        let (position, entry) = self.found(id)?;
        let kept = self.search().load(position, &entry).map_err(|_| {
            Problem::new(
                StatusCode::GONE,
                "gone",
                format!("the delivery `{id}` is no longer in its recording"),
            )
            .hint("the file was cut, replaced or edited since it was read")
        })?;
        let kept = match (answers, entry.kept.is_none(), entry.place) {
            (true, true, Some(place)) => self.with_answers(&kept, place.file, place.offset),
            _ => kept,
        };
        Ok((position, entry, kept))
    }
}

/// `GET /api/v1/deliveries/{id}`
pub async fn detail(
    State(inspector): State<Arc<Inspector>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    blocking(move || {
        let (_, _, kept) = inspector.load(&id, true)?;
        let received = report::received_json(&kept.as_received());
        let forwarded: Vec<Box<RawValue>> = kept
            .answers()
            .iter()
            .filter_map(|answer| RawValue::from_string(report::recorded_answer_json(answer)).ok())
            .collect();
        let response = match kept.response.is_empty() {
            true => Value::Null,
            false => json!({"text": String::from_utf8_lossy(&kept.response)}),
        };
        let members = json!({
            "forwarded": forwarded,
            "unknown_fields": unknown_fields(&kept.delivery, &kept.receipt),
            "response": response,
            "content_type": kept.delivery.headers.text("content-type"),
            "bytes": kept.delivery.body.len(),
        })
        .to_string();
        let head = received.trim_end().strip_suffix('}').unwrap_or(&received);
        let tail = members.strip_prefix('{').unwrap_or(&members);
        Ok(raw_json(format!("{head},{tail}\n")))
    })
    .await
}

/// Members of a delivery that no example of its provider has, with the page that describes the provider's fields.
fn unknown_fields(delivery: &Delivery, receipt: &Receipt) -> Vec<Value> {
    let provider = receipt.provider.and_then(providers::find);
    let Some((provider, shape)) = provider.and_then(|it| Some((it, providers::shape_of(it)?)))
    else {
        return Vec::new();
    };
    let page = provider.pages().first().copied();
    let mut found: Vec<(String, String)> = Vec::new();
    for observed in shape.observe(delivery) {
        for deviation in observed.deviations {
            if let What::Unknown(kind) = &deviation.what
                && !found.iter().any(|(place, _)| *place == deviation.place)
            {
                found.push((deviation.place.clone(), kind.clone()));
            }
        }
    }
    let one = |(place, kind)| {
        json!({
            "place": place, "type": kind, "page": page.map(|it| it.url), "read": page.map(|it| it.read),
        })
    };
    found.into_iter().map(one).collect()
}

/// `GET /api/v1/deliveries/{id}/body`
pub async fn body(
    State(inspector): State<Arc<Inspector>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let parameters = Parameters::of(query.as_deref(), &["form", "from", "lines"])?;
    let form = parameters
        .word("form", &["pretty", "raw", "hex", "decoded"])?
        .unwrap_or("pretty");
    let from = parameters.number("from", 0, 0, usize::MAX)?;
    let lines = parameters.number("lines", LINES, 1, MOST_LINES)?;
    blocking(move || {
        let (_, _, kept) = inspector.load(&id, false)?;
        let body = &kept.delivery.body;
        match form {
            "raw" => file(body, "body"),
            "hex" => {
                let shown = (from..).take(lines).map_while(|at| hex_line(at, body));
                Ok(json_response(&json!({
                    "lines": shown.collect::<Vec<_>>(), "folds": [], "from": from, "of": hex_len(body),
                })))
            }
            "decoded" => {
                let decoded = DecodedBody::of(&kept.delivery);
                let mut page = match &decoded {
                    Some(it) => pretty(&it.lines, &it.text, from, lines),
                    None => pretty(&BodyLines::of(body), body, from, lines),
                };
                if let Some(members) = page.as_object_mut() {
                    members.insert("decoded".into(), decoded.is_some().into());
                }
                Ok(json_response(&page))
            }
            _ => Ok(json_response(&pretty(&BodyLines::of(body), body, from, lines))),
        }
    })
    .await
}

/// `GET /api/v1/deliveries/{id}/attachments/{number}`: content of a file of a mail; those of all mails are counted from 0.
pub async fn attachment(
    State(inspector): State<Arc<Inspector>>,
    Path((id, number)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    blocking(move || {
        let (_, _, kept) = inspector.load(&id, false)?;
        let mut files = kept.receipt.mails.iter().flat_map(|mail| &mail.attachments);
        let found = number.parse().ok().and_then(|number| files.nth(number));
        match found.and_then(|it| it.content.as_ref()) {
            Some(content) => file(content, "attachment"),
            None => Err(Problem::new(
                StatusCode::NOT_FOUND,
                "not_found",
                format!("the delivery `{id}` has no content of an attachment `{number}`"),
            )
            .hint("its member `mail` lists the attachments; the first one is 0")),
        }
    })
    .await
}

/// Bytes that a browser saves and never shows.
fn file(body: &Bytes, name: &str) -> Result<Response, Problem> {
    Response::builder()
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        )
        .body(Body::from(body.clone()))
        .map_err(|_| Problem::bad_request("no response can be made"))
}

fn pretty(all: &BodyLines, body: &[u8], from: usize, most: usize) -> Value {
    let (mut lines, mut cut, mut bytes) = (Vec::new(), Vec::new(), 0);
    for at in (from..all.count()).take(most) {
        let Some((line, of)) = all.line(at, body) else {
            break;
        };
        bytes += line.len();
        if let Some(of) = of {
            cut.push(json!([at, line.len(), of]));
        }
        lines.push(line);
        if bytes > MOST_BYTES {
            break;
        }
    }
    let end = from + lines.len();
    let folds = all
        .folds()
        .iter()
        .filter(|[first, _]| (from..end).contains(first));
    json!({
        "lines": lines, "folds": folds.collect::<Vec<_>>(), "from": from, "of": all.count(), "cut": cut,
    })
}

/// `GET /api/v1/deliveries/{id}/explain`
pub async fn explain(
    State(inspector): State<Arc<Inspector>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    blocking(move || {
        let (_, _, kept) = inspector.load(&id, false)?;
        Ok(raw_json(inspector.backend.explain(&kept)))
    })
    .await
}

/// `GET /api/v1/deliveries/{id}/as/{form}`: credentials are masked.
pub async fn as_form(
    State(inspector): State<Arc<Inspector>>,
    Path((id, form)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    blocking(move || in_form(&inspector, &id, &form, false)).await
}

/// `POST /api/v1/deliveries/{id}/as/{form}` with `{"credentials":"keep"}`: credentials are as they came.
pub async fn as_form_with_credentials(
    State(inspector): State<Arc<Inspector>>,
    Path((id, form)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let value = strict_json::read(&body)?;
    let members = strict_json::Members::of(&value, "", &["credentials"])?;
    let keeps = match members.text("credentials")? {
        Some("keep") => true,
        None | Some("mask") => false,
        Some(_) => {
            return Err(Problem::bad_request(
                "`/credentials` is to be `keep` or `mask`",
            ));
        }
    };
    blocking(move || in_form(&inspector, &id, &form, keeps)).await
}

fn in_form(inspector: &Inspector, id: &str, form: &str, keeps: bool) -> Result<Response, Problem> {
    let (_, _, kept) = inspector.load(id, true)?;
    let fixture = with_reply(&kept);
    let fixture = match keeps {
        true => fixture,
        false => report::masked_fixture(&fixture),
    };
    let target = inspector.usual_target();
    let mut delivery = fixture.delivery.clone();
    delivery.aim(target.path_for(&delivery.path));
    let (bytes, kind) = match form {
        "curl" => (curl(&delivery, &target), "text/plain; charset=utf-8"),
        "http" => (http(&delivery, &target), "application/octet-stream"),
        "json" => (fixture.to_pretty().into_bytes(), "application/json"),
        "har" => {
            let entry = har(&delivery, &target, kept.at);
            let all = [har_start().into_bytes(), entry, HAR_END.into()].concat();
            (all, "application/json")
        }
        "vegeta" => (vegeta(&delivery, &target), "application/json"),
        _ => {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "not_found",
                format!("there is no form `{form}`"),
            )
            .hint("curl, http, json, har, vegeta"));
        }
    };
    Response::builder()
        .header(CONTENT_TYPE, kind)
        .body(Body::from(bytes))
        .map_err(|_| Problem::bad_request("no response can be made"))
}

impl Inspector {
    /// Handler, or else a local address, for printed requests.
    fn usual_target(&self) -> Target {
        let local = || {
            Target::parse("http://127.0.0.1:7878").unwrap_or_else(|_| unreachable!("it is a URL"))
        };
        self.targets.first().cloned().unwrap_or_else(local)
    }
}
