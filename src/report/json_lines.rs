//! JSON output (`--json`): one object per line. Its first member is always `type`; README.md lists the others.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::report::diff::lines;
use crate::report::mail_json;
use crate::report::notice::{Forwarded, Judged, Logged, Notice, Received};
use crate::report::text::checks;
use crate::report::text::humanize::micros;
use crate::report::{Tally, shown_signed};
use http::HeaderValue;

use crate::webhook::{
    Attempt, Delivery, Event, Fixture, Headers, MASK, Receipt, RecordedAnswer, TimestampFormat,
    is_credential_field, masked_path,
};

/// Version of the format; it is raised when a member changes its meaning.
const VERSION: u32 = 1;

/// Writes a notice as one line, or nothing if it is for people only.
pub fn write(out: &mut Vec<u8>, notice: &Notice) {
    let line = match notice {
        Notice::Listening {
            url, certificate, ..
        } => {
            let certificate = certificate.map_or_else(String::new, |path| {
                format!(",\"certificate\":{}", quoted(&path.to_string_lossy()))
            });
            // Written by hand, because `json!` would sort the members.
            format!(
                "{{\"type\":\"listening\",\"version\":{VERSION},\"url\":{}{certificate}}}",
                quoted(url)
            )
        }
        Notice::Tunnel { url } => format!("{{\"type\":\"tunnel\",\"url\":{}}}", quoted(url)),
        Notice::Inspector { url } => {
            format!("{{\"type\":\"inspector\",\"url\":{}}}", quoted(url))
        }
        Notice::ContentApi { provider, url, .. } => format!(
            "{{\"type\":\"content_api\",\"provider\":{},\"url\":{}}}",
            quoted(provider),
            quoted(url)
        ),
        Notice::ContentFetched {
            method,
            path,
            status,
            bytes,
        } => format!(
            "{{\"type\":\"content_fetched\",\"method\":{},\"path\":{},\"status\":{status},\"bytes\":{bytes}}}",
            quoted(method.as_str()),
            quoted(path)
        ),
        Notice::Received(received) => self::received(received),
        Notice::Logged(logged) => delivery(logged, false),
        Notice::Shown(logged) => delivery(logged, true),
        Notice::Compared(compared) => lines::compared(compared),
        Notice::Drifted(drifted) => lines::drifted(drifted),
        Notice::DriftTotals(totals) => lines::drift_totals(totals),
        Notice::Recorded { id, file } => {
            json!({"type": "recorded", "id": id, "file": file.to_string_lossy()}).to_string()
        }
        Notice::Forwarded(forwarded) => self::forwarded(forwarded),
        Notice::Confirmed {
            id,
            link,
            outcome,
            took,
        } => json!({
            "type": "confirmed", "id": id, "url": link, "outcome": outcome.name(),
            "status": outcome.status(), "reason": outcome.reason(), "micros": micros(*took),
        })
        .to_string(),
        Notice::Attempted(attempt) => attempted(attempt),
        Notice::Waiting { .. } | Notice::Paused { .. } | Notice::Resent(_) => return,
        Notice::Judged(judged) => self::judged(judged),
        Notice::Read { deliveries, bytes } => {
            json!({"type": "read", "deliveries": deliveries, "bytes": bytes}).to_string()
        }
        Notice::Checked(checked) => checks::line(checked),
        Notice::CheckTotals(marks) => checks::summary(marks),
        Notice::Summary(tally) => summary(tally),
    };
    out.extend_from_slice(harmless(&line).as_bytes());
    out.push(b'\n');
}

/// Line of a delivery with a large body, written in pieces: a whole line would be in memory several times.
pub struct Long<'a>(&'a Received<'a>);

/// Size in bytes from which a body is large.
const LARGE: usize = 256 << 10;

/// Size of a piece, in bytes; a multiple of three, so that base64 can be split there.
const PIECE: usize = 48 << 10;

impl<'a> Long<'a> {
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
        put(&self::head(self.0));
        match Body::of(&self.0.delivery.body) {
            Body::Json(value) => {
                put("\"body\":");
                pieces(value).for_each(&mut put);
            }
            Body::Text(text) => {
                put("\"text\":\"");
                for piece in pieces(text) {
                    let piece = quoted(piece);
                    put(piece.get(1..piece.len() - 1).unwrap_or_default());
                }
                put("\"");
            }
            Body::Binary(bytes) => {
                put("\"base64\":\"");
                for piece in bytes.chunks(PIECE) {
                    put(&STANDARD.encode(piece));
                }
                put("\"");
            }
        }
        put(&tail(self.0));
        give(b"\n");
    }
}

