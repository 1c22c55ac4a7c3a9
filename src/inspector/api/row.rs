//! Row of a list: a delivery in short.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::inspector::search::scan::Search;
use crate::inspector::store::entry::Entry;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::line_place::OpenRecording;
use crate::inspector::store::position::Position;
use crate::report::EventJson;
use crate::webhook::{Event, TimestampFormat, masked_path};

/// Recipients and message ids of a row at most.
const NAMED: usize = 3;

/// Rows that are worth a second thread.
const MANY: usize = 32;

/// Row, in the order of its members.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    address: Option<String>,
    at: String,
    method: &'a str,
    path: Cow<'a, str>,
    provider: Option<&'static str>,
    kinds: Vec<&'static str>,
    recipients: Vec<&'a str>,
    recipient_count: usize,
    message_ids: Vec<&'a str>,
    events: Events<'a>,
    verdict: &'static str,
    status: Option<u16>,
    micros: u32,
    bytes: u32,
    repeat: u16,
    handler: Option<RowHandler>,
    problems: usize,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

/// Events of a row: their number, or all of them.
#[derive(Serialize)]
#[serde(untagged)]
enum Events<'a> {
    Count(usize),
    All(Vec<EventJson<'a>>),
}

/// Result of the handler.
#[derive(Serialize)]
pub struct RowHandler {
    status: Option<u16>,
    micros: u32,
    target: Option<String>,
}

/// Rows of entries, read where they are kept, each half of many on a thread of its own.
pub fn all(search: &Search, entries: &[(Position, Entry)]) -> Vec<Box<RawValue>> {
    let rows = |part: &[(Position, Entry)]| -> Vec<Box<RawValue>> {
        let mut recording = OpenRecording::default();
        let part = part.iter();
        part.filter_map(|(at, entry)| one(search, &mut recording, *at, entry))
            .collect()
    };
    if entries.len() < MANY {
        return rows(entries);
    }
    let (early, late) = entries.split_at(entries.len() / 2);
    std::thread::scope(|scope| {
        let late = scope.spawn(|| rows(late));
        let mut all = rows(early);
        all.extend(late.join().unwrap_or_default());
        all
    })
}

/// Row of an entry; none if it cannot be written, which does not happen.
fn one(
    search: &Search,
    recording: &mut OpenRecording,
    at: Position,
    entry: &Entry,
) -> Option<Box<RawValue>> {
    match search.load_of(recording, at, entry) {
        Ok(kept) => to_raw_value(&row(search, entry, &kept)).ok(),
        Err(_) => to_raw_value(&gone(search, entry)).ok(),
    }
}

/// Row for the stream: with the events, and the type of `--json`.
pub fn streamed(search: &Search, entry: &Entry, kept: &Kept) -> String {
    let events = kept.receipt.events.iter().map(EventJson::of).collect();
    let row = Row {
        events: Events::All(events),
        kind: Some("received"),
        ..row(search, entry, kept)
    };
    serde_json::to_string(&row).unwrap_or_default()
}

fn row<'a>(search: &Search, entry: &Entry, kept: &'a Kept) -> Row<'a> {
    let (recipients, recipient_count) = named(kept, |event| event.recipient.as_deref());
    Row {
        id: &kept.id,
        address: search.address(entry),
        at: TimestampFormat::Rfc3339(6).write(kept.at),
        method: kept.delivery.method.as_str(),
        path: masked_path(kept.delivery.path.as_str()),
        provider: kept.receipt.provider,
        kinds: kinds(kept),
        recipients,
        recipient_count,
        message_ids: named(kept, |event| event.message_id.as_deref()).0,
        events: Events::Count(kept.receipt.events.len()),
        verdict: kept.receipt.signature.verdict.name(),
        status: entry.status(),
        micros: entry.micros,
        bytes: entry.bytes,
        repeat: entry.repeat,
        handler: handler(search, entry),
        problems: kept.receipt.problems.len(),
        kind: None,
    }
}

/// Result of the handler, if there is one.
pub fn handler(search: &Search, entry: &Entry) -> Option<RowHandler> {
    let result = entry.handler?;
    let rows = search.table.rows();
    Some(RowHandler {
        status: result.status(),
        micros: result.micros,
        target: rows.name(result.target()).map(ToString::to_string),
    })
}

/// Row of a delivery whose bytes are gone from its recording.
fn gone(search: &Search, entry: &Entry) -> Value {
    let rows = search.table.rows();
    json!({
        "id": rows.id(entry),
        "at": TimestampFormat::Rfc3339(6).write(entry.time()),
        "provider": entry.provider().and_then(|it| rows.name(it)).map(ToString::to_string),
        "kinds": entry.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "status": entry.status(),
        "bytes": entry.bytes,
        "gone": true,
    })
}

/// Kinds of the events, each once, in the order of the delivery.
fn kinds(kept: &Kept) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    for event in &kept.receipt.events {
        if !kinds.contains(&event.kind.name()) {
            kinds.push(event.kind.name());
        }
    }
    kinds
}

/// First different values of the events, and their number.
fn named<'a>(kept: &'a Kept, of: impl Fn(&'a Event) -> Option<&'a str>) -> (Vec<&'a str>, usize) {
    let mut first: Vec<&str> = Vec::new();
    let mut others = HashSet::new();
    for name in kept.receipt.events.iter().filter_map(of) {
        if first.contains(&name) {
            continue;
        }
        match first.len() < NAMED {
            true => first.push(name),
            false => _ = others.insert(name),
        }
    }
    let count = first.len() + others.len();
    (first, count)
}
