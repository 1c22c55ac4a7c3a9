//! A delivery as text, for people and for git: pretty in a file of its own, or one line of a recording.
//!
//! A body that is JSON stands in it verbatim and is read back verbatim; it is never parsed and printed again.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Delivery, Headers, TimeForm};

/// A saved delivery and what is known of it.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The id it was received under.
    pub id: Option<String>,
    /// When it was received.
    pub at: Option<Timestamp>,
    /// The delivery itself.
    pub delivery: Delivery,
    /// What was answered when it was received.
    pub reply: Option<Reply>,
    /// Members that we do not know, or do not need: kept as they are.
    pub rest: Vec<(String, Box<RawValue>)>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// From the whole request read to the answer ready, in microseconds.
    pub micros: u64,
    /// The body, where it was kept.
    pub body: Option<Bytes>,
}

impl Reply {
    /// What was answered after that time.
    pub fn new(status: u16, took: Duration, body: Option<Bytes>) -> Self {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        Self {
            status,
            micros,
            body,
        }
    }
}

/// Where a text is not what it should be, and why. Lines and columns begin at 1; columns count bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.reason
        )
    }
}

/// So many header fields a delivery has at most: more than any server takes, and fewer than a map of them can hold.
pub(super) const MOST_FIELDS: usize = 10_000;

/// What stands in front of the checksum of a recording's line.
const CHECKSUM: &str = ",\"crc32c\":\"";

impl Fixture {
    /// A fixture of a delivery, with nothing known of it.
    pub fn new(delivery: Delivery) -> Self {
        Self {
            id: None,
            at: None,
            delivery,
            reply: None,
            rest: Vec::new(),
        }
    }

    /// Reads a file: a fixture, or any other JSON as the plain payload of a `POST /`.
    pub fn read(text: &[u8]) -> Result<Fixture, Fault> {
        let members = Members::read(text)?;
        if members.get("fixture").is_none() {
            return Ok(Fixture::new(Delivery {
                method: Method::POST,
                path: http::uri::PathAndQuery::from_static("/"),
                headers: [(
                    http::header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                )]
                .into_iter()
                .collect(),
                body: Bytes::copy_from_slice(text),
            }));
        }
        Self::from_members(&members)
    }

    /// Reads a line of a recording. Its checksum is compared if it has one.
    pub fn read_line(line: &[u8]) -> Result<Fixture, Fault> {
        has_checksum(line)?;
        Self::read_carefully(line)
    }

    /// The same, where the line is shared: of one that this tool wrote, the body is not copied.
    pub fn of_line(line: &Bytes) -> Result<Fixture, Fault> {
        let quick = if has_checksum(line)? {
            super::line::read(line)
        } else {
            None
        };
        quick.map_or_else(|| Self::read_carefully(line), Ok)
    }

    /// The same of a line that somebody has edited: its checksum is passed over.
    pub fn of_edited(line: &Bytes) -> Result<Fixture, Fault> {
        match has_checksum(line) {
            Ok(_) => Self::of_line(line),
            Err(_) => Self::read_carefully(line),
        }
    }

    fn read_carefully(line: &[u8]) -> Result<Fixture, Fault> {
        let members = Members::read(line)?;
        if members.get("fixture").is_none() {
            return Err(members.fault(None, "no recorded delivery: `fixture` is missing"));
        }
        Self::from_members(&members)
    }

