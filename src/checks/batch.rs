//! Batches: several deliveries of one event each, merged as their provider does.

use std::io::Write;

use serde_json::Value;

use crate::providers::{Envelope, Provider};
use crate::webhook::{Delivery, write};

/// Merges deliveries into one with the events of all; none if they cannot share a body.
pub(super) fn together(provider: &Provider, parts: &[Delivery]) -> Option<Delivery> {
    let events: Vec<Value> = parts
        .iter()
        .map(|part| events(provider, part))
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    holding(provider, parts.first()?, events)
}

/// Replaces the events of a delivery; none if the provider's bodies have no list of events.
pub(super) fn holding(
    provider: &Provider,
    like: &Delivery,
    events: Vec<Value>,
) -> Option<Delivery> {
    let mut delivery = like.clone();
    delivery.body = match provider.envelope {
        Envelope::Plain | Envelope::Only(_) => write(&Value::Array(events), &provider.style).into(),
        Envelope::List(at) => {
            let mut root: Value = serde_json::from_slice(&like.body).ok()?;
            *root.pointer_mut(at)? = Value::Array(events);
            write(&root, &provider.style).into()
        }
        Envelope::Text(at, style) => {
            let name = at.strip_prefix('/')?;
            let text = write(&Value::Array(events), &style);
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (field, value) in form_urlencoded::parse(&like.body) {
                if field == name {
                    form.append_pair(&field, &text);
                } else {
                    form.append_pair(&field, &value);
                }
            }
            form.finish().into()
        }
        Envelope::Own(_) => return None,
    };
    Some(delivery)
}

/// Events of a delivery.
fn events(provider: &Provider, delivery: &Delivery) -> Option<Vec<Value>> {
    let json = |text: &[u8]| serde_json::from_slice::<Value>(text).ok();
    let value = match provider.envelope {
        Envelope::Plain | Envelope::Only(_) => json(&delivery.body)?,
        Envelope::List(at) => json(&delivery.body)?.pointer(at)?.clone(),
        Envelope::Text(at, _) => {
            let name = at.strip_prefix('/')?;
            let (_, text) =
                form_urlencoded::parse(&delivery.body).find(|(field, _)| field == name)?;
            json(text.as_bytes())?
        }
        Envelope::Own(_) => return None,
    };
    Some(match value {
        Value::Array(events) => events,
        event => vec![event],
    })
}

/// Gzip with stored, uncompressed blocks and no time, so that the bytes are equal everywhere (RFC 1952).
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let unknown_system = 255;
    let mut writer = flate2::GzBuilder::new()
        .operating_system(unknown_system)
        .write(Vec::new(), flate2::Compression::none());
    writer
        .write_all(bytes)
        .and_then(|()| writer.finish())
        .expect("writing to memory does not fail")
}
