//! A body as something that can be looked into. A view only: what is passed on are the bytes.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Delivery, Headers};

/// A JSON value or the fields of a form, borrowed from the bytes where possible.
/// Members keep their order and their repeats; a pointer finds the first.
#[derive(Clone, Debug, PartialEq)]
pub enum Document<'a> {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(Cow<'a, str>),
    /// A list of values.
    List(Vec<Document<'a>>),
    /// Members with their names.
    Map(Vec<(Cow<'a, str>, Document<'a>)>),
}

/// What is looked into has so many values at most: each takes far more memory than the two bytes that it may be.
const MOST_VALUES: usize = 100_000;

const TOO_MANY: &str = "too many values";

impl<'a> Document<'a> {
    /// Reads what a delivery tells: the fields of its query where there is no body, else the body.
    pub fn of(delivery: &'a Delivery) -> Result<Self, String> {
        match delivery.told_by_query() {
            Some(query) => Ok(Self::form(query.as_bytes())),
            None => Self::read(&delivery.headers, &delivery.body).map_err(|problem| match delivery
                .headers
                .text("content-encoding")
            {
                None | Some("" | "identity") => problem,
                Some(how) => format!("it is compressed ({how}), so its events are not read"),
            }),
        }
    }

    /// Reads a body by its content type: a form as a map of its fields, JSON Lines as a list, anything else as JSON.
    pub fn read(headers: &Headers, body: &'a [u8]) -> Result<Self, String> {
        let kind = headers.text("content-type").map_or("", str::trim_start);
        let begins = |wanted: &str| {
            let start = kind.get(..wanted.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(wanted))
        };
        if begins("application/x-www-form-urlencoded") {
            return Ok(Self::form(body));
        }
        if body.is_empty() {
            return Err("the body is empty".into());
        }
        if begins("application/jsonl") || begins("application/x-ndjson") {
            let lines = body.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
            let events = lines.filter(|line| !line.is_empty()).map(Self::json);
            return Ok(Document::List(events.collect::<Result<_, _>>()?));
        }
        Self::json(body)
    }

    /// Reads JSON; the error says where and why it is none.
    pub fn json(text: &'a [u8]) -> Result<Self, String> {
        let left = Cell::new(MOST_VALUES);
        let mut json = serde_json::Deserializer::from_slice(text);
        let document = Reader { left: &left }.deserialize(&mut json);
        let read = document.and_then(|document| json.end().map(|()| document));
        read.map_err(|error| {
            let why = error.to_string();
            if why.starts_with("recursion limit") {
                "the JSON is nested deeper than 128 levels; it is kept, but not read".into()
            } else if why.starts_with(TOO_MANY) {
                format!("the JSON has more than {MOST_VALUES} values; it is kept, but not read")
            } else {
                format!("the body is not JSON: {why}")
            }
        })
    }

    /// The fields of a URL-encoded form, decoded; the first of them, where there are too many. Never fails.
    pub fn form(body: &'a [u8]) -> Self {
        Document::Map(
            form_urlencoded::parse(body)
                .take(MOST_VALUES)
                .map(|(name, value)| (name, Document::Text(value)))
                .collect(),
        )
    }

    /// The value at a JSON pointer such as `/msg/tags/0`.
    pub fn at(&self, pointer: &str) -> Option<&Document<'a>> {
        // Pointers are short, and dozens are tried: looking byte by byte is quicker than setting up a search.
        let mut here = self;
        let mut rest = match pointer.as_bytes() {
            [b'/', ..] => pointer.get(1..),
            _ => None,
        };
        while let Some(path) = rest {
            let (step, after) = match path.bytes().position(|byte| byte == b'/') {
                Some(end) => (path.get(..end)?, path.get(end + 1..)),
                None => (path, None),
            };
            here = match here {
                Document::Map(members) => {
                    &members.iter().find(|(name, _)| name.as_ref() == step)?.1
                }
                Document::List(values) => values.get(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
            rest = after;
        }
        Some(here)
    }

    /// The scalar at a pointer as text; none for null, lists and objects.
    pub fn text(&self, pointer: &str) -> Option<Cow<'_, str>> {
        self.at(pointer)?.as_text()
    }

