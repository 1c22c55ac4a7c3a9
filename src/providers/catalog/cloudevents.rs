//! CloudEvents over HTTP: one event in the body, a list of them, or its attributes in `ce-` headers with the data as
//! body. Nothing is signed; the sender shows a token. The types are free, so there are no kinds.
//! <https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md>

use std::borrow::Cow;

use crate::providers::behaviour::{Batch, Behaviour, CONDUCT, Handshake};
use crate::providers::habits::Fact::Documented;
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provider::{
    Envelope, FIELDS, Fields, Opened, Provider, SIGNER, Signal, TimeField,
};
use crate::webhook::{Algorithm, Delivery, Document, Encoding, KeyForm, Location, Scheme};

static TOKEN: Scheme = Scheme {
    name: "token",
    algorithm: Algorithm::Credentials,
    key: KeyForm::Bearer,
    id: None,
    timestamp: None,
    signed: &[],
    signature: Location::Header("authorization"),
    encoding: Encoding::Base64,
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

/// Senders of CloudEvents, whoever they are.
pub static PROVIDER: Provider = Provider {
    name: "cloudevents",
    title: "CloudEvents",
    docs: "https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md",
    signals: &[
        Signal::ContentType("application/cloudevents"),
        Signal::Header("ce-specversion"),
    ],
    schemes: &[&TOKEN],
    envelope: Envelope::Own(open),
    native: &["/type"],
    fields: Fields {
        at: &[TimeField::Rfc3339("/time", 0)],
        ..FIELDS
    },
    conduct: Behaviour {
        batch: Batch::Some,
        handshake: &[Handshake::Options],
        asks_with: &[
            ("webhook-request-origin", "sender.example.com"),
            ("webhook-request-rate", "120"),
        ],
        ..CONDUCT
    },
    habits: Habits {
        batching: Documented("one event, or a list of them in batched mode"),
        success: Documented("200, 201, 202, 204"),
        retries: Documented(
            "no plan is laid down; none after 410 and 415, and after 429 as `Retry-After` says",
        ),
        ..HABITS
    },
    ..SIGNER
};

/// Reads the event from the headers, if it is there, and lists the faults of all events.
fn open<'a>(delivery: &Delivery, document: Option<&Document<'a>>) -> Opened<'a> {
    if Signal::ContentType("application/cloudevents")
        .bears(delivery)
        .is_some()
    {
        let events = document.map(|event| event.values().unwrap_or(std::slice::from_ref(event)));
        let problems = events.into_iter().flatten().flat_map(faults).collect();
        return Opened {
            events: None,
            problems,
        };
    }
    let (event, mut problems) = event_of_headers(delivery, document);
    problems.extend(faults(&event));
    Opened {
        events: Some(event),
        problems,
    }
}

/// The event whose attributes are header fields, with the body as its data; none where the body holds the event.
pub(in crate::providers) fn unpacked<'a>(
    delivery: &Delivery,
    document: Option<&Document<'a>>,
) -> Option<Document<'a>> {
    let [structured, binary] = PROVIDER.signals else {
        return None;
    };
    let is_binary = structured.bears(delivery).is_none() && binary.bears(delivery).is_some();
    is_binary.then(|| event_of_headers(delivery, document).0)
}

/// An event put together from header fields and data, and what is wrong with the fields.
fn event_of_headers<'a>(
    delivery: &Delivery,
    document: Option<&Document<'a>>,
) -> (Document<'a>, Vec<String>) {
    let mut problems = Vec::new();
    let mut members = Vec::new();
    for (name, value) in delivery.headers.iter() {
        let Some(name) = name.as_str().strip_prefix("ce-") else {
            continue;
        };
        if name == "datacontenttype" {
            problems.push("`ce-datacontenttype` must not be there: `content-type` says it".into());
        }
        match std::str::from_utf8(value.as_bytes()).ok().and_then(decoded) {
            Some(value) => members.push((
                Cow::Owned(name.to_owned()),
                Document::text_of(Cow::Owned(value)),
            )),
            None => problems.push(format!(
                "header `ce-{name}` is not UTF-8 when it is decoded"
            )),
        }
    }
    members.extend(document.map(|data| ("data".into(), data.clone())));
    (Document::map(members), problems)
}

