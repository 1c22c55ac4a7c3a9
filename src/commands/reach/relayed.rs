//! Delivery in an event of a channel: smee.io and gosmee put the headers, the query and the body of a request into one
//! JSON object.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::webhook::{Delivery, Headers, Receipt, Verdict, is_hop_by_hop};

/// Members of the object that are no headers.
const NO_HEADERS: [&str; 5] = ["body", "bodyb", "query", "timestamp", "event"];

/// Delivery that a channel passed on.
#[derive(Debug, PartialEq)]
pub(crate) struct Relayed {
    pub(crate) delivery: Delivery,
    /// True if the body is not the one that the provider sent, but the channel's own serialisation of it.
    pub(crate) is_rewritten: bool,
}

/// Members of an object in order, each as it is written.
struct RawMembers<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for RawMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Relayed {
    /// Reads an event; none if it is a message of the channel itself, without a body.
    pub(crate) fn read(data: &[u8]) -> Result<Option<Relayed>, &'static str> {
        let members: RawMembers = serde_json::from_slice(data)
            .map_err(|_| "an event of the channel is no JSON object")?;
        let member = |name: &str| {
            let mut found = members.0.iter().filter(|(own, _)| own == name);
            found.next_back().map(|(_, value)| *value)
        };
        if member("body").is_none() && member("bodyB").is_none() {
            return Ok(None);
        }
        let mut headers = Headers::new();
        for (name, value) in &members.0 {
            add_header(&mut headers, name, value);
        }
        // The channel makes a request of its own: length and coding of the original are not those of this body.
        headers.remove("content-length");
        let (body, is_rewritten) = match member("bodyB").map(bytes_of) {
            Some(body) => (
                body.ok_or("`bodyB` in an event of the channel is no base64")?,
                false,
            ),
            None => {
                headers.remove("content-encoding");
                let form = headers.text("content-type").is_some_and(is_form);
                (
                    member("body").map_or_else(Bytes::new, |body| written(body, form)),
                    true,
                )
            }
        };
        let delivery = Delivery {
            method: Method::POST,
            path: path(member("query")),
            headers,
            body,
        };
        Ok(Some(Relayed {
            delivery,
            is_rewritten,
        }))
    }
}

/// Reason that no signature is judged of a delivery whose channel serialised its body anew.
const REWRITTEN: &str = "the channel rewrote the body";

/// Takes back the verdict on a signature of a rewritten body: neither a valid nor an invalid one says anything about the
/// body that was sent.
pub(crate) fn leave_unchecked(receipt: &mut Receipt) {
    let signature = &mut receipt.signature;
    if signature.scheme.is_some() && signature.verdict != Verdict::Unsigned {
        signature.verdict = Verdict::Unchecked;
        signature.reason = Some(REWRITTEN.into());
        signature.key = None;
        // A reason is printed only of a signature that is refused; this one is to be seen.
        let verdict = signature.verdict.name();
        receipt.problems.push(format!("{verdict}: {REWRITTEN}"));
    }
}

/// Adds a header, unless it is none, or belongs to a connection, or could not be sent as it is.
fn add_header(headers: &mut Headers, name: &str, value: &RawValue) {
    let lower = name.to_ascii_lowercase();
    let Ok(field) = HeaderName::try_from(&lower) else {
        return;
    };
    if NO_HEADERS.contains(&lower.as_str()) || is_hop_by_hop(&field) {
        return;
    }
    let values = match serde_json::from_str(value.get()) {
        Ok(Value::Array(values)) => values,
        Ok(value) => vec![value],
        Err(_) => return,
    };
    for value in values {
        let text = match value {
            Value::String(text) => text,
            value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => continue,
        };
        // A line break would begin another header.
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.push(field.clone(), value);
        }
    }
}

/// Bytes in base64.
fn bytes_of(value: &RawValue) -> Option<Bytes> {
    let text: String = serde_json::from_str(value.get()).ok()?;
    STANDARD.decode(text).ok().map(Bytes::from)
}

