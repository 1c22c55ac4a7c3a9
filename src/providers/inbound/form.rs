//! Forms of inbound mail, URL-encoded or multipart: fields as bytes, because a field may be a message in any charset.

use std::borrow::Cow;

use bytes::Bytes;

use crate::webhook::body::form_part::NewPart;
use crate::webhook::body::multipart;
use crate::webhook::{Delivery, Multipart};

/// Fields of a form, in order, files left out.
#[derive(Debug, Default)]
pub struct FormFields {
    fields: Vec<(String, Bytes)>,
    /// Files, in order.
    pub files: Vec<FormFile>,
}

/// File in a multipart form.
#[derive(Debug)]
pub struct FormFile {
    /// Name of its field.
    pub field: String,
    /// File name.
    pub filename: String,
    /// Media type, if given.
    pub content_type: Option<String>,
    /// Content.
    pub content: Bytes,
}

/// Most fields of a URL-encoded form.
const MOST_FIELDS: usize = 10_000;

impl FormFields {
    /// Reads the form in a body; empty for any other body.
    pub fn of(delivery: &Delivery) -> FormFields {
        let mut form = FormFields::default();
        match Multipart::of(&delivery.headers, &delivery.body) {
            Some(Ok(parts)) => {
                for part in parts.parts() {
                    let content = delivery.body.slice(part.span.clone());
                    let field = part.name.clone().unwrap_or_default();
                    match &part.filename {
                        Some(filename) => form.files.push(FormFile {
                            field,
                            filename: filename.clone(),
                            content_type: part.content_type.clone(),
                            content,
                        }),
                        None => form.fields.push((field, content)),
                    }
                }
            }
            Some(Err(_)) => {}
            None => {
                let pairs = delivery.body.split(|byte| *byte == b'&');
                for pair in pairs.take(MOST_FIELDS).filter(|pair| !pair.is_empty()) {
                    let equals = memchr::memchr(b'=', pair);
                    let (name, value) = match equals {
                        Some(at) => (pair.get(..at), pair.get(at + 1..)),
                        None => (Some(pair), None),
                    };
                    let name = percent_decoded(name.unwrap_or_default());
                    form.fields.push((
                        String::from_utf8_lossy(&name).into_owned(),
                        percent_decoded(value.unwrap_or_default()).into(),
                    ));
                }
            }
        }
        form
    }

    /// Bytes of the first field of this name.
    pub fn bytes(&self, name: &str) -> Option<&Bytes> {
        let mut fields = self.fields.iter();
        fields.find(|(field, _)| field == name).map(|(_, it)| it)
    }

    /// Text of the first field of this name.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.bytes(name).map(|bytes| String::from_utf8_lossy(bytes))
    }

    /// Text of the first field of this name, if it is not empty.
    pub fn filled(&self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        (!text.is_empty()).then(|| text.into_owned())
    }

    /// JSON in the first field of this name.
    pub fn json(&self, name: &str) -> Option<serde_json::Value> {
        serde_json::from_slice(self.bytes(name)?).ok()
    }

    /// Every field in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }
}

/// Bytes of a URL-encoded text.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'+', b'%', rest) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((first, after)) = special.split_first() else {
            break;
        };
        rest = after;
        match (first, after) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, behind @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                match (digit(high), digit(low)) {
                    (Some(high), Some(low)) => {
                        out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                        rest = behind;
                    }
                    _ => out.push(b'%'),
                }
            }
            (byte, _) => out.push(*byte),
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Writes bytes URL-encoded, with `+` for blanks. What stays as it is is copied at once: a field can hold large files.
fn url_encode(out: &mut String, bytes: &[u8]) {
    let is_plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_');
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| !is_plain(byte));
        let (plain, special) = rest.split_at(end.unwrap_or(rest.len()));
        out.push_str(std::str::from_utf8(plain).unwrap_or_default());
        rest = special;
        if let Some((byte, later)) = special.split_first() {
            let digit = |value: u8| match value & 15 {
                value @ 0..10 => char::from(b'0' + value),
                value => char::from(b'A' + value - 10),
            };
            match byte {
                b' ' => out.push('+'),
                byte => out.extend(['%', digit(byte >> 4), digit(*byte)]),
            }
            rest = later;
        }
    }
}

/// Form to write: fields and files, in order.
#[derive(Debug, Default)]
pub struct NewForm {
    parts: Vec<NewFormPart>,
}

#[derive(Debug)]
struct NewFormPart {
    name: String,
    filename: Option<String>,
    content_type: Option<String>,
    content: Bytes,
    has_length: bool,
}

impl NewForm {
    /// Adds a field.
    pub fn field(&mut self, name: impl Into<String>, value: impl Into<Bytes>) -> &mut Self {
        self.parts.push(NewFormPart {
            name: name.into(),
            filename: None,
            content_type: None,
            content: value.into(),
            has_length: false,
        });
        self
    }

