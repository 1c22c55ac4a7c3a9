//! Row of a list: a delivery in short.

use serde_json::{Value, json};

use crate::inspector::store::entry::Entry;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::position::Position;
use crate::inspector::store::scan::Search;
use crate::report;
use crate::webhook::{TimestampFormat, masked_path};

/// Recipients and message ids of a row at most.
const NAMED: usize = 3;

/// Row of an entry, read where it is kept.
pub fn one(search: &Search, at: Position, entry: &Entry) -> Value {
    match search.load(at, entry) {
        Ok(kept) => row(search, entry, &kept),
        Err(_) => gone(search, entry),
    }
}

/// Row of a delivery with its entry.
pub fn row(search: &Search, entry: &Entry, kept: &Kept) -> Value {
    json!({
        "id": kept.id,
        "address": search.address(entry),
        "at": TimestampFormat::Rfc3339(6).write(kept.at),
        "method": kept.delivery.method.as_str(),
        "path": masked_path(kept.delivery.path.as_str()),
        "provider": kept.receipt.provider,
        "kinds": kinds(kept),
        "recipients": named(kept, |event| event.recipient.as_deref()).0,
        "recipient_count": named(kept, |event| event.recipient.as_deref()).1,
        "message_ids": named(kept, |event| event.message_id.as_deref()).0,
        "events": kept.receipt.events.len(),
        "verdict": kept.receipt.signature.verdict.name(),
        "status": entry.status,
        "micros": entry.micros,
        "bytes": entry.bytes,
        "repeat": entry.repeat,
        "handler": handler(search, entry),
        "problems": kept.receipt.problems.len(),
    })
}

/// Result of the handler; null if there is none.
pub fn handler(search: &Search, entry: &Entry) -> Value {
    let Some(result) = entry.handler else {
        return Value::Null;
    };
    let rows = search.table.rows();
    let target = rows.name(result.target.into()).map(ToString::to_string);
    json!({"status": result.status, "micros": result.micros, "target": target})
}

/// Row of a delivery whose bytes are gone from its recording.
pub fn gone(search: &Search, entry: &Entry) -> Value {
    let rows = search.table.rows();
    json!({
        "id": rows.id(entry),
        "at": TimestampFormat::Rfc3339(6).write(entry.time()),
        "provider": entry.provider.and_then(|it| rows.name(it.into())).map(ToString::to_string),
        "kinds": entry.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "status": entry.status,
        "bytes": entry.bytes,
        "gone": true,
    })
}

/// Row for the stream: with the events, and the type of `--json`.
pub fn streamed(search: &Search, entry: &Entry, kept: &Kept) -> Value {
    let mut row = row(search, entry, kept);
    if let Some(members) = row.as_object_mut() {
        members.insert("type".into(), "received".into());
        members.insert(
            "events".into(),
            kept.receipt.events.iter().map(report::event_json).collect(),
        );
    }
    row
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
fn named<'a>(
    kept: &'a Kept,
    of: impl Fn(&'a crate::webhook::Event) -> Option<&'a str>,
) -> (Vec<&'a str>, usize) {
    let mut all: Vec<&str> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for name in kept.receipt.events.iter().filter_map(of) {
        if seen.insert(name) && all.len() < NAMED {
            all.push(name);
        }
    }
    (all, seen.len())
}
