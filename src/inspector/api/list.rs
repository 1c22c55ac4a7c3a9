//! Lists of deliveries: pages, exports, and all events of one message.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::inspector::Inspector;
use crate::inspector::api::row;
use crate::inspector::http::channel_body::ChannelBody;
use crate::inspector::http::parameters::Parameters;
use crate::inspector::http::problem::Problem;
use crate::inspector::http::response::{blocking, json_response};
use crate::inspector::search::filter::Filter;
use crate::inspector::search::scan::Wish;
use crate::inspector::store::entry::Entry;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::position::Position;
use crate::inspector::store::rows::Lookup;
use crate::report;
use crate::report::{HAR_BETWEEN, HAR_END, har, har_start};
use crate::webhook::{Fixture, Target, TimestampFormat, bare_message_id};

/// Rows of a page, if nothing else is asked for, and at most.
const LIMIT: usize = 200;
const MOST: usize = 1000;

/// Events of a message at most.
const MOST_EVENTS: usize = 1000;

/// Page of a list.
#[derive(Serialize)]
struct List {
    items: Vec<Box<RawValue>>,
    /// Id before which the next page ends.
    next: Option<String>,
    matched: usize,
    scanned: usize,
    complete: bool,
}

/// `GET /api/v1/deliveries`
pub async fn list(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (parameters, filter) = Parameters::with_filter(query.as_deref(), &["limit", "before"])?;
    let limit = parameters.number("limit", LIMIT, 1, MOST)?;
    let before = parameters
        .get("before")?
        .map(|id| inspector.end_of_page(id))
        .transpose()?;
    blocking(move || {
        let search = inspector.search();
        let mut found: Vec<(Position, Entry)> = Vec::new();
        let scanned = search.run(&filter, before, |at, entry| {
            found.push((at, entry.clone()));
            match found.len() < limit {
                true => Wish::More,
                false => Wish::Count,
            }
        });
        let is_last = scanned.matched == found.len();
        let next = found.last().filter(|_| !is_last).map(|(_, entry)| {
            let rows = search.table.rows();
            rows.id(entry)
        });
        found.reverse();
        Ok(json_response(&List {
            // In the order of arrival.
            items: row::all(&search, &found),
            next,
            matched: scanned.matched,
            scanned: scanned.scanned,
            complete: scanned.complete,
        }))
    })
    .await
}

/// `GET /api/v1/deliveries/as/{form}`: all deliveries that match, in the order of arrival.
pub async fn export(
    State(inspector): State<Arc<Inspector>>,
    Path(form): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (_, filter) = Parameters::with_filter(query.as_deref(), &[])?;
    let (is_har, kind) = match form.as_str() {
        "har" => (true, "application/json"),
        "ndjson" => (false, "application/x-ndjson"),
        _ => {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "not_found",
                format!("there is no export as `{form}`"),
            )
            .hint("`ndjson` or `har`"));
        }
    };
    let (give, body) = ChannelBody::new();
    // Written as it is read, by a thread of its own: an export may be larger than the memory.
    tokio::task::spawn_blocking(move || {
        write_all(&inspector, &filter, is_har, &mut |piece| {
            give.blocking_send(piece.into()).is_ok()
        });
    });
    let name = format!("attachment; filename=\"deliveries.{form}\"");
    Response::builder()
        .header(CONTENT_TYPE, kind)
        .header(CONTENT_DISPOSITION, name)
        .body(Body::new(body))
        .map_err(|_| Problem::bad_request("no response can be made"))
}

fn write_all(
    inspector: &Inspector,
    filter: &Filter,
    is_har: bool,
    give: &mut dyn FnMut(Vec<u8>) -> bool,
) {
    let search = inspector.search();
    let mut found = Vec::new();
    search.run(filter, None, |at, _| {
        found.push(at);
        Wish::More
    });
    let target = Target::parse("http://127.0.0.1:7878").ok();
    let mut goes_on = !is_har || give(har_start().into_bytes());
    for (count, at) in found.into_iter().rev().enumerate() {
        let entry = search.table.rows().at(at).cloned();
        let fixture = entry.and_then(|entry| search.load(at, &entry).ok());
        let Some(kept) = fixture.filter(|_| goes_on) else {
            continue;
        };
        let fixture = report::masked_fixture(&with_reply(&kept));
        goes_on = match (is_har, &target) {
            (true, Some(target)) => {
                (count == 0 || give(HAR_BETWEEN.as_bytes().to_vec()))
                    && give(har(&fixture.delivery, target, kept.at))
            }
            _ => give(fixture.to_line().into_bytes()),
        };
    }
    if is_har && goes_on {
        give(HAR_END.as_bytes().to_vec());
    }
}