    /// The first of several places that holds a scalar, as text.
    pub fn first(&self, pointers: &[&str]) -> Option<Cow<'_, str>> {
        pointers.iter().find_map(|pointer| self.text(pointer))
    }

    /// A scalar as text.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Document::Text(text) => Some(Cow::Borrowed(text)),
            Document::Number(number) => Some(Cow::Owned(number.to_string())),
            Document::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
            Document::Null | Document::List(_) | Document::Map(_) => None,
        }
    }
}

/// Reads a value, and those within it as long as there are not too many.
#[derive(Clone, Copy)]
struct Reader<'c> {
    left: &'c Cell<usize>,
}

impl Reader<'_> {
    fn count<E: serde::de::Error>(self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| E::custom(TOO_MANY))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Document<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Document<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Document::Null)
    }
    fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Document::Bool(truth))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Document::Number(number.into()))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Document::Number(number.into()))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(serde_json::Number::from_f64(number).map_or(Document::Null, Document::Number))
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Document::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Document::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(self)? {
            self.count()?;
            values.push(value);
        }
        Ok(Document::List(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            self.count()?;
            members.push((name, map.next_value_seed(self)?));
        }
        Ok(Document::Map(members))
    }
}

/// A member's name, borrowed where it has no escapes: serde's own `Cow` always copies.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::Document;

    #[test]
    fn a_pointer_finds_its_value() {
        let document =
            Document::json(br#"{"a":[{"b":"x"},7,null,true],"a-b":{"c":1.5},"a":2}"#).unwrap();
        assert_eq!(document.text("/a/0/b").unwrap(), "x");
        assert_eq!(document.text("/a/1").unwrap(), "7");
        assert_eq!(document.text("/a/3").unwrap(), "true");
        assert_eq!(document.text("/a-b/c").unwrap(), "1.5");
        assert_eq!(document.text("/a/2"), None);
        assert_eq!(document.text("/a/9/b"), None);
        assert_eq!(document.at("").unwrap(), &document);
    }

    #[test]
    fn too_many_values_are_a_reason_and_no_burden() {
        let body = |count: usize| format!("[{}{{}}]", "{},".repeat(count - 1));
        assert!(Document::json(body(super::MOST_VALUES).as_bytes()).is_ok());
        let why = Document::json(body(super::MOST_VALUES + 1).as_bytes()).unwrap_err();
        assert!(why.contains("more than 100000 values"), "{why}");
        let form = "a&".repeat(super::MOST_VALUES + 1);
        let Document::Map(fields) = Document::form(form.as_bytes()) else {
            panic!("a form is a map");
        };
        assert_eq!(fields.len(), super::MOST_VALUES);
    }

    #[test]
    fn a_deep_body_is_a_reason_and_no_crash() {
        let deep = "[".repeat(200_000);
        assert!(
            Document::json(deep.as_bytes())
                .unwrap_err()
                .contains("deeper than 128")
        );
        assert!(
            Document::json(b"{\"a\":")
                .unwrap_err()
                .contains("line 1 column 5")
        );
        assert!(Document::json(b"\xff").is_err());
    }

    #[test]
    fn json_lines_are_a_list() {
        let headers = [(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/jsonl"),
        )]
        .into_iter()
        .collect();
        let document = Document::read(&headers, b"{\"a\":1}\n{\"a\":2}\r\n\n").unwrap();
        assert_eq!(document.text("/1/a").unwrap(), "2");
        assert_eq!(document.at("/2"), None);
        assert!(Document::read(&headers, b"{\"a\":1}\n{\"a\":").is_err());
    }

    #[test]
    fn a_form_is_read_by_its_decoded_fields() {
        let document = Document::form(b"token=a%20b+c&token=2&x");
        assert_eq!(document.text("/token").unwrap(), "a b c");
        assert_eq!(document.text("/x").unwrap(), "");
    }
}
