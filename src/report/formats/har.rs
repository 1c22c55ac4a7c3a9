//! Request formats of other tools: HAR 1.2, read by browsers, proxies and load generators, and the targets of vegeta.
//! <http://www.softwareishard.com/blog/har-12-spec/>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::HOST;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::report::formats::curl;
use crate::webhook::{Delivery, Target, TimestampFormat};

/// Beginning of a HAR file, up to the first entry.
pub fn har_start() -> String {
    let creator = json!({"name": "webhook-cli", "version": env!("CARGO_PKG_VERSION")});
    format!("{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"entries\":[\n")
}

/// Separator between two entries.
pub const HAR_BETWEEN: &str = ",\n";

/// End of a HAR file, after the last entry.
pub const HAR_END: &str = "\n]}}\n";

/// Formats one entry: the request, with an empty response.
///
/// HAR cannot say how the text of a request is encoded. A binary body is written as base64, marked by a custom member;
/// its name begins with an underscore, as HAR demands. `replay` reads it back.
pub fn har(delivery: &Delivery, target: &Target, at: Timestamp) -> Vec<u8> {
    let pairs = |pairs: Vec<(String, String)>| -> Value {
        pairs
            .into_iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect()
    };
    let shown = curl::path(delivery, target);
    let query = shown.split_once('?').map_or("", |(_, query)| query);
    let query = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let mut request = json!({
        "method": delivery.method.as_str(),
        "url": format!("{}{}", target.origin(), curl::path(delivery, target)),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": pairs(fields(delivery, target)),
        "queryString": pairs(query),
        "headersSize": -1,
        "bodySize": delivery.body.len(),
    });
    if let (false, Some(request)) = (delivery.body.is_empty(), request.as_object_mut()) {
        let kind = delivery.headers.text("content-type").unwrap_or_default();
        let data = match std::str::from_utf8(&delivery.body) {
            Ok(text) => json!({"mimeType": kind, "text": text}),
            Err(_) => json!({
                "mimeType": kind,
                "text": STANDARD.encode(&delivery.body),
                "_bodyEncoding": "base64",
            }),
        };
        request.insert("postData".into(), data);
    }
    let entry = json!({
        "startedDateTime": TimestampFormat::Rfc3339(3).write(at),
        "time": 0,
        "request": request,
        "response": {
            "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [],
            "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
    });
    entry.to_string().into_bytes()
}

/// Formats a target on one line, as vegeta reads it with `-format=json`.
pub fn vegeta(delivery: &Delivery, target: &Target) -> Vec<u8> {
    let mut header: Map<String, Value> = Map::new();
    for (name, value) in fields(delivery, target) {
        // Vegeta looks for a host by this spelling only.
        let name = match name.as_str() {
            "host" => "Host".to_owned(),
            _ => name,
        };
        let values = header.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    let mut line = json!({
        "method": delivery.method.as_str(),
        "url": format!("{}{}", target.origin(), curl::path(delivery, target)),
        "header": header,
    });
    if let (false, Some(line)) = (delivery.body.is_empty(), line.as_object_mut()) {
        line.insert("body".into(), STANDARD.encode(&delivery.body).into());
    }
    format!("{line}\n").into_bytes()
}

fn fields(delivery: &Delivery, target: &Target) -> Vec<(String, String)> {
    let host = target
        .carries(&HOST)
        .then(|| (HOST.to_string(), target.host_field()));
    host.into_iter()
        .chain(curl::fields(delivery, target))
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name, value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{HAR_BETWEEN, HAR_END, har, har_start, vegeta};
    use crate::webhook::{Delivery, Target};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    fn delivery(body: &[u8]) -> Delivery {
        let field = |name: &str, value: &str| (name.parse().unwrap(), value.parse().unwrap());
        Delivery {
            method: http::Method::POST,
            path: "/hooks?x=a%20b&y".parse().unwrap(),
            headers: [
                field("content-type", "application/json"),
                field("x-a", "1"),
                field("x-a", "\"2\""),
                field("connection", "close"),
            ]
            .into_iter()
            .collect(),
            body: bytes::Bytes::copy_from_slice(body),
        }
    }

    #[test]
    fn a_har_is_one_document_with_the_exact_bodies() {
        let target = Target::parse(":3000").unwrap();
        let at = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let entry = |body: &[u8]| String::from_utf8(har(&delivery(body), &target, at)).unwrap();
        let entries = [entry(b"[ 1.10 ]\r\n"), entry(b"\xff\0"), entry(b"")];
        let whole = har_start() + &entries.join(HAR_BETWEEN) + HAR_END;
        let whole: Value = serde_json::from_str(&whole).unwrap();
        assert_eq!(whole["log"]["version"], "1.2");
        let entries = &whole["log"]["entries"];
        assert_eq!(entries[0]["startedDateTime"], "2026-01-02T03:04:05.678Z");
        let request = &entries[0]["request"];
        assert_eq!(request["url"], "http://localhost:3000/hooks?x=a%20b&y");
        assert_eq!(
            request["queryString"],
            json!([{"name": "x", "value": "a b"}, {"name": "y", "value": ""}])
        );
        assert_eq!(
            request["headers"][2],
            json!({"name": "x-a", "value": "\"2\""})
        );
        assert_eq!(request["headers"][3], Value::Null);
        assert_eq!(request["postData"]["text"], "[ 1.10 ]\r\n");
        assert_eq!(request["postData"]["_bodyEncoding"], Value::Null);
        let binary = &entries[1]["request"]["postData"];
        assert_eq!(binary["text"], STANDARD.encode(b"\xff\0"));
        assert_eq!(binary["_bodyEncoding"], "base64");
        assert_eq!(entries[2]["request"]["postData"], Value::Null);
    }

    #[test]
    fn a_target_of_vegeta_is_a_line_with_the_body_in_base64() {
        let target = Target::parse(":3000").unwrap();
        assert_eq!(
            String::from_utf8(vegeta(&delivery(b"[]\r\n"), &target)).unwrap(),
            "{\"method\":\"POST\",\"url\":\"http://localhost:3000/hooks?x=a%20b&y\",\
             \"header\":{\"content-type\":[\"application/json\"],\"x-a\":[\"1\",\"\\\"2\\\"\"]},\"body\":\"W10NCg==\"}\n"
        );
    }
}