    /// Adds a file. A `content-length` in its header fields is written by few programs.
    pub fn file(
        &mut self,
        name: impl Into<String>,
        filename: impl Into<String>,
        content_type: impl Into<String>,
        content: Bytes,
        has_length: bool,
    ) -> &mut Self {
        self.parts.push(NewFormPart {
            name: name.into(),
            filename: Some(filename.into()),
            content_type: Some(content_type.into()),
            content,
            has_length,
        });
        self
    }

    /// Sorts the fields by their names; files stay last. Fields of one name keep their order.
    pub fn sort(&mut self) {
        self.parts.sort_by(|one, other| {
            let key = |part: &NewFormPart| part.filename.is_some();
            key(one).cmp(&key(other)).then_with(|| match key(one) {
                true => std::cmp::Ordering::Equal,
                false => one.name.cmp(&other.name),
            })
        });
    }

    /// Writes a URL-encoded form; files are left out.
    pub fn url_encoded(&self) -> Bytes {
        let mut out = String::new();
        for part in self.parts.iter().filter(|part| part.filename.is_none()) {
            if !out.is_empty() {
                out.push('&');
            }
            url_encode(&mut out, part.name.as_bytes());
            out.push('=');
            out.reserve(part.content.len() / 8 * 9);
            url_encode(&mut out, &part.content);
        }
        out.into()
    }

    /// Writes a multipart form.
    pub fn multipart(&self, boundary: &str) -> Bytes {
        let size: usize = self.parts.iter().map(|part| part.content.len() + 256).sum();
        let mut out = Vec::with_capacity(size);
        for part in &self.parts {
            let head = NewPart {
                name: part.name.as_str().into(),
                filename: part.filename.as_deref().map(Into::into),
                content_type: part.content_type.as_deref().map(Into::into),
                content: Cow::default(),
            };
            out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            out.extend_from_slice(&head.head(b"\r\n"));
            if part.has_length {
                let length = format!("\r\nContent-Length: {}", part.content.len());
                out.extend_from_slice(length.as_bytes());
            }
            out.extend_from_slice(b"\r\n\r\n");
            out.extend_from_slice(&part.content);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        out.into()
    }

    /// Boundary that occurs in no content: the wanted one, or a longer one.
    pub fn fresh_boundary(&self, wanted: &str) -> String {
        multipart::fresh_boundary(wanted, self.parts.iter().map(|part| &part.content[..]))
    }
}

#[cfg(test)]
mod tests {
    use super::{FormFields, NewForm};
    use crate::providers::inbound::incoming::post;

    #[test]
    fn bytes_are_decoded_as_the_standard_says() {
        for text in [
            "",
            "a",
            "+",
            "%",
            "%4",
            "%41",
            "%zz%41+b",
            "a%%41%4",
            "%C3%BC+x%",
        ] {
            let wanted = by_another_crate(text);
            assert_eq!(super::percent_decoded(text.as_bytes()), wanted, "{text}");
        }
    }

    /// Bytes of a value, by the crate that reads other forms.
    fn by_another_crate(text: &str) -> Vec<u8> {
        let pair = format!("a={text}");
        let mut pairs = form_urlencoded::parse(pair.as_bytes());
        let (_, value) = pairs.next().unwrap();
        value.into_owned().into_bytes()
    }

    #[test]
    fn bytes_are_encoded_as_the_standard_says() {
        let all: Vec<u8> = (0..=255).collect();
        let mut out = String::new();
        super::url_encode(&mut out, &all);
        let wanted: String = form_urlencoded::byte_serialize(&all).collect();
        assert_eq!(out, wanted);
    }

    #[test]
    fn a_form_that_was_written_is_read_back_in_bytes() {
        let mut form = NewForm::default();
        form.field("b", &b"\xe9 &=+"[..])
            .field("a", "1")
            .field("a", "2");
        form.file(
            "f",
            "x\u{e4}.bin",
            "text/csv",
            (&b"\r\n--x\0"[..]).into(),
            true,
        );
        form.sort();
        let check = |body: bytes::Bytes, kind: &str, files: usize| {
            let read = FormFields::of(&post(&[("Content-Type", kind)], body));
            assert_eq!(read.bytes("b").unwrap(), &b"\xe9 &=+"[..], "{kind}");
            let names: Vec<_> = read.fields().map(|(name, _)| name).collect();
            assert_eq!(names, ["a", "a", "b"]);
            assert_eq!(read.files.len(), files);
            for file in &read.files {
                assert_eq!(file.filename, "x\u{e4}.bin");
                assert_eq!(file.content, &b"\r\n--x\0"[..]);
            }
        };
        check(form.url_encoded(), "application/x-www-form-urlencoded", 0);
        let boundary = form.fresh_boundary("x");
        assert_eq!(boundary, "x1");
        let kind = format!("multipart/form-data; boundary={boundary}");
        check(form.multipart(&boundary), &kind, 1);
    }
}