/// Violations of the specification in one event.
fn faults(event: &Document) -> Vec<String> {
    let lacks = |name: &&str| {
        let value = event.text(&format!("/{name}"));
        value.is_none_or(|value| value.is_empty())
    };
    let mut faults: Vec<String> = ["specversion", "id", "source", "type"]
        .into_iter()
        .filter(lacks)
        .map(|name| format!("a CloudEvent must have `{name}`"))
        .collect();
    let has = |pointer| event.at(pointer).is_some_and(|it| !it.is_null());
    if has("/data") && has("/data_base64") {
        faults.push("a CloudEvent has `data` or `data_base64`, not both".into());
    }
    faults
}

/// Decodes a header value: unquoted if quoted, then percent-decoded once.
fn decoded(value: &str) -> Option<String> {
    let quoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    let mut plain = Vec::new();
    let mut escaped = false;
    for byte in quoted.unwrap_or(value).bytes() {
        if quoted.is_some() && byte == b'\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        plain.push(byte);
    }
    let mut bytes = Vec::with_capacity(plain.len());
    let mut rest = plain.as_slice();
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| *first == b'%');
        match escape.and_then(|digits| hex::decode(digits).ok()) {
            Some(byte) => {
                bytes.extend(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::decoded;
    use crate::providers::outline;
    use crate::webhook::{Delivery, Headers};

    fn delivery(fields: &[(&'static str, &'static str)], body: &'static str) -> Delivery {
        Delivery {
            method: http::Method::POST,
            path: "/".parse().unwrap(),
            headers: fields
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect::<Headers>(),
            body: body.into(),
        }
    }

    #[test]
    fn a_header_is_decoded_as_the_specification_says() {
        for (header, value) in [
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", Some("Euro € 😀")),
            ("plain", Some("plain")),
            ("quote%22d", Some("quote\"d")),
            ("50%25", Some("50%")),
            ("tab%09here", Some("tab\there")),
            ("a/b?c=d&e", Some("a/b?c=d&e")),
            ("\"quoted%20value\"", Some("quoted value")),
            (r#""a \"b\" \\ c""#, Some(r#"a "b" \ c"#)),
            ("lower%c3%bc", Some("lowerü")),
            ("%2525", Some("%25")),
            ("100%", Some("100%")),
            ("%C0%A0", None),
        ] {
            assert_eq!(decoded(header).as_deref(), value, "{header}");
        }
    }

    #[test]
    fn an_event_in_headers_is_read_whatever_its_data_is() {
        let fields = [
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "/mail"),
            ("ce-type", "com.example.na%C3%AFve"),
            ("ce-time", "2026-09-21T14:13:20Z"),
        ];
        for (kind, body) in [
            ("application/json", "{\"a\":1}"),
            ("text/plain", "Hello, World!"),
            ("application/octet-stream", "\0"),
        ] {
            let mut fields = fields.to_vec();
            fields.push(("content-type", kind));
            let receipt = outline(&delivery(&fields, body), None);
            assert_eq!(receipt.provider, Some("cloudevents"));
            assert_eq!(receipt.problems, [] as [&str; 0], "{kind}");
            assert_eq!(receipt.events[0].native, "com.example.naïve");
            assert_eq!(
                receipt.events[0].at.unwrap().to_string(),
                "2026-09-21T14:13:20Z"
            );
        }
    }

    #[test]
    fn each_of_several_events_is_looked_at() {
        let body = r#"[{"specversion":"1.0","id":"1","source":"/a","type":"t"},{"specversion":"1.0","id":"","source":"/a","type":"u"}]"#;
        let kind = [("content-type", "Application/CloudEvents-Batch+JSON")];
        let receipt = outline(&delivery(&kind, body), None);
        assert_eq!(receipt.provider, Some("cloudevents"));
        assert_eq!(receipt.events.len(), 2);
        assert_eq!(receipt.events[1].native, "u");
        assert_eq!(receipt.problems, ["a CloudEvent must have `id`"]);
        // A broken body is a problem, and no event.
        let receipt = outline(&delivery(&kind, "["), None);
        assert!(receipt.events.is_empty() && receipt.problems.len() == 1);
        assert!(outline(&delivery(&kind, "[]"), None).problems.is_empty());
    }
}
