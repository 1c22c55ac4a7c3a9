//! Removes personal data and credentials from a delivery: addresses, IPs, tokens, passwords (`--redact`).
//!
//! Only the bytes of the removed data change; a body is not re-serialised. Equal inputs always get equal placeholders,
//! in any encoding, so that events of one recipient still belong together. A placeholder is keyed, for otherwise a list
//! of addresses could be tried against it, and it has the format of the original, so that a handler still accepts it.
//!
//! Data that is encoded as a whole (base64) is not searched. A compressed body is dropped, and so is a file in a form
//! that is not text or is encoded as a whole.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, PROXY_AUTHORIZATION,
};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue};
use serde_json::value::RawValue;

use crate::webhook::body::multipart::Edit;
use crate::webhook::redact::text_redactor::TextRedactor;
use crate::webhook::{
    Fixture, FormPart, Headers, Multipart, RecordedAnswer, credentials_in, is_credential_field,
    is_credential_member,
};

/// Replaces sensitive data with placeholders.
#[derive(Clone)]
pub struct Redactor {
    texts: TextRedactor,
}

impl Redactor {
    /// Creates a redactor. Only with this key can a placeholder be tested against a known address.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            texts: TextRedactor { key },
        }
    }

    /// Redacts a fixture, and marks it as redacted.
    pub fn redact(&self, fixture: &mut Fixture) {
        let delivery = &mut fixture.delivery;
        let path = self.query(delivery.path.as_str());
        let redacted = self.texts.redact(path.as_bytes(), true);
        if let Some(path) = redacted.or_else(|| match path {
            Cow::Owned(path) => Some(path.into_bytes()),
            Cow::Borrowed(_) => None,
        }) {
            delivery.path = PathAndQuery::from_maybe_shared(Bytes::from(path))
                .unwrap_or(PathAndQuery::from_static("/redacted"));
        }
        self.message(&mut delivery.headers, &mut delivery.body);
        if delivery.headers.get(CONTENT_LENGTH.as_str()).is_some() {
            delivery
                .headers
                .set(CONTENT_LENGTH, delivery.body.len().into());
        }
        for answer in &mut fixture.answers {
            self.redact_answer(answer);
        }
        mark(&mut fixture.rest);
    }

    /// Redacts a recorded answer, and marks it as redacted. A length in its headers stays that of the whole body.
    pub fn redact_answer(&self, answer: &mut RecordedAnswer) {
        let mut body = answer.body.take().unwrap_or_default();
        self.message(&mut answer.headers, &mut body);
        answer.body = answer.status.map(|_| body);
        for text in [Some(&mut answer.target), answer.reason.as_mut()] {
            let Some(text) = text else { continue };
            // Placeholders are ASCII, so a text stays one.
            let redacted = self.texts.redact(text.as_bytes(), false);
            if let Some(Ok(redacted)) = redacted.map(String::from_utf8) {
                *text = redacted;
            }
        }
        mark(&mut answer.rest);
    }

    /// Redacts the headers and the body of a request or a response.
    fn message(&self, headers: &mut Headers, body: &mut Bytes) {
        let form = Multipart::of(headers, body);
        let form = form.and_then(Result::ok).map(|form| self.parts(&form));
        *headers = headers.with_values(|field| match &form {
            Some(form) if field.0 == CONTENT_TYPE => self.content_type(field, form),
            _ => self.field(field),
        });
        if is_compressed(headers) {
            *body = Bytes::new();
            headers.remove(CONTENT_ENCODING.as_str());
        } else if let Some(form) = form {
            *body = form.body.into();
        } else {
            let form = headers.text(CONTENT_TYPE.as_str());
            let is_form = form.is_some_and(|it| it.contains("x-www-form-urlencoded"));
            if let Some(redacted) = self.texts.redact(body, is_form) {
                *body = redacted.into();
            }
        }
    }

    /// Replaces the credentials in the query of a path, known by the names of their parameters.
    fn query<'a>(&self, path: &'a str) -> Cow<'a, str> {
        let mut out = String::new();
        let mut copied = 0;
        for value in credentials_in(path) {
            let secret = path.get(value.clone()).unwrap_or_default();
            if secret.starts_with("redacted-") {
                continue;
            }
            out += path.get(copied..value.start).unwrap_or_default();
            out += &self.texts.token(secret.as_bytes());
            copied = value.end;
        }
        if copied == 0 {
            return path.into();
        }
        out += path.get(copied..).unwrap_or_default();
        out.into()
    }

    fn field(&self, (name, value): &(HeaderName, HeaderValue)) -> (HeaderName, HeaderValue) {
        let bytes = value.as_bytes();
        let redacted = if is_credential_field(name.as_str()) && !bytes.is_empty() {
            // The authentication scheme may stay.
            let scheme = bytes.iter().position(|b| *b == b' ');
            let scheme = scheme.filter(|_| matches!(*name, AUTHORIZATION | PROXY_AUTHORIZATION));
            let (scheme, secret) = bytes.split_at(scheme.map_or(0, |at| at + 1));
            Some([scheme, self.texts.token(secret).as_bytes()].concat())
        } else {
            self.texts.redact(bytes, false)
        };
        let value = match redacted {
            None => value.clone(),
            Some(it) => HeaderValue::from_maybe_shared(Bytes::from(it))
                .unwrap_or(HeaderValue::from_static("redacted")),
        };
        (name.clone(), value)
    }

    /// Redacts a multipart form part by part: the meaning of a value only depends on its own part.
    fn parts(&self, form: &Multipart) -> Redacted {
        let changed = |text: &[u8]| self.texts.redact(text, false);
        let boundary = form.boundary();
        let renamed = changed(boundary.as_bytes()).map(|_| self.texts.token(boundary.as_bytes()));
        let mut edits: Vec<Edit> = Vec::new();
        let mut end = 0;
        for part in form.parts() {
            // Bytes between the parts: a preamble, invalid parts, and the boundary.
            edits.extend(changed_at(form, end..part.start, changed));
            edits.extend(changed_at(form, part.head.clone(), changed));
            let is_secret = part.name.as_deref().is_some_and(is_credential_member);
            let is_taken = part.content.starts_with(b"redacted-") || part.content.is_empty();
            if is_secret && !is_taken {
                let token = self.texts.token(part.content).into_bytes();
                edits.push((part.span.clone(), token));
            } else if is_opaque(part) {
                edits.push((part.span.clone(), Vec::new()));
            } else {
                edits.extend(changed_at(form, part.span.clone(), changed));
            }
            end = part.span.end;
        }
        let last = form.last().unwrap_or(form.body().len());
        edits.extend(changed_at(form, end..last, changed));
        // After the closing boundary, not the boundary itself.
        let behind = last + form.last().map_or(0, |_| boundary.len() + 4);
        edits.extend(changed_at(form, behind..form.body().len(), changed));
        if let Some(renamed) = &renamed {
            edits.extend(form.rename(renamed));
        }
        Redacted {
            body: form.edited(edits),
            old: boundary.to_owned(),
            boundary: renamed,
        }
    }

    /// Content type of a multipart form, with the boundary that its body has after redaction.
    fn content_type(
        &self,
        field: &(HeaderName, HeaderValue),
        form: &Redacted,
    ) -> (HeaderName, HeaderValue) {
        let text = field.1.to_str().unwrap_or_default();
        let Some((before, after)) = text.split_once(&form.old) else {
            return field.clone();
        };
        let changed = |text: &str| {
            let new = self.texts.redact(text.as_bytes(), false);
            new.map_or(text.into(), |new| {
                String::from_utf8_lossy(&new).into_owned()
            })
        };
        let boundary = form.boundary.as_ref().unwrap_or(&form.old);
        let text = format!("{}{boundary}{}", changed(before), changed(after));
        let value = text.parse().unwrap_or_else(|_| field.1.clone());
        (field.0.clone(), value)
    }
}

