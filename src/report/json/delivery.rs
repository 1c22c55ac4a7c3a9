//! Deliveries and recorded responses in JSON output.

use std::fmt::Write as _;

use http::HeaderValue;
use serde::Serialize;
use serde_json::{Value, json};

use crate::report::json::body::BodyMember;
use crate::report::json::escape::{append, harmless, quote, quoted};
use crate::report::json::mail;
use crate::report::notice::{Logged, Notice, Received};
use crate::report::text::humanize::micros;
use crate::webhook::{
    Delivery, Event, Fixture, Headers, MASK, Receipt, RecordedAnswer, TimestampFormat,
    is_credential_field, masked_path,
};

/// Line of a received delivery.
pub(super) fn received(it: &Received) -> String {
    let mut line = head(it);
    BodyMember::of(&it.delivery.body).append(&mut line);
    line + &tail(it)
}

/// Object of type `received`, as `listen --json` prints it.
pub fn received_json(it: &Received) -> String {
    harmless(&received(it)).into_owned()
}

/// Line of a delivery with a large body, written in pieces: a whole line would be in memory several times.
pub struct LongLine<'a>(&'a Received<'a>);

/// Size in bytes from which a body is large.
const LARGE: usize = 256 << 10;

impl<'a> LongLine<'a> {
    /// Returns the line if it is one to write in pieces.
    pub fn of(notice: &'a Notice<'a>) -> Option<Self> {
        match notice {
            Notice::Received(it) if it.delivery.body.len() >= LARGE => Some(Self(it)),
            _ => None,
        }
    }

    /// Writes the line.
    pub fn write(&self, give: &mut dyn FnMut(&[u8])) {
        let mut put = |text: &str| give(harmless(text).as_bytes());
        put(&head(self.0));
        BodyMember::of(&self.0.delivery.body).write(&mut put);
        put(&tail(self.0));
        give(b"\n");
    }
}

/// Recorded delivery; with its body and all of its recorded responses if `whole`.
pub(super) fn delivery(it: &Logged, whole: bool) -> String {
    let fixture = it.fixture;
    let mut line = format!(
        "{{\"type\":\"delivery\",\"address\":{},\"id\":{},\"at\":{},",
        quoted(it.address),
        json!(fixture.id),
        json!(fixture.at.map(|at| TimestampFormat::Rfc3339(6).write(at))),
    );
    request(&mut line, &fixture.delivery);
    if whole {
        line.push(',');
        BodyMember::of(&fixture.delivery.body).append(&mut line);
    }
    reading(&mut line, it.receipt);
    let reply = match (fixture.answers.last(), &fixture.reply) {
        (Some(last), _) => json!({
            "status": last.status, "micros": last.micros, "target": last.target,
            "outcome": last.outcome,
        }),
        (None, Some(reply)) => json!({"status": reply.status, "micros": reply.micros}),
        (None, None) => Value::Null,
    };
    let _ = write!(line, ",\"reply\":{reply}");
    if whole {
        line += ",\"answers\":[";
        for (at, answer) in fixture.answers.iter().enumerate() {
            line += if at == 0 { "" } else { "," };
            line += &recorded_answer(answer);
        }
        line.push(']');
    }
    line.push('}');
    line
}

/// Recorded response, with its headers and its body.
fn recorded_answer(answer: &RecordedAnswer) -> String {
    let head = json!({
        "at": answer.at.map(|at| TimestampFormat::Rfc3339(6).write(at)), "target": answer.target,
        "attempt": answer.attempt, "outcome": answer.outcome, "reason": answer.reason,
        "status": answer.status, "micros": answer.micros,
    })
    .to_string();
    let mut line = head.strip_suffix('}').unwrap_or(&head).to_owned();
    line += ",\"headers\":";
    headers(&mut line, &answer.headers);
    if let Some(bytes) = &answer.body {
        line.push(',');
        BodyMember::of(bytes).append(&mut line);
    }
    line + "}"
}

/// Recorded response as `show --json` prints it.
pub fn recorded_answer_json(answer: &RecordedAnswer) -> String {
    harmless(&recorded_answer(answer)).into_owned()
}

