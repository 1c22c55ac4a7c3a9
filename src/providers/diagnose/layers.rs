//! Layers around a body that reaches a handler: base64, a JSON string, gzip, the event that a serverless platform
//! makes of a request. Each layer is taken off, and those below it.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use flate2::bufread::GzDecoder;
use http::header::CONTENT_TYPE;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Uri};

use crate::webhook::body::{multipart, sniff};
use crate::webhook::{Delivery, Document};

/// Longest body that is parsed again and again.
pub(crate) const LONGEST_PARSED: usize = 1 << 20;

/// Most layers taken off one another.
const MOST_LAYERS: usize = 3;

/// Sort of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrapping {
    /// A byte order mark.
    Mark,
    /// An event of a serverless platform.
    Event,
    /// Base64.
    Base64,
    /// A JSON string.
    Text,
    /// Gzip.
    Gzip,
}

/// A delivery as it may have been, below one layer or several.
#[derive(Debug)]
pub(crate) struct Unwrapped {
    /// The outermost layer.
    pub wrapping: Wrapping,
    /// Layers taken off, in words.
    pub how: String,
    /// Result.
    pub delivery: Delivery,
}

/// Deliveries below the layers of one, the outermost first.
pub(crate) fn unwrapped(delivery: &Delivery) -> Vec<Unwrapped> {
    below(delivery, MOST_LAYERS)
}

fn below(delivery: &Delivery, most: usize) -> Vec<Unwrapped> {
    let mut all = Vec::new();
    if most == 0 {
        return all;
    }
    for outer in once(delivery) {
        let inner = below(&outer.delivery, most - 1);
        let (wrapping, how) = (outer.wrapping, outer.how.clone());
        all.push(outer);
        all.extend(inner.into_iter().map(|it| Unwrapped {
            wrapping,
            how: format!("{how}; of that, {}", it.how),
            delivery: it.delivery,
        }));
    }
    all
}

/// Each layer that may be the outermost, taken off.
fn once(delivery: &Delivery) -> Vec<Unwrapped> {
    let body: &[u8] = &delivery.body;
    let made = |wrapping, how: &str, body: Option<Vec<u8>>| {
        body.map(|body| Unwrapped {
            wrapping,
            how: how.into(),
            delivery: labelled(Delivery {
                body: body.into(),
                ..delivery.clone()
            }),
        })
    };
    let bare = || body.strip_prefix(sniff::UTF8_MARK).map(<[u8]>::to_vec);
    let text = || {
        let is_text = body.trim_ascii_start().starts_with(b"\"");
        let short = is_text && body.len() <= LONGEST_PARSED;
        let text = short.then(|| serde_json::from_slice::<String>(body).ok());
        text.flatten().map(String::into_bytes)
    };
    [
        made(
            Wrapping::Mark,
            "the body without its byte order mark",
            bare(),
        ),
        in_event(delivery),
        made(
            Wrapping::Base64,
            "the body, decoded from base64",
            unbased(body),
        ),
        made(Wrapping::Text, "the text in the JSON string", text()),
        made(
            Wrapping::Gzip,
            "what is in the compressed body",
            inflate(body),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Delivery with the content type of its unwrapped body, where the given one cannot be meant.
fn labelled(mut delivery: Delivery) -> Delivery {
    let kind = delivery.headers.text("content-type").unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    let starts = delivery.body.trim_ascii_start();
    let fitting = if let Some(boundary) = multipart::sniff(&delivery.body) {
        let named = format!("multipart/form-data; boundary=\"{boundary}\"");
        (!kind.starts_with("multipart/")).then_some(named)
    } else if matches!(starts, [b'{' | b'[', ..]) {
        let is_form = kind.starts_with("multipart/") || kind.contains("urlencoded");
        (is_form || kind.is_empty()).then(|| "application/json".into())
    } else if sniff::is_form(&delivery.body) {
        (!kind.contains("urlencoded")).then(|| "application/x-www-form-urlencoded".into())
    } else {
        None
    };
    if let Some(value) = fitting.and_then(|kind| kind.parse().ok()) {
        delivery.headers.set(CONTENT_TYPE, value);
    }
    delivery
}

/// Bytes of a body of base64; none where it is something else. Others may have put quotes around it.
fn unbased(body: &[u8]) -> Option<Vec<u8>> {
    let body = body.trim_ascii();
    let body = body.strip_prefix(b"\"").unwrap_or(body);
    let body = body.strip_suffix(b"\"").unwrap_or(body);
    // What is shorter may be anything.
    if body.len() < 8 || body.len() > 2 * LONGEST_PARSED {
        return None;
    }
    let is_digit = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_=\r\n".contains(b);
    if !body.iter().all(is_digit) {
        return None;
    }
    let text: String = body
        .iter()
        .filter(|b| !b.is_ascii_whitespace())
        .map(|b| char::from(*b))
        .collect();
    [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD]
        .into_iter()
        .find_map(|engine| engine.decode(&text).ok())
}

/// Returns true if a body looks compressed.
pub(crate) fn is_gzip(body: &[u8]) -> bool {
    body.starts_with(b"\x1f\x8b")
}

/// Content of a compressed body, if that is not endless.
fn inflate(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let most = LONGEST_PARSED as u64 + 1;
    let read = GzDecoder::new(Some(body).filter(|body| is_gzip(body))?)
        .take(most)
        .read_to_end(&mut out);
    read.ok().filter(|_| out.len() <= LONGEST_PARSED)?;
    Some(out)
}

/// Form of the event that a platform makes of a request: where its parts stand, as JSON pointers.
struct Platform {
    /// Platform that makes such events.
    name: &'static str,
    /// Members that tell it: all of one of these lists are there.
    marks: &'static [&'static [&'static str]],
    method: &'static [&'static str],
    /// The path, or the whole URL.
    path: &'static [&'static str],
    /// The query, as text or as a map of its fields.
    query: &'static [&'static str],
    headers: &'static [&'static str],
    body: &'static str,
    /// Member that says `true` or `base64` where the body is encoded.
    encoding: &'static str,
}