/// Splits a text into pieces of complete characters.
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        // A character has four bytes at most.
        let mut ends = (0..4).map(|less| PIECE.min(text.len()).saturating_sub(less));
        let end = ends.find(|end| text.is_char_boundary(*end));
        let (piece, rest) = text.split_at(end.unwrap_or(text.len()));
        text = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fn received(it: &Received) -> String {
    let mut line = head(it);
    body(&mut line, &it.delivery.body);
    line + &tail(it)
}

/// Appends the member of a body.
fn body(line: &mut String, bytes: &[u8]) {
    match Body::of(bytes) {
        Body::Json(value) => {
            *line += "\"body\":";
            *line += value;
        }
        Body::Text(text) => {
            *line += "\"text\":";
            *line += &quoted(text);
        }
        Body::Binary(bytes) => {
            *line += "\"base64\":\"";
            STANDARD.encode_string(bytes, line);
            *line += "\"";
        }
    }
}

/// Members before the body.
fn head(it: &Received) -> String {
    let mut line = format!(
        "{{\"type\":\"received\",\"id\":{},\"at\":\"{}\",\"remote\":{},",
        quoted(it.id),
        TimestampFormat::Rfc3339(6).write(it.at),
        json!(it.remote.map(|it| it.to_string())),
    );
    if let Some(address) = it.address {
        let _ = write!(line, "\"address\":{},", quoted(address));
    }
    request(&mut line, it.delivery);
    line + ","
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
    line += ",\"reply\":{\"status\":";
    let _ = match it.status {
        Some(status) => write!(line, "{status}"),
        None => write!(line, "null,\"hung_up\":true"),
    };
    if it.on_purpose {
        line += ",\"on_purpose\":true";
    }
    let _ = write!(line, ",\"micros\":{}}}}}", micros(it.took));
    line
}

/// Recorded delivery; with its body and all of its recorded responses if `whole`.
fn delivery(it: &Logged, whole: bool) -> String {
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
        body(&mut line, &fixture.delivery.body);
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
        body(&mut line, bytes);
    }
    line + "}"
}

/// Object of type `received`, as `listen --json` prints it.
pub fn received_json(it: &Received) -> String {
    harmless(&received(it)).into_owned()
}

/// Recorded response as `show --json` prints it.
pub fn recorded_answer_json(answer: &RecordedAnswer) -> String {
    harmless(&recorded_answer(answer)).into_owned()
}

/// Object of type `forwarded` for a recorded response.
pub fn forwarded_answer_json(it: &RecordedAnswer) -> String {
    let line = json!({
        "type": "forwarded", "id": it.to, "target": it.target, "attempt": it.attempt,
        "outcome": it.outcome, "status": it.status, "reason": it.reason, "micros": it.micros,
    })
    .to_string();
    harmless(&line).into_owned()
}

/// Line of a notice, as `--json` prints it.
pub fn json_line(notice: &Notice) -> String {
    let mut out = Vec::new();
    write(&mut out, notice);
    String::from_utf8(out).unwrap_or_default()
}

/// Event as in the objects of `--json`.
pub fn event_json(it: &Event) -> Value {
    event(it)
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

/// Appends the members of a request but its body.
fn request(line: &mut String, it: &Delivery) {
    let _ = write!(
        line,
        "\"method\":{},\"path\":{},\"headers\":",
        quoted(it.method.as_str()),
        quoted(&masked_path(it.path.as_str())),
    );
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
        let _ = write!(
            line,
            "{}[{},{}]",
            if at == 0 { "" } else { "," },
            quoted(name.as_str()),
            quoted(&shown)
        );
    }
    line.push(']');
}