/// Event as in the objects of `--json`.
#[derive(Serialize)]
pub struct EventJson<'a> {
    kind: &'static str,
    native: &'a str,
    recipient: Option<&'a str>,
    message_id: Option<&'a str>,
    at: Option<String>,
    url: Option<&'a str>,
    bounce: Option<&'static str>,
    reason: Option<&'a str>,
}

impl<'a> EventJson<'a> {
    /// Makes it of an event.
    pub fn of(event: &'a Event) -> Self {
        Self {
            kind: event.kind.name(),
            native: &event.native,
            recipient: event.recipient.as_deref(),
            message_id: event.message_id.as_deref(),
            at: event.at.map(|at| at.to_string()),
            url: event.url.as_deref(),
            bounce: event.bounce.map(|class| class.name()),
            reason: event.reason.as_deref(),
        }
    }
}

/// Verdict on a signature as in the objects of `--json`.
#[derive(Serialize)]
struct SignatureJson<'a> {
    scheme: Option<&'a str>,
    verdict: &'static str,
    reason: Option<&'a str>,
}

/// Room in bytes for what stands around the body of most deliveries.
const ROOM: usize = 1024;

/// Members before the body.
fn head(it: &Received) -> String {
    let mut line = String::with_capacity(ROOM + it.delivery.body.len());
    line += "{\"type\":\"received\",\"id\":";
    quote(&mut line, it.id);
    line += ",\"at\":";
    quote(&mut line, &TimestampFormat::Rfc3339(6).write(it.at));
    line += ",\"remote\":";
    match it.remote {
        Some(remote) => quote(&mut line, &remote.to_string()),
        None => line += "null",
    }
    if let Some(address) = it.address {
        line += ",\"address\":";
        quote(&mut line, address);
    }
    line.push(',');
    request(&mut line, it.delivery);
    line.push(',');
    line
}

/// Members after the body.
fn tail(it: &Received) -> String {
    let mut line = String::new();
    reading(&mut line, it.receipt);
    if let Some(again) = it.again {
        let _ = write!(
            line,
            ",\"retry\":{{\"count\":{},\"since_micros\":{}}}",
            again.count,
            micros(again.since)
        );
    }
    let _ = match it.status {
        Some(status) => write!(line, ",\"reply\":{{\"status\":{status}"),
        None if it.hung_up => write!(line, ",\"reply\":{{\"status\":null,\"hung_up\":true"),
        // A recording may have none.
        None => return line + ",\"reply\":null}",
    };
    if it.on_purpose {
        line += ",\"on_purpose\":true";
    }
    let _ = write!(line, ",\"micros\":{}}}}}", micros(it.took));
    line
}

/// Appends the members of a request but its body.
fn request(line: &mut String, it: &Delivery) {
    *line += "\"method\":";
    quote(line, it.method.as_str());
    *line += ",\"path\":";
    quote(line, &masked_path(it.path.as_str()));
    *line += ",\"headers\":";
    headers(line, &it.headers);
}

fn headers(line: &mut String, headers: &Headers) {
    line.push('[');
    for (at, (name, value)) in headers.iter().enumerate() {
        let shown = if is_credential_field(name.as_str()) {
            MASK.into()
        } else {
            String::from_utf8_lossy(value.as_bytes())
        };
        *line += if at == 0 { "[" } else { ",[" };
        quote(line, name.as_str());
        line.push(',');
        quote(line, &shown);
        line.push(']');
    }
    line.push(']');
}

