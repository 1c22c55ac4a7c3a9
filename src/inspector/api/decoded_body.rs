//! Body as people read it: decompressed, with JSON inside strings as JSON, and the fields of a form decoded.

use std::borrow::Cow;

use crate::inspector::api::body_lines::{BodyLines, is_object_or_list, next_token, token_end};
use crate::report::text::body::is_shown_as_form;
use crate::report::text::inflate::inflated_body;
use crate::webhook::{Delivery, document_in};

/// Levels of JSON inside strings that are decoded.
const NESTED: usize = 3;

/// Longest field of a form whose value stands on the line of its name.
const SHORT: usize = 200;

/// Decoded text of a body, and its lines.
pub struct DecodedBody {
    /// Bytes that the lines are ranges of.
    pub text: Vec<u8>,
    /// Lines.
    pub lines: BodyLines,
}

impl DecodedBody {
    /// Decodes the body of a delivery; none if there is nothing to decode in it.
    pub fn of(delivery: &Delivery) -> Option<DecodedBody> {
        let inflated = inflated_body(delivery);
        let body = inflated.as_deref().unwrap_or(&delivery.body);
        if is_shown_as_form(&delivery.headers, body) {
            return Some(DecodedBody::of_form(body));
        }
        let text = match is_object_or_list(body) {
            true => without_strings(body, NESTED),
            false => body.into(),
        };
        match (text, inflated.is_some()) {
            (Cow::Borrowed(_), false) => None,
            (text, _) => {
                let lines = BodyLines::of(&text);
                let text = text.into_owned();
                Some(DecodedBody { text, lines })
            }
        }
    }

    /// Fields of a form: the name on a line, and a value that is JSON or long below it.
    fn of_form(body: &[u8]) -> DecodedBody {
        let (mut text, mut lines) = (Vec::new(), BodyLines::default());
        for (name, value) in form_urlencoded::parse(body) {
            let start = text.len();
            text.extend_from_slice(name.as_bytes());
            let is_json = is_object_or_list(value.as_bytes());
            if !is_json && value.len() <= SHORT && !value.contains('\n') {
                text.extend_from_slice(b" = ");
                text.extend_from_slice(value.as_bytes());
                lines.push(start..text.len());
                continue;
            }
            text.extend_from_slice(b" =");
            lines.push(start..text.len());
            let value = match is_json {
                true => without_strings(value.as_bytes(), NESTED),
                false => value.as_bytes().into(),
            };
            lines.append_inside(BodyLines::of(&value), text.len());
            text.extend_from_slice(&value);
        }
        DecodedBody { text, lines }
    }
}

/// JSON in which each string that is a document is that document. Names of members stay strings.
fn without_strings(json: &[u8], levels: usize) -> Cow<'_, [u8]> {
    let (mut out, mut copied, mut at) = (Vec::new(), 0, 0);
    while levels > 0 && at < json.len() {
        let end = token_end(json, at);
        let token = json.get(at..end).unwrap_or_default();
        if token.first() == Some(&b'"')
            && next_token(json, end) != Some(b':')
            && let Some(document) = document_in(token)
        {
            out.extend_from_slice(json.get(copied..at).unwrap_or_default());
            out.extend_from_slice(&without_strings(document.trim().as_bytes(), levels - 1));
            copied = end;
        }
        at = end;
    }
    match copied {
        0 => json.into(),
        _ => {
            out.extend_from_slice(json.get(copied..).unwrap_or_default());
            out.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DecodedBody;
    use crate::webhook::{Delivery, Headers};
    use http::{HeaderName, HeaderValue};

    fn lines(kind: &'static str, body: &str) -> Option<Vec<String>> {
        let mut headers = Headers::new();
        headers.push(
            HeaderName::from_static("content-type"),
            HeaderValue::from_static(kind),
        );
        let delivery = Delivery {
            method: http::Method::POST,
            path: http::uri::PathAndQuery::from_static("/"),
            headers,
            body: body.to_owned().into(),
        };
        let decoded = DecodedBody::of(&delivery)?;
        let line = |at| decoded.lines.line(at, &decoded.text).map(|it| it.0);
        Some((0..decoded.lines.count()).filter_map(line).collect())
    }

    #[test]
    fn json_in_a_string_is_json_and_a_name_stays_a_string() {
        let body = r#"{"Message":"{\"a\":\"{\\\"b\\\":1.10}\"}","{\"x\":1}":2,"t":"{a}"}"#;
        assert_eq!(
            lines("text/plain; charset=UTF-8", body).unwrap(),
            [
                "{",
                "  \"Message\":{",
                "    \"a\":{",
                "      \"b\":1.10",
                "    }",
                "  },",
                "  \"{\\\"x\\\":1}\":2,",
                "  \"t\":\"{a}\"",
                "}"
            ]
        );
        assert_eq!(lines("application/json", r#"{"a":"b"}"#), None);
    }

    #[test]
    fn fields_of_a_form_are_decoded() {
        let body = "a=%C3%A4+b&events=%5B%7B%22n%22%3A1.10%7D%5D&long=1%0A2";
        assert_eq!(
            lines("application/x-www-form-urlencoded", body).unwrap(),
            [
                "a = ä b",
                "events =",
                "  [",
                "    {",
                "      \"n\":1.10",
                "    }",
                "  ]",
                "long =",
                "  1",
                "  2"
            ]
        );
        let json = lines("application/x-www-form-urlencoded", r#"{"a":1}"#);
        assert_eq!(json, None, "it is JSON, whatever its type says");
    }
}