    fn from_members(members: &Members) -> Result<Fixture, Fault> {
        let request = members
            .get("request")
            .ok_or_else(|| members.fault(None, "`request` is missing"))?;
        let request = Members::inside(members.text, request)?;
        let odd = Members::odd;
        let method = match request.text("method")? {
            None => Method::POST,
            Some(method) => method
                .parse()
                .map_err(|_| odd(&request, "method", "is no method"))?,
        };
        let path = match request.text("path")? {
            None => http::uri::PathAndQuery::from_static("/"),
            // What is behind a `#` would be cut off without a word.
            Some(path) if path.contains('#') => {
                return Err(odd(&request, "path", "has a `#`, which no request has"));
            }
            Some(path) if path.starts_with('/') || path == "*" => path
                .parse()
                .map_err(|_| odd(&request, "path", "has characters that no path has"))?,
            Some(_) => return Err(odd(&request, "path", "must begin with `/`")),
        };
        let headers = match request.get("headers") {
            None => Headers::new(),
            Some(raw) => read_headers(raw).map_err(|why| request.fault(Some(raw), &why))?,
        };
        let body = read_body(&request)?.ok_or_else(|| {
            members.fault(
                members.get("request"),
                "one of `body`, `text` and `base64` is missing",
            )
        })?;
        let at = match members.text("at")? {
            None => None,
            Some(at) => Some(
                at.parse()
                    .map_err(|_| odd(members, "at", "is no RFC 3339 time"))?,
            ),
        };
        let reply = members
            .get("reply")
            .and_then(|raw| read_reply(members.text, raw));
        let known = ["fixture", "id", "at", "request", "reply", "crc32c"];
        let rest = members
            .members
            .iter()
            .filter(|(name, _)| !known.contains(&name.as_ref()));
        Ok(Fixture {
            id: members.text("id")?,
            at,
            delivery: Delivery {
                method,
                path,
                headers,
                body,
            },
            reply,
            rest: rest
                .map(|(name, raw)| (name.to_string(), (*raw).to_owned()))
                .collect(),
        })
    }

    /// The text of a file of its own, easy to read and to edit.
    pub fn to_pretty(&self) -> String {
        let mut out = String::from("{\n  \"fixture\": 1,\n");
        if let Some(id) = &self.id {
            out += &format!("  \"id\": {},\n", quoted(id));
        }
        if let Some(at) = self.at {
            out += &format!("  \"at\": \"{}\",\n", TimeForm::Rfc3339(6).write(at));
        }
        out += &format!(
            "  \"request\": {{\n    \"method\": {},\n",
            quoted(self.delivery.method.as_str())
        );
        out += &format!(
            "    \"path\": {},\n    \"headers\": [",
            quoted(self.delivery.path.as_str())
        );
        for (at, field) in self.delivery.headers.iter().enumerate() {
            out += if at == 0 { "\n      " } else { ",\n      " };
            header(&mut out, field, ", ");
        }
        out += match self.delivery.headers.iter().next() {
            None => "],\n    ",
            Some(_) => "\n    ],\n    ",
        };
        body(&mut out, &self.delivery.body, true, ",\n    ", ": ");
        out += "\n  }";
        if let Some(reply) = &self.reply {
            out += &format!(
                ",\n  \"reply\": {{\"status\": {}, \"micros\": {}",
                reply.status, reply.micros
            );
            if let Some(bytes) = &reply.body {
                out += ", ";
                body(&mut out, bytes, true, ", ", ": ");
            }
            out += "}";
        }
        for (name, raw) in &self.rest {
            out += &format!(",\n  {}: {}", quoted(name), raw.get());
        }
        out + "\n}\n"
    }

    /// A line of a recording, with its checksum and its line break.
    pub fn to_line(&self) -> String {
        let mut out = String::with_capacity(room_for_line(self.delivery.body.len()));
        out.push_str("{\"fixture\":1");
        if let Some(id) = &self.id {
            out.push_str(",\"id\":");
            quote(&mut out, id);
        }
        if let Some(at) = self.at {
            out.push_str(",\"at\":\"");
            out.push_str(&TimeForm::Rfc3339(6).write(at));
            out.push('"');
        }
        out.push_str(",\"request\":{\"method\":");
        quote(&mut out, self.delivery.method.as_str());
        out.push_str(",\"path\":");
        quote(&mut out, self.delivery.path.as_str());
        out.push_str(",\"headers\":[");
        for (at, field) in self.delivery.headers.iter().enumerate() {
            out.push_str(if at == 0 { "" } else { "," });
            header(&mut out, field, ",");
        }
        out.push_str("],");
        body(&mut out, &self.delivery.body, false, ",", ":");
        out.push('}');
        if let Some(reply) = &self.reply {
            let (status, micros) = (reply.status, reply.micros);
            out += &format!(",\"reply\":{{\"status\":{status},\"micros\":{micros}");
            if let Some(bytes) = &reply.body {
                out.push(',');
                body(&mut out, bytes, false, ",", ":");
            }
            out.push('}');
        }
        for (name, raw) in &self.rest {
            out.push(',');
            quote(&mut out, name);
            out.push(':');
            // What was kept from a pretty file may hold line breaks, which only white space can be.
            out += &raw.get().replace(['\n', '\r'], " ");
        }
        let sum = crc32c::crc32c(out.as_bytes());
        out.push_str(CHECKSUM);
        out += &format!("{sum:08x}\"}}\n");
        out
    }
}

