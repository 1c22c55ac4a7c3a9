//! `--set` and `--unset` of `replay`: single places of a recorded delivery are changed as those of an example are, and
//! every other byte of it stays.

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Map, Value};

use crate::providers::provider::{Provider, SIGNER};
use crate::providers::synth::change::field_text;
use crate::providers::synth::change_places::change_places;
use crate::providers::synth::parts;
use crate::providers::synth::template::{FormStyle, Template};
use crate::webhook::body::json_edit::{inner_edits, with_value};
use crate::webhook::body::json_node::JsonNode;
use crate::webhook::body::text_edit::edited;
use crate::webhook::body::url_form::with_fields;
use crate::webhook::{Delivery, Location, Style};

/// Byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Provider of a delivery that none is recognised for: the whole body is the event.
static UNKNOWN: Provider = Provider {
    name: "unknown",
    ..SIGNER
};

/// Changes of single places, for any delivery.
#[derive(Clone, Debug, Default)]
pub struct PlaceChanges {
    /// Paths with the JSON values to write there (`--set`).
    pub sets: Vec<(String, Value)>,
    /// Paths to remove (`--unset`).
    pub unsets: Vec<String>,
}

impl PlaceChanges {
    /// True if nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty() && self.unsets.is_empty()
    }

    /// Changes a delivery of this provider, and returns notes on places that are new or missing. The error names the
    /// place that cannot be changed; the delivery may then be half changed.
    pub fn apply(
        &self,
        delivery: &mut Delivery,
        provider: Option<&'static Provider>,
    ) -> Result<Vec<String>, String> {
        let provider = provider.unwrap_or(&UNKNOWN);
        let mut notes = Vec::new();
        // One change at a time, so that each is found in the bytes with certainty.
        for set in &self.sets {
            notes.extend(change(delivery, provider, std::slice::from_ref(set), &[])?);
        }
        for unset in &self.unsets {
            let unset = std::slice::from_ref(unset);
            notes.extend(change(delivery, provider, &[], unset)?);
        }
        Ok(notes)
    }
}

fn change(
    delivery: &mut Delivery,
    provider: &'static Provider,
    sets: &[(String, Value)],
    unsets: &[String],
) -> Result<Vec<String>, String> {
    let body = body_of(delivery)?;
    let mut head = delivery.clone();
    head.body = body.clone();
    let json = |text: &[u8]| {
        let text = std::str::from_utf8(text).map_err(|_| "not UTF-8".to_owned())?;
        JsonNode::read(text)?.value(text)
    };
    let template = Template::of_delivery(provider, head, &json)
        .map_err(|why| format!("the body is {why}, so no place in it can be changed"))?;
    let (mut root, mut events) = (template.root.clone(), template.events.clone());
    let report = change_places(&template, &mut root, &mut events, sets, unsets);
    if let Some(fault) = report.faults.into_iter().next() {
        return Err(fault);
    }
    let new = template.joined(root, events);
    repeat_ids(&template, &new, delivery);
    write_back(&template, &new, &body, delivery)?;
    Ok(report.notes)
}

/// The body without a byte order mark.
fn body_of(delivery: &Delivery) -> Result<Bytes, String> {
    let coding = delivery.headers.text("content-encoding");
    if let Some(coding) = coding.filter(|it| !matches!(*it, "" | "identity")) {
        return Err(format!(
            "the body is compressed ({coding}), so no place in it can be changed"
        ));
    }
    let body = &delivery.body;
    if body.is_empty() && delivery.told_by_query().is_none() {
        return Err("the body is empty, so no place in it can be changed".into());
    }
    let begin = match body.starts_with(MARK) {
        true => MARK.len(),
        false => 0,
    };
    Ok(body.slice(begin..))
}

/// Writes a new value over the old one in the bytes of the body or of the query.
fn write_back(
    template: &Template,
    new: &Value,
    body: &[u8],
    delivery: &mut Delivery,
) -> Result<(), String> {
    let inner = template.inner_style().unwrap_or(Style::COMPACT);
    let text = || std::str::from_utf8(body).map_err(|_| "the body is not UTF-8");
    match (template.form(), new) {
        (Some(FormStyle::Multipart), Value::Object(fields)) => {
            let fields = spliced_fields(&template.root, fields, &[inner]);
            delivery.body = parts::write(delivery, &fields).into();
        }
        (Some(_), Value::Object(fields)) => {
            let fields = as_texts(fields);
            match template.head.told_by_query() {
                Some(query) => {
                    let query = with_fields(query, &fields, &[inner]);
                    let path = format!("{}?{query}", delivery.path.path());
                    delivery.path = path.parse().map_err(|_| "the query would be invalid")?;
                }
                None => delivery.body = with_fields(text()?, &fields, &[inner]).into(),
            }
        }
        _ => {
            let styles = [template.style(), inner];
            let changed = with_value(text()?, new, &styles)?;
            let mark = match delivery.body.starts_with(MARK) {
                true => MARK,
                false => b"",
            };
            delivery.body = [mark, changed.as_bytes()].concat().into();
        }
    }
    Ok(())
}

/// Fields of a form as texts; a repeated one as a list of them.
fn as_texts(fields: &Map<String, Value>) -> Map<String, Value> {
    let text = |value: &Value| Value::from(&*parts::scalar(value));
    let texts = fields.iter().map(|(name, value)| {
        let texts = match value {
            Value::Array(values) => values.iter().map(text).collect(),
            value => text(value),
        };
        (name.clone(), texts)
    });
    texts.collect()
}

/// Fields of a multipart form, where JSON in a field is changed where it stands.
fn spliced_fields(old: &Value, new: &Map<String, Value>, styles: &[Style]) -> Map<String, Value> {
    let spliced = new.iter().map(|(name, value)| {
        let texts = old.get(name).and_then(Value::as_str).zip(value.as_str());
        let spliced = texts.and_then(|(old, new)| {
            let edits = inner_edits(old, new, styles)?;
            Some(Value::from(edited(old, edits)))
        });
        (name.clone(), spliced.unwrap_or_else(|| value.clone()))
    });
    spliced.collect()
}

/// Copies an id of the delivery that was changed in the body to the headers that repeat it.
fn repeat_ids(template: &Template, new: &Value, delivery: &mut Delivery) {
    for location in template.provider.ids {
        if let Location::Body(pointer) = location
            && let Some(old) = template.root.pointer(pointer).and_then(Value::as_str)
            && let Some(id) = new.pointer(pointer).map(field_text)
            && id != old
            && let Ok(value) = HeaderValue::from_str(&id)
        {
            let headers = delivery.headers.iter();
            let same = headers.filter(|(_, value)| value.as_bytes() == old.as_bytes());
            let names: Vec<_> = same.map(|(name, _)| name.clone()).collect();
            for name in names {
                delivery.headers.set(name, value.clone());
            }
        }
    }
}
