//! Compiled templates: the overrides are applied once, and the values that differ from one delivery to the next (ids,
//! times) are slots that are filled for each.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::providers::provider::TimeField;
use crate::providers::synth::template::FormStyle;
use crate::webhook::{Delivery, Rng, Style, write_escaped};

/// Serialised events, cut at the slots for the values that change with each delivery.
#[derive(Debug)]
pub struct CompiledTemplate {
    pub(super) head: Delivery,
    pub(super) pieces: Vec<Piece>,
    pub(super) slots: Vec<Slot>,
    pub(super) headers: Vec<(HeaderName, usize)>,
    pub(super) layers: Encodings,
    pub(super) lives: usize,
    pub(super) notes: Vec<String>,
    pub(super) faults: Vec<String>,
}

/// Piece of the body, or of the query if the event is sent as one.
#[derive(Debug)]
pub(super) enum Piece {
    Text(Vec<u8>),
    Slot(usize),
}

/// Value that changes with each delivery, at all its positions.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) draw: Draw,
    /// Value in the example.
    pub(super) example: String,
    /// True if it is inside the event, false if it is around it (in the envelope or a header).
    pub(super) is_inner: bool,
}

#[derive(Debug)]
pub(super) enum Draw {
    /// Message id, the same in all events of one message; `life` is the index of the message.
    Message { life: usize, as_text: bool },
    /// Number given by the user (`--message-id`), of any length.
    Wished(String),
    /// New id in the format of the example's: same length, same sort of characters.
    Id,
    /// New number with as many digits as the example's.
    Number,
    /// Time of the event, or another time at its distance from it.
    Time {
        stamp: &'static TimeField,
        /// Time in the example, for its format.
        like: Value,
        after: SignedDuration,
    },
}

/// Encodings that a value goes through, from the inside out.
#[derive(Debug)]
pub(super) struct Encodings {
    /// JSON layout of the text that contains the event, if one does.
    pub(super) inner: Option<Style>,
    /// Encoding of the body.
    pub(super) outer: Outer,
}

/// Encoding of a body or a query.
#[derive(Debug)]
pub(super) enum Outer {
    Json(Style),
    FormStyle(FormStyle),
}

impl CompiledTemplate {
    /// A note on each override that the provider has no place for.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Paths of `--set` that cannot be written, with the reason.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Number of messages that the events are about.
    pub fn lives(&self) -> usize {
        self.lives
    }

    /// Builds an unsigned delivery. `life` returns the random generator for the id of a message, by its index: events
    /// of one message need the same generator.
    pub fn fill(&self, at: Timestamp, rng: &mut Rng, life: impl Fn(usize) -> Rng) -> Delivery {
        self.fill_with(|slot| slot.draw(at, rng, &life).into())
    }

    /// The example itself, with its own ids and times.
    pub fn unchanged(&self) -> Delivery {
        self.fill_with(|slot| Cow::Borrowed(&slot.example))
    }

    fn fill_with<'a>(&'a self, mut value: impl FnMut(&'a Slot) -> Cow<'a, str>) -> Delivery {
        let values: Vec<Cow<str>> = self.slots.iter().map(&mut value).collect();
        let mut delivery = self.head.clone();
        for (name, slot) in &self.headers {
            if let Some(Ok(value)) = values.get(*slot).map(|value| HeaderValue::from_str(value)) {
                delivery.headers.set(name.clone(), value);
            }
        }
        let encoded: Vec<Cow<str>> = self
            .slots
            .iter()
            .zip(&values)
            .map(|(slot, value)| self.layers.encode(value, slot.is_inner))
            .collect();
        let size = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Slot(slot) => encoded.get(*slot).map_or(0, |value| value.len()),
        });
        let mut body = Vec::with_capacity(size.sum());
        for piece in &self.pieces {
            body.extend_from_slice(match piece {
                Piece::Text(text) => text,
                Piece::Slot(slot) => encoded.get(*slot).map_or(b"", |value| value.as_bytes()),
            });
        }
        if delivery.told_by_query().is_none() {
            delivery.body = body.into();
        } else {
            let query = String::from_utf8_lossy(&body);
            if let Ok(path) = format!("{}?{query}", delivery.path.path()).parse() {
                delivery.path = path;
            }
        }
        delivery
    }
}