/// Adds the mark of redacted data to the members of a fixture or an answer.
fn mark(rest: &mut Vec<(String, Box<RawValue>)>) {
    let is_mark = |(name, raw): &(String, Box<RawValue>)| name == MARK && raw.get() == "true";
    let is_marked = rest.iter().any(is_mark);
    if let (false, Ok(yes)) = (is_marked, RawValue::from_string("true".into())) {
        rest.push((MARK.into(), yes));
    }
}

impl Fixture {
    /// True if data was removed, so that the signature is no longer valid.
    pub fn is_redacted(&self) -> bool {
        self.rest
            .iter()
            .any(|(name, raw)| name == MARK && raw.get() == "true")
    }
}

/// Member that marks a fixture as redacted.
const MARK: &str = "redacted";

/// Redacted multipart form.
struct Redacted {
    body: Vec<u8>,
    old: String,
    /// New boundary, if the old one was sensitive.
    boundary: Option<String>,
}

/// Edit that redacts these bytes of a form, if there is something to redact.
fn changed_at(
    form: &Multipart,
    range: Range<usize>,
    changed: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<Edit> {
    let new = changed(form.body().get(range.clone())?)?;
    Some((range, new))
}

/// True for a part that cannot be searched: base64, or a file that is not text.
fn is_opaque(part: &FormPart) -> bool {
    let encoding = part.header("content-transfer-encoding");
    let is_encoded = encoding.is_some_and(|how| how.eq_ignore_ascii_case("base64"));
    let is_text = |text: &str| !text.contains('\0');
    is_encoded || part.is_file() && !std::str::from_utf8(part.content).is_ok_and(is_text)
}

fn is_compressed(headers: &Headers) -> bool {
    headers.all(CONTENT_ENCODING.as_str()).any(|coding| {
        !coding
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"identity")
    })
}