/// How much room a line gets at first. That of a large body is more than it needs, and more than 32 MiB, so that it is
/// not moved as it grows, and so that the system's allocator gives it back at once; what is not written to is not there.
fn room_for_line(body: usize) -> usize {
    if body < 1 << 20 {
        body + 1024
    } else {
        (body * 2).max((32 << 20) + 1)
    }
}

/// Appends a text as JSON. What needs no escape, which is nearly everything, is copied in one piece.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    let is_odd = |b: &u8| *b < b' ' || matches!(b, b'"' | b'\\');
    while let Some(at) = rest.as_bytes().iter().position(is_odd) {
        let (plain, odd) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = odd.chars();
        match chars.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => *out += &format!("\\u{:04x}", u32::from(control)),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote(&mut out, text);
    out
}

fn header(out: &mut String, (name, value): &(HeaderName, HeaderValue), comma: &str) {
    out.push('[');
    quote(out, name.as_str());
    out.push_str(comma);
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => quote(out, text),
        Err(_) => {
            out.push_str("{\"base64\":\"");
            STANDARD.encode_string(value.as_bytes(), out);
            out.push_str("\"}");
        }
    }
    out.push(']');
}

/// The body that stands there as JSON, as text or in base64; none if it does not.
fn read_body(of: &Members) -> Result<Option<Bytes>, Fault> {
    let body = match (of.get("body"), of.text("text")?, of.text("base64")?) {
        (Some(raw), None, None) => {
            let leading = of.text("leading")?.unwrap_or_default();
            let trailing = of.text("trailing")?.unwrap_or_default();
            Bytes::from([leading.as_str(), raw.get(), trailing.as_str()].concat())
        }
        (None, Some(text), None) => Bytes::from(text),
        (None, None, Some(base64)) => STANDARD
            .decode(base64)
            .map_err(|why| of.odd("base64", &format!("is not base64: {why}")))?
            .into(),
        (None, None, None) => return Ok(None),
        _ => {
            return Err(of.fault(
                of.whole,
                "only one of `body`, `text` and `base64` can be the body",
            ));
        }
    };
    Ok(Some(body))
}

/// An answer that was kept; it matters too little to refuse the whole for it.
fn read_reply(text: &[u8], raw: &RawValue) -> Option<Reply> {
    let members = Members::inside(text, raw).ok()?;
    let number = |name| -> Option<u64> { members.get(name)?.get().parse().ok() };
    Some(Reply {
        status: number("status")?.try_into().ok()?,
        micros: number("micros").unwrap_or_default(),
        body: read_body(&members).ok()?,
    })
}

fn read_headers(raw: &RawValue) -> Result<Headers, String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum FieldValue {
        Text(String),
        Bytes { base64: String },
    }
    // Where there are too many, they are not even looked at: each takes far more memory than its text.
    if memchr::memchr_iter(b'[', raw.get().as_bytes())
        .nth(MOST_FIELDS + 1)
        .is_some()
    {
        let fields: Vec<IgnoredAny> = serde_json::from_str(raw.get()).unwrap_or_default();
        if fields.len() > MOST_FIELDS {
            return Err(format!("`headers` are more than {MOST_FIELDS}"));
        }
    }
    let fields: Vec<(String, FieldValue)> = serde_json::from_str(raw.get())
        .map_err(|_| String::from("`headers` must be a list of `[\"name\", \"value\"]`"))?;
    fields
        .into_iter()
        .map(|(name, value)| {
            let bytes = match value {
                FieldValue::Text(text) => text.into_bytes(),
                FieldValue::Bytes { base64 } => STANDARD.decode(base64).map_err(|why| {
                    format!("header `{}` is not base64: {why}", name.escape_debug())
                })?,
            };
            let odd = || {
                format!(
                    "header `{}` cannot be sent: it has characters that no header has",
                    name.escape_debug()
                )
            };
            let field = HeaderName::try_from(name.as_str()).map_err(|_| odd())?;
            Ok((field, HeaderValue::from_bytes(&bytes).map_err(|_| odd())?))
        })
        .collect()
}