/// Appends the members of what was read from a delivery.
fn reading(line: &mut String, receipt: &Receipt) {
    let _ = write!(
        line,
        ",\"provider\":{},\"recognised_by\":{},\"events\":{},\"signature\":{},\"problems\":{}",
        json!(receipt.provider),
        json!(receipt.recognised_by.map(|by| by.to_string())),
        Value::from_iter(receipt.events.iter().map(event)),
        json!({
            "scheme": receipt.signature.scheme,
            "verdict": receipt.signature.verdict.name(),
            "reason": receipt.signature.reason,
        }),
        json!(receipt.problems),
    );
    if !receipt.mails.is_empty() {
        let _ = write!(line, ",\"mail\":{}", mail_json::mails(&receipt.mails));
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

fn forwarded(it: &Forwarded) -> String {
    json!({
        "type": "forwarded", "id": it.id, "target": it.target, "attempt": it.attempt,
        "outcome": it.outcome.name(), "status": it.outcome.status(), "reason": it.outcome.reason(),
        "micros": micros(it.took), "final": it.again_in.is_none(),
    })
    .to_string()
}

fn event(event: &Event) -> Value {
    json!({
        "kind": event.kind.name(),
        "native": event.native,
        "recipient": event.recipient,
        "message_id": event.message_id,
        "at": event.at.map(|at| at.to_string()),
        "url": event.url,
        "bounce": event.bounce.map(|class| class.name()),
        "reason": event.reason,
    })
}

fn attempted(it: &Attempt) -> String {
    let events = it.events.as_ref();
    json!({
        "type": "attempted", "id": it.id, "source": it.source, "target": it.target, "provider": it.provider,
        "kinds": events.map(|it| &it.kinds), "recipient": events.map(|it| &it.recipient),
        "message_id": events.map(|it| &it.message_id), "attempt": it.number,
        "outcome": it.outcome.name(), "status": it.outcome.status(), "reason": it.outcome.reason(),
        "micros": micros(it.took), "final": it.last,
    })
    .to_string()
}

fn judged(it: &Judged) -> String {
    let signed = it.signed.map(|bytes| match std::str::from_utf8(bytes) {
        Ok(text) => json!({"text": text, "shown": shown_signed(bytes)}),
        Err(_) => json!({"base64": STANDARD.encode(bytes), "shown": shown_signed(bytes)}),
    });
    let key = it
        .key
        .map(|key| json!({"name": key.name, "number": key.number, "of": key.of}));
    json!({
        "type": "verified", "id": it.id, "source": it.source, "provider": it.receipt.provider,
        "scheme": it.receipt.signature.scheme, "verdict": it.receipt.signature.verdict.name(),
        "reason": it.receipt.signature.reason, "now": it.now.to_string(), "key": key,
        "signed": signed, "cause": it.finding.map(|it| it.name), "finding": it.finding.map(|it| it.finding),
        "fits": it.finding.map(|it| it.fits), "advice": it.finding.map(|it| it.advice).or(it.next),
        "ruled_out": it.ruled_out, "not_tried": it.not_tried, "hint": it.hint,
        "problems": it.receipt.problems,
    })
    .to_string()
}

fn summary(it: &Tally) -> String {
    let statuses: serde_json::Map<String, Value> = it
        .statuses
        .iter()
        .map(|(status, count)| (status.to_string(), json!(count)))
        .collect();
    let kinds: serde_json::Map<String, Value> = it
        .kinds
        .iter()
        .map(|(kind, count)| (kind.name().to_owned(), json!(count)))
        .collect();
    let forwarded = it.forwarded.as_ref().map(
        |it| json!({"passed": it.passed, "refused": it.rejected(), "unanswered": it.unanswered}),
    );
    json!({
        "type": "summary", "deliveries": it.deliveries, "failed": it.failed, "unanswered": it.unanswered,
        "retries": it.retries, "maybe_duplicate": it.maybe_duplicate, "stopped": it.stopped,
        "refused_signatures": it.refused_signatures, "broken": it.broken,
        "hung_up": it.hung_up, "forwarded": forwarded, "per_second": (it.rate() * 10.0).round() / 10.0,
        "statuses": statuses, "kinds": kinds,
        "micros": {
            "p50": micros(it.quantile(0.5)), "p90": micros(it.quantile(0.9)), "p99": micros(it.quantile(0.99)),
            "max": it.micros.max(), "elapsed": micros(it.elapsed),
        },
    })
    .to_string()
}

/// Member of a request body: `body` if it is JSON on one line, or else `text`, or else `base64`.
enum Body<'a> {
    Json(&'a str),
    Text(&'a str),
    Binary(&'a [u8]),
}

impl<'a> Body<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::Binary(bytes);
        };
        let value = text.trim_matches([' ', '\t', '\r', '\n']);
        let is_line = memchr::memchr2(b'\n', b'\r', value.as_bytes()).is_none();
        let is_json = || serde_json::from_str::<&RawValue>(value).is_ok();
        if is_line && is_json() && depth(value) <= 64 {
            Self::Json(value)
        } else {
            Self::Text(text)
        }
    }
}

/// Upper bound of the nesting depth; brackets in strings are counted too, which is safe.
fn depth(text: &str) -> usize {
    let mut depth = 0usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Escapes DEL and the C1 controls, which JSON allows in strings and a terminal interprets. They occur in strings only.
pub fn harmless(line: &str) -> std::borrow::Cow<'_, str> {
    let dangerous = |c: char| matches!(c, '\u{7f}'..='\u{9f}');
    // In UTF-8 each of them has one of these two bytes.
    if memchr::memchr2(0x7f, 0xc2, line.as_bytes()).is_none() {
        return line.into();
    }
    let mut out = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        if dangerous(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.into()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Long, harmless, received};
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
                    Long(it).write(&mut |piece| {
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

    #[test]
    fn controls_that_json_allows_are_escaped() {
        assert_eq!(
            harmless("{\"a\":\"\u{9b}31m\u{7f}é\"}"),
            "{\"a\":\"\\u009b31m\\u007fé\"}"
        );
    }
}