#[cfg(test)]
mod tests {
    use super::Redactor;
    use crate::webhook::{Delivery, Fixture};
    use http::{HeaderName, HeaderValue, Method};

    fn redactor() -> Redactor {
        Redactor::new([7; 32])
    }

    fn text(text: &str) -> String {
        let redacted = redactor().texts.redact(text.as_bytes(), false);
        String::from_utf8(redacted.unwrap_or_else(|| text.into())).unwrap()
    }

    /// Placeholder of `ada`, before the `@`.
    fn ada() -> String {
        let redacted = text("ada@example.com");
        redacted.split('@').next().unwrap().to_owned()
    }

    #[test]
    fn a_fixture_is_redacted_everywhere_and_once() {
        let header = |name: &'static str, value: &'static str| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        let delivery = Delivery {
            method: Method::POST,
            path: "/hooks?e=ada@example.com&token=abc".parse().unwrap(),
            headers: [
                header("authorization", "Basic dXNlcjpwYXNz"),
                header("x-forwarded-for", "198.51.100.7"),
                header("x-postmark-server-token", "abc"),
                header("svix-signature", "v1,abc"),
                header("content-length", "33"),
            ]
            .into_iter()
            .collect(),
            body: "[ {\"email\":\"ada@example.com\"} ]\r\n".into(),
        };
        let mut fixture = Fixture::new(delivery);
        assert!(!fixture.is_redacted());
        redactor().redact(&mut fixture);
        let once = fixture.to_line();
        let body = format!("[ {{\"email\":\"{}@example.invalid\"}} ]\r\n", ada());
        assert_eq!(fixture.delivery.body, body);
        assert_eq!(
            fixture.delivery.headers.text("content-length"),
            Some(&*body.len().to_string())
        );
        assert_eq!(
            fixture.delivery.headers.text("svix-signature"),
            Some("v1,abc")
        );
        assert!(
            fixture
                .delivery
                .headers
                .text("authorization")
                .unwrap()
                .starts_with("Basic redacted-")
        );
        for left in ["ada", "abc&", "\"abc\"", "dXNl", "198.51"] {
            assert!(!once.contains(left), "{left} in {once}");
        }
        assert!(once.contains(",\"redacted\":true,\"crc32c\""), "{once}");
        let mut again = Fixture::read_line(once.as_bytes()).unwrap();
        assert!(again.is_redacted());
        redactor().redact(&mut again);
        assert_eq!(again.delivery.body, body);
        assert_eq!(again.rest.len(), 1);
    }