/// Appends the members that hold a body: raw JSON where it is JSON, else text, else base64.
/// On one line, JSON with a line break is text, for nothing may change it.
fn body(out: &mut String, bytes: &[u8], lines: bool, comma: &str, colon: &str) {
    let member = |out: &mut String, name: &str| {
        out.push('"');
        out.push_str(name);
        out.push('"');
        out.push_str(colon);
    };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if !swells(bytes) => text,
        _ => {
            member(out, "base64");
            out.push('"');
            STANDARD.encode_string(bytes, out);
            out.push('"');
            return;
        }
    };
    let space = [' ', '\t', '\r', '\n'];
    let begun = text.trim_start_matches(space);
    let value = begun.trim_end_matches(space);
    // One sign at a time is looked for many bytes at once.
    let fits = lines || !(value.contains('\n') || value.contains('\r'));
    if !fits || serde_json::from_str::<&RawValue>(value).is_err() {
        member(out, "text");
        return quote(out, text);
    }
    member(out, "body");
    out.push_str(value);
    let (leading, _) = text.split_at(text.len() - begun.len());
    let (_, trailing) = begun.split_at(value.len());
    for (name, around) in [("leading", leading), ("trailing", trailing)] {
        if !around.is_empty() {
            out.push_str(comma);
            member(out, name);
            quote(out, around);
        }
    }
}

/// Whether a large text is so full of control characters, six bytes each once escaped, that it is stored as base64:
/// otherwise what is sent in one delivery could fill the memory and the disk six times over.
fn swells(bytes: &[u8]) -> bool {
    let is_control = |b: &&u8| **b < b' ' && !matches!(**b, b'\n' | b'\r' | b'\t');
    bytes.len() > 64 << 10 && bytes.iter().filter(is_control).count() > bytes.len() / 16
}

/// Whether a line has a checksum, which must then be right.
fn has_checksum(line: &[u8]) -> Result<bool, Fault> {
    let Some((signed, sum)) = checksum(line) else {
        return Ok(false);
    };
    let sum = std::str::from_utf8(sum)
        .ok()
        .filter(|sum| !sum.starts_with('+'));
    if sum.and_then(|sum| u32::from_str_radix(sum, 16).ok()) == Some(crc32c::crc32c(signed)) {
        return Ok(true);
    }
    let reason = "the checksum differs: the line was changed or damaged; `--edited` takes changed lines as they are, and \
        so does deleting the line's last member, `crc32c`"
        .into();
    Err(Fault {
        line: 1,
        column: signed.len() + 2,
        reason,
    })
}

/// What a line's checksum covers, and the checksum, if the line has one as its last member.
fn checksum(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = line.trim_ascii_end().strip_suffix(b"\"}")?;
    let (before, sum) = inner.split_at_checked(inner.len().checked_sub(8)?)?;
    Some((before.strip_suffix(CHECKSUM.as_bytes())?, sum))
}

/// The members of an object, each as its raw text, so that nothing is lost and places can be named.
struct Members<'a> {
    text: &'a [u8],
    /// The object itself, if it stands in another.
    whole: Option<&'a RawValue>,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Members<'a> {
    fn read(text: &'a [u8]) -> Result<Self, Fault> {
        match serde_json::from_slice::<Object<'a>>(text) {
            Ok(Object(members)) => Ok(Self {
                text,
                whole: None,
                members,
            }),
            // Any other JSON is a payload without members.
            Err(error) => match serde_json::from_slice::<&RawValue>(text) {
                Ok(_) => Ok(Self {
                    text,
                    whole: None,
                    members: Vec::new(),
                }),
                Err(_) => Err(Fault {
                    line: error.line().max(1),
                    column: error.column().max(1),
                    reason: reason(&error),
                }),
            },
        }
    }

    fn inside(text: &'a [u8], raw: &'a RawValue) -> Result<Self, Fault> {
        match serde_json::from_str::<Object<'a>>(raw.get()) {
            Ok(Object(members)) => Ok(Self {
                text,
                whole: Some(raw),
                members,
            }),
            Err(error) => Err(Self {
                text,
                whole: None,
                members: Vec::new(),
            }
            .fault(Some(raw), &reason(&error))),
        }
    }

    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.members
            .iter()
            .find(|(at, _)| at == name)
            .map(|(_, raw)| *raw)
    }

    /// A member that is a text, if it is there.
    fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        self.get(name)
            .map(|raw| {
                serde_json::from_str(raw.get()).map_err(|_| self.odd(name, "must be a text"))
            })
            .transpose()
    }

    /// A fault of a member.
    fn odd(&self, name: &str, why: &str) -> Fault {
        self.fault(self.get(name), &format!("`{name}` {why}"))
    }

    /// A fault at a member's value, or at the beginning.
    fn fault(&self, at: Option<&RawValue>, reason: &str) -> Fault {
        // The raw text is a slice of the whole, so the distance of their addresses is where it stands.
        let offset = at.map_or(0, |raw| {
            (raw.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
        });
        let before = self.text.get(..offset).unwrap_or_default();
        let line_start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        Fault {
            line: before.iter().filter(|b| **b == b'\n').count() + 1,
            column: before.len() - line_start + 1,
            reason: reason.into(),
        }
    }
}