/// The delivery as a fixture, with what its sender got.
pub fn with_reply(kept: &Kept) -> Fixture {
    Fixture {
        reply: kept
            .status
            .map(|status| crate::webhook::Reply::new(status, kept.took, None)),
        ..kept.to_fixture()
    }
}

/// `GET /api/v1/messages/{provider}/{message}`: events of a message over all deliveries, in the order of their times.
pub async fn message(
    State(inspector): State<Arc<Inspector>>,
    Path((provider, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::of(query.as_deref(), &[])?;
    let mut filter = Filter::default();
    filter
        .add("provider", &provider)
        .map_err(|fault| Problem::unprocessable(fault.what).hint(fault.hint))?;
    filter.add("message", &id)?;
    blocking(move || {
        let search = inspector.search();
        let mut found = Vec::new();
        let scanned = search.run(&filter, None, |at, entry| {
            found.push((at, entry.clone()));
            match found.len() < MOST_EVENTS {
                true => Wish::More,
                false => Wish::Nothing,
            }
        });
        let mut events: Vec<(String, Value)> = Vec::new();
        for (at, entry) in found.iter().rev() {
            let Ok(kept) = search.load(*at, entry) else {
                continue;
            };
            for event in kept.receipt.events.iter().filter(|it| is_of(it, &id)) {
                let mut value = json!(report::EventJson::of(event));
                let time = TimestampFormat::Rfc3339(6).write(event.at.unwrap_or(kept.at));
                if let Some(members) = value.as_object_mut() {
                    members.insert("delivery".into(), kept.id.as_str().into());
                    members.insert(
                        "received_at".into(),
                        TimestampFormat::Rfc3339(6).write(kept.at).into(),
                    );
                    members.insert("count".into(), entry.repeat.into());
                    members.insert("status".into(), entry.status().into());
                    members.insert("handler".into(), json!(row::handler(&search, entry)));
                }
                events.push((time, value));
            }
        }
        // RFC 3339 in UTC sorts as text; the order of arrival decides between equal times.
        events.sort_by(|one, other| one.0.cmp(&other.0));
        let events: Vec<Value> = events.into_iter().map(|(_, event)| event).collect();
        Ok(json_response(&json!({
            "provider": provider, "message": id, "events": events, "complete": scanned.complete,
        })))
    })
    .await
}

fn is_of(event: &crate::webhook::Event, id: &str) -> bool {
    let own = event.message_id.as_deref();
    own.is_some_and(|own| bare_message_id(own) == bare_message_id(id))
}

impl Inspector {
    /// Position before which a page ends that asks for what came before this id. The memory may have dropped it
    /// since the page before was given: then nothing of the memory is left to list, and that is no error.
    fn end_of_page(&self, id: &str) -> Result<Position, Problem> {
        let end = self.table.rows().end_of_page(id);
        end.ok_or_else(|| unknown_id(id))
    }

    /// Delivery with this id.
    pub fn found(&self, id: &str) -> Result<(Position, Entry), Problem> {
        match self.table.rows().find(id) {
            Lookup::Found(position, entry) => Ok((position, *entry)),
            Lookup::Dropped => {
                let most = self.table.bounds().deliveries;
                Err(Problem::new(
                    StatusCode::GONE,
                    "gone",
                    format!("kept are the last {most}"),
                )
                .hint("`--keep N` keeps more, and `--record FILE` keeps all"))
            }
            Lookup::Unknown => Err(unknown_id(id)),
        }
    }
}

fn unknown_id(id: &str) -> Problem {
    let message = format!("there is no delivery `{id}`");
    Problem::new(StatusCode::NOT_FOUND, "unknown_id", message)
        .hint("`GET /api/v1/deliveries` lists them")
}