    #[test]
    fn a_compressed_body_is_left_out() {
        let field = (
            http::header::CONTENT_ENCODING,
            HeaderValue::from_static("gzip"),
        );
        let mut fixture = Fixture::new(Delivery {
            method: Method::POST,
            path: "/".parse().unwrap(),
            headers: [field].into_iter().collect(),
            body: "whatever".into(),
        });
        redactor().redact(&mut fixture);
        assert!(
            fixture.delivery.body.is_empty() && fixture.delivery.headers.iter().next().is_none()
        );
    }

    fn redacted_form(kind: &'static str, body: &str) -> (String, String) {
        let mut fixture = Fixture::new(Delivery {
            method: Method::POST,
            path: "/".parse().unwrap(),
            headers: [(http::header::CONTENT_TYPE, HeaderValue::from_static(kind))]
                .into_iter()
                .collect(),
            body: body.to_owned().into(),
        });
        redactor().redact(&mut fixture);
        let delivery = &fixture.delivery;
        let kind = delivery.headers.text("content-type").unwrap().to_owned();
        (kind, String::from_utf8(delivery.body.to_vec()).unwrap())
    }

    #[test]
    fn a_form_of_parts_is_redacted_part_by_part() {
        let part = |head: &str, text: &str| {
            format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n")
        };
        let ada = ada() + "@example.invalid";
        let token = redactor().texts.token(b"s3 cr\r\n3t");
        let before = [
            "for ada@example.com\r\n".to_owned(),
            part("name=to", "Ada <ada@example.com>"),
            // A value is the whole part, whatever it contains; a name may lack quotes, too.
            part("name=api_key", "s3 cr\r\n3t"),
            part(
                "name=f; filename=\"ada@example.com.eml\"",
                "To: ada@example.com\r\n",
            ),
            part(
                "name=g; filename=b\r\nContent-Transfer-Encoding: base64",
                "YWRh",
            ),
            part("name=token", "redacted-0123456789"),
            part("name=event", "bounced"),
            "--x--\r\nby ada@example.com".to_owned(),
        ];
        let after = [
            format!("for {ada}\r\n"),
            part("name=to", &format!("Ada <{ada}>")),
            part("name=api_key", &token),
            part("name=f; filename=\"{}\"", &format!("To: {ada}\r\n")),
            part(
                "name=g; filename=b\r\nContent-Transfer-Encoding: base64",
                "",
            ),
            part("name=token", "redacted-0123456789"),
            part("name=event", "bounced"),
            format!("--x--\r\nby {ada}"),
        ];
        let kind = "multipart/form-data; boundary=x";
        let (kept, body) = redacted_form(kind, &before.concat());
        let file = text("ada@example.com.eml");
        assert_eq!(body, after.concat().replace("{}", &file));
        assert_eq!(kept, kind);
        assert!(!body.contains("ada@"), "{body}");
    }

    #[test]
    fn a_boundary_that_identifies_somebody_is_another_in_header_and_body() {
        let body = "--1@mx.example.com\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--1@mx.example.com--\r\n";
        let (kind, redacted) = redacted_form(
            "multipart/form-data; boundary=\"1@mx.example.com\"; by=ada@example.com",
            body,
        );
        let boundary = crate::webhook::body::multipart::boundary(&kind).unwrap();
        assert!(
            boundary.starts_with("redacted-") && !kind.contains("ada@"),
            "{kind}"
        );
        assert_eq!(redacted, body.replace("1@mx.example.com", &boundary));
    }
}