const PLATFORMS: &[Platform] = &[
    Platform {
        name: "AWS Lambda@Edge",
        marks: &[&["/Records/0/cf/request"]],
        method: &["/Records/0/cf/request/method"],
        path: &["/Records/0/cf/request/uri"],
        query: &["/Records/0/cf/request/querystring"],
        headers: &["/Records/0/cf/request/headers"],
        body: "/Records/0/cf/request/body/data",
        encoding: "/Records/0/cf/request/body/encoding",
    },
    Platform {
        name: "an AWS queue",
        marks: &[&["/Records/0/messageId", "/Records/0/body"]],
        method: &[],
        path: &[],
        query: &[],
        headers: &[],
        body: "/Records/0/body",
        encoding: "",
    },
    Platform {
        name: "AWS Lambda: API Gateway, a load balancer or a function URL",
        marks: &[
            &["/isBase64Encoded"],
            &["/requestContext"],
            &["/httpMethod", "/headers"],
        ],
        method: &["/httpMethod", "/requestContext/http/method"],
        // The stage is part of the URL that the provider calls.
        path: &["/rawPath", "/requestContext/path", "/path"],
        query: &[
            "/rawQueryString",
            "/multiValueQueryStringParameters",
            "/queryStringParameters",
        ],
        headers: &["/headers", "/multiValueHeaders"],
        body: "/body",
        encoding: "/isBase64Encoded",
    },
    Platform {
        name: "DigitalOcean Functions",
        marks: &[&["/http/body"]],
        method: &["/http/method"],
        path: &["/http/path"],
        query: &["/http/queryString"],
        headers: &["/http/headers"],
        body: "/http/body",
        encoding: "/http/isBase64Encoded",
    },
    Platform {
        name: "OpenWhisk",
        marks: &[&["/__ow_method"], &["/__ow_headers"]],
        method: &["/__ow_method"],
        path: &["/__ow_path"],
        query: &["/__ow_query"],
        headers: &["/__ow_headers"],
        body: "/__ow_body",
        encoding: "",
    },
    Platform {
        name: "Azure Functions",
        marks: &[&["/Data/req"]],
        method: &["/Data/req/Method"],
        path: &["/Data/req/Url"],
        query: &[],
        headers: &["/Data/req/Headers"],
        body: "/Data/req/Body",
        encoding: "",
    },
    Platform {
        name: "Azure Functions or Google Cloud Functions",
        marks: &[&["/rawBody"]],
        method: &["/method"],
        path: &["/originalUrl", "/url"],
        query: &[],
        headers: &["/headers"],
        body: "/rawBody",
        encoding: "",
    },
    Platform {
        name: "Google Pub/Sub",
        marks: &[&["/message/data", "/subscription"]],
        method: &[],
        path: &[],
        query: &[],
        headers: &[],
        body: "/message/data",
        encoding: "",
    },
    Platform {
        name: "Vercel",
        marks: &[&["/Action", "/body"], &["/encoding", "/body"]],
        method: &["/method"],
        path: &["/path"],
        query: &[],
        headers: &["/headers"],
        body: "/body",
        encoding: "/encoding",
    },
    Platform {
        name: "an object with `headers` and `body`",
        marks: &[&["/headers", "/body"]],
        method: &["/method"],
        path: &["/path", "/url"],
        query: &[],
        headers: &["/headers"],
        body: "/body",
        encoding: "",
    },
];