impl Slot {
    fn draw(&self, at: Timestamp, rng: &mut Rng, life: impl Fn(usize) -> Rng) -> String {
        match &self.draw {
            Draw::Message { life: of, as_text } => {
                let new = life(*of).like(&self.example);
                if *as_text { new } else { number(&new) }
            }
            Draw::Wished(digits) => digits.clone(),
            Draw::Id => rng.like(&self.example),
            Draw::Number => number(&rng.like(&self.example)),
            Draw::Time { stamp, like, after } => {
                let at = at.checked_add(*after).unwrap_or(at);
                match stamp.write(at, like) {
                    Value::String(text) => text,
                    value => value.to_string(),
                }
            }
        }
    }
}

/// Digits as a JSON number, without the first digit if they exceed a signed 64-bit integer.
fn number(digits: &str) -> String {
    digits
        .parse::<i64>()
        .or_else(|_| digits.get(1..).unwrap_or("1").parse())
        .unwrap_or(1)
        .to_string()
}

impl Encodings {
    /// Encodes a value as it is written in the body.
    fn encode<'a>(&self, value: &'a str, is_inner: bool) -> Cow<'a, str> {
        let extra: &[u8] = match self.outer {
            Outer::Json(_) | Outer::FormStyle(FormStyle::Multipart) => b"-._ :+@=,",
            Outer::FormStyle(FormStyle::UrlEncoded) => b"-._",
        };
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || extra.contains(&b);
        if value.bytes().all(is_plain) {
            return Cow::Borrowed(value);
        }
        let escaped = |value: &str, style: &Style| {
            let mut out = String::new();
            write_escaped(&mut out, value, style);
            out
        };
        let value = match &self.inner {
            Some(style) if is_inner => escaped(value, style).into(),
            _ => Cow::Borrowed(value),
        };
        match &self.outer {
            Outer::Json(style) => escaped(&value, style).into(),
            Outer::FormStyle(FormStyle::Multipart) => value,
            Outer::FormStyle(FormStyle::UrlEncoded) => {
                form_urlencoded::byte_serialize(value.as_bytes())
                    .collect::<String>()
                    .into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Encodings, FormStyle, Outer};
    use crate::webhook::Style;

    #[test]
    fn a_value_is_wrapped_from_the_inside_out() {
        let php = Style {
            php: true,
            ..Style::COMPACT
        };
        let encode = |inner: Option<Style>, outer: Outer, is_inner| {
            Encodings { inner, outer }
                .encode("a/\"é+1", is_inner)
                .into_owned()
        };
        assert_eq!(encode(None, Outer::Json(Style::COMPACT), true), "a/\\\"é+1");
        // The text of JSON in JSON, as in an envelope of SNS; and in a form, as in Mandrill's.
        let twice = encode(Some(Style::COMPACT), Outer::Json(Style::COMPACT), true);
        assert_eq!(twice, "a/\\\\\\\"é+1");
        let form = encode(Some(php), Outer::FormStyle(FormStyle::UrlEncoded), true);
        assert_eq!(form, "a%5C%2F%5C%22%5Cu00e9%2B1");
        // What stands beside that text is not in it.
        assert_eq!(
            encode(Some(php), Outer::FormStyle(FormStyle::UrlEncoded), false),
            "a%2F%22%C3%A9%2B1"
        );
        // In a part of a form everything is as it is.
        assert_eq!(
            encode(None, Outer::FormStyle(FormStyle::Multipart), true),
            "a/\"é+1"
        );
    }
}