/// Appends the members of what was read from a delivery.
fn reading(line: &mut String, receipt: &Receipt) {
    let signature = &receipt.signature;
    let events: Vec<_> = receipt.events.iter().map(EventJson::of).collect();
    *line += ",\"provider\":";
    append(line, &receipt.provider);
    *line += ",\"recognised_by\":";
    append(line, &receipt.recognised_by.map(|by| by.to_string()));
    *line += ",\"events\":";
    append(line, &events);
    *line += ",\"signature\":";
    append(
        line,
        &SignatureJson {
            scheme: signature.scheme,
            verdict: signature.verdict.name(),
            reason: signature.reason.as_deref(),
        },
    );
    *line += ",\"problems\":";
    append(line, &receipt.problems);
    if !receipt.mails.is_empty() {
        let _ = write!(line, ",\"mail\":{}", mail::mails(&receipt.mails));
    }
    if receipt.handshake {
        let _ = write!(
            line,
            ",\"handshake\":{}",
            json!(receipt.asks.unwrap_or_default())
        );
    }
    if let Some(link) = &receipt.confirm {
        let _ = write!(line, ",\"confirm\":{}", quoted(link));
    }
}

/// Fixture with its credentials masked, as `--json` masks them.
pub fn masked_fixture(it: &Fixture) -> Fixture {
    let mut masked = it.clone();
    let delivery = &mut masked.delivery;
    delivery.headers = delivery
        .headers
        .spelled()
        .map(|(name, value)| match is_credential_field(name) {
            true => (name, HeaderValue::from_static(MASK)),
            false => (name, value.clone()),
        })
        .fold(Headers::new(), |mut all, (name, value)| {
            if let Ok(parsed) = name.parse() {
                all.push_spelled(parsed, name, value);
            }
            all
        });
    if let Ok(path) = masked_path(delivery.path.as_str()).parse() {
        delivery.path = path;
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::{LongLine, harmless, received};
    use crate::report::Received;
    use crate::webhook::{Delivery, Headers, Receipt};
    use std::time::Duration;

    fn body(bytes: &[u8]) -> String {
        line(bytes, |it| harmless(&received(it)).into_owned())
    }

    /// Line of a delivery with this body.
    fn line(body: &[u8], write: impl FnOnce(&Received) -> String) -> String {
        write(&Received {
            id: "1",
            at: jiff::Timestamp::UNIX_EPOCH,
            remote: Some(([127, 0, 0, 1], 1).into()),
            delivery: &Delivery {
                method: http::Method::POST,
                path: "/?token=abc".parse().unwrap(),
                headers: Headers::new(),
                body: bytes::Bytes::copy_from_slice(body),
            },
            receipt: &Receipt::default(),
            status: Some(200),
            hung_up: false,
            answer: b"",
            answer_coding: None,
            took: Duration::ZERO,
            rejected: false,
            on_purpose: false,
            again: None,
            handler: None,
            address: None,
        })
    }

    #[test]
    fn a_large_body_makes_the_same_line_in_pieces() {
        for text in [
            "{\"é\":\"\u{7f}x\"},",
            "\"é\n\u{9b}",
            "plain ",
            "\u{c2}\u{1f600}",
        ] {
            let long = text.repeat(100_000);
            let json = format!("[{}0]", "{\"é\":\"\u{7f}x\"},".repeat(100_000));
            for body in [
                long.as_bytes(),
                json.as_bytes(),
                &[long.as_bytes(), b"\xff"].concat(),
            ] {
                let whole = line(body, |it| harmless(&received(it)).into_owned() + "\n");
                let mut pieces = Vec::new();
                let mut largest = 0;
                line(body, |it| {
                    LongLine(it).write(&mut |piece| {
                        largest = piece.len().max(largest);
                        pieces.extend_from_slice(piece);
                    });
                    String::new()
                });
                assert!(whole.as_bytes() == pieces, "{text:?}");
                assert!(largest < 1 << 20);
            }
        }
    }

    #[test]
    fn a_body_stands_there_as_it_came_if_it_can() {
        let deep = ["[".repeat(100), "]".repeat(100)].concat();
        for (bytes, member) in [
            (&b"[{\"n\":1.10}]\r\n"[..], "\"body\":[{\"n\":1.10}],"),
            (b"{\n}", "\"text\":\"{\\n}\","),
            (b"a=1", "\"text\":\"a=1\","),
            (b"\xff", "\"base64\":\"/w==\","),
            (deep.as_bytes(), "\"text\":\"[["),
        ] {
            let line = body(bytes);
            assert!(line.contains(member), "{line}");
        }
    }
}