/// The request in the event that a platform made of it.
fn in_event(delivery: &Delivery) -> Option<Unwrapped> {
    let body = &delivery.body;
    if body.len() > 2 * LONGEST_PARSED || !body.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let event = Document::json(body).ok()?;
    let has = |at: &&str| event.at(at).is_some_and(|it| !it.is_null());
    let tells = |platform: &&Platform| platform.marks.iter().any(|marks| marks.iter().all(has));
    // An event may have the marks of several.
    let platforms = PLATFORMS.iter().filter(tells);
    let mut bodies =
        platforms.filter_map(|platform| Some((platform, text_or_bytes(&event, platform.body)?)));
    let (platform, inner) = bodies.next()?;
    let first = |places: &[&str]| {
        let mut texts = places.iter().filter_map(|at| event.text(at));
        texts.find(|text| !text.is_empty()).map(String::from)
    };
    let path = first(platform.path).unwrap_or_default();
    let place = platform.body.trim_start_matches('/').replace('/', ".");
    let encoding = event.text(platform.encoding);
    let is_encoded = matches!(encoding.as_deref(), Some("true" | "base64"));
    let (how, inner) = match is_encoded {
        true => (", decoded from base64", unbased(&inner)?),
        false => ("", inner),
    };
    let mut headers = delivery.headers.clone();
    for (name, value) in platform.headers.iter().flat_map(|at| fields(&event, at)) {
        headers.set(name, value);
    }
    let query = platform.query.iter().find_map(|at| query(&event, at));
    Some(Unwrapped {
        wrapping: Wrapping::Event,
        how: format!("`{place}` of the event ({}){how}", platform.name),
        delivery: labelled(Delivery {
            method: first(platform.method)
                .and_then(|it| Method::from_bytes(it.to_ascii_uppercase().as_bytes()).ok())
                .unwrap_or_else(|| delivery.method.clone()),
            path: requested(&path, query.as_deref()).unwrap_or_else(|| delivery.path.clone()),
            headers,
            body: Bytes::from(inner),
        }),
    })
}

/// A text, or bytes as Node.js writes them.
fn text_or_bytes(event: &Document, at: &str) -> Option<Vec<u8>> {
    let found = event.at(at)?;
    if found.is_map() {
        return found.at("/data")?.bytes();
    }
    let text = found.as_text().filter(|_| !found.is_list())?;
    (!text.is_empty()).then(|| text.into_owned().into_bytes())
}

/// The header fields in a map: each a text, a list of them, or a list of objects with a `value`.
fn fields(event: &Document, at: &str) -> Vec<(HeaderName, HeaderValue)> {
    let members = event.at(at).and_then(Document::members).unwrap_or_default();
    let fields = members.iter().filter_map(|(name, value)| {
        let first = value.values().and_then(|values| values.first());
        let value = first.unwrap_or(value);
        let text = match value.is_map() {
            true => value.text("/value"),
            false => value.as_text(),
        };
        Some((name.parse().ok()?, text?.parse().ok()?))
    });
    fields.collect()
}

/// A query: as text, or put together from a map of its fields.
fn query(event: &Document, at: &str) -> Option<String> {
    let found = event.at(at)?;
    let Some(members) = found.members() else {
        return found
            .as_text()
            .filter(|text| !text.is_empty())
            .map(String::from);
    };
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        for value in value.values().unwrap_or(std::slice::from_ref(value)) {
            out.append_pair(name, &value.as_text()?);
        }
    }
    Some(out.finish()).filter(|query| !query.is_empty())
}

