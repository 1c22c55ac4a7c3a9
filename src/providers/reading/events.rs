//! Events of a body: out of their envelope, one by one, with the fields that all providers have in common.

use std::borrow::Cow;

use crate::providers::dedup_key;
use crate::providers::provider::{Envelope, EventDef, Fields, Provider};
use crate::webhook::{Delivery, Document, Event, Kind, Matcher, Receipt, address, addresses};

pub(super) fn read_events(
    provider: &Provider,
    delivery: &Delivery,
    document: &Document,
    receipt: &mut Receipt,
) {
    // Whole bodies in a list, as somebody keeps them, are read one by one.
    let is_body = |it: &&Document| match provider.envelope {
        Envelope::Text(at, _) | Envelope::List(at) => it.at(at).is_some(),
        Envelope::Plain | Envelope::Only(_) | Envelope::Own(_) => false,
    };
    let bodies = document.values().unwrap_or_default();
    if bodies.first().filter(is_body).is_some() {
        for body in bodies {
            read_body(provider, delivery, body, receipt);
        }
    } else {
        read_body(provider, delivery, document, receipt);
    }
    let unknown = receipt
        .events
        .iter()
        .filter(|event| event.native.is_empty())
        .count();
    if unknown > 0 && !provider.events.is_empty() {
        receipt.problems.push(format!(
            "{unknown} of {} events are of no kind that {} has",
            receipt.events.len(),
            provider.title
        ));
    }
}

/// Takes the events of one body out of their envelope.
fn read_body(provider: &Provider, delivery: &Delivery, document: &Document, receipt: &mut Receipt) {
    let (inner_text, listed) = match provider.envelope {
        Envelope::Plain | Envelope::Only(_) | Envelope::Own(_) => (None, None),
        Envelope::Text(at, _) => (document.text(at).or_else(|| only_text(document)), None),
        Envelope::List(at) => (None, document.at(at).filter(|it| it.is_list())),
    };
    let inner = inner_text
        .as_deref()
        .and_then(|text| Document::json(text.as_bytes()).ok());
    match &inner {
        // A bare text or number inside is no event; the envelope is.
        Some(inner) if inner.is_map() || inner.is_list() => {
            read_each(provider, delivery, inner, receipt);
        }
        _ => read_each(provider, delivery, listed.unwrap_or(document), receipt),
    }
}

/// The text of a body with a single member, whatever the name of the member.
fn only_text<'d>(document: &'d Document) -> Option<Cow<'d, str>> {
    match document.members() {
        Some([(_, text)]) => text.as_text(),
        _ => None,
    }
}

/// Reads the events of a list, or the only event.
fn read_each(provider: &Provider, delivery: &Delivery, root: &Document, receipt: &mut Receipt) {
    let events = root.values().unwrap_or(std::slice::from_ref(root));
    for event in events {
        let parts = provider.split.and_then(|split| split(event));
        for event in parts.as_deref().unwrap_or(std::slice::from_ref(event)) {
            read_event(provider, delivery, event, &mut receipt.events);
        }
    }
    if let (None, Some(event), Some(found)) =
        (receipt.identity, receipt.events.first(), events.first())
    {
        receipt.identity = dedup_key::of_event(provider, event, found);
    }
}

/// Reads an event; it counts as one event for each recipient that it names.
fn read_event(provider: &Provider, delivery: &Delivery, event: &Document, into: &mut Vec<Event>) {
    let fields = &provider.fields;
    let event = match provider.envelope {
        Envelope::Only(at) => only(event, at, provider.native),
        _ => event,
    };
    let matcher = Matcher::at(event);
    let mut rows = provider.events.iter();
    let row: Option<&EventDef> = rows.find(|row| matcher.bears(row.marks));
    let kind = row.map_or(Kind::Other, |row| row.kind);
    let text = |pointers: &[&str]| {
        let text = pointers.iter().find_map(|at| text_of(event, at, 0));
        text.map(Cow::into_owned)
    };
    let recipient = fields
        .recipient
        .iter()
        .find_map(|at| Some((*at, text_of(event, at, 0)?)));
    let first = Event {
        kind,
        native: native_name(provider, delivery, event, row),
        recipient: recipient.as_ref().map(|(_, text)| address(text).to_owned()),
        message_id: message_id(fields, event, row),
        at: fields.at.iter().find_map(|field| field.read(event)),
        url: (kind == Kind::Click).then(|| text(fields.url)).flatten(),
        bounce: row.and_then(|row| row.bounce),
        reason: reason(fields, event, 0),
    };
    let Some((at, text)) = recipient else {
        return into.push(first);
    };
    let others = other_recipients(event, at, &text).map(|(nth, text)| Event {
        recipient: Some(address(&text).to_owned()),
        reason: reason(fields, event, nth),
        ..first.clone()
    });
    let others: Vec<Event> = others.collect();
    into.push(first);
    into.extend(others);
}