/// Body that the channel parsed, written again: a form if it was one, else JSON as it stands in the event.
fn written(value: &RawValue, is_form: bool) -> Bytes {
    let text = value.get();
    if text == "null" {
        return Bytes::new();
    }
    match text.as_bytes().first() {
        Some(b'"') => {
            let text: String = serde_json::from_str(text).unwrap_or_default();
            Bytes::from(text)
        }
        Some(b'{') if is_form => match serde_json::from_str(text) {
            Ok(value) => Bytes::from(query_of(&value)),
            Err(_) => Bytes::copy_from_slice(text.as_bytes()),
        },
        _ => Bytes::copy_from_slice(text.as_bytes()),
    }
}

fn is_form(kind: &str) -> bool {
    let kind = kind.trim_start().to_ascii_lowercase();
    kind.starts_with("application/x-www-form-urlencoded")
}

/// Path with the query of the request; the path itself is not passed on.
fn path(query: Option<&RawValue>) -> PathAndQuery {
    let value = query.and_then(|query| serde_json::from_str(query.get()).ok());
    let query = value.map_or_else(String::new, |value| query_of(&value));
    let path = match query.is_empty() {
        true => "/".to_owned(),
        false => format!("/?{query}"),
    };
    path.parse()
        .unwrap_or_else(|_| PathAndQuery::from_static("/"))
}

/// Fields of an object, encoded as in a query.
fn query_of(value: &Value) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in value.as_object().into_iter().flatten() {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            match value {
                Value::String(text) => out.append_pair(name, text),
                other => out.append_pair(name, &other.to_string()),
            };
        }
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::Relayed;

    #[test]
    fn bytes_in_base64_are_the_body_and_its_headers_are_kept() {
        let event = br#"{"x-a":"1","X-B":["2","3"],"n":4,"Content-Type":"application/json","connection":"close",
            "content-length":"99","transfer-encoding":"chunked","x-evil":"a\r\nX-C: 1","x y":"1","timestamp":17,
            "query":{"a":"b c","d":["1","2"]},"body":{"re":"written"},"bodyB":"eyAiYSI6IDEgfQo="}"#;
        let relayed = Relayed::read(event).unwrap().unwrap();
        assert!(!relayed.is_rewritten);
        let delivery = relayed.delivery;
        assert_eq!(delivery.body, "{ \"a\": 1 }\n");
        assert_eq!(delivery.path.as_str(), "/?a=b+c&d=1&d=2");
        let headers: Vec<(&str, &str)> = delivery
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        let wanted = [
            ("x-a", "1"),
            ("x-b", "2"),
            ("x-b", "3"),
            ("n", "4"),
            ("content-type", "application/json"),
        ];
        assert_eq!(headers, wanted);
    }

    #[test]
    fn a_parsed_body_is_written_again_and_marked() {
        for (event, body) in [
            (r#"{"body":{"b": 1,"a":[1.50]}}"#, r#"{"b": 1,"a":[1.50]}"#),
            (r#"{"body":"text \u00e4"}"#, "text ä"),
            (r#"{"body":null}"#, ""),
            (
                r#"{"content-type":"application/x-www-form-urlencoded; charset=utf-8","body":{"a":"b c","d":["1","2"]}}"#,
                "a=b+c&d=1&d=2",
            ),
        ] {
            let relayed = Relayed::read(event.as_bytes()).unwrap().unwrap();
            assert!(relayed.is_rewritten);
            assert_eq!(relayed.delivery.body, body, "{event}");
        }
    }

    #[test]
    fn a_message_of_the_channel_is_no_delivery() {
        assert_eq!(Relayed::read(b"{}"), Ok(None));
        assert_eq!(Relayed::read(br#"{"message":"ready"}"#), Ok(None));
        for odd in [
            "",
            "ready",
            "[1]",
            "{\"body\":",
            "{\"bodyB\":\"%\"}",
            "{\"bodyB\":1}",
        ] {
            assert!(Relayed::read(odd.as_bytes()).is_err(), "{odd}");
        }
    }
}