/// The path of a request from its path or its URL, with that query where it has none.
fn requested(path: &str, query: Option<&str>) -> Option<PathAndQuery> {
    let uri: Uri = path.parse().ok()?;
    let path = uri.path_and_query()?;
    match query {
        Some(query) if path.query().is_none() => format!("{path}?{query}").parse().ok(),
        _ => Some(path.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Wrapping, unwrapped};
    use crate::webhook::{Delivery, Headers};

    fn below(body: &str) -> Vec<(Wrapping, String, String, String)> {
        let delivery = Delivery {
            method: http::Method::PUT,
            path: "/outer".parse().unwrap(),
            headers: Headers::new(),
            body: body.to_owned().into(),
        };
        let all = unwrapped(&delivery).into_iter().map(|it| {
            let sent = it.delivery;
            let host = sent.headers.text("host").unwrap_or("-").to_owned();
            let line = format!("{} {host}{}", sent.method, sent.path);
            let body = String::from_utf8_lossy(&sent.body).into_owned();
            (it.wrapping, it.how, line, body)
        });
        all.collect()
    }

    #[test]
    fn the_request_in_an_event_is_had_with_its_method_its_path_and_its_headers() {
        // In base64: `a=1&b=2`.
        let coded = "YT0xJmI9Mg==";
        for (event, place, line) in [
            (
                format!(r#"{{"version":"2.0","rawPath":"/p","rawQueryString":"q=1","headers":{{"host":"h"}},"requestContext":{{"http":{{"method":"POST"}}}},"body":"{coded}","isBase64Encoded":true}}"#),
                "`body`",
                "POST h/p?q=1",
            ),
            (
                format!(r#"{{"httpMethod":"POST","path":"/p","queryStringParameters":{{"q":"1 2"}},"multiValueHeaders":{{"Host":["h"]}},"requestContext":{{"elb":{{}}}},"body":"{coded}","isBase64Encoded":true}}"#),
                "`body`",
                "POST h/p?q=1+2",
            ),
            (
                r#"{"httpMethod":"POST","path":"/p","requestContext":{"path":"/prod/p"},"headers":{"Host":"h"},"body":"a=1&b=2","isBase64Encoded":false}"#.into(),
                "`body`",
                "POST h/prod/p",
            ),
            (
                format!(r#"{{"Records":[{{"cf":{{"request":{{"method":"POST","uri":"/p","querystring":"","headers":{{"host":[{{"key":"Host","value":"h"}}]}},"body":{{"data":"{coded}","encoding":"base64"}}}}}}}}]}}"#),
                "`Records.0.cf.request.body.data`",
                "POST h/p",
            ),
            (
                r#"{"Data":{"req":{"Url":"https://h/p?q=1","Method":"POST","Headers":{"Host":["h"]},"Body":"a=1&b=2"}},"Metadata":{}}"#.into(),
                "`Data.req.Body`",
                "POST h/p?q=1",
            ),
            (
                r#"{"method":"POST","url":"/p","headers":{"host":"h"},"rawBody":{"type":"Buffer","data":[97,61,49,38,98,61,50]}}"#.into(),
                "`rawBody`",
                "POST h/p",
            ),
            (
                r#"{"__ow_method":"post","__ow_path":"/p","__ow_headers":{"host":"h"},"__ow_body":"a=1&b=2"}"#.into(),
                "`__ow_body`",
                "POST h/p",
            ),
            (
                r#"{"http":{"method":"POST","path":"/p","headers":{"host":"h"},"body":"a=1&b=2","isBase64Encoded":false}}"#.into(),
                "`http.body`",
                "POST h/p",
            ),
        ] {
            let all = below(&event);
            let (wrapping, how, requested, body) = all.first().unwrap_or_else(|| panic!("{event}"));
            assert_eq!(
                (*wrapping, requested.as_str(), body.as_str()),
                (Wrapping::Event, line, "a=1&b=2"),
                "{event}"
            );
            assert!(how.starts_with(place), "{how}");
        }
    }

    #[test]
    fn layers_below_layers_are_taken_off_and_named_by_the_outermost() {
        // A queue's record that holds the event, whose body is a JSON string of base64.
        let event = serde_json::json!({"isBase64Encoded": false, "body": "\"eyJhIjogMTIzfQ==\""});
        let record =
            serde_json::json!({"Records": [{"messageId": "1", "body": event.to_string()}]});
        let all = below(&record.to_string());
        let last = all.iter().find(|(.., body)| body == "{\"a\": 123}");
        let (wrapping, how, ..) = last.unwrap_or_else(|| panic!("{all:?}"));
        assert_eq!(*wrapping, Wrapping::Event);
        assert!(
            how.ends_with("; of that, the body, decoded from base64"),
            "{how}"
        );
        assert!(below("{\"a\":1}").is_empty() && below("a=1&b=2").is_empty());
    }
}