/// The provider's own name of an event: from the body, a header, or the definition that it matches.
fn native_name(
    provider: &Provider,
    delivery: &Delivery,
    event: &Document,
    row: Option<&EventDef>,
) -> String {
    let is_inside = |location: &&&str| location.starts_with('/');
    let mut inside = provider.native.iter().filter(is_inside);
    let text = inside.find_map(|location| event.text(location));
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        return text.into_owned();
    }
    let mut outside = provider.native.iter().filter(|it| !is_inside(it));
    let name = outside.find_map(|name| delivery.headers.text(name));
    let name = name.or_else(|| row.map(|row| row.native));
    name.unwrap_or_default().to_owned()
}

/// Id of the message that an event is about.
fn message_id(fields: &Fields, event: &Document, row: Option<&EventDef>) -> Option<String> {
    if !row.is_none_or(|row| row.has_message) {
        return None;
    }
    let mut ids = fields.message_id.iter();
    let id = ids.find_map(|at| text_of(event, at, 0).filter(|id| id != NO_ID))?;
    Some(match fields.message_id_end {
        Some(end) => id.split(end).next().unwrap_or_default().to_owned(),
        None => id.into_owned(),
    })
}

/// Reason that an event gives for its `nth` recipient.
fn reason(fields: &Fields, event: &Document, nth: usize) -> Option<String> {
    let mut reasons = fields.reason.iter();
    let text = reasons.find_map(|at| text_of(event, at, nth));
    text.map(Cow::into_owned)
        .or_else(|| together(event, fields.reason_parts))
}

/// Recipients after the first, which is `text` at `at`: from a list separated by commas, or from a JSON list; each with
/// its position in the JSON list.
fn other_recipients<'d>(
    event: &'d Document,
    at: &'static str,
    text: &'d str,
) -> impl Iterator<Item = (usize, Cow<'d, str>)> {
    let in_text = text.contains(',').then(|| addresses(text).skip(1));
    let in_text = in_text.into_iter().flatten();
    let each = 1..listed(event, at);
    let in_list = each.filter_map(move |nth| Some((nth, text_of(event, at, nth)?)));
    in_text.map(|one| (0, Cow::from(one))).chain(in_list)
}

/// Number in place of a message's id where there is no message.
const NO_ID: &str = "0";

/// The text at a location, if it is not blank; a step `*` is the `nth` value of a list.
fn text_of<'d>(event: &'d Document, location: &str, nth: usize) -> Option<Cow<'d, str>> {
    let text = event.at_each(location, nth)?.as_text();
    text.filter(|text| !text.trim().is_empty())
}

/// Length of the list at a location with a step `*`; 0 for a location without one.
fn listed(event: &Document, location: &str) -> usize {
    let list = of_each(location).and_then(|(list, _)| event.at(list)?.values());
    list.map_or(0, <[_]>::len)
}

/// Splits a location at its step `*`: the pointer of the list, and the rest.
fn of_each(location: &str) -> Option<(&str, &str)> {
    // Locations are short: a plain loop is faster than setting up a search.
    let star = location.bytes().position(|byte| byte == b'*')?;
    Some((
        location.get(..star.checked_sub(1)?)?,
        location.get(star + 1..)?,
    ))
}

/// The texts at these locations, joined by `: `; none if all are missing.
fn together(event: &Document, places: &[&str]) -> Option<String> {
    let texts: Vec<_> = places
        .iter()
        .filter_map(|at| text_of(event, at, 0))
        .collect();
    (!texts.is_empty()).then(|| texts.join(": "))
}

/// The only member of the object at this pointer, or of several the one that says what it is; else the event itself.
fn only<'a, 'b>(event: &'a Document<'b>, at: &str, native: &[&str]) -> &'a Document<'b> {
    match event.at(at).and_then(Document::members) {
        Some([(_, inner)]) if inner.is_map() => inner,
        Some(several) => {
            let mut several = several.iter().map(|(_, inner)| inner);
            several
                .find(|inner| inner.is_map() && inner.first(native).is_some())
                .unwrap_or(event)
        }
        None => event,
    }
}