/// What serde says, without the place, which we say ourselves.
fn reason(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or(&said);
    format!("not JSON: {said}")
}

struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Reader).map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::Fixture;
    use crate::webhook::Delivery;
    use http::{HeaderName, HeaderValue, Method};
    use proptest::prelude::*;

    fn delivery(body: &[u8]) -> Delivery {
        Delivery {
            method: Method::POST,
            path: "/hooks/email?tenant=1&x=%00".parse().unwrap(),
            headers: [
                (
                    HeaderName::from_static("content-type"),
                    HeaderValue::from_static("application/json"),
                ),
                (
                    HeaderName::from_static("x-twice"),
                    HeaderValue::from_static("1"),
                ),
                (
                    HeaderName::from_static("x-odd"),
                    HeaderValue::from_bytes(b"\xff\xfe").unwrap(),
                ),
                (
                    HeaderName::from_static("x-twice"),
                    HeaderValue::from_static("2"),
                ),
            ]
            .into_iter()
            .collect(),
            body: bytes::Bytes::copy_from_slice(body),
        }
    }

    fn comes_back(body: &[u8]) {
        let mut fixture = Fixture::new(delivery(body));
        fixture.id = Some("01JD".into());
        fixture.at = Some("2026-11-23T19:20:01.123456Z".parse().unwrap());
        let pretty = Fixture::read(fixture.to_pretty().as_bytes()).unwrap();
        assert_eq!(pretty.delivery, fixture.delivery);
        assert_eq!((pretty.id, pretty.at), (fixture.id.clone(), fixture.at));
        let line = fixture.to_line();
        assert_eq!(line.matches(['\n', '\r']).count(), 1, "{line}");
        assert_eq!(
            Fixture::read_line(line.as_bytes()).unwrap().delivery,
            fixture.delivery
        );
    }

    #[test]
    fn a_body_comes_back_verbatim() {
        for body in [
            &b"[{\"n\":1.10,\"n\":1e2}]\r\n"[..],
            b" \t{\"a\" :\n [ 1 ]}\n\n",
            b"",
            b"   ",
            b"not json",
            b"\xff\x00\x01",
            b"\"text\"",
            b"123",
            b"{\"a\":\"\xc3\x28\"}",
            b"\xef\xbb\xbf{}",
            b"{\"fixture\":1}",
            b"{\"x\":\",\\\"crc32c\\\":\\\"00000000\\\"}\"}",
        ] {
            comes_back(body);
        }
        comes_back(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)).as_bytes());
    }

    #[test]
    fn control_characters_do_not_fill_the_disk_six_times_over() {
        for body in [vec![0; 100_000], b"\x1b[31m".repeat(20_000)] {
            let line = Fixture::new(delivery(&body)).to_line();
            assert!(line.contains("\"base64\":\"") && line.len() < body.len() * 3 / 2);
            comes_back(&body);
        }
        let few = [b"line\n".repeat(20_000), vec![0]].concat();
        assert!(
            Fixture::new(delivery(&few))
                .to_line()
                .contains("\"text\":\"line")
        );
    }

    #[test]
    fn json_stands_in_it_as_json() {
        let fixture = Fixture::new(delivery(b"[{\"n\":1.10}]\r\n"));
        assert!(
            fixture
                .to_pretty()
                .contains("\"body\": [{\"n\":1.10}],\n    \"trailing\": \"\\r\\n\""),
            "{}",
            fixture.to_pretty()
        );
        assert!(
            fixture
                .to_line()
                .contains("\"body\":[{\"n\":1.10}],\"trailing\":\"\\r\\n\"}")
        );
    }

    #[test]
    fn a_changed_line_is_noticed() {
        let line = Fixture::new(delivery(b"{\"a\":1}")).to_line();
        let damaged = line.replace("\"a\":1", "\"a\":2");
        assert!(
            Fixture::read_line(damaged.as_bytes())
                .unwrap_err()
                .reason
                .contains("checksum")
        );
        let by_hand = r#"{"fixture":1,"request":{"body":{"a":2}}}"#;
        assert_eq!(
            Fixture::read_line(by_hand.as_bytes())
                .unwrap()
                .delivery
                .body,
            "{\"a\":2}"
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, line, column, reason) in [
            ("{\n  \"fixture\": 1\n", 3, 0, "EOF"),
            ("{\"fixture\":1}", 1, 1, "`request` is missing"),
            (
                "{\"fixture\":1,\n \"request\":{\"path\":\"x\",\"text\":\"\"}}",
                2,
                20,
                "`path` must begin with `/`",
            ),
            (
                "{\"fixture\":1,\"request\":{\"path\":\"/a#b\",\"text\":\"\"}}",
                1,
                32,
                "`path` has a `#`",
            ),
            (
                "{\"fixture\":1,\n\n  \"request\":7}",
                3,
                13,
                "not JSON: invalid type: integer",
            ),
            (
                "{\"fixture\":1,\"request\":{\"text\":\"\",\"base64\":\"\"}}",
                1,
                24,
                "only one of",
            ),
            ("{\"fixture\":1,\"request\":{}}", 1, 24, "is missing"),
            (
                "{\"fixture\":1,\"request\":{\"text\":\"\",\"headers\":[[\"a\",\"x\\r\\ny\"]]}}",
                1,
                45,
                "no header has",
            ),
            ("hello", 1, 1, "expected value"),
        ] {
            let fault = Fixture::read(text.as_bytes()).unwrap_err();
            assert!(fault.reason.contains(reason), "{fault} for {text}");
            assert_eq!(fault.line, line, "{fault} for {text}");
            assert!(column == 0 || fault.column == column, "{fault} for {text}");
        }
    }

    #[test]
    fn what_is_not_known_is_kept() {
        let text = "{\"fixture\":1,\"request\":{\"text\":\"\"},\"note\":\"n\",\"expect\":{\"status\":\n\"2xx\"},\"zzz\":1.10}";
        let fixture = Fixture::read(text.as_bytes()).unwrap();
        assert!(fixture.to_pretty().contains("\"zzz\": 1.10"));
        let line = fixture.to_line();
        assert!(
            line.contains("\"expect\":{\"status\": \"2xx\"}") && line.contains("\"zzz\":1.10"),
            "{line}"
        );
    }

    #[test]
    fn other_json_is_a_plain_payload() {
        let payload = b"{ \"event\": \"click\" }\n";
        let fixture = Fixture::read(payload).unwrap();
        assert_eq!(fixture.delivery.body, &payload[..]);
        assert_eq!(fixture.delivery.method, Method::POST);
        assert_eq!(Fixture::read(b"[1]").unwrap().delivery.body, &b"[1]"[..]);
    }

    proptest! {
        #[test]
        fn any_body_comes_back(body: Vec<u8>) {
            comes_back(&body);
        }

        #[test]
        fn any_text_body_comes_back(body in "[ \\t\\r\\n]{0,3}(\\{\"a\":.*\\}|.*)[ \\t\\r\\n]{0,3}") {
            comes_back(body.as_bytes());
        }

        #[test]
        fn any_line_is_read_without_a_crash(line: Vec<u8>) {
            let _ = Fixture::read_line(&line);
            let _ = Fixture::read(&line);
        }
    }

    #[test]
    fn more_header_fields_than_anybody_takes_are_refused() {
        for (count, reads) in [(super::MOST_FIELDS, true), (super::MOST_FIELDS + 1, false)] {
            let field = (
                http::HeaderName::from_static("x"),
                http::HeaderValue::from_static("["),
            );
            let mut fixture = Fixture::read(b"{}").unwrap();
            fixture.delivery.headers = std::iter::repeat_n(field, count).collect();
            let line = fixture.to_line();
            assert_eq!(Fixture::read_line(line.as_bytes()).is_ok(), reads);
            let line = line.trim_end().to_owned().into();
            assert_eq!(Fixture::of_line(&line).is_ok(), reads);
        }
    }
}
